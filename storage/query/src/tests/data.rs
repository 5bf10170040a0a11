//! One fixed data set, and a store that holds it in memory, in segments or in both.

use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use telltale_model::{SignalKind, SpanId, TraceId, UnixNanos};
use telltale_storage::clock::{Clock, ManualClock};
use telltale_storage::{Options, Storage};
use tempfile::TempDir;

use crate::{Query, QueryLimits};

/// 2026-01-02T03:04:05Z.
pub(super) const START: u64 = 1_767_323_045_000_000_000;
/// A failed purchase over two services, with logs, an event and exemplars.
pub(super) const PURCHASE: &str = "0af7651916cd43dd8448eb211c80319c";
/// A page view, linked from the purchase.
pub(super) const PAGE: &str = "00000000000000001122334455667788";
/// A span without its root.
pub(super) const ORPHAN: &str = "ffeeddccbbaa99887766554433221100";

/// Where the rows of a store lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    Segments,
    /// Every other request in segments, the rest in memory.
    Both,
    /// A segment for each request.
    ManySegments,
    /// A segment for each request, merged as they came.
    Compacted,
}

impl Place {
    pub(super) const ALL: [Self; 5] = [Self::Memory, Self::Segments, Self::Both, Self::ManySegments, Self::Compacted];
}

/// A store with its folder.
pub(super) struct Store {
    pub(super) storage: Storage,
    pub(super) query: Query,
    pub(super) folder: TempDir,
    clock: Arc<ManualClock>,
}

impl Store {
    pub(super) fn empty() -> Self {
        Self::with_limits(QueryLimits::default())
    }

    pub(super) fn with_limits(limits: QueryLimits) -> Self {
        Self::open(limits, telltale_storage::limits::Limits::default())
    }

    /// Opens an empty store whose segments stay as they were flushed, for tests that count on them.
    pub(super) fn uncompacted() -> Self {
        let limits = telltale_storage::limits::Limits { compaction_tier_segments: usize::MAX, ..Default::default() };
        Self::open(QueryLimits::default(), limits)
    }

    fn open(limits: QueryLimits, bounds: telltale_storage::limits::Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path());
        options.limits = bounds;
        // What is compacted has columns for its attributes, what is not has none.
        options.limits.promotion_rows_min = 1;
        let clock = Arc::new(ManualClock::new(UnixNanos(START + 60_000_000_000)));
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let storage = Storage::open(options).unwrap();
        let query = Query::new(storage.clone(), limits).unwrap();
        Self { storage, query, folder, clock }
    }

    /// Opens a store with the fixed data.
    pub(super) async fn filled(place: Place) -> Self {
        let store = Self::empty();
        store.fill(place, requests()).await;
        store
    }

    pub(super) async fn fill(&self, place: Place, requests: Vec<(SignalKind, Bytes)>) {
        let (first, second): (Vec<_>, Vec<_>) = requests.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
        let (first, second) = match place {
            Place::Both => (first, second),
            _ => (first.into_iter().chain(second).collect(), Vec::new()),
        };
        for (_, (signal, payload)) in first {
            self.append(signal, payload).await;
            if matches!(place, Place::ManySegments | Place::Compacted) {
                self.storage.flush().await.unwrap();
            }
        }
        if place != Place::Memory {
            self.storage.flush().await.unwrap();
        }
        if place == Place::Compacted {
            self.seal().await;
        }
        for (_, (signal, payload)) in second {
            self.append(signal, payload).await;
        }
    }

    /// Lets a day pass and seals what is in segments.
    pub(super) async fn seal(&self) {
        self.clock.advance(std::time::Duration::from_secs(30 * 3_600));
        self.storage.maintain().await.unwrap();
    }

    /// Closes the store, opens it again from its folder and returns a query over that.
    pub(super) async fn reopened_query(&self) -> Query {
        self.storage.close().await.unwrap();
        let storage = Storage::open(Options::new(self.folder.path())).unwrap();
        Query::new(storage, QueryLimits::default()).unwrap()
    }

    pub(super) async fn append(&self, signal: SignalKind, payload: Bytes) {
        let appended = self.storage.append(signal, payload).await.unwrap();
        assert_eq!(appended.rejected, 0, "{:?}", appended.issues);
    }
}

pub(super) fn trace_id(hex: &str) -> TraceId {
    hex.parse().unwrap()
}

