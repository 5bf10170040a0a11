//! What senders do wrong, one by one: the answer that the specification asks for, a line in `/api/issues` that says what was
//! odd, and nothing else lost.

use prost::Message as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use telltale_tests::http::{Answer, Http, JSON, PROTOBUF, Signal};
use telltale_tests::rng::Rng;
use telltale_tests::{otlp, wire};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;

use crate::support::server;

mod shapes;

/// Asserts that an issue of this code is listed, with a message and a hint, and returns it.
pub(crate) async fn issue(http: &Http, code: &str) -> Value {
    let issues = http.issues().await;
    let found = issues.iter().find(|issue| issue["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no issue {code} in {issues:#?}")).clone();
    for member in ["message", "hint", "outcome", "protocol", "peer"] {
        assert!(found[member].as_str().is_some_and(|text| !text.is_empty()), "`{member}` of {found}");
    }
    // The first-run page shows the same lines.
    let recent = http.get_json("/api/recent").await;
    assert!(
        recent["issues"].as_array().unwrap().iter().any(|issue| issue["code"] == code),
        "{code} is not on the start page"
    );
    found
}

fn rejected(answer: &Answer) -> (i64, String) {
    let partial = answer.protobuf::<ExportTraceServiceResponse>().partial_success.unwrap_or_default();
    (partial.rejected_spans, partial.error_message)
}

/// Sends a good span and asserts that the server still works.
async fn still_works(http: &Http) {
    let mut rng = Rng::from_env();
    let (trace_id, span_id) = (rng.trace_id(), rng.span_id());
    let _ = http.export(Signal::Traces, &otlp::traces("good", vec![otlp::span(trace_id, span_id, "good")])).await.ok();
    assert_eq!(http.resolve_trace(&otlp::hex(&trace_id)).await, Some(otlp::hex(&trace_id)));
}

#[tokio::test]
async fn wrong_content_type() {
    let server = server();
    let body = otlp::traces("typed", vec![otlp::span([1; 16], [1; 8], "s")]).encode_to_vec();
    let answer = server.http.post(Signal::Traces, "text/plain", body).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(answer.text().contains("application/x-protobuf"), "the answer names what is taken: {}", answer.text());
    let issue = issue(&server.http, "request_unsupported_media").await;
    assert_eq!(issue["signal"], "traces");
    assert!(issue["message"].as_str().unwrap().contains("text/plain"), "{issue}");
    still_works(&server.http).await;
}

#[tokio::test]
async fn broken_protobuf_and_broken_json() {
    let server = server();
    let mut body = otlp::traces("broken", vec![otlp::span([1; 16], [1; 8], "s")]).encode_to_vec();
    body.truncate(body.len() - 5);
    let answer = server.http.post(Signal::Traces, PROTOBUF, body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!answer.protobuf::<wire::RpcStatus>().message.is_empty());
    let answer = server.http.post(Signal::Logs, JSON, "{\"resourceLogs\": [}").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let issues = server.http.issues().await;
    for (protocol, signal) in [("http/protobuf", "traces"), ("http/json", "logs")] {
        let same = |issue: &&Value| {
            issue["protocol"] == protocol && issue["signal"] == signal && issue["outcome"] == "rejected"
        };
        assert_eq!(issues.iter().filter(same).count(), 1, "{protocol}: {issues:#?}");
    }
    still_works(&server.http).await;
}

