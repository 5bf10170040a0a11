//! C1 to C17: rules of both transports.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use serde_json::{Value, json};
use telltale_tests::http::{JSON, PROTOBUF, Signal};
use telltale_tests::normal::{SPANS, flatten};
use telltale_tests::rng::Rng;
use telltale_tests::{otlp, wire};

use prost::Message as _;

use crate::support::server;

/// C1, C2: every encoding, on both transports' bytes; a gzip body of several members is one body.
#[tokio::test]
async fn c1_c2_content_encodings() {
    let server = server();
    let mut rng = Rng::new(1);
    let mut expected = Vec::new();
    for signal_name in ["identity", "gzip", "gzip-members", "zstd", "deflate"] {
        let name = format!("span in {signal_name}");
        let span = otlp::span(rng.trace_id(), rng.span_id(), &name);
        let body = otlp::traces("encodings", vec![span]).encode_to_vec();
        let (encoding, bytes) = match signal_name {
            "identity" => ("identity", body),
            "gzip" => ("gzip", wire::gzip(&body)),
            "gzip-members" => ("gzip", body.chunks(20).flat_map(wire::gzip).collect()),
            "zstd" => ("zstd", wire::zstd(&body)),
            _ => ("deflate", wire::deflate(&body)),
        };
        let _ = server.http.post_encoded(Signal::Traces, PROTOBUF, encoding, bytes).await.ok();
        expected.push(name);
    }
    let rows = server.http.sql("SELECT name FROM spans ORDER BY name").await;
    let mut names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// C1: gzip of JSON as well.
#[tokio::test]
async fn c1_gzip_of_json() {
    let server = server();
    let body = json!({"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "zip"}}]},
        "scopeLogs": [{"logRecords": [{"timeUnixNano": "1700000000000000000", "body": {"stringValue": "squeezed"}}]}]}]});
    let answer =
        server.http.post_encoded(Signal::Logs, JSON, "gzip", wire::gzip(body.to_string().as_bytes())).await.ok();
    assert_eq!(answer.json(), json!({}));
    assert_eq!(server.http.count("SELECT count(*) FROM logs WHERE body = 'squeezed'").await, 1);
}

/// C5, C6: nothing in, nothing wrong; full success leaves `partial_success` unset.
#[tokio::test]
async fn c5_c6_empty_requests_and_full_success() {
    let server = server();
    for signal in Signal::ALL {
        let answer = server.http.post(signal, PROTOBUF, "").await.ok();
        assert!(answer.body.is_empty(), "{signal:?}: {:?}", answer.body);
        assert_eq!(server.http.post(signal, JSON, "{}").await.ok().json(), json!({}), "{signal:?}");
    }
    let envelope = json!({"resourceSpans": [{}, {"scopeSpans": [{}]}]});
    assert_eq!(server.http.export_json(Signal::Traces, &envelope).await.ok().json(), json!({}));
    let mut rng = Rng::new(2);
    let request = otlp::traces("full", vec![otlp::span(rng.trace_id(), rng.span_id(), "one")]);
    assert!(server.http.export(Signal::Traces, &request).await.ok().body.is_empty());
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1);
}

/// C7, C9, C15: a span without a valid id is rejected alone, counted, and the message says why and what to do.
#[tokio::test]
async fn c7_c15_partial_success_counts_and_explains() {
    let server = server();
    let mut rng = Rng::new(3);
    let trace_id = rng.trace_id();
    let mut spans: Vec<_> = (0..4).map(|at| otlp::span(trace_id, rng.span_id(), &format!("good {at}"))).collect();
    spans[1].span_id = vec![0; 8];
    spans[2].trace_id = vec![1; 15];
    let answer = server.http.export(Signal::Traces, &otlp::traces("partial", spans.clone())).await.ok();
    let response: ExportTraceServiceResponse = answer.protobuf();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 2);
    assert!(partial.error_message.contains("span_id"), "{}", partial.error_message);
    assert!(partial.error_message.len() <= 1024);
    let names = server.http.sql("SELECT name FROM spans ORDER BY name").await;
    assert_eq!(names, [json!({"name": "good 0"}), json!({"name": "good 3"})]);
}

