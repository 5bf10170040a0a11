//! `GET /api/live`: server-sent events of what was just acknowledged; with `?q=`, the rows, or the traces, that match.

use std::convert::Infallible;
use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, stream};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use telltale_api::live::{LiveEvent, LiveRows};
use telltale_search::{Filter, Target};
use telltale_storage::schema::Table;
use tokio::time::Instant;

use super::extract::Parameters;
use super::problem::{Kind as Fault, Problem};
use super::search::understood;
use crate::limits::{LIVE_KEEP_ALIVE, LIVE_RETRY, TAIL_PAUSE, TAIL_REST};
use crate::live::Subscription;
use crate::live::tail::{News, Position};
use crate::search::{Asked, Kind, Order, StoreEngine, arrived};
use crate::state::AppState;
use crate::telemetry::Metric;

/// With a query: rows that match, of one kind; without: what was acknowledged, in sums.
#[derive(Debug, Deserialize)]
pub(super) struct Follow {
    q: Option<String>,
    kind: Option<String>,
    /// The `id:` of the last event that was seen, for readers that cannot send `Last-Event-ID`.
    after: Option<String>,
}

/// Answers with a stream that ends when the server stops.
pub(super) async fn live(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Parameters(filter): Parameters<Follow>,
) -> Result<Response, Problem> {
    let stopping = state.stopping.clone().cancelled_owned();
    if filter.q.is_none() && filter.kind.is_none() {
        return Ok(streamed(events(state.live.subscribe()).take_until(stopping)));
    }
    let kind = filter.kind.as_deref().unwrap_or("logs");
    let kind = Kind::parse(kind).ok_or_else(|| {
        Problem::new(Fault::Invalid, "bad_parameter", format!("{kind:?} is no kind of live rows"))
            .hint("write kind=logs, spans or traces")
    })?;
    let query = understood(filter.q.as_deref().unwrap_or(""), kind)?;
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = header.or(filter.after.as_deref()).and_then(Position::parse);
    let position = last.filter(|last| state.tail.is_ours(last));
    let reader = Reader {
        filter: Arc::new(query.filter(kind.target(), &StoreEngine)),
        asked: Asked { kind, query, order: Order::Newest, from: None, to: None },
        position: position.unwrap_or_else(|| state.tail.now()),
        is_restart: last.is_some() && position.is_none(),
        rests_until: Instant::now(),
        state,
    };
    // An event of its own, so that a reader knows from where to go on before the first row has come.
    let hello = Event::default().comment("live").retry(LIVE_RETRY).event("rows").id(reader.position.to_string());
    let hello = hello.data(r#"{"rows":[]}"#);
    let rest = stream::unfold(reader, |reader| async { Some(reader.next().await) });
    Ok(streamed(stream::iter([hello]).chain(rest).map(Ok).take_until(stopping)))
}

fn streamed(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let keep_alive = KeepAlive::new().interval(LIVE_KEEP_ALIVE).text("alive");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Reverse proxies that buffer would hold events back (nginx reads this header).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A reader of rows or of traces.
struct Reader {
    state: Arc<AppState>,
    asked: Asked,
    filter: Arc<Filter>,
    position: Position,
    is_restart: bool,
    rests_until: Instant,
}

impl Reader {
    /// Waits for the next event that has something to say.
    async fn next(mut self) -> (Event, Self) {
        loop {
            tokio::time::sleep_until(self.rests_until).await;
            let table = match self.asked.target() {
                Target::Logs => Table::Logs,
                Target::Spans => Table::Spans,
            };
            let News { batches, missed, position } = self.state.tail.after(self.position, table).await;
            self.position = position;
            let began = Instant::now();
            let mut found = self.look(batches).await;
            // Whoever looks at much rests long: readers must not take the processors from ingest.
            let rest = began.elapsed() * TAIL_REST;
            found.missed = missed;
            found.is_restart = std::mem::take(&mut self.is_restart);
            let sent = found.rows.len() + found.traces.len();
            let counts = [("sent", sent as u64), ("left_out", found.left_out), ("missed", missed)];
            for (outcome, count) in counts {
                self.state.telemetry.add(Metric::LiveRows, [outcome], count);
            }
            if sent == 0 && found.left_out == 0 && missed == 0 && !found.is_restart {
                self.rests_until = Instant::now() + rest;
                continue;
            }
            self.rests_until = Instant::now() + rest.max(TAIL_PAUSE);
            let json = serde_json::to_string(&found).unwrap_or_else(|_unwritable| r#"{"rows":[]}"#.to_owned());
            return (Event::default().event("rows").id(self.position.to_string()).data(json), self);
        }
    }

    async fn look(&self, batches: Vec<RecordBatch>) -> LiveRows {
        if self.asked.kind == Kind::Traces {
            return arrived::whole_traces(&self.state.query, &self.asked, &batches).await;
        }
        let (filter, target) = (Arc::clone(&self.filter), self.asked.target());
        let found = tokio::task::spawn_blocking(move || arrived::rows(&batches, &filter, target)).await;
        found.unwrap_or_default()
    }
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
