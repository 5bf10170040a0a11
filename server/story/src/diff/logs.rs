//! Log lines that one side has and the other has not. Lines that differ in numbers and ids alone are the same.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use telltale_api::diff::LogChange;
use telltale_api::trace::LogRow;

use super::Told;
use super::template::template;
use crate::format::wrap::shorten;
use crate::limits::{DIFF_LOGS, MESSAGE_CHARS};
use crate::story::{level, log_text};

/// Level, service and line without numbers.
type Line = (&'static str, Option<String>, String);

/// How often a line came, in how many traces, and one of them as it is.
#[derive(Debug, Default)]
struct Seen {
    count: u64,
    traces: usize,
    last: Option<usize>,
    text: String,
}

/// Returns the lines of one side alone, errors first, then the most frequent; at most [`DIFF_LOGS`].
pub(super) fn changes(a: &[Told], b: &[Told]) -> Vec<LogChange> {
    let (lines_a, lines_b) = (lines(a), lines(b));
    let only = |own: &BTreeMap<Line, Seen>, other: &BTreeMap<Line, Seen>, traces: usize, change: &str| {
        let missing = own.iter().filter(|(line, seen)| !other.contains_key(line) && seen.traces * 2 >= traces);
        let told = missing.map(|((level, service_name, _template), seen)| LogChange {
            change: change.to_owned(),
            level: (*level).to_owned(),
            service_name: service_name.clone(),
            text: seen.text.clone(),
            count: seen.count,
        });
        told.collect::<Vec<_>>()
    };
    let mut out = only(&lines_b, &lines_a, b.len(), "added");
    out.extend(only(&lines_a, &lines_b, a.len(), "removed"));
    let rank = |level: &str| ["error", "warn", "info", "debug"].iter().position(|known| *known == level);
    out.sort_by_key(|change| (rank(&change.level), change.change != "added", Reverse(change.count)));
    out.truncate(DIFF_LOGS);
    out
}

fn lines(traces: &[Told]) -> BTreeMap<Line, Seen> {
    let mut out: BTreeMap<Line, Seen> = BTreeMap::new();
    for (trace, told) in traces.iter().enumerate() {
        for log in &told.view.logs {
            let text = first_line(log);
            let line = (level(log.severity_number), log.service_name.clone(), template(&text));
            let seen = out.entry(line).or_default();
            if seen.text.is_empty() {
                seen.text = text;
            }
            seen.count += 1;
            if seen.last != Some(trace) {
                seen.last = Some(trace);
                seen.traces += 1;
            }
        }
    }
    out
}

fn first_line(log: &LogRow) -> String {
    let text = log_text(log);
    shorten(text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim(), MESSAGE_CHARS)
}