/// C10, C13: what a newer client may send is ignored or kept, never refused.
#[tokio::test]
async fn c10_c13_unknown_fields_flags_and_enum_values() {
    let server = server();
    let mut rng = Rng::new(4);
    let mut span = otlp::span(rng.trace_id(), rng.span_id(), "from the future");
    span.flags = 0xffff_ff01;
    span.kind = 99;
    let mut body = otlp::traces("future", vec![span]).encode_to_vec();
    body.extend(wire::field(900, b"a field that nobody knows"));
    body.extend(wire::int_field(901, 7));
    assert!(server.http.post(Signal::Traces, PROTOBUF, body).await.ok().body.is_empty());
    let rows = server.http.sql("SELECT name, kind, flags FROM spans").await;
    assert_eq!(rows, [json!({"name": "from the future", "kind": 99, "flags": 0xffff_ff01_u32})]);
}

/// C11: every kind of value, empty ones too, and one key with five types, reads back equal.
#[tokio::test]
async fn c11_every_kind_of_attribute_value() {
    let server = server();
    let mut rng = Rng::new(5);
    let trace_id = rng.trace_id();
    let values = [
        Any::StringValue(String::new()),
        Any::StringValue("text \u{0} with NUL, \u{202e} and ☂".to_owned()),
        Any::BoolValue(false),
        Any::IntValue(i64::MIN),
        Any::DoubleValue(f64::INFINITY),
        Any::BytesValue(vec![0, 255, 128]),
        Any::BytesValue(Vec::new()),
        Any::ArrayValue(ArrayValue::default()),
        Any::ArrayValue(ArrayValue {
            values: vec![otlp::string("mixed"), AnyValue { value: Some(Any::IntValue(7)) }, AnyValue { value: None }],
        }),
        Any::KvlistValue(KeyValueList { values: vec![otlp::text("inner", "value"), otlp::text("", "")] }),
    ];
    let mut spans = Vec::new();
    for value in values {
        let mut span = otlp::span(trace_id, rng.span_id(), "typed");
        span.attributes = vec![otlp::attribute("same.key", value.clone()), otlp::text("", "empty key")];
        span.events = vec![Event { name: "e".to_owned(), attributes: span.attributes.clone(), ..Event::default() }];
        span.links = vec![Link {
            trace_id: vec![9; 16],
            span_id: vec![8; 8],
            attributes: span.attributes.clone(),
            ..Link::default()
        }];
        spans.push(span);
    }
    let request = otlp::traces("typed", spans);
    let _ = server.http.export(Signal::Traces, &request).await.ok();
    let path = format!("/api/trace/{}/otlp", otlp::hex(&trace_id));
    for round in ["memory", "segment"] {
        let accept = server.http.request(reqwest::Method::GET, &path).header("accept", PROTOBUF);
        let read: opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest =
            server.http.send(accept).await.ok().protobuf();
        let mut read: Vec<_> =
            read.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans).collect();
        let mut sent = request.resource_spans[0].scope_spans[0].spans.clone();
        sent.sort_by(|a, b| a.span_id.cmp(&b.span_id));
        read.sort_by(|a, b| a.span_id.cmp(&b.span_id));
        assert_eq!(sent, read, "from {round}");
        server.http.flush_durable().await;
    }
}

/// C4: however much is wrong, the answer stays small: the message names the first reasons and counts the rest.
#[tokio::test]
async fn c4_answers_are_small_however_much_is_wrong() {
    let server = server();
    let mut rng = Rng::new(12);
    let spans: Vec<Vec<u8>> = (0..20_000)
        .map(|at| {
            let name = format!("span {at} \u{1F4A5} {}", "long ".repeat(20));
            wire::span(&rng.trace_id()[..at % 16], &rng.span_id(), name.as_bytes(), (1, 2), &[])
        })
        .collect();
    let answer = server.http.post(Signal::Traces, PROTOBUF, wire::request(&"service ".repeat(500), &spans)).await.ok();
    assert!(answer.body.len() <= 1100, "{} bytes", answer.body.len());
    let response: ExportTraceServiceResponse = answer.protobuf();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 20_000);
    assert!(partial.error_message.len() <= 1024 && partial.error_message.contains("trace_id"), "{partial:?}");
    let refused = format!("{{\"resourceSpans\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = server.http.post(Signal::Traces, JSON, refused).await;
    assert_eq!(answer.status, reqwest::StatusCode::BAD_REQUEST);
    assert!(answer.body.len() <= 4096, "{} bytes: {}", answer.body.len(), answer.text());
}

