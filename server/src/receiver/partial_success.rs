//! The text of a partial success: what was rejected and why, with the first reasons and their counts.

use std::fmt::Write as _;

use telltale_storage::decode::{Issue, Outcome};

use crate::limits::{ERROR_MESSAGE_BYTES, REASONS_NAMED};
use crate::text::shorten;

/// Says whether an issue means that its items were not stored.
#[must_use]
pub fn is_rejected(issue: &Issue) -> bool {
    issue.outcome == Outcome::Rejected
}

/// Sums the items that were not stored.
#[must_use]
pub fn rejected(issues: &[Issue]) -> u64 {
    issues.iter().filter(|issue| is_rejected(issue)).map(|issue| issue.count).fold(0, u64::saturating_add)
}

/// Writes the message: rejected items first, then repaired ones. What is merely odd is not worth a warning in the
/// sender's log; it stands in `/api/issues`.
#[must_use]
pub fn message(issues: &[Issue]) -> String {
    let rejected = issues.iter().filter(|issue| is_rejected(issue));
    let repaired = issues.iter().filter(|issue| issue.outcome == Outcome::Repaired);
    let told: Vec<&Issue> = rejected.chain(repaired).collect();
    let mut out = String::new();
    for issue in told.iter().take(REASONS_NAMED) {
        if !out.is_empty() {
            out.push_str("; ");
        }
        let (count, outcome) = (issue.count, issue.outcome.as_str());
        // Writing to a String cannot fail.
        _ = write!(out, "{count} {outcome}: {} ({})", issue.message, issue.code.hint());
    }
    if told.len() > REASONS_NAMED {
        _ = write!(out, "; and {} more reasons, see /api/issues", told.len() - REASONS_NAMED);
    }
    shorten(&out, ERROR_MESSAGE_BYTES)
}
