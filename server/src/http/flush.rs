//! `POST /api/flush`: the barrier of tests and scripts.
//!
//! An acknowledged item is visible to every query already, so without `?durable=true` there is nothing to wait for.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use telltale_api::flush::FlushAnswer;

use super::answer;
use super::extract::Parameters;
use super::problem::Problem;
use crate::state::AppState;

/// `?durable=`.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    durable: bool,
}

/// Answers when everything acknowledged before the call is queryable, and with `durable` also in segments.
pub(super) async fn flush(
    State(state): State<Arc<AppState>>,
    Parameters(Wish { durable }): Parameters<Wish>,
) -> Result<Response, Problem> {
    let last_lsn = state.storage.status().last_lsn;
    if durable {
        state.storage.flush().await?;
    }
    answer::json(&FlushAnswer { last_lsn, durable })
}
