//! How the request ended, by what its root span says.

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
        Self { outcome, status, title: name_of(root) }
    }
}

/// Returns a span's name; of a nameless span, what it is.
pub(super) fn name_of(span: &SpanRow) -> String {
    if span.name.is_empty() { "span without a name".to_owned() } else { span.name.clone() }
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
