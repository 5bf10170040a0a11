//! When a paste leads to several places, or to none: what was understood, what was searched, and waiting for it to arrive.

use leptos::prelude::*;
use telltale_api::resolve::{ResolveAnswer, ResolvedCandidate, Searched};
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::components::bits::{FailureBox, Skeleton};
use crate::components::paste_box::query_of;
use crate::components::trace_list::TraceLine;
use crate::live::use_live;
use crate::nav::use_nav;
use crate::route::Route;
use crate::{format, strings};

/// The page of a paste.
#[component]
pub(crate) fn PastePage(
    /// What was pasted.
    text: String,
) -> impl IntoView {
    document().set_title(strings::PASTE_DOCUMENT_TITLE);
    let nav = use_nav();
    let live = use_live();
    let lifetime = Lifetime::of_component();
    let answer = RwSignal::new(None::<Result<ResolveAnswer, Failure>>);
    let query = StoredValue::new(query_of(&text));
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
    let retry = Callback::new(move |()| load());
    let body = move || match answer.get() {
        None => view! { <h1>{strings::LOOKING}</h1><Skeleton rows=4/> }.into_any(),
        Some(Err(failure)) => view! { <h1>{strings::PASTE_FAILED}</h1><FailureBox failure retry/> }.into_any(),
        Some(Ok(answer)) if answer.candidates.iter().any(|candidate| !candidate.traces.is_empty()) => {
            view! { <Chooser answer/> }.into_any()
        }
        Some(Ok(answer)) => view! { <NothingFound candidates=answer.candidates searched=answer.searched/> }.into_any(),
    };
    view! {
        <div class="page-narrow">
            {body}
            <section class="asked">
                <h2>{strings::YOU_PASTED}</h2>
                <pre class="asked-text" tabindex="0"><code>{text}</code></pre>
            </section>
        </div>
    }
}

/// A 64-bit id has no trace of its own to wait for: any arrival may be it.
fn touches_span(candidate: &ResolvedCandidate, batch: &crate::live::Batch) -> bool {
    candidate.id.len() < 32 && !batch.traces.is_empty()
}

/// Several traces to choose from.
#[component]
fn Chooser(
    /// The readings and their traces.
    answer: ResolveAnswer,
) -> impl IntoView {
    let found = answer.candidates.into_iter().filter(|candidate| !candidate.traces.is_empty());
    let groups = found.map(|candidate| {
        view! {
            <section class="chooser-group">
                <h2>{strings::read_as(&candidate.form)} " " <code>{candidate.id}</code></h2>
                {candidate.note.map(|note| view! { <p class="muted">{note}</p> })}
                <ul class="trace-rows">
                    {candidate.traces.into_iter().map(|row| view! { <TraceLine row/> }).collect_view()}
                </ul>
            </section>
        }
    });
    view! { <h1>{strings::SEVERAL_FOUND}</h1> {groups.collect_view()} }
}

/// Nothing was found: what was understood, and what to do.
#[component]
pub(crate) fn NothingFound(
    /// The readings.
    candidates: Vec<ResolvedCandidate>,
    /// How much was searched.
    searched: Searched,
) -> impl IntoView {
    let understood = !candidates.is_empty();
    let readings = candidates.into_iter().map(|candidate| {
        view! {
            <li>
                {candidate.form} ": " <code>{candidate.id}</code>
                {candidate.note.map(|note| view! { <span class="warn-text">" · "{note}</span> })}
            </li>
        }
    });
    let searched = (searched.spans > 0 || searched.segments > 0).then(|| {
        strings::searched(
            &format::counted(searched.spans, "span"),
            &format::counted(searched.segments, "segment"),
            &format::duration(i64::try_from(searched.elapsed_us.saturating_mul(1_000)).unwrap_or(i64::MAX)),
        )
    });
    view! {
        <h1>{if understood { strings::NOT_FOUND_TITLE } else { strings::NOT_UNDERSTOOD_TITLE }}</h1>
        <Show when=move || understood>
            <p class="waiting" role="status"><span class="pulse" aria-hidden="true"></span>{strings::NOT_FOUND_WAITING}</p>
        </Show>
        <Show when=move || understood fallback=|| view! { <p>{strings::NOT_UNDERSTOOD}</p> }>
            <h2>{strings::READ_AS_TITLE}</h2>
        </Show>
        <ul class="plain-list">{readings.collect_view()}</ul>
        {searched.map(|text| view! { <p class="muted">{text}</p> })}
        <Show when=move || understood>
            <h2>{strings::WHY_MISSING_TITLE}</h2>
            <ul class="plain-list">
                {strings::WHY_MISSING.iter().map(|reason| view! { <li>{*reason}</li> }).collect_view()}
            </ul>
        </Show>
        <p><a href="/" data-go="">{strings::BACK_HOME}</a> " · " <a href="/start" data-go="">{strings::HOW_TO_SEND}</a></p>
    }
}

/// No page has this address.
#[component]
pub(crate) fn UnknownPage() -> impl IntoView {
    document().set_title(strings::UNKNOWN_PAGE);
    view! {
        <div class="page-narrow">
            <h1>{strings::UNKNOWN_PAGE}</h1>
            <p>{strings::UNKNOWN_PAGE_HELP}</p>
            <p><a href="/" data-go="">{strings::BACK_HOME}</a></p>
        </div>
    }
}
