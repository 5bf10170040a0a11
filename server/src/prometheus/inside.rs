//! Questions about metrics from other parts of the server: they take turns with those of clients, under the same limits.

use telltale_metrics::View;
use telltale_promql::{Error, Interrupt};
use telltale_storage::schema::Table;

use super::envelope::Failure;
use super::run::run;
use super::time::{MAX_MS, MIN_MS};
use crate::dashboards::Arrived;
use crate::http::problem::Problem;
use crate::state::AppState;

/// Runs one question over everything acknowledged before the call.
pub(crate) async fn ask<T: Send + 'static>(
    state: &AppState,
    kind: &'static str,
    work: impl FnOnce(&View, &dyn Interrupt) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    run(state, kind, None, move |view, watch| work(view, watch)).await.map_err(Failure::problem)
}

/// Returns what has arrived, as far as built-in dashboards ask.
pub(crate) async fn arrived(state: &AppState) -> Result<Arrived, Problem> {
    let names = |view: &View, _: &dyn Interrupt| view.label_values("__name__", &[], MIN_MS, MAX_MS);
    let names = ask(state, "names", names).await?;
    let tables = state.storage.status().tables;
    let spans = tables.iter().find(|status| status.table == Table::Spans);
    let has_spans = spans.is_some_and(|status| status.memory_rows + status.segment_rows > 0);
    Ok(Arrived { names, has_spans })
}
