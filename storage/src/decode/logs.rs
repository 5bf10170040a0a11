//! Log records: one `LogRecord` message into one row of the `logs` table.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int32Builder, RecordBatch, StringBuilder, TimestampNanosecondBuilder, UInt32Builder,
    UInt64Builder,
};
use arrow::error::ArrowError;
use telltale_model::{SpanId, TraceId, UnixNanos};

use super::DecodeError;
use super::any::{self, Value};
use super::attributes::Attributes;
use super::columns::{IdColumn, Tail, timestamps};
use super::context::Context;
use super::envelope::{Envelope, Sink};
use super::issue::IssueCode;
use super::odd::{self, Subject};
use super::repair::Kind;
use super::spans::{bad_id, non_empty};
use super::wire::{Fault, Reader};
use crate::encode;
use crate::schema::Table;

/// The fields of a log record.
#[derive(Debug, Default, Clone, Copy)]
struct LogRecord<'p> {
    time_unix_nano: u64,
    observed_time_unix_nano: u64,
    severity_number: i32,
    severity_text: &'p str,
    event_name: &'p str,
    /// `AnyValue` bytes.
    body: Option<&'p [u8]>,
    trace_id: &'p [u8],
    span_id: &'p [u8],
    flags: u32,
    dropped_attributes_count: u32,
}

/// Builds the rows of the `logs` table.
#[derive(Debug)]
pub(super) struct Logs<'p> {
    attributes: Attributes<'p>,
    columns: Columns,
}

impl<'p> Sink<'p> for Logs<'p> {
    const KIND: Kind = Kind::LogRecord;

    fn record(
        &mut self,
        context: &mut Context<'p>,
        envelope: &Envelope<'p>,
        bytes: &'p [u8],
    ) -> Result<(), DecodeError> {
        let service_name = envelope.service_name;
        let log = match self.read(bytes) {
            Ok(log) => log,
            Err(fault) => return context.fault(fault, (Self::KIND, bytes), service_name, 1),
        };
        if !context.admit(service_name, service_name.map_or(0, str::len)) {
            return Ok(());
        }
        let trace_id = TraceId::from_slice(log.trace_id);
        let span_id = SpanId::from_slice(log.span_id);
        note_oddities(context, service_name, &log, (trace_id, span_id));
        odd::attributes(context, service_name, &self.attributes, Subject { what: "log record", name: log.event_name });
        self.columns.push(&log, trace_id, span_id, context.received);
        self.columns.push_body(log.body).map_err(|fault| context.fatal(fault, "log record"))?;
        self.columns.tail.push(envelope, &self.attributes.list);
        Ok(())
    }
}

impl<'p> Logs<'p> {
    pub(super) fn new() -> Self {
        Self { attributes: Attributes::default(), columns: Columns::new() }
    }

    fn read(&mut self, bytes: &'p [u8]) -> Result<LogRecord<'p>, Fault> {
        self.attributes.clear();
        let mut log = LogRecord::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => log.time_unix_nano = field.fixed64()?,
                2 => log.severity_number = field.i32()?,
                3 => log.severity_text = field.text()?,
                5 => {
                    any::value(field.bytes()?)?;
                    log.body = Some(field.bytes()?);
                }
                6 => self.attributes.push(field.bytes()?)?,
                7 => log.dropped_attributes_count = field.u32()?,
                8 => log.flags = field.fixed32()?,
                9 => log.trace_id = field.bytes()?,
                10 => log.span_id = field.bytes()?,
                11 => log.observed_time_unix_nano = field.fixed64()?,
                12 => log.event_name = field.text()?,
                _ => {}
            }
        }
        self.attributes.finish();
        Ok(log)
    }

    /// Returns the batch, or `None` without rows.
    pub(super) fn finish(self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        self.columns.finish(received)
    }
}

fn note_oddities(
    context: &mut Context<'_>,
    service_name: Option<&str>,
    log: &LogRecord<'_>,
    (trace_id, span_id): (Option<TraceId>, Option<SpanId>),
) {
    let sent = [("trace_id", log.trace_id, trace_id.is_some()), ("span_id", log.span_id, span_id.is_some())];
    if let Some((field, id, _)) = sent.into_iter().find(|(_, id, valid)| !valid && !id.is_empty()) {
        context.odd(IssueCode::InvalidLogIds, service_name, || {
            format!("a log record has {}; kept without it", bad_id(field, id))
        });
    }
    if log.time_unix_nano == 0 && log.observed_time_unix_nano == 0 {
        context.odd(IssueCode::LogWithoutTime, service_name, || {
            "a log record has no time and no observed time; the time of arrival stands in".to_owned()
        });
    }
    context.check_time(log.time_unix_nano, "a log record's time", service_name);
    if i64::try_from(log.observed_time_unix_nano).is_err() {
        context.check_time(log.observed_time_unix_nano, "a log record's observed time", service_name);
    }
}

