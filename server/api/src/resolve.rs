//! `GET /api/resolve?q=…`: what a paste may mean.

use serde::{Deserialize, Serialize};

use crate::Nanos;
use crate::trace::TraceSummary;

/// The answer to a paste: every reading, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolveAnswer {
    /// The readings, best first; those with hits stand before those without.
    pub candidates: Vec<ResolvedCandidate>,
    /// Set when exactly one trace was found: the page can go there at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<Destination>,
    /// How much of the store was searched, for the not-found page.
    pub searched: Searched,
    /// Set when the paste asks to compare two traces (`A...B`): the page `/t/A...B` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Comparison>,
    /// Set when there is no trace under any reading: what else is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_found: Option<NotFound>,
}

/// Two traces to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The measure.
    pub a: String,
    /// What is compared with it.
    pub b: String,
}

/// What is known of an id that is not in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct NotFound {
    /// The same in words, most telling first.
    pub sentences: Vec<String>,
    /// Traces whose ids are nearly the same.
    pub near: Vec<NearTrace>,
    /// Where the text stands otherwise: in log lines and attributes.
    pub elsewhere: Vec<Elsewhere>,
    /// Whether the caller sampled the request, as far as the paste says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<bool>,
    /// When the id was made, for spellings that say so (AWS X-Ray).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_unix_nano: Option<Nanos>,
    /// Start of the earliest span in the store; none in an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_unix_nano: Option<Nanos>,
    /// Start of the latest span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_unix_nano: Option<Nanos>,
    /// Services of the newest traces with the start of their newest one, newest first.
    pub services: Vec<ServiceNews>,
}

/// A trace whose id is nearly the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearTrace {
    /// In what it differs, in words.
    pub why: String,
    /// The trace.
    pub trace: TraceSummary,
}

/// A place where a text stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// `log` for the body of a record; `span`, `span_event`, `span_link`, `log_attribute`, `log_body`, `resource`, `scope` for an
    /// attribute.
    pub place: String,
    /// The attribute; empty for a log's body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The line, or the value.
    pub text: String,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// When.
    pub time_unix_nano: Nanos,
}

/// The newest data of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceNews {
    /// The service.
    pub service_name: String,
    /// Start of its newest trace.
    pub last_unix_nano: Nanos,
}

/// Where a paste leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The trace.
    pub trace_id: String,
    /// The span inside it, when the paste named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
}

/// One reading of a paste and what the store has for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolvedCandidate {
    /// The spelling, in words: `W3C traceparent`, `UUID`, `base64`.
    pub form: String,
    /// The id that was read, canonical hex: 32 digits (trace) or 16 (span or 64-bit trace).
    pub id: String,
    /// The span that the paste names beside the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// 0 to 100: how sure the reading is.
    pub confidence: u8,
    /// What else the spelling says, such as `the caller did not sample this request (flags 00)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The traces found under this reading.
    pub traces: Vec<TraceSummary>,
}

/// How much was searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Searched {
    /// Segments in the store whose filters were asked.
    pub segments: u64,
    /// Spans in the store, memory included.
    pub spans: u64,
    /// Microseconds that it took.
    pub elapsed_us: u64,
}
