//! Scenario: promises asked for over plain HTTP, before and after the telemetry that keeps them arrives.
//! Guarantees: presence and absence are decided by what is stored, at once where it can be; the nearest miss is told.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::metrics::v1::{
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum, metric, number_data_point,
};
use serde_json::Value;
use telltale_model::SignalKind;

use super::harness::{NOW, Server};
use super::sample;
use crate::limits::WAITING;

const OTHER: &str = "1af7651916cd43dd8448eb211c80319c";

async fn wait(server: &Server, query: &str) -> Value {
    server.get(&format!("/api/wait?{query}")).await.json()
}

#[tokio::test]
async fn what_is_there_is_found_at_once() {
    let server = Server::with_sample().await;
    for query in [
        "span=POST%20/orders&kind=server&attr.http.route=/orders&attr.http.response.status_code=int:500&timeout=300s",
        "log~=deadlock&severity=error&in_span=POST%20/orders&timeout=300s",
        "metric=orders.open&value=1&unit={order}&timeout=300s",
        "span=INSERT*&parent=POST%20/orders&status=error&trace_id=0af7651916cd43dd8448eb211c80319c&timeout=300s",
    ] {
        let answer = wait(&server, query).await;
        assert_eq!((&answer["met"], &answer["end"]), (&Value::from(true), &Value::from("met")), "{query}: {answer}");
    }
}

/// Scenario: a request waits; then the span arrives, after others that are not it.
#[tokio::test]
async fn what_arrives_later_ends_the_wait() {
    let server = Server::new();
    let send = async {
        for (span, name) in
            [("00f067aa0ba902b1", "first"), ("00f067aa0ba902b2", "second"), ("00f067aa0ba902b3", "late")]
        {
            tokio::task::yield_now().await;
            server.send(SignalKind::Traces, &sample::one_span(OTHER, span, name, "x")).await;
        }
    };
    let started = Instant::now();
    let (answer, ()) = tokio::join!(wait(&server, "span=late&timeout=300s"), send);
    assert_eq!(answer["met"], true, "{answer}");
    assert!(started.elapsed() < Duration::from_secs(60));
    let seen = answer["verdict"]["places"][0]["span_id"].as_str().unwrap();
    assert_eq!(seen, "00f067aa0ba902b3");
}

#[tokio::test]
async fn a_wait_that_ends_in_vain_tells_the_nearest_miss() {
    let server = Server::with_sample().await;
    let answer = wait(&server, "span=INSERT%20orders&kind=server&attr.db.system.name=postgresql&timeout=1ms").await;
    assert_eq!((answer["met"].as_bool(), answer["end"].as_str()), (Some(false), Some("timeout")));
    let nearest = answer["verdict"]["nearest"]["message"].as_str().unwrap();
    assert_eq!(
        nearest,
        "CLIENT \"INSERT orders\" of orders: got `db.system.name` on a CLIENT span, you asked for SERVER"
    );
}

#[tokio::test]
async fn absence_is_decided_when_nothing_comes_and_presence_at_once() {
    let server = Server::with_sample().await;
    let answer = wait(&server, "span=DELETE*&absent=true&quiet=0&timeout=300s").await;
    assert_eq!((answer["met"].as_bool(), answer["end"].as_str()), (Some(true), Some("quiet")), "{answer}");
    let answer = wait(&server, "log=*&severity=%3E=error&absent=true&timeout=300s").await;
    assert_eq!((answer["met"].as_bool(), answer["end"].as_str()), (Some(false), Some("broken")), "{answer}");
    // What comes within the quiet time breaks it.
    let send = async {
        tokio::task::yield_now().await;
        server.send(SignalKind::Traces, &sample::one_span(OTHER, "00f067aa0ba902b1", "DELETE x", "x")).await;
    };
    let (answer, ()) = tokio::join!(wait(&server, "span=DELETE*&absent=true&quiet=60s&timeout=300s"), send);
    assert_eq!(answer["end"], "broken", "{answer}");
    let answer = wait(&server, "span=GET*&absent=true&quiet=60s&timeout=1ms").await;
    assert_eq!((answer["met"].as_bool(), answer["end"].as_str()), (Some(true), Some("timeout")), "{answer}");
}

