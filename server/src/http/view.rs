//! Stored rows → the trace as pages need it ([`TraceView`]).
//!
//! Three things happen here and nowhere else: spans that were stored twice with the same content are shown once and
//! counted, rows are put into the order of time, and the resources and scopes that many rows share are listed once.
//! Nothing is left out for its size. What the rows mean (trees, errors, verdicts) is telltale-story's work.

use std::cmp::Reverse;
use std::collections::HashSet;

use telltale_api::Nanos;
use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::TraceId;
use telltale_query::TraceData;
use telltale_storage::encode::EncodeError;

mod attributes;
mod envelopes;
mod exemplars;
mod logs;
mod spans;
mod summary;

pub(crate) use attributes::{rows as attribute_rows, shown as shown_value};
use envelopes::Envelopes;
pub(crate) use summary::{summary, summary_without_spans};

/// Returns the view of one trace's rows; `now` is the server's time.
pub(crate) fn trace(id: &TraceId, data: &TraceData, now: Nanos) -> Result<TraceView, EncodeError> {
    let mut envelopes = Envelopes::default();
    let mut last_ingest = Nanos(0);
    let mut spans = Vec::new();
    for batch in &data.spans {
        last_ingest = last_ingest.max(spans::read(batch, &mut envelopes, &mut spans)?);
    }
    let mut logs = Vec::new();
    for batch in &data.logs {
        last_ingest = last_ingest.max(logs::read(batch, &mut envelopes, &mut logs)?);
    }
    let mut exemplars = Vec::new();
    for (_table, batch) in &data.metrics_with_exemplar {
        exemplars::read(batch, id, &mut exemplars)?;
    }
    let (mut spans, duplicate_span_count) = without_duplicates(spans);
    // A parent that starts in the same nanosecond as its child is the longer one.
    spans.sort_by(|a, b| order(a).cmp(&order(b)));
    logs.sort_by_key(|log| log.time_unix_nano);
    exemplars.sort_by_key(|exemplar| exemplar.time_unix_nano);
    let (resources, scopes) = envelopes.into_views();
    Ok(TraceView {
        trace_id: id.to_hex(),
        spans,
        logs,
        exemplars,
        resources,
        scopes,
        duplicate_span_count,
        last_ingest_unix_nano: last_ingest,
        now_unix_nano: now,
    })
}

/// By start, the longer first, then by id, so that the same rows always give the same order.
fn order(span: &SpanRow) -> (Nanos, Reverse<i64>, &str) {
    (span.start_unix_nano, Reverse(span.duration_ns.0), &span.span_id)
}

/// Keeps the first of equal spans and counts the others. Spans that share an id but differ are all kept: two senders
/// with the same id are a fault worth seeing.
fn without_duplicates(mut spans: Vec<SpanRow>) -> (Vec<SpanRow>, u64) {
    let mut seen = HashSet::with_capacity(spans.len());
    let first: Vec<bool> = spans.iter().map(|span| seen.insert(span)).collect();
    drop(seen);
    let before = spans.len();
    let mut first = first.into_iter();
    spans.retain(|_| first.next().unwrap_or(true));
    let removed = u64::try_from(before - spans.len()).unwrap_or(u64::MAX);
    (spans, removed)
}

#[cfg(test)]
mod tests;
