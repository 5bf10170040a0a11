//! The tree of a trace in drawing order.
//!
//! Every span is in it exactly once, whatever its parent claims: spans whose parent never arrived stand below a row that
//! names the missing parent, and a cycle of parents is cut at its earliest span. Runs of equal leaf siblings become one
//! group that starts folded; a span with an error is never put into a group.

use std::collections::{HashMap, HashSet};

use telltale_api::trace::{SpanRow, TraceView};
use telltale_story::story::is_error;

use crate::palette::Palette;

/// Siblings in a row, equal in service and name, that become a group.
pub const GROUP_MEMBERS_MIN: usize = 5;

/// Rows that are open when a trace is first shown; beyond it, only the way to errors stays open.
pub const OPEN_ROWS_MAX: usize = 200;

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A span, by its position in [`TraceView::spans`].
    Span(usize),
    /// A parent that other spans name and that has not arrived.
    Missing(String),
    /// Equal siblings; the first one's position, how many, and the sum of their durations.
    Group {
        /// Position of the first member.
        first: usize,
        /// Members.
        count: usize,
        /// Sum of the members' durations.
        sum_ns: i64,
    },
}

/// A row of the waterfall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Stays the same when the trace is loaded again.
    pub key: u64,
    /// Depth in the tree, from 0.
    pub depth: usize,
    /// Rows below it, at any depth. They follow it directly.
    pub descendants: usize,
    /// Rows directly below it.
    pub children: usize,
    /// Place among its siblings, from 1.
    pub position: usize,
    /// Number of siblings, itself included.
    pub set_size: usize,
    /// Row of the parent.
    pub parent: Option<usize>,
    /// From the trace's start.
    pub offset_ns: i64,
    /// Length.
    pub duration_ns: i64,
    /// Whether the span has an error status.
    pub is_error: bool,
    /// Errors below it, at any depth.
    pub errors_below: usize,
    /// Whether it starts folded.
    pub starts_folded: bool,
}

/// A trace, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Waterfall {
    /// Rows in drawing order, as if nothing were folded.
    pub nodes: Vec<Node>,
    /// Row of each span, by position in [`TraceView::spans`].
    pub row_of_span: Vec<usize>,
    /// Earliest start.
    pub start_unix_nano: u64,
    /// From the earliest start to the latest end; at least 1, so that it can divide.
    pub duration_ns: i64,
    /// Colours of the services.
    pub palette: Palette,
}

impl Waterfall {
    /// Lays out a trace, with or without grouping of repeats.
    #[must_use]
    pub fn new(view: &TraceView, grouped: bool) -> Self {
        // A start of zero means "unknown" and moves nothing.
        let starts = view.spans.iter().map(|span| span.start_unix_nano.0).filter(|start| *start > 0);
        let start_unix_nano = starts.min().unwrap_or_default();
        let mut waterfall = Self {
            nodes: Vec::with_capacity(view.spans.len()),
            row_of_span: vec![0; view.spans.len()],
            start_unix_nano,
            duration_ns: 1,
            palette: palette(view),
        };
        Builder::new(view, grouped, &mut waterfall).build();
        waterfall.duration_ns =
            waterfall.nodes.iter().map(|node| node.offset_ns.saturating_add(node.duration_ns)).fold(1, i64::max);
        waterfall.count_below();
        waterfall.fold_by_default();
        waterfall
    }

    /// Returns the rows that are shown; `folds` are the choices made by hand, by key.
    #[must_use]
    pub fn visible(&self, folds: &HashMap<u64, bool>) -> Vec<usize> {
        let mut rows = Vec::new();
        let mut row = 0;
        while let Some(node) = self.nodes.get(row) {
            rows.push(row);
            let folded = node.children > 0 && folds.get(&node.key).copied().unwrap_or(node.starts_folded);
            row += 1 + if folded { node.descendants } else { 0 };
        }
        rows
    }

