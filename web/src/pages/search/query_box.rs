//! The box: what is typed, what can be typed next with counts, and what is wrong with it, at its place.

use std::time::Duration;

use leptos::prelude::*;
use telltale_api::routes;
use telltale_api::search::{Completion, Offer, QueryProblem};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;

use super::{BOX_ID, State};
use crate::client::{self, Lifetime};
use crate::dom::{El, el, text_el};
use crate::route::encode;
use crate::search::{Kind, byte_of_units, units_of_byte};
use crate::{format, strings};

/// How long typing rests before the server is asked.
const REST: Duration = Duration::from_millis(120);

/// What the box knows.
#[derive(Clone, Copy)]
struct Typing {
    state: State,
    lifetime: Lifetime,
    text: RwSignal<String>,
    completion: RwSignal<Completion>,
    /// Whether the offers are shown, and which one is chosen.
    is_open: RwSignal<bool>,
    chosen: RwSignal<Option<usize>>,
    /// The number of the last change: answers to earlier ones are too late.
    number: StoredValue<u64>,
}

/// The box with its offers, its button and its faults.
pub(super) fn query_box(state: State) -> El {
    let typing = Typing {
        state,
        lifetime: Lifetime::of_component(),
        text: RwSignal::new(state.asked.with_untracked(|asked| asked.query.clone())),
        completion: RwSignal::new(Completion::default()),
        is_open: RwSignal::new(false),
        chosen: RwSignal::new(None),
        number: StoredValue::new(0),
    };
    // The address decides: what a facet added or the history brought back stands in the box too.
    Effect::new(move |_| {
        let query = state.asked.with(|asked| asked.query.clone());
        state.asked.with(|asked| asked.kind);
        typing.text.set(query);
        typing.is_open.set(false);
        typing.check_soon(None);
    });
    let kinds = Kind::ALL.map(|kind| {
        let name = match kind {
            Kind::Logs => strings::SEARCH_LOGS,
            Kind::Spans => strings::SEARCH_SPANS,
            Kind::Traces => strings::SEARCH_TRACES,
        };
        text_el("button", "button", name)
            .id(&format!("search-kind-{}", kind.word()))
            .attr("type", "button")
            .dyn_attr("aria-pressed", move || Some(state.asked.with(|asked| asked.kind == kind).to_string()))
            .on_click(move || {
                let text = typing.text.get_untracked();
                state.go(|asked| (asked.kind, asked.query) = (kind, text.trim().to_owned()));
            })
    });
    let kinds = el("div").class("button-group").attr("role", "group").label(strings::SEARCH_KIND).add(kinds);
    let button = text_el("button", "button button-main", strings::SEARCH_GO).attr("type", "submit");
    let form = el("form")
        .class("search-line")
        .attr("role", "search")
        .label(strings::SEARCH_TITLE)
        .on("submit", move |event| {
            event.prevent_default();
            typing.search();
        })
        .add([kinds, el("div").class("search-field").add([field(typing), offers(typing)]), button]);
    el("div").class("search-top").add([form, el("div").class("search-problems").children(move || problems(typing))])
}

impl Typing {
    fn search(self) {
        self.is_open.set(false);
        let text = self.text.get_untracked().trim().to_owned();
        let is_same = self.state.asked.with_untracked(|asked| asked.query == text);
        if is_same {
            self.state.again.update(|again| *again += 1);
        } else {
            self.state.go(|asked| asked.query = text);
        }
    }

    /// Asks what is wrong, and with a cursor also what can stand there.
    fn check_soon(self, cursor: Option<u32>) {
        let number = self.number.get_value() + 1;
        self.number.set_value(number);
        set_timeout(
            move || {
                if self.number.try_get_value() != Some(number) {
                    return;
                }
                let text = self.text.get_untracked();
                if text.is_empty() && cursor.is_none() {
                    self.completion.set(Completion::default());
                    return;
                }
                let at = cursor.map_or(text.len(), |units| byte_of_units(&text, units));
                let kind = self.state.kind().word();
                let address = format!("{}?q={}&at={at}&kind={kind}", routes::SEARCH_COMPLETE, encode(&text));
                spawn_local(async move {
                    let answer = client::json::<Completion>(&address, self.lifetime).await;
                    // Without an answer there are no offers; the search itself will say what is wrong.
                    if let Ok(completion) = answer
                        && self.number.try_get_value() == Some(number)
                    {
                        self.chosen.set(None);
                        self.is_open.set(cursor.is_some() && !completion.offers.is_empty());
                        self.completion.set(completion);
                    }
                });
            },
            REST,
        );
    }

