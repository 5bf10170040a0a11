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
    /// Segments and lists that were set aside because they are damaged, by name, with what is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<String>,
    /// The object store, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreHealth>,
}

/// What the object store has, and whether it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreHealth {
    /// Where it is.
    pub url: String,
    /// Segments there.
    pub segments: u64,
    /// Segments that wait to go there.
    pub waiting: u64,
    /// Segments whose rows cannot be read now: they are only there, and it does not answer.
    pub unavailable: u64,
    /// Why uploads wait or the last file could not come; none when all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
