//! Requests from elsewhere, read in place: every one is accepted whole, the counts are known, and they read back equal.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message as _;
use serde_json::Value;
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::decode::{Decoded, decode};
use telltale_storage::encode;

use super::canonical;
use crate::decode::{json_to_protobuf, protobuf_to_json};

/// Returns the folder with data from elsewhere, or says that the test skipped.
fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance").join(name);
    if !path.is_dir() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn signal_of(json: &str) -> SignalKind {
    let value: Value = serde_json::from_str(json).unwrap();
    let has = |key: &str| value.get(key).is_some();
    match (has("resourceSpans"), has("resourceLogs")) {
        (true, _) => SignalKind::Traces,
        (_, true) => SignalKind::Logs,
        _ => SignalKind::Metrics,
    }
}

/// Reads one request; nothing may be rejected, and its JSON must survive.
fn read(json: &str) -> (SignalKind, Vec<u8>, Decoded) {
    let signal = signal_of(json);
    let (protobuf, issues) = json_to_protobuf(signal, json.as_bytes()).unwrap();
    assert_eq!(issues, []);
    let decoded = decode(signal, &Bytes::from(protobuf.clone()), UnixNanos(1_800_000_000_000_000_000)).unwrap();
    assert_eq!(decoded.rejected, 0, "{:?}", decoded.issues);
    let (again, _) = json_to_protobuf(signal, protobuf_to_json(signal, &protobuf).as_bytes()).unwrap();
    let protobuf = canonical(signal, protobuf);
    assert_eq!(canonical(signal, again), protobuf);
    (signal, protobuf, decoded)
}

#[test]
fn the_examples_of_opentelemetry_proto_are_accepted() {
    let Some(folder) = folder("otlp-examples") else { return };
    let counts = [("trace.json", 1), ("logs.json", 1), ("events.json", 1), ("metrics.json", 4)];
    for (name, count) in counts {
        let (_, _, decoded) = read(&fs::read_to_string(folder.join(name)).unwrap());
        assert_eq!(decoded.accepted, count, "{name}");
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    requests: usize,
    spans: usize,
    traces: usize,
    events: usize,
    links: usize,
    logs: u64,
    points: u64,
    exemplars: usize,
}

#[test]
fn a_capture_of_the_opentelemetry_demo_is_accepted_whole() {
    let Some(folder) = folder("otlp-capture-oteldemo") else { return };
    let mut counts = Counts::default();
    let mut traces = std::collections::HashSet::new();
    for line in fs::read_to_string(folder.join("test_data.jsonl")).unwrap().lines() {
        let (signal, protobuf, decoded) = read(line);
        counts.requests += 1;
        let batches: Vec<_> = decoded.batches.iter().map(|(_, batch)| batch.clone()).collect();
        match signal {
            SignalKind::Traces => {
                let request = ExportTraceServiceRequest::decode(Bytes::from(protobuf)).unwrap();
                let stored = encode::spans(&batches).unwrap();
                let spans = |list: Vec<opentelemetry_proto::tonic::trace::v1::ResourceSpans>| {
                    let scopes = list.into_iter().flat_map(|resource| resource.scope_spans);
                    let mut spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
                    spans.sort_by(|left, right| left.span_id.cmp(&right.span_id));
                    spans
                };
                let sent = spans(request.resource_spans);
                assert_eq!(spans(stored.resource_spans), sent);
                counts.spans += sent.len();
                counts.events += sent.iter().map(|span| span.events.len()).sum::<usize>();
                counts.links += sent.iter().map(|span| span.links.len()).sum::<usize>();
                traces.extend(sent.into_iter().map(|span| span.trace_id));
            }
            SignalKind::Logs => counts.logs += decoded.accepted,
            SignalKind::Metrics => {
                let request = ExportMetricsServiceRequest::decode(Bytes::from(protobuf)).unwrap();
                counts.points += decoded.accepted;
                let stored = encode::metrics(&decoded.batches).unwrap();
                let exemplars = |list: &[opentelemetry_proto::tonic::metrics::v1::ResourceMetrics]| {
                    let scopes = list.iter().flat_map(|resource| &resource.scope_metrics);
                    scopes.flat_map(|scope| &scope.metrics).map(exemplars_of).sum::<usize>()
                };
                assert_eq!(exemplars(&stored.resource_metrics), exemplars(&request.resource_metrics));
                counts.exemplars += exemplars(&stored.resource_metrics);
            }
        }
    }
    counts.traces = traces.len();
    let expected = Counts {
        requests: 97,
        spans: 547,
        traces: 141,
        events: 139,
        links: 53,
        logs: 23,
        points: 4_551,
        exemplars: 11,
    };
    assert_eq!(counts, expected);
}

fn exemplars_of(metric: &opentelemetry_proto::tonic::metrics::v1::Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(data)) => data.data_points.iter().map(|point| point.exemplars.len()).sum(),
        Some(Data::Sum(data)) => data.data_points.iter().map(|point| point.exemplars.len()).sum(),
        Some(Data::Histogram(data)) => data.data_points.iter().map(|point| point.exemplars.len()).sum(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.iter().map(|point| point.exemplars.len()).sum(),
        Some(Data::Summary(_)) | None => 0,
    }
}
