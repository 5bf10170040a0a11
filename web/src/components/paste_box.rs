//! The box that takes anything with a trace id in it.
//!
//! While something is typed, the box says what it recognised; Enter and a paste ask the server and go there. A paste
//! anywhere on a page, outside of text fields, does the same.

use leptos::prelude::*;
use telltale_api::resolve::Comparison;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::ClipboardEvent;

use crate::announce::{Announcer, use_announcer};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::words;
use crate::dom::{El, el, sign, text_el};
use crate::keys::PASTE_BOX_ID;
use crate::nav::{Nav, use_nav};
use crate::route::{Page, Route};
use crate::{strings, told};

/// The box with its button and what it recognised; `large` in the middle of the start page, else a line in the header.
pub(crate) fn paste_box(large: bool) -> El {
    let text = RwSignal::new(String::new());
    let look_up = LookUp::of_component();
    let readings = Memo::new(move |_| told::read(&text.get()));
    let paste = move |event: web_sys::Event| {
        // A paste into an empty box is the whole question; a paste into a text is part of one.
        if !text.get_untracked().trim().is_empty() {
            return;
        }
        if let Some(pasted) = pasted_text(event.unchecked_ref()) {
            event.prevent_default();
            event.stop_propagation();
            text.set(pasted.clone());
            look_up.run(&pasted);
        }
    };
    let field = el("input")
        .id(PASTE_BOX_ID)
        .class("paste-input")
        .attr("type", "text")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("autocapitalize", "off")
        .attr("placeholder", if large { strings::PASTE_PLACEHOLDER_LARGE } else { strings::PASTE_PLACEHOLDER })
        .attr("aria-describedby", "paste-recognised")
        .label(strings::PASTE_LABEL)
        .dyn_value(move || text.get())
        .on_input(move |typed| text.set(typed))
        .on("paste", paste);
    let after = if large {
        text_el("button", "button button-main", strings::SHOW_STORY).attr("type", "submit")
    } else {
        text_el("kbd", "paste-key", "/").attr("aria-hidden", "true")
    };
    let recognised = el("p")
        .id("paste-recognised")
        .class("paste-recognised")
        .attr("aria-live", "polite")
        .children(move || recognised(&text.get(), &readings.get(), large));
    el("form")
        .class(if large { "paste-box paste-box-large" } else { "paste-box" })
        .attr("role", "search")
        .label(strings::PASTE_REGION)
        .on("submit", move |event| {
            event.prevent_default();
            look_up.run(&text.get_untracked());
        })
        .add([el("div").class("paste-line").add([field, after]), recognised])
}

/// Says what a text was recognised as.
fn recognised(text: &str, readings: &[told::Reading], large: bool) -> Vec<El> {
    if text.trim().is_empty() {
        return large.then(|| text_el("span", "muted", strings::HOME_HINT)).into_iter().collect();
    }
    let Some(best) = readings.first() else {
        return vec![text_el("span", "muted", strings::NOTHING_RECOGNISED)];
    };
    let more = match readings.len() {
        0 | 1 => String::new(),
        count => format!(" {}", strings::more_readings(count - 1)),
    };
    let note = best.note.as_ref().map(|note| format!(" · {note}")).unwrap_or_default();
    vec![
        el("span").class("ok-text").add(sign("✓ ")).text(&format!("{} ", best.form)),
        text_el("code", "", &best.id),
        text_el("span", "", &more),
        text_el("span", "muted", &note),
    ]
}

/// Asks what a text means and goes there.
#[derive(Clone, Copy)]
struct LookUp {
    nav: Nav,
    announcer: Announcer,
    lifetime: Lifetime,
}

impl LookUp {
    fn of_component() -> Self {
        Self { nav: use_nav(), announcer: use_announcer(), lifetime: Lifetime::of_component() }
    }

    fn run(self, text: &str) {
        let text = query_of(text);
        if text.is_empty() {
            return;
        }
        spawn_local(async move {
            match client::resolve(&text, self.lifetime).await {
                Ok(answer) if answer.diff.is_some() => {
                    if let Some(Comparison { a, b }) = answer.diff {
                        self.nav.go(Route { page: Page::Diff { a, b }, ..Route::home() });
                    }
                }
                Ok(answer) => match answer.go {
                    Some(place) => self.nav.go(Route::story(&place.trace_id, place.span_id.as_deref())),
                    None => self.nav.go(Route::paste(&text)),
                },
                Err(Failure::Aborted) => {}
                Err(failure) => self.announcer.say(words(&failure).0),
            }
        });
    }
}

/// Returns what is sent for a text: itself, or only the ids in it when it is long.
pub(crate) fn query_of(text: &str) -> String {
    let text = text.trim();
    if text.len() <= client::QUERY_BYTES_MAX {
        return text.to_owned();
    }
    let mut query = String::new();
    for reading in told::read(text) {
        if query.len() + reading.id.len() < client::QUERY_BYTES_MAX {
            query.push_str(&reading.id);
            query.push('\n');
        }
    }
    query
}

/// Takes pastes on the whole page, but for those into text fields.
pub(crate) fn install_paste_anywhere() {
    let look_up = LookUp::of_component();
    window_event_listener_untyped("paste", move |event| {
        let Ok(event) = event.dyn_into::<ClipboardEvent>() else { return };
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let typing = element.is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA"));
        if event.default_prevented() || typing {
            return;
        }
        if let Some(text) = pasted_text(&event) {
            event.prevent_default();
            look_up.run(&text);
        }
    });
}

fn pasted_text(event: &ClipboardEvent) -> Option<String> {
    let text = event.clipboard_data()?.get_data("text").ok()?;
    (!text.trim().is_empty()).then_some(text)
}
