//! The error body of telltale's own paths.

use serde::{Deserialize, Serialize};

/// `{"error":{"code":"…","message":"…","hint":"…"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The only member.
    pub error: ErrorDetail,
}

/// What failed, on which value, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A stable word for programs, such as `trace_not_found`.
    pub code: String,
    /// What failed, on which value: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
