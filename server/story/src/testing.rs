//! Builders of traces for this crate's tests.

use telltale_api::trace::{AttributeRow, EventRow, LogRow, ResourceView, SpanRow, TraceView, ValueType};
use telltale_api::{Nanos, SignedNanos};

/// The start of every test trace: 2026-11-21T09:14:03.221Z.
pub(crate) const BASE: u64 = 1_795_252_443_221_000_000;

/// A span in the making.
#[derive(Debug, Clone)]
pub(crate) struct SpanBuilder(SpanRow);

/// Begins a span with small numbers as ids; parent 0 is none. Times are offsets in nanoseconds.
pub(crate) fn span(name: &str, id: u64, parent: u64) -> SpanBuilder {
    SpanBuilder(SpanRow {
        span_id: format!("{id:016x}"),
        parent_span_id: (parent > 0).then(|| format!("{parent:016x}")),
        name: name.to_owned(),
        kind: 1,
        start_unix_nano: Nanos(BASE),
        ..SpanRow::default()
    })
}

/// An attribute with a text value.
pub(crate) fn attribute(key: &str, value: &str) -> AttributeRow {
    AttributeRow { key: key.to_owned(), value: value.to_owned(), value_type: ValueType::String }
}

impl SpanBuilder {
    /// Sets the offset from the trace's start and the length, in nanoseconds.
    pub(crate) fn at(mut self, start_ns: u64, duration_ns: i64) -> Self {
        self.0.start_unix_nano = Nanos(BASE + start_ns);
        self.0.duration_ns = SignedNanos(duration_ns);
        self
    }

    /// Sets offset and length in milliseconds.
    pub(crate) fn ms(self, start: u64, duration: i64) -> Self {
        self.at(start * 1_000_000, duration * 1_000_000)
    }

    /// Sets the service, and the resource by position.
    pub(crate) fn service(mut self, name: &str) -> Self {
        self.0.service_name = Some(name.to_owned());
        self
    }

    /// Sets the resource by position.
    pub(crate) fn resource(mut self, position: u32) -> Self {
        self.0.resource = position;
        self
    }

    /// Sets OTLP's kind.
    pub(crate) fn kind(mut self, kind: i32) -> Self {
        self.0.kind = kind;
        self
    }

    /// Sets an error with its message.
    pub(crate) fn error(mut self, message: &str) -> Self {
        self.0.status_code = 2;
        self.0.status_message = message.to_owned();
        self
    }

    /// Adds an attribute.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.0.attributes.push(attribute(key, value));
        self
    }

    /// Adds an event.
    pub(crate) fn event(mut self, start_ms: u64, name: &str, attributes: &[(&str, &str)]) -> Self {
        self.0.events.push(EventRow {
            time_unix_nano: Nanos(BASE + start_ms * 1_000_000),
            name: name.to_owned(),
            attributes: attributes.iter().map(|(key, value)| attribute(key, value)).collect(),
            dropped_attributes_count: 0,
        });
        self
    }

    /// Returns the span.
    pub(crate) fn row(self) -> SpanRow {
        self.0
    }
}

/// A log record at an offset in milliseconds; span 0 is none.
pub(crate) fn log(start_ms: u64, severity_number: i32, body: &str, service: &str, span: u64) -> LogRow {
    LogRow {
        time_unix_nano: Nanos(BASE + start_ms * 1_000_000),
        severity_number,
        body: body.to_owned(),
        span_id: (span > 0).then(|| format!("{span:016x}")),
        service_name: Some(service.to_owned()),
        ..LogRow::default()
    }
}

/// A trace of these rows that finished arriving long ago.
pub(crate) fn view(spans: Vec<SpanRow>, logs: Vec<LogRow>) -> TraceView {
    TraceView {
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        spans,
        logs,
        resources: vec![ResourceView::default()],
        last_ingest_unix_nano: Nanos(BASE),
        now_unix_nano: Nanos(BASE + 3_600_000_000_000),
        ..TraceView::default()
    }
}
