//! Runs questions about metrics: away from the async workers, a few at once, within a time, and not longer than somebody waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use telltale_metrics::{Stop, View};
use telltale_promql::{Error, Interrupt};
use tokio::sync::Semaphore;

use super::envelope::Failure;
use crate::limits::{METRIC_QUERIES, METRIC_QUERY_TIME};
use crate::state::AppState;
use crate::telemetry::Metric;

/// The places of running questions.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(METRIC_QUERIES)))
    }
}

/// Says to an evaluation when it shall end.
pub(super) struct Watch {
    stop: Stop,
    deadline: Instant,
}

impl Interrupt for Watch {
    fn check(&self) -> Option<Error> {
        if self.stop.is_stopped() {
            return Some(Error::canceled());
        }
        (Instant::now() >= self.deadline).then(Error::timeout)
    }
}

/// Ends the work when the one who waits for it goes away.
struct EndOnDrop(Stop);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Runs one question over everything acknowledged before the call.
pub(super) async fn run<T: Send + 'static>(
    state: &AppState,
    kind: &'static str,
    time: Option<Duration>,
    work: impl FnOnce(&View, &Watch) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let started = Instant::now();
    let answer = answer(state, time.map_or(METRIC_QUERY_TIME, |time| time.min(METRIC_QUERY_TIME)), work).await;
    state.telemetry.observe(Metric::QueryDuration, [kind], started.elapsed());
    if answer.is_err() {
        state.telemetry.add(Metric::QueryFailures, [kind], 1);
    }
    answer
}

async fn answer<T: Send + 'static>(
    state: &AppState,
    time: Duration,
    work: impl FnOnce(&View, &Watch) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let deadline = Instant::now() + time;
    let turn = tokio::time::timeout(time, Arc::clone(&state.metric_turns.0).acquire_owned()).await;
    let permit = turn.map_err(|_| Failure::busy())?.map_err(|error| Failure::internal(error.to_string()))?;
    let stop = Stop::default();
    let guard = EndOnDrop(stop.clone());
    let (metrics, snapshot, now) = (state.metrics.clone(), state.storage.snapshot(), state.clock.now());
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let view = metrics.view(snapshot, stop.clone(), now);
        work(&view, &Watch { stop, deadline })
    });
    let left = deadline.saturating_duration_since(Instant::now());
    let done = tokio::time::timeout(left, task).await;
    drop(guard);
    match done {
        Ok(Ok(answer)) => Ok(answer?),
        Ok(Err(panicked)) => Err(Failure::internal(format!("a query ended in a panic: {panicked}"))),
        Err(_elapsed) => Err(Error::timeout().into()),
    }
}