    /// Puts an offer in place of what it completes, and asks for what can follow.
    fn accept(self, at: usize) {
        let completion = self.completion.get_untracked();
        let Some(offer) = completion.offers.get(at) else { return };
        let text = self.text.get_untracked();
        let (Some(before), Some(after)) = (text.get(..completion.from), text.get(completion.to..)) else { return };
        // A key goes on with its value, a value with the next condition.
        let after = if offer.text.ends_with(':') { after.strip_prefix(':').unwrap_or(after) } else { after };
        let gap = if completion.what == "value" && !after.starts_with(' ') { " " } else { "" };
        let written = format!("{before}{}{gap}", offer.text);
        let cursor = units_of_byte(&written, written.len());
        self.text.set(format!("{written}{after}"));
        self.is_open.set(false);
        if let Some(field) = input() {
            field.set_value(&self.text.get_untracked());
            if field.set_selection_range(cursor, cursor).is_err() || field.focus().is_err() {
                leptos::logging::warn!("the search box keeps its cursor");
            }
        }
        if completion.what == "key" {
            self.check_soon(Some(cursor));
        } else {
            self.check_soon(None);
        }
    }
}

fn input() -> Option<HtmlInputElement> {
    document().get_element_by_id(BOX_ID)?.dyn_into().ok()
}

fn cursor() -> Option<u32> {
    input()?.selection_start().ok().flatten()
}

fn field(typing: Typing) -> El {
    el("input")
        .id(BOX_ID)
        .class("search-input")
        .attr("type", "text")
        .attr("role", "combobox")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .attr("spellcheck", "false")
        .attr("aria-autocomplete", "list")
        .attr("aria-controls", "search-offers")
        .attr("placeholder", strings::SEARCH_PLACEHOLDER)
        .label(strings::SEARCH_BOX)
        .dyn_value(move || typing.text.get())
        .dyn_attr("aria-expanded", move || Some(typing.is_open.get().to_string()))
        .dyn_attr("aria-invalid", move || {
            typing.completion.with(|completion| !completion.problems.is_empty()).then(|| "true".to_owned())
        })
        .dyn_attr("aria-activedescendant", move || {
            typing.chosen.get().filter(|_| typing.is_open.get()).map(|at| format!("search-offer-{at}"))
        })
        .on_input(move |text| {
            typing.text.set(text);
            typing.check_soon(cursor());
        })
        .on("blur", move |_| typing.is_open.set(false))
        .on_key(move |event| {
            let count = typing.completion.with_untracked(|completion| completion.offers.len());
            let is_open = typing.is_open.get_untracked() && count > 0;
            let step = |by: usize| {
                typing.chosen.update(|chosen| *chosen = Some(chosen.map_or(by.min(count) - 1, |at| (at + by) % count)));
            };
            match event.key().as_str() {
                "ArrowDown" if is_open => step(1),
                "ArrowUp" if is_open => step(count - 1),
                "ArrowDown" => typing.check_soon(cursor()),
                "Enter" | "Tab" if is_open && typing.chosen.get_untracked().is_some() => {
                    typing.accept(typing.chosen.get_untracked().unwrap_or_default());
                }
                "Escape" if is_open => typing.is_open.set(false),
                _ => return,
            }
            event.prevent_default();
        })
}

fn offers(typing: Typing) -> El {
    let list = move || {
        let completion = typing.completion.get();
        let offers = completion.offers.iter().enumerate().map(|(at, offer)| offer_el(typing, at, offer));
        offers.collect::<Vec<_>>()
    };
    el("ul")
        .id("search-offers")
        .class("search-offers")
        .attr("role", "listbox")
        .label(strings::SEARCH_OFFERS)
        .dyn_attr("hidden", move || (!typing.is_open.get()).then(String::new))
        .children(list)
}

fn offer_el(typing: Typing, at: usize, offer: &Offer) -> El {
    let count = offer.count.map(format::count).unwrap_or_default();
    el("li")
        .id(&format!("search-offer-{at}"))
        .attr("role", "option")
        .dyn_attr("aria-selected", move || Some((typing.chosen.get() == Some(at)).to_string()))
        // Before the box loses the focus.
        .on("mousedown", move |event| {
            event.prevent_default();
            typing.accept(at);
        })
        .add([
            text_el("span", "search-offer", &offer.text),
            text_el("span", "muted", &offer.about),
            text_el("span", "muted num", &count),
        ])
}

/// What is wrong, below the box: the query with the place marked, the reason, what to do.
fn problems(typing: Typing) -> Vec<El> {
    // What is still being typed is not wrong yet.
    if typing.is_open.get() {
        return Vec::new();
    }
    let text = typing.text.get();
    typing.completion.with(|completion| completion.problems.iter().map(|one| problem(&text, one)).collect())
}

fn problem(text: &str, problem: &QueryProblem) -> El {
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let (from, to) = (problem.from.min(text.len()), problem.to.min(text.len()));
    let marked = el("code")
        .text(&part(0..from))
        .add(text_el("mark", "", &if from < to { part(from..to) } else { "…".to_owned() }))
        .text(&part(to..text.len()));
    el("p").class("search-problem").attr("role", "status").add([
        marked,
        text_el("span", "danger-text", &format!(" {}", problem.message)),
        text_el("span", "muted", &format!(" – {}", problem.hint)),
    ])
}
