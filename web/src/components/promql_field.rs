//! A field for PromQL: what is wrong is marked at its place, what can stand at the cursor is offered. The server says both.
//!
//! Arrow keys choose an offer, Enter takes it, Escape closes the list; Enter without a choice asks.

use leptos::prelude::*;
use telltale_api::promql::{PromqlHelp, PromqlOffer};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Lifetime};
use crate::dom::{El, el, text_el};
use crate::route::encode;
use crate::strings;

/// Id of the list of offers.
const LIST: &str = "promql-offers";

/// The help for a text, with the text that it is for.
type Help = RwSignal<Option<(String, PromqlHelp)>>;

/// The field; `show` is called when the expression shall be asked.
pub(crate) fn promql_field(text: RwSignal<String>, show: impl Fn() + Copy + 'static) -> El {
    let lifetime = Lifetime::of_component();
    let help: Help = RwSignal::new(None);
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let number = StoredValue::new(0u64);
    let ask = move |query: String, cursor: usize| {
        number.update_value(|number| *number += 1);
        let mine = number.get_value();
        spawn_local(async move {
            let url = format!("{}?query={}&cursor={cursor}", telltale_api::routes::PROMQL_COMPLETE, encode(&query));
            // A field without help is still a field.
            if let Ok(found) = client::json::<PromqlHelp>(&url, lifetime).await
                && number.try_get_value() == Some(mine)
            {
                active.set(None);
                help.set(Some((query, found)));
            }
        });
    };
    let offers = Memo::new(move |_| match (open.get(), help.get()) {
        (true, Some((_, help))) => help.offers,
        _ => Vec::new(),
    });
    let input = el("input");
    let field: web_sys::HtmlInputElement = input.element().clone().unchecked_into();
    let element = StoredValue::new_local(field.clone());
    let take = move |offer: &PromqlOffer| {
        let Some((before, found)) = help.get_untracked() else { return };
        let (Some(head), Some(tail)) = (before.get(..found.start), before.get(found.end..)) else { return };
        let behind = match offer.kind.as_str() {
            "function" | "aggregation" if !tail.starts_with('(') => "(",
            _ => "",
        };
        let (made, end) = (format!("{head}{}{behind}{tail}", offer.text), head.len() + offer.text.len() + behind.len());
        open.set(false);
        text.set(made.clone());
        let units = u32::try_from(made.get(..end).unwrap_or_default().encode_utf16().count()).unwrap_or(u32::MAX);
        element.with_value(|field| {
            field.set_value(&made);
            let kept = field.focus().is_ok() && field.set_selection_range(units, units).is_ok();
            if !kept {
                leptos::logging::warn!("the browser did not keep the cursor");
            }
        });
        ask(made, end);
    };
    let input = input
        .attr("type", "text")
        .attr("role", "combobox")
        .attr("aria-autocomplete", "list")
        .attr("aria-controls", LIST)
        .attr("spellcheck", "false")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .label(strings::CHARTS_EXPR)
        .attr("placeholder", strings::CHARTS_EXPR)
        .dyn_attr("aria-expanded", move || Some((!offers.with(Vec::is_empty)).to_string()))
        .dyn_attr("aria-activedescendant", move || active.get().map(|at| format!("{LIST}-{at}")))
        .dyn_value(move || text.get())
        .on_input(move |typed| {
            let units = field.selection_start().ok().flatten().unwrap_or(u32::MAX);
            let cursor = bytes_of(&typed, units);
            text.set(typed.clone());
            open.set(true);
            ask(typed, cursor);
        })
        .on("blur", move |_| open.set(false))
        .on_key(move |event| {
            let count = offers.with_untracked(Vec::len);
            let moved = |by: usize| active.get_untracked().map_or(by % count.max(1), |at| (at + by) % count.max(1));
            match event.key().as_str() {
                "ArrowDown" if count > 0 => active.set(Some(active.get_untracked().map_or(0, |_| moved(1)))),
                "ArrowUp" if count > 0 => active.set(Some(moved(count - 1))),
                "Escape" if count > 0 => open.set(false),
                "Enter" => {
                    match active.get_untracked().and_then(|at| offers.with_untracked(|all| all.get(at).cloned())) {
                        Some(offer) => take(&offer),
                        None => {
                            open.set(false);
                            show();
                        }
                    }
                }
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        });
    let list = el("ul").id(LIST).class("promql-offers").attr("role", "listbox").label(strings::CHARTS_OFFERS).children(
        move || {
            let each = offers.get().into_iter().enumerate().map(|(at, offer)| {
                let (words, kind) = (offer.text.clone(), offer.kind.clone());
                el("li")
                    .id(&format!("{LIST}-{at}"))
                    .attr("role", "option")
                    .dyn_attr("aria-selected", move || Some((active.get() == Some(at)).to_string()))
                    // Before the field loses the focus.
                    .on("mousedown", move |event| {
                        event.prevent_default();
                        take(&offer);
                    })
                    .text(&words)
                    .add(text_el("span", "muted", &kind))
            });
            each.collect::<Vec<_>>()
        },
    );
    let wrong =
        el("p").class("promql-wrong").attr("aria-live", "polite").children(move || mistake(&help.get(), &text.get()));
    el("div").class("promql-field").add([el("div").class("promql-line").add([input, list]), wrong])
}

/// The first mistake: the text with its place marked, and what is wrong.
fn mistake(help: &Option<(String, PromqlHelp)>, text: &str) -> Vec<El> {
    let Some((query, found)) = help else { return Vec::new() };
    let Some(error) = found.errors.first().filter(|_| query == text && !text.trim().is_empty()) else {
        return Vec::new();
    };
    let parts = (query.get(..error.start), query.get(error.start..error.end), query.get(error.end..));
    let (Some(before), Some(inside), Some(after)) = parts else { return Vec::new() };
    // A mistake at the end of the text has no letters of its own.
    let inside = if inside.is_empty() { "\u{a0}" } else { inside };
    let marked = el("code").text(before).add(text_el("mark", "", inside)).text(after);
    vec![marked, text_el("span", "danger-text", &format!("{}: {}", error.position, error.message))]
}

/// Bytes of a place that the browser counts in UTF-16 units.
fn bytes_of(text: &str, units: u32) -> usize {
    let mut left = usize::try_from(units).unwrap_or(usize::MAX);
    let mut bytes = 0;
    for char in text.chars() {
        if left < char.len_utf16() {
            break;
        }
        left -= char.len_utf16();
        bytes += char.len_utf8();
    }
    bytes
}
