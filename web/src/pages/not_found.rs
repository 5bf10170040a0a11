//! When a paste leads to several places, or to none: what was understood, what was searched, and waiting for it to arrive.

use leptos::prelude::*;
use telltale_api::resolve::{Comparison, NotFound, ResolveAnswer, ResolvedCandidate, Searched};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{ago, date_time, failure_box, go_link, skeleton};
use crate::components::open_files::open_button;
use crate::components::paste_box::query_of;
use crate::components::trace_list::trace_line;
use crate::dom::{El, el, text_el};
use crate::live::use_live;
use crate::nav::use_nav;
use crate::route::{Page, Route};
use crate::search::Asked;
use crate::{format, strings};

/// Bytes of a paste that a search is offered for; a longer one is no phrase of a line.
const SEARCHED_BYTES_MAX: usize = 300;

/// The page of a paste.
pub(crate) fn paste_page(text: &str) -> El {
    document().set_title(strings::PASTE_DOCUMENT_TITLE);
    let nav = use_nav();
    let live = use_live();
    let lifetime = Lifetime::of_component();
    let answer = RwSignal::new(None::<Result<ResolveAnswer, Failure>>);
    let query = StoredValue::new(query_of(text));
    let load = move || {
        spawn_local(async move {
            let result = client::resolve(&query.get_value(), lifetime).await;
            if lifetime.is_over() || result == Err(Failure::Aborted) {
                return;
            }
            let diff = result.as_ref().ok().and_then(|answer| answer.diff.clone());
            if let Some(Comparison { a, b }) = diff {
                return nav.replace(Route { page: Page::Diff { a, b }, ..Route::home() });
            }
            match result.as_ref().ok().and_then(|answer| answer.go.clone()) {
                Some(place) => nav.replace(Route::story(&place.trace_id, place.span_id.as_deref())),
                None => answer.set(Some(result)),
            }
        });
    };
    load();
    // What was not there yet may arrive while the reader waits.
    Effect::new(move |_| {
        let batch = live.batch.get();
        let wanted = answer.with_untracked(|answer| match answer {
            Some(Ok(answer)) => answer.candidates.iter().any(|c| batch.touches(&c.id) || touches_span(c, &batch)),
            _ => false,
        });
        if wanted {
            load();
        }
    });
    let body = move || match answer.get() {
        None => vec![text_el("h1", "", strings::LOOKING), skeleton(4)],
        Some(Err(failure)) => vec![text_el("h1", "", strings::PASTE_FAILED), failure_box("", &failure, load)],
        Some(Ok(answer)) if answer.candidates.iter().any(|candidate| !candidate.traces.is_empty()) => chooser(&answer),
        Some(Ok(answer)) => nothing_found(&answer.candidates, &answer.searched, answer.not_found.as_ref()),
    };
    let asked = el("pre").class("asked-text").attr("tabindex", "0").add(text_el("code", "", text));
    el("div").class("page-narrow").add([
        el("div").class("page-part").children(body),
        el("section").class("asked").add([text_el("h2", "", strings::YOU_PASTED), asked]).add(search_link(text)),
    ])
}

/// What is no id may still be words of a log line.
fn search_link(text: &str) -> Option<El> {
    let line = text.trim();
    let fits = !line.is_empty() && line.len() <= SEARCHED_BYTES_MAX && !line.contains('\n');
    fits.then(|| {
        let search =
            Asked { query: format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\"")), ..Asked::default() };
        el("p").add(go_link(&search.place().url(), strings::PASTE_SEARCH))
    })
}

/// A 64-bit id has no trace of its own to wait for: any arrival may be it.
fn touches_span(candidate: &ResolvedCandidate, batch: &crate::live::Batch) -> bool {
    candidate.id.len() < 32 && !batch.traces.is_empty()
}

/// Several traces to choose from: the readings and their traces.
fn chooser(answer: &ResolveAnswer) -> Vec<El> {
    let found = answer.candidates.iter().filter(|candidate| !candidate.traces.is_empty());
    let groups = found.map(|candidate| {
        let lines = candidate.traces.iter().map(|row| trace_line(row, false, Signal::stored(0)));
        el("section")
            .class("chooser-group")
            .add(text_el("h2", "", &format!("{} ", strings::read_as(&candidate.form))).add(text_el(
                "code",
                "",
                &candidate.id,
            )))
            .add(candidate.note.as_ref().map(|note| text_el("p", "muted", note)))
            .add(el("ul").class("trace-rows").add_all(lines))
    });
    std::iter::once(text_el("h1", "", strings::SEVERAL_FOUND)).chain(groups).collect()
}

