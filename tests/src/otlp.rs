//! Builders of honest export requests.

use std::time::SystemTime;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, status::StatusCode};

/// The clock in OTLP's unit.
///
/// # Panics
/// When the clock stands before 1970.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(since.as_nanos()).expect("a clock before 2554")
}

/// A string value.
#[must_use]
pub fn string(text: impl Into<String>) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.into())) }
}

/// An attribute of any value.
#[must_use]
pub fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// An attribute of a string value.
#[must_use]
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

/// The resource of a service.
#[must_use]
pub fn resource(service_name: &str) -> Option<Resource> {
    Some(Resource { attributes: vec![text("service.name", service_name)], ..Resource::default() })
}

/// The scope of these tests.
#[must_use]
pub fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "telltale-tests".to_owned(),
        version: "1".to_owned(),
        ..InstrumentationScope::default()
    })
}

/// A server span of a millisecond.
#[must_use]
pub fn span(trace_id: [u8; 16], span_id: [u8; 8], name: &str) -> Span {
    let start = now();
    Span {
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000_000,
        ..Span::default()
    }
}

/// The same span with a parent.
#[must_use]
pub fn child_of(mut span: Span, parent: [u8; 8]) -> Span {
    span.parent_span_id = parent.to_vec();
    span
}

/// The same span with an error.
#[must_use]
pub fn failed(mut span: Span, message: &str) -> Span {
    span.status = Some(Status { message: message.to_owned(), code: StatusCode::Error as i32 });
    span
}

/// A request of spans of one service.
#[must_use]
pub fn traces(service_name: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: resource(service_name), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

/// A log record with a text body, at severity INFO, inside a span.
#[must_use]
pub fn log(trace_id: [u8; 16], span_id: [u8; 8], body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: now(),
        observed_time_unix_nano: now(),
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(string(body)),
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        ..LogRecord::default()
    }
}

/// A request of log records of one service.
#[must_use]
pub fn logs(service_name: &str, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(service_name), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }
}

/// A gauge of points.
#[must_use]
pub fn gauge(name: &str, points: Vec<NumberDataPoint>) -> Metric {
    Metric { name: name.to_owned(), data: Some(Data::Gauge(Gauge { data_points: points })), ..Metric::default() }
}

/// A point that holds a double, now.
#[must_use]
pub fn point(value: f64) -> NumberDataPoint {
    NumberDataPoint {
        time_unix_nano: now(),
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

/// A point that holds an integer, now.
#[must_use]
pub fn point_int(value: i64) -> NumberDataPoint {
    NumberDataPoint {
        time_unix_nano: now(),
        value: Some(number_data_point::Value::AsInt(value)),
        ..NumberDataPoint::default()
    }
}

/// A request of metrics of one service.
#[must_use]
pub fn metrics(service_name: &str, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(service_name), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
