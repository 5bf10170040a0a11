//! The first error: the failed span that no failed child explains.

use std::borrow::Cow;
use std::collections::HashMap;

use telltale_api::trace::{SpanRow, TraceView};

use super::message::{logged, said};
use super::outcome::{display_name, status};
use super::{Analysis, is_error, span_at};
use crate::self_time::end_of;

/// Fewest bytes of a message that count as repeated by another: `500` is in too many texts.
const QUOTED_BYTES: usize = 8;

/// What went wrong first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// The span.
    pub span: u32,
    /// What it says; else what its log, or the nearest failed span above, says.
    pub message: Option<String>,
    /// The status with which it ended.
    pub status: Option<String>,
    /// How often the same operation ran under the same parent, this one included.
    pub attempts: u32,
    /// How many of these failed.
    pub failed_attempts: u32,
}

/// Finds the first error of a trace.
///
/// Of the failed spans without a failed child, those come first that failed all the way up to the root, since their
/// error is the one that the caller saw; among equals the earliest counts. Spans between a cause and its effect do not
/// always record that they failed, so a failed span further down takes the blame when it [`explains`] the first choice.
pub(super) fn first_error(view: &TraceView, analysis: &Analysis) -> Option<Cause> {
    let tree = &analysis.tree;
    let has_failed_child = failed_children(view, analysis);
    let reached = reached(view, analysis);
    let leaves = tree.order().iter().copied().filter(|at| !flag(&has_failed_child, *at));
    let failed = leaves.filter_map(|at| Some((at, span_at(view, at).filter(|span| is_error(span))?)));
    let first = failed.min_by_key(|(at, span)| (!flag(&reached, *at), span.start_unix_nano, *at));
    let (first, _span) = first?;
    let span = deeper(view, analysis, first).unwrap_or(first);
    let row = span_at(view, span)?;
    let (attempts, failed_attempts) = attempts(view, analysis, span);
    let above = || tree.ancestors(span).filter_map(|up| span_at(view, up)).filter(|up| is_error(up)).find_map(said);
    let message = said(row).or_else(|| logged(view, &row.span_id)).or_else(above);
    Some(Cause { span, message, status: status(row), attempts, failed_attempts })
}

fn flag(flags: &[bool], at: u32) -> bool {
    usize::try_from(at).ok().and_then(|at| flags.get(at)).copied().unwrap_or(false)
}

fn set(flags: &mut [bool], at: u32) {
    if let Some(slot) = usize::try_from(at).ok().and_then(|at| flags.get_mut(at)) {
        *slot = true;
    }
}

/// Returns the earliest failed span below `effect`, with no failure below itself, that explains it.
fn deeper(view: &TraceView, analysis: &Analysis, effect: u32) -> Option<u32> {
    let tree = &analysis.tree;
    let row = usize::try_from(tree.row(effect)).ok()?;
    let below = tree.order().get(row..)?.iter().take(usize::try_from(tree.descendant_count(effect)).ok()? + 1).skip(1);
    let below: Vec<u32> = below.copied().collect();
    let last_start = below.iter().filter_map(|at| span_at(view, *at)).map(|span| span.start_unix_nano.0).max()?;
    let effect = span_at(view, effect)?;
    // From the last row up, a span is met after everything below it.
    let mut failure_below = vec![false; view.spans.len()];
    let mut best: Option<(u64, u32)> = None;
    for at in below.iter().rev() {
        let Some(span) = span_at(view, *at) else { continue };
        let inner = flag(&failure_below, *at);
        if is_error(span) && !inner && explains(span, effect, last_start) {
            best = Some(best.map_or((span.start_unix_nano.0, *at), |best| best.min((span.start_unix_nano.0, *at))));
        }
        if let Some(parent) = tree.parent(*at).filter(|_parent| inner || is_error(span)) {
            set(&mut failure_below, parent);
        }
    }
    best.map(|(_start, at)| at)
}

/// Whether a failed span further down is why `effect` failed: `effect` says nothing itself, or repeats what the cause
/// says, or nothing was begun below it any more once the cause had ended.
fn explains(cause: &SpanRow, effect: &SpanRow, last_start: u64) -> bool {
    let Some(effect) = said(effect) else { return true };
    let quoted = said(cause).is_some_and(|message| message.len() >= QUOTED_BYTES && effect.contains(&message));
    quoted || last_start <= end_of(cause)
}

/// Tells for each span whether a child of it failed.
fn failed_children(view: &TraceView, analysis: &Analysis) -> Vec<bool> {
    let mut out = vec![false; view.spans.len()];
    for (at, span) in (0_u32..).zip(&view.spans) {
        if let Some(parent) = analysis.tree.parent(at).filter(|_parent| is_error(span)) {
            set(&mut out, parent);
        }
    }
    out
}

/// Tells for each span whether it and everything above it up to the main root failed.
fn reached(view: &TraceView, analysis: &Analysis) -> Vec<bool> {
    let mut out = vec![false; view.spans.len()];
    for at in analysis.tree.order() {
        let above = match analysis.tree.parent(*at) {
            None => analysis.root == Some(*at),
            Some(parent) => flag(&out, parent),
        };
        if above && span_at(view, *at).is_some_and(is_error) {
            set(&mut out, *at);
        }
    }
    out
}

/// Counts the runs of the same operation beside a span, and the failed ones.
fn attempts(view: &TraceView, analysis: &Analysis, span: u32) -> (u32, u32) {
    let Some((row, parent)) = span_at(view, span).zip(analysis.tree.parent(span)) else { return (1, 1) };
    let name = display_name(row);
    let same = |other: &&SpanRow| other.service_name == row.service_name && display_name(other) == name;
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
    let mut by_operation: HashMap<(Option<&str>, Cow<'_, str>), usize> = HashMap::new();
    let mut out: Vec<Repetition> = Vec::new();
    for child in children {
        let Some(span) = span_at(view, *child) else { continue };
        let slot = *by_operation.entry((span.service_name.as_deref(), display_name(span))).or_insert(out.len());
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
