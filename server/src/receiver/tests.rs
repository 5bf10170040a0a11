//! Requests through the whole receiver, in one process; values are read back from the store, since a 200 proves nothing.

use std::time::Duration;

use ::http::{HeaderMap, Request, Response, StatusCode};
use axum::body::Body;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use telltale_api::live::LiveEvent;
use telltale_query::{Query, QueryLimits};
use telltale_storage::schema::Table;
use telltale_storage::{Options, Storage, encode};
use telltale_tests::{otlp, wire};
use tempfile::TempDir;

use super::status::{RetryInfo, Status};
use super::*;
use crate::config::{Config, Flags};
use crate::limits::ADMISSION_UNIT_BYTES;
use crate::telemetry::Telemetry;

/// A running server without sockets.
pub(crate) struct Fixture {
    pub(crate) state: Arc<AppState>,
    _folder: TempDir,
}

pub(crate) fn config(flags: &[(&str, &str)]) -> Config {
    let flags = flags.iter().fold(Flags::default(), |flags, (name, text)| flags.with(name, text));
    Config::load(&flags, &|name| (name == "HOME").then(|| "/nonexistent".to_owned())).unwrap()
}

pub(crate) fn fixture(flags: &[(&str, &str)], change: impl FnOnce(&mut AppState)) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(Options::new(folder.path())).unwrap();
    let query = Query::new(storage.clone(), QueryLimits::default()).unwrap();
    let mut state = AppState::new(storage, query, Arc::new(Telemetry::new()), config(flags));
    change(&mut state);
    Fixture { state: Arc::new(state), _folder: folder }
}

impl Fixture {
    /// Reads every stored span back as OTLP.
    fn spans(&self) -> TracesData {
        let batches: Vec<_> = self.state.storage.snapshot().batches(Table::Spans);
        encode::spans(&batches).unwrap()
    }

    fn span_names(&self) -> Vec<String> {
        let scopes = self.spans().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let mut names: Vec<_> = scopes.flat_map(|scope| scope.spans).map(|span| span.name).collect();
        names.sort();
        names
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
        http::handle(&self.state, request(path, headers, body)).await
    }

    async fn call(&self, path: &str, message: &[u8]) -> Response<Body> {
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        framed.extend(message);
        grpc::handle(&self.state, request(path, &[("content-type", "application/grpc")], framed)).await
    }
}

