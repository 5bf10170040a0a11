//! Spans: one `Span` message into one row of the `spans` table.
//!
//! A span is read whole into slices of the request, judged, and only then appended, so that a bad one leaves no trace in
//! the columns.

mod nested;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, Int64Builder, RecordBatch, StringBuilder, UInt32Builder, UInt64Builder};
use arrow::error::ArrowError;
use telltale_model::{SpanId, TraceId, UnixNanos};

use self::nested::{EventColumn, LinkColumn};
use super::attributes::Attributes;
use super::columns::{IdColumn, Tail, timestamps};
use super::context::Context;
use super::envelope::{Envelope, Sink};
use super::issue::IssueCode;
use super::limits::LONG_SPAN;
use super::odd::{self, Subject};
use super::repair::Kind;
use super::wire::{Fault, Reader};
use super::{DecodeError, guess};
use crate::schema::Table;

/// The fields of a span.
#[derive(Debug, Default, Clone, Copy)]
struct Span<'p> {
    trace_id: &'p [u8],
    span_id: &'p [u8],
    parent_span_id: &'p [u8],
    trace_state: &'p str,
    flags: u32,
    name: &'p str,
    kind: i32,
    start_time_unix_nano: u64,
    end_time_unix_nano: u64,
    dropped_attributes_count: u32,
    dropped_events_count: u32,
    dropped_links_count: u32,
    status: Option<Status<'p>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Status<'p> {
    code: i32,
    message: &'p str,
}

/// A span's ids, checked.
#[derive(Debug, Clone, Copy)]
struct Ids {
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: Option<SpanId>,
}

/// Builds the rows of the `spans` table.
#[derive(Debug)]
pub(super) struct Spans<'p> {
    attributes: Attributes<'p>,
    events: Vec<&'p [u8]>,
    links: Vec<&'p [u8]>,
    columns: Columns,
}

impl<'p> Sink<'p> for Spans<'p> {
    const KIND: Kind = Kind::Span;

    fn record(
        &mut self,
        context: &mut Context<'p>,
        envelope: &Envelope<'p>,
        bytes: &'p [u8],
    ) -> Result<(), DecodeError> {
        let service_name = envelope.service_name;
        let span = match self.read(bytes) {
            Ok(span) => span,
            Err(fault) => return context.fault(fault, (Self::KIND, bytes), service_name, 1),
        };
        let Some(ids) = check_ids(context, service_name, bytes, &span) else { return Ok(()) };
        if !context.admit(service_name, service_name.map_or(0, str::len)) {
            return Ok(());
        }
        note_oddities(context, service_name, &span, &ids);
        odd::attributes(context, service_name, &self.attributes, Subject { what: "span", name: span.name });
        self.columns.push(&span, &ids);
        self.columns.push_nested(&self.events, &self.links).map_err(|fault| context.fatal(fault, "span"))?;
        self.columns.tail.push(envelope, &self.attributes.list);
        Ok(())
    }
}

impl<'p> Spans<'p> {
    pub(super) fn new() -> Self {
        Self { attributes: Attributes::default(), events: Vec::new(), links: Vec::new(), columns: Columns::new() }
    }

    fn read(&mut self, bytes: &'p [u8]) -> Result<Span<'p>, Fault> {
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        let mut span = Span::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => span.trace_id = field.bytes()?,
                2 => span.span_id = field.bytes()?,
                3 => span.trace_state = field.text()?,
                4 => span.parent_span_id = field.bytes()?,
                5 => span.name = field.text()?,
                6 => span.kind = field.i32()?,
                7 => span.start_time_unix_nano = field.fixed64()?,
                8 => span.end_time_unix_nano = field.fixed64()?,
                9 => self.attributes.push(field.bytes()?)?,
                10 => span.dropped_attributes_count = field.u32()?,
                11 => {
                    nested::check_event(field.bytes()?)?;
                    self.events.push(field.bytes()?);
                }
                12 => span.dropped_events_count = field.u32()?,
                13 => {
                    nested::check_link(field.bytes()?)?;
                    self.links.push(field.bytes()?);
                }
                14 => span.dropped_links_count = field.u32()?,
                15 => span.status.get_or_insert_default().read(field.bytes()?)?,
                16 => span.flags = field.fixed32()?,
                _ => {}
            }
        }
        self.attributes.finish();
        Ok(span)
    }

    /// Returns the batch, or `None` without rows.
    pub(super) fn finish(self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        self.columns.finish(received)
    }
}

