//! The shape of every answer as a file: a change of the public API is a visible difference.
//!
//! `TELLTALE_BLESS=1 cargo test -p telltale snapshots` writes the files anew; they are never edited by hand.

use std::path::PathBuf;

use serde_json::Value;
use telltale_api::live::{Endpoints, LiveEvent, LiveTrace};
use telltale_api::{Nanos, SignedNanos};
use telltale_model::SignalKind;

use super::harness::{NOW, Server};
use super::sample::{QUERY, TRACE};
use crate::issues::Sighting;

/// Members whose value differs from run to run.
const CHANGING: [&str; 5] = ["elapsed_us", "elapsed_ms", "items_per_second", "disk_bytes", "after"];

fn calm(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if CHANGING.contains(&name.as_str()) {
                    *member = Value::from(0);
                } else {
                    calm(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(calm),
        _ => {}
    }
}

fn check(name: &str, mut answer: Value) {
    calm(&mut answer);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/snapshots/api").join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(&answer).unwrap() + "\n";
    if std::env::var_os("TELLTALE_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{} differs: see the module's comment", path.display());
}

fn sighting() -> Sighting {
    Sighting {
        code: "service_name_missing".into(),
        outcome: "odd".into(),
        message: "no service.name in the resource".into(),
        hint: "set OTEL_SERVICE_NAME".into(),
        signal: Some("traces".into()),
        protocol: "http/json".into(),
        peer: "127.0.0.1".into(),
        user_agent: Some("agent/1".into()),
        service_name: None,
        count: 3,
    }
}

#[tokio::test]
async fn every_answer_has_the_shape_that_was_agreed() {
    let server = Server::with_sample().await;
    server.state.issues.record(sighting(), Nanos(NOW.0));
    let endpoints = Endpoints { ui: "http://u".into(), otlp_grpc: "http://g".into(), otlp_http: "http://h".into() };
    server.state.endpoints.set(endpoints).unwrap();
    for (name, path) in [
        ("health", "/api/health".to_owned()),
        ("resolve", format!("/api/resolve?q=00-{TRACE}-{QUERY}-00")),
        ("trace", format!("/api/trace/{TRACE}")),
        ("trace_otlp", format!("/api/trace/{TRACE}/otlp")),
        ("story", format!("/api/story/{TRACE}")),
        ("recent", "/api/recent".to_owned()),
        ("issues", "/api/issues".to_owned()),
    ] {
        check(name, server.get(&path).await.json());
    }
    check("flush", server.post("/api/flush", "").await.json());
    let sql =
        r#"{"sql":"SELECT trace_id, name, start_time_unix_nano, duration_ns, attributes FROM spans ORDER BY name"}"#;
    check("sql", server.post("/api/sql", sql).await.json());
    let not_found = server.get("/api/trace/4bf92f3577b34da6a3ce929d0e0e4736").await;
    check("error", serde_json::from_slice(&not_found.body).unwrap());
}

#[test]
fn live_events_have_the_shape_that_was_agreed() {
    let trace = LiveTrace {
        trace_id: TRACE.into(),
        span_count: 2,
        error_count: 1,
        start_unix_nano: Nanos(NOW.0),
        duration_ns: SignedNanos(5),
        service_name: Some("shop-api".into()),
        name: "POST /orders".into(),
        has_root: true,
    };
    let issue = crate::issues::Registry::new().record(sighting(), Nanos(NOW.0));
    let events = [
        LiveEvent::Traces { traces: vec![trace] },
        LiveEvent::Logs { count: 1, trace_ids: vec![TRACE.into()] },
        LiveEvent::Points { count: 1 },
        LiveEvent::Issue(issue),
        LiveEvent::Skipped { count: 1 },
    ];
    for event in &events {
        assert_eq!(serde_json::to_value(event).unwrap()["event"], event.name());
    }
    check("live", serde_json::to_value(&events).unwrap());
}

#[tokio::test]
async fn files_in_and_the_preview_of_what_goes_out() {
    let server = Server::new();
    let file = b"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\",\
        \"name\":\"mail ada@example.org\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\"}]}]}]}\noops\n";
    check("import", server.post_bytes("/api/import?name=a.jsonl", file.to_vec()).await.json());
    check("share_preview", server.get(&format!("/api/share/{TRACE}/preview")).await.json());
}

#[tokio::test]
async fn plans_comparisons_and_what_stands_around_have_the_shape_that_was_agreed() {
    let server = Server::with_sample().await;
    let other = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = super::sample::one_span_of("shop-api", other, "00f067aa0ba902b7", "POST /orders");
    server.send(SignalKind::Traces, &request).await;
    let plan = "Limit  (cost=0.00..9.00 rows=1 width=1) (actual time=0.1..3.0 rows=1 loops=1)\n  ->  Seq Scan on orders  \
                (cost=0.00..8.00 rows=1 width=1) (actual time=0.1..2.0 rows=500 loops=1)\n        Filter: (total > 3)\n\
                Planning Time: 0.1 ms";
    check("plan", server.post("/api/plan", plan).await.json());
    check("diff", server.get(&format!("/api/diff?a={other}&b={TRACE}")).await.json());
    check("around", server.get(&format!("/api/around/{TRACE}")).await.json());
    let typo = TRACE.replace("319c", "319d");
    let mut not_found = server.get(&format!("/api/resolve?q=00-{typo}-{QUERY}-00")).await.json();
    // The sentence that holds how long it took.
    not_found["not_found"]["sentences"]
        .as_array_mut()
        .unwrap()
        .retain(|text| !text.as_str().unwrap().contains("searched in"));
    check("not_found", not_found);
}

#[tokio::test]
async fn runs_their_list_one_of_them_and_two_compared() {
    let server = Server::new();
    for (name, step) in [("before", 1), ("after", 2)] {
        server.tick();
        server.post("/api/runs", &format!("{{\"name\":\"{name}\"}}")).await.json();
        server.tick();
        if step == 1 {
            server.send(SignalKind::Traces, &super::sample::traces()).await;
            server.send(SignalKind::Logs, &super::sample::logs()).await;
            server.send(SignalKind::Metrics, &super::sample::metrics()).await;
        } else {
            let lost =
                super::sample::one_span("1af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b1", "work", "lost 7");
            server.send(SignalKind::Traces, &lost).await;
        }
    }
    check("runs", server.get("/api/runs").await.json());
    check("run", server.get("/api/runs/show?run=before").await.json());
    check("runs_diff", server.get("/api/runs/diff?a=before&b=after").await.json());
}
