//! Batches of the `spans` table, row by row and as OTLP.

use arrow::array::{
    Array as _, BinaryArray, FixedSizeBinaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    UInt32Array, UInt64Array,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, TracesData, span};
use telltale_model::{AttributeValue, SpanId, TraceId, UnixNanos};

use super::columns::{EncodeError, TailColumns, TimeColumn, bytes, id, items, member, optional, range, text, typed};
use super::envelope::{Enveloped, resource_proto, scope_proto};
use super::values::{key_values, key_values_proto};
use crate::schema::col;

/// The columns of a batch of spans. In every getter `row` must be less than [`Self::len`].
#[derive(Debug, Clone, Copy)]
pub struct SpanColumns<'a> {
    trace_id: &'a FixedSizeBinaryArray,
    span_id: &'a FixedSizeBinaryArray,
    parent_span_id: &'a FixedSizeBinaryArray,
    trace_state: &'a StringArray,
    flags: &'a UInt32Array,
    name: &'a StringArray,
    kind: &'a Int32Array,
    start: TimeColumn<'a>,
    duration: &'a Int64Array,
    end_time_raw: &'a UInt64Array,
    status_code: &'a Int32Array,
    status_message: &'a StringArray,
    dropped_attributes: &'a UInt32Array,
    dropped_events: &'a UInt32Array,
    dropped_links: &'a UInt32Array,
    events: EventColumns<'a>,
    links: LinkColumns<'a>,
    tail: TailColumns<'a>,
}

/// A span event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventRow<'a> {
    /// As sent; 0 when it was not.
    pub time_unix_nano: u64,
    /// `Event.name`.
    pub name: &'a str,
    /// OTLP `KeyValueList`, for [`super::key_values`].
    pub attributes: &'a [u8],
    /// `Event.dropped_attributes_count`.
    pub dropped_attributes_count: u32,
}

impl EventRow<'_> {
    /// Returns the attributes, in the order sent.
    #[must_use]
    pub fn attributes(&self) -> Vec<(String, AttributeValue)> {
        key_values(self.attributes)
    }
}

/// A span link. Ids are as sent, whatever their length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkRow<'a> {
    /// `Link.trace_id`.
    pub trace_id: &'a [u8],
    /// `Link.span_id`.
    pub span_id: &'a [u8],
    /// `Link.trace_state`.
    pub trace_state: &'a str,
    /// OTLP `KeyValueList`, for [`super::key_values`].
    pub attributes: &'a [u8],
    /// `Link.dropped_attributes_count`.
    pub dropped_attributes_count: u32,
    /// `Link.flags`.
    pub flags: u32,
}

impl LinkRow<'_> {
    /// Returns the attributes, in the order sent.
    #[must_use]
    pub fn attributes(&self) -> Vec<(String, AttributeValue)> {
        key_values(self.attributes)
    }
}

#[derive(Debug, Clone, Copy)]
struct EventColumns<'a> {
    rows: &'a ListArray,
    time: &'a UInt64Array,
    name: &'a StringArray,
    attributes: &'a BinaryArray,
    dropped: &'a UInt32Array,
}

#[derive(Debug, Clone, Copy)]
struct LinkColumns<'a> {
    rows: &'a ListArray,
    trace_id: &'a BinaryArray,
    span_id: &'a BinaryArray,
    trace_state: &'a StringArray,
    attributes: &'a BinaryArray,
    dropped: &'a UInt32Array,
    flags: &'a UInt32Array,
}

impl<'a> EventColumns<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        let rows = typed(batch, col::EVENTS)?;
        let items = items(rows, col::EVENTS)?;
        Ok(Self {
            rows,
            time: member(items, col::TIME_UNIX_NANO)?,
            name: member(items, col::NAME)?,
            attributes: member(items, col::ATTRIBUTES)?,
            dropped: member(items, col::DROPPED_ATTRIBUTES_COUNT)?,
        })
    }

    fn item(&self, item: usize) -> EventRow<'a> {
        EventRow {
            time_unix_nano: self.time.value(item),
            name: self.name.value(item),
            attributes: bytes(self.attributes, item),
            dropped_attributes_count: self.dropped.value(item),
        }
    }
}