pub(super) fn span_id(number: u64) -> SpanId {
    SpanId::new(number.to_be_bytes()).unwrap()
}

pub(super) fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}

pub(super) fn entry(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

pub(super) fn resource(service_name: &str) -> Option<Resource> {
    let attributes = vec![
        entry("service.name", Value::StringValue(service_name.to_owned())),
        entry("host.cpus", Value::IntValue(4)),
        entry("process.command_args", Value::ArrayValue(ArrayValue { values: vec![text("serve"), text("-v")] })),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    let attributes = vec![entry("library", Value::StringValue("yes".to_owned()))];
    Some(InstrumentationScope { name: "tests".to_owned(), version: "1.2".to_owned(), attributes, ..Default::default() })
}

/// A server span of the given number, which is also its id, its start and its duration in milliseconds.
pub(super) fn span(trace: &str, number: u64, parent: u64, name: &str) -> Span {
    let start = START + number * 1_000_000;
    Span {
        trace_id: trace_id(trace).as_bytes().to_vec(),
        span_id: span_id(number).as_bytes().to_vec(),
        parent_span_id: if parent == 0 { Vec::new() } else { span_id(parent).as_bytes().to_vec() },
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + number * 1_000_000,
        attributes: vec![
            entry("http.route", Value::StringValue(format!("/{name}"))),
            entry("number", Value::IntValue(i64::try_from(number).unwrap())),
            entry("ratio", Value::DoubleValue(number as f64 / 2.0)),
            entry("even", Value::BoolValue(number.is_multiple_of(2))),
            entry("tags", Value::ArrayValue(ArrayValue { values: vec![text("a"), text("b")] })),
        ],
        ..Span::default()
    }
}

pub(super) fn failed(mut span: Span, message: &str) -> Span {
    span.status = Some(Status { message: message.to_owned(), code: 2 });
    let attributes = vec![entry("exception.message", Value::StringValue(message.to_owned()))];
    span.events.push(Event {
        time_unix_nano: span.end_time_unix_nano,
        name: "exception".to_owned(),
        attributes,
        ..Event::default()
    });
    span
}

pub(super) fn traces(service_name: &str, spans: Vec<Span>) -> (SignalKind, Bytes) {
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: resource(service_name), scope_spans, ..ResourceSpans::default() }];
    (SignalKind::Traces, ExportTraceServiceRequest { resource_spans }.encode_to_vec().into())
}

pub(super) fn log(number: u64, severity_number: i32, body: AnyValue) -> LogRecord {
    LogRecord {
        time_unix_nano: START + number * 1_000_000,
        observed_time_unix_nano: START + number * 1_000_000 + 1,
        severity_number,
        severity_text: "X".to_owned(),
        body: Some(body),
        attributes: vec![entry("number", Value::IntValue(i64::try_from(number).unwrap()))],
        ..LogRecord::default()
    }
}

pub(super) fn in_span(mut log: LogRecord, trace: &str, number: u64) -> LogRecord {
    log.trace_id = trace_id(trace).as_bytes().to_vec();
    log.span_id = span_id(number).as_bytes().to_vec();
    log
}

pub(super) fn logs(service_name: &str, log_records: Vec<LogRecord>) -> (SignalKind, Bytes) {
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(service_name), scope_logs, ..ResourceLogs::default() }];
    (SignalKind::Logs, ExportLogsServiceRequest { resource_logs }.encode_to_vec().into())
}

fn exemplar(trace: &str, number: u64, value: f64) -> Exemplar {
    Exemplar {
        filtered_attributes: vec![entry("user", Value::StringValue("u1".to_owned()))],
        time_unix_nano: START + number,
        span_id: span_id(number).as_bytes().to_vec(),
        trace_id: trace_id(trace).as_bytes().to_vec(),
        value: Some(exemplar::Value::AsDouble(value)),
    }
}

fn number(at: u64, value: Number, exemplars: Vec<Exemplar>) -> NumberDataPoint {
    NumberDataPoint {
        attributes: vec![entry("core", Value::IntValue(1))],
        start_time_unix_nano: START,
        time_unix_nano: START + at * 1_000_000_000,
        exemplars,
        flags: 0,
        value: Some(value),
    }
}

fn metric(name: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        description: format!("{name} in words"),
        unit: "s".to_owned(),
        data: Some(data),
        ..Default::default()
    }
}

