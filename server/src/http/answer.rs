//! Answers that every handler gives in the same way: JSON, text, what is written piece by piece, and work that must not block
//! other requests.

use std::error::Error;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::problem::{Kind, Problem};

/// JSON's media type.
pub(crate) const JSON: &str = "application/json";
/// Plain text as UTF-8.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// Markdown as UTF-8.
pub(crate) const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// Answers with a body that is already encoded; never cached, since a store changes.
pub(crate) fn body(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = body.into().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers with a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Response, Problem> {
    json_with(StatusCode::OK, value)
}

/// Answers with a value as JSON and a status.
pub(crate) fn json_with(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let mut response = body(JSON, to_json(value)?);
    *response.status_mut() = status;
    Ok(response)
}

/// Writes a value as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value)
        .map_err(|error| Problem::new(Kind::Bug, "internal", format!("an answer cannot be written as JSON: {error}")))
}

/// The rest of an answer that would be too large as a whole: each piece is written when the reader has taken the one before.
pub(crate) trait Pieces: Send + 'static {
    /// Why a piece cannot be written.
    type Error: Error + Send + Sync + 'static;

    /// Writes the next piece, and says whether it is the last one.
    fn write(&mut self) -> Result<(Vec<u8>, bool), Self::Error>;
}

/// Answers with a beginning and the pieces after it, each written off the request threads.
pub(crate) fn pieces(content_type: &'static str, head: Vec<u8>, rest: impl Pieces) -> Response {
    let pieces = stream::unfold(Some(rest), |rest| async move { next(rest?).await });
    let all = stream::once(async move { Ok(Bytes::from(head)) }).chain(pieces);
    body(content_type, Body::from_stream(all))
}

/// Writes the next piece. A fault ends the body before its end: the reader notices, and is told so.
async fn next<P: Pieces>(mut rest: P) -> Option<(std::io::Result<Bytes>, Option<P>)> {
    let done = tokio::task::spawn_blocking(move || rest.write().map(|(bytes, is_last)| (bytes, is_last, rest))).await;
    let done = done.map_err(std::io::Error::other).and_then(|done| done.map_err(std::io::Error::other));
    Some(match done {
        Ok((bytes, is_last, rest)) => (Ok(Bytes::from(bytes)), (!is_last).then_some(rest)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be sent whole");
            (Err(error), None)
        }
    })
}

/// Runs work that takes long (a large trace, its story) where it does not hold up other requests.
pub(crate) async fn work<T, W>(work: W) -> Result<T, Problem>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Problem::new(Kind::Bug, "internal", format!("a worker stopped: {error}"))))
}
