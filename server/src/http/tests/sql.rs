//! `POST /api/sql`.

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use http::Method;
use serde_json::json;

use super::harness::Server;
use super::sample::TRACE;

const SPANS: &str = r#"{"sql":"SELECT trace_id, name, duration_ns FROM spans ORDER BY start_time_unix_nano"}"#;

#[tokio::test]
async fn rows_come_as_objects_with_their_columns_and_a_report() {
    let server = Server::with_sample().await;
    let answer = server.post("/api/sql", SPANS).await.json();
    let names: Vec<&str> = answer["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["trace_id", "name", "duration_ns"]);
    assert_eq!(
        answer["rows"],
        json!([
            {"trace_id": TRACE, "name": "POST /orders", "duration_ns": 2_310_000_000_i64},
            {"trace_id": TRACE, "name": "INSERT orders", "duration_ns": 2_100_000_000_i64},
        ])
    );
    assert_eq!(answer["report"]["memtable_rows"], 2);
}

#[tokio::test]
async fn arrow_carries_the_same_rows() {
    let server = Server::with_sample().await;
    let headers = [("accept", "application/vnd.apache.arrow.stream")];
    let answer = server.ask(Method::POST, "/api/sql", &headers, SPANS).await;
    assert_eq!(answer.header("content-type"), "application/vnd.apache.arrow.stream");
    assert!(answer.header("telltale-scan-report").contains("\"memtable_rows\":2"));
    let batches: Vec<_> = StreamReader::try_new(&*answer.body, None).unwrap().map(Result::unwrap).collect();
    let durations = batches.iter().flat_map(|batch| batch.column(2).as_primitive::<Int64Type>().values().to_vec());
    assert_eq!(durations.collect::<Vec<_>>(), [2_310_000_000, 2_100_000_000]);
}

#[tokio::test]
async fn an_empty_answer_still_has_its_columns() {
    let server = Server::new();
    let answer = server.post("/api/sql", SPANS).await.json();
    assert_eq!((answer["columns"].as_array().unwrap().len(), answer["rows"].as_array().unwrap().len()), (3, 0));
}

#[tokio::test]
async fn what_cannot_be_answered_says_why_and_what_to_do() {
    let server = Server::new();
    for (body, code) in [
        ("SELECT 1", "bad_json"),
        ("{}", "bad_json"),
        (r#"{"sql":"SELEC 1"}"#, "sql_invalid"),
        (r#"{"sql":"SELECT nope FROM spans"}"#, "sql_invalid"),
        (r#"{"sql":"DROP TABLE spans"}"#, "sql_not_allowed"),
        (r#"{"sql":"COPY spans TO '/tmp/x.parquet'"}"#, "sql_not_allowed"),
        (r#"{"sql":"SELECT * FROM '/etc/passwd'"}"#, "sql_invalid"),
    ] {
        let answer = server.post("/api/sql", body).await;
        assert_eq!(answer.error(400), code, "{body}");
        assert!(answer.text().contains("\"hint\":"), "{body}: {}", answer.text());
    }
    let too_large = format!(r#"{{"sql":"{}"}}"#, "x".repeat(crate::limits::QUERY_BODY_BYTES));
    assert_eq!(server.post("/api/sql", &too_large).await.error(400), "bad_body");
}