fn metrics(service_name: &str, metrics: Vec<Metric>) -> (SignalKind, Bytes) {
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(service_name), scope_metrics, ..ResourceMetrics::default() }];
    (SignalKind::Metrics, ExportMetricsServiceRequest { resource_metrics }.encode_to_vec().into())
}

fn gauge_and_sum(at: u64) -> Vec<Metric> {
    let gauge = Gauge { data_points: vec![number(at, Number::AsDouble(at as f64 + 0.5), Vec::new())] };
    let points = vec![number(at, Number::AsInt(at as i64 * 10), vec![exemplar(PURCHASE, 2, 7.5)])];
    let sum = Sum { data_points: points, aggregation_temporality: 2, is_monotonic: true };
    vec![metric("cpu", Data::Gauge(gauge)), metric("requests", Data::Sum(sum))]
}

fn distributions(at: u64) -> Vec<Metric> {
    let time = START + at * 1_000_000_000;
    let histogram = HistogramDataPoint {
        time_unix_nano: time,
        count: 3,
        sum: Some(6.0),
        bucket_counts: vec![1, 2, 0],
        explicit_bounds: vec![1.0, 5.0],
        exemplars: vec![exemplar(PAGE, 10, 2.5)],
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        time_unix_nano: time,
        count: 2,
        sum: Some(3.0),
        scale: 1,
        zero_count: 1,
        positive: Some(Buckets { offset: -1, bucket_counts: vec![1] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let summary = SummaryDataPoint {
        time_unix_nano: time,
        count: 5,
        sum: 1.5,
        quantile_values: vec![ValueAtQuantile { quantile: 0.5, value: 0.25 }],
        ..SummaryDataPoint::default()
    };
    vec![
        metric("latency", Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: 1 })),
        metric(
            "size",
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential],
                aggregation_temporality: 2,
            }),
        ),
        metric("age", Data::Summary(Summary { data_points: vec![summary] })),
    ]
}

/// The fixed data: twelve spans in three traces, nine log records, points of every kind.
pub(super) fn requests() -> Vec<(SignalKind, Bytes)> {
    let mut payment = failed(span(PURCHASE, 3, 2, "pay"), "card declined");
    payment.links.push(Link {
        trace_id: trace_id(PAGE).as_bytes().to_vec(),
        span_id: span_id(10).as_bytes().to_vec(),
        trace_state: "a=b".to_owned(),
        attributes: vec![entry("kind", Value::StringValue("origin".to_owned()))],
        ..Link::default()
    });
    let structured =
        KeyValueList { values: vec![entry("code", Value::IntValue(7)), entry("ok", Value::BoolValue(false))] };
    vec![
        traces("shop", vec![span(PURCHASE, 1, 0, "POST /buy"), span(PURCHASE, 2, 1, "checkout")]),
        logs(
            "shop",
            vec![
                in_span(log(1, 9, text("Purchase started for user.id=42")), PURCHASE, 1),
                in_span(log(2, 17, text("card declined: timeout after 5s, will retry")), PURCHASE, 3),
                log(3, 5, text("connection refused by peer")),
            ],
        ),
        traces("payments", vec![payment, span(PURCHASE, 4, 3, "db.query")]),
        metrics("shop", gauge_and_sum(1)),
        traces("shop", vec![span(PAGE, 10, 0, "GET /"), span(PAGE, 11, 10, "render"), span(PAGE, 12, 10, "render")]),
        logs(
            "shop",
            vec![
                in_span(log(10, 9, text("支払い失敗: 再試行します")), PAGE, 10),
                log(11, 13, text("the peer refused the connection")),
                log(12, 9, AnyValue { value: Some(Value::KvlistValue(structured)) }),
            ],
        ),
        metrics("shop", gauge_and_sum(2)),
        metrics("payments", distributions(1)),
        traces(
            "stock",
            vec![
                span(ORPHAN, 21, 20, "reserve"),
                failed(span(ORPHAN, 22, 21, "lock"), "timeout"),
                span(ORPHAN, 23, 21, "commit"),
                span(ORPHAN, 24, 21, "commit"),
                span(PURCHASE, 5, 2, "reserve"),
            ],
        ),
        metrics("payments", distributions(2)),
        logs(
            "stock",
            vec![
                log(20, 9, text("timeouts: 3, connection pool empty")),
                log(21, 9, text("Timeout, no retry")),
                log(22, 9, text("")),
            ],
        ),
    ]
}
