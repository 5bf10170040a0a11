//! Who calls whom: a span whose parent is another service's is a call between the two, and a client span that nobody
//! answered with spans is a call to a peer that sends none.

use std::collections::{BTreeMap, HashMap};

use telltale_api::Nanos;
use telltale_api::services::{MapEdge, MapNode, ServiceMap};
use telltale_model::{SpanId, SpanKind, TraceId};
use telltale_query::{Query, QueryError, QueryLimits};

use super::peers::{Peer, columns, peer};
use super::sketch::Sketch;
use super::{Range, Row, each};
use crate::limits::MAP_SPANS;

/// What the map needs of a span.
#[derive(Debug)]
struct Span {
    trace: TraceId,
    id: SpanId,
    parent: Option<SpanId>,
    service: usize,
    kind: SpanKind,
    start: i64,
    duration: i64,
    is_error: bool,
    weight: f64,
    peer: Option<usize>,
    /// A child answers or goes on with the call: then the child's side is the call.
    is_answered: bool,
}

/// Texts by number.
#[derive(Debug)]
struct Names<T> {
    numbers: HashMap<T, usize>,
    list: Vec<T>,
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    fn new() -> Self {
        Self { numbers: HashMap::new(), list: Vec::new() }
    }

    fn number(&mut self, name: T) -> usize {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        self.list.push(name.clone());
        self.numbers.insert(name, self.list.len() - 1);
        self.list.len() - 1
    }
}

/// The end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Service(usize),
    Peer(usize),
}

#[derive(Debug, Default)]
struct Edge {
    sketch: Sketch,
    slowest: Option<(i64, TraceId)>,
    newest_error: Option<(i64, TraceId)>,
    newest: Option<(i64, TraceId)>,
}

/// Reads the spans of a range and finds the calls among them.
pub(crate) async fn read(store: &Query, range: Range) -> Result<ServiceMap, QueryError> {
    let peers: Vec<String> = columns()
        .iter()
        .map(|(name, expression)| format!("CASE WHEN kind IN (3, 4) THEN {expression} END AS {name}"))
        .collect();
    let sql = format!(
        "SELECT trace_id, span_id, parent_span_id, service_name, kind, start_time_unix_nano, duration_ns, status_code, \
         sampling_weight(trace_state) AS weight, {} FROM spans \
         WHERE start_time_unix_nano >= '{}' AND start_time_unix_nano < '{}'",
        peers.join(", "),
        range.from,
        range.to
    );
    let mut stream = store.stream(&sql, QueryLimits::default().time).await?;
    let (mut services, mut peers) = (Names::new(), Names::new());
    let mut spans = Vec::new();
    let mut is_complete = true;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if spans.len() >= MAP_SPANS {
            is_complete = false;
            break;
        }
        each(&batch, |row| spans.extend(span(&row, &mut services, &mut peers)));
    }
    let (edges, unnamed_calls) = edges(&mut spans);
    let mut map = view(&edges, &services.list, &peers.list, range.seconds());
    map.from_unix_nano = Nanos(range.from.0);
    map.to_unix_nano = Nanos(range.to.0);
    map.unnamed_calls = unnamed_calls;
    map.spans = spans.len() as u64;
    map.is_complete = is_complete;
    Ok(map)
}

fn span(row: &Row<'_>, services: &mut Names<String>, peers: &mut Names<Peer>) -> Option<Span> {
    let peer = peer(row.text(9), row.text(10), row.text(11), row.text(12)).map(|peer| peers.number(peer));
    Some(Span {
        trace: row.text(0)?.parse().ok()?,
        id: row.text(1)?.parse().ok()?,
        parent: row.text(2).and_then(|id| id.parse().ok()),
        service: services.number(row.text(3).unwrap_or_default().to_owned()),
        kind: SpanKind::from_otlp(row.int(4)),
        start: row.time(5),
        duration: row.long(6),
        is_error: row.int(7) == 2,
        weight: row.double(8),
        peer,
        is_answered: false,
    })
}

