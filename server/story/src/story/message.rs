//! What an error says of itself, in one line.

use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::Severity;
use telltale_model::semconv::{ERROR_TYPE, EXCEPTION_EVENT, EXCEPTION_MESSAGE, EXCEPTION_TYPE};

use super::outcome::{attribute, status};
use crate::format::wrap::shorten;
use crate::limits::MESSAGE_CHARS;

/// Returns the first line of what a span says about its failure: the message of its first exception, else its status
/// message, else the exception's class, `error.type` or the status that it saw. At most
/// [`crate::limits::MESSAGE_CHARS`] characters.
#[must_use]
pub fn first_message(span: &SpanRow) -> Option<String> {
    let exception = span.events.iter().find(|event| event.name == EXCEPTION_EVENT);
    let of_exception = |key| exception.and_then(|event| attribute(&event.attributes, key));
    let choices = [
        of_exception(EXCEPTION_MESSAGE),
        Some(span.status_message.as_str()),
        attribute(&span.attributes, EXCEPTION_MESSAGE),
        of_exception(EXCEPTION_TYPE),
    ];
    let said = choices.into_iter().flatten().find_map(first_line);
    said.or_else(|| status(span)).or_else(|| attribute(&span.attributes, ERROR_TYPE).and_then(first_line))
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