#[tokio::test]
async fn nesting_of_300_levels() {
    let server = server();
    let mut rng = Rng::new(1);
    let trace_id = rng.trace_id();
    let deep = wire::key_value(b"deep", &wire::nested_array(300));
    let spans = [
        wire::span(&trace_id, &rng.span_id(), b"before", (otlp::now(), otlp::now()), &[]),
        wire::span(&trace_id, &rng.span_id(), b"deep", (otlp::now(), otlp::now()), &[deep]),
        wire::span(&trace_id, &rng.span_id(), b"after", (otlp::now(), otlp::now()), &[]),
    ];
    let answer = server.http.post(Signal::Traces, PROTOBUF, wire::request("nested", &spans)).await.ok();
    let (count, message) = rejected(&answer);
    let names: Vec<String> = names(&server.http).await;
    assert!(names.contains(&"before".to_owned()) && names.contains(&"after".to_owned()), "neighbours: {names:?}");
    // Either the value is kept whole, or the one span is refused and counted; nothing in between.
    assert_eq!(names.contains(&"deep".to_owned()), count == 0, "{names:?}, {count} rejected: {message}");
    if count > 0 {
        assert!(message.contains("nest") || message.contains("deep"), "{message}");
        issue(&server.http, "record_malformed").await;
    }
    let _ = server.http.get(&format!("/api/trace/{}", otlp::hex(&trace_id))).await.ok();
    let document = server.http.get_json(&format!("/api/trace/{}/otlp", otlp::hex(&trace_id))).await;
    assert_eq!(document.to_string().contains("bottom"), count == 0);
    let json = format!(
        "{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"timeUnixNano\":\"1\",\"body\":{}{{\"stringValue\":\"x\"}}{}}},\
         {{\"timeUnixNano\":\"1\",\"body\":{{\"stringValue\":\"neighbour\"}}}}]}}]}}]}}",
        "{\"arrayValue\":{\"values\":[".repeat(300),
        "]}}".repeat(300)
    );
    let answer = server.http.post(Signal::Logs, JSON, json).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(server.http.count("SELECT count(*) FROM logs WHERE body = 'neighbour'").await, 1);
    still_works(&server.http).await;
}

async fn names(http: &Http) -> Vec<String> {
    let rows = http.sql("SELECT name FROM spans ORDER BY name").await;
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn zero_and_wrong_length_ids() {
    let server = server();
    let (good_trace, good_span) = ([1_u8; 16], [2_u8; 8]);
    let time = (otlp::now(), otlp::now());
    let spans = [
        wire::span(&good_trace, &good_span, b"good", time, &[]),
        wire::span(&[0; 16], &good_span, b"zero trace", time, &[]),
        wire::span(&good_trace, &[0; 8], b"zero span", time, &[]),
        wire::span(&good_trace[..15], &good_span, b"short trace", time, &[]),
        wire::span(&good_trace, &[9; 9], b"long span", time, &[]),
        wire::span(&[], &[], b"no ids", time, &[]),
    ];
    let answer = server.http.post(Signal::Traces, PROTOBUF, wire::request("ids", &spans)).await.ok();
    let (count, message) = rejected(&answer);
    assert_eq!(count, 5, "{message}");
    assert_eq!(names(&server.http).await, ["good"]);
    let issue = issue(&server.http, "trace_id_invalid").await;
    assert_eq!((&issue["outcome"], &issue["service_name"]), (&json!("rejected"), &json!("ids")));
    crate::bad_input::issue(&server.http, "span_id_invalid").await;
}

#[tokio::test]
async fn invalid_utf8() {
    let server = server();
    let time = (otlp::now(), otlp::now());
    let attributes = [wire::key_value(b"cut", &wire::string_value(b"M\xc3\xbcller\xc3"))];
    let spans = [
        wire::span(&[1; 16], &[1; 8], b"good", time, &[]),
        wire::span(&[1; 16], &[2; 8], b"bad \xf0\x28\x8c\x28", time, &attributes),
    ];
    let answer = server.http.post(Signal::Traces, PROTOBUF, wire::request("utf8", &spans)).await.ok();
    let (count, message) = rejected(&answer);
    assert_eq!(count, 0);
    assert!(!message.is_empty(), "a repair is said");
    let rows = server.http.sql("SELECT name, attr('cut') AS cut FROM spans ORDER BY name").await;
    assert!(rows[0]["name"].as_str().unwrap().starts_with("bad \u{fffd}"), "{rows:?}");
    assert_eq!(rows[0]["cut"], "Müller\u{fffd}");
    assert_eq!(rows[1]["name"], "good");
    assert_eq!(issue(&server.http, "utf8_invalid").await["outcome"], "repaired");
}

#[tokio::test]
async fn not_a_number() {
    let server = server();
    let points = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1.0].map(otlp::point);
    let request = otlp::metrics("nan", vec![otlp::gauge("g", points.to_vec())]);
    assert!(server.http.export(Signal::Metrics, &request).await.ok().body.is_empty(), "NaN is a value like others");
    let rows = server.http.sql("SELECT CAST(value AS VARCHAR) AS value FROM points").await;
    let mut values: Vec<String> = rows.iter().map(|row| row["value"].as_str().unwrap().to_lowercase()).collect();
    values.sort_unstable();
    assert_eq!(values, ["-0.0", "-inf", "1.0", "inf", "nan"]);
    let _ = server.http.sql("SELECT value FROM points").await;
    let mut span = otlp::span([3; 16], [3; 8], "nan attribute");
    span.attributes =
        vec![otlp::attribute("n", opentelemetry_proto::tonic::common::v1::any_value::Value::DoubleValue(f64::NAN))];
    let _ = server.http.export(Signal::Traces, &otlp::traces("nan", vec![span])).await.ok();
    let document = server.http.get_json(&format!("/api/trace/{}/otlp", "03".repeat(16))).await;
    assert!(document.to_string().contains("{\"doubleValue\":\"NaN\"}"), "{document}");
}

