//! A shop of five services: carts that work, payments that time out and are tried again, a query in a loop.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::{ERROR, INFO, MILLI, Payload, Random, WARN, int, log, logs, spans, text};

const GATEWAY: usize = 0;
const CHECKOUT: usize = 1;
const PAYMENTS: usize = 2;
const INVENTORY: usize = 3;

/// Services with the version that they run.
const SERVICES: [(&str, &str); 4] =
    [("gateway", "4.12.1"), ("checkout", "2.3.0"), ("payments", "1.9.4"), ("inventory", "0.8.2")];

/// Requests of the history.
const REQUESTS: u64 = 80;

/// Time that the history spans.
const HISTORY: u64 = 10 * 60 * 1000 * MILLI;

/// OTLP span kinds.
const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

/// Spans and logs of one request, by service.
#[derive(Debug, Default)]
struct Request {
    spans: [Vec<Span>; 4],
    logs: [Vec<LogRecord>; 4],
}

impl Request {
    /// Adds a span and returns it for its children and logs.
    fn span(&mut self, service: usize, span: Span) -> Span {
        if let Some(spans) = self.spans.get_mut(service) {
            spans.push(span.clone());
        }
        span
    }

    fn log(&mut self, service: usize, record: LogRecord) {
        if let Some(logs) = self.logs.get_mut(service) {
            logs.push(record);
        }
    }
}

fn child(random: &mut Random, parent: &Span, name: &str, kind: i32, (start, length): (u64, u64)) -> Span {
    Span {
        trace_id: parent.trace_id.clone(),
        span_id: random.span_id(),
        parent_span_id: parent.span_id.clone(),
        name: name.to_owned(),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start + length,
        ..Span::default()
    }
}

fn root(random: &mut Random, name: &str, start: u64, length: u64) -> Span {
    let parent = Span { trace_id: random.trace_id(), ..Span::default() };
    child(random, &parent, name, SERVER, (start, length))
}

fn failed(mut span: Span, kind: &str, message: &str) -> Span {
    span.status = Some(Status { code: 2, message: message.to_owned() });
    span.events.push(Event {
        time_unix_nano: span.end_time_unix_nano,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", kind), text("exception.message", message)],
        ..Event::default()
    });
    span
}

fn http(mut span: Span, method: &str, route: &str, status: i64) -> Span {
    span.attributes.extend([
        text("http.request.method", method),
        text("http.route", route),
        int("http.response.status_code", status),
    ]);
    span
}

/// Makes the requests of the last ten minutes before `now`, oldest first.
pub(crate) fn history(random: &mut Random, now: u64) -> Vec<Payload> {
    let mut payloads = Vec::new();
    for number in 0..REQUESTS {
        let start = now - HISTORY + HISTORY / REQUESTS * number + random.below(2000) * MILLI / 2;
        let request = match number % 8 {
            3 => checkout(random, start, number % 16 == 3),
            _ => cart(random, start),
        };
        let Request { spans: all, logs: records } = request;
        for (at, (service, version)) in SERVICES.iter().enumerate() {
            payloads
                .extend(all.get(at).filter(|list| !list.is_empty()).map(|list| spans(service, version, list.clone())));
            payloads.extend(
                records.get(at).filter(|list| !list.is_empty()).map(|list| logs(service, version, list.clone())),
            );
        }
    }
    payloads
}

