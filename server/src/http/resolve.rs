//! `GET /api/resolve?q=…`: what a paste may mean and what the store has for each reading.
//!
//! Reading the paste is telltale-story's work, and the page does it too while somebody types. Here every reading is
//! looked up, all at once, and nothing is picked for the reader unless exactly one trace was found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use futures::future::try_join_all;
use serde::Deserialize;
use telltale_api::resolve::{Comparison, Destination, ResolveAnswer, ResolvedCandidate, Searched};
use telltale_api::trace::TraceSummary;
use telltale_model::{SpanId, TraceId};
use telltale_query::{IdPrefix, Lookup, Query};
use telltale_storage::schema::Table;
use telltale_story::resolve::{self, Candidate, Form, Key};

use super::extract::Parameters;
use super::problem::{Kind, Problem};
use super::{answer, measure, not_found, recent, view};
use crate::limits::{PREFIX_DIGITS, RESOLVE_TRACES, TEXT_CHARS, VALUE_HITS};
use crate::state::AppState;

/// `?q=`.
#[derive(Debug, Deserialize)]
pub(super) struct Paste {
    q: Option<String>,
}

/// A reading with the traces that it leads to.
struct Found {
    candidate: Candidate,
    traces: Vec<TraceId>,
}

/// Answers with every reading, those with hits first.
pub(super) async fn resolve(
    State(state): State<Arc<AppState>>,
    Parameters(paste): Parameters<Paste>,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let paste = paste.q.ok_or_else(|| {
        Problem::new(Kind::Invalid, "no_paste", "there is nothing to look up")
            .hint("put the text into ?q=, URL-encoded")
    })?;
    let readings = resolve::parse(&paste);
    let diff = resolve::comparison(&paste, &readings).map(|[a, b]| Comparison { a: a.to_hex(), b: b.to_hex() });
    let looked_up = readings.into_iter().map(|candidate| look_up(&state.query, candidate));
    let mut found = measure::query(&state, "resolve", try_join_all(looked_up)).await?;
    if found.iter().all(|found| found.traces.is_empty()) {
        found.extend(measure::query(&state, "find_value", whole(&state.query, &paste)).await?);
    }
    found.sort_by_key(|found| found.traces.is_empty());
    let summaries = summaries(&state.query, &found).await?;
    let status = state.storage.status();
    let searched = Searched {
        segments: status.tables.iter().filter(|table| table.table == Table::Spans).map(|table| table.segments).sum(),
        spans: recent::rows(&status, |table| table == Table::Spans),
        elapsed_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    let go = destination(&found).filter(|_go| diff.is_none());
    let not_found = if found.iter().all(|found| found.traces.is_empty()) {
        let readings: Vec<Candidate> = found.iter().map(|found| found.candidate.clone()).collect();
        Some(not_found::not_found(&state, &paste, &readings, &searched).await)
    } else {
        None
    };
    let candidates = found.into_iter().map(|found| resolved(found, &summaries)).collect();
    answer::json(&ResolveAnswer { candidates, go, searched, diff, not_found })
}

/// Finds the traces of one reading: the whole id first, then what it may be short for.
async fn look_up(query: &Query, candidate: Candidate) -> Result<Found, Problem> {
    let traces = match &candidate.key {
        Key::Trace(id) => {
            let exact = query.find_traces(Lookup::Trace(*id)).await?;
            if exact.is_empty() { query.find_traces(Lookup::Low64(id.low_64())).await? } else { exact }
        }
        Key::Low64OrSpan(bytes) => low_64_or_span(query, *bytes).await?,
        Key::Prefix(digits) => by_prefix(query, digits).await?,
        Key::Text(text) => by_value(query, text).await?,
    };
    Ok(Found { candidate, traces })
}

async fn low_64_or_span(query: &Query, bytes: [u8; 8]) -> Result<Vec<TraceId>, Problem> {
    let mut traces = query.find_traces(Lookup::Low64(bytes)).await?;
    if let Some(span) = SpanId::new(bytes) {
        traces.extend(query.find_traces(Lookup::Span(span)).await?);
    }
    let mut seen = BTreeSet::new();
    traces.retain(|id| seen.insert(*id));
    Ok(traces)
}

/// Finds the traces whose id, or a span's id in them, begins with some digits; fewer than [`PREFIX_DIGITS`] say nothing.
pub(super) async fn by_prefix(query: &Query, digits: &str) -> Result<Vec<TraceId>, Problem> {
    let Some(prefix) = IdPrefix::parse(digits).filter(|_prefix| digits.len() >= PREFIX_DIGITS) else {
        return Ok(Vec::new());
    };
    let found = query.find_by_prefix(&prefix, RESOLVE_TRACES + 1).await?;
    let mut seen = BTreeSet::new();
    Ok(found.hits.into_iter().map(|hit| hit.trace_id).filter(|id| seen.insert(*id)).collect())
}

/// Finds the traces in which a text is the value of an attribute, newest first.
async fn by_value(query: &Query, text: &str) -> Result<Vec<TraceId>, Problem> {
    let found = query.find_value(text, VALUE_HITS).await?;
    let mut seen = BTreeSet::new();
    Ok(found.hits.into_iter().filter_map(|hit| hit.trace_id).filter(|id| seen.insert(*id)).collect())
}

/// Reads the whole paste as the value of an attribute: an order number, a serial, a request id.
async fn whole(query: &Query, paste: &str) -> Result<Option<Found>, Problem> {
    let text = paste.trim().trim_matches(['"', '\'']);
    if text.is_empty() || text.chars().count() > TEXT_CHARS || text.contains('\n') {
        return Ok(None);
    }
    let traces = by_value(query, text).await?;
    let candidate =
        Candidate { form: Form::Value, key: Key::Text(text.to_owned()), span: None, confidence: 50, note: None };
    Ok((!traces.is_empty()).then_some(Found { candidate, traces }))
}

/// Returns the summaries of all traces that are shown.
async fn summaries(query: &Query, found: &[Found]) -> Result<BTreeMap<String, TraceSummary>, Problem> {
    let shown = found.iter().flat_map(|found| found.traces.iter().take(RESOLVE_TRACES)).copied();
    let ids: Vec<TraceId> = shown.collect::<BTreeSet<_>>().into_iter().collect();
    let rows = query.summaries(&ids).await?;
    Ok(rows.into_iter().map(view::summary).map(|summary| (summary.trace_id.clone(), summary)).collect())
}

/// Returns where to go when every reading with hits leads to the same trace.
fn destination(found: &[Found]) -> Option<Destination> {
    let traces: BTreeSet<TraceId> = found.iter().flat_map(|found| found.traces.iter().copied()).collect();
    let mut traces = traces.into_iter();
    let (trace, None) = (traces.next()?, traces.next()) else { return None };
    let span =
        found.iter().filter(|found| found.traces.contains(&trace)).find_map(|found| span(&found.candidate, trace));
    Some(Destination { trace_id: trace.to_hex(), span_id: span.map(|span| span.to_hex()) })
}

/// Returns the span that a reading names: beside the trace, or instead of it.
fn span(candidate: &Candidate, trace: TraceId) -> Option<SpanId> {
    match &candidate.key {
        Key::Low64OrSpan(bytes) if *bytes != trace.low_64() => SpanId::new(*bytes),
        _ => candidate.span,
    }
}

fn resolved(found: Found, summaries: &BTreeMap<String, TraceSummary>) -> ResolvedCandidate {
    let Found { candidate, traces } = found;
    let left_out = traces.len().saturating_sub(RESOLVE_TRACES);
    let more = (left_out > 0).then(|| format!("at least {left_out} more are not listed"));
    let notes: Vec<String> = candidate.note.into_iter().chain(more).collect();
    ResolvedCandidate {
        form: candidate.form.label().to_owned(),
        id: candidate.key.to_string(),
        span_id: candidate.span.map(|span| span.to_hex()),
        confidence: candidate.confidence,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        traces: traces.iter().take(RESOLVE_TRACES).map(|id| shown(*id, summaries)).collect(),
    }
}

/// A trace without a summary has no spans: its log records or exemplars were found.
fn shown(id: TraceId, summaries: &BTreeMap<String, TraceSummary>) -> TraceSummary {
    summaries.get(&id.to_hex()).cloned().unwrap_or_else(|| view::summary_without_spans(id))
}
