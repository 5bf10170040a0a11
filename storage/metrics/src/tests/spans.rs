//! Scenario: spans of a shop in memory, in segments, and split over both. Guarantees: rates, errors, durations and edges under both
//! schemes' names, the same wherever the spans lie; counters that add up over midnight; exemplars that lead to the slowest span.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::*;

pub(super) const NOON_MS: i64 = 19_000 * 86_400_000 + 43_200_000;

/// A span to send; its trace and its id are told by a number, a parent of 0 is none.
#[derive(Debug, Clone, Default)]
pub(super) struct One {
    pub(super) service: &'static str,
    pub(super) trace: u8,
    pub(super) id: u8,
    pub(super) parent: u8,
    pub(super) kind: i32,
    pub(super) end_ms: i64,
    pub(super) took_ms: i64,
    pub(super) failed: bool,
    pub(super) attributes: &'static [(&'static str, &'static str)],
}

fn request(spans: &[One]) -> ExportTraceServiceRequest {
    let resource_spans = spans.iter().map(|one| {
        let attribute = |(key, value): &(&str, &str)| {
            let value = Some(AnyValue { value: Some(Value::StringValue((*value).into())) });
            KeyValue { key: (*key).into(), value, ..KeyValue::default() }
        };
        let attributes = vec![attribute(&("service.name", one.service))];
        let id = |id: u8| if id == 0 { Vec::new() } else { vec![id; 8] };
        let span = Span {
            trace_id: vec![7 + one.trace; 16],
            span_id: id(one.id),
            parent_span_id: id(one.parent),
            name: "GET /x".into(),
            attributes: one.attributes.iter().map(attribute).collect(),
            kind: one.kind,
            start_time_unix_nano: u64::try_from(one.end_ms - one.took_ms).unwrap() * 1_000_000,
            end_time_unix_nano: u64::try_from(one.end_ms).unwrap() * 1_000_000,
            status: Some(Status { code: if one.failed { 2 } else { 0 }, ..Status::default() }),
            ..Span::default()
        };
        ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }
}

pub(super) fn send(store: &Store, spans: &[One]) {
    use prost::Message as _;
    let payload = request(spans).encode_to_vec().into();
    store.runtime.block_on(store.storage.append(SignalKind::Traces, payload)).unwrap();
}

fn shop(end_ms: i64) -> [One; 3] {
    let span = |service, (id, parent), kind, end_ms, took_ms| One {
        service,
        id,
        parent,
        kind,
        end_ms,
        took_ms,
        failed: id == 2,
        ..One::default()
    };
    [span("web", (1, 0), 3, end_ms + 1, 60), span("cart", (2, 1), 2, end_ms, 50), span("cart", (3, 2), 1, end_ms, 3)]
}

pub(super) fn last(store: &Store, name: &str, labels: &[(&str, &str)], end_ms: i64) -> Option<f64> {
    let mut matchers = vec![Matcher::equal("__name__", name)];
    matchers.extend(labels.iter().map(|(name, value)| Matcher::equal(*name, *value)));
    let found = store.select(&matchers, end_ms - 300_000, end_ms);
    assert!(found.len() <= 1, "{found:?}");
    found.into_values().next().map(|samples| samples.last().unwrap().1.parse().unwrap())
}

#[test]
fn operations_and_edges_are_counted_wherever_their_spans_lie() {
    for halves in [false, true] {
        let store = Store::new();
        let spans = shop(NOON_MS);
        // The two halves of a request in different segments, or together in memory.
        if halves {
            send(&store, &spans[..1]);
            store.flush();
            send(&store, &spans[1..]);
            store.flush();
        } else {
            send(&store, &spans);
        }
        let at = NOON_MS + 60_000;
        let server = [("service", "cart"), ("span_kind", "SPAN_KIND_SERVER"), ("status_code", "STATUS_CODE_ERROR")];
        assert_eq!(last(&store, "traces_spanmetrics_calls_total", &server, at), Some(1.0));
        let bucket = |le| last(&store, "traces_spanmetrics_latency_bucket", &[server[0], server[1], ("le", le)], at);
        assert_eq!((bucket("0.032"), bucket("0.064"), bucket("+Inf")), (Some(0.0), Some(1.0), Some(1.0)));
        assert_eq!(last(&store, "traces_spanmetrics_latency_sum", &server, at), Some(0.05));
        let collector = [("service_name", "cart"), ("span_kind", "SPAN_KIND_SERVER"), ("le", "50")];
        assert_eq!(last(&store, "traces_span_metrics_duration_milliseconds_bucket", &collector, at), Some(1.0));
        let edge = [("client", "web"), ("server", "cart")];
        assert_eq!(last(&store, "traces_service_graph_request_total", &edge, at), Some(1.0));
        assert_eq!(last(&store, "traces_service_graph_request_failed_total", &edge, at), Some(1.0));
        assert_eq!(last(&store, "traces_service_graph_request_client_seconds_sum", &edge, at), Some(0.06));
        let series = [Matcher::equal("__name__", "traces_service_graph_request_server_seconds_bucket")];
        let listed = store.view().series(&[series.to_vec()], at - 300_000, at).unwrap();
        assert_eq!(listed.len(), 9);
        let names = store.view().label_values("__name__", &[], at - 300_000, at).unwrap();
        assert!(names.contains("traces_spanmetrics_calls_total"));
        let (exemplars, _) = store.view().exemplars(&[&series], at - 300_000, at).unwrap();
        assert_eq!(exemplars[0].labels.get("le"), "0.1");
        assert_eq!(exemplars[0].exemplars[0].labels[1].1, "02".repeat(8));
    }
}

#[test]
fn a_counter_grows_from_zero_and_restarts_at_midnight() {
    let store = Store::new();
    let midnight = NOON_MS + 43_200_000;
    for end_ms in [NOON_MS, NOON_MS + 1_000, midnight - 5_000, midnight + 5_000] {
        send(&store, &shop(end_ms)[1..2]);
    }
    let matchers = [Matcher::equal("__name__", "traces_spanmetrics_calls_total")];
    let all = store.select(&matchers, NOON_MS - 60_000, midnight + 60_000).into_values().next().unwrap();
    let values: Vec<f64> = all.iter().map(|(_, value)| value.parse().unwrap()).collect();
    assert_eq!((all[0].0, values[0]), (NOON_MS - 15_000, 0.0), "{all:?}");
    let increase: f64 = values.windows(2).map(|pair| if pair[1] < pair[0] { pair[1] } else { pair[1] - pair[0] }).sum();
    assert_eq!(increase, 4.0, "{all:?}");
    // Idle for longer than a quarter of an hour: the series pauses.
    let gaps = all.windows(2).filter(|pair| pair[1].0 - pair[0].0 > 60_000).count();
    assert_eq!(gaps, 1, "{all:?}");
    // The window does not change the values in it.
    let late = store.select(&matchers, midnight - 10_000, midnight).into_values().next().unwrap();
    assert_eq!(late.last().unwrap(), &(midnight, "3".to_owned()));
    // A selector without a name is about what was sent.
    assert!(store.select(&[matcher("service", MatchOp::Equal, "cart")], 0, midnight).is_empty());
}
