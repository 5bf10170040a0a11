//! How long questions to the store take and how often they fail, by kind, for `GET /metrics`.

use std::time::Instant;

use super::problem::Problem;
use crate::state::AppState;
use crate::telemetry::Metric;

/// Waits for an answer of the query engine and notes how it went; an empty answer is no failure.
pub(super) async fn query<T, E>(
    state: &AppState,
    kind: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem>
where
    Problem: From<E>,
{
    let started = Instant::now();
    let answer = work.await;
    state.telemetry.observe(Metric::QueryDuration, [kind], started.elapsed());
    if answer.is_err() {
        state.telemetry.add(Metric::QueryFailures, [kind], 1);
    }
    Ok(answer?)
}
