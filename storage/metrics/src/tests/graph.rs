//! Scenario: calls of which one side, the other or both send spans, in any order, in memory and in segments. Guarantees: every call is
//! on one edge, found as a naive reading finds it; what arrives late takes the place of what stood in for it; memory is bounded by
//! passes that change nothing.

use proptest::prelude::*;

use super::spans::{NOON_MS, One, last, send};
use super::*;
use crate::derived::add_requests;
use crate::derived::stats::Totals;
use crate::select::Window;

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// Attributes, and whom a caller means by them with the connection, and whom a consumer.
type Said = (&'static [(&'static str, &'static str)], Option<(&'static str, &'static str)>, Option<&'static str>);

const SAID: [Said; 7] = [
    (&[], None, None),
    (&[("db.system", "redis")], Some(("redis", "database")), None),
    (
        &[("server.address", "db-1"), ("db.namespace", "orders"), ("db.system.name", "postgresql")],
        Some(("orders", "database")),
        None,
    ),
    (
        &[("messaging.system", "kafka"), ("messaging.destination.name", "mails"), ("server.address", "broker-1")],
        Some(("mails", "messaging_system")),
        Some("mails"),
    ),
    (&[("http.host", "old"), ("server.address", "api.example")], Some(("api.example", "virtual_node")), None),
    (&[("peer.service", "cart"), ("server.address", "10.0.0.1")], Some(("cart", "virtual_node")), None),
    (&[("db.namespace", "orders")], None, None),
];
const SERVICES: [&str; 3] = ["web", "cart", "mail"];

fn spans() -> impl Strategy<Value = Vec<One>> {
    let one = (0..3_u8, 0..8_u8, 0..6_i32, 0..SERVICES.len(), 0..SAID.len(), (any::<bool>(), 0..40_000_i64));
    proptest::collection::vec(one, 1..40).prop_map(|drawn| {
        let mut spans: Vec<One> = Vec::new();
        for (at, (trace, parent, kind, service, said, (failed, end))) in (1_u8..).zip(drawn) {
            // 6 is a parent that nobody sends, 0 none; else one of those before, whatever it is.
            let before: Vec<u8> = spans.iter().filter(|span| span.trace == trace).map(|span| span.id).collect();
            let parent = match parent {
                0 => 0,
                6 => 250,
                other => before.get(usize::from(other) % before.len().max(1)).copied().unwrap_or(0),
            };
            let (service, attributes) = (SERVICES[service], SAID[said].0);
            let (end_ms, took_ms) = (NOON_MS + end, i64::from(at) * 7);
            spans.push(One { service, trace, id: at, parent, kind, end_ms, took_ms, failed, attributes });
        }
        spans
    })
}

/// Labels of an edge and what it is to add up to: requests, failed ones, milliseconds of servers and of clients.
type Edges = BTreeMap<String, (u32, u32, i64, i64)>;

/// Reads the edges off the list of spans, one span at a time.
fn naive(spans: &[One]) -> (Edges, BTreeMap<String, u32>) {
    let (mut edges, mut unpaired) = (Edges::new(), BTreeMap::new());
    let is_client = |span: &One| span.kind == CLIENT || span.kind == PRODUCER;
    let is_server = |span: &One| span.kind == SERVER || span.kind == CONSUMER;
    let mut add = |client: &str, server: &str, connection: &str, node: &str, halves: (&One, &One)| {
        let pairs = [("client", client), ("server", server), ("connection_type", connection), ("virtual_node", node)];
        let edge = edges.entry(Labels::from_pairs(pairs).to_string()).or_default();
        edge.0 += 1;
        edge.1 += u32::from(halves.0.failed || halves.1.failed);
        edge.2 += halves.1.took_ms;
        edge.3 += halves.0.took_ms;
    };
    let mut lost = |side: &str, span: &One| {
        *unpaired.entry(Labels::from_pairs([(side, span.service)]).to_string()).or_default() += 1;
    };
    for span in spans {
        let said = SAID.iter().find(|said| said.0 == span.attributes).unwrap();
        let same_trace = || spans.iter().filter(|other| other.trace == span.trace);
        if is_server(span) && span.parent == 0 {
            match said.2.filter(|_| span.kind == CONSUMER) {
                Some(queue) => add(queue, span.service, "messaging_system", "client", (span, span)),
                None => add("user", span.service, "virtual_node", "client", (span, span)),
            }
        } else if is_server(span) {
            match same_trace().find(|other| is_client(other) && other.id == span.parent) {
                Some(client) => {
                    let of_client = SAID.iter().find(|said| said.0 == client.attributes).unwrap().1;
                    let connection = match of_client {
                        Some((_, "database")) => "database",
                        _ if span.kind == CONSUMER => "messaging_system",
                        _ => "",
                    };
                    add(client.service, span.service, connection, "", (client, span));
                }
                None => lost("server", span),
            }
        } else if is_client(span) && !same_trace().any(|other| is_server(other) && other.parent == span.id) {
            match said.1 {
                Some((peer, connection)) => add(span.service, peer, connection, "server", (span, span)),
                None => lost("client", span),
            }
        }
    }
    (edges, unpaired)
}

