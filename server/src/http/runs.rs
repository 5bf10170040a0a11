//! `GET` and `POST /api/runs`, `GET /api/runs/diff`: named runs, and two of them compared.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use telltale_api::run::{Mark, RunList};
use telltale_signals::runs;

use super::answer;
use super::extract::Parameters;
use super::problem::{Kind, Problem};
use super::scope::{Pairs, scope, value};
use crate::observe;
use crate::runs::RunError;
use crate::state::AppState;

/// Answers with the runs.
pub(super) async fn list(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    answer::json(&RunList { runs: state.runs.list() })
}

/// Answers with what the run of an artifact came to: its tests with their traces, its expectations.
pub(super) async fn results(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    match &state.results {
        Some(results) => answer::json(results.as_ref()),
        None => Err(Problem::new(Kind::NotFound, "no_results", "this server shows no run of `telltale run`")
            .hint("open an artifact: telltale open run.telltale")),
    }
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
    answer::work(move || answer::json(&state.runs.mark(&mark.name, now)?)).await
}

/// Answers with what differs between the runs `a` and `b`.
pub(super) async fn diff(
    State(state): State<Arc<AppState>>,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Response, Problem> {
    let run = |key: &str| {
        let name = value(&pairs, key).ok_or_else(|| {
            Problem::new(Kind::Invalid, "bad_parameter", format!("{key} is missing")).hint("write ?a=BEFORE&b=AFTER")
        })?;
        let scope = scope(&state, &vec![("run".to_owned(), name.to_owned())])?;
        Ok::<_, Problem>((name.to_owned(), scope))
    };
    let ((a, before), (b, after)) = (run("a")?, run("b")?);
    let before = observe::observe(&state, &before, observe::ALL).await?;
    let after = observe::observe(&state, &after, observe::ALL).await?;
    let as_text = value(&pairs, "format") == Some("text");
    answer::work(move || {
        let diff = runs::compare(&before, &after);
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
