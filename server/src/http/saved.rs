//! `/api/searches`: the saved searches.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use telltale_api::search::{SavedSearch, SavedSearches};

use super::answer;
use super::extract::Path;
use super::problem::{Kind, Problem};
use super::search::understood;
use crate::saved::SaveError;
use crate::state::AppState;

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Self {
        let message = error.to_string();
        match error {
            SaveError::Name(_) => Self::new(Kind::Invalid, "bad_name", message).hint("give it a short name"),
            SaveError::Full => {
                Self::new(Kind::TooMuch, "searches_full", message).hint("delete one that is not used any more")
            }
            SaveError::File { .. } => Self::new(Kind::Corrupt, "searches_unusable", message)
                .hint("mend the file, or move it away; nothing was changed"),
        }
    }
}

/// Answers with all of them.
pub(super) async fn list(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    answer::work(move || answer::json(&SavedSearches { searches: state.saved.list()? })).await
}

/// Saves one under the name in the path; answers with it once it is durable.
pub(super) async fn put(
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let read: SavedSearch = serde_json::from_slice(&body?).map_err(|error| {
        Problem::new(Kind::Invalid, "bad_json", format!("the body is not understood: {error}"))
            .hint(r#"send {"query":"level>=error","kind":"logs"} as JSON"#)
    })?;
    let Some(kind) = crate::search::Kind::parse(&read.kind) else {
        return Err(Problem::new(Kind::Invalid, "bad_parameter", format!("{:?} is no kind", read.kind))
            .hint("write spans, logs or traces"));
    };
    understood(&read.query, kind)?;
    let search = SavedSearch { name, ..read };
    answer::work(move || {
        state.saved.put(search.clone())?;
        answer::json(&search)
    })
    .await
}

/// Removes one.
pub(super) async fn remove(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> Result<Response, Problem> {
    answer::work(move || {
        if state.saved.remove(&name)? {
            return answer::json(&SavedSearches { searches: state.saved.list()? });
        }
        Err(Problem::new(Kind::NotFound, "search_not_found", format!("no search is saved as {name:?}"))
            .hint("GET /api/searches lists the names"))
    })
    .await
}