/// The newest value of each series of a metric, by its labels without the name.
fn newest(store: &Store, name: &str) -> BTreeMap<String, f64> {
    let at = NOON_MS + 90_000;
    let found = store.select(&[Matcher::equal("__name__", name)], at - 300_000, at);
    let value = |samples: Vec<(i64, String)>| samples.last().unwrap().1.parse().unwrap();
    let without_name = |labels: String| labels.replacen(&format!("__name__=\"{name}\", "), "", 1);
    found.into_iter().map(|(labels, samples)| (without_name(labels), value(samples))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_call_is_on_one_edge_as_a_naive_reading_finds_it(
        spans in spans().prop_flat_map(|spans| (Just(spans.clone()), Just(spans).prop_shuffle())),
        flushes in proptest::collection::vec(0..40_usize, 0..3),
    ) {
        let (spans, sent) = spans;
        let store = Store::new();
        for (at, span) in sent.iter().enumerate() {
            send(&store, std::slice::from_ref(span));
            if flushes.contains(&at) {
                store.flush();
            }
        }
        let (edges, unpaired) = naive(&spans);
        type Edge = (u32, u32, i64, i64);
        let column = |of: &dyn Fn(&Edge) -> f64| -> BTreeMap<String, f64> {
            edges.iter().map(|(labels, edge)| (labels.clone(), of(edge))).collect()
        };
        let graph = |part: &str| newest(&store, &format!("traces_service_graph_{part}"));
        prop_assert_eq!(graph("request_total"), column(&|edge| edge.0.into()));
        prop_assert_eq!(graph("request_failed_total"), column(&|edge| edge.1.into()));
        // Sums of whole milliseconds, in seconds as the metric has them.
        let milliseconds = |part: &str| -> BTreeMap<String, f64> {
            graph(part).into_iter().map(|(labels, seconds)| (labels, (seconds * 1e3).round())).collect()
        };
        prop_assert_eq!(milliseconds("request_server_seconds_sum"), column(&|edge| edge.2 as f64));
        prop_assert_eq!(milliseconds("request_client_seconds_sum"), column(&|edge| edge.3 as f64));
        let unpaired: BTreeMap<String, f64> = unpaired.into_iter().map(|(labels, count)| (labels, count.into())).collect();
        prop_assert_eq!(graph("unpaired_spans_total"), unpaired);
        // In passes over shares of the traces nothing is lost and nothing is counted twice.
        let joined = |at_once: u64| {
            let mut all = Totals::new();
            add_requests(&store.view(), &Window::of(0, NOON_MS + 90_000), at_once, &mut all).unwrap();
            all
        };
        prop_assert_eq!(joined(1_000), joined(7));
    }
}

fn at(milliseconds: i64) -> UnixNanos {
    UnixNanos(u64::try_from(milliseconds).unwrap() * 1_000_000)
}

fn call(attributes: &'static [(&'static str, &'static str)], kind: i32) -> One {
    One { service: "web", id: 1, kind, end_ms: NOON_MS, took_ms: 20, attributes, ..One::default() }
}

#[test]
fn a_call_waits_for_its_other_side_and_gives_way_when_that_comes_late() {
    let total = |store: &Store| newest(store, "traces_service_graph_request_total");
    for (said, kind, stands_in) in [
        (
            &SAID[4],
            CLIENT,
            r#"{client="web", connection_type="virtual_node", server="api.example", virtual_node="server"}"#,
        ),
        (
            &SAID[3],
            PRODUCER,
            r#"{client="web", connection_type="messaging_system", server="mails", virtual_node="server"}"#,
        ),
    ] {
        let mut store = Store::new();
        send(&store, &[call(said.0, kind)]);
        store.now = at(NOON_MS + 9_999);
        assert_eq!(total(&store), BTreeMap::new());
        store.now = at(NOON_MS + 10_000);
        assert_eq!(total(&store), BTreeMap::from([(stands_in.to_owned(), 1.0)]));
        store.flush();
        let late = One {
            service: "cart",
            id: 2,
            parent: 1,
            kind: if kind == CLIENT { SERVER } else { CONSUMER },
            ..call(&[], 0)
        };
        send(&store, &[late]);
        let found = total(&store);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found.iter().all(|(labels, value)| labels.contains(r#"server="cart""#) && *value == 1.0), "{found:?}");
        assert_eq!(newest(&store, "traces_service_graph_unpaired_spans_total"), BTreeMap::new());
    }
}

#[test]
fn databases_and_callers_without_spans_are_there_at_once() {
    let mut store = Store::new();
    store.now = at(NOON_MS);
    let entry = One { id: 2, kind: SERVER, failed: true, ..call(&[], 0) };
    send(&store, &[call(SAID[2].0, CLIENT), entry]);
    let of = |name: &str, labels: &[(&str, &str)]| last(&store, name, labels, NOON_MS + 60_000);
    let user = [("client", "user"), ("server", "web"), ("connection_type", "virtual_node"), ("virtual_node", "client")];
    assert_eq!(of("traces_service_graph_request_failed_total", &user), Some(1.0));
    let orders = [("client", "web"), ("server", "orders"), ("connection_type", "database"), ("virtual_node", "server")];
    for side in ["server", "client"] {
        let name = format!("traces_service_graph_request_{side}_seconds_count");
        assert_eq!(of(&name, &orders), Some(1.0));
        assert_eq!(of(&name, &user), Some(1.0));
    }
}
