//! One request through two services: it fails in a database call, logs it and is counted with an exemplar.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

pub(super) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(super) const ROOT: &str = "b7ad6b7169203331";
pub(super) const QUERY: &str = "00f067aa0ba902b7";

/// The request's start: 2025-11-21T09:14:03.221Z.
const START: u64 = 1_763_716_443_221_000_000;
const MILLI: u64 = 1_000_000;

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| std::str::from_utf8(pair).unwrap().to_owned();
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(&digits(pair), 16).unwrap()).collect()
}

fn value(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key: key.into(), value, key_strindex: 0 }
}

pub(super) fn text(key: &str, text: &str) -> KeyValue {
    pair(key, value(Value::StringValue(text.into())))
}

fn resource(service: &str, version: &str) -> Option<Resource> {
    let attributes = vec![text("service.name", service), text("service.version", version)];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "shop".into(), version: "1.2".into(), ..InstrumentationScope::default() })
}

fn root() -> Span {
    Span {
        trace_id: bytes(TRACE),
        span_id: bytes(ROOT),
        name: "POST /orders".into(),
        kind: 2,
        start_time_unix_nano: START,
        end_time_unix_nano: START + 2_310 * MILLI,
        attributes: vec![
            text("http.route", "/orders"),
            pair("http.response.status_code", value(Value::IntValue(500))),
            pair("ratio", value(Value::DoubleValue(0.5))),
            pair("tags", value(Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: None }] }))),
        ],
        status: Some(Status { message: String::new(), code: 2 }),
        flags: 0x101,
        trace_state: "vendor=1".into(),
        ..Span::default()
    }
}

fn database_call() -> Span {
    let exception = Event {
        time_unix_nano: START + 2_200 * MILLI,
        name: "exception".into(),
        attributes: vec![text("exception.type", "Deadlock"), text("exception.message", "deadlock detected")],
        dropped_attributes_count: 1,
    };
    let link = Link {
        trace_id: vec![9; 16],
        span_id: vec![8; 8],
        attributes: vec![text("why", "retry of")],
        ..Link::default()
    };
    Span {
        trace_id: bytes(TRACE),
        span_id: bytes(QUERY),
        parent_span_id: bytes(ROOT),
        name: "INSERT orders".into(),
        kind: 3,
        start_time_unix_nano: START + 100 * MILLI,
        end_time_unix_nano: START + 2_200 * MILLI,
        attributes: vec![
            text("db.system.name", "postgresql"),
            text("db.query.text", "INSERT INTO orders VALUES ($1)"),
            pair("raw", value(Value::BytesValue(vec![0, 255]))),
        ],
        events: vec![exception],
        links: vec![link],
        status: Some(Status { message: "deadlock detected".into(), code: 2 }),
        dropped_events_count: 3,
        ..Span::default()
    }
}

fn spans(service: &str, version: &str, spans: Vec<Span>) -> ResourceSpans {
    ResourceSpans {
        resource: resource(service, version),
        scope_spans: vec![ScopeSpans { scope: scope(), spans, schema_url: "https://example.org/1".into() }],
        schema_url: String::new(),
    }
}

pub(super) fn traces() -> ExportTraceServiceRequest {
    let groups = vec![spans("shop-api", "1.8.2", vec![root()]), spans("orders", "2.0.0", vec![database_call()])];
    ExportTraceServiceRequest { resource_spans: groups }
}

/// A request of one span of another trace, with names of the caller's choice.
pub(super) fn one_span(trace: &str, span: &str, name: &str, error: &str) -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: bytes(trace),
        span_id: bytes(span),
        name: name.into(),
        start_time_unix_nano: START,
        end_time_unix_nano: START + MILLI,
        status: Some(Status { message: error.into(), code: 2 }),
        ..Span::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![spans(name, "1", vec![span])] }
}

/// A root span of a service that went well, one millisecond long.
pub(super) fn one_span_of(service: &str, trace: &str, span: &str, name: &str) -> ExportTraceServiceRequest {
    let mut request = one_span(trace, span, name, "");
    for group in &mut request.resource_spans {
        group.resource = resource(service, "1");
        group.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans).for_each(|span| span.status = None);
    }
    request
}

