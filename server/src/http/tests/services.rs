//! `GET /api/services`, `GET /api/services/map` and `GET /api/senders` over the sample trace and over odd data.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::{Value, json};
use telltale_model::SignalKind;
use telltale_tests::otlp;

use super::harness::{NOW, Server};
use super::sample::TRACE;
use crate::limits::{OPERATIONS_LISTED, SERVICE_OPERATIONS, TREND_STEPS};

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {list:#}"))
}

/// Scenario: the sample, a minute old. Guarantees: numbers, examples and trend of its services; nanoseconds travel as text.
#[tokio::test]
async fn services_have_their_numbers_and_examples() {
    let server = Server::with_sample().await;
    let answer = server.get("/api/services?from=15m").await.json();
    assert_eq!((&answer["is_complete"], &answer["to_unix_nano"]), (&json!(true), &json!(NOW.0.to_string())));
    let from: u64 = answer["from_unix_nano"].as_str().unwrap().parse().unwrap();
    assert_eq!(NOW.0 - from, 15 * 60 * 1_000_000_000);
    let services = answer["services"].as_array().unwrap();
    let entry = services.iter().find(|one| one["operations"][0]["name"] == "POST /orders").unwrap();
    assert_eq!((&entry["now"]["requests"], &entry["now"]["errors"]), (&json!(1.0), &json!(1.0)), "{entry:#}");
    assert_eq!((&entry["now"]["error_share"], entry.get("before")), (&json!(1.0), None));
    assert_eq!(entry["trend"].as_array().unwrap().len(), TREND_STEPS);
    assert_eq!(entry.get("p95_trend_ns"), None, "only where one service is asked for");
    let operation = &entry["operations"][0];
    for example in ["slowest_trace_id", "error_trace_id", "newest_trace_id"] {
        assert_eq!(operation[example], TRACE, "{example}");
    }

    // One service: its durations step by step; and the same, asked as the period before.
    let name = entry["name"].as_str().unwrap();
    let one = server.get(&format!("/api/services?from=15m&service={name}")).await.json();
    assert_eq!(one["services"].as_array().unwrap().len(), 1);
    let steps = one["services"][0]["p95_trend_ns"].as_array().unwrap();
    assert_eq!(steps.len(), TREND_STEPS);
    assert_eq!(steps.iter().filter(|step| **step != json!("0")).count(), 1, "one request, in one step: {steps:?}");
    let later = server.get(&format!("/api/services?from={}&to={}", NOW.0, NOW.0 + 900_000_000_000)).await.json();
    let gone = named(&later["services"], name);
    assert_eq!((&gone["now"]["requests"], &gone["before"]["requests"]), (&json!(0.0), &json!(1.0)));
    let absent = server.get("/api/services?service=it%27s%20absent").await.json();
    assert_eq!(absent["services"], json!([]));
}

#[tokio::test]
async fn the_map_has_peers_and_examples() {
    let server = Server::with_sample().await;
    let map = server.get("/api/services/map?from=1h").await.json();
    assert_eq!(
        (&map["is_complete"], map["edges"].as_array().map(Vec::is_empty)),
        (&json!(true), Some(false)),
        "{map:#}"
    );
    let ids: Vec<&str> = map["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    for edge in map["edges"].as_array().unwrap() {
        for end in ["from", "to"] {
            assert!(ids.contains(&edge[end].as_str().unwrap()), "{edge} has an end that is no node");
        }
        assert_eq!((&edge["slowest_trace_id"], &edge["newest_trace_id"]), (&json!(TRACE), &json!(TRACE)));
    }
    let nothing = server.get("/api/services/map?from=1&to=2").await.json();
    assert_eq!((&nothing["nodes"], &nothing["spans"]), (&json!([]), &json!(0)));
}

