//! `POST /api/import`: what became of a file.

use serde::{Deserialize, Serialize};

/// What a file held and what was stored of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ImportAnswer {
    /// The file's name, as the caller gave it.
    pub name: String,
    /// Formats that were recognised, for people: `Jaeger JSON`.
    pub formats: Vec<String>,
    /// Spans stored.
    pub spans: u64,
    /// Log records stored.
    pub logs: u64,
    /// Data points stored.
    pub points: u64,
    /// Items that were read and not stored; `faults` says why.
    pub rejected: u64,
    /// What could not be read or stored, in the order of the file.
    pub faults: Vec<ImportNote>,
    /// Faults beyond those that are listed.
    #[serde(default)]
    pub faults_left_out: u64,
    /// What is no telemetry and was left alone, such as text files of an archive.
    pub skipped: Vec<ImportNote>,
    /// Such things beyond those that are listed.
    #[serde(default)]
    pub skipped_left_out: u64,
    /// The first traces of the file.
    pub trace_ids: Vec<String>,
}

/// A place in a file and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportNote {
    /// Where: `entry "traces/shop.json", line 3 (byte 120), data[0].spans[5].startTime`.
    pub place: String,
    /// What was found and what was expected.
    pub reason: String,
}
