//! Help for a field of PromQL.

use serde::{Deserialize, Serialize};

/// Answer of `GET /api/promql/complete`; places are bytes of the query, half-open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromqlHelp {
    /// What is wrong, first mistake first.
    pub errors: Vec<PromqlError>,
    /// What can stand at the cursor, best first.
    pub offers: Vec<PromqlOffer>,
    /// First byte that an offer replaces.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
}

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromqlError {
    /// First byte.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
    /// What is wrong, in Prometheus's words.
    pub message: String,
    /// `line:column`
    pub position: String,
}

/// Something that can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromqlOffer {
    /// What is written.
    pub text: String,
    /// `metric`, `function`, `aggregation`, `label`, `value` or `duration`.
    pub kind: String,
}
