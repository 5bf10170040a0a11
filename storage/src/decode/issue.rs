//! What was odd about a request, in a form that a person can act on.
//!
//! Issues are collected per (code, service) with a count and the first example's message, so that a million equal faults
//! cost one line. Nothing is logged here; the receiver counts, answers and lists them.

use super::limits::{MAX_ISSUE_MESSAGE_BYTES, MAX_ISSUES};

/// What happened to the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It was not stored.
    Rejected,
    /// It was stored, changed as the message says.
    Repaired,
    /// It was stored as sent.
    Odd,
}

impl Outcome {
    /// Returns the lower-case word that the API shows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Repaired => "repaired",
            Self::Odd => "odd",
        }
    }
}

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $name:ident => $code:literal, $hint:literal;)*) => {
        /// What was odd. The words of [`IssueCode::as_str`] are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum IssueCode {
            $($(#[$doc])* $name,)*
        }

        impl IssueCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the stable word of the code, as `/api/issues` and our own metrics show it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Returns what the sender can do about it.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)* }
            }
        }
    };
}

issue_codes! {
    /// A span's `trace_id` is not 16 bytes or all zero; the span is rejected.
    InvalidTraceId => "trace_id_invalid",
        "send 16 bytes that are not all zero (32 hex digits in OTLP/JSON)";
    /// A span's `span_id` is not 8 bytes or all zero; the span is rejected.
    InvalidSpanId => "span_id_invalid",
        "send 8 bytes that are not all zero (16 hex digits in OTLP/JSON)";
    /// A span's `parent_span_id` is neither empty nor 8 bytes; the span is kept as a root.
    InvalidParentSpanId => "parent_span_id_invalid",
        "send the 8 bytes of the parent's span id, or nothing for a root span";
    /// A log record's `trace_id` or `span_id` is set and invalid; the record is kept without it.
    InvalidLogIds => "log_ids_invalid",
        "leave trace_id and span_id empty when there is no active span, else send 16 and 8 bytes that are not all zero";
    /// A record's bytes do not parse; the record is rejected.
    MalformedRecord => "record_malformed",
        "encode requests with the official OTLP protobuf definitions";
    /// A field of an OTLP/JSON record has a wrong type or value; the record is rejected.
    InvalidJsonField => "json_field_invalid",
        "follow the OTLP/JSON mapping: hex ids, enums as integers, 64-bit integers as decimal strings";
    /// Records of another signal were sent to this address; they are rejected.
    WrongSignal => "wrong_signal",
        "send each signal to its own path: /v1/traces, /v1/metrics, /v1/logs";
    /// A data point has no time; it is rejected, as OTLP asks.
    PointWithoutTime => "point_time_zero",
        "set time_unix_nano on every data point";
    /// A request has more records than one request may have; the rest is rejected.
    TooManyRecords => "too_many_records",
        "send smaller batches";
    /// Names that are stored in every row exceed the request's budget; the rows beyond are rejected.
    TooMuchRepeatedText => "too_much_repeated_text",
        "shorten the service name or the metric's name, unit, description and metadata, or send smaller batches";
    /// A text was not UTF-8; every bad sequence became U+FFFD.
    InvalidUtf8 => "utf8_invalid",
        "send UTF-8; do not cut strings in the middle of a character";
    /// A span has a start or end time of 0.
    SpanTimeZero => "span_time_zero",
        "set start and end time on every span";
    /// A log record has neither a time nor an observed time; the time of arrival stands in.
    LogWithoutTime => "log_time_zero",
        "set time_unix_nano or observed_time_unix_nano";
    /// A time lies beyond the year 2262; queries see the year 2262, the sent value is kept beside it.
    TimeOutOfRange => "time_out_of_range",
        "send nanoseconds since 1970; milliseconds or microseconds were perhaps multiplied twice";
    /// A time lies more than an hour ahead of this machine's clock.
    ClockAhead => "clock_ahead",
        "check the clock of the sender and of this machine";
    /// A span ends before it starts.
    EndBeforeStart => "end_before_start",
        "measure a span's duration with one monotonic clock";
    /// A span takes more than 30 days.
    LongSpan => "span_too_long",
        "check the unit of the times: OTLP wants nanoseconds";
    /// A span names itself as its parent.
    SelfParent => "span_is_its_parent",
        "set parent_span_id to the span that was active when this one began";
    /// The resource has no `service.name`.
    MissingServiceName => "service_name_missing",
        "set OTEL_SERVICE_NAME or the resource attribute service.name";
    /// An attribute's value has a megabyte or more.
    HugeAttribute => "attribute_huge",
        "keep large payloads out of attributes, or set OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";
    /// Two attributes of one record have the same key; both are kept.
    DuplicateAttributeKey => "attribute_key_duplicate",
        "set each attribute once";
    /// A reference to a string table, which only profiles have; it counts as absent.
    StringTableReference => "string_table_reference",
        "key_strindex and string_value_strindex belong to profiles only";
    /// A metric has no data points of a kind that OTLP lists.
    MetricWithoutData => "metric_without_data",
        "send a gauge, sum, histogram, exponential histogram or summary";
}

