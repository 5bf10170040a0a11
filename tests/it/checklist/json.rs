//! OTLP/JSON: what proto3's JSON mapping implies and what OTLP deviates in. Every value is read back.

use serde_json::{Value, json};
use telltale_tests::http::{JSON, Signal, integer};

use crate::support::server;

const TRACE: &str = "5B8EFFF798038103D269B633813FC60C";
const SPAN: &str = "EEE19B7EC3C1B174";

fn spans(span: &Value) -> Value {
    json!({"resourceSpans": [{"resource": resource(), "scopeSpans": [{"spans": [span]}]}]})
}

fn metric(metric: &Value) -> Value {
    json!({"resourceMetrics": [{"resource": resource(), "scopeMetrics": [{"metrics": [metric]}]}]})
}

fn resource() -> Value {
    json!({"attributes": [{"key": "service.name", "value": {"stringValue": "json"}}]})
}

/// Ids in upper case, integers as text or number or with an exponent, nulls, unknown members, enum names.
#[tokio::test]
async fn spellings_of_a_span() {
    let server = server();
    let variants = [
        json!({"traceId": TRACE, "spanId": SPAN, "name": "a", "kind": 2, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000"}),
        json!({"traceId": TRACE.to_lowercase(), "spanId": "eee19b7ec3c1b175", "name": "b", "kind": "2", "startTimeUnixNano": 1_544_712_660_000_000_000_u64, "endTimeUnixNano": 1_544_712_661_000_000_000_u64}),
        json!({"traceId": TRACE, "spanId": "eee19b7ec3c1b176", "name": "c", "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000", "attributes": null, "events": null, "parentSpanId": null, "status": null, "unknownMember": {"deep": [1, 2]}}),
        json!({"trace_id": TRACE, "span_id": "eee19b7ec3c1b177", "name": "d", "kind": 2.0, "start_time_unix_nano": "1544712660000000000", "end_time_unix_nano": 1.544_712_661e18, "parentSpanId": ""}),
    ];
    for variant in &variants {
        let answer = server.http.export_json(Signal::Traces, &spans(variant)).await.ok();
        assert_eq!(answer.json(), json!({}), "{variant}");
    }
    let sql =
        format!("SELECT name, kind, duration_ns FROM spans WHERE trace_id = '{}' ORDER BY name", TRACE.to_lowercase());
    let rows = server.http.sql(&sql).await;
    assert_eq!(rows.len(), 4, "{rows:?}");
    for row in &rows {
        assert_eq!((integer(&row["kind"]), integer(&row["duration_ns"])), (Some(2), Some(1_000_000_000)), "{row}");
    }
}

/// Every spelling of an attribute value arrives with its type and value.
#[tokio::test]
async fn spellings_of_a_value() {
    let server = server();
    let cases = [
        (json!({"stringValue": ""}), json!({"stringValue": ""})),
        (json!({"stringValue": "line\nquote\" \u{1F600}"}), json!({"stringValue": "line\nquote\" \u{1F600}"})),
        (json!({"boolValue": false}), json!({"boolValue": false})),
        (json!({"intValue": "-9223372036854775808"}), json!({"intValue": "-9223372036854775808"})),
        (json!({"intValue": 42}), json!({"intValue": "42"})),
        (json!({"intValue": 1e3}), json!({"intValue": "1000"})),
        (json!({"doubleValue": 1.5}), json!({"doubleValue": "1.5"})),
        (json!({"doubleValue": "2.5"}), json!({"doubleValue": "2.5"})),
        (json!({"bytesValue": "-_-_"}), json!({"bytesValue": "+/+/"})),
        (json!({"bytesValue": "AQI"}), json!({"bytesValue": "AQI="})),
        (json!({"arrayValue": {}}), json!({"arrayValue": {}})),
        (json!({"kvlistValue": {"values": []}}), json!({"kvlistValue": {}})),
        (json!({"string_value": "snake"}), json!({"stringValue": "snake"})),
    ];
    let attributes: Vec<Value> =
        cases.iter().enumerate().map(|(at, (sent, _))| json!({"key": format!("{at:02}"), "value": sent})).collect();
    let span = json!({"traceId": TRACE, "spanId": SPAN, "name": "values", "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000", "attributes": attributes});
    assert_eq!(server.http.export_json(Signal::Traces, &spans(&span)).await.ok().json(), json!({}));
    let document = server.http.get_json(&format!("/api/trace/{}/otlp", TRACE.to_lowercase())).await;
    let read = telltale_tests::normal::flatten(&document, telltale_tests::normal::SPANS);
    let read = read[0]["item"]["attributes"].as_array().unwrap();
    assert_eq!(read.len(), cases.len());
    for ((at, (sent, expected)), read) in cases.iter().enumerate().zip(read) {
        assert_eq!(read["key"], format!("{at:02}"));
        assert_eq!(telltale_tests::normal::normal(&read["value"]), *expected, "sent {sent}");
    }
}

/// NaN and the infinities, which other decoders lose with a 200.
#[tokio::test]
async fn numbers_that_are_no_json_numbers() {
    let server = server();
    let point = |value: Value| json!({"timeUnixNano": "1700000000000000000", "asDouble": value});
    let values = [json!("NaN"), json!("Infinity"), json!("-Infinity"), json!("1.5"), json!(-0.0)];
    let gauge = json!({"name": "odd", "gauge": {"dataPoints": values.map(point)}});
    assert_eq!(server.http.export_json(Signal::Metrics, &metric(&gauge)).await.ok().json(), json!({}));
    let read = |sql: &'static str| server.http.count(sql);
    assert_eq!(read("SELECT count(*) FROM points WHERE name = 'odd'").await, 5);
    assert_eq!(read("SELECT count(*) FROM points WHERE isnan(value)").await, 1);
    assert_eq!(read("SELECT count(*) FROM points WHERE value = CAST('inf' AS DOUBLE)").await, 1);
    assert_eq!(read("SELECT count(*) FROM points WHERE value = CAST('-inf' AS DOUBLE)").await, 1);
    assert_eq!(read("SELECT count(*) FROM points WHERE value = 1.5").await, 1);
    let histogram = json!({"name": "h", "histogram": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE", "dataPoints": [
        {"timeUnixNano": "1700000000000000000", "count": 3, "sum": "NaN", "bucketCounts": ["1", 2], "explicitBounds": ["Infinity"]}]}});
    assert_eq!(server.http.export_json(Signal::Metrics, &metric(&histogram)).await.ok().json(), json!({}));
    let rows = server
        .http
        .sql("SELECT \"count\", bucket_counts, aggregation_temporality, isnan(\"sum\") AS nan FROM histogram_points")
        .await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (integer(&rows[0]["count"]), integer(&rows[0]["aggregation_temporality"])),
        (Some(3), Some(2)),
        "{rows:?}"
    );
    assert_eq!(rows[0]["nan"], true);
    let exponential = json!({"name": "e", "exponentialHistogram": {"aggregationTemporality": 1, "dataPoints": [
        {"timeUnixNano": "1700000000000000000", "count": "2", "scale": "-3", "zeroCount": 1, "positive": {"offset": "4", "bucketCounts": [1]}}]}});
    assert_eq!(server.http.export_json(Signal::Metrics, &metric(&exponential)).await.ok().json(), json!({}));
    let rows = server.http.sql("SELECT scale, positive_offset FROM exp_histogram_points").await;
    assert_eq!((rows[0]["scale"].as_i64(), rows[0]["positive_offset"].as_i64()), (Some(-3), Some(4)), "{rows:?}");
}

/// A byte order mark and white space before the document.
#[tokio::test]
async fn white_space_around_the_document() {
    let server = server();
    let body = format!(
        "\n\t {} \r\n",
        json!({"resourceLogs": [{"resource": resource(), "scopeLogs": [{"logRecords": [{"timeUnixNano": 7, "body": {"stringValue": "w"}}]}]}]})
    );
    assert_eq!(server.http.post(Signal::Logs, JSON, body).await.ok().json(), json!({}));
    assert_eq!(server.http.count("SELECT count(*) FROM logs WHERE body = 'w'").await, 1);
}

/// JSON that nests beyond any sense is refused without a crash.
#[tokio::test]
async fn bottomless_json() {
    let server = server();
    for body in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        let answer = server.http.post(Signal::Traces, JSON, body).await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
    }
    let unknown = format!("{{\"unknown\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = server.http.post(Signal::Traces, JSON, unknown).await;
    assert!(matches!(answer.status.as_u16(), 200 | 400), "{}", answer.text());
    let _ = server.http.get("/api/health").await.ok();
}