/// Nothing was found: what was understood, how much was searched, and what to do.
pub(crate) fn nothing_found(
    candidates: &[ResolvedCandidate],
    searched: &Searched,
    known: Option<&NotFound>,
) -> Vec<El> {
    let understood = !candidates.is_empty();
    let readings = candidates.iter().map(|candidate| {
        let note = candidate.note.as_ref().map(|note| text_el("span", "warn-text", &format!(" · {note}")));
        el("li").text(&format!("{}: ", candidate.form)).add(text_el("code", "", &candidate.id)).add(note)
    });
    let mut parts = Vec::new();
    let title = if understood { strings::NOT_FOUND_TITLE } else { strings::NOT_UNDERSTOOD_TITLE };
    parts.push(text_el("h1", "", title));
    if understood {
        let pulse = el("span").class("pulse").attr("aria-hidden", "true");
        parts.push(el("p").class("waiting").attr("role", "status").add(pulse).text(strings::NOT_FOUND_WAITING));
        // What is known says this too, in sentences.
        if known.is_none() {
            parts.push(text_el("h2", "", strings::READ_AS_TITLE));
            parts.push(el("ul").class("plain-list").add_all(readings));
        }
    } else {
        parts.push(text_el("p", "", strings::NOT_UNDERSTOOD));
    }
    if known.is_none() && (searched.spans > 0 || searched.segments > 0) {
        let text = strings::searched(
            &format::counted(searched.spans, "span"),
            &format::counted(searched.segments, "segment"),
            &format::duration(i64::try_from(searched.elapsed_us.saturating_mul(1_000)).unwrap_or(i64::MAX)),
        );
        parts.push(text_el("p", "muted", &text));
    }
    if let Some(known) = known {
        parts.extend(what_is_known(known));
    }
    if understood {
        parts.push(text_el("h2", "", strings::WHY_MISSING_TITLE));
        let reasons = strings::WHY_MISSING.iter().map(|reason| text_el("li", "", reason));
        parts.push(el("ul").class("plain-list").add_all(reasons));
    }
    parts.push(el("p").text(&format!("{} ", strings::MAYBE_A_FILE)).add(open_button()));
    let home = go_link("/", strings::BACK_HOME);
    parts.push(el("p").add(home).text(" · ").add(go_link("/start", strings::HOW_TO_SEND)));
    parts
}

/// What the store says of an id that is not in it: near ids, where the text stands otherwise, what arrived last.
fn what_is_known(known: &NotFound) -> Vec<El> {
    let mut parts: Vec<El> = known.sentences.iter().map(|sentence| text_el("p", "", sentence)).collect();
    if !known.near.is_empty() {
        let lines = known
            .near
            .iter()
            .flat_map(|near| [text_el("li", "muted", &near.why), trace_line(&near.trace, false, Signal::stored(0))]);
        parts.push(text_el("h2", "", strings::NEAR_TITLE));
        parts.push(el("ul").class("trace-rows").add_all(lines));
    }
    if !known.elsewhere.is_empty() {
        let lines = known.elsewhere.iter().map(|place| {
            let what = if place.key.is_empty() { &place.place } else { &place.key };
            let text = match &place.trace_id {
                Some(trace_id) => go_link(&Route::story(trace_id, place.span_id.as_deref()).url(), &place.text),
                None => text_el("code", "", &place.text),
            };
            let service = place.service_name.as_ref().map(|name| text_el("span", "muted", &format!(" · {name} · ")));
            text_el("li", "", &format!("{what}: ")).add(text).add(service).add(date_time(place.time_unix_nano.0))
        });
        parts.push(text_el("h2", "", strings::ELSEWHERE_TITLE));
        parts.push(el("ul").class("plain-list").add_all(lines));
    }
    if !known.services.is_empty() {
        let lines = known.services.iter().map(|news| {
            text_el("li", "", &format!("{} ", news.service_name)).add(ago(news.last_unix_nano.0).class("muted"))
        });
        parts.push(text_el("h2", "", strings::NEWEST_TITLE));
        parts.push(el("ul").class("plain-list").add_all(lines));
    }
    parts
}

/// No page has this address.
pub(crate) fn unknown_page() -> El {
    document().set_title(strings::UNKNOWN_PAGE);
    el("div").class("page-narrow").add([
        text_el("h1", "", strings::UNKNOWN_PAGE),
        text_el("p", "", strings::UNKNOWN_PAGE_HELP),
        el("p").add(go_link("/", strings::BACK_HOME)),
    ])
}