    /// Returns the rows above a row, nearest first.
    pub fn ancestors(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.nodes.get(row).and_then(|node| node.parent), |row| {
            self.nodes.get(*row).and_then(|node| node.parent)
        })
    }

    /// Returns the place of a time as a share of the trace, 0 to 100.
    #[must_use]
    pub fn percent(&self, offset_ns: i64) -> f64 {
        (as_f64(offset_ns) / as_f64(self.duration_ns) * 100.0).clamp(0.0, 100.0)
    }

    /// Fills in what each row has below it; children stand after their parents, so one pass from the end does.
    fn count_below(&mut self) {
        for row in (0..self.nodes.len()).rev() {
            let Some(node) = self.nodes.get(row) else { continue };
            let (below, errors) = (node.descendants + 1, node.errors_below + usize::from(node.is_error));
            if let Some(parent) = node.parent.and_then(|parent| self.nodes.get_mut(parent)) {
                parent.descendants += below;
                parent.errors_below += errors;
            }
        }
    }

    /// Folds groups, and in a large trace everything below the deepest level that still fits, but for ways to errors.
    fn fold_by_default(&mut self) {
        let mut rows_at_depth = Vec::new();
        for node in &self.nodes {
            if rows_at_depth.len() <= node.depth {
                rows_at_depth.resize(node.depth + 1, 0_usize);
            }
            if let Some(count) = rows_at_depth.get_mut(node.depth) {
                *count += 1;
            }
        }
        let mut total = 0;
        let fitting = rows_at_depth.iter().take_while(|count| {
            total += **count;
            total <= OPEN_ROWS_MAX
        });
        let open_depth = fitting.count().max(1);
        let large = self.nodes.len() > OPEN_ROWS_MAX;
        let mut opened = 0;
        for node in &mut self.nodes {
            let group = matches!(node.kind, NodeKind::Group { .. });
            let too_deep = large && node.depth + 1 >= open_depth;
            let leads_to_error = node.errors_below > 0 && opened < OPEN_ROWS_MAX;
            node.starts_folded = node.children > 0 && (group || (too_deep && !leads_to_error));
            if too_deep && !node.starts_folded {
                opened += node.children;
            }
        }
    }
}

/// What is done next while the tree is walked without recursion.
struct Task {
    kind: NodeKind,
    depth: usize,
    position: usize,
    set_size: usize,
    parent: Option<usize>,
}

struct Builder<'a> {
    view: &'a TraceView,
    grouped: bool,
    out: &'a mut Waterfall,
    children: Vec<Vec<usize>>,
    /// Spans by the missing parent that they name.
    orphans: HashMap<&'a str, Vec<usize>>,
    /// Members of each group, by its first span.
    members: HashMap<usize, Vec<usize>>,
    placed: Vec<bool>,
    keys: HashSet<u64>,
}

impl<'a> Builder<'a> {
    fn new(view: &'a TraceView, grouped: bool, out: &'a mut Waterfall) -> Self {
        let count = view.spans.len();
        Self {
            view,
            grouped,
            out,
            children: vec![Vec::new(); count],
            orphans: HashMap::new(),
            members: HashMap::new(),
            placed: vec![false; count],
            keys: HashSet::new(),
        }
    }

    fn build(mut self) {
        let tops = self.link();
        let mut stack = Vec::new();
        self.push_siblings(&mut stack, tops, 0, None);
        self.walk(stack);
        // What is left hangs in cycles of parents: cut each at its earliest span.
        for span in 0..self.view.spans.len() {
            if self.placed.get(span) == Some(&false) {
                let task = Task { kind: NodeKind::Span(span), depth: 0, position: 1, set_size: 1, parent: None };
                self.walk(vec![task]);
            }
        }
    }

    /// Fills `children` and returns the top rows by time: roots, and missing parents.
    fn link(&mut self) -> Vec<NodeKind> {
        let mut by_id: HashMap<&str, usize> = HashMap::with_capacity(self.view.spans.len());
        for (index, span) in self.view.spans.iter().enumerate() {
            by_id.entry(span.span_id.as_str()).or_insert(index);
        }
        let mut tops = Vec::new();
        for (index, span) in self.view.spans.iter().enumerate() {
            let Some(parent) = span.parent_span_id.as_deref() else {
                tops.push(NodeKind::Span(index));
                continue;
            };
            match by_id.get(parent).and_then(|parent| self.children.get_mut(*parent)) {
                Some(siblings) => siblings.push(index),
                None => {
                    let orphans = self.orphans.entry(parent).or_default();
                    if orphans.is_empty() {
                        tops.push(NodeKind::Missing(parent.to_owned()));
                    }
                    orphans.push(index);
                }
            }
        }
        tops
    }

    fn walk(&mut self, mut stack: Vec<Task>) {
        while let Some(task) = stack.pop() {
            if let NodeKind::Span(span) = task.kind {
                match self.placed.get_mut(span) {
                    Some(placed) if !*placed => *placed = true,
                    _ => continue,
                }
            }
            let row = self.out.nodes.len();
            let depth = task.depth + 1;
            let below = self.below(&task.kind);
            let node = self.node(task);
            self.out.nodes.push(node);
            let count = self.push_siblings(&mut stack, below, depth, Some(row));
            if let Some(node) = self.out.nodes.get_mut(row) {
                node.children = count;
            }
            if let Some(NodeKind::Span(span)) = self.out.nodes.get(row).map(|node| node.kind.clone())
                && let Some(place) = self.out.row_of_span.get_mut(span)
            {
                *place = row;
            }
        }
    }

    /// Returns what stands directly below a row.
    fn below(&mut self, kind: &NodeKind) -> Vec<NodeKind> {
        let spans = match kind {
            NodeKind::Span(span) => self.children.get_mut(*span).map(std::mem::take).unwrap_or_default(),
            NodeKind::Missing(id) => self.orphans.get(id.as_str()).cloned().unwrap_or_default(),
            NodeKind::Group { first, .. } => {
                let members = self.members.get(first).cloned().unwrap_or_default();
                return members.into_iter().map(NodeKind::Span).collect();
            }
        };
        let free: Vec<usize> = spans.into_iter().filter(|span| self.placed.get(*span) == Some(&false)).collect();
        self.group(&free)
    }

