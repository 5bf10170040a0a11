//! The head of a story: what it was, how it ended, when; the verdict in words; what to know before believing it.

use leptos::prelude::*;
use telltale_api::story::{Chip, Outcome, Phrase, Story};
use wasm_bindgen::JsCast;

use crate::components::bits::{ago, date_time};
use crate::components::copy_button::copy_button;
use crate::components::share::share;
use crate::dom::{El, el, sign, text_el};
use crate::pages::story::state::StoryState;
use crate::prefs::{local_minutes, use_prefs};
use crate::route::Route;
use crate::{format, strings};

/// Title, status, duration, id, times.
pub(crate) fn story_head(state: StoryState) -> El {
    let trace_id = state.trace_id.get_value();
    let address = Route::story(&trace_id, None).url();
    let link = move || format!("{}{address}", location().origin().unwrap_or_default());
    let id = trace_id.clone();
    let badge = move || {
        let pulse = el("span").class("pulse").attr("aria-hidden", "true");
        state
            .receiving
            .get()
            .then(|| el("span").class("badge badge-live").attr("role", "status").add(pulse).text(strings::RECEIVING))
    };
    let [share_button, share_dialog] = share(state);
    let actions = [share_button, copy_button(link, strings::WHAT_LINK, Some(strings::COPY_LINK)), share_dialog];
    let head = el("div").class("story-name").children(move || head_of(state));
    let id_part = el("span").class("story-id").add(text_el("code", "", &trace_id)).add(copy_button(
        move || id.clone(),
        strings::WHAT_TRACE_ID,
        None,
    ));
    el("div").class("story-head").add([
        el("div").class("story-title").add(head).add(el("span").children(badge)),
        el("div").class("story-actions").add(actions),
        el("p")
            .class("story-meta muted")
            .add(id_part)
            .add(el("span").class("story-numbers").children(move || meta(state))),
    ])
}

fn head_of(state: StoryState) -> Vec<El> {
    let Some(Ok(story)) = state.story.get() else {
        // Until the story is told, the first row names the trace.
        let name = state.trace.with(|trace| trace.as_ref().map(|trace| trace.structure.name(0).to_owned()));
        return vec![text_el("h1", "", &name.unwrap_or_default()).attr("tabindex", "-1")];
    };
    let (class, words) = match story.outcome {
        Outcome::Ok => ("badge badge-ok", strings::OUTCOME_OK),
        Outcome::Failed => ("badge badge-error", strings::OUTCOME_FAILED),
        Outcome::Recovered => ("badge badge-warn", strings::OUTCOME_RECOVERED),
        Outcome::Unknown => ("badge", strings::OUTCOME_UNKNOWN),
    };
    let mut parts = vec![text_el("h1", "", &story.title).attr("tabindex", "-1")];
    parts.extend(story.status.as_ref().map(|status| text_el("span", class, status)));
    parts.push(text_el("span", class, words));
    parts.push(text_el("span", "story-duration num", &format::duration(story.duration_ns.0)));
    parts
}

/// When, and how much.
fn meta(state: StoryState) -> Vec<El> {
    let Some(Ok(story)) = state.story.get() else { return Vec::new() };
    let prefs = use_prefs();
    let start = story.start_unix_nano.0;
    // The reader's zone and UTC, the chosen one first; only one where they are the same.
    let other_zone = move || {
        let local = local_minutes(start);
        let other = if prefs.utc.get() { local } else { 0 };
        if local == 0 { String::new() } else { format!(" ({})", format::clock_with_zone(start, other)) }
    };
    let counts = story.counts;
    let mut parts = vec![
        el("span").add(date_time(start)).dyn_text(other_zone),
        ago(start),
        text_el("span", "", &format::counted(counts.services, "service")),
        text_el("span", "", &format::counted(counts.spans, "span")),
        text_el("span", "", &format::counted(counts.logs, "log record")),
    ];
    if counts.errors > 0 {
        parts.push(text_el("span", "danger-text", &format::counted(counts.errors, "error")));
    }
    parts
}

/// The verdict with links to the spans that prove it, and the caveats.
pub(crate) fn verdict(state: StoryState, story: &Story) -> Vec<El> {
    let class = match story.outcome {
        Outcome::Failed => "verdict verdict-failed",
        Outcome::Recovered => "verdict verdict-warn",
        Outcome::Ok => "verdict verdict-ok",
        Outcome::Unknown => "verdict",
    };
    let phrases = story.verdict.iter().map(|phrase| phrase_el(state, phrase));
    let mut parts = vec![
        el("section")
            .class(class)
            .attr("aria-labelledby", "verdict-title")
            .add(text_el("h2", "verdict-title", strings::VERDICT_TITLE).id("verdict-title"))
            .add(el("p").class("verdict-text").add_all(phrases)),
    ];
    if !story.chips.is_empty() {
        let chips = story.chips.iter().map(|chip| chip_el(state, chip));
        parts.push(el("ul").class("chips").label(strings::CHIPS_LABEL).add_all(chips));
    }
    parts
}

fn phrase_el(state: StoryState, phrase: &Phrase) -> El {
    match (&phrase.span_id, phrase.strong) {
        (None, strong) => text_el(if strong { "strong" } else { "span" }, "", &phrase.text),
        (Some(id), true) => span_link(state, id, "phrase phrase-strong", &phrase.text),
        (Some(id), false) => span_link(state, id, "phrase", &phrase.text),
    }
}

/// A link to a span of this story that keeps what is shown.
pub(crate) fn span_link(state: StoryState, span_id: &str, class: &str, text: &str) -> El {
    let address = Route::story(&state.trace_id.get_value(), Some(span_id)).url();
    let id = span_id.to_owned();
    text_el("a", class, text).attr("href", &address).on("click", move |event| {
        let click: &web_sys::MouseEvent = event.unchecked_ref();
        if !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.button() != 0) {
            event.prevent_default();
            state.open_span(&id);
        }
    })
}

fn chip_el(state: StoryState, chip: &Chip) -> El {
    let links = chip.span_ids.iter().take(strings::CHIP_LINKS).enumerate();
    let links = links.map(|(index, id)| span_link(state, id, "chip-link", &strings::evidence(index + 1)));
    let class = if chip.code == "still_arriving" { "caveat caveat-live" } else { "caveat" };
    el("li").class(class).add([sign("▲").class("caveat-sign"), text_el("span", "", &chip.text)]).add_all(links)
}
