//! What differs between two requests, or between one and what is usual for its operation.
//!
//! Spans are matched by what they are, not by when they ran: by service, kind and name (numbers and ids in it left out)
//! under the same parent operation. A side may stand for several traces; then its numbers are the middle ones. Only the
//! server uses this.

mod attributes;
mod logs;
mod plans;
mod sentences;
mod template;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use telltale_api::SignedNanos;
use telltale_api::diff::{DiffCell, DiffRow, DiffSide, TraceDiff, ValueChange};
use telltale_api::story::Story;
use telltale_api::trace::TraceView;

use crate::limits::{DIFF_NS, DIFF_PERMILLE, DIFF_ROWS};
use crate::story::FactConfig;
use attributes::Attributes;
use tree::{Node, Tree};

/// A trace with its story.
#[derive(Debug, Clone)]
pub struct Told {
    /// The trace.
    pub view: TraceView,
    /// Its story.
    pub story: Story,
}

/// One side of a comparison: a trace, or those that stand for what is usual.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The traces, at least one.
    pub traces: &'a [Told],
    /// Whether they stand for what is usual.
    pub is_baseline: bool,
}

/// Compares `b` with `a`; `None` when a side has no trace.
#[must_use]
pub fn diff(a: Side<'_>, b: Side<'_>, config: &FactConfig) -> Option<TraceDiff> {
    let (side_a, side_b) = (side(a)?, side(b)?);
    let (tree_a, tree_b) = (Tree::of(a.traces), Tree::of(b.traces));
    let mut walk = Walk { attributes: Attributes::default(), rows: Vec::new(), left_out: 0, matched: Vec::new() };
    walk.run(&tree_a, &tree_b);
    let plans = plans::changes(&walk.matched, config);
    let mut out = TraceDiff {
        a: side_a,
        b: side_b,
        sentences: Vec::new(),
        rows: walk.rows,
        rows_left_out: walk.left_out,
        facts: facts(a, b),
        plans,
        logs: logs::changes(a.traces, b.traces),
    };
    out.sentences = sentences::sentences(&out);
    Some(out)
}

fn side(side: Side<'_>) -> Option<DiffSide> {
    let first = side.traces.first()?;
    let counts = |count: fn(&Story) -> u64| middle(side.traces.iter().map(|told| count(&told.story)).collect());
    Some(DiffSide {
        trace_ids: side.traces.iter().map(|told| told.view.trace_id.clone()).collect(),
        is_baseline: side.is_baseline,
        title: first.story.title.clone(),
        outcome: first.story.outcome,
        status: first.story.status.clone(),
        start_unix_nano: first.story.start_unix_nano,
        duration_ns: SignedNanos(middle(side.traces.iter().map(|told| told.story.duration_ns.0).collect())),
        span_count: counts(|story| story.counts.spans),
        error_count: counts(|story| story.counts.errors),
    })
}

/// Returns the middle one of several numbers, the lower of two.
fn middle<T: Ord + Copy + Default>(mut numbers: Vec<T>) -> T {
    numbers.sort_unstable();
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Both trees walked together.
struct Walk<'a> {
    attributes: Attributes,
    rows: Vec<DiffRow>,
    left_out: u64,
    /// Nodes that both sides have.
    matched: Vec<(&'a Node<'a>, &'a Node<'a>)>,
}

impl<'a> Walk<'a> {
    fn run(&mut self, a: &'a Tree<'a>, b: &'a Tree<'a>) {
        let mut stack: Vec<(Option<&Node<'_>>, Option<&Node<'_>>, u32)> = Vec::new();
        push_pairs(&mut stack, a, b, (Some(a.top()), Some(b.top())), 0);
        while let Some((left, right, depth)) = stack.pop() {
            self.row(left, right, depth);
            push_pairs(&mut stack, a, b, (left, right), depth + 1);
        }
    }

