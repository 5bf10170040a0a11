//! `GET /api/diff?a=…&b=…` and `/t/A...B`: two traces side by side, or a trace beside what is usual for its operation.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use telltale_api::diff::TraceDiff;
use telltale_model::TraceId;
use telltale_story::diff::{Side, Told, diff as compare};
use telltale_story::format;

use super::extract::Parameters;
use super::problem::{Kind, Problem};
use super::{answer, measure, story, trace};
use crate::limits::{BASELINE_CANDIDATES, BASELINE_TRACES};
use crate::state::AppState;

/// The word that stands for what is usual.
pub(super) const BASELINE: &str = "baseline";

/// `?a=…&b=…`.
#[derive(Debug, Deserialize)]
pub(super) struct Sides {
    a: Option<String>,
    b: Option<String>,
}

/// Answers `GET /api/diff`.
pub(super) async fn diff(
    State(state): State<Arc<AppState>>,
    Parameters(sides): Parameters<Sides>,
) -> Result<Response, Problem> {
    let (Some(a), Some(b)) = (sides.a, sides.b) else {
        return Err(Problem::new(Kind::Invalid, "bad_parameter", "a comparison needs two sides")
            .hint("give ?a=ID&b=ID, or b=baseline for what is usual"));
    };
    answer::json(&between(&state, &a, &b).await?)
}

/// Compares two traces, `a` being the measure; when one of them is the word `baseline`, what is usual is the measure.
pub(super) async fn between(state: &AppState, a: &str, b: &str) -> Result<TraceDiff, Problem> {
    let facts = state.config.facts.clone();
    let (measure, subject, is_baseline) = match (a, b) {
        (id, BASELINE) | (BASELINE, id) => {
            let subject = told(state, id).await?;
            (usual(state, &subject).await?, subject, true)
        }
        _ => (vec![told(state, a).await?], told(state, b).await?, false),
    };
    answer::work(move || {
        let (a, b) = (
            Side { traces: &measure, is_baseline },
            Side { traces: std::slice::from_ref(&subject), is_baseline: false },
        );
        compare(a, b, &facts).ok_or_else(|| Problem::new(Kind::Bug, "internal", "a side of a comparison has no trace"))
    })
    .await
}

/// The forms of a comparison that need no browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The answer of the API.
    Json,
    /// For terminals.
    Text,
    /// For tickets.
    Markdown,
}

/// Answers `/t/A...B` without a browser.
pub(super) async fn told_as(state: &AppState, a: &str, b: &str, form: Form) -> Result<Response, Problem> {
    let found = between(state, a, b).await?;
    match form {
        Form::Json => answer::json(&found),
        Form::Text => Ok(answer::body(answer::TEXT, format::diff_text(&found))),
        Form::Markdown => Ok(answer::body(answer::MARKDOWN, format::diff_markdown(&found))),
    }
}

async fn told(state: &AppState, id: &str) -> Result<Told, Problem> {
    let (view, story) = story::told(state, id).await?;
    Ok(Told { view, story })
}

/// Returns the healthy requests of the same operation that are nearest in time, at most [`BASELINE_TRACES`].
async fn usual(state: &AppState, subject: &Told) -> Result<Vec<Told>, Problem> {
    let mut out = Vec::new();
    for id in healthy(state, subject, BASELINE_TRACES).await? {
        out.push(told(state, &id.to_hex()).await?);
    }
    if out.is_empty() {
        return Err(Problem::new(
            Kind::NotFound,
            "no_baseline",
            format!("there is no other request of {:?} without an error to compare with", subject.story.title),
        )
        .hint("send more of the same operation, or compare two traces by their ids"));
    }
    Ok(out)
}

/// Finds the requests without an error of a trace's operation, nearest in time first. Of the nearest
/// [`BASELINE_CANDIDATES`] requests, that is: further away the service may have been another one.
pub(super) async fn healthy(state: &AppState, subject: &Told, most: usize) -> Result<Vec<TraceId>, Problem> {
    let Some(operation) = story::root_operation(&subject.view) else { return Ok(Vec::new()) };
    let own = trace::parse_id(&subject.view.trace_id)?;
    let start = i64::try_from(subject.story.start_unix_nano.0).unwrap_or(i64::MAX);
    let hits = measure::query(state, "of_operation", state.query.of_operation(operation, start)).await?;
    let mut near: Vec<(u64, TraceId)> = hits
        .iter()
        .filter(|hit| hit.trace_id != own)
        .map(|hit| (hit.start_time_ns.abs_diff(start), hit.trace_id))
        .collect();
    near.sort_unstable();
    let ids: Vec<TraceId> = near.into_iter().take(BASELINE_CANDIDATES).map(|(_distance, id)| id).collect();
    let rows = measure::query(state, "summaries", state.query.summaries(&ids)).await?;
    Ok(rows.into_iter().filter(|row| row.error_count == 0).take(most).map(|row| row.trace_id).collect())
}
