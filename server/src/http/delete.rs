//! `POST /api/delete`: removes a trace, a service's telemetry, a stretch of time or everything.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use telltale_api::Nanos;
use telltale_api::delete::{DeleteAnswer, DeleteRequest};
use telltale_storage::Deletion;

use super::answer;
use super::problem::{Kind, Problem};
use crate::state::AppState;

/// What to send.
const HINT: &str = r#"send {"trace_id":"…"}, {"service":"…"}, {"start":"…","end":"…"} in nanoseconds, several of them, or {"everything":true}"#;

/// Answers when nobody can read any more what the request means.
pub(super) async fn delete(
    State(state): State<Arc<AppState>>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let deletion = read(&body?)?;
    let deleted = state.storage.delete(deletion).await?;
    answer::json(&DeleteAnswer { rows: deleted.rows, segments: deleted.segments })
}

fn read(body: &[u8]) -> Result<Deletion, Problem> {
    let wrong = |message: String| Problem::new(Kind::Invalid, "bad_deletion", message).hint(HINT);
    let request: DeleteRequest =
        serde_json::from_slice(body).map_err(|error| wrong(format!("the body is not understood: {error}")))?;
    let DeleteRequest { trace_id, service, start, end, everything } = request;
    let trace_id = trace_id
        .map(|text| text.parse().map_err(|error| wrong(format!("{text:?} is not a trace id: {error}"))))
        .transpose()?;
    // What is later than the store's times can be is later than everything.
    let time = |time: Nanos| i64::try_from(time.0).unwrap_or(i64::MAX);
    let deletion = Deletion { trace_id, service_name: service, start_ns: start.map(time), end_ns: end.map(time) };
    match (deletion == Deletion::default(), everything) {
        (true, false) => Err(wrong("nothing says what to delete".to_owned())),
        (false, true) => Err(wrong("everything has no conditions".to_owned())),
        _ => Ok(deletion),
    }
}
