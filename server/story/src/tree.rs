//! Spans as a forest: who called whom, in the order in which a page lists them.
//!
//! Whatever was sent, every span gets exactly one row: a span whose parent has not arrived stands at the top, a loop of
//! parents is cut at its earliest span, a span id that comes twice keeps both spans. Nothing here recurses, so that a
//! chain of a million spans is as good as a flat list; building takes one sort.

use std::collections::HashMap;

use telltale_api::trace::SpanRow;

/// The forest over the spans of a trace, which it names by their position.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    order: Vec<u32>,
    roots: Vec<u32>,
    children: Vec<u32>,
    cycles: Vec<u32>,
    repeated_ids: Vec<u32>,
}

/// The place of one span.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    parent: Option<u32>,
    depth: u32,
    /// Row in `order`.
    row: u32,
    /// Row after the last descendant.
    end_row: u32,
    /// Range in `children`.
    first_child: u32,
    child_count: u32,
    /// Names a parent that is not among the spans.
    is_orphan: bool,
}

/// Converts a position; a trace of four thousand million spans does not fit in memory.
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Converts back.
fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

impl Tree {
    /// Builds the forest of `spans`, which may be in any order.
    #[must_use]
    pub fn build(spans: &[SpanRow]) -> Self {
        let mut tree = Self { nodes: vec![Node::default(); spans.len()], ..Self::default() };
        let mut by_start: Vec<u32> = (0..position(spans.len())).collect();
        by_start.sort_by_key(|at| spans.get(index(*at)).map(|span| span.start_unix_nano));
        tree.link_parents(spans, &by_start);
        tree.cut_cycles(&by_start);
        tree.gather_children(&by_start);
        tree.lay_out();
        tree
    }

    /// Finds each span's parent; of two spans with one id, the earlier is the parent of both's children.
    fn link_parents(&mut self, spans: &[SpanRow], by_start: &[u32]) {
        let mut by_id: HashMap<&str, u32> = HashMap::with_capacity(spans.len());
        for at in by_start {
            let Some(span) = spans.get(index(*at)) else { continue };
            if *by_id.entry(span.span_id.as_str()).or_insert(*at) != *at {
                self.repeated_ids.push(*at);
            }
        }
        for (span, node) in spans.iter().zip(&mut self.nodes) {
            if let Some(parent) = span.parent_span_id.as_deref().filter(|parent| !parent.is_empty()) {
                node.parent = by_id.get(parent).copied();
                node.is_orphan = node.parent.is_none();
            }
        }
    }

    /// Makes the earliest span of every loop of parents a root.
    fn cut_cycles(&mut self, by_start: &[u32]) {
        let mut rank = vec![0_u32; self.nodes.len()];
        for (place, at) in by_start.iter().enumerate() {
            if let Some(rank) = rank.get_mut(index(*at)) {
                *rank = position(place);
            }
        }
        // 0: not seen; otherwise the number of the walk that came by.
        let mut walk_of = vec![0_u32; self.nodes.len()];
        for start in 0..position(self.nodes.len()) {
            let walk = start + 1;
            let mut at = Some(start);
            while let Some(here) = at {
                let Some(seen) = walk_of.get_mut(index(here)) else { break };
                if *seen == walk {
                    self.cut_cycle_at(here, &rank);
                }
                if *seen != 0 {
                    break;
                }
                *seen = walk;
                at = self.parent(here);
            }
        }
    }

    fn cut_cycle_at(&mut self, member: u32, rank: &[u32]) {
        let rank_of = |at: u32| rank.get(index(at)).copied().unwrap_or(u32::MAX);
        let (mut earliest, mut at) = (member, member);
        while let Some(next) = self.parent(at).filter(|next| *next != member) {
            at = next;
            if rank_of(at) < rank_of(earliest) {
                earliest = at;
            }
        }
        if let Some(node) = self.nodes.get_mut(index(earliest)) {
            node.parent = None;
            self.cycles.push(earliest);
        }
    }

