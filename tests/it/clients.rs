//! Real clients that nobody here wrote: the OpenTelemetry SDKs for Python and Node, fresh from PyPI and npm.
//!
//! Each runs a small shop of several services (tests/clients) and prints what it recorded. Everything must arrive, be found by
//! the pasted id, and read back equal.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use telltale_tests::http::{Http, integer};
use telltale_tests::normal::{LOGS, SPANS, flatten, normal};
use telltale_tests::poll::until;

use crate::support::install::{node_modules, python};
use crate::support::{root, server};

mod metrics;
mod pastes;

#[tokio::test]
async fn python_grpc() {
    let server = server();
    let shop = run_python("grpc", &server.ready.otlp_grpc);
    check(&server.http, &shop).await;
}

#[tokio::test]
async fn python_http_protobuf() {
    let server = server();
    let shop = run_python("http", &server.ready.otlp_http);
    check(&server.http, &shop).await;
    // The same after a flush: from Parquet, not from memory.
    server.http.flush_durable().await;
    check(&server.http, &shop).await;
}

#[tokio::test]
async fn node_http_json() {
    let server = server();
    let shop = run_node("json", &server.ready.otlp_http);
    check(&server.http, &shop).await;
}

#[tokio::test]
async fn node_http_protobuf() {
    let server = server();
    // The UI port takes OTLP/HTTP as well.
    let shop = run_node("protobuf", &server.ready.ui);
    check(&server.http, &shop).await;
}

pub(crate) fn run_python(protocol: &str, endpoint: &str) -> Value {
    let mut command = Command::new(python());
    command.arg(root().join("tests/clients/python/shop.py")).args([protocol, endpoint]);
    output(command)
}

pub(crate) fn run_node(protocol: &str, endpoint: &str) -> Value {
    let mut command = Command::new("node");
    command.arg(root().join("tests/clients/node/shop.js")).args([protocol, endpoint]).env("NODE_PATH", node_modules());
    output(command)
}

fn output(mut command: Command) -> Value {
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    let output = command.output().unwrap_or_else(|error| panic!("run {command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{stderr}", output.status);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{command:?} printed no JSON: {error}\n{stderr}"))
}

/// Everything that the shop recorded is there, is found, and is equal.
async fn check(http: &Http, shop: &Value) {
    let requests = shop["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2, "{requests:?}");
    for request in requests {
        let trace_id = request["trace_id"].as_str().unwrap();
        pastes::found(http, trace_id, shop).await;
        read_back_as_otlp(http, trace_id, shop).await;
        read_back_by_sql(http, trace_id, shop).await;
    }
    story(http, &requests[1]).await;
    metrics(http, &shop["metrics"], requests[1]["trace_id"].as_str().unwrap()).await;
}

/// What was recorded of one trace, under `kind` ("span" or "log").
fn recorded<'a>(shop: &'a Value, list: &str, kind: &str, trace_id: &str) -> Vec<&'a Value> {
    let of_trace = |item: &&Value| item[kind]["traceId"] == trace_id;
    shop[list].as_array().unwrap().iter().filter(of_trace).collect()
}

async fn read_back_as_otlp(http: &Http, trace_id: &str, shop: &Value) {
    let document = http.get_json(&format!("/api/trace/{trace_id}/otlp")).await;
    let spans = flatten(&document, SPANS);
    let sent = recorded(shop, "spans", "span", trace_id);
    assert!(sent.len() >= 6, "the shop recorded only {} spans", sent.len());
    assert_eq!(spans.len(), sent.len(), "spans of {trace_id}");
    for item in sent {
        let sent = normal(&item["span"]);
        let read = spans.iter().find(|span| span["item"]["spanId"] == sent["spanId"]);
        let read = read.unwrap_or_else(|| panic!("span {sent} was not read back"));
        assert_covers(&sent, &read["item"]);
        assert_eq!(read["scope"]["name"], item["scope"], "scope of {sent}");
        assert_covers(&normal(&json!({ "attributes": item["resource"] })), &read["resource"]);
    }
    let logs = flatten(&document, LOGS);
    let sent = recorded(shop, "logs", "log", trace_id);
    assert!(sent.len() >= 2, "the shop recorded only {} logs", sent.len());
    assert_eq!(logs.len(), sent.len(), "logs of {trace_id}");
    for item in sent {
        let sent = normal(&item["log"]);
        let same =
            |log: &&Value| log["item"]["timeUnixNano"] == sent["timeUnixNano"] && log["item"]["body"] == sent["body"];
        let read = logs.iter().find(same).unwrap_or_else(|| panic!("log {sent} was not read back"));
        assert_covers(&sent, &read["item"]);
    }
}

