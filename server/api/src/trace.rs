//! `GET /api/trace/{id}` and the one-line summary of a trace.

use serde::{Deserialize, Serialize};

use crate::{Nanos, SignedNanos};

/// One line about a trace, in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSummary {
    /// The trace.
    pub trace_id: String,
    /// Earliest start of a span.
    pub start_unix_nano: Nanos,
    /// From the earliest start to the latest end.
    pub duration_ns: SignedNanos,
    /// Name of the root span; of the earliest span when the root has not arrived.
    pub name: String,
    /// Service of that span.
    pub service_name: Option<String>,
    /// Whether the root span has arrived.
    pub has_root: bool,
    /// Spans stored.
    pub span_count: u64,
    /// Of these, with an error.
    pub error_count: u64,
    /// Message of the first error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// Every service of the trace, sorted.
    pub services: Vec<String>,
}

/// One trace with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct TraceView {
    /// The trace.
    pub trace_id: String,
    /// Log records that carry the trace id, by time.
    pub logs: Vec<LogRow>,
    /// Exemplars of metrics that point at the trace, by time.
    pub exemplars: Vec<ExemplarRow>,
    /// Resources that rows refer to by position.
    pub resources: Vec<ResourceView>,
    /// Scopes that rows refer to by position.
    pub scopes: Vec<ScopeView>,
    /// Spans left out because an identical one was stored already (a sender that resends).
    pub duplicate_span_count: u64,
    /// When the last span or log of the trace arrived.
    pub last_ingest_unix_nano: Nanos,
    /// The server's time when it answered; with the line above it tells whether the trace may still be arriving.
    pub now_unix_nano: Nanos,
    /// Its spans by start time, exact duplicates left out. They stand last: they may be nearly all of the answer, and are then written
    /// while it is sent.
    pub spans: Vec<SpanRow>,
}

/// A span as the page needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct SpanRow {
    /// The span.
    pub span_id: String,
    /// Its parent; none for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// Name of the operation.
    pub name: String,
    /// OTLP `SpanKind` number.
    pub kind: i32,
    /// Start.
    pub start_unix_nano: Nanos,
    /// Length; negative when the sender's clock stepped back.
    pub duration_ns: SignedNanos,
    /// OTLP `StatusCode` number.
    pub status_code: i32,
    /// Message of the status.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status_message: String,
    /// Service that recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Attributes in the order sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRow>,
    /// Span events in the order sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRow>,
    /// Links in the order sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkRow>,
    /// Position in [`TraceView::resources`].
    pub resource: u32,
    /// Position in [`TraceView::scopes`].
    pub scope: u32,
    /// W3C `tracestate`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace_state: String,
    /// W3C trace flags and OTLP's extra bits.
    #[serde(default)]
    pub flags: u32,
    /// What the sender dropped before sending.
    #[serde(default)]
    pub dropped_attributes_count: u32,
    /// Events that the sender dropped.
    #[serde(default)]
    pub dropped_events_count: u32,
    /// Links that the sender dropped.
    #[serde(default)]
    pub dropped_links_count: u32,
}

/// Which member of OTLP's `AnyValue` a value came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// `string_value`.
    #[default]
    String,
    /// `bool_value`.
    Bool,
    /// `int_value`.
    Int,
    /// `double_value`.
    Double,
    /// `bytes_value`, shown as hex.
    Bytes,
    /// `array_value`, shown as JSON.
    Array,
    /// `kvlist_value`, shown as JSON.
    Map,
    /// No value.
    Empty,
}

/// An attribute as text with its type; `/api/trace/{id}/otlp` has it lossless.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct AttributeRow {
    /// The key.
    pub key: String,
    /// The value as `AttributeValue::display` writes it.
    pub value: String,
    /// The value's type.
    #[serde(rename = "type")]
    pub value_type: ValueType,
}

/// A span event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct EventRow {
    /// When.
    pub time_unix_nano: Nanos,
    /// What.
    pub name: String,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRow>,
    /// What the sender dropped before sending.
    #[serde(default)]
    pub dropped_attributes_count: u32,
}

/// A link to another span.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct LinkRow {
    /// The trace it points to.
    pub trace_id: String,
    /// The span it points to.
    pub span_id: String,
    /// W3C `tracestate`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace_state: String,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRow>,
    /// What the sender dropped before sending.
    #[serde(default)]
    pub dropped_attributes_count: u32,
}

/// A log record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct LogRow {
    /// The record's time, else its observed time, else its arrival.
    pub time_unix_nano: Nanos,
    /// OTLP `SeverityNumber`.
    pub severity_number: i32,
    /// The sender's own word for the severity.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity_text: String,
    /// The body: text as it is, structured bodies as JSON.
    pub body: String,
    /// The body's type.
    pub body_type: ValueType,
    /// Name of the event, for records that are events.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event_name: String,
    /// The span that was active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Service that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Attributes in the order sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRow>,
    /// Position in [`TraceView::resources`].
    pub resource: u32,
    /// Position in [`TraceView::scopes`].
    pub scope: u32,
    /// What the sender dropped before sending.
    #[serde(default)]
    pub dropped_attributes_count: u32,
}

/// An exemplar of a metric that names the trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct ExemplarRow {
    /// Name of the metric.
    pub metric: String,
    /// Unit of the metric.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The measured value as text.
    pub value: String,
    /// When.
    pub time_unix_nano: Nanos,
    /// The span that was active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Service of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct ResourceView {
    /// Its attributes.
    pub attributes: Vec<AttributeRow>,
    /// Schema URL of its conventions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
    /// What the sender dropped before sending.
    #[serde(default)]
    pub dropped_attributes_count: u32,
}

/// An instrumentation scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct ScopeView {
    /// Name of the library.
    pub name: String,
    /// Version of the library.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRow>,
    /// Schema URL of its conventions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
    /// What the sender dropped before sending.
    #[serde(default)]
    pub dropped_attributes_count: u32,
}