/// A cart is shown: quick, and all is well.
fn cart(random: &mut Random, start: u64) -> Request {
    let mut request = Request::default();
    let user = format!("user-{}", 100 + random.below(40));
    let length = (20 + random.below(60)) * MILLI;
    let mut top = http(root(random, "GET /cart", start, length), "GET", "/cart", 200);
    top.attributes.push(text("enduser.id", &user));
    let top = request.span(GATEWAY, top);
    let call = child(random, &top, "GET", CLIENT, (start + 2 * MILLI, length - 4 * MILLI));
    let call = request.span(GATEWAY, http(call, "GET", "/stock", 200));
    let stock = child(random, &call, "GET /stock", SERVER, (start + 4 * MILLI, length - 8 * MILLI));
    let stock = request.span(INVENTORY, http(stock, "GET", "/stock", 200));
    let mut query = child(random, &stock, "SELECT stock", CLIENT, (start + 6 * MILLI, length - 12 * MILLI));
    query.attributes.extend([
        text("db.system.name", "postgresql"),
        text("db.namespace", "stock"),
        text("db.query.text", "SELECT sku, amount FROM stock WHERE sku = ANY($1)"),
    ]);
    request.span(INVENTORY, query);
    let items = 1 + random.below(9);
    request.log(GATEWAY, log(&top, start + length, INFO, &format!("cart of {user} shown with {items} items")));
    request
}

/// An order is paid; when it fails, payments timed out three times after a query in a loop.
fn checkout(random: &mut Random, start: u64, fails: bool) -> Request {
    let mut request = Request::default();
    let order = format!("order-{}", 1000 + random.below(9000));
    let length = if fails { 1_840 } else { 260 } * MILLI;
    let status = if fails { 500 } else { 201 };
    let mut top = http(root(random, "POST /checkout", start, length), "POST", "/checkout", status);
    top.attributes.push(text("order.id", &order));
    if fails {
        top.status = Some(Status { code: 2, message: String::new() });
    }
    let top = request.span(GATEWAY, top);
    let place = child(random, &top, "checkout.place_order", SERVER, (start + 4 * MILLI, length - 8 * MILLI));
    let place = if fails { failed(place, "PaymentTimeout", "payment was not confirmed in time") } else { place };
    let place = request.span(CHECKOUT, place);
    let reserve = child(random, &place, "inventory.reserve", SERVER, (start + 10 * MILLI, 180 * MILLI));
    let reserve = request.span(INVENTORY, reserve);
    let reads = if fails { 38 } else { 2 };
    for read in 0..reads {
        let at = start + 12 * MILLI + read * 4 * MILLI;
        let mut query = child(random, &reserve, "SELECT stock", CLIENT, (at, 3 * MILLI));
        query.attributes.extend([
            text("db.system.name", "postgresql"),
            text("db.namespace", "stock"),
            text("db.query.text", "SELECT amount FROM stock WHERE sku = $1"),
        ]);
        request.span(INVENTORY, query);
    }
    pay(random, &mut request, &place, (start + 200 * MILLI, &order), fails);
    let (level, told) = if fails { (ERROR, "failed: payment was not confirmed in time") } else { (INFO, "placed") };
    request.log(CHECKOUT, log(&place, start + length - 6 * MILLI, level, &format!("{order} {told}")));
    request
}

fn pay(random: &mut Random, request: &mut Request, parent: &Span, (start, order): (u64, &str), fails: bool) {
    let tries = if fails { 3 } else { 1 };
    let length = if fails { 480 } else { 40 } * MILLI;
    let all = child(random, parent, "payments.authorize", SERVER, (start, tries * (length + 20 * MILLI)));
    let all = request.span(PAYMENTS, all);
    for attempt in 0..tries {
        let at = start + attempt * (length + 20 * MILLI);
        let status = if fails { 503 } else { 200 };
        let mut call = http(child(random, &all, "POST", CLIENT, (at, length)), "POST", "/v1/charges", status);
        call.attributes.push(text("server.address", "api.stripe.example"));
        if attempt > 0 {
            call.attributes.push(int("http.request.resend_count", i64::try_from(attempt).unwrap_or(0)));
        }
        let call = if fails { failed(call, "Timeout", "POST /v1/charges: deadline exceeded") } else { call };
        let call = request.span(PAYMENTS, call);
        if fails {
            let body = format!("charge for {order} timed out after 480 ms, try {} of 3", attempt + 1);
            request.log(PAYMENTS, log(&call, at + length, WARN, &body));
        }
    }
    let check = child(random, &all, "fraud.score", INTERNAL, (start, 5 * MILLI));
    request.span(PAYMENTS, check);
}
