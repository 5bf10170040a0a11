//! `GET /api/story/{id}`: what happened, in the order in which a reader asks.

use serde::{Deserialize, Serialize};

use crate::{Nanos, SignedNanos};

/// The story of one request. Every claim names the spans that prove it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The trace.
    pub trace_id: String,
    /// What the request was: name of the root, or of the earliest span.
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The status a caller saw: `500`, `DEADLINE_EXCEEDED`; none when nothing recorded one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The verdict, sentence by sentence, with links.
    pub verdict: Vec<Phrase>,
    /// Earliest start.
    pub start_unix_nano: Nanos,
    /// From the earliest start to the latest end.
    pub duration_ns: SignedNanos,
    /// Spans, logs, errors.
    pub counts: Counts,
    /// What a reader must know before believing the rest; empty when all is well.
    pub chips: Vec<Chip>,
    /// The answer card.
    pub facts: Vec<Fact>,
    /// Where the time went, most first.
    pub time_by_service: Vec<ServiceTime>,
    /// The operations with the most self time, most first, at most five.
    pub time_by_operation: Vec<OperationTime>,
    /// Spans, span events and log records in one list by time.
    pub entries: Vec<Entry>,
}

/// How the request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing recorded an error.
    Ok,
    /// The root failed.
    Failed,
    /// Something inside failed, the root did not.
    Recovered,
    /// There is no span to judge by (logs only).
    Unknown,
}

/// A piece of the verdict: text, or text that leads to a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    /// The words; pieces are joined without a separator.
    pub text: String,
    /// The span that the words are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Whether the words carry the point and are shown in bold.
    #[serde(default)]
    pub strong: bool,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Counts {
    /// Spans.
    pub spans: u64,
    /// Spans with an error.
    pub errors: u64,
    /// Log records.
    pub logs: u64,
    /// Span events.
    pub events: u64,
    /// Services.
    pub services: u64,
}

/// A caveat with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// A stable word: `missing_parent`, `still_arriving`, `clock_skew`, `duplicate_spans`, `dropped`, `cycle`,
    /// `repeated_span_id`, `many_roots`, `logs_only`, `negative_duration`, `no_time`.
    pub code: String,
    /// The caveat in words.
    pub text: String,
    /// Spans that prove it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub span_ids: Vec<String>,
}

/// One line of the answer card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// `Gateway`, `Firmware`, `Query plan` …
    pub label: String,
    /// The values found, each once, in order of time; empty: not recorded.
    pub values: Vec<FactValue>,
    /// The attribute that would have answered, for a fact that was not recorded.
    pub expected_key: String,
    /// How a page shows it: `text`, or `plan` and `sql` for monospaced blocks.
    pub view: String,
    /// Distinct values that were found but are not in `values`, which is bounded.
    #[serde(default)]
    pub left_out: u64,
}

/// A value of a fact and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactValue {
    /// The value as text.
    pub value: String,
    /// The attribute that it was read from.
    pub key: String,
    /// A span that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The service that recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// How many spans and logs carry it.
    pub count: u64,
}

/// Self time of a service: time in its spans that no child accounts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTime {
    /// The service; none for spans without `service.name`.
    pub service_name: Option<String>,
    /// Self time.
    pub self_time_ns: SignedNanos,
    /// Spans.
    pub span_count: u64,
    /// Of these, with an error.
    pub error_count: u64,
    /// Share of all self time, in thousandths.
    pub share_permille: u32,
}

/// Self time of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationTime {
    /// The service.
    pub service_name: Option<String>,
    /// The operation.
    pub name: String,
    /// Self time.
    pub self_time_ns: SignedNanos,
    /// Spans.
    pub span_count: u64,
    /// The slowest of them.
    pub span_id: String,
}

/// What an entry of the merged list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A span began.
    Span,
    /// A span event.
    Event,
    /// A log record.
    Log,
}

/// One line of the merged list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// When.
    pub time_unix_nano: Nanos,
    /// From the story's start.
    pub offset_ns: SignedNanos,
    /// Depth in the tree of spans, from 0.
    pub depth: u32,
    /// The words: name of the span or event, body of the log.
    pub text: String,
    /// The span that it is, or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Length, of spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ns: Option<SignedNanos>,
    /// `error`, `warn`, `info`, `debug`: what colours the line.
    pub level: String,
    /// Position in [`crate::trace::TraceView::spans`] or `logs`; of an event, its position inside the span.
    pub index: u32,
    /// Position of the span that an event or a log record belongs to; of a span, its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_index: Option<u32>,
}
