//! Spans with their events and links.

use arrow::array::RecordBatch;
use telltale_api::trace::{EventRow, LinkRow, SpanRow};
use telltale_api::{Nanos, SignedNanos};
use telltale_storage::encode::{self, EncodeError, SpanColumns};

use super::Stored;
use super::attributes::{hex, rows};
use super::envelopes::Envelopes;

/// Hands on the spans of a batch with their rows, and returns when the last of them arrived.
pub(super) fn read(
    batch: &RecordBatch,
    envelopes: &mut Envelopes,
    mut take: impl FnMut(u32, SpanRow),
) -> Result<Nanos, EncodeError> {
    let spans = SpanColumns::new(batch)?;
    let mut last = Nanos(0);
    for (row, number) in (0..spans.len()).zip(0..) {
        let (resource, scope) = envelopes.of_row(spans.tail(), row);
        take(number, SpanRow { resource, scope, ..span(&spans, row) });
        last = last.max(Nanos(spans.tail().ingest_time_unix_nano(row).0));
    }
    Ok(last)
}

/// Reads single spans, whole.
pub(crate) struct Details<'a>(Vec<SpanColumns<'a>>);

impl<'a> Details<'a> {
    /// Reads from the batches that [`super::outline`] read.
    pub(crate) fn new(batches: &'a [RecordBatch]) -> Result<Self, EncodeError> {
        batches.iter().map(SpanColumns::new).collect::<Result<_, _>>().map(Self)
    }

    /// Returns a span, with its resource and scope numbered as in the outline.
    pub(crate) fn span(&self, at: Stored) -> Option<SpanRow> {
        let index = |number: u32| usize::try_from(number).ok();
        let columns = self.0.get(index(at.batch)?)?;
        let row = index(at.row).filter(|row| *row < columns.len())?;
        Some(SpanRow { resource: at.resource, scope: at.scope, ..span(columns, row) })
    }
}

fn span(spans: &SpanColumns<'_>, row: usize) -> SpanRow {
    let [dropped_attributes_count, dropped_events_count, dropped_links_count] = spans.dropped_counts(row);
    let (status_code, status_message) = spans.status(row).unwrap_or_default();
    SpanRow {
        span_id: spans.span_id(row).map(|id| id.to_hex()).unwrap_or_default(),
        parent_span_id: spans.parent_span_id(row).map(|id| id.to_hex()),
        name: spans.name(row).to_owned(),
        kind: spans.kind(row),
        start_unix_nano: Nanos(spans.start_time_unix_nano(row).0),
        duration_ns: SignedNanos(spans.duration_ns(row)),
        status_code,
        status_message: status_message.to_owned(),
        service_name: spans.tail().service_name(row).map(str::to_owned),
        attributes: rows(spans.tail().attributes(row)),
        events: spans.events(row).map(event).collect(),
        links: spans.links(row).map(link).collect(),
        resource: 0,
        scope: 0,
        trace_state: spans.trace_state(row).to_owned(),
        flags: spans.flags(row),
        dropped_attributes_count,
        dropped_events_count,
        dropped_links_count,
    }
}

fn event(event: encode::EventRow<'_>) -> EventRow {
    EventRow {
        time_unix_nano: Nanos(event.time_unix_nano),
        name: event.name.to_owned(),
        attributes: rows(event.attributes()),
        dropped_attributes_count: event.dropped_attributes_count,
    }
}

fn link(link: encode::LinkRow<'_>) -> LinkRow {
    LinkRow {
        trace_id: hex(link.trace_id),
        span_id: hex(link.span_id),
        trace_state: link.trace_state.to_owned(),
        attributes: rows(link.attributes()),
        dropped_attributes_count: link.dropped_attributes_count,
    }
}
