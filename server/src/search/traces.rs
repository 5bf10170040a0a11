//! Traces in which a span matches, newest or slowest first.
//!
//! A trace's place is that of its newest (or slowest) matching span. The newest spans are looked at first; when they are
//! of too few traces, more are.

use std::collections::HashMap;

use arrow::array::AsArray as _;
use telltale_api::search::FoundTrace;
use telltale_api::sql::ScanReport;
use telltale_model::{TraceId, UnixNanos};
use telltale_query::{Query, QueryError};

use super::page::numbers;
use super::{Asked, Order, add};
use crate::http::view;

/// After which trace a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct After {
    key: i64,
    trace: TraceId,
}

impl std::fmt::Display for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.key, self.trace.to_hex())
    }
}

impl After {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (key, trace) = text.split_once('.')?;
        Some(Self { key: key.parse().ok()?, trace: trace.parse().ok()? })
    }
}

/// Matching spans that are looked at first, for each trace of a page; a trace with more of them takes another round.
const SPANS_A_TRACE: usize = 16;

/// Reads a page of traces and where it goes on.
pub(crate) async fn read(
    store: &Query,
    asked: &Asked,
    limit: usize,
    after: Option<After>,
    report: &mut ScanReport,
) -> Result<(Vec<FoundTrace>, Option<After>), QueryError> {
    let key = match asked.order {
        Order::Newest => "start_time_unix_nano",
        Order::Slowest => "duration_ns",
    };
    let literal = |key: i64| match asked.order {
        Order::Newest => format!("'{}'", UnixNanos(u64::try_from(key).unwrap_or(0))),
        Order::Slowest => key.to_string(),
    };
    let condition = asked.condition();
    // Spans below the cursor's key: that many beyond it are looked at.
    let below = after.map_or_else(String::new, |after| format!("{key} <= {} AND ", literal(after.key)));
    let mut spans = limit.saturating_mul(SPANS_A_TRACE);
    loop {
        let sql =
            format!("SELECT {key} AS at FROM spans WHERE {below}{condition} ORDER BY at DESC LIMIT 1 OFFSET {spans}");
        let answer = store.sql(&sql).await?;
        add(report, &answer.report);
        let least = numbers(&answer.batches, 0).first().copied();
        let bound = least.map_or_else(String::new, |least| format!("{key} >= {} AND ", literal(least)));
        let having = after.map_or_else(String::new, |after| {
            let (key, trace) = (literal(after.key), after.trace.to_hex());
            format!("WHERE at < {key} OR (at = {key} AND trace_id > '{trace}') ")
        });
        let sql = format!(
            "SELECT trace_id, at FROM (SELECT trace_id, max({key}) AS at FROM spans WHERE {bound}{condition} \
             GROUP BY trace_id) {having}ORDER BY at DESC, trace_id LIMIT {}",
            limit + 1
        );
        let answer = store.sql(&sql).await?;
        add(report, &answer.report);
        let keys = numbers(&answer.batches, 1);
        if keys.len() > limit || least.is_none() {
            let ids = answer.batches.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
            let mut found: Vec<(TraceId, i64)> = ids.filter_map(|id| id.parse().ok()).zip(keys).collect();
            let has_more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().filter(|_| has_more).map(|(trace, key)| After { key: *key, trace: *trace });
            let ids: Vec<TraceId> = found.into_iter().map(|(id, _)| id).collect();
            return Ok((whole(store, asked, &ids, report).await?, next));
        }
        spans = spans.saturating_mul(8);
    }
}

/// Returns those of the traces in which a span matches, in the order asked for: each as a whole, with the number of its
/// spans that match.
pub(crate) async fn whole(
    store: &Query,
    asked: &Asked,
    ids: &[TraceId],
    report: &mut ScanReport,
) -> Result<Vec<FoundTrace>, QueryError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if asked.is_everything() {
        let summaries = store.summaries(ids).await?.into_iter().map(view::summary);
        return Ok(summaries.map(|trace| FoundTrace { matched: trace.span_count, trace }).collect());
    }
    let matched = matched(store, asked, ids, report).await?;
    let ids: Vec<TraceId> = ids.iter().filter(|id| matched.contains_key(*id)).copied().collect();
    let summaries = store.summaries(&ids).await?;
    let found = summaries
        .into_iter()
        .map(|row| FoundTrace { matched: matched.get(&row.trace_id).copied().unwrap_or(0), trace: view::summary(row) });
    Ok(found.collect())
}

/// Counts the matching spans of those of the traces that have any.
async fn matched(
    store: &Query,
    asked: &Asked,
    ids: &[TraceId],
    report: &mut ScanReport,
) -> Result<HashMap<TraceId, u64>, QueryError> {
    let list = ids.iter().map(|id| format!("'{}'", id.to_hex())).collect::<Vec<_>>().join(", ");
    let condition = asked.condition();
    let sql = format!(
        "SELECT trace_id, count(*) AS n FROM spans WHERE trace_id IN ({list}) AND {condition} GROUP BY trace_id"
    );
    let answer = store.sql(&sql).await?;
    add(report, &answer.report);
    let names = answer.batches.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
    let counts = numbers(&answer.batches, 1).into_iter().map(|count| u64::try_from(count).unwrap_or(0));
    Ok(names.filter_map(|name| name.parse().ok()).zip(counts).collect())
}
