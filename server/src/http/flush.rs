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

/// `?durable=` and `?stored=`.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    durable: bool,
    #[serde(default)]
    stored: bool,
}

/// Answers when everything acknowledged before the call is queryable, with `durable` also in segments, and with `stored` also in
/// the object store, whether or not it is due there.
pub(super) async fn flush(
    State(state): State<Arc<AppState>>,
    Parameters(Wish { durable, stored }): Parameters<Wish>,
) -> Result<Response, Problem> {
    let last_lsn = state.storage.status().last_lsn;
    if durable || stored {
        state.storage.flush().await?;
    }
    if stored {
        state.storage.upload().await?;
    }
    answer::json(&FlushAnswer { last_lsn, durable: durable || stored })
}
