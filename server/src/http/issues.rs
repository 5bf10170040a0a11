//! `GET /api/issues`: what senders did wrong or oddly, newest first; `GET /api/senders`: who they are.

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

/// Answers with everybody who sent something, each with what was odd; it is bounded.
pub(super) async fn senders(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    answer::json(&state.senders.list(state.issues.list(ISSUES_KEPT), state.now()))
}