/// Scenario: no service name, names of 300 characters, and more operations than are told apart. Guarantees: each is answered, and
/// what is not listed is counted.
#[tokio::test]
async fn odd_names_and_many_operations_are_answered() {
    let server = Server::new();
    let at = |mut span: opentelemetry_proto::tonic::trace::v1::Span| {
        (span.start_time_unix_nano, span.end_time_unix_nano) = (NOW.0 - 2_000_000_000, NOW.0 - 1_000_000_000);
        span
    };
    let id = |number: usize| (number as u64 + 1).to_be_bytes();
    let operations = SERVICE_OPERATIONS + 7;
    let spans =
        (0..operations).map(|number| at(otlp::span([1; 16], id(number), &format!("{number} {}", "ü".repeat(300)))));
    let long = "ö".repeat(300);
    server.send(SignalKind::Traces, &otlp::traces(&long, spans.collect())).await;
    let mut unnamed: ExportTraceServiceRequest = otlp::traces("x", vec![at(otlp::span([2; 16], id(0), "alone"))]);
    unnamed.resource_spans.iter_mut().for_each(|spans| spans.resource = Some(Resource::default()));
    let payload = prost::Message::encode_to_vec(&unnamed);
    server.state.storage.append(SignalKind::Traces, payload.into()).await.unwrap();

    let answer = server.get("/api/services").await.json();
    let service = named(&answer["services"], &long);
    assert_eq!(service["operations"].as_array().unwrap().len(), OPERATIONS_LISTED);
    assert_eq!(service["operations_left_out"], operations - OPERATIONS_LISTED);
    let alone = server.get(&format!("/api/services?service={}", telltale_tests::http::percent(&long))).await.json();
    assert_eq!(alone["services"][0]["operations"].as_array().unwrap().len(), SERVICE_OPERATIONS);
    assert_eq!(alone["services"][0]["operations_left_out"], 7);
    assert_eq!(service["now"]["requests"], json!(operations as f64), "all requests count, listed or not");
    let none = answer["services"].as_array().unwrap().iter().find(|one| one["name"].is_null()).unwrap();
    assert_eq!(none["operations"][0]["name"], "alone");
    let one = server.get("/api/services?service=").await.json();
    assert_eq!((one["services"].as_array().unwrap().len(), &one["services"][0]["name"]), (1, &Value::Null));
    let map = server.get("/api/services/map").await.json();
    let names: Vec<&str> = map["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["", long.as_str()]);
}

#[tokio::test]
async fn ranges_that_make_no_sense_are_refused_with_a_hint() {
    let server = Server::new();
    for path in ["/api/services", "/api/services/map"] {
        for range in ["from=2&to=1", "from=5&to=5", "from=yesterday", "to=soon"] {
            assert_eq!(server.get(&format!("{path}?{range}")).await.error(400), "bad_parameter", "{path}?{range}");
        }
    }
}

#[tokio::test]
async fn senders_are_listed_and_an_empty_list_is_a_list() {
    let server = Server::new();
    let empty = server.get("/api/senders").await.json();
    assert_eq!((&empty["senders"], &empty["forgotten"], &empty["others"]), (&json!([]), &json!(0), &json!([])));
    let sender = crate::receiver::Sender {
        peer: "127.0.0.1".into(),
        user_agent: Some("agent/1".into()),
        protocol: crate::receiver::Protocol::Grpc,
        compression: "gzip",
    };
    let spans = vec![otlp::span([1; 16], [1; 8], "op")];
    let payload = prost::Message::encode_to_vec(&otlp::traces("shop", spans));
    crate::receiver::ingest(&server.state, SignalKind::Traces, payload.into(), Vec::new(), &sender).await.unwrap();
    let list = server.get("/api/senders").await.json();
    let one = &list["senders"][0];
    assert_eq!((&one["peer"], &one["protocol"], &one["spans"]), (&json!("127.0.0.1"), &json!("grpc"), &json!(1)));
    assert_eq!((&one["services"], &one["last_unix_nano"]), (&json!(["shop"]), &json!(NOW.0.to_string())));
}
