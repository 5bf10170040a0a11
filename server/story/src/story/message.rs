//! What an error says of itself, in one line.

use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::Severity;
use telltale_model::semconv::{ERROR_TYPE, EXCEPTION_MESSAGE, EXCEPTION_TYPE};

use super::outcome::{attribute, status};
use crate::format::wrap::shorten;
use crate::limits::MESSAGE_CHARS;

/// Where programs that follow no convention put the message of an error.
const LOOSE_MESSAGES: [&str; 3] = [EXCEPTION_MESSAGE, "grpc.error_message", "error.message"];

/// Returns the first line of what a span says about its failure: the message of its first exception, else its status
/// message, else the exception's class, the status that it saw or `error.type`. At most
/// [`crate::limits::MESSAGE_CHARS`] characters.
#[must_use]
pub fn first_message(span: &SpanRow) -> Option<String> {
    said(span).or_else(|| status(span)).or_else(|| attribute(&span.attributes, ERROR_TYPE).and_then(first_line))
}

/// Returns what a span says in words, without the status that stands on it anyway.
pub(super) fn said(span: &SpanRow) -> Option<String> {
    let of_events = |key| span.events.iter().find_map(|event| attribute(&event.attributes, key));
    let of_span = LOOSE_MESSAGES.into_iter().find_map(|key| attribute(&span.attributes, key));
    let choices = [of_events(EXCEPTION_MESSAGE), Some(&span.status_message), of_span, of_events(EXCEPTION_TYPE)];
    choices.into_iter().flatten().find_map(first_line)
}

/// Returns the first error that a span logged.
pub(super) fn logged(view: &TraceView, span_id: &str) -> Option<String> {
    let mut logs = view.logs.iter().filter(|log| log.span_id.as_deref() == Some(span_id));
    logs.find(|log| is_error_log(log.severity_number)).and_then(|log| first_line(&log.body))
}

/// Whether a severity number is that of an error or worse.
pub(super) fn is_error_log(severity_number: i32) -> bool {
    matches!(Severity::from_number(severity_number), Some(Severity::Error | Severity::Fatal))
}

/// Returns the first line that is not blank, shortened.
pub(super) fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(shorten(line, MESSAGE_CHARS))
}