impl<'p> Status<'p> {
    /// Reads a status over what is there: protobuf merges a message that was sent twice.
    fn read(&mut self, bytes: &'p [u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                2 => self.message = field.text()?,
                3 => self.code = field.i32()?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the ids, or `None` after a rejection.
fn check_ids<'p>(
    context: &mut Context<'p>,
    service_name: Option<&'p str>,
    bytes: &'p [u8],
    span: &Span<'p>,
) -> Option<Ids> {
    let (Some(trace_id), Some(span_id)) = (TraceId::from_slice(span.trace_id), SpanId::from_slice(span.span_id)) else {
        reject_ids(context, service_name, bytes, span);
        return None;
    };
    let parent_span_id = SpanId::from_slice(span.parent_span_id);
    if parent_span_id.is_none() && !span.parent_span_id.is_empty() && span.parent_span_id != [0; 8] {
        context.odd(IssueCode::InvalidParentSpanId, service_name, || {
            format!(
                "span {:?} ({span_id}) has {}; kept as a root",
                span.name,
                bad_id("parent_span_id", span.parent_span_id)
            )
        });
    }
    Some(Ids { trace_id, span_id, parent_span_id })
}

#[cold]
fn reject_ids<'p>(context: &mut Context<'p>, service_name: Option<&'p str>, bytes: &'p [u8], span: &Span<'p>) {
    if let Some(signal) = guess::other_signal(context.signal, bytes) {
        return context.wrong_signal(signal, service_name, 1);
    }
    let (code, name, id) = match TraceId::from_slice(span.trace_id) {
        None => (IssueCode::InvalidTraceId, "trace_id", span.trace_id),
        Some(_) => (IssueCode::InvalidSpanId, "span_id", span.span_id),
    };
    context.reject(code, service_name, 1, || format!("span {:?} has {}", span.name, bad_id(name, id)));
}

/// Says what is wrong with an id.
pub(super) fn bad_id(field: &str, id: &[u8]) -> String {
    if id.is_empty() {
        format!("no {field}")
    } else if id.iter().all(|byte| *byte == 0) {
        format!("a {field} of {} zero bytes", id.len())
    } else {
        format!("a {field} of {} bytes", id.len())
    }
}

fn note_oddities(context: &mut Context<'_>, service_name: Option<&str>, span: &Span<'_>, ids: &Ids) {
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    let subject = || format!("span {:?} ({})", span.name, ids.span_id);
    if start == 0 || end == 0 {
        context.odd(IssueCode::SpanTimeZero, service_name, || {
            format!("{} has {} time 0", subject(), if start == 0 { "start" } else { "end" })
        });
    } else if end < start {
        context.odd(IssueCode::EndBeforeStart, service_name, || {
            format!("{} ends {} ns before it starts", subject(), start - end)
        });
    } else if u128::from(end - start) > LONG_SPAN.as_nanos() {
        context.odd(IssueCode::LongSpan, service_name, || {
            format!("{} takes {} s", subject(), (end - start) / 1_000_000_000)
        });
    }
    context.check_time(start, "a span's start", service_name);
    if i64::try_from(end).is_err() && i64::try_from(start).is_ok() {
        context.check_time(end, "a span's end", service_name);
    }
    if ids.parent_span_id == Some(ids.span_id) {
        context.odd(IssueCode::SelfParent, service_name, || format!("{} is its own parent", subject()));
    }
}

