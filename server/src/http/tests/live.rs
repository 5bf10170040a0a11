//! Server-sent events.

use axum::body::Body;
use http::Method;
use http_body_util::BodyExt as _;
use telltale_api::live::LiveEvent;

use super::harness::Server;

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
