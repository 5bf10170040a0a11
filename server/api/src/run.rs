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
}

/// The runs, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunList {
    /// The runs.
    pub runs: Vec<Run>,
}

/// The body of `POST /api/runs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The name of what begins now.
    pub name: String,
}