    fn row(&mut self, a: Option<&'a Node<'a>>, b: Option<&'a Node<'a>>, depth: u32) {
        let Some(node) = b.or(a) else { return };
        let attributes = match (a, b) {
            (Some(a), Some(b)) => {
                self.matched.push((a, b));
                self.attributes.changes(a, b)
            }
            _ => Vec::new(),
        };
        if self.rows.len() >= DIFF_ROWS {
            self.left_out += 1;
            return;
        }
        let (cell_a, cell_b) = (a.map(Node::cell), b.map(Node::cell));
        let part = |cell: &Option<DiffCell>, of: fn(&DiffCell) -> i64| cell.as_ref().map_or(0, of);
        let delta = |of: fn(&DiffCell) -> i64| SignedNanos(part(&cell_b, of).saturating_sub(part(&cell_a, of)));
        self.rows.push(DiffRow {
            depth,
            change: change(cell_a.as_ref(), cell_b.as_ref(), !attributes.is_empty()).to_owned(),
            service_name: node.key.service.map(str::to_owned),
            name: node.key.name.clone(),
            kind: node.key.kind,
            delta_ns: delta(|cell| cell.duration_ns.0),
            self_delta_ns: delta(|cell| cell.self_time_ns.0),
            a: cell_a,
            b: cell_b,
            attributes,
        });
    }
}

/// Pushes the children of two matched nodes as pairs, so that the first of them is popped first. What most traces of a
/// side do not have is no part of what is usual.
fn push_pairs<'a>(
    stack: &mut Vec<(Option<&'a Node<'a>>, Option<&'a Node<'a>>, u32)>,
    a: &'a Tree<'a>,
    b: &'a Tree<'a>,
    (left, right): (Option<&'a Node<'a>>, Option<&'a Node<'a>>),
    depth: u32,
) {
    let mut pairs = Vec::new();
    for child in left.into_iter().flat_map(|node| a.children(node)) {
        let twin = right.and_then(|right| b.child(right, &child.key));
        if twin.is_some() || a.is_usual(child) {
            pairs.push((Some(child), twin, depth));
        }
    }
    for child in right.into_iter().flat_map(|node| b.children(node)) {
        let is_new = left.is_none_or(|left| a.child(left, &child.key).is_none());
        if is_new && b.is_usual(child) {
            pairs.push((None, Some(child), depth));
        }
    }
    stack.extend(pairs.into_iter().rev());
}

/// Judges a row. Lengths are compared by the span, so that more calls alone are no slower ones.
fn change(a: Option<&DiffCell>, b: Option<&DiffCell>, attributes_differ: bool) -> &'static str {
    let (a, b) = match (a, b) {
        (None, _) => return "added",
        (_, None) => return "removed",
        (Some(a), Some(b)) => (a, b),
    };
    let each = |cell: &DiffCell| cell.duration_ns.0 / i64::try_from(cell.count.max(1)).unwrap_or(i64::MAX);
    let (before, after) = (each(a), each(b));
    let far = |less: i64, more: i64| {
        more.saturating_sub(less) >= DIFF_NS && i128::from(more) * 1000 >= i128::from(less) * (1000 + DIFF_PERMILLE)
    };
    if far(before, after) {
        "slower"
    } else if far(after, before) {
        "faster"
    } else if attributes_differ || a.count != b.count || a.error_count != b.error_count {
        "changed"
    } else {
        "same"
    }
}

/// Returns the facts whose values differ: of a baseline, those of which it knows none of the values.
fn facts(a: Side<'_>, b: Side<'_>) -> Vec<ValueChange> {
    let values = |side: Side<'_>, label: &str| -> BTreeSet<String> {
        let facts = side.traces.iter().flat_map(|told| &told.story.facts).filter(|fact| fact.label == label);
        facts.flat_map(|fact| &fact.values).map(|value| value.value.clone()).collect()
    };
    let labels = b.traces.iter().take(1).flat_map(|told| &told.story.facts);
    let shown = labels.filter(|fact| fact.view == "text");
    let compared = shown.filter_map(|fact| {
        let (before, after) = (values(a, &fact.label), values(b, &fact.label));
        let differ = if a.is_baseline { before.is_disjoint(&after) && !after.is_empty() } else { before != after };
        differ.then(|| ValueChange {
            key: fact.label.clone(),
            a: attributes::shown(before),
            b: attributes::shown(after),
        })
    });
    compared.collect()
}
