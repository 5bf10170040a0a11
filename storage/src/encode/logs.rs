//! Batches of the `logs` table, row by row and as OTLP.

use arrow::array::{Array as _, BinaryArray, FixedSizeBinaryArray, Int32Array, RecordBatch, StringArray, UInt32Array};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use telltale_model::{AttributeValue, SpanId, TraceId, UnixNanos};

use super::columns::{EncodeError, TailColumns, TimeColumn, id, text, typed};
use super::envelope::{Enveloped, resource_proto, scope_proto};
use super::values::{any_value, any_value_proto};
use crate::schema::col;

/// The columns of a batch of log records. In every getter `row` must be less than [`Self::len`].
#[derive(Debug, Clone, Copy)]
pub struct LogColumns<'a> {
    time: TimeColumn<'a>,
    observed: TimeColumn<'a>,
    severity_number: &'a Int32Array,
    severity_text: &'a StringArray,
    event_name: &'a StringArray,
    body: &'a StringArray,
    body_any: &'a BinaryArray,
    trace_id: &'a FixedSizeBinaryArray,
    span_id: &'a FixedSizeBinaryArray,
    flags: &'a UInt32Array,
    dropped: &'a UInt32Array,
    tail: TailColumns<'a>,
}

impl<'a> LogColumns<'a> {
    /// Finds the columns in a batch of the `logs` table.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        Ok(Self {
            time: TimeColumn::new(batch, col::TIME_UNIX_NANO, col::TIME_RAW)?,
            observed: TimeColumn::new(batch, col::OBSERVED_TIME_UNIX_NANO, col::OBSERVED_TIME_RAW)?,
            severity_number: typed(batch, col::SEVERITY_NUMBER)?,
            severity_text: typed(batch, col::SEVERITY_TEXT)?,
            event_name: typed(batch, col::EVENT_NAME)?,
            body: typed(batch, col::BODY)?,
            body_any: typed(batch, col::BODY_ANY)?,
            trace_id: typed(batch, col::TRACE_ID)?,
            span_id: typed(batch, col::SPAN_ID)?,
            flags: typed(batch, col::FLAGS)?,
            dropped: typed(batch, col::DROPPED_ATTRIBUTES_COUNT)?,
            tail: TailColumns::new(batch)?,
        })
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.severity_number.len()
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

    /// Returns the time to sort and show: the record's, else its observed time, else the time of arrival.
    #[must_use]
    pub fn time(&self, row: usize) -> UnixNanos {
        self.time.query(row)
    }

    /// Returns the time as sent; 0 when it was not.
    #[must_use]
    pub fn time_unix_nano(&self, row: usize) -> UnixNanos {
        UnixNanos(self.time.sent(row))
    }

    /// Returns the observed time as sent; 0 when it was not.
    #[must_use]
    pub fn observed_time_unix_nano(&self, row: usize) -> UnixNanos {
        UnixNanos(self.observed.sent(row))
    }

    /// Returns the severity's number as sent, 0 for none.
    #[must_use]
    pub fn severity_number(&self, row: usize) -> i32 {
        self.severity_number.value(row)
    }

    /// Returns the severity as the sender spells it, empty for none.
    #[must_use]
    pub fn severity_text(&self, row: usize) -> &'a str {
        text(self.severity_text, row)
    }

    /// Returns the event's name, empty for none.
    #[must_use]
    pub fn event_name(&self, row: usize) -> &'a str {
        text(self.event_name, row)
    }

    /// Returns the body as text: a text as it is, anything else as JSON; none without a body.
    #[must_use]
    pub fn body_text(&self, row: usize) -> Option<&'a str> {
        self.body.is_valid(row).then(|| self.body.value(row))
    }

    /// Returns the body as it was sent; none without a body.
    #[must_use]
    pub fn body(&self, row: usize) -> Option<AttributeValue> {
        if self.body_any.is_valid(row) {
            return Some(any_value(self.body_any.value(row)));
        }
        self.body_text(row).map(|text| AttributeValue::String(text.to_owned()))
    }

    /// Returns the trace that the record belongs to.
    #[must_use]
    pub fn trace_id(&self, row: usize) -> Option<TraceId> {
        TraceId::from_slice(id(self.trace_id, row))
    }

    /// Returns the span that the record belongs to.
    #[must_use]
    pub fn span_id(&self, row: usize) -> Option<SpanId> {
        SpanId::from_slice(id(self.span_id, row))
    }

    /// Returns the flags: the low byte is W3C's.
    #[must_use]
    pub fn flags(&self, row: usize) -> u32 {
        self.flags.value(row)
    }

    /// Returns how many attributes the sender dropped.
    #[must_use]
    pub fn dropped_attributes_count(&self, row: usize) -> u32 {
        self.dropped.value(row)
    }

    fn proto(&self, row: usize) -> LogRecord {
        let body = if self.body_any.is_valid(row) {
            Some(any_value_proto(self.body_any.value(row), 1))
        } else {
            self.body_text(row).map(|text| AnyValue { value: Some(Value::StringValue(text.to_owned())) })
        };
        LogRecord {
            time_unix_nano: self.time_unix_nano(row).0,
            observed_time_unix_nano: self.observed_time_unix_nano(row).0,
            severity_number: self.severity_number(row),
            severity_text: self.severity_text(row).to_owned(),
            body,
            attributes: self.tail.attributes_proto(row),
            dropped_attributes_count: self.dropped_attributes_count(row),
            flags: self.flags(row),
            trace_id: id(self.trace_id, row).to_vec(),
            span_id: id(self.span_id, row).to_vec(),
            event_name: self.event_name(row).to_owned(),
        }
    }
}

pub(super) fn encode(batches: &[RecordBatch]) -> Result<LogsData, EncodeError> {
    let mut resources: Enveloped<'_, Vec<LogRecord>> = Enveloped::default();
    for batch in batches {
        let logs = LogColumns::new(batch)?;
        for row in 0..logs.len() {
            let (resource, scope) = (logs.tail.resource(row), logs.tail.scope(row));
            resources.of(resource).of(scope).push(logs.proto(row));
        }
    }
    let resource_logs = resources.into_vec().into_iter().map(|(bytes, scopes)| {
        let (resource, schema_url) = resource_proto(bytes);
        let scope_logs = scopes.into_vec().into_iter().map(|(bytes, log_records)| {
            let (scope, schema_url) = scope_proto(bytes);
            ScopeLogs { scope, log_records, schema_url }
        });
        ResourceLogs { resource, scope_logs: scope_logs.collect(), schema_url }
    });
    Ok(LogsData { resource_logs: resource_logs.collect() })
}
