//! The Rust example of docs/ci.md: a test that asserts telemetry over plain HTTP.

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;

use crate::support::server;

/// Scenario: an application's test waits for the span that its request makes, and for one that never comes.
#[tokio::test]
async fn a_rust_test_asserts_telemetry() {
    let server = server();
    let wait = async |rule: &[(&str, &str)]| -> Value {
        let query: Vec<String> =
            rule.iter().map(|(key, value)| format!("{key}={}", telltale_tests::http::percent(value))).collect();
        server.http.get(&format!("/api/wait?{}", query.join("&"))).await.ok().json()
    };
    let send = async {
        let span = otlp::span([7; 16], [7; 8], "POST /orders");
        let _ = server.http.export(Signal::Traces, &otlp::traces("shop", vec![span])).await.ok();
    };
    let (answer, ()) = tokio::join!(wait(&[("span", "POST /orders"), ("service", "shop")]), send);
    assert_eq!(answer["met"], true, "{answer}");
    let answer = wait(&[("span", "POST /order"), ("timeout", "1ms")]).await;
    let nearest = answer["verdict"]["nearest"]["message"].as_str().unwrap();
    assert!(nearest.contains("you asked for \"POST /order\""), "{nearest}");
}
