//! Makes a golden folder: `cargo run -p telltale-storage --example golden storage/golden/VERSION`.
//!
//! A small data folder with one of everything that this version writes, and what is in it as text. Made once for a version and never
//! again; the tests open every one of them (`storage/src/storage/tests/golden.rs`). Run it before a format changes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a program for developers")]

#[path = "golden/rows.rs"]
mod rows;

use std::path::PathBuf;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use telltale_model::SignalKind;
use telltale_storage::schema::Table;
use telltale_storage::{Options, Storage};

/// When everything happened, in nanoseconds since the epoch.
const TIME: u64 = 1_700_000_000_000_000_000;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("the folder to make"));
    std::fs::create_dir_all(&folder).unwrap();
    let mut options = Options::new(folder.join("data"));
    options.limits.wal_file_bytes = 16 << 10;
    options.limits.free_bytes_min = 0;
    options.limits.compaction_tier_segments = 2;
    options.limits.compaction_fan_in = 2;
    options.limits.promotion_rows_min = 1;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let storage = runtime.block_on(async { Storage::open(options).unwrap() });
    let append = |round: u64| {
        for (signal, payload) in [
            (SignalKind::Traces, traces(round)),
            (SignalKind::Logs, logs(round)),
            (SignalKind::Metrics, metrics(round)),
        ] {
            let appended = runtime.block_on(storage.append(signal, Bytes::from(payload))).unwrap();
            assert_eq!(appended.rejected, 0, "{:?}", appended.issues);
        }
    };
    // Two flushes that are compacted, one that is not, and records in the log alone.
    for round in 0..2 {
        append(round);
        runtime.block_on(storage.flush()).unwrap();
    }
    runtime.block_on(storage.maintain()).unwrap();
    append(2);
    runtime.block_on(storage.flush()).unwrap();
    append(3);
    let snapshot = storage.snapshot();
    let tables = Table::ALL.map(|table| {
        let mut batches = snapshot.batches(table);
        snapshot.segments(table).for_each(|segment| batches.extend(segment.read(None, None).unwrap()));
        (table.name(), batches)
    });
    std::fs::write(folder.join("rows.txt"), rows::rows(&tables)).unwrap();
    // As a crash would: nothing more is written.
    std::process::exit(0);
}

fn text(value: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) })
}

fn attributes(round: u64) -> Vec<KeyValue> {
    let pair = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let list = ArrayValue { values: vec![AnyValue { value: Some(Value::IntValue(7)) }] };
    vec![
        pair("order.id", Value::StringValue(format!("order-{round}"))),
        pair("count", Value::IntValue(i64::try_from(round).unwrap())),
        pair("share", Value::DoubleValue(0.25)),
        pair("is.new", Value::BoolValue(true)),
        pair("raw", Value::BytesValue(vec![0, 255])),
        pair("list", Value::ArrayValue(list)),
    ]
}

fn resource() -> Option<Resource> {
    let name = KeyValue { key: "service.name".to_owned(), value: text("golden"), ..KeyValue::default() };
    Some(Resource { attributes: vec![name], ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "golden.scope".to_owned(),
        version: "1".to_owned(),
        ..InstrumentationScope::default()
    })
}

fn trace_id(round: u64) -> Vec<u8> {
    [round + 1, 0xfeed].map(u64::to_be_bytes).concat()
}

fn span_id(number: u64) -> Vec<u8> {
    (number + 1).to_be_bytes().to_vec()
}

fn traces(round: u64) -> Vec<u8> {
    let span = |number: u64| Span {
        trace_id: trace_id(round),
        span_id: span_id(round * 10 + number),
        parent_span_id: if number == 0 { Vec::new() } else { span_id(round * 10) },
        name: format!("GET /{number}"),
        kind: 2,
        start_time_unix_nano: TIME + round * 1_000 + number,
        end_time_unix_nano: TIME + round * 1_000 + number + 500,
        attributes: attributes(round),
        events: vec![Event {
            time_unix_nano: TIME + 1,
            name: "exception".to_owned(),
            attributes: attributes(round),
            ..Event::default()
        }],
        links: vec![Link { trace_id: trace_id(9), span_id: span_id(9), ..Link::default() }],
        status: Some(Status { code: 2, message: "refused".to_owned() }),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { scope: scope(), spans: (0..3).map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource(), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn logs(round: u64) -> Vec<u8> {
    let record = |number: u64| LogRecord {
        time_unix_nano: TIME + round * 1_000 + number,
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: text(&format!("the golden request {round} was refused")),
        attributes: attributes(round),
        trace_id: trace_id(round),
        span_id: span_id(round * 10),
        ..LogRecord::default()
    };
    let scope_logs =
        vec![ScopeLogs { scope: scope(), log_records: (0..2).map(record).collect(), ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn metrics(round: u64) -> Vec<u8> {
    let (time_unix_nano, start_time_unix_nano) = (TIME + round * 15_000_000_000, TIME);
    let exemplars = vec![Exemplar {
        time_unix_nano,
        trace_id: trace_id(round),
        span_id: span_id(1),
        value: Some(exemplar::Value::AsDouble(0.5)),
        ..Exemplar::default()
    }];
    let number = |value| NumberDataPoint {
        time_unix_nano,
        start_time_unix_nano,
        attributes: attributes(0),
        exemplars: exemplars.clone(),
        value: Some(value),
        ..NumberDataPoint::default()
    };
    let whole = number(number_data_point::Value::AsInt(i64::try_from(round).unwrap()));
    let float = number(number_data_point::Value::AsDouble(0.125));
    let histogram = HistogramDataPoint {
        time_unix_nano,
        start_time_unix_nano,
        count: 3,
        sum: Some(1.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        time_unix_nano,
        start_time_unix_nano,
        count: 3,
        sum: Some(1.5),
        scale: 3,
        zero_count: 1,
        positive: Some(Buckets { offset: 2, bucket_counts: vec![1, 1] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let quantile_values = vec![ValueAtQuantile { quantile: 0.5, value: 2.0 }];
    let summary =
        SummaryDataPoint { time_unix_nano, count: 2, sum: 4.0, quantile_values, ..SummaryDataPoint::default() };
    let metric = |name: &str, data| Metric {
        name: name.to_owned(),
        description: "golden".to_owned(),
        unit: "s".to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    let (cumulative, is_monotonic) = (2, true);
    let metrics = vec![
        metric("gauge", Data::Gauge(Gauge { data_points: vec![float] })),
        metric("sum", Data::Sum(Sum { data_points: vec![whole], aggregation_temporality: cumulative, is_monotonic })),
        metric("h", Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: cumulative })),
        metric(
            "e",
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: vec![exponential],
                aggregation_temporality: cumulative,
            }),
        ),
        metric("s", Data::Summary(Summary { data_points: vec![summary] })),
    ];
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource: resource(), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}
