//! `GET /metrics`: telltale's own metrics as Prometheus text.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::answer;
use crate::state::AppState;

/// Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers with every metric.
pub(super) async fn metrics(State(state): State<Arc<AppState>>) -> Response {
    answer::body(TEXT_FORMAT, state.telemetry.render(&state.storage.status()))
}
