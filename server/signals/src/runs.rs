//! Two runs compared: what fails anew, what got slower beyond chance, what is new or gone, and whose queries multiplied.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use telltale_model::severity::Severity;
use telltale_model::span::StatusCode;

use crate::observed::{Observed, Span, Tree};
use crate::schema::{self, Change};
use crate::template::{names, template};

mod significance;
pub mod summary;
mod tests_changed;
mod text;

pub use significance::p_value;
pub use tests_changed::{TestChange, tests_changed};
pub use text::{speed, text};

/// Least number of spans on both sides before a difference of durations is judged.
const SAMPLES_MIN: usize = 5;
/// A difference is called one when chance makes it so less often than this.
const P_MAX: f64 = 0.01;
/// Least change of the median that is worth a word, in per cent.
const CHANGE_MIN_PERCENT: f64 = 10.0;
/// Least change of the median that is worth a word, in ns.
const CHANGE_MIN_NS: i64 = 100_000;

/// How the durations of an operation differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// Longer, beyond chance.
    Slower,
    /// Shorter, beyond chance.
    Faster,
    /// No difference that chance does not explain, or none that matters.
    Same,
    /// Too few spans to tell.
    TooFew,
}

/// One operation in both runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Service, empty when none was sent.
    pub service: String,
    /// Name, with `*` where many differ.
    pub name: String,
    /// Kind, in lower case.
    pub kind: String,
    /// Spans of the older run.
    pub count_before: usize,
    /// Spans of the newer run.
    pub count_after: usize,
    /// Median duration of the older run, ns.
    pub median_before_ns: i64,
    /// Median duration of the newer run, ns.
    pub median_after_ns: i64,
    /// The judgement.
    pub speed: Speed,
    /// How often chance alone makes such a difference (Mann-Whitney, two sides); none when there are too few spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Most database calls beneath one span of the older run.
    pub database_calls_before: usize,
    /// Most database calls beneath one span of the newer run.
    pub database_calls_after: usize,
}

/// An error that only one of the runs has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Service, empty when none was sent.
    pub service: String,
    /// Where: the operation, or `log`.
    pub operation: String,
    /// What, with its changing parts taken out.
    pub message: String,
    /// What the first of them says, whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub example: String,
    /// How often.
    pub count: usize,
    /// A trace that has it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The span in that trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
}

/// Everything that differs between two runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunDiff {
    /// Errors that only the newer run has.
    pub new_errors: Vec<Problem>,
    /// Errors that only the older run has.
    pub gone_errors: Vec<Problem>,
    /// Operations of both runs, those that changed first.
    pub operations: Vec<Operation>,
    /// New and lost spans, attributes and metrics.
    pub schema: Vec<Change>,
    /// Tests that fail now, are mended or are gone; of runs whose tests are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestChange>,
}

impl RunDiff {
    /// Returns the operations that got slower.
    pub fn slower(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| operation.speed == Speed::Slower)
    }

    /// Returns the operations whose database calls grew.
    pub fn more_queries(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| operation.database_calls_after > operation.database_calls_before)
    }
}

/// Compares two runs.
#[must_use]
pub fn compare(before: &Observed, after: &Observed) -> RunDiff {
    let (old_errors, new_errors) = (errors(before), errors(after));
    let only = |these: &BTreeMap<Error, Problem>, those: &BTreeMap<Error, Problem>| {
        these.iter().filter(|(key, _)| !those.contains_key(*key)).map(|(_, problem)| problem.clone()).collect()
    };
    RunDiff {
        new_errors: only(&new_errors, &old_errors),
        gone_errors: only(&old_errors, &new_errors),
        operations: operations(before, after),
        schema: schema::diff(&schema::schema(before), &schema::schema(after)),
        tests: Vec::new(),
    }
}

/// Service, operation and message.
type Error = (String, String, String);

