//! `GET /api/runs`: named intervals of what arrived.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// Everything that arrived while a name was in use: a run of tests, or "before my change".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name, unique.
    pub name: String,
    /// When it began.
    pub start_unix_nano: Nanos,
    /// When the next one began; none for the one that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_unix_nano: Option<Nanos>,
    /// `telltale.run.id` of its telemetry, for runs of `telltale run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// What is known of it: `vcs.ref.head.revision`, `cicd.pipeline.run.id` …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// What it came to, for runs of `telltale run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RunOutcome>,
}

/// What a run of `telltale run` came to, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// Whether the command succeeded and kept its promises.
    pub is_good: bool,
    /// Exit code of the command.
    pub exit_code: i32,
    /// Tests.
    pub tests: u64,
    /// Of these, red.
    pub failed: u64,
    /// Expectations that are met.
    pub met: u64,
    /// Expectations that are not met.
    pub not_met: u64,
    /// Spans.
    pub spans: u64,
    /// Log records.
    pub logs: u64,
    /// Series of metrics.
    pub series: u64,
}

/// The runs, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunList {
    /// The runs.
    pub runs: Vec<Run>,
    /// Whether this server begins runs (`POST /api/runs`); one that shows artifacts does not.
    #[serde(default)]
    pub takes_marks: bool,
}

/// A file of a run's artifact: `GET /api/runs/file?run=&name=`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// Its name in the artifact: `stdout/stdout.log`, `attachments/page.png`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// The body of `POST /api/runs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The name of what begins now.
    pub name: String,
}
