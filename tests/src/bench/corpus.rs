//! Requests to send: seeded, of known size, each item different.
//!
//! The shapes are chosen so that figures lie beside published ones: `semconv` is a server span with the attributes of the
//! HTTP and database conventions, `fat` a span with a high-cardinality gateway, `wild` a fat one of a careless sender,
//! `lean` one with two attributes. This file depends on nothing else of the harness, because the benchmark of decoding
//! includes it as well.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message as _;

/// Spans (and logs) of one trace, in every shape.
pub const ITEMS_PER_TRACE: usize = 8;

/// Gateways and devices of a large fleet; their names differ in the digits after [`GATEWAY_MARK`].
pub const GATEWAYS: u64 = 4_350_000;
/// What the name of every gateway begins with.
pub const GATEWAY_MARK: &str = "gw-eu-central-1-";
/// Digits of such a name.
pub const GATEWAY_DIGITS: usize = 7;

/// Different keys of one attribute of `wild` spans.
pub const WILD_KEYS: u64 = 10_000;

/// What the items look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A span of about 806 bytes with the attributes of semantic conventions.
    Semconv,
    /// A span of about 472 bytes with 11 attributes, events on one in twenty.
    Fat,
    /// A `Fat` span of a careless sender: one key has numbers and texts in turn, another is one of [`WILD_KEYS`].
    Wild,
    /// A span of about 134 bytes with two attributes.
    Lean,
    /// A log record of about 358 bytes.
    Log,
    /// A data point of a sum of about 197 bytes.
    Point,
}

/// A source of arbitrary 64 bits.
pub type Source<'a> = &'a mut dyn FnMut() -> u64;

/// Returns an export request with `items` items of a shape, as protobuf.
#[must_use]
pub fn request(shape: Shape, items: usize, next: Source<'_>) -> Vec<u8> {
    match shape {
        Shape::Semconv | Shape::Fat | Shape::Wild | Shape::Lean => traces(shape, items, next),
        Shape::Log => logs(items, next),
        Shape::Point => points(items, next),
    }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    of(key, Value::StringValue(value.into()))
}

fn int(key: &str, value: u64) -> KeyValue {
    of(key, Value::IntValue(value as i64))
}

fn of(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}