    /// Puts the children of each span side by side, by start.
    fn gather_children(&mut self, by_start: &[u32]) {
        for at in 0..self.nodes.len() {
            let parent = self.nodes.get(at).and_then(|node| node.parent);
            if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(index(parent))) {
                parent.child_count += 1;
            }
        }
        let mut next = 0;
        for node in &mut self.nodes {
            node.first_child = next;
            next += node.child_count;
        }
        let mut filled = vec![0_u32; self.nodes.len()];
        self.children = vec![0; index(next)];
        for at in by_start {
            let Some(parent) = self.parent(*at) else {
                self.roots.push(*at);
                continue;
            };
            let first = self.nodes.get(index(parent)).map_or(0, |node| node.first_child);
            if let Some(filled) = filled.get_mut(index(parent)) {
                if let Some(slot) = self.children.get_mut(index(first + *filled)) {
                    *slot = *at;
                }
                *filled += 1;
            }
        }
    }

    /// Numbers the rows: each span, then its descendants.
    fn lay_out(&mut self) {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<(u32, u32)> = self.roots.iter().rev().map(|root| (*root, 0)).collect();
        while let Some((at, depth)) = stack.pop() {
            if let Some(node) = self.nodes.get_mut(index(at)) {
                node.depth = depth;
                node.row = position(order.len());
                node.end_row = node.row + 1;
            }
            order.push(at);
            stack.extend(self.children(at).iter().rev().map(|child| (*child, depth + 1)));
        }
        // From the last row up, each span's end is known before its parent asks.
        for at in order.iter().rev() {
            let Some(Node { parent: Some(parent), end_row, .. }) = self.nodes.get(index(*at)).copied() else {
                continue;
            };
            if let Some(parent) = self.nodes.get_mut(index(parent)) {
                parent.end_row = parent.end_row.max(end_row);
            }
        }
        self.order = order;
    }

    /// Returns the spans in the order of rows: each before its descendants, siblings by start.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Returns the spans at the top, by start: those without a parent and those whose parent is not there.
    #[must_use]
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// Returns a span's children by start.
    #[must_use]
    pub fn children(&self, span: u32) -> &[u32] {
        let Some(node) = self.nodes.get(index(span)) else { return &[] };
        self.children.get(index(node.first_child)..index(node.first_child + node.child_count)).unwrap_or(&[])
    }

    /// Returns a span's parent.
    #[must_use]
    pub fn parent(&self, span: u32) -> Option<u32> {
        self.nodes.get(index(span)).and_then(|node| node.parent)
    }

    /// Returns how many ancestors a span has.
    #[must_use]
    pub fn depth(&self, span: u32) -> u32 {
        self.nodes.get(index(span)).map_or(0, |node| node.depth)
    }

    /// Returns the row of a span in [`Tree::order`].
    #[must_use]
    pub fn row(&self, span: u32) -> u32 {
        self.nodes.get(index(span)).map_or(0, |node| node.row)
    }

    /// Returns how many descendants a span has.
    #[must_use]
    pub fn descendant_count(&self, span: u32) -> u32 {
        self.nodes.get(index(span)).map_or(0, |node| node.end_row - node.row - 1)
    }

    /// Whether a span names a parent that is not among the spans.
    #[must_use]
    pub fn is_orphan(&self, span: u32) -> bool {
        self.nodes.get(index(span)).is_some_and(|node| node.is_orphan)
    }

    /// Returns the spans at which a loop of parents was cut, each with its own id as parent among them.
    #[must_use]
    pub fn cycles(&self) -> &[u32] {
        &self.cycles
    }

    /// Returns the spans whose id an earlier span has too.
    #[must_use]
    pub fn repeated_ids(&self) -> &[u32] {
        &self.repeated_ids
    }

    /// Returns the span that stands for the whole request: the earliest without a parent, else the earliest.
    #[must_use]
    pub fn main_root(&self) -> Option<u32> {
        self.roots.iter().copied().find(|root| !self.is_orphan(*root)).or_else(|| self.roots.first().copied())
    }

    /// Returns the ancestors of a span, nearest first.
    pub fn ancestors(&self, span: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.parent(span), |at| self.parent(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use proptest::prelude::*;

    fn names(spans: &[SpanRow], tree: &Tree) -> Vec<String> {
        let row = |at: &u32| format!("{}{}", ">".repeat(index(tree.depth(*at))), spans[index(*at)].name);
        tree.order().iter().map(row).collect()
    }

    #[test]
    fn rows_go_depth_first_and_by_start() {
        let spans = [
            span("late", 4, 1).at(50, 10).row(),
            span("root", 1, 0).at(0, 100).row(),
            span("deep", 3, 2).at(20, 5).row(),
            span("early", 2, 1).at(10, 30).row(),
        ];
        let tree = Tree::build(&spans);
        assert_eq!(names(&spans, &tree), ["root", ">early", ">>deep", ">late"]);
        assert_eq!((tree.descendant_count(1), tree.descendant_count(3), tree.row(0)), (3, 1, 3));
        assert_eq!(tree.main_root(), Some(1));
    }

    #[test]
    fn orphans_loops_and_repeated_ids_keep_their_rows() {
        let spans = [
            span("orphan", 1, 99).at(5, 1).row(),
            span("self", 2, 2).at(6, 1).row(),
            span("a", 3, 4).at(8, 1).row(),
            span("b", 4, 3).at(7, 1).row(),
            span("under a", 5, 3).at(9, 1).row(),
            span("twin", 1, 99).at(10, 1).row(),
            span("under the first", 6, 1).at(11, 1).row(),
        ];
        let tree = Tree::build(&spans);
        assert_eq!(names(&spans, &tree), ["orphan", ">under the first", "self", "b", ">a", ">>under a", "twin"]);
        let mut cycles = tree.cycles().to_vec();
        cycles.sort_unstable();
        assert_eq!(cycles, [1, 3]);
        assert_eq!(tree.repeated_ids(), [5]);
        assert!(tree.is_orphan(0) && tree.is_orphan(5) && !tree.is_orphan(1));
    }

    #[test]
    fn a_long_chain_and_a_wide_star_are_laid_out() {
        const SPANS: u64 = 200_000;
        let chain: Vec<SpanRow> = (1..=SPANS).map(|id| span("x", id, id - 1).at(id, 1).row()).collect();
        let tree = Tree::build(&chain);
        assert_eq!(tree.depth(position(chain.len() - 1)), position(chain.len() - 1));
        let star: Vec<SpanRow> = (1..=SPANS).map(|id| span("x", id, u64::from(id > 1)).at(id, 1).row()).collect();
        let tree = Tree::build(&star);
        assert_eq!((tree.children(0).len(), tree.descendant_count(0)), (star.len() - 1, position(star.len() - 1)));
        let ring: Vec<SpanRow> = (1..=SPANS).map(|id| span("x", id, id % SPANS + 1).at(id, 1).row()).collect();
        assert_eq!(Tree::build(&ring).cycles(), [0]);
    }

    proptest! {
        #[test]
        fn every_span_has_one_row_and_stands_after_its_parent(
            links in prop::collection::vec((1_u64..20, 0_u64..25, 0_u64..10), 0..40),
        ) {
            let spans: Vec<SpanRow> =
                links.iter().map(|(id, parent, start)| span("x", *id, *parent).at(*start, 1).row()).collect();
            let tree = Tree::build(&spans);
            let mut rows = tree.order().to_vec();
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..position(spans.len())).collect::<Vec<_>>());
            for at in 0..position(spans.len()) {
                if let Some(parent) = tree.parent(at) {
                    prop_assert!(tree.row(parent) < tree.row(at));
                    prop_assert!(tree.row(at) <= tree.row(parent) + tree.descendant_count(parent));
                    prop_assert_eq!(tree.depth(at), tree.depth(parent) + 1);
                    prop_assert!(tree.children(parent).contains(&at));
                }
            }
        }
    }
}