/// One kind of oddity of one service in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What was odd.
    pub code: IssueCode,
    /// What happened to the items.
    pub outcome: Outcome,
    /// The first example: what was odd, on which value.
    pub message: String,
    /// How many items.
    pub count: u64,
    /// `service.name` of the items; `None` when they have none, or when the request had too many services to list.
    pub service_name: Option<String>,
}

impl Issue {
    /// Returns the issue to report when [`super::repair_utf8`] changed a request.
    #[must_use]
    pub fn repaired_utf8() -> Self {
        Self {
            code: IssueCode::InvalidUtf8,
            outcome: Outcome::Repaired,
            message: "the request had texts that are not UTF-8; every bad sequence became U+FFFD".to_owned(),
            count: 1,
            service_name: None,
        }
    }
}

/// The issues of one request.
#[derive(Debug, Default)]
pub(super) struct Issues {
    list: Vec<Issue>,
}

impl Issues {
    /// Counts `count` items; the message is only written for the first of its kind.
    pub(super) fn add(
        &mut self,
        code: IssueCode,
        outcome: Outcome,
        service_name: Option<&str>,
        count: u64,
        message: impl FnOnce() -> String,
    ) {
        let full = self.list.len() >= MAX_ISSUES;
        let same = |issue: &&mut Issue| {
            issue.code == code && issue.outcome == outcome && issue.service_name.as_deref() == service_name
        };
        if let Some(issue) = self.list.iter_mut().find(same) {
            issue.count += count;
            return;
        }
        let service_name = if full { None } else { service_name };
        let pooled = |issue: &&mut Issue| issue.code == code && issue.service_name.is_none();
        if full && let Some(issue) = self.list.iter_mut().find(pooled) {
            issue.count += count;
            return;
        }
        let message = shorten(message());
        self.list.push(Issue { code, outcome, message, count, service_name: service_name.map(str::to_owned) });
    }

    pub(super) fn into_vec(self) -> Vec<Issue> {
        self.list
    }
}

/// Cuts a message at a character and says so.
fn shorten(mut message: String) -> String {
    if message.len() > MAX_ISSUE_MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MAX_ISSUE_MESSAGE_BYTES));
        message.push_str("… (shortened)");
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn equal_issues_are_one_line_with_a_count() {
        let mut issues = Issues::default();
        for _ in 0..3 {
            issues.add(IssueCode::LongSpan, Outcome::Odd, Some("a"), 1, || "first".to_owned());
        }
        issues.add(IssueCode::LongSpan, Outcome::Odd, None, 2, || "second".to_owned());
        let list = issues.into_vec();
        assert_eq!(list.iter().map(|issue| issue.count).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn beyond_the_limit_services_are_pooled_and_nothing_is_uncounted() {
        let mut issues = Issues::default();
        for index in 0..MAX_ISSUES * 2 {
            issues.add(IssueCode::LongSpan, Outcome::Odd, Some(&index.to_string()), 1, || "m".repeat(9_000));
        }
        let list = issues.into_vec();
        assert_eq!(list.len(), MAX_ISSUES + 1);
        assert_eq!(list.iter().map(|issue| issue.count).sum::<u64>(), MAX_ISSUES as u64 * 2);
        assert!(list.iter().all(|issue| issue.message.len() < MAX_ISSUE_MESSAGE_BYTES + 30));
    }

    #[test]
    fn codes_are_different_words() {
        let words: HashSet<_> = IssueCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), IssueCode::ALL.len());
        assert!(IssueCode::ALL.iter().all(|code| !code.hint().is_empty()));
    }
}
