//! `GET /api/issues`: what senders did wrong or oddly, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::answer;
use super::problem::Problem;
use crate::limits::ISSUES_KEPT;
use crate::state::AppState;

/// Answers with the whole list; it is bounded.
pub(super) async fn issues(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    answer::json(&state.issues.list(ISSUES_KEPT))
}
