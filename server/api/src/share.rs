//! `/api/share`: what redaction changes, and links to one trace.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// `GET /api/share/{id}/preview`: what each rule would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct RedactionPreview {
    /// The trace.
    pub trace_id: String,
    /// Rules that change something.
    pub rules: Vec<RedactionRule>,
    /// Changes of all rules together.
    pub total: u64,
    /// Names of the rules that hold and found nothing.
    pub idle: Vec<String>,
}

/// What one rule changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct RedactionRule {
    /// Its name; `?without=NAME` leaves it off.
    pub rule: String,
    /// What it looks for, in words.
    pub what: String,
    /// How often it replaces something.
    pub count: u64,
    /// Where, most first.
    pub places: Vec<RedactionPlace>,
    /// Places beyond those that are listed.
    #[serde(default)]
    pub places_left_out: u64,
}

/// Where a rule changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct RedactionPlace {
    /// `span attribute`, `log body` …
    pub place: String,
    /// The attribute's key; empty where there is none.
    pub key: String,
    /// How often.
    pub count: u64,
    /// The first value, shortened.
    pub before: String,
    /// What it becomes. The digits differ from export to export.
    pub after: String,
    /// A span with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
}

/// `POST /api/share/{id}`: a link to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ShareRequest {
    /// How long it holds; none is a week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u64>,
    /// Redaction rules that are left off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

/// A link that was just made. Its path is told this once: only a hash of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ShareCreated {
    /// Path on this server: `/s/TOKEN`. Whoever has it sees the trace, without the server's token.
    pub path: String,
    /// What is kept of it.
    pub link: ShareLink,
}

/// A link to one trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ShareLink {
    /// Its name, for `DELETE /api/shares/{id}`; it opens nothing.
    pub id: String,
    /// The trace.
    pub trace_id: String,
    /// When it was made.
    pub created_unix_nano: Nanos,
    /// Until when it holds.
    pub expires_unix_nano: Nanos,
    /// Redaction rules that are left off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

/// `GET /api/shares`: links that hold, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ShareList {
    /// The links.
    pub links: Vec<ShareLink>,
}