/// Every member that was recorded has the same value in what was read; the exporter may add members of its own.
#[track_caller]
fn assert_covers(sent: &Value, read: &Value) {
    assert!(covers(sent, read), "sent:\n{sent:#}\nread back:\n{read:#}");
}

fn covers(sent: &Value, read: &Value) -> bool {
    match (sent, read) {
        (Value::Object(members), Value::Object(_)) => members.iter().all(|(name, value)| covers(value, &read[name])),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| covers(left, right))
        }
        _ => sent == read,
    }
}

async fn read_back_by_sql(http: &Http, trace_id: &str, shop: &Value) {
    let rows = http
        .sql(&format!(
            "SELECT span_id, parent_span_id, name, kind, status_code, service_name, duration_ns FROM spans WHERE trace_id = '{trace_id}'"
        ))
        .await;
    for item in recorded(shop, "spans", "span", trace_id) {
        let sent = &item["span"];
        let row =
            rows.iter().find(|row| row["span_id"] == sent["spanId"]).unwrap_or_else(|| panic!("no row for {sent}"));
        assert_eq!(row["name"], sent["name"]);
        assert_eq!(row["service_name"], item["service"]);
        assert_eq!(integer(&row["kind"]), integer(&sent["kind"]));
        let duration = integer(&sent["endTimeUnixNano"]).unwrap() - integer(&sent["startTimeUnixNano"]).unwrap();
        assert_eq!(integer(&row["duration_ns"]), Some(duration));
        assert_eq!(row["parent_span_id"].as_str().unwrap_or_default(), sent["parentSpanId"]);
    }
    let plans = http
        .sql(&format!(
            "SELECT attr('db.query.plan') AS plan FROM spans WHERE trace_id = '{trace_id}' AND name = 'SELECT stock'"
        ))
        .await;
    assert!(plans[0]["plan"].as_str().unwrap().contains("SCAN stock"), "{plans:?}");
    let matching = http
        .count(&format!("SELECT count(*) FROM logs WHERE trace_id = '{trace_id}' AND match(body, 'received')"))
        .await;
    assert_eq!(matching, 1, "logs that match a word");
}

/// The failed order's story names what a support engineer asks for.
async fn story(http: &Http, request: &Value) {
    let trace_id = request["trace_id"].as_str().unwrap();
    let story = http.get_json(&format!("/api/story/{trace_id}")).await;
    assert_eq!(story["outcome"], "failed", "{story}");
    assert_eq!(story["title"], "POST /orders");
    let values: Vec<&str> = story["facts"].as_array().unwrap().iter().flat_map(fact_values).collect();
    for needle in ["2.4.9", "gw-eu-3"] {
        assert!(values.contains(&needle), "fact {needle} is missing in {values:?}");
    }
    assert!(values.iter().any(|value| value.contains("SCAN stock")), "no query plan in {values:?}");
    let verdict: String =
        story["verdict"].as_array().unwrap().iter().filter_map(|phrase| phrase["text"].as_str()).collect();
    assert!(verdict.contains("does not know the command unlock"), "{verdict}");
    let text = http.get(&format!("/t/{trace_id}.txt")).await.ok().text();
    assert!(text.contains("POST /orders") && text.contains("2.4.9"), "{text}");
}

fn fact_values(fact: &Value) -> Vec<&str> {
    fact["values"].as_array().unwrap().iter().filter_map(|value| value["value"].as_str()).collect()
}

async fn metrics(http: &Http, sent: &Value, trace_id: &str) {
    for kind in ["counter", "up_down"] {
        let name = sent[kind]["name"].as_str().unwrap();
        let sql = format!("SELECT coalesce(CAST(value_int AS DOUBLE), value) AS v FROM points WHERE name = '{name}'");
        let rows = http.sql(&sql).await;
        assert_eq!(rows.len(), 1, "points of {name}: {rows:?}");
        assert_eq!(rows[0]["v"].as_f64(), sent[kind]["sum"].as_f64(), "{name}");
    }
    let histogram = &sent["histogram"];
    let name = histogram["name"].as_str().unwrap();
    let rows = http.sql(&format!("SELECT \"count\", \"sum\" FROM histogram_points WHERE name = '{name}'")).await;
    assert_eq!(rows.len(), 1, "points of {name}: {rows:?}");
    assert_eq!(integer(&rows[0]["count"]), integer(&histogram["count"]));
    assert_eq!(rows[0]["sum"].as_f64(), histogram["sum"].as_f64());
    if histogram["exemplars"] == true {
        let found = until("the exemplar of the request", Duration::from_secs(5), || async {
            let sql = format!("SELECT count(*) FROM exemplars WHERE trace_id = '{trace_id}'");
            Some(http.count(&sql).await).filter(|found| *found > 0)
        });
        assert!(found.await >= 1);
    }
}
