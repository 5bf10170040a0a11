//! The tee: in order, once, again while the other side is busy, bounded, never in the way of ingest.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use telltale_api::live::Endpoints;
use tokio_util::sync::CancellationToken;

use super::*;

/// Another back end: answers the n-th request with what `answer` says and passes on what it took.
async fn back_end(answer: fn(usize) -> StatusCode) -> (Target, tokio::sync::mpsc::UnboundedReceiver<(String, Bytes)>) {
    let (taken, receiver) = tokio::sync::mpsc::unbounded_channel();
    let count = Arc::new(AtomicUsize::new(0));
    let handler = move |uri: http::Uri, body: Bytes| {
        let (taken, count) = (taken.clone(), Arc::clone(&count));
        async move {
            let status = answer(count.fetch_add(1, Ordering::SeqCst));
            if status.is_success() {
                taken.send((uri.path().to_owned(), body)).unwrap();
            }
            // "At once", so that the test does not wait.
            (status, [("retry-after", "0")]).into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::parse(&format!("http://{}/base/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(axum::serve(listener, Router::new().fallback(handler)).into_future());
    (target, receiver)
}

fn counted(telemetry: &Telemetry, outcome: &str) -> bool {
    let text = telemetry.render(&telltale_storage::Status::default());
    text.contains(&format!("telltale_forward_requests_total{{signal=\"traces\",outcome=\"{outcome}\"}}"))
}

/// Scenario: the other side is busy at first, then refuses one request for good. Guarantees: everything else arrives
/// once and in order, each at its signal's path, and every outcome is counted.
#[tokio::test]
async fn requests_arrive_once_and_in_order_whatever_the_other_side_says_first() {
    let answer = |number| match number {
        0 | 1 => StatusCode::SERVICE_UNAVAILABLE,
        3 => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let (target, mut taken) = back_end(answer).await;
    let telemetry = Arc::new(Telemetry::new());
    let forward = Arc::new(Forward::new(Arc::clone(&telemetry)));
    let task = tokio::spawn(run(Arc::clone(&forward), target, CancellationToken::new()));
    for (signal, text) in [
        (SignalKind::Traces, "one"),
        (SignalKind::Traces, "refused"),
        (SignalKind::Logs, "two"),
        (SignalKind::Metrics, "three"),
    ] {
        forward.offer(signal, Bytes::from_static(text.as_bytes()));
    }
    for (path, body) in [("/base/v1/traces", "one"), ("/base/v1/logs", "two"), ("/base/v1/metrics", "three")] {
        assert_eq!(taken.recv().await.unwrap(), (path.to_owned(), Bytes::from_static(body.as_bytes())));
    }
    forward.close();
    task.await.unwrap().unwrap();
    assert_eq!(forward.queued_bytes(), 0);
    for outcome in [outcome::SENT, outcome::RETRIED, outcome::REFUSED] {
        assert!(counted(&telemetry, outcome), "{outcome}");
    }
}

/// Scenario: nobody takes what is offered. Guarantees: the queue keeps the oldest up to its bound, the rest is counted
/// as dropped, and what is left at the end too.
#[tokio::test]
async fn the_queue_is_bounded_and_what_is_left_out_is_counted() {
    let telemetry = Arc::new(Telemetry::new());
    let forward = Arc::new(Forward::with_limit(Arc::clone(&telemetry), 10));
    forward.offer(SignalKind::Traces, Bytes::from(vec![0; 25]));
    assert_eq!(forward.queued_bytes(), 25, "one request passes an empty queue whatever its size");
    assert!(!counted(&telemetry, outcome::DROPPED));
    forward.offer(SignalKind::Traces, Bytes::from_static(b"x"));
    assert_eq!(forward.queued_bytes(), 25);
    assert!(counted(&telemetry, outcome::DROPPED));
    let stopping = CancellationToken::new();
    stopping.cancel();
    let (target, _taken) = back_end(|_| StatusCode::SERVICE_UNAVAILABLE).await;
    run(Arc::clone(&forward), target, stopping).await.unwrap();
    assert_eq!(forward.queued_bytes(), 0, "what was given up waits no more");
    let text = telemetry.render(&telltale_storage::Status::default());
    assert!(text.contains("telltale_forward_requests_total{signal=\"traces\",outcome=\"dropped\"} 2"), "{text}");
}

#[test]
fn targets_are_base_addresses_that_are_not_our_own() {
    for (text, good) in [
        ("http://127.0.0.1:14318", true),
        ("http://collector:4318/prefix/", true),
        ("https://collector:4318", false),
        ("collector:4318", false),
        ("http://collector:4318/?x=1", false),
        ("", false),
    ] {
        assert_eq!(Target::parse(text).is_ok(), good, "{text}");
    }
    let endpoints = Endpoints {
        ui: "http://127.0.0.1:3000".into(),
        otlp_grpc: "http://127.0.0.1:4317".into(),
        otlp_http: "http://127.0.0.1:4318".into(),
    };
    for (text, ours) in [
        ("http://localhost:4318", true),
        ("http://[::1]:3000", true),
        ("http://127.0.0.1:4319", false),
        ("http://collector:4318", false),
    ] {
        assert_eq!(Target::parse(text).unwrap().is_ours(&endpoints), ours, "{text}");
    }
}
