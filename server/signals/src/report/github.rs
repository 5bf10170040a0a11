//! GitHub Actions: workflow commands that annotate the file's lines, and the step summary in Markdown.

use std::fmt::Write as _;

use telltale_story::format::escape::markdown_line;

use crate::evaluate::{Report, Verdict};

/// Returns one `::error` line a rule that is not met.
#[must_use]
pub fn annotations(report: &Report) -> String {
    let mut out = String::new();
    for verdict in report.verdicts.iter().filter(|verdict| !verdict.met) {
        let _infallible = writeln!(
            out,
            "::error file={},line={},col={},title={}::{}",
            property(&report.file),
            verdict.line,
            verdict.column,
            property(&verdict.title),
            data(&told(verdict))
        );
    }
    out
}

/// Returns the report as Markdown, for `$GITHUB_STEP_SUMMARY`.
#[must_use]
pub fn step_summary(report: &Report) -> String {
    let state = if report.is_met() { "✅" } else { "❌" };
    let all = report.met + report.not_met;
    let mut out = format!("### {state} {} of {all} expectations met ({})\n\n", report.met, markdown_line(&report.file));
    out.push_str("| | expectation | what was seen |\n|---|---|---|\n");
    for verdict in &report.verdicts {
        let mark = if verdict.met { "✅" } else { "❌" };
        let cell = markdown_line;
        let _infallible = writeln!(out, "| {mark} | {} | {} |", cell(&verdict.title), cell(&told(verdict)));
    }
    out
}

fn told(verdict: &Verdict) -> String {
    match &verdict.nearest {
        Some(nearest) => format!("{}. Nearest: {}", verdict.message, nearest.message),
        None => verdict.message.clone(),
    }
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
