//! The envelope of every answer, and the one table from a kind of failure to a status.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use telltale_promql::{Error, ErrorKind};

use super::json::text;
use crate::http::problem::{Kind, Problem};

/// What is answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// JSON.
    pub(super) data: String,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
}

impl Answer {
    /// An answer without warnings.
    pub(super) fn of(data: String) -> Self {
        Self { data, ..Self::default() }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut out = String::with_capacity(self.data.len() + 64);
        out.push_str("{\"status\":\"success\",\"data\":");
        out.push_str(&self.data);
        for (name, texts) in [("warnings", self.warnings), ("infos", self.infos)] {
            if !texts.is_empty() {
                let texts: Vec<String> = texts.iter().map(|one| text(one)).collect();
                out.push_str(&format!(",\"{name}\":[{}]", texts.join(",")));
            }
        }
        out.push('}');
        respond(StatusCode::OK, out)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    /// A parameter or an expression is wrong.
    pub(super) fn bad_data(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "bad_data", message: message.into() }
    }

    /// Says what is wrong.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// A parameter is wrong, in Prometheus's words.
    pub(super) fn parameter(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {problem}"))
    }

    /// Too many questions at once.
    pub(super) fn busy() -> Self {
        let message = "too many queries run and wait already; try again in a moment".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, kind: "unavailable", message }
    }

    /// The same failure on a path of our own.
    pub(super) fn problem(self) -> Problem {
        let kind = match self.status {
            StatusCode::BAD_REQUEST => Kind::Invalid,
            StatusCode::UNPROCESSABLE_ENTITY => Kind::TooMuch,
            StatusCode::SERVICE_UNAVAILABLE => Kind::Unavailable,
            _ => Kind::Bug,
        };
        Problem::new(kind, self.kind, self.message)
    }

    /// A fault of ours.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "internal", message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind {
            ErrorKind::BadData => StatusCode::BAD_REQUEST,
            ErrorKind::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Timeout | ErrorKind::Canceled => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, kind: error.kind.as_str(), message: error.message }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(message = %self.message, "a question about metrics failed inside telltale");
        }
        let body =
            format!("{{\"status\":\"error\",\"errorType\":\"{}\",\"error\":{}}}", self.kind, text(&self.message));
        let mut response = respond(self.status, body);
        if self.kind == "unavailable" {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn respond(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
