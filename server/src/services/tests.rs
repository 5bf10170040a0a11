//! Services and their calls from known spans, in memory and in segments.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use telltale_model::{SignalKind, UnixNanos};
use telltale_query::{Query, QueryLimits};
use telltale_storage::{Options, Storage};

use super::{Range, map, red};

const START: u64 = 1_767_323_045_000_000_000;
const SECOND: u64 = 1_000_000_000;
const RANGE: Range = Range { from: UnixNanos(START), to: UnixNanos(START + 100 * SECOND) };

struct Store {
    storage: Storage,
    query: Query,
    _folder: tempfile::TempDir,
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(Options::new(folder.path())).unwrap();
        let query = Query::new(storage.clone(), QueryLimits::default()).unwrap();
        Self { storage, query, _folder: folder }
    }

    async fn send(&self, service: &str, spans: Vec<Span>) {
        let resource = Some(Resource { attributes: vec![text("service.name", service)], ..Resource::default() });
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
        let payload = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        self.storage.append(SignalKind::Traces, payload.into()).await.unwrap();
    }
}

fn span(trace: u8, id: u8, parent: u8, name: &str, kind: i32) -> Span {
    let start = START + SECOND;
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: name.to_owned(),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 100_000_000,
        ..Span::default()
    }
}

fn at(mut span: Span, start: u64, duration: u64) -> Span {
    (span.start_time_unix_nano, span.end_time_unix_nano) = (start, start + duration);
    span
}

fn failed(mut span: Span) -> Span {
    span.status = Some(Status { code: 2, ..Status::default() });
    span
}

fn with(mut span: Span, attributes: &[(&str, &str)]) -> Span {
    span.attributes = attributes.iter().map(|(key, value)| text(key, value)).collect();
    span
}

fn sampled(mut span: Span, state: &str) -> Span {
    state.clone_into(&mut span.trace_state);
    span
}

#[tokio::test]
async fn requests_errors_and_durations_are_weighted_and_compared_with_the_period_before() {
    for flushed in [false, true] {
        let store = Store::new();
        let mut spans: Vec<Span> = (1..=10)
            .map(|number| at(span(number, number, 0, "GET /cart", 2), START + u64::from(number) * SECOND, 10_000_000))
            .collect();
        // One in four was kept, and it failed.
        spans.push(failed(sampled(at(span(20, 20, 0, "POST /pay", 2), START + 50 * SECOND, 2 * SECOND), "ot=th:c")));
        // The period before, the last moment of it; and what is no entry of the service.
        spans.push(at(span(21, 21, 0, "GET /cart", 2), START - 1, 5_000_000));
        spans.push(at(span(22, 22, 9, "inner", 1), START + SECOND, 7));
        spans.push(at(span(23, 23, 0, "later", 2), START + 100 * SECOND, 7));
        store.send("shop", spans).await;
        store.send("mail", vec![span(30, 30, 9, "mails", 5)]).await;
        if flushed {
            store.storage.flush().await.unwrap();
        }
        let found = red::read(&store.query, RANGE, &red::Which::All).await.unwrap();
        assert!(found.is_complete);
        let names: Vec<_> = found.services.iter().map(|one| one.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["shop", "mail"]);
        let shop = &found.services[0];
        assert_eq!((shop.now.requests, shop.now.errors, shop.now.spans), (14.0, 4.0, 11));
        assert_eq!((shop.now.rate, (shop.now.error_share * 1000.0).round()), (0.14, 286.0));
        assert!((shop.now.p50_ns.0 as f64 / 10_000_000.0 - 1.0).abs() < 0.02, "{:?}", shop.now);
        assert!((shop.now.p95_ns.0 as f64 / 2e9 - 1.0).abs() < 0.02, "{:?}", shop.now);
        assert_eq!(shop.before.as_ref().unwrap().requests, 1.0);
        assert_eq!((shop.trend.iter().sum::<f64>(), shop.error_trend.iter().sum::<f64>()), (14.0, 4.0));
        let operations: Vec<_> = shop.operations.iter().map(|one| (one.name.as_str(), one.now.requests)).collect();
        assert_eq!(operations, [("GET /cart", 10.0), ("POST /pay", 4.0)]);
        assert_eq!(shop.operations[1].error_trace_id, Some("14".repeat(16)));
        assert_eq!(shop.operations[0].newest_trace_id, Some("0a".repeat(16)));
        assert_eq!(shop.operations[1].before, None);
        let one = red::read(&store.query, RANGE, &red::Which::One("shop".to_owned())).await.unwrap();
        assert_eq!((one.services.len(), &one.services[0].now), (1, &shop.now));
        let steps: Vec<u64> = one.services[0].p95_trend_ns.iter().map(|step| step.0).collect();
        assert_eq!(
            steps.iter().filter(|step| **step > 0).count(),
            4,
            "three steps of carts and one payment: {steps:?}"
        );
        assert_eq!(found.services[1].now.requests, 1.0);
    }
}

#[tokio::test]
async fn calls_are_found_between_services_and_to_peers_that_send_no_spans() {
    for flushed in [false, true] {
        let store = Store::new();
        let gateway = vec![
            span(1, 1, 0, "GET /", 2),
            span(1, 2, 1, "GET", 3),
            span(2, 1, 0, "GET /", 2),
            span(2, 2, 1, "GET", 3),
        ];
        store.send("gateway", gateway).await;
        let shop = vec![
            span(1, 3, 2, "GET /cart", 2),
            failed(at(span(2, 3, 2, "GET /cart", 2), START + 2 * SECOND, 3 * SECOND)),
            // A client over a client: the inner one makes the call.
            with(span(1, 4, 3, "orders.find", 3), &[("db.system.name", "postgresql"), ("db.namespace", "wrong")]),
            with(span(1, 5, 4, "SELECT", 3), &[("db.system.name", "postgresql"), ("db.namespace", "orders")]),
            with(span(1, 6, 3, "send", 4), &[("messaging.system", "kafka"), ("messaging.destination.name", "mails")]),
            with(span(1, 7, 3, "POST", 3), &[("server.address", "api.stripe.com")]),
            span(1, 8, 3, "GET", 3),
            span(1, 9, 3, "inner", 1),
        ];
        store.send("shop", shop).await;
        // The queue is read by a service that knows who sent.
        store.send("mailer", vec![span(2, 9, 3, "mails process", 5)]).await;
        if flushed {
            store.storage.flush().await.unwrap();
        }
        let found = map::read(&store.query, RANGE).await.unwrap();
        let edges: Vec<_> =
            found.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str(), edge.calls.requests)).collect();
        let expected = [
            ("gateway", "shop", 2.0),
            ("shop", "database:postgresql:orders", 1.0),
            ("shop", "external::api.stripe.com", 1.0),
            ("shop", "mailer", 1.0),
            ("shop", "queue:kafka:mails", 1.0),
        ];
        assert_eq!(edges, expected);
        let call = &found.edges[0];
        assert_eq!((call.calls.errors, call.error_trace_id.clone()), (1.0, Some("02".repeat(16))));
        assert_eq!(call.slowest_trace_id, Some("02".repeat(16)));
        assert_eq!((found.unnamed_calls, found.spans, found.is_complete), (1.0, 13, true));
        let kinds: Vec<_> = found.nodes.iter().map(|node| (node.name.as_str(), node.kind.as_str())).collect();
        assert!(kinds.contains(&("orders", "database")) && kinds.contains(&("gateway", "service")), "{kinds:?}");
    }
}
