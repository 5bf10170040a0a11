//! `GET /api/live`: server-sent events of what was just acknowledged.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, stream};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use telltale_api::live::LiveEvent;

use crate::limits::{LIVE_KEEP_ALIVE, LIVE_RETRY};
use crate::live::Subscription;
use crate::state::AppState;

/// Answers with a stream that ends when the server stops.
pub(super) async fn live(State(state): State<Arc<AppState>>) -> Response {
    let keep_alive = KeepAlive::new().interval(LIVE_KEEP_ALIVE).text("alive");
    let mut response = Sse::new(events(state.live.subscribe()).take_until(state.stopping.clone().cancelled_owned()))
        .keep_alive(keep_alive)
        .into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Reverse proxies that buffer would hold events back (nginx reads this header).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Begins with a line at once, so that a reader knows the stream stands, and says how soon to come back.
fn events(subscription: Subscription) -> impl Stream<Item = Result<Event, Infallible>> {
    let hello = Event::default().comment("live").retry(LIVE_RETRY);
    let rest = stream::unfold(subscription, |mut subscription| async {
        let event = subscription.next().await?;
        Some((named(&event), subscription))
    });
    stream::iter([hello]).chain(rest).map(Ok)
}

/// Returns the event with its tag as its name; one that cannot be written is reported as left out.
fn named(event: &LiveEvent) -> Event {
    let json = serde_json::to_string(event).unwrap_or_else(|_unwritable| r#"{"event":"skipped","count":1}"#.to_owned());
    Event::default().event(event.name()).data(json)
}
