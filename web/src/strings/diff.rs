//! The words of the comparison of two requests.

/// Title of the document.
pub const DIFF_DOCUMENT_TITLE: &str = "Comparison · telltale";
/// Title.
pub const DIFF_TITLE: &str = "Two requests compared";
/// There is no answer.
pub const DIFF_FAILED: &str = "The two cannot be compared";
/// Link.
pub const DIFF_SWAP: &str = "Swap A and B";
/// A value that one side has not.
pub const DIFF_ABSENT: &str = "not recorded";
/// Heading.
pub const DIFF_FACTS: &str = "Facts that differ";
/// Heading.
pub const DIFF_TREE: &str = "Operations";
/// Heading.
pub const DIFF_LOGS: &str = "Log lines that only one has";
/// Switch.
pub const DIFF_ONLY: &str = "Only differences";
/// Column.
pub const DIFF_WHAT: &str = "What";
/// Column.
pub const DIFF_OPERATION: &str = "Operation";
/// Column.
pub const DIFF_DELTA: &str = "B − A";
/// Column.
pub const DIFF_CHANGE: &str = "Change";

/// A side that is made of several traces.
#[must_use]
pub fn diff_usual(traces: usize) -> String {
    format!("what is usual, from {traces} traces of this operation")
}

/// What changed, in a word.
#[must_use]
pub fn diff_change(change: &str) -> &'static str {
    match change {
        "added" => "only in B",
        "removed" => "only in A",
        "slower" => "B slower",
        "faster" => "B faster",
        _ => "changed",
    }
}

/// Rows that are the same on both sides.
#[must_use]
pub fn diff_same(count: usize) -> String {
    format!("{count} more are the same on both sides.")
}

/// Rows beyond the limit.
#[must_use]
pub fn diff_left_out(count: u64) -> String {
    format!("{count} more are beyond what is compared row by row.")
}

/// A plan that differs.
#[must_use]
pub fn diff_plan(operation: &str) -> String {
    format!("Query plan of {operation}")
}

/// A line of one side.
#[must_use]
pub fn diff_only_in(side: &str) -> String {
    format!("only in {side}")
}