pub(crate) fn request(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method("POST").uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

pub(crate) async fn bytes(response: Response<Body>) -> Bytes {
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
}

fn trace(name: &str) -> Vec<u8> {
    otlp::traces("tests", vec![otlp::span([7; 16], [9; 8], name)]).encode_to_vec()
}

/// Path, headers, body, expected code.
type Case<T> = (&'static str, Vec<(&'static str, &'static str)>, Vec<u8>, T);

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const EXPORT_TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[tokio::test]
async fn what_is_acknowledged_reads_back_from_both_transports() {
    let fixture = fixture(&[], |_| {});
    let response = fixture.post("/v1/traces/", &[PROTOBUF], trace("over http")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(bytes(response).await.is_empty(), "full success leaves partial_success unset");
    let response = fixture.call(EXPORT_TRACES, &trace("over grpc")).await;
    assert!(response.headers().get("grpc-status").is_none(), "the status is in the trailers");
    assert_eq!(bytes(response).await.as_ref(), [0, 0, 0, 0, 0]);
    assert_eq!(fixture.span_names(), ["over grpc", "over http"]);
    assert!(fixture.state.issues.list(10).issues.is_empty());
}

/// Scenario: every second span of a request has no id. Guarantees: the others are stored, the answer counts and names
/// the reason, the list of issues has sender and service, and the metrics say how many and why.
#[tokio::test]
async fn one_bad_record_never_costs_its_neighbours() {
    let fixture = fixture(&[], |_| {});
    let spans =
        (0..10_u8).map(|n| otlp::span([7; 16], if n % 2 == 0 { [n + 1; 8] } else { [0; 8] }, &format!("span {n}")));
    let body = otlp::traces("half broken", spans.collect()).encode_to_vec();
    let response = fixture.post("/v1/traces", &[PROTOBUF, ("user-agent", "tests/1")], body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let partial = ExportTraceServiceResponse::decode(bytes(response).await).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 5);
    assert!(partial.error_message.contains("5 rejected"), "{}", partial.error_message);
    assert_eq!(fixture.span_names(), ["span 0", "span 2", "span 4", "span 6", "span 8"]);
    let issue = fixture.state.issues.list(1).issues.remove(0);
    assert_eq!((issue.outcome.as_str(), issue.count, issue.protocol.as_str()), ("rejected", 5, "http/protobuf"));
    assert_eq!((issue.service_name.as_deref(), issue.user_agent.as_deref()), (Some("half broken"), Some("tests/1")));
    let metrics = fixture.state.telemetry.render(&fixture.state.storage.status());
    for line in [
        "telltale_ingest_items_total{signal=\"traces\"} 5\n",
        "telltale_ingest_rejected_items_total{signal=\"traces\",reason=\"span_id_invalid\"} 5\n",
        "telltale_ingest_requests_total{signal=\"traces\",protocol=\"http/protobuf\",outcome=\"partial\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

#[tokio::test]
async fn texts_that_are_not_utf_8_are_repaired_with_a_warning() {
    let fixture = fixture(&[], |_| {});
    let good = wire::span(&[1; 16], &[1; 8], b"good", (1, 2), &[]);
    let bad = wire::span(&[1; 16], &[2; 8], b"bad \xff name", (1, 2), &[]);
    let response = fixture.post("/v1/traces", &[PROTOBUF], wire::request("utf8", &[good, bad])).await;
    let partial = ExportTraceServiceResponse::decode(bytes(response).await).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 0, "a warning");
    assert!(partial.error_message.contains("UTF-8"), "{}", partial.error_message);
    assert_eq!(fixture.span_names(), ["bad \u{fffd} name", "good"]);
}

/// Scenario: the path of a single signal is missing. Guarantees: understood all the same, and the list says what to fix.
#[tokio::test]
async fn otlp_sent_to_the_root_is_understood() {
    let fixture = fixture(&[], |_| {});
    let response = fixture.post("/", &[PROTOBUF], trace("at the root")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(fixture.span_names(), ["at the root"]);
    let issue = fixture.state.issues.list(1).issues.remove(0);
    assert_eq!((issue.code.as_str(), issue.outcome.as_str()), ("request_path_odd", "odd"));
    assert!(issue.hint.contains("/v1/traces"), "{}", issue.hint);
    let response = fixture.post("/", &[PROTOBUF], "").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND, "nothing tells what an empty request holds");
}

/// Scenario: all memory is taken. Guarantees: held first, then refused so that every sender tries again, never 429 or 500.
#[tokio::test]
async fn overload_holds_and_then_asks_to_send_again() {
    let hold = Duration::from_millis(30);
    let fixture = fixture(&[], |state| {
        state.admission = Admission::with_hold(ADMISSION_UNIT_BYTES, hold, Arc::clone(&state.telemetry));
    });
    let mut hog = fixture.state.admission.begin();
    hog.grow_to(ADMISSION_UNIT_BYTES).await.unwrap();
    let started = std::time::Instant::now();
    let response = fixture.post("/v1/traces", &[PROTOBUF], trace("too much")).await;
    assert!(started.elapsed() >= hold);
    assert_eq!((response.status(), header(response.headers(), "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    assert_eq!(Status::decode(bytes(response).await).unwrap().code, 14);

    let response = fixture.call(EXPORT_TRACES, &trace("too much")).await;
    assert_eq!(response.headers()["grpc-status"], "14");
    let details = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD_NO_PAD,
        response.headers()["grpc-status-details-bin"].as_bytes(),
    );
    let status = Status::decode(details.unwrap().as_slice()).unwrap();
    assert!(status.details[0].type_url.ends_with("google.rpc.RetryInfo"));
    let retry = RetryInfo::decode(status.details[0].value.as_slice()).unwrap();
    assert_eq!(retry.retry_delay.unwrap().seconds, 1);
    assert!(fixture.span_names().is_empty());

    drop(hog);
    assert_eq!(fixture.post("/v1/traces", &[PROTOBUF], trace("later")).await.status(), StatusCode::OK);
    assert_eq!(fixture.span_names(), ["later"]);
    let metrics = fixture.state.telemetry.render(&fixture.state.storage.status());
    for line in [
        "telltale_admission_held_total 2\n",
        "telltale_admission_refused_total 2\n",
        "telltale_admission_used_bytes 0\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

/// Scenario: a closed store. Guarantees: an error of ours is "send again", never 500 or INTERNAL.
#[tokio::test]
async fn errors_of_ours_are_worth_sending_again() {
    let fixture = fixture(&[], |_| {});
    for error in [Error::Closed, Error::Poisoned("disk".into()), Error::Bug("b".to_owned())] {
        let refusal = refusal_of(&error);
        assert_eq!(refusal.reason, refusal::Reason::Unavailable, "{error}");
    }
    let too_large = Error::TooLarge { what: "payload", name: "n", value: 2, limit: 1 };
    assert_eq!(refusal_of(&too_large).reason, refusal::Reason::TooLarge);
    fixture.state.storage.close().await.unwrap();
    let response = fixture.post("/v1/traces", &[PROTOBUF], trace("too late")).await;
    assert!(matches!(response.status().as_u16(), 200 | 503), "{}", response.status());
}

#[tokio::test]
async fn refusals_of_http_have_their_status_and_their_form() {
    let fixture = fixture(&[("max-request-mib", "1")], |_| {});
    let big = vec![0_u8; (1 << 20) + 1];
    let table: Vec<Case<u16>> = vec![
        ("/v1/traces", vec![PROTOBUF], b"\xff\xff".to_vec(), 400),
        ("/v1/traces", vec![PROTOBUF, ("content-encoding", "gzip")], b"not gzip".to_vec(), 400),
        ("/v1/traces", vec![PROTOBUF, ("content-encoding", "br")], vec![], 415),
        ("/v1/traces", vec![PROTOBUF], big.clone(), 413),
        ("/v1/traces", vec![PROTOBUF, ("content-encoding", "gzip")], wire::gzip(&big), 413),
        ("/v1development/profiles", vec![PROTOBUF], vec![], 404),
        ("/v1/traces", vec![("content-type", "text/plain")], vec![], 415),
        ("/v1/traces", vec![], vec![], 415),
        ("/v1/traces", vec![("content-type", "application/json")], b"{".to_vec(), 400),
    ];
    for (path, headers, body, expected) in table {
        let response = fixture.post(path, &headers, body).await;
        assert_eq!(response.status().as_u16(), expected, "{path} {headers:?}");
        let is_protobuf = headers.first() == Some(&PROTOBUF);
        let content_type = response.headers()["content-type"].clone();
        let body = bytes(response).await;
        if is_protobuf {
            assert_eq!(content_type, "application/x-protobuf");
            assert!(!Status::decode(body).unwrap().message.is_empty());
        } else {
            assert_eq!(content_type, "application/json");
            let status: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert!(status["message"].as_str().unwrap().len() > 5 && status["code"].as_i64().unwrap() > 0);
        }
    }
    let mut get = request("/v1/logs", &[], "");
    *get.method_mut() = ::http::Method::GET;
    let response = http::handle(&fixture.state, get).await;
    assert_eq!((response.status().as_u16(), response.headers().contains_key("allow")), (405, true));
    assert!(fixture.span_names().is_empty());
    assert!(fixture.state.issues.list(100).issues.len() >= 5, "each kind of refusal is an issue");
    assert_eq!(fixture.state.admission.used_bytes(), 0);
}

#[tokio::test]
async fn refusals_of_grpc_have_their_code() {
    let fixture = fixture(&[("max-request-mib", "1")], |_| {});
    let grpc = ("content-type", "application/grpc");
    let frame = |flag: u8, message: &[u8]| {
        [&[flag][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
    };
    let big = vec![0_u8; (1 << 20) + 1];
    let table: Vec<Case<&str>> = vec![
        (EXPORT_TRACES, vec![grpc], frame(0, b"\xff\xff"), "3"),
        (EXPORT_TRACES, vec![grpc], vec![], "3"),
        (EXPORT_TRACES, vec![grpc], frame(1, b"x"), "3"),
        (EXPORT_TRACES, vec![grpc, ("grpc-encoding", "gzip")], frame(1, b"x"), "3"),
        (EXPORT_TRACES, vec![grpc, ("grpc-encoding", "snappy")], frame(1, b"x"), "12"),
        (EXPORT_TRACES, vec![grpc], frame(0, &big), "8"),
        (EXPORT_TRACES, vec![grpc, ("grpc-encoding", "gzip")], frame(1, &wire::gzip(&big)), "8"),
        (EXPORT_TRACES, vec![grpc, ("grpc-encoding", "zstd")], frame(1, &wire::zstd(&big)), "8"),
        ("/some.Service/Call", vec![grpc], frame(0, b""), "12"),
    ];
    for (path, headers, body, expected) in table {
        let response = grpc::handle(&fixture.state, request(path, &headers, body)).await;
        assert_eq!(response.status(), StatusCode::OK, "gRPC always is 200");
        assert_eq!(response.headers()["grpc-status"], expected, "{path} {headers:?}");
        assert!(response.headers()["grpc-message"].len() > 5);
        assert_eq!(response.headers()["grpc-accept-encoding"], "identity,gzip,zstd");
    }
    let health = fixture.call("/grpc.health.v1.Health/Check", b"").await;
    assert_eq!(bytes(health).await.as_ref(), [0, 0, 0, 0, 2, 8, 1], "SERVING");
}

/// Scenario: two traces in one request, one with its root. Guarantees: the announcement has both with counts and times.
#[tokio::test]
async fn live_readers_hear_of_what_was_acknowledged() {
    let fixture = fixture(&[], |_| {});
    let mut reader = fixture.state.live.subscribe();
    let mut root = otlp::span([1; 16], [1; 8], "root");
    (root.start_time_unix_nano, root.end_time_unix_nano) = (1_000, 9_000);
    let mut child = otlp::failed(otlp::child_of(otlp::span([1; 16], [2; 8], "child"), [1; 8]), "no");
    (child.start_time_unix_nano, child.end_time_unix_nano) = (500, 10_000);
    let mut orphan = otlp::child_of(otlp::span([2; 16], [3; 8], "orphan"), [9; 8]);
    (orphan.start_time_unix_nano, orphan.end_time_unix_nano) = (7, 8);
    let body = otlp::traces("shop", vec![child, root, orphan]).encode_to_vec();
    fixture.post("/v1/traces", &[PROTOBUF], body).await;
    let LiveEvent::Traces { traces } = (*reader.next().await.unwrap()).clone() else { panic!("not traces") };
    assert_eq!(traces.len(), 2);
    let first = &traces[0];
    assert_eq!((first.name.as_str(), first.service_name.as_deref(), first.has_root), ("root", Some("shop"), true));
    assert_eq!((first.span_count, first.error_count), (2, 1));
    assert_eq!((first.start_unix_nano.0, first.duration_ns.0), (500, 9_500));
    assert_eq!((traces[1].name.as_str(), traces[1].has_root), ("orphan", false));

    let body =
        otlp::logs("shop", vec![otlp::log([1; 16], [1; 8], "a"), otlp::log([1; 16], [1; 8], "b")]).encode_to_vec();
    fixture.post("/v1/logs", &[PROTOBUF], body).await;
    let LiveEvent::Logs { count, trace_ids } = (*reader.next().await.unwrap()).clone() else { panic!("not logs") };
    assert_eq!((count, trace_ids), (2, vec!["01".repeat(16)]));

    let body = otlp::metrics("shop", vec![otlp::gauge("g", vec![otlp::point(1.0)])]).encode_to_vec();
    fixture.post("/v1/metrics", &[PROTOBUF], body).await;
    assert_eq!(*reader.next().await.unwrap(), LiveEvent::Points { count: 1 });

    fixture.post("/v1/traces", &[PROTOBUF], "\u{ff}").await;
    assert!(matches!(*reader.next().await.unwrap(), LiveEvent::Issue(_)));
}
