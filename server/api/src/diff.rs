//! `GET /api/diff`: two traces side by side, or a trace beside what is usual for its operation.

use serde::{Deserialize, Serialize};

use crate::plan::PlanView;
use crate::story::Outcome;
use crate::{Nanos, SignedNanos};

/// What differs between two requests. `a` is the measure, `b` is what is judged by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceDiff {
    /// The measure: a trace, or the usual of several.
    pub a: DiffSide,
    /// What is compared with it.
    pub b: DiffSide,
    /// What differs, most important first, in words.
    pub sentences: Vec<String>,
    /// Operations of both as one tree, each before those that it called.
    pub rows: Vec<DiffRow>,
    /// Rows that are not listed, since there are too many.
    #[serde(default)]
    pub rows_left_out: u64,
    /// Facts whose values differ.
    pub facts: Vec<ValueChange>,
    /// Query plans that differ.
    pub plans: Vec<PlanChange>,
    /// Log lines that only one side has.
    pub logs: Vec<LogChange>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffSide {
    /// The traces: one, or those of which the usual is made.
    pub trace_ids: Vec<String>,
    /// Whether the side stands for what is usual.
    pub is_baseline: bool,
    /// What the request was.
    pub title: String,
    /// How it ended; of a baseline, how its first trace did.
    pub outcome: Outcome,
    /// The status a caller saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Start of the (first) trace.
    pub start_unix_nano: Nanos,
    /// Length; of a baseline, the middle one.
    pub duration_ns: SignedNanos,
    /// Spans; of a baseline, the middle count.
    pub span_count: u64,
    /// Spans with an error, the same.
    pub error_count: u64,
}

/// Spans of one operation under one parent operation, on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffRow {
    /// Levels from the top.
    pub depth: u32,
    /// `same`, `slower`, `faster`, `added` (only in `b`), `removed` (only in `a`), `changed` (count, errors, attributes).
    pub change: String,
    /// Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Name, numbers and ids in it as `*`.
    pub name: String,
    /// OTLP `SpanKind` number.
    pub kind: i32,
    /// In `a`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<DiffCell>,
    /// In `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<DiffCell>,
    /// How much longer the spans of `b` took in all; negative: shorter.
    pub delta_ns: SignedNanos,
    /// The same of time without calls.
    pub self_delta_ns: SignedNanos,
    /// Attributes of span and resource that differ; what a service's resource says stands on its first row alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<ValueChange>,
}

/// What one side has in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffCell {
    /// The first span.
    pub span_id: String,
    /// Spans; of a baseline the middle count.
    pub count: u64,
    /// Their lengths together; of a baseline the middle one.
    pub duration_ns: SignedNanos,
    /// Their time without calls, the same.
    pub self_time_ns: SignedNanos,
    /// Of these, with an error.
    pub error_count: u64,
    /// Traces of the side that have the row.
    pub trace_count: u64,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueChange {
    /// Attribute key, or label of a fact.
    pub key: String,
    /// Values in `a`; none: not recorded.
    pub a: Vec<String>,
    /// Values in `b`.
    pub b: Vec<String>,
}

/// A query plan that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChange {
    /// The operation that recorded it.
    pub operation: String,
    /// What differs, in words.
    pub text: String,
    /// The plan in `a`.
    pub a: PlanView,
    /// The plan in `b`.
    pub b: PlanView,
}

/// A log line that one side has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChange {
    /// `added` (only in `b`) or `removed`.
    pub change: String,
    /// `error`, `warn`, `info`, `debug`.
    pub level: String,
    /// Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Its first line as the first record has it.
    pub text: String,
    /// How often; lines that differ in numbers and ids alone count together.
    pub count: u64,
}