/// The columns of the `logs` table in the order of its schema.
#[derive(Debug)]
struct Columns {
    time: Vec<i64>,
    time_raw: UInt64Builder,
    observed_time: TimestampNanosecondBuilder,
    observed_time_raw: UInt64Builder,
    severity_number: Int32Builder,
    severity_text: StringBuilder,
    event_name: StringBuilder,
    body: StringBuilder,
    body_any: BinaryBuilder,
    trace_id: IdColumn<16>,
    span_id: IdColumn<8>,
    flags: UInt32Builder,
    dropped: UInt32Builder,
    tail: Tail,
}

impl Columns {
    fn new() -> Self {
        Self {
            time: Vec::new(),
            time_raw: UInt64Builder::new(),
            observed_time: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            observed_time_raw: UInt64Builder::new(),
            severity_number: Int32Builder::new(),
            severity_text: StringBuilder::new(),
            event_name: StringBuilder::new(),
            body: StringBuilder::new(),
            body_any: BinaryBuilder::new(),
            trace_id: IdColumn::new(),
            span_id: IdColumn::new(),
            flags: UInt32Builder::new(),
            dropped: UInt32Builder::new(),
            tail: Tail::new(),
        }
    }

    fn push(&mut self, log: &LogRecord<'_>, trace_id: Option<TraceId>, span_id: Option<SpanId>, received: UnixNanos) {
        let (sent, observed) = (log.time_unix_nano, log.observed_time_unix_nano);
        let time = [sent, observed].into_iter().find(|time| *time != 0).unwrap_or(received.0);
        self.time.push(UnixNanos(time).saturating_i64());
        self.time_raw.append_option((sent == 0 || i64::try_from(sent).is_err()).then_some(sent));
        self.observed_time.append_option((observed != 0).then_some(UnixNanos(observed).saturating_i64()));
        self.observed_time_raw.append_option(i64::try_from(observed).is_err().then_some(observed));
        self.severity_number.append_value(log.severity_number);
        self.severity_text.append_option(non_empty(log.severity_text));
        self.event_name.append_option(non_empty(log.event_name));
        self.trace_id.push_option(trace_id.as_ref().map(TraceId::as_bytes));
        self.span_id.push_option(span_id.as_ref().map(SpanId::as_bytes));
        self.flags.append_value(log.flags);
        self.dropped.append_value(log.dropped_attributes_count);
    }

    /// Appends a text body as it is, any other as JSON and as its own bytes.
    fn push_body(&mut self, body: Option<&[u8]>) -> Result<(), Fault> {
        let Some(bytes) = body else {
            self.body.append_null();
            self.body_any.append_null();
            return Ok(());
        };
        if let Value::Str(text) = any::value(bytes)? {
            self.body.append_value(text);
            self.body_any.append_null();
            return Ok(());
        }
        match encode::any_value(bytes) {
            telltale_model::AttributeValue::Empty => self.body.append_null(),
            value => self.body.append_value(value.display()),
        }
        self.body_any.append_value(bytes);
        Ok(())
    }

    fn finish(self, received: UnixNanos) -> Result<Option<RecordBatch>, ArrowError> {
        if self.time.is_empty() {
            return Ok(None);
        }
        let Self { mut time_raw, mut observed_time, mut observed_time_raw, mut severity_number, .. } = self;
        let Self { mut severity_text, mut event_name, mut body, mut body_any, mut flags, mut dropped, .. } = self;
        let mut columns: Vec<ArrayRef> = vec![
            timestamps(self.time),
            Arc::new(time_raw.finish()),
            Arc::new(observed_time.finish()),
            Arc::new(observed_time_raw.finish()),
            Arc::new(severity_number.finish()),
            Arc::new(severity_text.finish()),
            Arc::new(event_name.finish()),
            Arc::new(body.finish()),
            Arc::new(body_any.finish()),
            self.trace_id.finish()?,
            self.span_id.finish()?,
            Arc::new(flags.finish()),
            Arc::new(dropped.finish()),
        ];
        self.tail.finish(received, &mut columns)?;
        RecordBatch::try_new(Table::Logs.schema(), columns).map(Some)
    }
}
