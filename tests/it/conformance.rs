//! Captures from elsewhere: every request is accepted, every count is equal, everything reads back equal.
//!
//! The data lies beside the checkout, in `../shared/conformance`, and is read in place; without it these tests say that they
//! skipped. What was sent is worked out from the files themselves, with nothing of telltale in between.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use telltale_tests::http::{Http, Signal};
use telltale_tests::normal::{LOGS, SPANS, assert_same, flatten};

use crate::support::{conformance, launch};

mod points;

/// Counts of the capture, as its README states them.
const CAPTURE: [(&str, u64); 7] = [
    ("SELECT count(*) FROM spans", 547),
    ("SELECT count(DISTINCT trace_id) FROM spans", 141),
    ("SELECT count(*) FROM span_events", 139),
    ("SELECT count(*) FROM span_links", 53),
    ("SELECT count(*) FROM logs", 23),
    (
        "SELECT (SELECT count(*) FROM points) + (SELECT count(*) FROM histogram_points) + \
         (SELECT count(*) FROM exp_histogram_points) + (SELECT count(*) FROM summary_points)",
        4551,
    ),
    ("SELECT count(*) FROM exemplars", 11),
];

#[tokio::test]
async fn capture_of_the_opentelemetry_demo() {
    let Some(path) = conformance("otlp-capture-oteldemo/test_data.jsonl") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let requests: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(requests.len(), 97);
    read_back_three_times(&requests, &CAPTURE).await;
}

#[tokio::test]
async fn examples_of_the_specification() {
    let Some(folder) = conformance("otlp-examples") else { return };
    let names = ["trace.json", "logs.json", "events.json", "metrics.json"];
    let read = |name: &str| serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
    let requests: Vec<Value> = names.map(read).into();
    let counts = [
        ("SELECT count(*) FROM spans", 1),
        ("SELECT count(*) FROM logs", 2),
        ("SELECT count(*) FROM points", 2),
        ("SELECT count(*) FROM histogram_points", 1),
        ("SELECT count(*) FROM exp_histogram_points", 1),
    ];
    read_back_three_times(&requests, &counts).await;
}

/// From memory, from segments, and from segments after a restart.
async fn read_back_three_times(requests: &[Value], counts: &[(&str, u64)]) {
    let folder = tempfile::tempdir().unwrap();
    let server = launch().data_dir(folder.path()).start();
    for (at, request) in requests.iter().enumerate() {
        let answer = server.http.export_json(signal_of(request), request).await.ok().json();
        assert!(answer.get("partialSuccess").is_none(), "request {at}: {answer}");
    }
    check(&server.http, requests, counts).await;
    server.http.flush_durable().await;
    check(&server.http, requests, counts).await;
    server.stop();
    let server = launch().data_dir(folder.path()).start();
    check(&server.http, requests, counts).await;
}

fn signal_of(request: &Value) -> Signal {
    match request.as_object().unwrap().keys().next().unwrap().as_str() {
        "resourceSpans" => Signal::Traces,
        "resourceLogs" => Signal::Logs,
        "resourceMetrics" => Signal::Metrics,
        other => panic!("no signal has {other}"),
    }
}

async fn check(http: &Http, requests: &[Value], counts: &[(&str, u64)]) {
    for (sql, expected) in counts {
        assert_eq!(http.count(sql).await, *expected, "{sql}");
    }
    let sent: Vec<Value> = requests.iter().flat_map(|request| flatten(request, SPANS)).collect();
    let sent_logs: Vec<Value> = requests.iter().flat_map(|request| flatten(request, LOGS)).collect();
    let (in_traces, alone): (Vec<Value>, Vec<Value>) =
        sent_logs.into_iter().partition(|log| log["item"]["traceId"].as_str().is_some());
    let mut read = Vec::new();
    let mut read_logs = Vec::new();
    for trace_id in trace_ids(&sent, &in_traces) {
        let document = http.get_json(&format!("/api/trace/{trace_id}/otlp")).await;
        read.extend(flatten(&document, SPANS));
        read_logs.extend(flatten(&document, LOGS));
    }
    assert_same("spans", &sent, &read);
    assert_same("logs of traces", &in_traces, &read_logs);
    logs_alone(http, &alone).await;
    points::check(http, requests).await;
}

fn trace_ids(spans: &[Value], logs: &[Value]) -> BTreeSet<String> {
    spans.iter().chain(logs).map(|item| item["item"]["traceId"].as_str().unwrap().to_owned()).collect()
}

/// Logs that belong to no trace are read by SQL: time, severity and body.
async fn logs_alone(http: &Http, sent: &[Value]) {
    let sql = "SELECT CAST(time_unix_nano AS BIGINT) AS time, severity_number, body, service_name FROM logs WHERE trace_id IS NULL";
    let mut counts = BTreeMap::<String, i64>::new();
    for row in http.sql(sql).await {
        *counts
            .entry(json!([text(&row["time"]), text(&row["severity_number"]), row["service_name"]]).to_string())
            .or_default() += 1;
    }
    for log in sent {
        let item = &log["item"];
        let time = item.get("timeUnixNano").or(item.get("observedTimeUnixNano")).unwrap();
        let attributes = log["resource"]["attributes"].as_array().unwrap();
        let service = attributes.iter().find(|attribute| attribute["key"] == "service.name").unwrap();
        let severity = item.get("severityNumber").map_or("0".to_owned(), text);
        let key = json!([text(time), severity, service["value"]["stringValue"]]).to_string();
        *counts.entry(key).or_default() -= 1;
    }
    counts.retain(|_, count| *count != 0);
    assert!(counts.is_empty(), "logs without a trace differ: {counts:#?}");
}

/// A number as text, whether JSON has it as text or number.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
