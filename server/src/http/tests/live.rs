//! Server-sent events.

use axum::body::Body;
use http::Method;
use http_body_util::BodyExt as _;
use telltale_api::live::LiveEvent;

use super::harness::Server;
use super::sample;

/// Reads until `count` events (blocks that end with an empty line) have come.
async fn read(body: &mut Body, count: usize) -> Vec<String> {
    let mut text = String::new();
    while text.matches("\n\n").count() < count {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    text.split_terminator("\n\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn events_are_named_and_the_stream_ends_when_the_server_stops() {
    let server = Server::new();
    let response = server.response(Method::GET, "/api/live", &[], "").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let mut body = response.into_body();
    let hello = read(&mut body, 1).await;
    assert!(hello[0].contains("retry: 1000"), "{hello:?}");
    server.state.live.publish(LiveEvent::Points { count: 7 });
    let event = read(&mut body, 1).await.remove(0);
    assert_eq!(event, "event: points\ndata: {\"event\":\"points\",\"count\":7}");
    server.state.stopping.cancel();
    assert!(body.frame().await.is_none(), "the stream ends");
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_how_much_it_missed() {
    let server = Server::new();
    let mut body = server.response(Method::GET, "/api/live", &[], "").await.into_body();
    let kept = crate::limits::LIVE_EVENTS_KEPT as u64;
    for count in 0..kept + 5 {
        server.state.live.publish(LiveEvent::Points { count });
    }
    let events = read(&mut body, 3).await;
    assert_eq!(events[1], "event: skipped\ndata: {\"event\":\"skipped\",\"count\":5}");
    assert!(events[2].ends_with("\"count\":5}"), "goes on with the oldest that is kept: {}", events[2]);
}

/// What an append of the sample's logs announces.
async fn publish(server: &Server, signal: telltale_model::SignalKind, request: &impl prost::Message) {
    let appended = server.state.storage.append(signal, request.encode_to_vec().into()).await.unwrap();
    server.state.tail.publish(&appended);
}

fn data(event: &str) -> serde_json::Value {
    serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap()
}

#[tokio::test]
async fn rows_that_match_come_live_and_a_reader_that_comes_back_misses_none() {
    use telltale_model::SignalKind::{Logs, Traces};
    let server = Server::new();
    let path = "/api/live?kind=spans&q=INSERT";
    let mut body = server.response(Method::GET, path, &[], "").await.into_body();
    drop(read(&mut body, 1).await);
    publish(&server, Logs, &sample::logs()).await;
    publish(&server, Traces, &sample::traces()).await;
    let event = read(&mut body, 1).await.remove(0);
    let rows = data(&event);
    assert_eq!(rows["rows"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&rows["rows"][0]["name"], &rows["rows"][0]["trace_id"]),
        (&"INSERT orders".into(), &sample::TRACE.into())
    );
    let id = event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    drop(body);
    // While nobody listens.
    publish(&server, Traces, &sample::traces()).await;
    let mut body = server.response(Method::GET, path, &[("last-event-id", &id)], "").await.into_body();
    let events = read(&mut body, 2).await;
    assert_eq!(data(&events[1])["rows"].as_array().unwrap().len(), 1, "{events:?}");
    let mut body = server.response(Method::GET, &format!("{path}&after={id}"), &[], "").await.into_body();
    assert_eq!(data(&read(&mut body, 2).await[1])["missed"], 0);
    // An id of another process.
    let mut body = server.response(Method::GET, path, &[("last-event-id", "0-5-0-0")], "").await.into_body();
    drop(read(&mut body, 1).await);
    publish(&server, Traces, &sample::traces()).await;
    assert_eq!(data(&read(&mut body, 1).await[0])["is_restart"], true);
    assert!(server.get("/metrics").await.text().contains("telltale_live_rows_total{outcome=\"sent\"} 4"));
    assert_eq!(server.get("/api/live?q=%22").await.error(400), "search_invalid");
    assert_eq!(server.get("/api/live?kind=metrics").await.error(400), "bad_parameter");
}

/// A burst beyond what one event holds, and one beyond what is kept.
#[tokio::test]
async fn a_burst_is_counted_where_it_is_not_sent() {
    use crate::limits::{TAIL_REQUESTS, TAIL_REQUESTS_AT_ONCE, TAIL_ROWS};
    let server = Server::new();
    let mut body = server.response(Method::GET, "/api/live?kind=logs", &[], "").await.into_body();
    drop(read(&mut body, 1).await);
    let request = sample::logs();
    let appended = server
        .state
        .storage
        .append(telltale_model::SignalKind::Logs, prost::Message::encode_to_vec(&request).into())
        .await
        .unwrap();
    let published = TAIL_REQUESTS as u64 + 500;
    for _ in 0..published {
        server.state.tail.publish(&appended);
    }
    let (mut rows, mut left_out, mut missed) = (0, 0, 0);
    while rows + left_out + missed < published {
        for event in read(&mut body, 1).await {
            let event = data(&event);
            let count = event["rows"].as_array().unwrap().len() as u64;
            assert!(count <= TAIL_ROWS as u64);
            rows += count;
            left_out += event["left_out"].as_u64().unwrap();
            missed += event["missed"].as_u64().unwrap();
        }
    }
    assert_eq!(rows + left_out + missed, published, "each once");
    assert!(missed >= 500, "{missed} were gone");
    assert!(rows + left_out > 0 && TAIL_REQUESTS_AT_ONCE < TAIL_REQUESTS);
}
