//! The sample run of this package's tests: a shop that takes two orders, of which one fails at the payment.

use super::*;

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

pub(crate) fn value(kind: &'static str, text: &str) -> Value {
    Value { text: text.to_owned(), kind }
}

pub(crate) fn strings(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), value("string", text))).collect()
}

pub(crate) fn span(id: u64, parent: Option<u64>, service: &str, kind: SpanKind, name: &str, ms: i64) -> Span {
    Span {
        trace_id: TRACE.to_owned(),
        span_id: format!("{id:016x}"),
        parent_span_id: parent.map(|parent| format!("{parent:016x}")),
        name: name.to_owned(),
        service: service.to_owned(),
        kind,
        start_unix_nano: 1_000_000_000 + id * 1_000_000,
        duration_ns: ms * 1_000_000,
        resource: Arc::new(strings(&[("service.version", "2.4.9")])),
        ..Span::default()
    }
}

pub(crate) fn log(span: Option<u64>, service: &str, severity: i32, body: &str) -> Log {
    Log {
        trace_id: span.map(|_| TRACE.to_owned()).unwrap_or_default(),
        span_id: span.map(|id| format!("{id:016x}")).unwrap_or_default(),
        time_unix_nano: 1_000_000_000,
        severity,
        body: body.to_owned(),
        service: service.to_owned(),
        attributes: strings(&[("order.id", "17")]),
    }
}

pub(crate) fn series(name: &str, kind: MetricKind, labels: &[(&str, &str)], value: f64) -> Series {
    let (name, service) = (name.to_owned(), "shop".to_owned());
    Series { name, unit: "{order}".to_owned(), kind, service, labels: strings(labels), value }
}

pub(crate) fn sample() -> Observed {
    use SpanKind::{Client, Internal, Server};
    let mut spans = vec![
        span(1, None, "shop", Server, "POST /orders", 40),
        span(2, Some(1), "shop", Client, "GET /stock", 5),
        span(3, Some(1), "shop", Client, "SELECT stock", 2),
        span(4, Some(1), "shop", Client, "SELECT stock", 3),
        span(5, Some(1), "shop", Client, "SELECT stock", 4),
        span(6, Some(1), "payment", Internal, "charge", 20),
        span(7, None, "shop", Server, "POST /orders", 200),
    ];
    for order in [0, 6] {
        spans[order].attributes = strings(&[("http.route", "/orders"), ("tenant.id", "acme")]);
        spans[order].attributes.insert("http.response.status_code".to_owned(), value("int", "201"));
    }
    spans[1].attributes = strings(&[("http.route", "/stock")]);
    for select in &mut spans[2..5] {
        select.attributes = strings(&[("db.system.name", "sqlite")]);
    }
    let charge = &mut spans[5];
    (charge.status, charge.message) = (StatusCode::Error, "card declined".to_owned());
    charge.attributes = strings(&[("card.kind", "visa")]);
    for (key, kind, text) in [("amount", "double", "12.5"), ("retries", "int", "2"), ("card.present", "bool", "false")]
    {
        charge.attributes.insert(key.to_owned(), value(kind, text));
    }
    Observed {
        spans,
        logs: vec![
            log(Some(1), "shop", 9, "order 17 accepted"),
            log(Some(6), "payment", 17, "the card was declined"),
            log(None, "worker", 9, "worker started"),
        ],
        series: vec![
            series("orders.created", MetricKind::Counter, &[("tenant.id", "a")], 2.0),
            series("orders.created", MetricKind::Counter, &[("tenant.id", "b")], 1.0),
            series("queue.depth", MetricKind::Gauge, &[], 3.0),
        ],
    }
}

#[test]
fn a_loop_of_parents_ends_at_the_limit() {
    let spans = [span(1, Some(2), "s", SpanKind::Internal, "a", 1), span(2, Some(1), "s", SpanKind::Internal, "b", 1)];
    let tree = Tree::new(&spans);
    assert_eq!(tree.line(&spans[0]).count(), ANCESTORS);
    assert!(tree.database_calls(&spans[0]).is_empty());
}
