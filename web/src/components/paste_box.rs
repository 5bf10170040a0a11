//! The box that takes anything with a trace id in it.
//!
//! While something is typed, the box says what it recognised; Enter and a paste ask the server and go there. A paste
//! anywhere on a page, outside of text fields, does the same.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::ClipboardEvent;

use crate::announce::{Announcer, use_announcer};
use crate::client::{self, Failure, Lifetime};
use crate::components::bits::words;
use crate::keys::PASTE_BOX_ID;
use crate::nav::{Nav, use_nav};
use crate::route::Route;
use crate::{strings, told};

/// The box with its button and what it recognised.
#[component]
pub(crate) fn PasteBox(
    /// Whether it is the middle of the start page, or a line in the header.
    large: bool,
    /// What stands in it at first.
    #[prop(optional, into)]
    initial: String,
) -> impl IntoView {
    let text = RwSignal::new(initial);
    let look_up = LookUp::of_component();
    let readings = Memo::new(move |_| told::read(&text.get()));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        look_up.run(&text.get_untracked());
    };
    let paste = move |event: ClipboardEvent| {
        // A paste into an empty box is the whole question; a paste into a text is part of one.
        if !text.get_untracked().trim().is_empty() {
            return;
        }
        if let Some(pasted) = pasted_text(&event) {
            event.prevent_default();
            event.stop_propagation();
            text.set(pasted.clone());
            look_up.run(&pasted);
        }
    };
    let class = if large { "paste-box paste-box-large" } else { "paste-box" };
    view! {
        <form class=class role="search" aria-label=strings::PASTE_REGION on:submit=submit>
            <div class="paste-line">
                <input id=PASTE_BOX_ID class="paste-input" type="text" autocomplete="off" spellcheck="false"
                    autocapitalize="off" aria-label=strings::PASTE_LABEL
                    placeholder=if large { strings::PASTE_PLACEHOLDER_LARGE } else { strings::PASTE_PLACEHOLDER }
                    aria-describedby="paste-recognised"
                    prop:value=move || text.get()
                    on:input=move |event| text.set(event_target_value(&event))
                    on:paste=paste/>
                {(!large).then(|| view! { <kbd class="paste-key" aria-hidden="true">"/"</kbd> })}
                {large.then(|| view! { <button class="button button-main" type="submit">{strings::SHOW_STORY}</button> })}
            </div>
            <p id="paste-recognised" class="paste-recognised" aria-live="polite">
                {move || recognised(&text.get(), &readings.get(), large)}
            </p>
        </form>
    }
}

/// Says what a text was recognised as.
fn recognised(text: &str, readings: &[told::Reading], large: bool) -> AnyView {
    if text.trim().is_empty() {
        return large.then(|| view! { <span class="muted">{strings::HOME_HINT}</span> }).into_any();
    }
    let Some(best) = readings.first() else {
        return view! { <span class="muted">{strings::NOTHING_RECOGNISED}</span> }.into_any();
    };
    let more = readings.len().saturating_sub(1);
    view! {
        <span class="ok-text"><span aria-hidden="true">"✓ "</span>{best.form.clone()}</span>
        " "
        <code>{best.id.clone()}</code>
        {(more > 0).then(|| format!(" {}", strings::more_readings(more)))}
        {best.note.clone().map(|note| view! { <span class="muted">" · "{note}</span> })}
    }
    .into_any()
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