#[tokio::test]
async fn times_of_zero_and_of_the_year_2554() {
    let server = server();
    let trace_id = [1_u8; 16];
    let last = u64::MAX;
    let spans = [
        wire::span(&trace_id, &[1; 8], b"zero", (0, 0), &[]),
        wire::span(&trace_id, &[2; 8], b"year 2554", (last - 1, last), &[]),
        wire::span(&trace_id, &[3; 8], b"backwards", (otlp::now(), otlp::now() - 5_000_000), &[]),
        wire::span(&trace_id, &[4; 8], b"good", (otlp::now(), otlp::now() + 7), &[]),
    ];
    let answer = server.http.post(Signal::Traces, PROTOBUF, wire::request("times", &spans)).await.ok();
    assert_eq!(rejected(&answer).0, 0, "odd times are kept");
    for round in ["memory", "segment"] {
        assert_eq!(names(&server.http).await.len(), 4, "{round}");
        let document = server.http.get_json(&format!("/api/trace/{}/otlp", otlp::hex(&trace_id))).await;
        let read = telltale_tests::normal::flatten(&document, telltale_tests::normal::SPANS);
        let of = |name: &str| read.iter().find(|span| span["item"]["name"] == name).unwrap()["item"].clone();
        assert_eq!(of("year 2554")["endTimeUnixNano"], last.to_string(), "{round}");
        assert_eq!(of("year 2554")["startTimeUnixNano"], (last - 1).to_string(), "{round}");
        assert_eq!(of("zero").get("startTimeUnixNano"), None, "{round}");
        server.http.flush_durable().await;
    }
    for code in ["span_time_zero", "time_out_of_range", "end_before_start"] {
        assert_eq!(issue(&server.http, code).await["outcome"], "odd", "{code}");
    }
    let _ = server.http.get(&format!("/api/story/{}", otlp::hex(&trace_id))).await.ok();
}

#[tokio::test]
async fn an_attribute_of_a_megabyte() {
    let server = server();
    let big: String = (0..1024 * 1024).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
    let mut spans = vec![otlp::span([1; 16], [1; 8], "big"), otlp::span([1; 16], [2; 8], "small")];
    spans[0].attributes = vec![otlp::text("payload", big.clone()), otlp::text("other", "kept")];
    let _ = server.http.export(Signal::Traces, &otlp::traces("big", spans)).await.ok();
    for round in ["memory", "segment"] {
        let document = server.http.get_json(&format!("/api/trace/{}/otlp", "01".repeat(16))).await;
        let read = telltale_tests::normal::flatten(&document, telltale_tests::normal::SPANS);
        let span = read.iter().find(|span| span["item"]["name"] == "big").unwrap();
        let attributes = span["item"]["attributes"].as_array().unwrap();
        let payload = attributes.iter().find(|attribute| attribute["key"] == "payload").unwrap();
        assert!(payload["value"]["stringValue"] == big.as_str(), "the megabyte differs, from {round}");
        assert_eq!(read.len(), 2);
        server.http.flush_durable().await;
    }
    assert_eq!(issue(&server.http, "attribute_huge").await["outcome"], "odd");
}
