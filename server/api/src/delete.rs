//! Deleting what is stored.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// What to delete: what meets every condition that is set. Without a condition `everything` must be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteRequest {
    /// Spans and logs of this trace, 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What this service sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What has its time at or after this, nanoseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Nanos>,
    /// What has its time at or before this, nanoseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Nanos>,
    /// All traces, logs and metrics; then there is no condition.
    #[serde(default)]
    pub everything: bool,
}

/// What is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAnswer {
    /// Spans, log records and points.
    pub rows: u64,
    /// Stored segments that were removed or written again.
    pub segments: u64,
}
