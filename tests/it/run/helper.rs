//! The Rust and Node examples of docs/ci.md: tests that assert telemetry over plain HTTP.

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;

use super::{Place, stderr, telltale};
use crate::support::install::node_modules;
use crate::support::{root, server};

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

/// Scenario: the Node example of docs/ci.md, a suite of its own with the SDK from npm, under `telltale run`. Guarantees:
/// presence, absence and the nearest miss are told to it; what it sent is what the run has seen.
#[test]
fn a_node_test_asserts_telemetry() {
    let place = Place::new();
    let suite = root().join("tests/clients/node/orders.test.js").display().to_string();
    std::fs::write(place.path("signals.toml"), "[[span]]\nname = \"POST /orders\"\nkind = \"server\"\ncount = 3\n")
        .unwrap();
    let arguments = ["run", "--name", "node", "--expect", "signals.toml", "--", "node", "--test", &suite];
    let output = telltale(&place, &arguments).env("NODE_PATH", node_modules()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}\n{printed}", stderr(&output));
    assert!(printed.contains("# pass 3") || printed.contains("pass 3"), "{printed}");
    assert!(stderr(&output).contains("1 of 1 met"), "{}", stderr(&output));
}