/// The columns of the `spans` table in the order of its schema.
#[derive(Debug)]
struct Columns {
    trace_id: IdColumn<16>,
    span_id: IdColumn<8>,
    parent_span_id: IdColumn<8>,
    trace_state: StringBuilder,
    flags: UInt32Builder,
    name: StringBuilder,
    kind: Int32Builder,
    start_time: Vec<i64>,
    duration: Int64Builder,
    start_time_raw: UInt64Builder,
    end_time_raw: UInt64Builder,
    status_code: Int32Builder,
    status_message: StringBuilder,
    dropped: [UInt32Builder; 3],
    events: EventColumn,
    links: LinkColumn,
    tail: Tail,
}

impl Columns {
    fn new() -> Self {
        Self {
            trace_id: IdColumn::new(),
            span_id: IdColumn::new(),
            parent_span_id: IdColumn::new(),
            trace_state: StringBuilder::new(),
            flags: UInt32Builder::new(),
            name: StringBuilder::new(),
            kind: Int32Builder::new(),
            start_time: Vec::new(),
            duration: Int64Builder::new(),
            start_time_raw: UInt64Builder::new(),
            end_time_raw: UInt64Builder::new(),
            status_code: Int32Builder::new(),
            status_message: StringBuilder::new(),
            dropped: [UInt32Builder::new(), UInt32Builder::new(), UInt32Builder::new()],
            events: EventColumn::new(),
            links: LinkColumn::new(),
            tail: Tail::new(),
        }
    }

    fn push(&mut self, span: &Span<'_>, ids: &Ids) {
        self.trace_id.push(ids.trace_id.as_bytes());
        self.span_id.push(ids.span_id.as_bytes());
        self.parent_span_id.push_option(ids.parent_span_id.as_ref().map(SpanId::as_bytes));
        self.trace_state.append_option(non_empty(span.trace_state));
        self.flags.append_value(span.flags);
        self.name.append_value(span.name);
        self.kind.append_value(span.kind);
        let (start, end) = (UnixNanos(span.start_time_unix_nano), UnixNanos(span.end_time_unix_nano));
        self.start_time.push(start.saturating_i64());
        self.duration.append_value(end.since(start).0);
        // The end is start + duration unless one of the two is out of range: then it is kept, whole.
        let start_fits = i64::try_from(start.0).is_ok();
        self.start_time_raw.append_option((!start_fits).then_some(start.0));
        self.end_time_raw.append_option((!start_fits || i64::try_from(end.0).is_err()).then_some(end.0));
        self.status_code.append_option(span.status.map(|status| status.code));
        self.status_message.append_option(span.status.and_then(|status| non_empty(status.message)));
        let [attributes, events, links] = &mut self.dropped;
        attributes.append_value(span.dropped_attributes_count);
        events.append_value(span.dropped_events_count);
        links.append_value(span.dropped_links_count);
    }

    fn push_nested(&mut self, events: &[&[u8]], links: &[&[u8]]) -> Result<(), Fault> {
        self.events.push_row(events)?;
        self.links.push_row(links)
    }

    fn finish(self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        if self.start_time.is_empty() {
            return Ok(None);
        }
        let Self { mut trace_state, mut flags, mut name, mut kind, mut duration, .. } = self;
        let Self { mut start_time_raw, mut end_time_raw, mut status_code, mut status_message, .. } = self;
        let mut columns: Vec<ArrayRef> = vec![
            self.trace_id.finish()?,
            self.span_id.finish()?,
            self.parent_span_id.finish()?,
            Arc::new(trace_state.finish()),
            Arc::new(flags.finish()),
            Arc::new(name.finish()),
            Arc::new(kind.finish()),
            timestamps(self.start_time),
            Arc::new(duration.finish()),
            Arc::new(start_time_raw.finish()),
            Arc::new(end_time_raw.finish()),
            Arc::new(status_code.finish()),
            Arc::new(status_message.finish()),
        ];
        columns.extend(self.dropped.map(|mut counts| -> ArrayRef { Arc::new(counts.finish()) }));
        columns.push(self.events.finish()?);
        columns.push(self.links.finish()?);
        self.tail.finish(received, &mut columns)?;
        RecordBatch::try_new(Table::Spans.schema(), columns).map(Some)
    }
}

/// An empty text is the same as none in OTLP; it is stored as null.
pub(super) const fn non_empty(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}
