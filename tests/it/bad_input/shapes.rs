//! Traces of an impossible or incomplete shape: kept whole, shown, and the story says what is wrong with them.

use std::time::Duration;

use serde_json::Value;
use telltale_tests::http::{Http, Signal};
use telltale_tests::{otlp, poll};

use crate::support::server;

async fn story(http: &Http, trace_id: [u8; 16]) -> Value {
    http.get_json(&format!("/api/story/{}", otlp::hex(&trace_id))).await
}

fn chips(story: &Value) -> Vec<&str> {
    story["chips"].as_array().unwrap().iter().filter_map(|chip| chip["code"].as_str()).collect()
}

/// Every span of the trace stands in the merged list, in memory and in a segment.
async fn all_shown(http: &Http, trace_id: [u8; 16], expected: usize, chip: &str) {
    for round in ["memory", "segment"] {
        let story = story(http, trace_id).await;
        let entries = story["entries"].as_array().unwrap();
        let spans = entries.iter().filter(|entry| entry["kind"] == "span").count();
        assert_eq!(spans, expected, "{round}: {story:#}");
        assert!(chips(&story).contains(&chip), "{round}: no chip {chip} in {:?}", story["chips"]);
        let text = http.get(&format!("/t/{}.txt", otlp::hex(&trace_id))).await.ok().text();
        assert!(!text.is_empty());
        http.flush_durable().await;
    }
}

/// Asserts that the list of issues tells of a trace once nothing more of it comes.
async fn told_when_quiet(http: &Http, code: &str, service: &str) {
    poll::until(code, Duration::from_secs(30), async || {
        let issues = http.issues().await;
        issues.iter().any(|issue| issue["code"] == code).then_some(())
    })
    .await;
    let issue = super::issue(http, code).await;
    assert_eq!((issue["outcome"].as_str(), issue["service_name"].as_str()), (Some("odd"), Some(service)), "{issue}");
    assert!(issue["message"].as_str().unwrap().contains(&"01".repeat(16)), "names the trace: {issue}");
    let looked_at = http.metrics().await.sum("telltale_quiet_traces_total", &["outcome=\"looked_at\""]);
    assert!(looked_at >= Some(1.0), "{looked_at:?}");
}

#[tokio::test]
async fn cyclic_parents() {
    let server = server();
    let spans = vec![
        otlp::span([1; 16], [9; 8], "root"),
        otlp::child_of(otlp::span([1; 16], [1; 8], "a"), [3; 8]),
        otlp::child_of(otlp::span([1; 16], [2; 8], "b"), [1; 8]),
        otlp::child_of(otlp::span([1; 16], [3; 8], "c"), [2; 8]),
        otlp::child_of(otlp::span([1; 16], [4; 8], "own parent"), [4; 8]),
    ];
    let _ = server.http.export(Signal::Traces, &otlp::traces("cycle", spans)).await.ok();
    all_shown(&server.http, [1; 16], 5, "cycle").await;
    told_when_quiet(&server.http, "trace_parent_cycle", "cycle").await;
    assert_eq!(super::issue(&server.http, "span_is_its_parent").await["outcome"], "odd");
}

#[tokio::test]
async fn orphan_spans() {
    let server = server();
    let spans = vec![
        otlp::span([1; 16], [9; 8], "root"),
        otlp::child_of(otlp::span([1; 16], [1; 8], "orphan"), [7; 8]),
        otlp::child_of(otlp::span([1; 16], [2; 8], "child of the orphan"), [1; 8]),
    ];
    let _ = server.http.export(Signal::Traces, &otlp::traces("orphan", spans)).await.ok();
    all_shown(&server.http, [1; 16], 3, "missing_parent").await;
    told_when_quiet(&server.http, "trace_missing_parent", "orphan").await;
    let mut late = otlp::child_of(otlp::span([1; 16], [7; 8], "the missing parent"), [9; 8]);
    late.start_time_unix_nano -= 1_000_000;
    let _ = server.http.export(Signal::Traces, &otlp::traces("orphan", vec![late])).await.ok();
    let story = story(&server.http, [1; 16]).await;
    assert!(!chips(&story).contains(&"missing_parent"), "once it has arrived it is not missing: {:?}", story["chips"]);
}

#[tokio::test]
async fn duplicate_and_conflicting_spans() {
    let server = server();
    let one = otlp::span([1; 16], [1; 8], "one");
    let mut conflicting = one.clone();
    conflicting.name = "one, but different".to_owned();
    let request = otlp::traces("twice", vec![one.clone(), one.clone(), conflicting]);
    let _ = server.http.export(Signal::Traces, &request).await.ok();
    all_shown(&server.http, [1; 16], 2, "duplicate_spans").await;
    told_when_quiet(&server.http, "trace_duplicate_spans", "twice").await;
    told_when_quiet(&server.http, "trace_repeated_span_id", "twice").await;
    let view = server.http.get_json(&format!("/api/trace/{}", "01".repeat(16))).await;
    assert_eq!(view["duplicate_span_count"], 1, "{view}");
}

#[tokio::test]
async fn logs_only_and_two_roots() {
    let server = server();
    let _ =
        server.http.export(Signal::Logs, &otlp::logs("quiet", vec![otlp::log([5; 16], [5; 8], "alone")])).await.ok();
    let story = story(&server.http, [5; 16]).await;
    assert_eq!(story["outcome"], "unknown", "{story}");
    assert!(chips(&story).contains(&"logs_only"), "{:?}", story["chips"]);
    assert_eq!(
        server.http.resolve_trace(&"05".repeat(16)).await,
        Some("05".repeat(16)),
        "a trace of logs alone is found"
    );
    let spans = vec![otlp::span([6; 16], [1; 8], "first"), otlp::span([6; 16], [2; 8], "second")];
    let _ = server.http.export(Signal::Traces, &otlp::traces("roots", spans)).await.ok();
    all_shown(&server.http, [6; 16], 2, "many_roots").await;
}

#[tokio::test]
async fn a_very_deep_and_a_very_wide_trace() {
    let server = server();
    let id = |at: u64| (at + 1).to_be_bytes();
    let deep = (0..5000).map(|at| match at {
        0 => otlp::span([1; 16], id(0), "root"),
        _ => otlp::child_of(otlp::span([1; 16], id(at), "deep"), id(at - 1)),
    });
    let _ = server.http.export(Signal::Traces, &otlp::traces("deep", deep.collect())).await.ok();
    let wide = (0..5000).map(|at| match at {
        0 => otlp::span([2; 16], id(0), "root"),
        _ => otlp::child_of(otlp::span([2; 16], id(at), "wide"), id(0)),
    });
    let _ = server.http.export(Signal::Traces, &otlp::traces("wide", wide.collect())).await.ok();
    for trace_id in [[1; 16], [2; 16]] {
        let story = story(&server.http, trace_id).await;
        assert_eq!(story["counts"]["spans"], 5000, "{}", story["counts"]);
    }
}
