//! `GET /api/wait`, `POST /api/check`, `GET /api/bless` and `GET /api/schema`: promises about telemetry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use telltale_signals::board::Board;
use telltale_signals::evaluate::{Seen, Verdict};
use telltale_signals::file::parameters;
use telltale_signals::rule::SignalsFile;
use telltale_signals::{FileError, report, schema};

use super::answer;
use super::extract::Parameters;
use super::problem::{Kind, Problem};
use super::scope::{Pairs, SCOPE, duration, flag, scope, value};
use crate::board;
use crate::expect::{self, Patience};
use crate::limits::{QUIET, WAIT, WAIT_MAX};
use crate::observe;
use crate::state::AppState;
use crate::telemetry::Metric;

/// Parameters of a wait that are not the rule's own.
const OF_WAIT: [&str; 3] = ["timeout", "absent", "quiet"];

/// The answer of `GET /api/wait`.
#[derive(Debug, Serialize)]
struct Waited {
    /// Whether what was waited for is there, or, with `absent=true`, is not.
    met: bool,
    /// Why the wait ended: `met`, `broken`, `quiet` or `timeout`.
    end: &'static str,
    /// How long it took.
    waited_ms: u64,
    /// The last judgement, with what came nearest.
    verdict: Option<Verdict>,
    /// What it looked at.
    seen: Seen,
}

/// Answers when something is there, or, with `absent=true`, is taken to stay away.
pub(super) async fn wait(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let others: Vec<&str> = OF_WAIT.iter().chain(&SCOPE).copied().collect();
    let rule = parameters::rule(&pairs, &others).map_err(bad_parameter)?;
    let absent = flag(&pairs, "absent")?;
    let rule = if absent { expect::forbidden(rule).map_err(bad_parameter)? } else { rule };
    let quiet = duration(&pairs, "quiet")?.unwrap_or(QUIET);
    let patience = Patience { timeout: patience(&pairs)?.unwrap_or(WAIT), quiet: absent.then_some(quiet) };
    let file = SignalsFile { rules: vec![rule] };
    let (report, end) = expect::wait(&state, "", &file, &scope(&state, &pairs)?, patience).await?;
    state.telemetry.add(Metric::ExpectWaits, [end.as_str()], 1);
    answer::json(&Waited {
        met: report.is_met(),
        end: end.as_str(),
        waited_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        seen: report.seen,
        verdict: report.verdicts.into_iter().next(),
    })
}

/// Answers with the verdicts of a signals file, the request's body; with `timeout` as soon as all are good.
pub(super) async fn check(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let name = value(&pairs, "file").unwrap_or("signals.toml").to_owned();
    let body = body?;
    let text = std::str::from_utf8(&body)
        .map_err(|error| Problem::new(Kind::Invalid, "bad_signals", format!("{name} is not UTF-8: {error}")))?;
    let file = telltale_signals::parse(text).map_err(|error| bad_file(&name, error))?;
    let scope = scope(&state, &pairs)?;
    let report = match patience(&pairs)? {
        None => expect::now(&state, &name, &file, &scope).await?,
        Some(timeout) => {
            let quiet = duration(&pairs, "quiet")?;
            let (report, end) = expect::wait(&state, &name, &file, &scope, Patience { timeout, quiet }).await?;
            state.telemetry.add(Metric::ExpectWaits, [end.as_str()], 1);
            report
        }
    };
    match value(&pairs, "format").unwrap_or("json") {
        "json" => answer::json(&report),
        "text" => Ok(answer::body(answer::TEXT, report::text(&report, false))),
        "junit" => Ok(answer::body("application/xml", report::junit(&report))),
        "annotations" => Ok(answer::body(answer::TEXT, report::annotations(&report))),
        "summary" => Ok(answer::body(answer::MARKDOWN, report::step_summary(&report))),
        other => Err(bad_parameter(format!("format is {other:?}; it takes json, text, junit, annotations, summary"))),
    }
}

/// Answers with the signals file that what is stored would meet.
pub(super) async fn bless(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let tolerance = match value(&pairs, "tolerance") {
        None => telltale_signals::bless::TOLERANCE_PERCENT,
        Some(text) => text.trim_end_matches('%').parse().ok().filter(|percent| *percent <= 100).ok_or_else(|| {
            bad_parameter(format!("tolerance is {text:?}; write a whole number of per cent from 0 to 100"))
        })?,
    };
    let observed = observe::observe(&state, &scope(&state, &pairs)?, observe::ALL).await?;
    answer::work(move || Ok(answer::body("application/toml", telltale_signals::bless::bless(&observed, tolerance))))
        .await
}

/// Answers with the board: the promises of the signals file, judged by a run or by what arrived since the server's start.
pub(super) async fn signals(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let run = value(&pairs, "run").filter(|name| !name.is_empty());
    if state.config.read_only {
        let mut shown = state.artifacts.iter().map(|shown| &shown.results);
        let found = shown.find(|results| run.is_none_or(|name| results.run.name == name));
        let report = found.and_then(|results| results.report.clone());
        let file = report.as_ref().map(|report| report.file.clone()).unwrap_or_default();
        let run = found.map(|results| results.run.name.clone());
        return answer::json(&Board { file, report, run, ..Board::default() });
    }
    let run = match run {
        Some(name) => Some((name.to_owned(), scope(&state, &vec![("run".to_owned(), name.to_owned())])?)),
        None => None,
    };
    answer::json(&board::board(&state, run).await?)
}

/// Answers with the schema of what is stored.
pub(super) async fn schema(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let observed = observe::observe(&state, &scope(&state, &pairs)?, observe::ALL).await?;
    answer::work(move || Ok(answer::body(answer::JSON, schema::write(&schema::schema(&observed))))).await
}

fn patience(pairs: &Pairs) -> Result<Option<Duration>, Problem> {
    match duration(pairs, "timeout")? {
        Some(timeout) if timeout > WAIT_MAX => {
            Err(bad_parameter(format!("timeout is longer than {} s", WAIT_MAX.as_secs())))
        }
        other => Ok(other),
    }
}

fn bad_parameter(message: String) -> Problem {
    Problem::new(Kind::Invalid, "bad_parameter", message)
}

fn bad_file(name: &str, error: FileError) -> Problem {
    let FileError { line, column, message, hint } = error;
    let problem = Problem::new(Kind::Invalid, "bad_signals", format!("{name}:{line}:{column}: {message}"));
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