fn errors(observed: &Observed) -> BTreeMap<Error, Problem> {
    let mut found: BTreeMap<Error, Problem> = BTreeMap::new();
    let mut add = |service: &str, operation: &str, text: &str, trace_id: &str, span_id: &str| {
        let message = template(text);
        let key = (service.to_owned(), operation.to_owned(), message.clone());
        let some = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        let problem = found.entry(key).or_insert_with(|| Problem {
            service: service.to_owned(),
            operation: operation.to_owned(),
            message,
            example: text.to_owned(),
            count: 0,
            trace_id: some(trace_id),
            span_id: some(span_id),
        });
        problem.count += 1;
    };
    // That the command failed stands in the verdict of its run.
    let is_error = |span: &&Span| span.status == StatusCode::Error && span.service != summary::OWN_SERVICE;
    for span in observed.spans.iter().filter(is_error) {
        add(&span.service, &template(&span.name), &span.message, &span.trace_id, &span.span_id);
    }
    for log in &observed.logs {
        if Severity::from_number(log.severity).is_some_and(|band| band >= Severity::Error) {
            add(&log.service, "log", &log.body, &log.trace_id, &log.span_id);
        }
    }
    found
}

/// Service, name and kind.
type Key = (String, String, &'static str);

/// The spans of each operation of a run.
struct Grouped<'a> {
    tree: Tree<'a>,
    spans: BTreeMap<Key, Vec<&'a Span>>,
}

fn grouped<'a>(observed: &'a Observed, called: &BTreeMap<&str, String>) -> Grouped<'a> {
    let mut spans: BTreeMap<Key, Vec<&Span>> = BTreeMap::new();
    for span in &observed.spans {
        let name = called.get(span.name.as_str()).cloned().unwrap_or_default();
        spans.entry((span.service.clone(), name, span.kind.name())).or_default().push(span);
    }
    Grouped { tree: Tree::new(&observed.spans), spans }
}

fn operations(before: &Observed, after: &Observed) -> Vec<Operation> {
    let all: BTreeSet<&str> = before.spans.iter().chain(&after.spans).map(|span| span.name.as_str()).collect();
    let called = names(all.into_iter());
    let (before, after) = (grouped(before, &called), grouped(after, &called));
    let mut out: Vec<Operation> = before
        .spans
        .iter()
        .filter_map(|(key, old)| Some(operation(key, (&before.tree, old), (&after.tree, after.spans.get(key)?))))
        .collect();
    let rank = |operation: &Operation| {
        let queries = operation.database_calls_before != operation.database_calls_after;
        let speed = matches!(operation.speed, Speed::Slower | Speed::Faster);
        (!(queries || speed), -(operation.median_after_ns - operation.median_before_ns).abs())
    };
    out.sort_by_key(rank);
    out
}

fn operation(
    (service, name, kind): &Key,
    (old_tree, old): (&Tree<'_>, &[&Span]),
    (new_tree, new): (&Tree<'_>, &[&Span]),
) -> Operation {
    let durations = |spans: &[&Span]| {
        let mut durations: Vec<i64> = spans.iter().map(|span| span.duration_ns).collect();
        durations.sort_unstable();
        durations
    };
    let (old_ns, new_ns) = (durations(old), durations(new));
    let (was, is) = (median(&old_ns), median(&new_ns));
    let enough = old.len() >= SAMPLES_MIN && new.len() >= SAMPLES_MIN;
    let p_value = enough.then(|| p_value(&old_ns, &new_ns));
    let change = is.saturating_sub(was);
    let matters = change.abs() >= CHANGE_MIN_NS && change.abs() as f64 * 100.0 >= CHANGE_MIN_PERCENT * was as f64;
    let speed = match p_value {
        None => Speed::TooFew,
        Some(p) if p >= P_MAX || !matters => Speed::Same,
        Some(_) if change > 0 => Speed::Slower,
        Some(_) => Speed::Faster,
    };
    let calls = |tree: &Tree<'_>, spans: &[&Span]| {
        spans.iter().map(|span| tree.database_calls(span).len()).max().unwrap_or_default()
    };
    Operation {
        service: service.clone(),
        name: name.clone(),
        kind: (*kind).to_owned(),
        count_before: old.len(),
        count_after: new.len(),
        median_before_ns: was,
        median_after_ns: is,
        speed,
        p_value,
        database_calls_before: calls(old_tree, old),
        database_calls_after: calls(new_tree, new),
    }
}

fn median(sorted: &[i64]) -> i64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