#[tokio::test]
async fn mistakes_are_named_and_waits_are_bounded() {
    let server = Server::new();
    for (query, part) in [
        ("", "span=NAME"),
        ("span=a&knd=server", "did you mean kind"),
        ("span=a&timeout=soon", "timeout is"),
        ("span=a&timeout=1h", "longer than 300 s"),
        ("span=a&absent=maybe", "absent is"),
        ("span=a&since=yesterday", "since is"),
        ("span=a&trace_id=12", "trace id"),
        ("span=a&trace_id=0af7651916cd43dd8448eb211c80319c&since=1m", "goes without"),
    ] {
        let answer = server.get(&format!("/api/wait?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text().contains(part), "{query}: {}", answer.text());
    }
    assert_eq!(server.get("/api/wait?span=a&run=nope").await.error(404), "run_not_found");
    let waits: Vec<_> = (0..WAITING).map(|_| Box::pin(wait(&server, "span=a&timeout=300s"))).collect();
    let all = futures::future::join_all(waits);
    let one_more = async {
        while server.state.waits.count() < WAITING {
            tokio::task::yield_now().await;
        }
        server.get("/api/wait?span=a&timeout=300s").await
    };
    tokio::select! {
        _ = all => panic!("nobody sent anything"),
        refused = one_more => assert_eq!(refused.error(503), "too_many_waits"),
    }
    assert_eq!(server.state.waits.count(), 0, "a wait whose asker went away ends");
}

const FILE: &str = "[[span]]\nname = \"POST /orders\"\n\n[[never]]\nlog.severity = \"error\"\n";

#[tokio::test]
async fn a_file_is_checked_in_every_form() {
    let server = Server::with_sample().await;
    let report = server.post("/api/check?file=s.toml", FILE).await.json();
    assert_eq!((report["met"].as_u64(), report["not_met"].as_u64()), (Some(1), Some(1)));
    for (format, kind, part) in [
        ("text", "text/plain", "1 of 2 expectations met"),
        ("junit", "application/xml", "failures=\"1\""),
        ("annotations", "text/plain", "::error file=s.toml,line=4,col=1,"),
        ("summary", "text/markdown", "❌ 1 of 2"),
    ] {
        let answer = server.post(&format!("/api/check?file=s.toml&format={format}"), FILE).await;
        assert!(answer.header("content-type").starts_with(kind), "{format}");
        assert!(answer.text().contains(part), "{format}: {}", answer.text());
    }
    let wrong = server.post("/api/check", "[[span]]\nnme = \"a\"\n").await;
    assert_eq!(wrong.error(400), "bad_signals");
    assert!(wrong.text().contains("signals.toml:2:1: a [[span]] has no \\\"nme\\\""), "{}", wrong.text());
    // What is stored before a time does not count.
    let after = format!("/api/check?since={}", NOW.0 + 1);
    assert_eq!(server.post(&after, FILE).await.json()["seen"]["spans"], 0);
    let blessed = server.get("/api/bless").await;
    assert!(blessed.text().contains("name = \"POST /orders\"\nservice = \"shop-api\"\nkind = \"server\""));
    assert_eq!(server.post("/api/check", blessed.text()).await.json()["not_met"], 0);
    let schema = server.get("/api/schema").await.json();
    assert_eq!(schema["metrics"][0]["name"], "orders.open");
}

fn points(name: &str, temporality: i32, values: &[(u64, u64, f64)]) -> Metric {
    let point = |(start, time, value): &(u64, u64, f64)| NumberDataPoint {
        start_time_unix_nano: *start,
        time_unix_nano: *time,
        value: Some(number_data_point::Value::AsDouble(*value)),
        ..NumberDataPoint::default()
    };
    let data_points = values.iter().map(point).collect();
    let sum = Sum { data_points, aggregation_temporality: temporality, is_monotonic: true };
    Metric { name: name.into(), data: Some(metric::Data::Sum(sum)), ..Metric::default() }
}

/// Scenario: counters of both temporalities, one of a process that restarted, and a histogram.
#[tokio::test]
async fn metrics_have_the_totals_that_their_kinds_ask_for() {
    let histogram_point =
        |time, count| HistogramDataPoint { start_time_unix_nano: 1, time_unix_nano: time, count, ..Default::default() };
    let histogram =
        Histogram { data_points: vec![histogram_point(5, 3), histogram_point(9, 7)], aggregation_temporality: 2 };
    let metrics = vec![
        points("delta", 1, &[(1, 2, 5.0), (2, 3, 4.0)]),
        points("cumulative", 2, &[(1, 2, 5.0), (1, 9, 8.0), (1, 5, 7.0), (10, 11, 2.0)]),
        Metric { name: "histogram".into(), data: Some(metric::Data::Histogram(histogram)), ..Metric::default() },
    ];
    let request = telltale_tests::otlp::metrics("own", metrics);
    for durable in [false, true] {
        let server = Server::new();
        server.send(SignalKind::Metrics, &request).await;
        if durable {
            server.state.storage.flush().await.unwrap();
        }
        for query in [
            "metric=delta&value=9",
            "metric=cumulative&value=10&type=counter",
            "metric=histogram&value=7&type=histogram",
        ] {
            let answer = wait(&server, &format!("{query}&timeout=1ms")).await;
            assert_eq!(answer["met"], true, "{query}: {answer}");
        }
    }
}
