//! What the tests of this package share: OTLP payloads, and what a snapshot holds.

pub(crate) mod attributes;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Summary,
    SummaryDataPoint, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use crate::schema::{Table, col};
use crate::snapshot::Snapshot;

/// What a test wants of a span; everything else follows from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestSpan {
    pub(crate) trace: u8,
    /// Unique: becomes the span id.
    pub(crate) id: u32,
    pub(crate) start: u64,
    pub(crate) is_error: bool,
}

impl TestSpan {
    pub(crate) fn new(trace: u8, id: u32) -> Self {
        Self { trace, id, start: 1_000 + u64::from(id), is_error: false }
    }
}

pub(crate) fn trace_id(trace: u8) -> [u8; 16] {
    let mut id = [0; 16];
    (id[0], id[8], id[15]) = (trace, trace, 1);
    id
}

fn attributes(id: u32) -> Vec<KeyValue> {
    let value = |value| Some(AnyValue { value: Some(value) });
    vec![
        KeyValue { key: "n".into(), value: value(Value::IntValue(i64::from(id))), ..KeyValue::default() },
        KeyValue { key: "text".into(), value: value(Value::StringValue(format!("value {id}"))), ..KeyValue::default() },
    ]
}

fn resource(service: u32) -> Option<Resource> {
    let value = Some(AnyValue { value: Some(Value::StringValue(format!("service-{service}"))) });
    let name = KeyValue { key: "service.name".into(), value, ..KeyValue::default() };
    Some(Resource { attributes: vec![name], ..Resource::default() })
}

pub(crate) fn traces(spans: &[TestSpan]) -> Bytes {
    let spans = spans.iter().map(|span| Span {
        trace_id: trace_id(span.trace).to_vec(),
        span_id: [&[1; 4], &span.id.to_be_bytes()[..]].concat(),
        parent_span_id: if span.id.is_multiple_of(4) { Vec::new() } else { vec![9; 8] },
        name: format!("span {}", span.id % 5),
        start_time_unix_nano: span.start,
        end_time_unix_nano: span.start + 10 * u64::from(span.id % 7),
        attributes: attributes(span.id),
        status: span.is_error.then(|| Status { code: 2, message: format!("failed {}", span.id) }),
        ..Span::default()
    });
    let spans: Vec<_> = spans.collect();
    let service = spans.first().map_or(0, |span| u32::from(span.trace_id[0] % 3));
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource(service), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
}

/// One span of trace 1.
pub(crate) fn one_span(id: u32) -> Bytes {
    traces(&[TestSpan::new(1, id)])
}

pub(crate) fn logs(records: &[(u64, &str, Option<u8>)]) -> Bytes {
    let log_records = records.iter().map(|(time, body, trace)| LogRecord {
        time_unix_nano: *time,
        body: Some(AnyValue { value: Some(Value::StringValue((*body).to_owned())) }),
        trace_id: trace.map(|trace| trace_id(trace).to_vec()).unwrap_or_default(),
        span_id: trace.map(|_| vec![1; 8]).unwrap_or_default(),
        attributes: attributes(7),
        ..LogRecord::default()
    });
    let scope_logs = vec![ScopeLogs { log_records: log_records.collect(), ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(1), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

/// Three metrics with a point each: a gauge with an exemplar of the trace, a histogram and a summary.
pub(crate) fn metrics(time: u64, trace: u8) -> Bytes {
    let exemplars = vec![Exemplar {
        time_unix_nano: time,
        trace_id: trace_id(trace).to_vec(),
        span_id: vec![1; 8],
        value: Some(exemplar::Value::AsInt(4)),
        ..Exemplar::default()
    }];
    let value = Some(number_data_point::Value::AsDouble(0.5));
    let gauge = NumberDataPoint { time_unix_nano: time, value, exemplars, ..NumberDataPoint::default() };
    let histogram = HistogramDataPoint {
        time_unix_nano: time,
        count: 3,
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![5.0],
        ..HistogramDataPoint::default()
    };
    let summary = SummaryDataPoint { time_unix_nano: time, count: 1, sum: 2.0, ..SummaryDataPoint::default() };
    let metric = |name: &str, data| Metric { name: name.into(), data: Some(data), ..Metric::default() };
    let metrics = vec![
        metric("g", metric::Data::Gauge(Gauge { data_points: vec![gauge] })),
        metric("h", metric::Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: 2 })),
        metric("s", metric::Data::Summary(Summary { data_points: vec![summary] })),
    ];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource: resource(2), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec().into()
}

/// Returns every row of a table in one batch: memory first, then segments, in the order in which they lie there.
pub(crate) fn all_rows(snapshot: &Snapshot, table: Table) -> RecordBatch {
    let mut batches = snapshot.batches(table);
    for segment in snapshot.segments(table) {
        batches.extend(segment.read(None, None).unwrap());
    }
    joined(table, &batches)
}

/// Returns batches as one whose envelope columns are plain, so that it can be compared.
pub(crate) fn joined(table: Table, batches: &[RecordBatch]) -> RecordBatch {
    let joined = concat_batches(&table.schema(), batches).unwrap();
    let plain: (Vec<Field>, Vec<ArrayRef>) = joined
        .schema()
        .fields()
        .iter()
        .zip(joined.columns())
        .map(|(field, column)| match field.data_type() {
            DataType::Dictionary(_, value) => {
                (field.as_ref().clone().with_data_type(value.as_ref().clone()), cast(column, value).unwrap())
            }
            _ => (field.as_ref().clone(), Arc::clone(column)),
        })
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(plain.0)), plain.1).unwrap()
}

/// Returns how often each span id of [`TestSpan`] is visible.
pub(crate) fn span_counts(snapshot: &Snapshot) -> BTreeMap<u32, usize> {
    let rows = all_rows(snapshot, Table::Spans);
    let ids = rows.column_by_name(col::SPAN_ID).unwrap().as_fixed_size_binary();
    let mut counts = BTreeMap::new();
    for id in ids.iter().flatten() {
        *counts.entry(u32::from_be_bytes(id[4..].try_into().unwrap())).or_insert(0) += 1;
    }
    counts
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Returns a temporary folder, in memory where the system has that: the tests' faults are made up, their syncs are not.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
