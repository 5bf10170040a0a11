//! The artifact of a run: one zip with everything, opened later by `telltale open`, on any machine.
//!
//! | entry | what |
//! |---|---|
//! | `manifest.json` | format, versions, the run, what is inside; first |
//! | `results.json` | tests with their traces, expectations, notes |
//! | `schema.json` | operations, attributes, metrics, units, labels |
//! | `signals.toml` | the expectations, when there were any |
//! | `junit/N-NAME` | the test results as they were written |
//! | `stdout/stdout.log`, `stdout/stderr.log` | the output, when it was kept |
//! | `attachments/NAME` | files that the run was told to keep |
//! | `store/…` | the data folder: Parquet, indexes, catalog (storage/FORMAT.md) |
//!
//! Entries are stored, not compressed: Parquet is compressed already, and a stored entry can be read by a range request.
//! A file from elsewhere is not trusted: see [`read`].

use serde::{Deserialize, Serialize};

pub mod gather;
pub mod read;
pub mod write;

/// Version of the layout.
pub const FORMAT: u32 = 1;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const RESULTS: &str = "results.json";
pub(crate) const SCHEMA: &str = "schema.json";
pub(crate) const SIGNALS: &str = "signals.toml";
/// Folder of the data folder's files.
pub(crate) const STORE: &str = "store/";

/// What an artifact is; fields are only ever added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that wrote it.
    pub telltale: String,
    /// The run's name.
    pub name: String,
    /// The run's id.
    pub run_id: String,
    /// When it was written, ns since the epoch.
    pub created_unix_nano: u64,
    /// Revision, branch, pipeline and so on.
    pub attributes: Vec<(String, String)>,
    /// Spans, log records and series.
    pub counts: telltale_signals::results::Counts,
}

#[cfg(test)]
mod tests;
