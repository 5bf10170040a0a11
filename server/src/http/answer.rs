//! Answers that every handler gives in the same way: JSON, text, and work that must not block other requests.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
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

/// Runs work that takes long (a large trace, its story) where it does not hold up other requests.
pub(crate) async fn work<T, W>(work: W) -> Result<T, Problem>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Problem::new(Kind::Bug, "internal", format!("a worker stopped: {error}"))))
}