/// C12: references to a string table, which only profiles have, count as absent; the rest of the span is kept and the
/// sender is told.
#[tokio::test]
async fn c12_references_to_a_string_table_count_as_absent() {
    const KEY_STRINDEX: u32 = 3;
    const STRING_VALUE_STRINDEX: u32 = 8;
    let server = server();
    let mut rng = Rng::new(13);
    let by_value = wire::key_value(b"odd.value", &wire::int_field(STRING_VALUE_STRINDEX, 7));
    let mut by_key = wire::field(2, &wire::string_value(b"value without a key"));
    by_key.extend(wire::int_field(KEY_STRINDEX, 9));
    let good = wire::key_value(b"good", &wire::string_value(b"kept"));
    let span = wire::span(&rng.trace_id(), &rng.span_id(), b"profiled", (1, 2), &[by_value, by_key, good]);
    let _ = server.http.post(Signal::Traces, PROTOBUF, wire::request("strindex", &[span])).await.ok();
    let rows = server.http.sql("SELECT name, attr('good') AS good, attr('odd.value') AS odd FROM spans").await;
    assert_eq!(rows, [json!({"name": "profiled", "good": "kept", "odd": null})]);
    let issues = server.http.issues().await;
    assert!(issues.iter().any(|issue| issue["code"] == "string_table_reference"), "{issues:?}");
}

/// C14: a log record with a broken id is kept, without a trace.
#[tokio::test]
async fn c14_a_log_with_a_broken_id_is_kept() {
    let server = server();
    let mut broken = otlp::log([0; 16], [0; 8], "kept without a trace");
    broken.trace_id = vec![1, 2, 3];
    let zero = otlp::log([0; 16], [0; 8], "zero ids");
    let good = otlp::log([7; 16], [7; 8], "with a trace");
    let _ = server.http.export(Signal::Logs, &otlp::logs("ids", vec![broken, zero, good])).await.ok();
    let rows = server.http.sql("SELECT body, trace_id FROM logs ORDER BY body").await;
    let trace = "07".repeat(16);
    let read: Vec<(&str, Option<&str>)> =
        rows.iter().map(|row| (row["body"].as_str().unwrap(), row["trace_id"].as_str())).collect();
    assert_eq!(read, [("kept without a trace", None), ("with a trace", Some(trace.as_str())), ("zero ids", None)]);
}

/// C16: a data point without a time is rejected, its neighbours are not.
#[tokio::test]
async fn c16_a_point_without_a_time_is_rejected() {
    let server = server();
    let timeless = opentelemetry_proto::tonic::metrics::v1::NumberDataPoint { time_unix_nano: 0, ..otlp::point(1.0) };
    let request = otlp::metrics("timeless", vec![otlp::gauge("g", vec![otlp::point(2.0), timeless, otlp::point(3.0)])]);
    let answer = server.http.export(Signal::Metrics, &request).await.ok();
    let response: opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse = answer.protobuf();
    assert_eq!(response.partial_success.unwrap().rejected_data_points, 1);
    let rows = server.http.sql("SELECT value FROM points ORDER BY value").await;
    assert_eq!(rows, [json!({"value": 2.0}), json!({"value": 3.0})]);
}

/// C17: a client whose answer was lost sends again; the trace shows every span once and says how many came twice.
#[tokio::test]
async fn c17_a_request_sent_again_shows_once() {
    let server = server();
    let mut rng = Rng::new(6);
    let trace_id = rng.trace_id();
    let request = otlp::traces("again", vec![otlp::span(trace_id, rng.span_id(), "once")]);
    let id = otlp::hex(&trace_id);
    let _ = server.http.export(Signal::Traces, &request).await.ok();
    let _ = server.http.export(Signal::Traces, &request).await.ok();
    for _ in ["memory", "segment"] {
        let view = server.http.get_json(&format!("/api/trace/{id}")).await;
        assert_eq!(view["spans"].as_array().map(Vec::len), Some(1), "{view}");
        assert_eq!(view["duplicate_span_count"], 1);
        server.http.flush_durable().await;
    }
    let _ = server.http.export(Signal::Traces, &request).await.ok();
    let view = server.http.get_json(&format!("/api/trace/{id}")).await;
    assert_eq!(view["spans"].as_array().map(Vec::len), Some(1), "one in memory, two in a segment: {view}");
    let spans: Vec<Value> = flatten(&server.http.get_json(&format!("/api/trace/{id}/otlp")).await, SPANS);
    assert_eq!(spans[0]["item"]["name"], "once");
}
