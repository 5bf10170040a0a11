//! The operations of one or several traces as one tree: spans of the same service, kind and name under the same parent
//! operation are one node. Nothing recurses, and building costs one look-up a span.

use std::collections::HashMap;

use telltale_api::SignedNanos;
use telltale_api::diff::DiffCell;
use telltale_api::trace::SpanRow;

use super::template::template;
use super::{Told, middle};
use crate::limits::DIFF_MEMBERS;
use crate::story::{Analysis, display_name, is_error};

/// What makes spans one operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    /// Service.
    pub service: Option<&'a str>,
    /// OTLP's kind.
    pub kind: i32,
    /// Name without numbers and ids.
    pub name: String,
}

/// A span with its trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// The trace.
    pub told: &'a Told,
    /// The span.
    pub span: &'a SpanRow,
}

/// An operation under its parent.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// What it is.
    pub key: Key<'a>,
    /// Numbers by trace.
    cells: Vec<Sum>,
    /// The first spans, of which attributes are compared.
    pub members: Vec<Member<'a>>,
    children: Vec<usize>,
    by_key: HashMap<Key<'a>, usize>,
}

/// What the spans of a node have together in one trace.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    trace: usize,
    count: u64,
    duration_ns: i64,
    self_ns: i64,
    errors: u64,
}

impl Node<'_> {
    /// Returns the middle numbers of all traces that have the node.
    pub(super) fn cell(&self) -> DiffCell {
        let of = |number: fn(&Sum) -> i64| SignedNanos(middle(self.cells.iter().map(number).collect()));
        let count = |number: fn(&Sum) -> u64| middle(self.cells.iter().map(number).collect());
        DiffCell {
            span_id: self.members.first().map(|member| member.span.span_id.clone()).unwrap_or_default(),
            count: count(|sum| sum.count),
            duration_ns: of(|sum| sum.duration_ns),
            self_time_ns: of(|sum| sum.self_ns),
            error_count: count(|sum| sum.errors),
            trace_count: u64::try_from(self.cells.len()).unwrap_or(u64::MAX),
        }
    }
}

/// The operations of one or several traces.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// The first stands above all roots.
    nodes: Vec<Node<'a>>,
    top: Node<'a>,
    traces: usize,
}

fn empty(key: Key<'_>) -> Node<'_> {
    Node { key, cells: Vec::new(), members: Vec::new(), children: Vec::new(), by_key: HashMap::new() }
}

impl<'a> Tree<'a> {
    /// Builds the tree of all traces together.
    pub(super) fn of(traces: &'a [Told]) -> Self {
        let top = empty(Key { service: None, kind: 0, name: String::new() });
        let mut tree = Self { nodes: Vec::new(), top, traces: traces.len() };
        for (trace, told) in traces.iter().enumerate() {
            tree.add(trace, told);
        }
        tree
    }

    fn add(&mut self, trace: usize, told: &'a Told) {
        let analysis = Analysis::new(&told.view);
        // Spans are met after their parent, so that the parent's node is known.
        let mut node_of: Vec<Option<usize>> = vec![None; told.view.spans.len()];
        for at in analysis.tree.order() {
            let Some(span) = usize::try_from(*at).ok().and_then(|at| told.view.spans.get(at)) else { continue };
            let parent = analysis.tree.parent(*at).and_then(|parent| *node_of.get(usize::try_from(parent).ok()?)?);
            let key =
                Key { service: span.service_name.as_deref(), kind: span.kind, name: template(&display_name(span)) };
            let node = self.node(parent, key);
            let own = usize::try_from(*at).ok().and_then(|at| analysis.self_times_ns.get(at)).copied().unwrap_or(0);
            self.count(node, trace, Member { told, span }, own);
            if let Some(slot) = usize::try_from(*at).ok().and_then(|at| node_of.get_mut(at)) {
                *slot = Some(node);
            }
        }
    }

    /// Returns the node of an operation under a parent, which is made when it is new.
    fn node(&mut self, parent: Option<usize>, key: Key<'a>) -> usize {
        let next = self.nodes.len();
        let above = match parent {
            Some(parent) => self.nodes.get_mut(parent),
            None => Some(&mut self.top),
        };
        let Some(above) = above else { return next };
        if let Some(known) = above.by_key.get(&key) {
            return *known;
        }
        above.by_key.insert(key.clone(), next);
        above.children.push(next);
        self.nodes.push(empty(key));
        next
    }

    fn count(&mut self, node: usize, trace: usize, member: Member<'a>, self_ns: i64) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        if node.cells.last().is_none_or(|last| last.trace != trace) {
            node.cells.push(Sum { trace, ..Sum::default() });
        }
        if let Some(sum) = node.cells.last_mut() {
            sum.count += 1;
            sum.duration_ns = sum.duration_ns.saturating_add(member.span.duration_ns.0.max(0));
            sum.self_ns = sum.self_ns.saturating_add(self_ns);
            sum.errors += u64::from(is_error(member.span));
        }
        if node.members.len() < DIFF_MEMBERS {
            node.members.push(member);
        }
    }

    /// Returns the node above all roots.
    pub(super) const fn top(&self) -> &Node<'a> {
        &self.top
    }

    /// Returns what a node called, in order of the first call.
    pub(super) fn children<'t>(&'t self, node: &'t Node<'a>) -> impl Iterator<Item = &'t Node<'a>> {
        node.children.iter().filter_map(|at| self.nodes.get(*at))
    }

    /// Returns the child of a node that is of this operation.
    pub(super) fn child<'t>(&'t self, node: &'t Node<'a>, key: &Key<'_>) -> Option<&'t Node<'a>> {
        node.by_key.get(key).and_then(|at| self.nodes.get(*at))
    }

    /// Whether at least half of the traces have a node.
    pub(super) fn is_usual(&self, node: &Node<'_>) -> bool {
        node.cells.len() * 2 >= self.traces
    }
}
