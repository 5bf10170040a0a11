//! `POST /api/delete`.

use serde_json::json;

use super::harness::Server;
use super::sample::TRACE;

const COUNT: &str = r#"{"sql":"SELECT (SELECT count(*) FROM spans) AS spans, (SELECT count(*) FROM logs) AS logs"}"#;

async fn counts(server: &Server) -> serde_json::Value {
    server.post("/api/sql", COUNT).await.json()["rows"][0].clone()
}

/// Scenario: the sample trace is deleted, then everything. Guarantees: it is gone for every path at once.
#[tokio::test]
async fn a_trace_goes_and_then_everything() {
    let server = Server::with_sample().await;
    let before = counts(&server).await;
    let other = format!(r#"{{"trace_id":"{}"}}"#, "0a".repeat(16));
    assert_eq!(server.post("/api/delete", &other).await.json(), json!({"rows": 0, "segments": 0}));
    assert_eq!(counts(&server).await, before);
    let answer = server.post("/api/delete", &format!(r#"{{"trace_id":"{}"}}"#, TRACE.to_uppercase())).await.json();
    assert!(answer["rows"].as_u64().unwrap() >= 2, "{answer}");
    assert_eq!(counts(&server).await["spans"], 0);
    let answer = server.post("/api/delete", r#"{"everything":true}"#).await.json();
    assert!(answer["rows"].as_u64().unwrap() >= 1, "{answer}");
    assert_eq!(counts(&server).await, json!({"spans": 0, "logs": 0}));
    assert_eq!(server.get(&format!("/api/trace/{TRACE}")).await.status, 404);
    assert!(server.get("/metrics").await.text().contains("telltale_delete_rows_total"));
}

#[tokio::test]
async fn a_request_that_does_not_say_what_deletes_nothing() {
    let server = Server::with_sample().await;
    let before = counts(&server).await;
    for body in [
        "",
        "{}",
        r#"{"everything":false}"#,
        r#"{"trace_id":"zz"}"#,
        r#"{"traceid":"a"}"#,
        r#"{"service":"a","everything":true}"#,
    ] {
        let answer = server.post("/api/delete", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(String::from_utf8_lossy(&answer.body).contains("\"bad_deletion\""), "{body}");
    }
    assert_eq!(counts(&server).await, before);
}
