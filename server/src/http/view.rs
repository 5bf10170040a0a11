//! Stored rows → the trace as pages need it ([`TraceView`]).
//!
//! Three things happen here and nowhere else: spans that were stored twice with the same content are shown once and
//! counted, rows are put into the order of time, and the resources and scopes that many rows share are listed once.
//! Nothing is left out for its size. What the rows mean (trees, errors, verdicts) is telltale-story's work.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use arrow::array::RecordBatch;
use telltale_api::Nanos;
use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::TraceId;
use telltale_query::TraceData;
use telltale_storage::encode::EncodeError;

mod attributes;
mod envelopes;
mod exemplars;
mod logs;
pub(crate) mod spans;
mod summary;

pub(crate) use attributes::{rows as attribute_rows, shown as shown_value};
use envelopes::Envelopes;
pub(crate) use summary::{summary, summary_without_spans};

/// Where a span is stored, with what only all rows together tell of it: the numbers of its resource and scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stored {
    /// The batch of [`TraceData::spans`].
    pub(crate) batch: u32,
    /// The row in it.
    pub(crate) row: u32,
    /// Position in [`TraceView::resources`].
    pub(crate) resource: u32,
    /// Position in [`TraceView::scopes`].
    pub(crate) scope: u32,
}

/// Returns the view of one trace's rows; `now` is the server's time.
pub(crate) fn trace(id: &TraceId, data: &TraceData, now: Nanos) -> Result<TraceView, EncodeError> {
    Ok(read(id, data, data.spans.iter().cloned(), now, |_span| ())?.0)
}

/// Returns the same and lets go of each batch of spans when it was read: stored and shown, a large trace is not held twice.
pub(crate) fn trace_of(id: &TraceId, mut data: TraceData, now: Nanos) -> Result<TraceView, EncodeError> {
    let spans = std::mem::take(&mut data.spans);
    Ok(read(id, &data, spans.into_iter(), now, |_span| ())?.0)
}

/// Returns the same without the attributes of spans, events and links, which are most of a large trace, and where each span is
/// stored: [`spans::Details`] reads it whole again.
pub(crate) fn outline(id: &TraceId, data: &TraceData, now: Nanos) -> Result<(TraceView, Vec<Stored>), EncodeError> {
    read(id, data, data.spans.iter().cloned(), now, |span| {
        span.attributes = Vec::new();
        span.events.iter_mut().for_each(|event| event.attributes = Vec::new());
        span.links.iter_mut().for_each(|link| link.attributes = Vec::new());
    })
}

/// Reads everything, spans from `batches`; `trim` takes away what the caller does not need of a span.
fn read(
    id: &TraceId,
    data: &TraceData,
    batches: impl Iterator<Item = RecordBatch>,
    now: Nanos,
    trim: impl Fn(&mut SpanRow),
) -> Result<(TraceView, Vec<Stored>), EncodeError> {
    let mut envelopes = Envelopes::default();
    let mut last_ingest = Nanos(0);
    let mut spans = Vec::new();
    let mut known = Known::default();
    for (batch, number) in batches.zip(0..) {
        let arrived = spans::read(&batch, &mut envelopes, |row, mut span| {
            if known.is_new(&span) {
                trim(&mut span);
                let at = Stored { batch: number, row, resource: span.resource, scope: span.scope };
                spans.push((span, at));
            }
        })?;
        last_ingest = last_ingest.max(arrived);
    }
    let mut logs = Vec::new();
    for batch in &data.logs {
        last_ingest = last_ingest.max(logs::read(batch, &mut envelopes, &mut logs)?);
    }
    let mut exemplars = Vec::new();
    for (_table, batch) in &data.metrics_with_exemplar {
        exemplars::read(batch, id, &mut exemplars)?;
    }
    // A parent that starts in the same nanosecond as its child is the longer one. All of this happens in place: a second list
    // of a large trace's spans would be most of what its page costs.
    spans.sort_unstable_by(|(a, at_a), (b, at_b)| order(a).cmp(&order(b)).then(at_a.cmp(at_b)));
    let places = spans.iter().map(|(_, at)| *at).collect();
    let spans = spans.into_iter().map(|(span, _)| span).collect();
    logs.sort_by_key(|log| log.time_unix_nano);
    exemplars.sort_by_key(|exemplar| exemplar.time_unix_nano);
    let (resources, scopes) = envelopes.into_views();
    let view = TraceView {
        trace_id: id.to_hex(),
        spans,
        logs,
        exemplars,
        resources,
        scopes,
        duplicate_span_count: known.repeated,
        last_ingest_unix_nano: last_ingest,
        now_unix_nano: now,
    };
    Ok((view, places))
}

/// By start, the longer first, then by id, so that the same rows always give the same order.
fn order(span: &SpanRow) -> (Nanos, Reverse<i64>, &str) {
    (span.start_unix_nano, Reverse(span.duration_ns.0), &span.span_id)
}

/// Which spans were there already. Spans that share an id but differ are all kept: two senders with the same id are a fault
/// worth seeing. Whole spans are compared by 128 bits of two keyed hashes, so that none needs to be kept for it.
#[derive(Default)]
struct Known {
    seen: HashSet<(u64, u64)>,
    keys: (RandomState, RandomState),
    repeated: u64,
}

impl Known {
    fn is_new(&mut self, span: &SpanRow) -> bool {
        let is_new = self.seen.insert((self.keys.0.hash_one(span), self.keys.1.hash_one(span)));
        self.repeated += u64::from(!is_new);
        is_new
    }
}

#[cfg(test)]
mod tests;
