//! A report for people and for machines: text, JSON, JUnit XML, GitHub annotations and step summary.

use crate::evaluate::Report;

mod github;
mod junit;
mod text;

pub use github::{annotations, step_summary};
pub use junit::junit;
pub use text::text;

/// Returns the report as JSON, indented, with a line end.
#[must_use]
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}
