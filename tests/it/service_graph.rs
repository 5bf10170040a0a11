//! Scenario: a shop whose database, queue, payment service and customers send no spans; later the mailer behind the queue does.
//! Guarantees: the service graph that Grafana asks for shows each of them as a virtual node, with exact counts, in memory and after a
//! flush; a span that arrives late takes the place of the node that stood in for it.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use telltale_tests::http::{Http, Signal, percent};
use telltale_tests::otlp;

use crate::support::server;

const SECOND: u64 = 1_000_000_000;

/// A span of a kind that ended some seconds ago.
fn span(order: u8, id: u8, parent: u8, kind: i32, attributes: &[(&str, &str)]) -> Span {
    let mut span = otlp::span([order; 16], [id; 8], "order");
    span.kind = kind;
    span.end_time_unix_nano = otlp::now() - 40 * SECOND;
    span.start_time_unix_nano = span.end_time_unix_nano - SECOND / 4;
    span.attributes = attributes.iter().map(|(key, value)| otlp::text(key, *value)).collect();
    if parent == 0 { span } else { otlp::child_of(span, [parent; 8]) }
}

async fn order(http: &Http, order: u8, fails: bool) {
    let postgres = [("db.system.name", "postgresql"), ("db.namespace", "orders"), ("server.address", "db-1")];
    let kafka = [("messaging.system", "kafka"), ("messaging.destination.name", "mails")];
    let gateway = vec![span(order, 1, 0, 2, &[]), span(order, 2, 1, 3, &[("server.address", "shop.internal")])];
    let pay = span(order, 6, 3, 3, &[("server.address", "pay.example")]);
    let shop = vec![
        span(order, 3, 2, 2, &[]),
        span(order, 4, 3, 3, &postgres),
        span(order, 5, 3, 4, &kafka),
        if fails { otlp::failed(pay, "declined") } else { pay },
    ];
    for (service, spans) in [("gateway", gateway), ("shop", shop)] {
        let _ = http.export(Signal::Traces, &otlp::traces(service, spans)).await.ok();
    }
}

/// Edges as "client > server, connection, virtual node" with their values.
async fn edges(http: &Http, metric: &str) -> BTreeMap<String, String> {
    let answer = http.get_json(&format!("/prometheus/api/v1/query?query={}", percent(metric))).await;
    let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let line = |one: &Value| {
        let label = |name: &str| one["metric"][name].as_str().unwrap_or("-").to_owned();
        let name = ["client", "server", "connection_type", "virtual_node"].map(label).join(" ");
        (name, one["value"][1].as_str().unwrap().to_owned())
    };
    result.iter().map(line).collect()
}

fn expected(edges: &[(&str, &str)]) -> BTreeMap<String, String> {
    edges.iter().map(|(edge, value)| ((*edge).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_service_graph_shows_who_sends_no_spans() {
    const TOTAL: &str = "traces_service_graph_request_total";
    let server = server();
    for number in 1..=3 {
        order(&server.http, number, number == 2).await;
    }
    for is_flushed in [false, true] {
        if is_flushed {
            server.http.flush_durable().await;
        }
        let all = [
            ("gateway shop - -", "3"),
            ("shop mails messaging_system server", "3"),
            ("shop orders database server", "3"),
            ("shop pay.example virtual_node server", "3"),
            ("user gateway virtual_node client", "3"),
        ];
        assert_eq!(edges(&server.http, TOTAL).await, expected(&all));
        let failed = edges(&server.http, "traces_service_graph_request_failed_total > 0").await;
        assert_eq!(failed, expected(&[("shop pay.example virtual_node server", "1")]));
    }
    // As Grafana's service graph asks.
    let rate = "sum by (client, server) (increase(traces_service_graph_request_server_seconds_sum{connection_type=\"database\"}[1h]))";
    let found = edges(&server.http, rate).await;
    assert_eq!(found.keys().collect::<Vec<_>>(), ["shop orders - -"]);
    // The mailer's spans of one order come late, and one whose caller nobody knows.
    let mailer = vec![span(1, 7, 5, 5, &[]), span(9, 7, 99, 5, &[])];
    let _ = server.http.export(Signal::Traces, &otlp::traces("mailer", mailer)).await.ok();
    let messages = edges(&server.http, &format!("{TOTAL}{{connection_type=\"messaging_system\"}}")).await;
    let all = [("shop mailer messaging_system -", "1"), ("shop mails messaging_system server", "2")];
    assert_eq!(messages, expected(&all));
    let unpaired = edges(&server.http, "traces_service_graph_unpaired_spans_total").await;
    assert_eq!(unpaired, expected(&[("- mailer - -", "1")]));
}
