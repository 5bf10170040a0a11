//! `GET /api/recent`: the start page in one answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use telltale_api::Nanos;
use telltale_api::live::{Recent, Totals};
use telltale_api::trace::TraceSummary;
use telltale_storage::Status;
use telltale_storage::schema::Table;

use super::answer;
use super::extract::Parameters;
use super::problem::Problem;
use super::{measure, view};
use crate::limits::{RECENT_ISSUES, RECENT_SERVICES, RECENT_TRACES, RECENT_TRACES_MAX};
use crate::state::AppState;

/// `?limit=`.
#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    limit: Option<usize>,
}

/// Answers with the newest traces and errors, totals, addresses and issues.
pub(super) async fn recent(
    State(state): State<Arc<AppState>>,
    Parameters(Limit { limit }): Parameters<Limit>,
) -> Result<Response, Problem> {
    let limit = limit.unwrap_or(RECENT_TRACES).min(RECENT_TRACES_MAX);
    let lists =
        async { tokio::try_join!(state.query.recent(RECENT_TRACES_MAX, false), state.query.recent(limit, true)) };
    let (newest, errors) = measure::query(&state, "recent", lists).await?;
    let mut traces: Vec<TraceSummary> = newest.into_iter().map(view::summary).collect();
    let services = services(&traces);
    traces.truncate(limit);
    answer::json(&Recent {
        traces,
        errors: errors.into_iter().map(view::summary).collect(),
        totals: totals(&state, services),
        endpoints: state.endpoints.get().cloned().unwrap_or_default(),
        issues: state.issues.list(RECENT_ISSUES).issues,
    })
}

/// Collects the services of the newest traces, in order of their names.
fn services(traces: &[TraceSummary]) -> Vec<String> {
    let names: BTreeSet<&String> = traces.iter().flat_map(|trace| &trace.services).collect();
    names.into_iter().take(RECENT_SERVICES).cloned().collect()
}

fn totals(state: &AppState, services: Vec<String>) -> Totals {
    let status = state.storage.status();
    Totals {
        spans: rows(&status, |table| table == Table::Spans),
        logs: rows(&status, |table| table == Table::Logs),
        points: rows(&status, Table::holds_points),
        services,
        disk_bytes: status.disk_bytes,
        items_per_second: state.telemetry.items_per_second(),
        last_ingest_unix_nano: state.telemetry.since_last_ingest().map(|since| before(state.now(), since)),
    }
}

/// Returns the time that was `since` ago.
fn before(now: Nanos, since: Duration) -> Nanos {
    Nanos(now.0.saturating_sub(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)))
}

/// Counts the rows of some tables, in memory and in segments.
pub(super) fn rows(status: &Status, which: impl Fn(Table) -> bool) -> u64 {
    let tables = status.tables.iter().filter(|table| which(table.table));
    tables.map(|table| table.memory_rows + table.segment_rows).sum()
}
