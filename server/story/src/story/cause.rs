//! The first error: the failed span that no failed child explains.

use std::collections::HashMap;

use telltale_api::trace::{SpanRow, TraceView};

use super::message::{first_message, logged};
use super::{Analysis, is_error, span_at};

/// What went wrong first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// The span.
    pub span: u32,
    /// What it says.
    pub message: Option<String>,
    /// How often the same operation ran under the same parent, this one included.
    pub attempts: u32,
    /// How many of these failed.
    pub failed_attempts: u32,
}

/// Finds the first error of a trace.
///
/// Of the failed spans without a failed child, those come first that failed all the way up to the root, since their
/// error is the one that the caller saw. If only the root itself is left, an error below it that began earlier and was
/// passed on by spans that do not record failures is the better answer. Among equals the earliest counts.
pub(super) fn first_error(view: &TraceView, analysis: &Analysis) -> Option<Cause> {
    let tree = &analysis.tree;
    let explained = explained(view, analysis);
    let reached = reached(view, analysis);
    let flag =
        |flags: &[bool], at: u32| usize::try_from(at).ok().and_then(|at| flags.get(at)).copied().unwrap_or(false);
    let mut best: Option<(bool, u64, u32)> = None;
    for at in tree.order() {
        let Some(span) = span_at(view, *at).filter(|span| is_error(span)) else { continue };
        if flag(&explained, *at) {
            continue;
        }
        let is_plain_root = analysis.root == Some(*at);
        let rank = (!flag(&reached, *at) || is_plain_root, span.start_unix_nano.0, *at);
        let root_yields = best.is_some_and(|(_, _, other)| analysis.root == Some(other));
        if best.is_none_or(|best| rank < best) || (root_yields && !is_plain_root) {
            best = Some(rank);
        }
    }
    let (_, _, span) = best?;
    let (attempts, failed_attempts) = attempts(view, analysis, span);
    let row = span_at(view, span)?;
    let message = first_message(row).or_else(|| logged(view, &row.span_id));
    let message = message.or_else(|| tree.ancestors(span).filter_map(|up| span_at(view, up)).find_map(first_message));
    Some(Cause { span, message, attempts, failed_attempts })
}

/// Tells for each span whether a child of it failed.
fn explained(view: &TraceView, analysis: &Analysis) -> Vec<bool> {
    let mut explained = vec![false; view.spans.len()];
    for (at, span) in (0_u32..).zip(&view.spans) {
        let parent = analysis.tree.parent(at).filter(|_parent| is_error(span));
        if let Some(slot) = parent.and_then(|parent| usize::try_from(parent).ok()).and_then(|at| explained.get_mut(at))
        {
            *slot = true;
        }
    }
    explained
}

/// Tells for each span whether it and everything above it up to the main root failed.
fn reached(view: &TraceView, analysis: &Analysis) -> Vec<bool> {
    let mut reached = vec![false; view.spans.len()];
    for at in analysis.tree.order() {
        let above = match analysis.tree.parent(*at) {
            None => analysis.root == Some(*at),
            Some(parent) => {
                usize::try_from(parent).ok().and_then(|parent| reached.get(parent)).copied().unwrap_or(false)
            }
        };
        let failed = above && span_at(view, *at).is_some_and(is_error);
        if let Some(slot) = usize::try_from(*at).ok().and_then(|at| reached.get_mut(at)) {
            *slot = failed;
        }
    }
    reached
}

/// Counts the runs of the same operation beside a span, and the failed ones.
fn attempts(view: &TraceView, analysis: &Analysis, span: u32) -> (u32, u32) {
    let Some((row, parent)) = span_at(view, span).zip(analysis.tree.parent(span)) else { return (1, 1) };
    let same = |other: &&SpanRow| other.name == row.name && other.service_name == row.service_name;
    let siblings = analysis.tree.children(parent).iter().filter_map(|at| span_at(view, *at)).filter(same);
    siblings.fold((0, 0), |(all, failed), sibling| (all + 1, failed + u32::from(is_error(sibling))))
}

/// An operation that ran again and again under one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repetition {
    /// The span under which it ran.
    pub parent: u32,
    /// The first of the runs.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// Their lengths together, in nanoseconds.
    pub total_ns: i64,
}

/// Finds the repetition that took longest.
pub(super) fn worst_repetition(view: &TraceView, analysis: &Analysis) -> Option<Repetition> {
    let mut worst: Option<Repetition> = None;
    for parent in analysis.tree.order() {
        let children = analysis.tree.children(*parent);
        if u32::try_from(children.len()).is_ok_and(|count| count < crate::limits::REPEATS) {
            continue;
        }
        for found in repetitions(view, *parent, children) {
            if found.count >= crate::limits::REPEATS
                && worst.as_ref().is_none_or(|worst| found.total_ns > worst.total_ns)
            {
                worst = Some(found);
            }
        }
    }
    worst
}

/// Sums up the children of one span by operation, in order of their first run.
fn repetitions(view: &TraceView, parent: u32, children: &[u32]) -> Vec<Repetition> {
    let mut by_operation: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    let mut out: Vec<Repetition> = Vec::new();
    for child in children {
        let Some(span) = span_at(view, *child) else { continue };
        let slot = *by_operation.entry((span.service_name.as_deref(), span.name.as_str())).or_insert(out.len());
        let length = span.duration_ns.0.max(0);
        match out.get_mut(slot) {
            Some(known) => {
                known.count += 1;
                known.total_ns = known.total_ns.saturating_add(length);
            }
            None => out.push(Repetition { parent, first: *child, count: 1, total_ns: length }),
        }
    }
    out
}