fn resource() -> Option<Resource> {
    let attributes = vec![
        text("service.name", "checkout"),
        text("service.version", "2.14.3"),
        text("service.instance.id", "627cc493-f310-47de-96bd-71410b7dec09"),
        text("deployment.environment.name", "production"),
        text("host.name", "ip-10-0-12-7.eu-central-1.compute.internal"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", "java"),
        text("telemetry.sdk.version", "1.54.0"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    let (name, version) = ("io.opentelemetry.spring-webmvc-6.0".to_owned(), "2.20.1-alpha".to_owned());
    Some(InstrumentationScope { name, version, ..InstrumentationScope::default() })
}

fn pick<'a>(next: Source<'_>, from: &[&'a str]) -> &'a str {
    from[next() as usize % from.len()]
}

fn ip(next: Source<'_>) -> String {
    let bits = next();
    format!("10.{}.{}.{}", bits & 63, (bits >> 8) & 255, (bits >> 16) & 255)
}

fn gateway(next: Source<'_>) -> String {
    format!("{GATEWAY_MARK}{:0width$}", next() % GATEWAYS, width = GATEWAY_DIGITS)
}

fn semconv_attributes(next: Source<'_>) -> Vec<KeyValue> {
    let route = pick(next, &["/api/orders/{id}", "/api/carts/{id}/items", "/api/products/{sku}", "/api/payments"]);
    let path =
        route.replace("{id}", &(next() % 1_000_000).to_string()).replace("{sku}", &format!("A{:06}", next() % 50_000));
    let status = if next().is_multiple_of(20) { 500 } else { 200 };
    vec![
        text("http.request.method", pick(next, &["GET", "POST", "PUT"])),
        text("http.route", route),
        text("url.scheme", "https"),
        text("url.path", path),
        text("url.query", "expand=lines"),
        int("http.response.status_code", status),
        text("server.address", "shop.example.com"),
        int("server.port", 8443),
        text("client.address", ip(next)),
        text("network.peer.address", ip(next)),
        int("network.peer.port", 1024 + next() % 60_000),
        text("network.protocol.version", "1.1"),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"),
        int("thread.id", 20 + next() % 200),
        text("thread.name", format!("https-jsse-nio-8443-exec-{}", next() % 200)),
        text("app.customer.id", format!("{:016x}", next())),
        text("code.function.name", "com.example.shop.orders.OrderController.place"),
        int("http.request.body.size", next() % 65_536),
        int("http.response.body.size", next() % 65_536),
    ]
}

fn fat_attributes(next: Source<'_>) -> Vec<KeyValue> {
    vec![
        text("gateway.id", gateway(next)),
        text("gateway.firmware", pick(next, &["3.2.1+8f3ac21", "3.2.2+b1d9e04", "3.3.0+0c77f52"])),
        text("messaging.system", "mqtt"),
        text("messaging.destination.name", format!("fleet/{}/telemetry", gateway(next))),
        text("network.peer.address", ip(next)),
        int("network.peer.port", 1024 + next() % 60_000),
        int("messaging.message.body.size", next() % 4_096),
        text("tls.protocol.version", "1.3"),
        text("cloud.region", pick(next, &["eu-central-1", "eu-west-1", "us-east-1"])),
        of("retained", Value::BoolValue(next() & 1 == 0)),
        of("signal.strength", Value::DoubleValue(-(next() as f64 % 90.0))),
    ]
}

fn wild_attributes(next: Source<'_>) -> Vec<KeyValue> {
    let mut attributes = fat_attributes(next);
    for attribute in &mut attributes {
        match attribute.key.as_str() {
            "messaging.message.body.size" if next() & 1 == 0 => {
                *attribute = text("messaging.message.body.size", (next() % 4_096).to_string());
            }
            "signal.strength" => attribute.key = format!("sensor.{:08}", next() % WILD_KEYS),
            _ => {}
        }
    }
    attributes
}

fn lean_attributes(next: Source<'_>) -> Vec<KeyValue> {
    vec![text("gateway.id", gateway(next)), int("payload.size", next() % 4_096)]
}

fn traces(shape: Shape, items: usize, next: Source<'_>) -> Vec<u8> {
    let mut spans: Vec<Span> = Vec::with_capacity(items);
    for index in 0..items {
        let attributes = match shape {
            Shape::Semconv => semconv_attributes(next),
            Shape::Fat => fat_attributes(next),
            Shape::Wild => wild_attributes(next),
            _ => lean_attributes(next),
        };
        let has_event = shape != Shape::Lean && next().is_multiple_of(20);
        let failed = next().is_multiple_of(20);
        let (name, kind) = match shape {
            Shape::Semconv => (pick(next, &["GET /api/orders/{id}", "POST /api/payments", "SELECT shop.orders"]), 2),
            _ => (pick(next, &["publish", "connect", "persist", "ack"]), 4),
        };
        let is_root = index % ITEMS_PER_TRACE == 0;
        let start = 1_000_000 * index as u64 + 1;
        spans.push(Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            parent_span_id: if is_root { Vec::new() } else { vec![3; 8] },
            flags: 0x101,
            name: name.to_owned(),
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: start + 10_000 + next() % 50_000_000,
            attributes,
            events: if has_event { vec![exception(start)] } else { Vec::new() },
            status: failed.then(|| Status { code: 2, message: "connection reset by peer".to_owned() }),
            ..Span::default()
        });
    }
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource(), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn exception(time_unix_nano: u64) -> span::Event {
    let attributes =
        vec![text("exception.type", "java.net.SocketException"), text("exception.message", "Connection reset by peer")];
    span::Event { time_unix_nano, name: "exception".to_owned(), attributes, ..span::Event::default() }
}

fn logs(items: usize, next: Source<'_>) -> Vec<u8> {
    let mut log_records = Vec::with_capacity(items);
    for index in 0..items {
        let body = format!(
            "{} order {} of customer {:016x} in {} ms from {}",
            pick(next, &["accepted", "rejected", "priced", "shipped", "cancelled"]),
            next() % 10_000_000,
            next(),
            next() % 900,
            ip(next),
        );
        let time = 1_000_000 * index as u64 + 1;
        log_records.push(LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: time + 1,
            severity_number: 9,
            severity_text: "INFO".to_owned(),
            body: Some(AnyValue { value: Some(Value::StringValue(body)) }),
            attributes: vec![
                text("code.function.name", "com.example.shop.orders.OrderService.place"),
                text("code.file.path", "OrderService.java"),
                int("code.line.number", 100 + next() % 400),
                text("app.tenant.id", format!("tenant-{:05}", next() % 5_000)),
                text("thread.name", format!("https-jsse-nio-8443-exec-{}", next() % 200)),
            ],
            flags: 1,
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            ..LogRecord::default()
        });
    }
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn points(items: usize, next: Source<'_>) -> Vec<u8> {
    let point = |next: Source<'_>| NumberDataPoint {
        attributes: vec![
            text("http.request.method", pick(next, &["GET", "POST", "PUT"])),
            text("http.route", pick(next, &["/api/orders/{id}", "/api/carts/{id}", "/api/payments"])),
            int("http.response.status_code", 200 + next() % 5),
            text("server.address", ip(next)),
            text("network.protocol.version", "2"),
        ],
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        value: Some(Number::AsInt((next() % 1_000_000) as i64)),
        ..NumberDataPoint::default()
    };
    let per_metric = 20;
    let mut metrics = Vec::new();
    let mut left = items;
    while left > 0 {
        let count = left.min(per_metric);
        left -= count;
        let data_points = (0..count).map(|_| point(next)).collect();
        metrics.push(Metric {
            name: format!("shop.http.server.requests.{}", metrics.len() % 40),
            description: "Requests answered".to_owned(),
            unit: "{request}".to_owned(),
            data: Some(Data::Sum(Sum { data_points, aggregation_temporality: 2, is_monotonic: true })),
            ..Metric::default()
        });
    }
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource: resource(), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}