/// A root span with attributes of the caller's choice.
pub(super) fn one_span_with(trace: &str, span: &str, attributes: &[(&str, &str)]) -> ExportTraceServiceRequest {
    let mut request = one_span_of("shop-api", trace, span, "GET /");
    let spans =
        request.resource_spans.iter_mut().flat_map(|group| &mut group.scope_spans).flat_map(|scope| &mut scope.spans);
    for span in spans {
        span.attributes = attributes.iter().map(|(key, value)| text(key, value)).collect();
    }
    request
}

/// Spans of one trace, numbered: ten steps a parent, events and links now and then; the parent of number 7 never arrives.
pub(super) fn many_spans(trace: &str, numbers: std::ops::Range<u64>) -> ExportTraceServiceRequest {
    let id = |number: u64| (number + 1).to_be_bytes().to_vec();
    let span = |at: u64| {
        let start = START + at * MILLI;
        let event = Event {
            time_unix_nano: start + 1,
            name: "retry".into(),
            attributes: vec![text("n", "1")],
            ..Event::default()
        };
        let link = Link {
            trace_id: bytes(TRACE),
            span_id: bytes(ROOT),
            attributes: vec![text("why", "batch")],
            ..Link::default()
        };
        Span {
            trace_id: bytes(trace),
            span_id: id(at),
            parent_span_id: match at {
                0 => Vec::new(),
                7 => vec![0xee; 8],
                _ => id(at / 10),
            },
            name: format!("step {}", at % 13),
            start_time_unix_nano: start,
            end_time_unix_nano: start + MILLI,
            attributes: vec![text("number", &at.to_string()), text("same", "everywhere")],
            events: if at.is_multiple_of(5) { vec![event] } else { Vec::new() },
            links: if at.is_multiple_of(7) { vec![link] } else { Vec::new() },
            ..Span::default()
        }
    };
    let scope_spans =
        vec![ScopeSpans { scope: scope(), spans: numbers.map(span).collect(), schema_url: String::new() }];
    let service = resource("shop-api", "1.8.2");
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource: service, scope_spans, schema_url: String::new() }],
    }
}

pub(super) fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: START + 2_201 * MILLI,
        observed_time_unix_nano: START + 2_202 * MILLI,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: value(Value::StringValue("order failed: deadlock detected".into())),
        attributes: vec![text("order.id", "A-17")],
        trace_id: bytes(TRACE),
        span_id: bytes(QUERY),
        flags: 1,
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records: vec![record], schema_url: String::new() }];
    let group = ResourceLogs { resource: resource("orders", "2.0.0"), scope_logs, schema_url: String::new() };
    ExportLogsServiceRequest { resource_logs: vec![group] }
}

pub(super) fn metrics() -> ExportMetricsServiceRequest {
    let exemplar = Exemplar {
        time_unix_nano: START + 2_310 * MILLI,
        trace_id: bytes(TRACE),
        span_id: bytes(ROOT),
        value: Some(exemplar::Value::AsInt(17)),
        ..Exemplar::default()
    };
    let of_another = Exemplar { trace_id: vec![3; 16], ..exemplar.clone() };
    let point = NumberDataPoint {
        time_unix_nano: START + 3_000 * MILLI,
        value: Some(number_data_point::Value::AsInt(1)),
        exemplars: vec![exemplar, of_another],
        ..NumberDataPoint::default()
    };
    let metric = Metric {
        name: "orders.open".into(),
        unit: "{order}".into(),
        data: Some(metric::Data::Gauge(Gauge { data_points: vec![point] })),
        ..Metric::default()
    };
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics: vec![metric], schema_url: String::new() }];
    let group = ResourceMetrics { resource: resource("shop-api", "1.8.2"), scope_metrics, schema_url: String::new() };
    ExportMetricsServiceRequest { resource_metrics: vec![group] }
}

/// Spans of a service's server side, one a second; so many good ones, then so many with an error.
pub(super) fn outcomes(service: &str, good: u64, bad: u64) -> ExportTraceServiceRequest {
    let span = |at: u64| Span {
        trace_id: bytes(&format!("{:032x}", at + 1)),
        span_id: bytes(&format!("{:016x}", at + 1)),
        name: "GET /".into(),
        kind: 2,
        start_time_unix_nano: START + at * MILLI,
        end_time_unix_nano: START + (at + 5) * MILLI,
        status: (at >= good).then(|| Status { code: 2, message: String::new() }),
        ..Span::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![spans(service, "1", (0..good + bad).map(span).collect())] }
}