impl<'a> LinkColumns<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        let rows = typed(batch, col::LINKS)?;
        let items = items(rows, col::LINKS)?;
        Ok(Self {
            rows,
            trace_id: member(items, col::TRACE_ID)?,
            span_id: member(items, col::SPAN_ID)?,
            trace_state: member(items, col::TRACE_STATE)?,
            attributes: member(items, col::ATTRIBUTES)?,
            dropped: member(items, col::DROPPED_ATTRIBUTES_COUNT)?,
            flags: member(items, col::FLAGS)?,
        })
    }

    fn item(&self, item: usize) -> LinkRow<'a> {
        LinkRow {
            trace_id: self.trace_id.value(item),
            span_id: self.span_id.value(item),
            trace_state: text(self.trace_state, item),
            attributes: bytes(self.attributes, item),
            dropped_attributes_count: self.dropped.value(item),
            flags: self.flags.value(item),
        }
    }
}

impl<'a> SpanColumns<'a> {
    /// Finds the columns in a batch of the `spans` table.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        Ok(Self {
            trace_id: typed(batch, col::TRACE_ID)?,
            span_id: typed(batch, col::SPAN_ID)?,
            parent_span_id: typed(batch, col::PARENT_SPAN_ID)?,
            trace_state: typed(batch, col::TRACE_STATE)?,
            flags: typed(batch, col::FLAGS)?,
            name: typed(batch, col::NAME)?,
            kind: typed(batch, col::KIND)?,
            start: TimeColumn::new(batch, col::START_TIME_UNIX_NANO, col::START_TIME_RAW)?,
            duration: typed(batch, col::DURATION_NS)?,
            end_time_raw: typed(batch, col::END_TIME_RAW)?,
            status_code: typed(batch, col::STATUS_CODE)?,
            status_message: typed(batch, col::STATUS_MESSAGE)?,
            dropped_attributes: typed(batch, col::DROPPED_ATTRIBUTES_COUNT)?,
            dropped_events: typed(batch, col::DROPPED_EVENTS_COUNT)?,
            dropped_links: typed(batch, col::DROPPED_LINKS_COUNT)?,
            events: EventColumns::new(batch)?,
            links: LinkColumns::new(batch)?,
            tail: TailColumns::new(batch)?,
        })
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trace_id.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns service, resource, scope and attributes.
    #[must_use]
    pub const fn tail(&self) -> &TailColumns<'a> {
        &self.tail
    }

    /// Returns the trace's id; there is always one in what decoding kept.
    #[must_use]
    pub fn trace_id(&self, row: usize) -> Option<TraceId> {
        TraceId::from_slice(id(self.trace_id, row))
    }

    /// Returns the span's id; there is always one in what decoding kept.
    #[must_use]
    pub fn span_id(&self, row: usize) -> Option<SpanId> {
        SpanId::from_slice(id(self.span_id, row))
    }

    /// Returns the parent's id; none for a root.
    #[must_use]
    pub fn parent_span_id(&self, row: usize) -> Option<SpanId> {
        SpanId::from_slice(id(self.parent_span_id, row))
    }

    /// Returns the W3C trace state, empty when there is none.
    #[must_use]
    pub fn trace_state(&self, row: usize) -> &'a str {
        text(self.trace_state, row)
    }

    /// Returns the flags: the low byte is W3C's, bits 8 and 9 say whether the parent is remote.
    #[must_use]
    pub fn flags(&self, row: usize) -> u32 {
        self.flags.value(row)
    }

    /// Returns the span's name.
    #[must_use]
    pub fn name(&self, row: usize) -> &'a str {
        self.name.value(row)
    }

    /// Returns the number of the span's kind, as sent.
    #[must_use]
    pub fn kind(&self, row: usize) -> i32 {
        self.kind.value(row)
    }

    /// Returns the start as sent, beyond the year 2262 too.
    #[must_use]
    pub fn start_time_unix_nano(&self, row: usize) -> UnixNanos {
        UnixNanos(self.start.sent(row))
    }

    /// Returns the end as sent, beyond the year 2262 too.
    #[must_use]
    pub fn end_time_unix_nano(&self, row: usize) -> UnixNanos {
        let sum = || self.start.sent(row).wrapping_add_signed(self.duration.value(row));
        UnixNanos(optional(self.end_time_raw, row).unwrap_or_else(sum))
    }

    /// Returns end minus start in nanoseconds; negative when clocks disagree.
    #[must_use]
    pub fn duration_ns(&self, row: usize) -> i64 {
        self.duration.value(row)
    }

    /// Returns the status' code as sent and its message; none when the span was sent without a status.
    #[must_use]
    pub fn status(&self, row: usize) -> Option<(i32, &'a str)> {
        Some((optional(self.status_code, row)?, text(self.status_message, row)))
    }

    /// Returns how many attributes, events and links the sender dropped.
    #[must_use]
    pub fn dropped_counts(&self, row: usize) -> [u32; 3] {
        [self.dropped_attributes.value(row), self.dropped_events.value(row), self.dropped_links.value(row)]
    }

    /// Returns the events, in the order sent.
    pub fn events(&self, row: usize) -> impl ExactSizeIterator<Item = EventRow<'a>> + use<'a> {
        let columns = self.events;
        range(columns.rows, row).map(move |item| columns.item(item))
    }

    /// Returns the links, in the order sent.
    pub fn links(&self, row: usize) -> impl ExactSizeIterator<Item = LinkRow<'a>> + use<'a> {
        let columns = self.links;
        range(columns.rows, row).map(move |item| columns.item(item))
    }

    fn proto(&self, row: usize) -> Span {
        let [dropped_attributes_count, dropped_events_count, dropped_links_count] = self.dropped_counts(row);
        Span {
            trace_id: id(self.trace_id, row).to_vec(),
            span_id: id(self.span_id, row).to_vec(),
            trace_state: self.trace_state(row).to_owned(),
            parent_span_id: id(self.parent_span_id, row).to_vec(),
            flags: self.flags(row),
            name: self.name(row).to_owned(),
            kind: self.kind(row),
            start_time_unix_nano: self.start_time_unix_nano(row).0,
            end_time_unix_nano: self.end_time_unix_nano(row).0,
            attributes: self.tail.attributes_proto(row),
            dropped_attributes_count,
            events: self.events(row).map(event_proto).collect(),
            dropped_events_count,
            links: self.links(row).map(link_proto).collect(),
            dropped_links_count,
            status: self.status(row).map(|(code, message)| Status { code, message: message.to_owned() }),
        }
    }
}

