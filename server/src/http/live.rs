//! `GET /api/live`: server-sent events of what was just acknowledged; with `?q=`, the rows that match.

use std::collections::VecDeque;
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
use telltale_api::search::SearchRow;
use telltale_storage::schema::Table;
use tokio::time::Instant;

use super::extract::Parameters;
use super::problem::{Kind as Fault, Problem};
use super::search::understood;
use crate::limits::{LIVE_KEEP_ALIVE, LIVE_RETRY, TAIL_PAUSE, TAIL_ROWS};
use crate::live::Subscription;
use crate::live::tail::{News, Position};
use crate::search::{Kind, StoreEngine, record};
use crate::state::AppState;
use crate::telemetry::Metric;

/// With a query: rows that match, of one kind; without: what was acknowledged, in sums.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    q: Option<String>,
    kind: Option<String>,
    /// The `id:` of the last event that was seen, for readers that cannot send `Last-Event-ID`.
    after: Option<String>,
}

/// Answers with a stream that ends when the server stops.
pub(super) async fn live(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    Parameters(filter): Parameters<Filter>,
) -> Result<Response, Problem> {
    let stopping = state.stopping.clone().cancelled_owned();
    if filter.q.is_none() && filter.kind.is_none() {
        return Ok(streamed(events(state.live.subscribe()).take_until(stopping)));
    }
    let kind = filter.kind.as_deref().unwrap_or("logs");
    let kind = Kind::parse(kind).filter(|kind| *kind != Kind::Traces).ok_or_else(|| {
        Problem::new(Fault::Invalid, "bad_parameter", format!("{kind:?} is no kind of live rows"))
            .hint("write kind=logs or kind=spans")
    })?;
    let query = understood(filter.q.as_deref().unwrap_or(""), kind)?;
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = header.or(filter.after.as_deref()).and_then(Position::parse);
    let position = last.filter(|last| state.tail.is_ours(last));
    let reader = Reader {
        filter: Arc::new(query.filter(kind.target(), &StoreEngine)),
        kind,
        position: position.unwrap_or_else(|| state.tail.now()),
        is_restart: last.is_some() && position.is_none(),
        sent: None,
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

/// A reader of rows.
struct Reader {
    state: Arc<AppState>,
    filter: Arc<telltale_search::Filter>,
    kind: Kind,
    position: Position,
    is_restart: bool,
    /// When the last event was made.
    sent: Option<Instant>,
}

impl Reader {
    /// Waits for the next event that has something to say.
    async fn next(mut self) -> (Event, Self) {
        loop {
            if let Some(sent) = self.sent {
                tokio::time::sleep_until(sent + TAIL_PAUSE).await;
            }
            let table = if self.kind == Kind::Logs { Table::Logs } else { Table::Spans };
            let News { batches, missed, position } = self.state.tail.after(self.position, table).await;
            self.position = position;
            let (filter, kind) = (Arc::clone(&self.filter), self.kind);
            let found = tokio::task::spawn_blocking(move || matching(&batches, &filter, kind)).await;
            let mut found = found.unwrap_or_default();
            found.missed = missed;
            found.is_restart = std::mem::take(&mut self.is_restart);
            let counts = [("sent", found.rows.len() as u64), ("left_out", found.left_out), ("missed", missed)];
            for (outcome, count) in counts {
                self.state.telemetry.add(Metric::LiveRows, [outcome], count);
            }
            if found.rows.is_empty() && missed == 0 && !found.is_restart {
                continue;
            }
            self.sent = Some(Instant::now());
            let json = serde_json::to_string(&found).unwrap_or_else(|_unwritable| r#"{"rows":[]}"#.to_owned());
            return (Event::default().event("rows").id(self.position.to_string()).data(json), self);
        }
    }
}

/// Returns the rows that pass, the newest of them when they are too many.
fn matching(batches: &[RecordBatch], filter: &telltale_search::Filter, kind: Kind) -> LiveRows {
    let mut rows = VecDeque::new();
    let mut left_out = 0;
    let mut keep = |row: SearchRow| {
        rows.push_back(row);
        if rows.len() > TAIL_ROWS {
            rows.pop_front();
            left_out += 1;
        }
    };
    for batch in batches {
        let read = match kind {
            Kind::Logs => record::logs(batch, |_, log| {
                if filter.accepts(log) {
                    keep(log.shown());
                }
            }),
            Kind::Spans | Kind::Traces => record::spans(batch, |_, span| {
                if filter.accepts(span) {
                    keep(span.shown());
                }
            }),
        };
        if let Err(error) = read {
            tracing::error!(%error, "rows in memory do not have the store's schema");
        }
    }
    LiveRows { rows: rows.into(), left_out, ..LiveRows::default() }
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
