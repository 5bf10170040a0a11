//! The query API and the user interface, on the listener of `--listen`.

use std::sync::Arc;

use axum::Router;

use crate::state::AppState;

/// Returns the routes that need a running store.
///
/// OTLP paths, `/login`, access rules and security headers are not here: the edge applies them to every request first.
pub fn router(state: Arc<AppState>) -> Router {
    Router::new().with_state(state)
}
