//! `GET /api/story/{id}`: what happened, in the order in which a reader asks.

use serde::{Deserialize, Serialize};

use crate::plan::PlanView;
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
    /// Stretches of the request in which nothing ran that anything recorded, longest first; the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Operations that ran again and again under one span, those that took longest first; the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Repeat>,
    /// Spans that took longer than nearly all others of their operation in this store, the furthest off first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusual: Vec<Unusual>,
    /// How long the operations of this trace usually take in this store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usual: Vec<Usual>,
    /// The query plans that facts show as such, read into trees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<StoryPlan>,
    /// Spans, span events and log records in one list by time; left out with `?entries=0`. It stands last: it may be most of the answer,
    /// and is then written while it is sent.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

/// A stretch of time on the critical path that no recorded call owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// `before` the first call of the span, `between` two calls, `after` the last one, on the way `to` a called service,
    /// on the way `back` from it, or of a message in its `queue`.
    pub kind: String,
    /// Where and between what, in words.
    pub text: String,
    /// Begin.
    pub start_unix_nano: Nanos,
    /// Length.
    pub duration_ns: SignedNanos,
    /// Share of the whole request, in thousandths.
    pub share_permille: u32,
    /// The span in which the time passed.
    pub span_id: String,
    /// Log records and span events of that span inside the gap: where to look next.
    pub note_count: u64,
}

/// An operation that ran again and again under one span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// The span under which it ran.
    pub parent_span_id: String,
    /// The first of the runs.
    pub span_id: String,
    /// Service of the runs.
    pub service_name: Option<String>,
    /// The operation.
    pub name: String,
    /// How many runs.
    pub count: u32,
    /// Their lengths together.
    pub total_ns: SignedNanos,
    /// The longest of them.
    pub longest_ns: SignedNanos,
    /// Whether these are calls one after another where one for all would do (N+1).
    pub is_n_plus_one: bool,
    /// The same in words.
    pub text: String,
}

/// How long an operation usually takes in this store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// The service.
    pub service_name: Option<String>,
    /// Name of the spans.
    pub name: String,
    /// Spans that were looked at, those of this trace included.
    pub count: u64,
    /// Half of them took no longer, to one part in 32.
    pub p50_ns: SignedNanos,
    /// 95 % of them took no longer.
    pub p95_ns: SignedNanos,
}

/// A span that took longer than nearly all of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusual {
    /// The span.
    pub span_id: String,
    /// Its length.
    pub duration_ns: SignedNanos,
    /// Its length over the usual one, in tenths: 35 is 3.5 times.
    pub factor_tenths: u64,
    /// What is usual.
    pub usual: Usual,
    /// The same in words.
    pub text: String,
}

/// A query plan that a span recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryPlan {
    /// The span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The attribute that holds it.
    pub key: String,
    /// The plan.
    pub plan: PlanView,
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
    /// A stable word: `missing_parent`, `still_arriving`, `not_sampled`, `clock_skew`, `duplicate_spans`, `dropped`,
    /// `cycle`, `repeated_span_id`, `many_roots`, `logs_only`, `negative_duration`, `no_time`.
    pub code: String,
    /// The caveat in words.
    pub text: String,
    /// Spans that prove it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub span_ids: Vec<String>,
    /// Of `clock_skew`: how far the clocks of services are off, each against its caller's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockOffset>,
}

/// How far the clock of a service is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// The service.
    pub service_name: Option<String>,
    /// The service that called it, whose clock is the measure.
    pub against: Option<String>,
    /// How far its clock is ahead of that; negative: behind.
    pub offset_ns: SignedNanos,
    /// The offset is right to this much, when that could be measured: then each side saw begin and end of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_ns: Option<SignedNanos>,
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
    /// How a page shows it: `text`, or `plan`, `sql`, `json` and `code` for monospaced blocks.
    pub view: String,
    /// Distinct values that were found but are not in `values`, which is bounded.
    #[serde(default)]
    pub left_out: u64,
    /// Whether the values are pseudonyms: equal ones are equal, nothing else can be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_redacted: bool,
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
    /// Time of the critical path in it: what the caller waited for.
    #[serde(default)]
    pub critical_ns: SignedNanos,
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
    /// Time of the critical path in it: what the caller waited for.
    #[serde(default)]
    pub critical_ns: SignedNanos,
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
