//! `GET /api/health`: can this process do its job?

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use telltale_api::health::{Health, StoreHealth};
use telltale_storage::Status;

use super::answer;
use super::problem::Problem;
use crate::state::AppState;
use crate::whole_file;

/// Answers 200 while the store takes data, 503 after a failed fsync.
pub(super) async fn health(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    let mut health = of(&state.storage.status());
    health.quarantined.extend(whole_file::set_aside(&state.data_dir));
    let status = if health.status == "poisoned" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    answer::json_with(status, &health)
}

/// Says what the store's own account means for a caller.
fn of(status: &Status) -> Health {
    let (word, reason) = match (&status.poisoned, &status.full) {
        (Some(reason), _) => ("poisoned", Some(reason.clone())),
        (None, Some(reason)) => ("full", Some(reason.clone())),
        (None, None) => ("ok", None),
    };
    Health {
        status: word.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        reason,
        quarantined: status.quarantined.clone(),
        store: status.remote.as_ref().map(|remote| StoreHealth {
            url: remote.url.clone(),
            segments: remote.segments,
            waiting: remote.waiting,
            unavailable: remote.unavailable,
            problem: remote.problem.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poisoned_store_is_worse_than_a_full_one() {
        let full = Status { full: Some("disk".into()), ..Status::default() };
        assert_eq!((of(&full).status.as_str(), of(&full).reason.as_deref()), ("full", Some("disk")));
        let both = Status { poisoned: Some("fsync".into()), ..full };
        assert_eq!((of(&both).status.as_str(), of(&both).reason.as_deref()), ("poisoned", Some("fsync")));
        assert_eq!(of(&Status::default()).reason, None);
    }
}
