//! Whether what was seen keeps the promise, rule by rule, and what came nearest where it does not.

use serde::{Deserialize, Serialize};

use crate::limits::EVIDENCE;
use crate::observed::{Observed, Span, Tree};
use crate::rule::{Never, Rule, SignalsFile, SpanSelector, What};

mod attribute;
mod log;
mod metric;
mod nearest;
mod span;
mod title;

/// A span that a verdict speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its trace, hex.
    pub trace_id: String,
    /// Its id, hex; empty for a log record outside any span.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub span_id: String,
    /// What it is, in words.
    pub label: String,
}

/// What came nearest to a rule that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nearest {
    /// What was got and what was asked for.
    pub message: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Line of the rule in its file, from 1; 0 when no file holds it.
    pub line: usize,
    /// Column of the rule in its file, from 1; 0 when no file holds it.
    pub column: usize,
    /// `span`, `log`, `metric`, `never` or `slo`.
    pub kind: String,
    /// The rule in one line.
    pub title: String,
    /// Why the signal is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether the promise is kept.
    pub met: bool,
    /// What was seen and what was asked for; of a rule that is not met only what is wrong.
    pub message: String,
    /// What came nearest, when something was missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Spans that show it: those that broke the rule, or the first that kept it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Spans.
    pub spans: usize,
    /// Log records.
    pub logs: usize,
    /// Series of metrics.
    pub series: usize,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The file, as it was named.
    pub file: String,
    /// Rules that are met.
    pub met: usize,
    /// Rules that are not met.
    pub not_met: usize,
    /// What was looked at.
    pub seen: Seen,
    /// The rules in the order of the file.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    /// Says whether every rule is met.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.not_met == 0
    }
}

/// The findings about one rule, before they become a verdict.
#[derive(Debug, Default)]
struct Findings {
    /// Whether each is as it should be, and its text.
    checks: Vec<(bool, String)>,
    nearest: Option<Nearest>,
    places: Vec<Place>,
}

impl Findings {
    fn check(&mut self, holds: bool, text: String) {
        self.checks.push((holds, text));
    }

    fn show<'a>(&mut self, spans: impl Iterator<Item = &'a Span>) {
        self.places = spans.take(EVIDENCE).map(place).collect();
    }
}

fn place(span: &Span) -> Place {
    Place { trace_id: span.trace_id.clone(), span_id: span.span_id.clone(), label: span.label() }
}

/// Judges every rule of a file. `name` is the file as reports name it.
#[must_use]
pub fn evaluate(name: &str, file: &SignalsFile, observed: &Observed) -> Report {
    let tree = Tree::new(&observed.spans);
    let verdicts: Vec<Verdict> = file.rules.iter().map(|rule| verdict(rule, observed, &tree)).collect();
    let met = verdicts.iter().filter(|verdict| verdict.met).count();
    let seen = Seen { spans: observed.spans.len(), logs: observed.logs.len(), series: observed.series.len() };
    Report { file: name.to_owned(), met, not_met: verdicts.len() - met, seen, verdicts }
}

/// Returns the spans that a selector means.
#[must_use]
pub fn selected<'a>(select: &SpanSelector, observed: &'a Observed, tree: &Tree<'_>) -> Vec<&'a Span> {
    observed.spans.iter().filter(|span| span::is_meant(span, select, tree)).collect()
}

fn verdict(rule: &Rule, observed: &Observed, tree: &Tree<'_>) -> Verdict {
    let findings = match &rule.what {
        What::Span(span) => span::judge(span, observed, tree),
        What::Log(log) => log::judge(log, observed, tree),
        What::Metric(metric) => metric::judge(metric, observed),
        What::Never(Never::Span(select)) => span::never(select, observed, tree),
        What::Never(Never::Log(select)) => log::never(select, observed, tree),
        What::Never(Never::Metric(select)) => metric::never(select, observed),
        What::Slo(slo) => span::slo(slo, observed, tree),
    };
    let met = findings.checks.iter().all(|(holds, _)| *holds);
    let told = findings.checks.iter().filter(|(holds, _)| met || !holds).map(|(_, text)| text.as_str());
    Verdict {
        line: rule.line,
        column: rule.column,
        kind: title::kind(&rule.what).to_owned(),
        title: title::title(&rule.what),
        why: rule.why.clone(),
        met,
        message: told.collect::<Vec<_>>().join("; "),
        nearest: if met { None } else { findings.nearest },
        places: findings.places,
    }
}

/// `3 seen, asked for >=1`.
fn count_text(count: usize, asked: &dyn std::fmt::Display) -> String {
    match count {
        0 => format!("none seen, asked for {asked}"),
        _ => format!("{count} seen, asked for {asked}"),
    }
}

/// A count as a number for comparisons; counts here are far below what a double holds exactly.
fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests;
