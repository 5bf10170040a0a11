//! OTLP bytes to Arrow batches. This is a placeholder with the final types; the walker lands separately.

use arrow::array::RecordBatch;
use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};

use crate::schema::Table;

/// What a request became.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// Rows, at most one batch a table.
    pub batches: Vec<(Table, RecordBatch)>,
    /// Items that were accepted.
    pub accepted: u64,
    /// Items that were rejected.
    pub rejected: u64,
    /// What was odd.
    pub issues: Vec<Issue>,
}

/// Something odd about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What kind.
    pub code: IssueCode,
    /// What was done about it.
    pub outcome: Outcome,
    /// In words.
    pub message: String,
    /// How often.
    pub count: u64,
    /// The sender.
    pub service_name: Option<String>,
}

/// What was done about an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The item was not stored.
    Rejected,
    /// The item was stored after a repair.
    Repaired,
    /// The item was stored as it is.
    Odd,
}

/// The kinds of issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueCode {
    /// A text was not UTF-8.
    InvalidUtf8,
}

/// Why a request could not be read at all.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A text is not UTF-8.
    #[error("invalid UTF-8 at byte {offset}")]
    InvalidUtf8 {
        /// Where.
        offset: usize,
    },
    /// The bytes are not the message.
    #[error("malformed {what} at byte {offset}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What was expected.
        what: &'static str,
    },
}

/// Decodes a request.
///
/// # Errors
/// `DecodeError` when the bytes are not the message at all.
pub fn decode(_signal: SignalKind, payload: &Bytes, _received: UnixNanos) -> Result<Decoded, DecodeError> {
    if payload.is_empty() { Ok(Decoded::default()) } else { Err(DecodeError::Malformed { offset: 0, what: "request" }) }
}

/// Replaces what is not UTF-8; `None` when there is nothing to replace.
#[must_use]
pub fn repair_utf8(_signal: SignalKind, _payload: &Bytes) -> Option<Bytes> {
    None
}
