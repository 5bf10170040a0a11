//! Who called whom, by service: the graph of one trace, laid out from left to right.

use std::collections::HashMap;

use telltale_story::pack::Structure;

use crate::layers::place;

/// A service, or something that was called and recorded nothing itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The name; empty for spans without a service.
    pub name: String,
    /// Whether it recorded nothing itself: its callers name it.
    pub is_silent: bool,
    /// Spans.
    pub spans: u64,
    /// Of these, with an error.
    pub errors: u64,
    /// Self times together.
    pub self_ns: i64,
    /// Column, from the left.
    pub column: usize,
    /// Place in its column.
    pub line: usize,
}

/// Calls from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Position of the caller.
    pub from: usize,
    /// Position of the called.
    pub to: usize,
    /// Calls.
    pub calls: u64,
    /// Of these, with an error on the called side.
    pub errors: u64,
    /// Durations on the called side together.
    pub total_ns: i64,
    /// Row of the longest.
    pub row: u32,
    longest_ns: i64,
}

/// The graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// Nodes, callers before what they call where there is no loop.
    pub nodes: Vec<Node>,
    /// Edges, by caller.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// Returns the number of columns, and the number of lines of the fullest one.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let most = |of: fn(&Node) -> usize| self.nodes.iter().map(of).max().map_or(0, |most| most + 1);
        (most(|node| node.column), most(|node| node.line))
    }
}

#[derive(Default)]
struct Builder {
    graph: Graph,
    nodes: HashMap<(String, bool), usize>,
    edges: HashMap<(usize, usize), usize>,
}

impl Builder {
    fn node(&mut self, name: &str, is_silent: bool) -> usize {
        let next = self.graph.nodes.len();
        let place = *self.nodes.entry((name.to_owned(), is_silent)).or_insert(next);
        if place == next {
            let name = name.to_owned();
            self.graph.nodes.push(Node { name, is_silent, spans: 0, errors: 0, self_ns: 0, column: 0, line: 0 });
        }
        place
    }

    fn call(&mut self, from: usize, to: usize, row: u32, failed: bool, duration_ns: i64) {
        let next = self.graph.edges.len();
        let place = *self.edges.entry((from, to)).or_insert(next);
        if place == next {
            self.graph.edges.push(Edge { from, to, calls: 0, errors: 0, total_ns: 0, row, longest_ns: i64::MIN });
        }
        if let Some(edge) = self.graph.edges.get_mut(place) {
            edge.calls += 1;
            edge.errors += u64::from(failed);
            edge.total_ns = edge.total_ns.saturating_add(duration_ns.max(0));
            if duration_ns > edge.longest_ns {
                (edge.longest_ns, edge.row) = (duration_ns, row);
            }
        }
    }
}

/// Builds the graph; `silent_peer` names what a span called when the called side recorded nothing.
#[must_use]
pub fn graph(structure: &Structure, mut silent_peer: impl FnMut(u32) -> Option<String>) -> Graph {
    let rows = &structure.rows;
    let mut builder = Builder::default();
    let column =
        |values: &[i64], row: u32| values.get(usize::try_from(row).unwrap_or(usize::MAX)).copied().unwrap_or_default();
    for row in (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).filter(|row| !rows.is_missing(*row)) {
        let service = structure.service(row).unwrap_or_default();
        let here = builder.node(service, false);
        let (failed, duration) = (rows.is_error(row), column(&rows.duration_ns, row));
        if let Some(node) = builder.graph.nodes.get_mut(here) {
            node.spans += 1;
            node.errors += u64::from(failed);
            node.self_ns = node.self_ns.saturating_add(column(&rows.self_ns, row));
        }
        let parent = rows.parent(row).filter(|parent| !rows.is_missing(*parent));
        if let Some(caller) = parent.and_then(|parent| structure.service(parent)).filter(|caller| *caller != service) {
            let caller = builder.node(caller, false);
            builder.call(caller, here, row, failed, duration);
        }
        // Client and producer spans without a span below them called something that says nothing.
        if matches!(rows.kind(row), 3 | 4)
            && !rows.has_children(row)
            && let Some(peer) = silent_peer(row)
        {
            let peer = builder.node(&peer, true);
            builder.call(here, peer, row, failed, duration);
        }
    }
    lay_out(&mut builder.graph);
    builder.graph
}

/// Puts each node to the right of its callers; what closes a loop is left aside.
fn lay_out(graph: &mut Graph) {
    let edges: Vec<(usize, usize)> = graph.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let spots = place(graph.nodes.len(), &edges, usize::MAX);
    for (node, spot) in graph.nodes.iter_mut().zip(spots) {
        (node.column, node.line) = (spot.column, spot.line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_api::Nanos;
    use telltale_api::SignedNanos;
    use telltale_api::trace::{SpanRow, TraceView};
    use telltale_story::pack::{Reader, write};
    use telltale_story::story::Analysis;

    fn trace(spans: &[(&str, u64, u64, i32)]) -> Structure {
        let spans = spans.iter().map(|(service, id, parent, kind)| SpanRow {
            span_id: format!("{id:016x}"),
            parent_span_id: (*parent > 0).then(|| format!("{parent:016x}")),
            name: "op".to_owned(),
            kind: *kind,
            service_name: Some((*service).to_owned()),
            start_unix_nano: Nanos(1_000 + id),
            duration_ns: SignedNanos(7),
            ..SpanRow::default()
        });
        let view = TraceView { trace_id: "0a".repeat(16), spans: spans.collect(), ..TraceView::default() };
        let mut reader = Reader::new();
        let whole = reader.push(&write(&view, &Analysis::new(&view))).unwrap().unwrap();
        Structure::clone(&whole)
    }

    #[test]
    fn calls_run_from_left_to_right_and_silent_peers_are_named() {
        let trace =
            trace(&[("web", 1, 0, 2), ("web", 2, 1, 3), ("shop", 3, 2, 2), ("shop", 4, 3, 3), ("shop", 5, 3, 3)]);
        let graph = graph(&trace, |_| Some("postgresql".to_owned()));
        let nodes: Vec<_> = graph.nodes.iter().map(|n| (n.name.as_str(), n.is_silent, n.spans, n.column)).collect();
        assert_eq!(nodes, [("web", false, 2, 0), ("shop", false, 3, 1), ("postgresql", true, 0, 2)]);
        let edges: Vec<_> = graph.edges.iter().map(|e| (e.from, e.to, e.calls, e.total_ns)).collect();
        assert_eq!(edges, [(0, 1, 1, 7), (1, 2, 2, 14)]);
        assert_eq!(graph.size(), (3, 1));
    }

    #[test]
    fn a_loop_of_services_ends() {
        let trace = trace(&[("a", 1, 0, 1), ("b", 2, 1, 1), ("a", 3, 2, 1), ("b", 4, 3, 1), ("c", 5, 4, 1)]);
        let graph = graph(&trace, |_| None);
        assert_eq!((graph.nodes.len(), graph.edges.len()), (3, 3));
        let (columns, lines) = graph.size();
        assert!(columns <= 3 && lines <= 3);
    }
}
