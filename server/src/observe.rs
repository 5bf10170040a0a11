//! From the store to plain values: what `check`, `wait`, schemas and comparisons of runs look at.
//!
//! Bounded by [`OBSERVED_ROWS`]; more is refused with the way out, never cut. A span that was sent twice counts once.

use arrow::array::RecordBatch;
use telltale_model::TraceId;
use telltale_query::{Arrival, TraceData};
use telltale_signals::Observed;
use telltale_signals::rule::{Never, SignalsFile, What};
use telltale_storage::encode::EncodeError;
use telltale_storage::schema::Table;

pub(crate) use resources::RUN_ID;

use crate::http::problem::{Kind, Problem};
use crate::limits::OBSERVED_ROWS;
use crate::state::AppState;

mod logs;
mod resources;
mod series;
mod spans;

/// What part of the store is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// When it arrived.
    pub(crate) arrival: Arrival,
    /// Which trace alone.
    pub(crate) trace_id: Option<TraceId>,
    /// Which `telltale.run.id` its resource must have, when it has one.
    pub(crate) run_id: Option<String>,
}

impl Default for Scope {
    /// Everything.
    fn default() -> Self {
        Self { arrival: Arrival::EVER, trace_id: None, run_id: None }
    }
}

/// Every table.
pub(crate) const ALL: &[Table] = &Table::ALL;
const SPANS: &[Table] = &[Table::Spans];
const SPANS_AND_LOGS: &[Table] = &[Table::Spans, Table::Logs];
const METRICS: &[Table] = &[Table::Points, Table::HistogramPoints, Table::ExpHistogramPoints, Table::SummaryPoints];

/// Returns the tables that the rules of a file speak of.
pub(crate) fn tables_of(file: &SignalsFile) -> &'static [Table] {
    let about = |test: fn(&What) -> bool| file.rules.iter().any(|rule| test(&rule.what));
    let metrics = about(|what| matches!(what, What::Metric(_) | What::Never(Never::Metric(_))));
    let logs = about(|what| matches!(what, What::Log(_) | What::Never(Never::Log(_))));
    let spans = about(|what| matches!(what, What::Span(_) | What::Slo(_) | What::Never(Never::Span(_))));
    match (spans, logs, metrics) {
        (false, false, true) => METRICS,
        (_, _, true) => ALL,
        // A log may have to be inside a span.
        (_, true, false) => SPANS_AND_LOGS,
        _ => SPANS,
    }
}

/// Reads the tables' part of the store.
pub(crate) async fn observe(state: &AppState, scope: &Scope, tables: &'static [Table]) -> Result<Observed, Problem> {
    let batches = match &scope.trace_id {
        Some(id) => state.query.trace(id).await?.map(of_trace).unwrap_or_default(),
        None => state.query.arrived(tables, scope.arrival, OBSERVED_ROWS).await.map_err(too_much)?,
    };
    let run_id = scope.run_id.clone();
    let read = move || read(&batches, run_id.as_deref()).map_err(Problem::from);
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|error| Err(Problem::new(Kind::Bug, "internal", format!("a worker stopped: {error}"))))
}

fn of_trace(data: TraceData) -> Vec<(Table, RecordBatch)> {
    let spans = data.spans.into_iter().map(|batch| (Table::Spans, batch));
    spans.chain(data.logs.into_iter().map(|batch| (Table::Logs, batch))).collect()
}

fn too_much(error: telltale_query::QueryError) -> Problem {
    let too_many = matches!(error, telltale_query::QueryError::Rows { .. });
    let problem = Problem::from(error);
    match too_many {
        true => problem.hint("look at less: since=10m, run=NAME or trace_id=ID (on the command line --since, --run)"),
        false => problem,
    }
}

fn read(batches: &[(Table, RecordBatch)], run_id: Option<&str>) -> Result<Observed, EncodeError> {
    let mut resources = resources::Resources::of_run(run_id);
    let mut observed = Observed::default();
    let mut series = series::SeriesBuilder::default();
    for (table, batch) in batches {
        match table {
            Table::Spans => spans::read(batch, &mut resources, &mut observed.spans)?,
            Table::Logs => logs::read(batch, &mut resources, &mut observed.logs)?,
            _ => series.read(*table, batch, &mut resources)?,
        }
    }
    spans::without_duplicates(&mut observed.spans);
    observed.logs.sort_by_key(|log| log.time_unix_nano);
    observed.series = series.finish();
    Ok(observed)
}
