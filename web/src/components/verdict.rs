//! The head of a story: what it was, how it ended, when; the verdict in words; what to know before believing it.

use leptos::prelude::*;
use telltale_api::story::{Chip, Outcome, Phrase, Story};

use crate::announce::use_announcer;
use crate::components::bits::{Ago, DateTime};
use crate::components::copy_button::{CopyButton, copy};
use crate::pages::story::state::StoryState;
use crate::prefs::{local_minutes, use_prefs};
use crate::route::Route;
use crate::{client, format, strings, told};

/// Title, status, duration, id, times.
#[component]
pub(crate) fn StoryHead() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let announcer = use_announcer();
    let trace_id = state.trace_id.get_value();
    let link = {
        let trace_id = trace_id.clone();
        Signal::derive(move || {
            format!("{}{}", location().origin().unwrap_or_default(), Route::story(&trace_id, None).url())
        })
    };
    let copy_story = move |_| {
        state.data.with_untracked(|data| {
            if let Some(data) = data {
                copy(&told::markdown(&data.story, &data.view), strings::WHAT_STORY, announcer);
            }
        });
    };
    let head = move || state.data.get().map(|data| head_of(&data.story));
    let download = client::otlp_url(&trace_id);
    view! {
        <div class="story-head">
            <div class="story-title">
                {head}
                <Show when=move || state.receiving.get()>
                    <span class="badge badge-live" role="status"><span class="pulse" aria-hidden="true"></span>{strings::RECEIVING}</span>
                </Show>
            </div>
            <div class="story-actions">
                <button class="button" type="button" on:click=copy_story>{strings::COPY_STORY}" "<kbd aria-hidden="true">"y"</kbd></button>
                <CopyButton text=link what=strings::WHAT_LINK label=strings::COPY_LINK/>
                <a class="button" href=download download=format!("{trace_id}.json")>{strings::DOWNLOAD_OTLP}</a>
            </div>
            <p class="story-meta muted">
                <span class="story-id"><code>{trace_id.clone()}</code><CopyButton text=trace_id.clone() what=strings::WHAT_TRACE_ID/></span>
                <Meta/>
            </p>
        </div>
    }
}

fn head_of(story: &Story) -> AnyView {
    let (class, words) = match story.outcome {
        Outcome::Ok => ("badge badge-ok", strings::OUTCOME_OK),
        Outcome::Failed => ("badge badge-error", strings::OUTCOME_FAILED),
        Outcome::Recovered => ("badge badge-warn", strings::OUTCOME_RECOVERED),
        Outcome::Unknown => ("badge", strings::OUTCOME_UNKNOWN),
    };
    let status = story.status.clone().map(|status| view! { <span class=class>{status}</span> });
    view! {
        <h1 tabindex="-1">{story.title.clone()}</h1>
        {status}
        <span class=class>{words}</span>
        <span class="story-duration num">{format::duration(story.duration_ns.0)}</span>
    }
    .into_any()
}

/// When, and how much.
#[component]
fn Meta() -> impl IntoView {
    let state = expect_context::<StoryState>();
    let prefs = use_prefs();
    move || {
        let data = state.data.get()?;
        let start = data.story.start_unix_nano.0;
        // The reader's zone and UTC, the chosen one first; only one where they are the same.
        let other_zone = move || {
            let local = local_minutes(start);
            let other = if prefs.utc.get() { local } else { 0 };
            (local != 0).then(|| format!("({})", format::clock_with_zone(start, other)))
        };
        let counts = data.story.counts;
        Some(view! {
            <span><DateTime nanos=start/> " " {other_zone}</span>
            <span><Ago nanos=start/></span>
            <span>{format::counted(counts.services, "service")}</span>
            <span>{format::counted(counts.spans, "span")}</span>
            <span>{format::counted(counts.logs, "log record")}</span>
            {(counts.errors > 0).then(|| view! { <span class="danger-text">{format::counted(counts.errors, "error")}</span> })}
        })
    }
}

/// The verdict with links to the spans that prove it, and the caveats.
#[component]
pub(crate) fn Verdict() -> impl IntoView {
    let state = expect_context::<StoryState>();
    move || {
        let data = state.data.get()?;
        let class = match data.story.outcome {
            Outcome::Failed => "verdict verdict-failed",
            Outcome::Recovered => "verdict verdict-warn",
            Outcome::Ok => "verdict verdict-ok",
            Outcome::Unknown => "verdict",
        };
        let phrases = data.story.verdict.iter().map(|phrase| phrase_view(state, phrase)).collect_view();
        let chips = data.story.chips.iter().map(|chip| chip_view(state, chip)).collect_view();
        let has_chips = !data.story.chips.is_empty();
        Some(view! {
            <section class=class aria-labelledby="verdict-title">
                <h2 id="verdict-title" class="verdict-title">{strings::VERDICT_TITLE}</h2>
                <p class="verdict-text">{phrases}</p>
            </section>
            {has_chips.then(|| view! { <ul class="chips" aria-label=strings::CHIPS_LABEL>{chips}</ul> })}
        })
    }
}

fn phrase_view(state: StoryState, phrase: &Phrase) -> AnyView {
    let text = phrase.text.clone();
    let strong = phrase.strong;
    let Some(span_id) = phrase.span_id.clone() else {
        return if strong { view! { <strong>{text}</strong> }.into_any() } else { text.into_any() };
    };
    span_link(state, span_id, if strong { "phrase phrase-strong" } else { "phrase" }, text)
}

/// A link to a span of this story that keeps the tab.
pub(crate) fn span_link(state: StoryState, span_id: String, class: &'static str, text: String) -> AnyView {
    let trace_id = state.trace_id.get_value();
    let address = Route::story(&trace_id, Some(&span_id)).url();
    view! {
        <a class=class href=address on:click=move |event| {
            if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0) {
                event.prevent_default();
                state.open_span(&span_id);
            }
        }>{text}</a>
    }
    .into_any()
}

fn chip_view(state: StoryState, chip: &Chip) -> impl IntoView + use<> {
    let links = chip.span_ids.iter().take(strings::CHIP_LINKS).enumerate().map(|(index, span_id)| {
        let text = strings::evidence(index + 1);
        span_link(state, span_id.clone(), "chip-link", text)
    });
    let class = if chip.code == "still_arriving" { "caveat caveat-live" } else { "caveat" };
    view! {
        <li class=class>
            <span aria-hidden="true" class="caveat-sign">"▲"</span>
            <span>{chip.text.clone()}</span>
            {links.collect_view()}
        </li>
    }
}
