//! `/api/runs`: named runs, one of them whole, two of them compared, and their tests over time.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use telltale_api::live::LiveEvent;
use telltale_api::run::{Mark, RunList};
use telltale_signals::results::{Results, RunPage, TestList, history};
use telltale_signals::runs;

use super::answer;
use super::extract::Parameters;
use super::problem::{Kind, Problem};
use super::scope::{Pairs, scope, value};
use crate::observe;
use crate::runs::RunError;
use crate::state::{AppState, ShownRun};

mod file;

pub(super) use file::file;

/// Answers with the runs.
pub(super) async fn list(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    answer::json(&RunList { runs: state.runs.list(), takes_marks: !state.config.read_only })
}

/// Answers with what the run of an artifact came to: its tests with their traces, its expectations.
pub(super) async fn results(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let found = match value(&pairs, "run") {
        Some(name) => artifact(&state, name),
        None => state.artifacts.first(),
    };
    match found {
        Some(run) => answer::json(&run.results),
        None => Err(Problem::new(Kind::NotFound, "no_results", "this server shows no such run of `telltale run`")
            .hint("open an artifact: telltale open run.telltale")),
    }
}

/// Returns the artifact of a run.
fn artifact<'a>(state: &'a AppState, name: &str) -> Option<&'a ShownRun> {
    state.artifacts.iter().find(|shown| shown.results.run.name == name || shown.results.run.run_id == name)
}

/// Returns a parameter that must be there.
fn named<'a>(pairs: &'a Pairs, key: &str, hint: &str) -> Result<&'a str, Problem> {
    value(pairs, key)
        .ok_or_else(|| Problem::new(Kind::Invalid, "bad_parameter", format!("{key} is missing")).hint(hint))
}

/// Answers with one run whole.
pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let name = named(&pairs, "run", "write ?run=NAME")?.to_owned();
    let scope = scope(&state, &vec![("run".to_owned(), name.clone())])?;
    let observed = observe::observe(&state, &scope, observe::ALL).await?;
    answer::work(move || {
        let run = state.runs.list().into_iter().find(|run| run.name == name || run.run_id.as_ref() == Some(&name));
        let run =
            run.ok_or_else(|| Problem::new(Kind::NotFound, "run_not_found", format!("there is no run {name:?}")))?;
        let shown = artifact(&state, &run.name);
        answer::json(&RunPage {
            results: shown.map(|shown| shown.results.clone()),
            files: shown.map(|shown| shown.files.clone()).unwrap_or_default(),
            summary: runs::summary::summary(&observed),
            run,
        })
    })
    .await
}

/// Answers with the tests of all runs.
pub(super) async fn tests(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    answer::work(move || {
        let with_tests = state.artifacts.iter().filter(|shown| !shown.results.tests.is_empty());
        let runs: Vec<Results> = with_tests.map(|shown| shown.results.clone()).collect();
        answer::json(&TestList { runs: runs.len(), tests: history(&runs) })
    })
    .await
}

/// Begins a run.
pub(super) async fn mark(
    State(state): State<Arc<AppState>>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let mark: Mark = serde_json::from_slice(&body?).map_err(|error| {
        Problem::new(Kind::Invalid, "bad_json", format!("the body is not understood: {error}"))
            .hint(r#"send {"name":"before my change"} as JSON"#)
    })?;
    let now = state.now();
    answer::work(move || {
        let run = state.runs.mark(&mark.name, now)?;
        state.live.publish(LiveEvent::Signals);
        answer::json(&run)
    })
    .await
}

/// Answers with what differs between the runs `a` and `b`.
pub(super) async fn diff(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let run = |key: &str| {
        let name = named(&pairs, key, "write ?a=BEFORE&b=AFTER")?;
        let scope = scope(&state, &vec![("run".to_owned(), name.to_owned())])?;
        Ok::<_, Problem>((name.to_owned(), scope))
    };
    let ((a, before), (b, after)) = (run("a")?, run("b")?);
    let before = observe::observe(&state, &before, observe::ALL).await?;
    let after = observe::observe(&state, &after, observe::ALL).await?;
    let as_text = value(&pairs, "format") == Some("text");
    answer::work(move || {
        let mut diff = runs::compare(&before, &after);
        if let (Some(before), Some(after)) = (artifact(&state, &a), artifact(&state, &b)) {
            diff.tests = runs::tests_changed(&before.results.tests, &after.results.tests);
        }
        match as_text {
            true => Ok(answer::body(answer::TEXT, runs::text(&diff, &a, &b))),
            false => answer::json(&diff),
        }
    })
    .await
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        let kind = match &error {
            RunError::Name(_) | RunError::ReadOnly => Kind::Invalid,
            RunError::Write { .. } => Kind::Unavailable,
        };
        Self::new(kind, "run", error.to_string())
    }
}
