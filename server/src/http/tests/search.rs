//! `GET /api/search` and its neighbours, over the sample trace.

use http::Method;
use serde_json::{Value, json};

use super::harness::Server;
use super::sample::TRACE;

#[tokio::test]
async fn spans_logs_and_traces_are_found_with_what_stands_around_them() {
    let server = Server::with_sample().await;
    let spans = server.get("/api/search?q=duration%3E2s&include=rows,count,histogram,facets").await.json();
    let names: Vec<&str> = spans["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["INSERT orders", "POST /orders"], "newest first");
    assert_eq!((&spans["kind"], &spans["total"]), (&json!("spans"), &json!(2)));
    assert_eq!(spans["condition"], "(duration_ns > 2000000000)");
    assert_eq!(spans["rows"][1]["trace_id"], TRACE);
    let service = &spans["facets"][0];
    assert_eq!((service["key"].as_str(), service["rows"].as_u64()), (Some("service"), Some(2)), "{service}");
    let slowest = server.get("/api/search?order=slowest&limit=1").await.json();
    assert_eq!(slowest["rows"][0]["name"], "POST /orders");
    let next = slowest["next"].as_str().unwrap();
    let second = server.get(&format!("/api/search?order=slowest&limit=1&cursor={next}")).await.json();
    assert_eq!((&second["rows"][0]["name"], second.get("next")), (&json!("INSERT orders"), None));
    let logs = server.get("/api/search?kind=logs&q=has:trace").await.json();
    assert_eq!((logs["total"].as_u64(), logs["rows"][0]["trace_id"].as_str()), (Some(1), Some(TRACE)));
    let traces = server.get("/api/search?kind=traces&q=INSERT").await.json();
    assert_eq!(traces["traces"][0]["trace"]["trace_id"], TRACE);
    assert_eq!(traces["traces"][0]["matched"], 1);
    let absent = server.get("/api/search?kind=logs&q=absent").await.json();
    assert_eq!((absent["total"].as_u64(), absent["rows"].as_array().map(Vec::len)), (Some(0), Some(0)));
}

/// The statement that is shown finds the same rows.
#[tokio::test]
async fn the_shown_statement_is_one_click_away() {
    let server = Server::with_sample().await;
    for path in ["/api/search?q=it%27s+or+service:*", "/api/search?kind=logs&from=1&to=now", "/api/search?kind=traces"]
    {
        let found = server.get(path).await.json();
        let body = json!({"sql": found["sql"]}).to_string();
        let rows = server.post("/api/sql", &body).await.json();
        let shown = if found["kind"] == "traces" { &found["traces"] } else { &found["rows"] };
        assert_eq!(rows["rows"].as_array().unwrap().len(), shown.as_array().unwrap().len(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_the_place_and_the_way_out() {
    let server = Server::new();
    for (path, code) in [
        ("/api/search?q=%22open", "search_invalid"),
        ("/api/search?q=duration%3E5", "search_invalid"),
        ("/api/search?q=name~(", "search_invalid"),
        ("/api/search?kind=metrics", "bad_parameter"),
        ("/api/search?kind=logs&order=slowest", "bad_parameter"),
        ("/api/search?from=yesterday", "bad_parameter"),
        ("/api/search?cursor=x", "bad_cursor"),
        ("/api/search/different", "bad_parameter"),
        ("/api/search/export?format=xls", "bad_parameter"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.error(400), code, "{path}");
        assert!(answer.text().contains("\"hint\":"), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn exports_are_files_of_every_row() {
    let server = Server::with_sample().await;
    let csv = server.get("/api/search/export?format=csv&q=INSERT").await;
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"spans.csv\"");
    let lines: Vec<&str> = csv.text().trim_end().split("\r\n").collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("trace_id,span_id,") && lines[1].contains("INSERT orders"),
        "{lines:?}"
    );
    let lines = server.get("/api/search/export?format=jsonl&kind=logs").await;
    let rows: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len() as u64, server.get("/api/search?kind=logs").await.json()["total"].as_u64().unwrap());
    let parquet = server.get("/api/search/export?format=parquet&kind=traces").await;
    assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
    assert_eq!(parquet.header("content-type"), "application/vnd.apache.parquet");
}

#[tokio::test]
async fn completion_differences_and_patterns_have_their_paths() {
    let server = Server::with_sample().await;
    let keys = server.get("/api/search/complete?q=serv&at=4").await.json();
    assert_eq!((&keys["what"], &keys["offers"][0]["text"]), (&json!("key"), &json!("service:")));
    let different = server.get("/api/search/different?selection=name:INSERT*").await.json();
    assert_eq!((&different["selected"], &different["rest"]), (&json!(1), &json!(1)));
    assert!(different["differences"].as_array().unwrap().iter().any(|one| one["key"] == "name"), "{different}");
    let patterns = server.get("/api/search/patterns?since=1").await.json();
    assert_eq!(patterns["lines"], 1);
    assert_eq!(patterns["patterns"][0]["is_new"], true);
}

#[tokio::test]
async fn searches_are_saved_listed_and_removed() {
    let server = Server::new();
    let headers = [("content-type", "application/json")];
    let body = r#"{"query":"level>=error","kind":"logs","columns":["service"]}"#;
    let saved = server.ask(Method::PUT, "/api/searches/night%20shift", &headers, body).await.json();
    assert_eq!(saved["name"], "night shift");
    let list = server.get("/api/searches").await.json();
    assert_eq!(list["searches"], json!([saved]));
    for (body, code) in [
        (r#"{"query":"\"","kind":"logs"}"#, "search_invalid"),
        (r#"{"query":"","kind":"x"}"#, "bad_parameter"),
        ("{", "bad_json"),
    ] {
        assert_eq!(server.ask(Method::PUT, "/api/searches/x", &headers, body).await.error(400), code, "{body}");
    }
    let left = server.ask(Method::DELETE, "/api/searches/night%20shift", &[], "").await.json();
    assert_eq!(left["searches"], json!([]));
    assert_eq!(server.ask(Method::DELETE, "/api/searches/night%20shift", &[], "").await.error(404), "search_not_found");
}

/// What is measured: the duration of every question, and failures.
#[tokio::test]
async fn questions_are_timed_by_kind() {
    let server = Server::with_sample().await;
    for include in ["rows,histogram", "histogram,facets"] {
        drop(server.get(&format!("/api/search?include={include}")).await.json());
    }
    let metrics = server.get("/metrics").await;
    for kind in ["search", "search_histogram", "search_facets"] {
        let line = format!("telltale_query_duration_seconds_count{{kind=\"{kind}\"}}");
        assert!(metrics.text().contains(&line), "{line}");
    }
}

/// A page of a store that holds nothing has its parts all the same.
#[tokio::test]
async fn an_empty_store_is_searched_like_any_other() {
    let server = Server::new();
    let empty = server.get("/api/search?include=rows,count,histogram,facets").await.json();
    assert_eq!((&empty["total"], &empty["rows"], &empty["histogram"]["counts"]), (&json!(0), &json!([]), &json!([])));
}
