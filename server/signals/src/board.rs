//! The red/green board: a signals file judged by what is stored now. The answer of `GET /api/signals`.

use serde::{Deserialize, Serialize};

use crate::Report;

/// A signals file and what became of its promises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The file, as it was named.
    pub file: String,
    /// Why there is no report: the file is not there, or has a mistake, with line and column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Mistake>,
    /// The verdicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// The run that is judged; none: everything since the server's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Whether the board follows what arrives; an artifact's does not.
    pub is_live: bool,
}

/// Why a file is not judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// Whether there is no such file.
    pub is_missing: bool,
    /// What is wrong, with line and column.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
