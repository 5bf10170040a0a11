//! Each limit of a query, at and beyond it.

use std::time::Duration;

use super::data::{Place, Store, requests};
use super::{answer, refusal, rows};
use crate::QueryLimits;

/// Looks at 12^10 combinations of rows.
const ENDLESS: &str = "SELECT count(*) FROM spans a, spans b, spans c, spans d, spans e, spans f, spans g, spans h, \
                       spans i, spans j WHERE a.duration_ns + j.duration_ns = b.duration_ns * c.duration_ns + \
                       d.duration_ns * e.duration_ns + f.duration_ns * g.duration_ns + h.duration_ns * i.duration_ns";

async fn store(limits: QueryLimits) -> Store {
    let store = Store::with_limits(limits);
    store.fill(Place::Both, requests()).await;
    store
}

#[tokio::test]
async fn rows_are_counted_and_never_cut() {
    let store = store(QueryLimits { rows: 12, ..QueryLimits::default() }).await;
    assert_eq!(rows(&store.query, "SELECT name FROM spans").await.len(), 12);
    let error = refusal(&store.query, "SELECT name FROM spans UNION ALL SELECT body FROM logs").await;
    assert_eq!(error.code(), "query_rows");
    assert_eq!(error.to_string(), "the answer has more than 12 rows");
}

#[tokio::test]
async fn bytes_are_counted() {
    let store = store(QueryLimits { answer_bytes: 2000, ..QueryLimits::default() }).await;
    assert_eq!(rows(&store.query, "SELECT duration_ns FROM spans").await.len(), 12);
    assert_eq!(refusal(&store.query, "SELECT * FROM spans").await.code(), "query_bytes");
}

#[tokio::test]
async fn time_ends_a_query() {
    let store = store(QueryLimits { time: Duration::from_millis(300), ..QueryLimits::default() }).await;
    let error = refusal(&store.query, ENDLESS).await;
    assert_eq!(error.code(), "query_timeout");
    assert!(error.to_string().contains("0.3 s"), "{error}");
}

#[tokio::test]
async fn memory_ends_a_query_or_spills() {
    let limits = QueryLimits { memory_bytes: Some(200_000), spill_bytes: 1000, ..QueryLimits::default() };
    let store = store(limits).await;
    let sql = "SELECT count(*) FROM (SELECT a.span_id || b.span_id || c.span_id AS k, count(*) FROM spans a, spans b, \
               spans c GROUP BY 1 ORDER BY 1)";
    let error = refusal(&store.query, sql).await;
    assert_eq!(error.code(), "query_memory", "{error:?}");
}

#[tokio::test]
async fn only_so_many_run_and_wait() {
    let store = store(QueryLimits { running: 1, waiting: 1, ..QueryLimits::default() }).await;
    let mut first = Box::pin(store.query.sql(ENDLESS));
    let mut second = Box::pin(store.query.sql("SELECT 1"));
    // Polled once each: the first takes the only place, the second the only seat.
    assert!(futures::poll!(&mut first).is_pending());
    assert!(futures::poll!(&mut second).is_pending());
    assert_eq!(refusal(&store.query, "SELECT 1").await.code(), "query_busy");
    // Giving up the first cancels it and lets the second run.
    drop(first);
    assert_eq!(second.await.unwrap().batches.len(), 1);
    assert_eq!(answer(&store.query, "SELECT 1").await.batches.len(), 1);
}