fn event_proto(event: EventRow<'_>) -> span::Event {
    span::Event {
        time_unix_nano: event.time_unix_nano,
        name: event.name.to_owned(),
        attributes: key_values_proto(event.attributes, 1),
        dropped_attributes_count: event.dropped_attributes_count,
    }
}

fn link_proto(link: LinkRow<'_>) -> span::Link {
    span::Link {
        trace_id: link.trace_id.to_vec(),
        span_id: link.span_id.to_vec(),
        trace_state: link.trace_state.to_owned(),
        attributes: key_values_proto(link.attributes, 1),
        dropped_attributes_count: link.dropped_attributes_count,
        flags: link.flags,
    }
}

pub(super) fn encode(batches: &[RecordBatch]) -> Result<TracesData, EncodeError> {
    let mut resources: Enveloped<'_, Vec<Span>> = Enveloped::default();
    for batch in batches {
        let spans = SpanColumns::new(batch)?;
        for row in 0..spans.len() {
            let (resource, scope) = (spans.tail.resource(row), spans.tail.scope(row));
            resources.of(resource).of(scope).push(spans.proto(row));
        }
    }
    let resource_spans = resources.into_vec().into_iter().map(|(bytes, scopes)| {
        let (resource, schema_url) = resource_proto(bytes);
        let scope_spans = scopes.into_vec().into_iter().map(|(bytes, spans)| {
            let (scope, schema_url) = scope_proto(bytes);
            ScopeSpans { scope, spans, schema_url }
        });
        ResourceSpans { resource, scope_spans: scope_spans.collect(), schema_url }
    });
    Ok(TracesData { resource_spans: resource_spans.collect() })
}
