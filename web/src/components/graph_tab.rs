//! The graph of this trace: services from left to right, what was called without recording anything dashed; and the same
//! as a table.

use leptos::prelude::*;
use telltale_api::trace::SpanRow;

use crate::components::bits::{service_chip, service_name, skeleton};
use crate::components::verdict::span_link;
use crate::dom::{El, el, svg, text_el};
use crate::graph::{Edge, Graph, Node, graph};
use crate::pages::story::data::Trace;
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// Size of a node and of the room that it has.
const NODE: (usize, usize) = (170, 44);
const ROOM: (usize, usize) = (270, 78);

/// Attributes that name what a span called, best first.
const PEERS: [&str; 8] = [
    "peer.service",
    "db.system.name",
    "db.system",
    "messaging.destination.name",
    "messaging.system",
    "rpc.service",
    "server.address",
    "net.peer.name",
];

/// The view's content.
pub(crate) fn graph_tab(state: StoryState) -> El {
    el("div").children(move || {
        let (Some(trace), Some(details)) = (state.trace.get(), state.details.get()) else { return skeleton(8) };
        let structure = &trace.structure;
        let graph = graph(structure, |row| details.span(structure, row).as_ref().and_then(peer));
        if graph.nodes.is_empty() {
            return text_el("p", "list-empty muted", strings::NO_SPANS);
        }
        el("div").class("graph").add([drawing(&trace, &graph), table(state, &trace, &graph)])
    })
}

fn peer(span: &SpanRow) -> Option<String> {
    let mut keys = PEERS.iter();
    keys.find_map(|key| span.attributes.iter().find(|a| a.key == *key && !a.value.is_empty())).map(|a| a.value.clone())
}

fn place(node: &Node) -> (usize, usize) {
    (node.column * ROOM.0 + 10, node.line * ROOM.1 + 14)
}

fn drawing(trace: &Trace, graph: &Graph) -> El {
    let (columns, lines) = graph.size();
    let (width, height) = (columns * ROOM.0 + 10, lines * ROOM.1 + 14);
    let most = graph.edges.iter().map(|edge| edge.calls).max().unwrap_or(1).max(1);
    let edges = graph.edges.iter().flat_map(|edge| edge_els(graph, edge, most));
    let nodes = graph.nodes.iter().map(|node| node_el(trace, node));
    let picture = svg("svg")
        .class("graph-picture")
        .attr("role", "img")
        .attr("width", &width.to_string())
        .attr("height", &height.to_string())
        .attr("viewBox", &format!("0 0 {width} {height}"))
        .label(&strings::graph_words(graph.nodes.len(), graph.edges.len()))
        .add_all(edges)
        .add_all(nodes);
    el("div").class("graph-place").attr("tabindex", "0").label(strings::GRAPH_LABEL).attr("role", "group").add(picture)
}

fn edge_els(graph: &Graph, edge: &Edge, most: u64) -> Vec<El> {
    let (Some(from), Some(to)) = (graph.nodes.get(edge.from), graph.nodes.get(edge.to)) else { return Vec::new() };
    let ((x1, y1), (x2, y2)) = (place(from), place(to));
    let (y1, y2) = (y1 + NODE.1 / 2, y2 + NODE.1 / 2);
    let back = to.column <= from.column;
    // A call back to the left goes around below.
    let (start, end) = if back { (x1 + NODE.0 / 2, x2 + NODE.0 / 2) } else { (x1 + NODE.0, x2) };
    let middle = usize::midpoint(start, end);
    let low = y1.max(y2) + ROOM.1 / 2;
    let path = if back {
        format!("M{start},{} C{start},{low} {end},{low} {end},{}", y1 + NODE.1 / 2, y2 + NODE.1 / 2)
    } else {
        format!("M{start},{y1} C{middle},{y1} {middle},{y2} {end},{y2}")
    };
    let weight = 1 + 3 * edge.calls / most;
    let class = if edge.errors > 0 { "graph-edge graph-edge-error" } else { "graph-edge" };
    let words = strings::calls(edge.calls, edge.errors, &format::duration(edge.total_ns));
    let label_y = if back { low } else { usize::midpoint(y1, y2) };
    vec![
        svg("path").class(class).attr("d", &path).attr("stroke-width", &weight.to_string()),
        svg("text")
            .class(if edge.errors > 0 { "graph-label graph-label-error" } else { "graph-label" })
            .attr("x", &middle.to_string())
            .attr("y", &(label_y.saturating_sub(5)).to_string())
            .text(&words),
    ]
}

fn node_el(trace: &Trace, node: &Node) -> El {
    let (x, y) = place(node);
    let class = if node.is_silent {
        "graph-node graph-silent".to_owned()
    } else {
        format!("graph-node {}", trace.palette.look(Some(&node.name)).class)
    };
    let name = service_name(&node.name);
    let short: String = if name.chars().count() > 24 { name.chars().take(23).chain(['…']).collect() } else { name };
    let numbers = if node.is_silent {
        strings::SILENT.to_owned()
    } else {
        strings::node_words(&format::counted(node.spans, "span"), &format::duration(node.self_ns))
    };
    svg("g").class(&class).add([
        svg("rect")
            .attr("x", &x.to_string())
            .attr("y", &y.to_string())
            .attr("width", &NODE.0.to_string())
            .attr("height", &NODE.1.to_string())
            .attr("rx", "5"),
        svg("text").class("graph-name").attr("x", &(x + 10).to_string()).attr("y", &(y + 18).to_string()).text(&short),
        svg("text")
            .class("graph-numbers")
            .attr("x", &(x + 10).to_string())
            .attr("y", &(y + 34).to_string())
            .text(&numbers),
    ])
}

fn table(state: StoryState, trace: &Trace, graph: &Graph) -> El {
    let header = |words: &str| text_el("th", "", words).attr("scope", "col");
    let name = |place: usize| {
        let node = graph.nodes.get(place);
        let chip = node.filter(|node| !node.is_silent).map(|node| service_chip(&trace.palette.look(Some(&node.name))));
        el("td").add(chip).text(&format!(" {}", node.map(|node| service_name(&node.name)).unwrap_or_default()))
    };
    let rows = graph.edges.iter().map(|edge| {
        let id = trace.structure.id_hex(edge.row);
        let errors = if edge.errors > 0 { format::count(edge.errors) } else { "–".to_owned() };
        el("tr").add([
            name(edge.from),
            name(edge.to),
            text_el("td", "num", &format::count(edge.calls)),
            text_el("td", if edge.errors > 0 { "num danger-text" } else { "num muted" }, &errors),
            text_el("td", "num", &format::duration(edge.total_ns)),
            el("td").add(span_link(state, &id, "", strings::FLAME_LONGEST)),
        ])
    });
    let head = el("tr").add([
        header(strings::COLUMN_CALLER),
        header(strings::COLUMN_CALLED),
        header(strings::COLUMN_CALLS),
        header(strings::COLUMN_ERRORS),
        header(strings::COLUMN_TOTAL),
        header(strings::COLUMN_EXAMPLE),
    ]);
    el("table")
        .class("plain-table")
        .add(text_el("caption", "hidden", strings::GRAPH_TABLE))
        .add(el("thead").add(head))
        .add(el("tbody").add_all(rows))
}
