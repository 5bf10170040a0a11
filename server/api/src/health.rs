//! `GET /api/health`.

use serde::{Deserialize, Serialize};

/// Whether the process can do its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`, `starting`, `full` (reads go on, ingest waits for space) or `poisoned` (a failed fsync: restart needed).
    pub status: String,
    /// Version of the program.
    pub version: String,
    /// Why the status is not `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Segments that were set aside because they are damaged, by name, with what is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<String>,
}
