//! `GET /api/issues`: what senders did wrong or oddly, with the fix.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// All issues, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueList {
    /// One entry a (sender, code, subject).
    pub issues: Vec<IssueView>,
    /// Entries that were forgotten because the list is full.
    pub forgotten: u64,
}

/// One kind of oddity of one sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueView {
    /// A stable word, such as `span_id_zero` or `wrong_content_type`.
    pub code: String,
    /// `rejected` (the item was not stored), `repaired` (stored, changed as the message says) or `odd` (stored as sent).
    pub outcome: String,
    /// What was odd, on which value.
    pub message: String,
    /// What the sender can do.
    pub hint: String,
    /// `traces`, `metrics` or `logs`; none where the request was not understood so far.
    pub signal: Option<String>,
    /// `grpc` or `http`, with the encoding: `http/json`.
    pub protocol: String,
    /// Address of the sender without the port.
    pub peer: String,
    /// `User-Agent` of the sender.
    pub user_agent: Option<String>,
    /// `service.name` of the first such item.
    pub service_name: Option<String>,
    /// How often.
    pub count: u64,
    /// First time seen.
    pub first_unix_nano: Nanos,
    /// Last time seen.
    pub last_unix_nano: Nanos,
}
