//! How the request ended, by what its root span says; names and statuses of spans.

use std::borrow::Cow;

use telltale_api::story::Outcome;
use telltale_api::trace::{AttributeRow, SpanRow, TraceView};
use telltale_model::semconv::{HTTP_RESPONSE_STATUS_CODE, HTTP_STATUS_CODE_OLD};

use super::{Analysis, is_error, span_at};

/// gRPC's status, as a number. Source: semantic conventions for RPC.
const GRPC_STATUS: &str = "rpc.grpc.status_code";
/// The same for any RPC system, as a word or a number.
const RPC_STATUS: &str = "rpc.response.status_code";

/// Names of gRPC's status codes by number. Source: gRPC "Status codes and their use".
const GRPC_NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// How a request ended.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// The outcome.
    pub outcome: Outcome,
    /// The status that a caller saw.
    pub status: Option<String>,
    /// What the request was.
    pub title: String,
}

impl Ending {
    /// Judges a trace by its root.
    pub(super) fn of(view: &TraceView, analysis: &Analysis) -> Self {
        let Some(root) = analysis.root.and_then(|root| span_at(view, root)) else {
            let event = view.logs.iter().map(|log| log.event_name.as_str()).find(|name| !name.is_empty());
            let title = event.unwrap_or("Logs without spans").to_owned();
            return Self { outcome: Outcome::Unknown, status: None, title };
        };
        let status = status(root);
        let failed = is_error(root) || status.as_deref().is_some_and(is_server_error);
        let outcome = if failed {
            Outcome::Failed
        } else if view.spans.iter().any(is_error) {
            Outcome::Recovered
        } else {
            Outcome::Ok
        };
        Self { outcome, status, title: display_name(root).into_owned() }
    }
}

/// HTTP's methods, which are all that some instrumentations put into a name.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Attributes that hold a path, best first.
const PATHS: [&str; 6] = ["http.route", "url.template", "url.path", "http.target", "url.full", "http.url"];

/// Returns the name that a reader knows the span by: its own; behind a bare method (`GET`, `HTTP GET`) its route or
/// path; of a nameless span, that it has none.
#[must_use]
pub fn display_name(span: &SpanRow) -> Cow<'_, str> {
    if span.name.is_empty() {
        return Cow::Borrowed("span without a name");
    }
    let method = span.name.strip_prefix("HTTP ").unwrap_or(&span.name);
    if !METHODS.contains(&method) {
        return Cow::Borrowed(&span.name);
    }
    let path = PATHS.into_iter().find_map(|key| attribute(&span.attributes, key)).and_then(path_of);
    path.map_or(Cow::Borrowed(span.name.as_str()), |path| Cow::Owned(format!("{method} {path}")))
}

/// Returns the path of a path or a URL, without the query.
fn path_of(text: &str) -> Option<&str> {
    let text = text.split(['?', '#']).next().unwrap_or(text);
    let Some((_scheme, rest)) = text.split_once("://") else { return Some(text) };
    let slash = rest.find('/')?;
    rest.get(slash..)
}

/// Returns the status that a span recorded: an HTTP number or the name of an RPC status.
#[must_use]
pub fn status(span: &SpanRow) -> Option<String> {
    let http = attribute(&span.attributes, HTTP_RESPONSE_STATUS_CODE);
    let http = http.or_else(|| attribute(&span.attributes, HTTP_STATUS_CODE_OLD));
    if let Some(http) = http {
        return Some(http.to_owned());
    }
    let rpc = attribute(&span.attributes, GRPC_STATUS).or_else(|| attribute(&span.attributes, RPC_STATUS))?;
    let name = rpc.parse::<usize>().ok().and_then(|number| GRPC_NAMES.get(number)).copied();
    Some(name.unwrap_or(rpc).to_owned())
}

/// Whether a status is one of HTTP's 500 to 599.
fn is_server_error(status: &str) -> bool {
    status.len() == 3 && status.starts_with('5') && status.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the value of an attribute that is there and not empty.
pub(super) fn attribute<'a>(attributes: &'a [AttributeRow], key: &str) -> Option<&'a str> {
    attributes.iter().find(|row| row.key == key).map(|row| row.value.as_str()).filter(|value| !value.is_empty())
}
