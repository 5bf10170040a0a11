//! Stored rows as records of the search language, for live streams and as the reference of tests.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use telltale_api::search::SearchRow;
use telltale_api::{Nanos, SignedNanos};
use telltale_model::AttributeValue;
use telltale_query::attribute_text;
use telltale_search::eval::{Numeric, Record, Source, Value};
use telltale_search::field::{IdColumn, IntColumn, Presence, TextColumn};
use telltale_storage::encode::{self, EncodeError, LogColumns, SpanColumns, TailColumns};

use crate::http::view;

/// A span of a batch.
pub(crate) struct SpanRecord<'a> {
    columns: &'a SpanColumns<'a>,
    row: usize,
}

/// A log record of a batch.
pub(crate) struct LogRecord<'a> {
    columns: &'a LogColumns<'a>,
    row: usize,
}

/// Calls `visit` with every span of a batch.
pub(crate) fn spans(batch: &RecordBatch, mut visit: impl FnMut(usize, &SpanRecord<'_>)) -> Result<(), EncodeError> {
    let columns = SpanColumns::new(batch)?;
    (0..columns.len()).for_each(|row| visit(row, &SpanRecord { columns: &columns, row }));
    Ok(())
}

/// Calls `visit` with every log record of a batch.
pub(crate) fn logs(batch: &RecordBatch, mut visit: impl FnMut(usize, &LogRecord<'_>)) -> Result<(), EncodeError> {
    let columns = LogColumns::new(batch)?;
    (0..columns.len()).for_each(|row| visit(row, &LogRecord { columns: &columns, row }));
    Ok(())
}

impl SpanRecord<'_> {
    /// Returns the span as it travels.
    pub(crate) fn shown(&self) -> SearchRow {
        let (columns, row) = (self.columns, self.row);
        let (status_code, text) = columns.status(row).unwrap_or((0, ""));
        SearchRow {
            time_unix_nano: Nanos(columns.start_time_unix_nano(row).0),
            trace_id: columns.trace_id(row).map(|id| id.to_hex()),
            span_id: columns.span_id(row).map(|id| id.to_hex()),
            name: columns.name(row).to_owned(),
            text: text.to_owned(),
            duration_ns: Some(SignedNanos(columns.duration_ns(row))),
            span_kind: Some(columns.kind(row)),
            status_code: Some(status_code),
            ..tail_of(columns.tail(), row)
        }
    }
}

impl LogRecord<'_> {
    /// Returns the record as it travels.
    pub(crate) fn shown(&self) -> SearchRow {
        let (columns, row) = (self.columns, self.row);
        SearchRow {
            time_unix_nano: Nanos(columns.time(row).0),
            trace_id: columns.trace_id(row).map(|id| id.to_hex()),
            span_id: columns.span_id(row).map(|id| id.to_hex()),
            name: columns.event_name(row).to_owned(),
            text: columns.body_text(row).unwrap_or_default().to_owned(),
            severity_number: Some(columns.severity_number(row)),
            severity_text: columns.severity_text(row).to_owned(),
            ..tail_of(columns.tail(), row)
        }
    }
}

/// Fills in what spans and log records have alike.
fn tail_of(tail: &TailColumns<'_>, row: usize) -> SearchRow {
    SearchRow {
        service_name: tail.service_name(row).map(str::to_owned),
        attributes: view::attribute_rows(tail.attributes(row)),
        resource_attributes: view::attribute_rows(encode::resource(tail.resource(row)).attributes),
        scope_name: encode::scope(tail.scope(row)).name,
        ..SearchRow::default()
    }
}

fn attribute<'a>(tail: &TailColumns<'a>, row: usize, source: Source, key: &str) -> Option<Value<'a>> {
    let found = match source {
        Source::Record => tail.attribute(row, key)?,
        Source::Resource => first(encode::resource(tail.resource(row)).attributes, key)?,
        Source::Scope => first(encode::scope(tail.scope(row)).attributes, key)?,
    };
    let number = match found {
        AttributeValue::Int(int) => Some(Numeric::Int(int)),
        AttributeValue::Double(double) => Some(Numeric::Double(double)),
        _ => None,
    };
    Some(Value { text: Cow::Owned(attribute_text(&found)?), number })
}

