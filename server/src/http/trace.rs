//! `GET /api/trace/{id}`: one trace with everything that belongs to it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use telltale_api::trace::TraceView;
use telltale_model::TraceId;
use telltale_query::TraceData;

use super::answer;
use super::extract::Path;
use super::problem::Problem;
use super::{measure, view};
use crate::state::AppState;

mod json;

/// Answers with the trace as pages need it.
pub(super) async fn trace(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, data) = load(&state, &id).await?;
    let now = state.now();
    answer::work(move || json::whole(&id, data, now)).await
}

/// Reads an id that must be 32 hex digits.
pub(super) fn parse_id(text: &str) -> Result<TraceId, Problem> {
    text.parse().map_err(|error| Problem::bad_trace_id(text, error))
}

/// Returns what is stored of a trace.
pub(super) async fn load(state: &AppState, id: &str) -> Result<(TraceId, TraceData), Problem> {
    let id = parse_id(id)?;
    let data = measure::query(state, "trace", state.query.trace(&id)).await?;
    let data = data.ok_or_else(|| Problem::trace_not_found(id))?;
    Ok((id, data))
}

/// Returns the view of a trace, made off the request threads.
pub(super) async fn load_view(state: &AppState, id: &str) -> Result<TraceView, Problem> {
    let (id, data) = load(state, id).await?;
    let now = state.now();
    answer::work(move || Ok(view::trace_of(&id, data, now)?)).await
}
