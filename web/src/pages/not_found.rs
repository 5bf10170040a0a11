//! When a paste leads to several places, or to none: what was understood, what was searched, and waiting for it to arrive.

use leptos::prelude::*;
use telltale_api::resolve::{ResolveAnswer, ResolvedCandidate, Searched};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{failure_box, go_link, skeleton};
use crate::components::paste_box::query_of;
use crate::components::trace_list::trace_line;
use crate::dom::{El, el, text_el};
use crate::live::use_live;
use crate::nav::use_nav;
use crate::route::Route;
use crate::{format, strings};

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
        Some(Ok(answer)) => nothing_found(&answer.candidates, &answer.searched),
    };
    let asked = el("pre").class("asked-text").attr("tabindex", "0").add(text_el("code", "", text));
    el("div").class("page-narrow").add([
        el("div").class("page-part").children(body),
        el("section").class("asked").add([text_el("h2", "", strings::YOU_PASTED), asked]),
    ])
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
pub(crate) fn nothing_found(candidates: &[ResolvedCandidate], searched: &Searched) -> Vec<El> {
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
        parts.push(text_el("h2", "", strings::READ_AS_TITLE));
        parts.push(el("ul").class("plain-list").add_all(readings));
    } else {
        parts.push(text_el("p", "", strings::NOT_UNDERSTOOD));
    }
    if searched.spans > 0 || searched.segments > 0 {
        let text = strings::searched(
            &format::counted(searched.spans, "span"),
            &format::counted(searched.segments, "segment"),
            &format::duration(i64::try_from(searched.elapsed_us.saturating_mul(1_000)).unwrap_or(i64::MAX)),
        );
        parts.push(text_el("p", "muted", &text));
    }
    if understood {
        parts.push(text_el("h2", "", strings::WHY_MISSING_TITLE));
        let reasons = strings::WHY_MISSING.iter().map(|reason| text_el("li", "", reason));
        parts.push(el("ul").class("plain-list").add_all(reasons));
    }
    let home = go_link("/", strings::BACK_HOME);
    parts.push(el("p").add(home).text(" · ").add(go_link("/start", strings::HOW_TO_SEND)));
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
