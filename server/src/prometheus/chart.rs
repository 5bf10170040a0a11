//! A line of a small chart on another page: one expression over a range, as numbers.

use telltale_promql::{Engine, Limits, Value};

use super::run::run;
use crate::state::AppState;

/// Returns the values of an expression that gives one series: milliseconds and numbers. Times without a value are left out.
/// The error says why there is no answer.
pub(crate) async fn line(
    state: &AppState,
    expr: &str,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
) -> Result<Vec<(i64, f64)>, String> {
    let query = expr.to_owned();
    let parsed = telltale_promql::parse(expr).map_err(|error| error.to_string())?;
    let answer = run(state, "promql_chart", None, move |view, watch| {
        Engine::new(Limits::default()).interrupted_by(watch).range(view, &parsed, &query, start_ms, end_ms, step_ms)
    });
    let Value::Matrix(series) = answer.await.map_err(|failure| failure.message().to_owned())?.value else {
        return Ok(Vec::new());
    };
    Ok(series.into_iter().next().map(|series| series.floats).unwrap_or_default())
}
