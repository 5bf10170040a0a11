//! What goes wrong on telltale's own paths, as JSON: the one table from a kind of failure to a status and a code.
//!
//! Handlers return `Result<_, Problem>` and decide nothing about statuses themselves. OTLP paths and the compatible
//! APIs of other systems have their own error forms and do not come through here.

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use telltale_api::{ErrorBody, ErrorDetail};
use telltale_query::QueryError;
use telltale_storage::ErrorKind;
use telltale_storage::encode::EncodeError;

use crate::limits::QUERY_BODY_BYTES;

/// The kinds of failure of our own paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is not understood: 400.
    Invalid,
    /// What was asked for is not in the store: 404.
    NotFound,
    /// There is no such path: 404.
    NoSuchPath,
    /// The path does not take this method: 405.
    Method,
    /// The answer would go beyond a limit: 422; asking for less helps, asking again does not.
    TooMuch,
    /// The server cannot answer now: 503 with `Retry-After`.
    Unavailable,
    /// A stored file is damaged: 503, asking again does not help.
    Corrupt,
    /// A fault of this program: 500.
    Bug,
}

impl Kind {
    /// Returns the status that stands for the kind.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMuch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable | Self::Corrupt => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A failure on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    kind: Kind,
    code: Cow<'static, str>,
    message: String,
    hint: Option<String>,
}

impl Problem {
    /// Makes a problem: `code` is a stable word, `message` says what failed on which value.
    pub(crate) fn new(kind: Kind, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An id in a path that is not one.
    pub(crate) fn bad_trace_id(text: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(Kind::Invalid, "bad_trace_id", format!("{text:?} is not a trace id: {reason}")).hint(
            "give 32 hex digits; for any other spelling (UUID, base64, traceparent, 16 digits, a log line) ask \
             /api/resolve?q=… first",
        )
    }

    /// No row of the trace is stored.
    pub(crate) fn trace_not_found(id: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, "trace_not_found", format!("there is no trace {id} in the store"))
            .hint("its spans may still be on their way, or were never sent; /api/issues lists what senders did wrong")
    }

    /// Returns the body.
    pub(crate) fn body(&self) -> ErrorBody {
        let error = ErrorDetail { code: self.code.to_string(), message: self.message.clone(), hint: self.hint.clone() };
        ErrorBody { error }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), Json(self.body())).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.kind == Kind::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.kind == Kind::Bug {
            tracing::error!(code = %self.code, message = %self.message, "a request failed inside telltale");
        }
        response
    }
}

/// Answers paths that do not exist.
pub(crate) fn no_such_path(uri: &http::Uri) -> Problem {
    Problem::new(Kind::NoSuchPath, "no_such_path", format!("there is no {:?}", uri.path()))
        .hint("the API stands under /api, OTLP under /v1 and the web pages under /")
}

/// Answers methods that a path does not take.
pub(crate) async fn no_such_method(method: http::Method, uri: http::Uri) -> Problem {
    Problem::new(Kind::Method, "method_not_allowed", format!("{:?} does not take {method}", uri.path()))
        .hint("the header Allow lists the methods that it takes")
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let kind = match &error {
            QueryError::Invalid { .. } | QueryError::NotAllowed { .. } => Kind::Invalid,
            QueryError::Timeout { .. } | QueryError::Memory { .. } => Kind::TooMuch,
            QueryError::Rows { .. } | QueryError::Bytes { .. } => Kind::TooMuch,
            QueryError::Busy { .. } => Kind::Unavailable,
            QueryError::Storage(inner) => of_storage(inner),
            _ => Kind::Bug,
        };
        let message = match &error {
            QueryError::Storage(inner) => first_line(&inner.to_string()),
            other => first_line(&other.to_string()),
        };
        Self::new(kind, error.code(), message).hint(error.hint())
    }
}

impl From<telltale_storage::Error> for Problem {
    /// The store's texts carry their hint on a line of its own.
    fn from(error: telltale_storage::Error) -> Self {
        let text = error.to_string();
        let problem = Self::new(of_storage(&error), "storage", first_line(&text));
        match text.split_once("\nhint: ") {
            Some((_, hint)) => problem.hint(hint),
            None => problem,
        }
    }
}

impl From<EncodeError> for Problem {
    /// Rows of the store that do not have the store's own schema.
    fn from(error: EncodeError) -> Self {
        Self::new(Kind::Bug, "internal", error.to_string())
    }
}

impl From<BytesRejection> for Problem {
    /// The only body limit of the query paths is `QUERY_BODY_BYTES`.
    fn from(rejection: BytesRejection) -> Self {
        Self::new(Kind::Invalid, "bad_body", rejection.body_text())
            .hint(format!("a request body on the query paths has at most {QUERY_BODY_BYTES} bytes"))
    }
}

/// The store's kinds of error as ours.
fn of_storage(error: &telltale_storage::Error) -> Kind {
    match error.kind() {
        ErrorKind::Invalid => Kind::Invalid,
        ErrorKind::Exhausted => Kind::Unavailable,
        ErrorKind::Corrupt => Kind::Corrupt,
        _ => Kind::Bug,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind, so that a new one is not forgotten here.
    const KINDS: [(Kind, u16); 8] = [
        (Kind::Invalid, 400),
        (Kind::NotFound, 404),
        (Kind::NoSuchPath, 404),
        (Kind::Method, 405),
        (Kind::TooMuch, 422),
        (Kind::Unavailable, 503),
        (Kind::Corrupt, 503),
        (Kind::Bug, 500),
    ];

    #[test]
    fn every_kind_has_its_status_and_only_a_passing_state_says_when_to_come_back() {
        for (kind, status) in KINDS {
            let response = Problem::new(kind, "code", "message").into_response();
            assert_eq!(response.status().as_u16(), status, "{kind:?}");
            assert_eq!(response.headers().contains_key(RETRY_AFTER), kind == Kind::Unavailable, "{kind:?}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        }
    }

    #[test]
    fn a_store_error_keeps_its_hint_apart_from_its_message() {
        let problem = Problem::from(telltale_storage::Error::Closed);
        assert_eq!(problem.kind, Kind::Unavailable);
        assert_eq!(problem.message, "the storage is closed");
        assert!(problem.hint.unwrap().contains("restart"));
    }
}
