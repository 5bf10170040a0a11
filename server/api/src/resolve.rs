//! `GET /api/resolve?q=…`: what a paste may mean.

use serde::{Deserialize, Serialize};

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