    /// Turns siblings into rows, runs of equal leaves into groups.
    fn group(&mut self, siblings: &[usize]) -> Vec<NodeKind> {
        let mut rows = Vec::new();
        let mut rest = siblings;
        while let Some(first) = rest.first() {
            let run = if self.grouped { self.run_length(rest) } else { 1 };
            let (members, after) = rest.split_at(run.min(rest.len()));
            if run >= GROUP_MEMBERS_MIN {
                let spans = members.iter().filter_map(|span| self.view.spans.get(*span));
                let sum_ns = spans.fold(0_i64, |sum, span| sum.saturating_add(span.duration_ns.0));
                rows.push(NodeKind::Group { first: *first, count: run, sum_ns });
                self.members.insert(*first, members.to_vec());
            } else {
                rows.extend(members.iter().map(|span| NodeKind::Span(*span)));
            }
            rest = after;
        }
        rows
    }

    /// Returns how many of the first siblings are alike, at least 1.
    fn run_length(&self, siblings: &[usize]) -> usize {
        let look = |span: &usize| -> Option<(&SpanRow, bool)> {
            let row = self.view.spans.get(*span)?;
            let leaf = self.children.get(*span).is_some_and(Vec::is_empty);
            Some((row, leaf && !is_error(row)))
        };
        let Some((first, true)) = siblings.first().and_then(look) else { return 1 };
        let alike = siblings.iter().map_while(look).take_while(|(span, groupable)| {
            *groupable && span.name == first.name && span.service_name == first.service_name
        });
        alike.count().max(1)
    }

    /// Puts rows on the stack, last first, and returns how many.
    fn push_siblings(&self, stack: &mut Vec<Task>, rows: Vec<NodeKind>, depth: usize, parent: Option<usize>) -> usize {
        let set_size = rows.len();
        for (index, kind) in rows.into_iter().enumerate().rev() {
            stack.push(Task { kind, depth, position: index + 1, set_size, parent });
        }
        set_size
    }

    fn node(&mut self, task: Task) -> Node {
        let (offset_ns, duration_ns, name, is_error) = match &task.kind {
            NodeKind::Span(span) => self.span_numbers(*span, "span"),
            NodeKind::Group { first, .. } => {
                let (offset, _, key, _) = self.span_numbers(*first, "group");
                (offset, self.group_length(*first, offset), key, false)
            }
            NodeKind::Missing(id) => {
                // Spans are sorted by start, so the first orphan is the earliest.
                let first = self.orphans.get(id.as_str()).and_then(|orphans| orphans.first()).copied();
                let offset = first.map_or(0, |span| self.span_numbers(span, "").0);
                (offset, 0, format!("missing {id}"), false)
            }
        };
        Node {
            key: self.unique_key(&name),
            kind: task.kind,
            depth: task.depth,
            descendants: 0,
            children: 0,
            position: task.position,
            set_size: task.set_size,
            parent: task.parent,
            offset_ns,
            duration_ns,
            is_error,
            errors_below: 0,
            starts_folded: false,
        }
    }

    fn span_numbers(&self, span: usize, word: &str) -> (i64, i64, String, bool) {
        self.view.spans.get(span).map_or((0, 0, String::new(), false), |row| {
            (self.offset(row), row.duration_ns.0.max(0), format!("{word} {}", row.span_id), is_error(row))
        })
    }

    fn group_length(&self, first: usize, offset: i64) -> i64 {
        let members = self.members.get(&first).into_iter().flatten();
        let spans = members.filter_map(|span| self.view.spans.get(*span));
        spans.map(|span| self.offset(span).saturating_add(span.duration_ns.0) - offset).fold(0, i64::max)
    }

    fn offset(&self, span: &SpanRow) -> i64 {
        i64::try_from(span.start_unix_nano.0.saturating_sub(self.out.start_unix_nano)).unwrap_or(i64::MAX)
    }

    /// Returns a number for a row's name (FNV-1a, 64 bits); equal names (a span id sent twice) count on.
    fn unique_key(&mut self, name: &str) -> u64 {
        let start = 0xcbf2_9ce4_8422_2325_u64;
        let mut key =
            name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        while !self.keys.insert(key) {
            key = key.wrapping_add(1);
        }
        key
    }
}

fn palette(view: &TraceView) -> Palette {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for span in &view.spans {
        *counts.entry(span.service_name.clone().unwrap_or_default()).or_default() += 1;
    }
    for log in &view.logs {
        counts.entry(log.service_name.clone().unwrap_or_default()).or_default();
    }
    Palette::new(&counts)
}

#[expect(clippy::cast_precision_loss, reason = "a place on the screen needs no more than 52 bits")]
fn as_f64(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