/// Finds the calls, and counts those to nobody that is known.
fn edges(spans: &mut [Span]) -> (BTreeMap<(End, End), Edge>, f64) {
    let positions: HashMap<(TraceId, SpanId), usize> =
        spans.iter().enumerate().map(|(at, span)| ((span.trace, span.id), at)).collect();
    let mut edges: BTreeMap<(End, End), Edge> = BTreeMap::new();
    let mut answered = Vec::new();
    for span in spans.iter() {
        let Some(at) = span.parent.and_then(|parent| positions.get(&(span.trace, parent))) else { continue };
        let Some(parent) = spans.get(*at) else { continue };
        let is_call = parent.service != span.service;
        if is_call {
            edges.entry((End::Service(parent.service), End::Service(span.service))).or_default().add(span);
        }
        if is_call || matches!(span.kind, SpanKind::Server | SpanKind::Consumer | SpanKind::Client | SpanKind::Producer)
        {
            answered.push(*at);
        }
    }
    for at in answered {
        if let Some(span) = spans.get_mut(at) {
            span.is_answered = true;
        }
    }
    let mut unnamed = 0.0;
    for span in spans.iter() {
        if !span.is_answered && matches!(span.kind, SpanKind::Client | SpanKind::Producer) {
            match span.peer {
                Some(peer) => edges.entry((End::Service(span.service), End::Peer(peer))).or_default().add(span),
                None => unnamed += span.weight,
            }
        }
    }
    (edges, unnamed)
}

impl Edge {
    fn add(&mut self, span: &Span) {
        self.sketch.add(span.duration, span.is_error, span.weight);
        if self.slowest.is_none_or(|(most, _)| span.duration > most) {
            self.slowest = Some((span.duration, span.trace));
        }
        if self.newest.is_none_or(|(last, _)| span.start > last) {
            self.newest = Some((span.start, span.trace));
        }
        if span.is_error && self.newest_error.is_none_or(|(last, _)| span.start > last) {
            self.newest_error = Some((span.start, span.trace));
        }
    }
}

fn view(edges: &BTreeMap<(End, End), Edge>, services: &[String], peers: &[Peer], seconds: f64) -> ServiceMap {
    let node = |end: End| match end {
        End::Service(at) => services.get(at).map(|name| MapNode {
            id: name.clone(),
            name: name.clone(),
            kind: "service".to_owned(),
            system: None,
        }),
        End::Peer(at) => peers.get(at).map(|peer| MapNode {
            // A service may have the name of a database.
            id: format!("{}:{}:{}", peer.kind.as_str(), peer.system.as_deref().unwrap_or(""), peer.name),
            name: peer.name.clone(),
            kind: peer.kind.as_str().to_owned(),
            system: peer.system.clone(),
        }),
    };
    let mut nodes: BTreeMap<String, MapNode> = BTreeMap::new();
    for at in 0..services.len() {
        nodes.extend(node(End::Service(at)).map(|node| (node.id.clone(), node)));
    }
    let mut out = Vec::new();
    for ((from, to), edge) in edges {
        let (Some(from), Some(to)) = (node(*from), node(*to)) else { continue };
        out.push(MapEdge {
            from: from.id,
            to: to.id.clone(),
            calls: edge.sketch.red(seconds),
            slowest_trace_id: edge.slowest.map(|(_, trace)| trace.to_hex()),
            error_trace_id: edge.newest_error.map(|(_, trace)| trace.to_hex()),
            newest_trace_id: edge.newest.map(|(_, trace)| trace.to_hex()),
        });
        nodes.insert(to.id.clone(), to);
    }
    out.sort_by(|one, other| {
        let by_calls = other.calls.requests.total_cmp(&one.calls.requests);
        by_calls.then_with(|| one.from.cmp(&other.from)).then_with(|| one.to.cmp(&other.to))
    });
    ServiceMap { nodes: nodes.into_values().collect(), edges: out, ..ServiceMap::default() }
}
