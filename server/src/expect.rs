//! Judges promises about telemetry against the store: now, or as soon as they are kept.
//!
//! Nothing sleeps and nothing polls: a judgement is made once, and again whenever an append has become visible
//! (`Storage::changes`), until it is good or the time is over. An acknowledged item is in the next judgement, so that a
//! sender that has got its answer needs no waiting at all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use telltale_signals::evaluate::Report;
use telltale_signals::rule::{Never, Rule, SignalsFile, What};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use crate::http::problem::{Kind, Problem};
use crate::limits::WAITING;
use crate::observe::{self, Scope};
use crate::state::AppState;
use crate::telemetry::Metric;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The promise is kept.
    Met,
    /// The promise is broken, and nothing that may come can mend that.
    Broken,
    /// Nothing came for so long that absence is taken for granted.
    Quiet,
    /// The time is over.
    TimedOut,
}

impl End {
    /// Returns the word of answers and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Broken => "broken",
            Self::Quiet => "quiet",
            Self::TimedOut => "timeout",
        }
    }
}

/// Places for those who wait.
#[derive(Debug)]
pub struct Waits {
    places: Arc<Semaphore>,
}

impl Default for Waits {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(WAITING)) }
    }
}

impl Waits {
    /// Counts those who wait.
    #[must_use]
    pub fn count(&self) -> usize {
        WAITING.saturating_sub(self.places.available_permits())
    }

    fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Problem::new(Kind::Unavailable, "too_many_waits", format!("{WAITING} requests wait already"))
                .hint("try again in a moment, or wait for several things with one file (POST /api/check)")
        })
    }
}

/// Judges a file by what is stored now.
pub(crate) async fn now(state: &AppState, name: &str, file: &SignalsFile, scope: &Scope) -> Result<Report, Problem> {
    let started = Instant::now();
    let observed = observe::observe(state, scope, observe::tables_of(file)).await?;
    let (name, file) = (name.to_owned(), file.clone());
    let judge = move || telltale_signals::evaluate(&name, &file, &observed);
    let report = tokio::task::spawn_blocking(judge).await;
    state.telemetry.observe(Metric::ExpectDuration, [], started.elapsed());
    let report = report.map_err(|error| Problem::new(Kind::Bug, "internal", format!("a worker stopped: {error}")))?;
    state.telemetry.add(Metric::ExpectVerdicts, ["met"], report.met as u64);
    state.telemetry.add(Metric::ExpectVerdicts, ["not_met"], report.not_met as u64);
    Ok(report)
}

/// How long to wait, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Until then.
    pub(crate) timeout: Duration,
    /// How long nothing may come before what is absent is taken to stay so; none: absence is decided at the end alone.
    pub(crate) quiet: Option<Duration>,
}

/// Judges a file until it is met.
///
/// With `quiet`, a file that is met is not believed before nothing came for so long: what must not be there may be on its
/// way.
pub(crate) async fn wait(
    state: &AppState,
    name: &str,
    file: &SignalsFile,
    scope: &Scope,
    patience: Patience,
) -> Result<(Report, End), Problem> {
    let _place = state.waits.enter()?;
    let deadline = tokio::time::Instant::now() + patience.timeout;
    let mut changes = state.storage.changes();
    loop {
        // What becomes visible from here on is a change that is not missed below.
        changes.borrow_and_update();
        let report = now(state, name, file, scope).await?;
        let end = match (report.is_met(), patience.quiet) {
            (true, None) => return Ok((report, End::Met)),
            (true, Some(quiet)) => deadline.min(tokio::time::Instant::now() + quiet),
            (false, Some(_)) if only_absence(file) => return Ok((report, End::Broken)),
            (false, _) => deadline,
        };
        tokio::select! {
            () = state.stopping.cancelled() => {
                return Err(Problem::new(Kind::Unavailable, "stopping", "the server stops"));
            }
            changed = timeout_at(end, changes.changed()) => match changed {
                Ok(Ok(())) => {}
                Ok(Err(_closed)) => return Err(telltale_storage::Error::Closed.into()),
                Err(_elapsed) if report.is_met() && end < deadline => return Ok((report, End::Quiet)),
                Err(_elapsed) => return Ok((report, End::TimedOut)),
            },
        }
    }
}

/// Says whether nothing that may still come can make the file's rules true.
fn only_absence(file: &SignalsFile) -> bool {
    file.rules.iter().all(|rule| matches!(rule.what, What::Never(_)))
}

/// Turns a rule that asks for something into the one that forbids it.
pub(crate) fn forbidden(rule: Rule) -> Result<Rule, String> {
    let what = match rule.what {
        What::Span(span) => What::Never(Never::Span(span.select)),
        What::Log(log) => What::Never(Never::Log(log.select)),
        What::Metric(metric) => What::Never(Never::Metric(metric.select)),
        What::Never(_) | What::Slo(_) => return Err("absent=true goes with span, log and metric".to_owned()),
    };
    Ok(Rule { what, ..rule })
}
