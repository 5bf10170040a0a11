//! From the text of the search box to what a page shows: rows by page, exact counts, facets, differences, patterns.
//!
//! The language itself is telltale-search; here its conditions become statements for telltale-query, and its engines for
//! words and regular expressions are the store's. Deliberately absent: HTTP, and rows of other tables.

use telltale_api::search::QueryProblem;
use telltale_api::sql::ScanReport;
use telltale_model::UnixNanos;
use telltale_query::QueryReport;
use telltale_search::{Engine, Problem, Query, Target};

use crate::limits::REGEX_BYTES;

pub(crate) mod arrived;
pub(crate) mod complete;
pub(crate) mod different;
pub(crate) mod page;
pub(crate) mod patterns;
pub(crate) mod record;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod traces;

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Spans,
    Logs,
    /// Traces with a span that matches.
    Traces,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
            Self::Traces => "traces",
        }
    }

    pub(crate) const fn target(self) -> Target {
        match self {
            Self::Spans | Self::Traces => Target::Spans,
            Self::Logs => Target::Logs,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Spans, Self::Logs, Self::Traces].into_iter().find(|kind| kind.name() == text)
    }
}

/// What rows are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Newest,
    /// Of spans only.
    Slowest,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) query: Query,
    pub(crate) order: Order,
    /// Inclusive.
    pub(crate) from: Option<UnixNanos>,
    /// Exclusive.
    pub(crate) to: Option<UnixNanos>,
}

impl Asked {
    pub(crate) const fn target(&self) -> Target {
        self.kind.target()
    }

    /// Whether every row passes.
    pub(crate) fn is_everything(&self) -> bool {
        self.query.is_all() && self.from.is_none() && self.to.is_none()
    }

    /// Returns the condition with the range of time.
    pub(crate) fn condition(&self) -> String {
        let time = self.target().time_column();
        let mut parts = Vec::new();
        parts.extend(self.from.map(|from| format!("{time} >= '{from}'")));
        parts.extend(self.to.map(|to| format!("{time} < '{to}'")));
        if !self.query.is_all() {
            parts.push(format!("({})", self.query.to_sql(self.target())));
        }
        if parts.is_empty() { "TRUE".to_owned() } else { parts.join(" AND ") }
    }

    /// Returns the statement that people see: the newest (or slowest) rows.
    pub(crate) fn statement(&self, limit: usize) -> String {
        let (table, time) = (self.target().table(), self.target().time_column());
        let condition = self.condition();
        let order = match self.order {
            Order::Newest => time,
            Order::Slowest => "duration_ns",
        };
        match self.kind {
            Kind::Traces => format!(
                "SELECT trace_id, count(*) AS matched, max({order}) AS at FROM {table} WHERE {condition} \
                 GROUP BY trace_id ORDER BY at DESC, trace_id LIMIT {limit}"
            ),
            _ => format!("SELECT * FROM {table} WHERE {condition} ORDER BY {order} DESC LIMIT {limit}"),
        }
    }
}

/// The store's words and regular expressions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoreEngine;

impl Engine for StoreEngine {
    fn words(&self, query: &str) -> Result<telltale_search::eval::TextTest, String> {
        let query = telltale_storage::text::TextQuery::parse(query).map_err(|error| error.to_string())?;
        Ok(Box::new(move |text| query.matches(text)))
    }

    fn regex(&self, pattern: &str) -> Result<telltale_search::eval::TextTest, String> {
        let regex = regex::RegexBuilder::new(pattern).size_limit(REGEX_BYTES).build();
        let regex = regex.map_err(|error| regex_fault(&error))?;
        Ok(Box::new(move |text| regex.is_match(text)))
    }
}

/// Returns what is wrong with a regular expression in one line.
fn regex_fault(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or(&text).to_owned()
}

/// Shows a fault of a query.
pub(crate) fn problem(problem: &Problem) -> QueryProblem {
    QueryProblem {
        from: problem.range.start,
        to: problem.range.end,
        message: problem.message.clone(),
        hint: problem.hint.clone(),
    }
}

/// Adds what one statement read to what the others read.
pub(crate) fn add(sum: &mut ScanReport, report: &QueryReport) {
    sum.segments_total = sum.segments_total.max(report.segments_total);
    sum.segments_pruned = sum.segments_pruned.max(report.segments_pruned);
    sum.row_groups_read += report.row_groups_read;
    sum.bytes_read += report.bytes_read;
    sum.memtable_rows = sum.memtable_rows.max(report.memtable_rows);
    sum.elapsed_ms += report.elapsed_ms;
}