fn first(attributes: Vec<(String, AttributeValue)>, key: &str) -> Option<AttributeValue> {
    attributes.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

fn scope_text<'a>(tail: &TailColumns<'a>, row: usize, column: TextColumn) -> Option<Cow<'a, str>> {
    let scope = encode::scope(tail.scope(row));
    let text = if column == TextColumn::ScopeName { scope.name } else { scope.version };
    (!text.is_empty()).then_some(Cow::Owned(text))
}

fn non_empty(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

impl Record for SpanRecord<'_> {
    fn text(&self, column: TextColumn) -> Option<Cow<'_, str>> {
        let (columns, row) = (self.columns, self.row);
        match column {
            TextColumn::Service => columns.tail().service_name(row).map(Cow::Borrowed),
            TextColumn::Name => Some(Cow::Borrowed(columns.name(row))),
            TextColumn::StatusMessage => columns.status(row).and_then(|(_, message)| non_empty(message)),
            TextColumn::TraceState => non_empty(columns.trace_state(row)),
            TextColumn::ScopeName | TextColumn::ScopeVersion => scope_text(columns.tail(), row, column),
            TextColumn::EventName | TextColumn::Body | TextColumn::SeverityText => None,
        }
    }

    fn id(&self, column: IdColumn) -> Option<Cow<'_, str>> {
        let hex = match column {
            IdColumn::Trace => self.columns.trace_id(self.row)?.to_hex(),
            IdColumn::Span => self.columns.span_id(self.row)?.to_hex(),
            IdColumn::Parent => self.columns.parent_span_id(self.row)?.to_hex(),
        };
        Some(Cow::Owned(hex))
    }

    fn int(&self, column: IntColumn) -> Option<i64> {
        match column {
            IntColumn::Duration | IntColumn::DurationNs => Some(self.columns.duration_ns(self.row)),
            IntColumn::Status => self.columns.status(self.row).map(|(code, _)| i64::from(code)),
            IntColumn::Kind => Some(i64::from(self.columns.kind(self.row))),
            IntColumn::SeverityNumber => None,
        }
    }

    fn has(&self, presence: Presence) -> bool {
        match presence {
            Presence::Exception => self.columns.events(self.row).any(|event| event.name == "exception"),
            Presence::Events => self.columns.events(self.row).len() > 0,
            Presence::Links => self.columns.links(self.row).len() > 0,
        }
    }

    fn attribute(&self, source: Source, key: &str) -> Option<Value<'_>> {
        attribute(self.columns.tail(), self.row, source, key)
    }
}

impl Record for LogRecord<'_> {
    fn text(&self, column: TextColumn) -> Option<Cow<'_, str>> {
        let (columns, row) = (self.columns, self.row);
        match column {
            TextColumn::Service => columns.tail().service_name(row).map(Cow::Borrowed),
            TextColumn::Body => columns.body_text(row).map(Cow::Borrowed),
            TextColumn::EventName => non_empty(columns.event_name(row)),
            TextColumn::SeverityText => non_empty(columns.severity_text(row)),
            TextColumn::ScopeName | TextColumn::ScopeVersion => scope_text(columns.tail(), row, column),
            TextColumn::Name | TextColumn::StatusMessage | TextColumn::TraceState => None,
        }
    }

    fn id(&self, column: IdColumn) -> Option<Cow<'_, str>> {
        let hex = match column {
            IdColumn::Trace => self.columns.trace_id(self.row)?.to_hex(),
            IdColumn::Span => self.columns.span_id(self.row)?.to_hex(),
            IdColumn::Parent => return None,
        };
        Some(Cow::Owned(hex))
    }

    fn int(&self, column: IntColumn) -> Option<i64> {
        (column == IntColumn::SeverityNumber).then(|| i64::from(self.columns.severity_number(self.row)))
    }

    fn has(&self, presence: Presence) -> bool {
        let keys = ["exception.type", "exception.message", "exception.stacktrace"];
        presence == Presence::Exception && keys.iter().any(|key| self.attribute(Source::Record, key).is_some())
    }

    fn attribute(&self, source: Source, key: &str) -> Option<Value<'_>> {
        attribute(self.columns.tail(), self.row, source, key)
    }
}
