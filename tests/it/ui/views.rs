//! The story's views: one selection in all of them, everything by keyboard, the state in the URL.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use telltale_tests::http::Signal;
use telltale_tests::server::Server;
use telltale_tests::{otlp, poll};

use super::Browser;
use crate::support::server;

const TRACE: [u8; 16] = [7; 16];
const START: u64 = 1_795_252_443_221_000_000;

/// A span `offset` milliseconds after the trace's start.
fn at(id: u8, parent: u8, name: &str, offset: u64, length: u64) -> Span {
    let mut span = otlp::span(TRACE, [id; 8], name);
    span.start_time_unix_nano = START + offset * 1_000_000;
    span.end_time_unix_nano = span.start_time_unix_nano + length * 1_000_000;
    if parent > 0 { otlp::child_of(span, [parent; 8]) } else { span }
}

/// The same span of a kind, with attributes.
fn with(mut span: Span, kind: i32, attributes: &[(&str, &str)]) -> Span {
    span.kind = kind;
    span.attributes = attributes.iter().map(|(key, value)| otlp::text(key, *value)).collect();
    span
}

const PLAN: &str = "Seq Scan on stock  (cost=0.00..4425.00 rows=12 width=36) (actual time=0.020..4.100 rows=12 loops=1)
  Filter: (warehouse = 7)
  Rows Removed by Filter: 199988
Planning Time: 0.080 ms
Execution Time: 4.150 ms";

const STACK: &str = "Traceback (most recent call last):
  File \"/app/pay.py\", line 3, in pay
    charge()
  File \"/venv/site-packages/requests/api.py\", line 59, in post
TimeoutError: deadline exceeded";

fn gateway() -> Vec<Span> {
    let root = [
        ("http.request.method", "POST"),
        ("http.route", "/checkout"),
        ("http.response.status_code", "500"),
        ("url.full", "https://shop.example/checkout?basket=7"),
        ("customer.id", "acme-42"),
    ];
    vec![
        otlp::failed(with(at(1, 0, "POST /checkout", 0, 1_840), 2, &root), "upstream failed"),
        with(at(2, 1, "checkout.place_order", 20, 1_800), 3, &[("server.address", "checkout.internal")]),
    ]
}

fn checkout() -> Vec<Span> {
    let charge =
        [("http.request.method", "POST"), ("http.response.status_code", "504"), ("server.address", "payments.example")];
    let mut failed = otlp::failed(with(at(4, 3, "POST /v1/charges", 290, 1_380), 3, &charge), "deadline exceeded");
    failed.events.push(Event {
        time_unix_nano: START + 1_660_000_000,
        name: "exception".to_owned(),
        attributes: vec![
            otlp::text("exception.type", "TimeoutError"),
            otlp::text("exception.message", "deadline exceeded after 3 attempts"),
            otlp::text("exception.stacktrace", STACK),
        ],
        ..Event::default()
    });
    failed.links.push(Link { trace_id: vec![9; 16], span_id: vec![9; 8], ..Link::default() });
    let message = [
        ("messaging.system", "kafka"),
        ("messaging.destination.name", "orders"),
        ("messaging.operation.type", "send"),
        ("messaging.message.id", "m-17"),
    ];
    vec![
        with(at(3, 2, "place order", 25, 1_780), 2, &[]),
        failed,
        with(at(5, 3, "publish order.failed", 1_700, 22), 4, &message),
    ]
}

fn inventory() -> Vec<Span> {
    let query = [
        ("db.system.name", "postgresql"),
        ("db.namespace", "orders"),
        ("db.query.text", "SELECT id, pieces FROM stock WHERE warehouse = $1 AND sku = $2 ORDER BY pieces"),
        ("db.query.plan", PLAN),
    ];
    let selects = (10..22_u8).map(|id| with(at(id, 6, "SELECT stock", 32 + u64::from(id) * 8, 6), 3, &query));
    std::iter::once(with(at(6, 3, "GET /stock", 30, 212), 2, &[])).chain(selects).collect()
}

/// A request through three services with repeats, a plan, an exception, a message, a link, and a neighbour's record.
pub(super) async fn shop(server: &Server) {
    let mut body = otlp::log(TRACE, [4; 8], "{\"event\":\"charge\",\"attempts\":3}");
    body.time_unix_nano = START + 1_650_000_000;
    body.severity_number = 17;
    body.severity_text = "ERROR".to_owned();
    let mut near = otlp::log([0; 16], [0; 8], "disk is nearly full");
    near.trace_id.clear();
    near.span_id.clear();
    near.time_unix_nano = START + 1_000_000_000;
    let mut other = otlp::span([9; 16], [9; 8], "the order's import");
    other.links.push(Link { trace_id: TRACE.to_vec(), span_id: vec![4; 8], ..Link::default() });
    let services =
        [("gateway", gateway()), ("checkout", checkout()), ("inventory", inventory()), ("import", vec![other])];
    for (service, spans) in services {
        let _ = server.http.export(Signal::Traces, &otlp::traces(service, spans)).await.ok();
    }
    let _ = server.http.export(Signal::Logs, &otlp::logs("checkout", vec![body, near])).await.ok();
}

pub(super) fn path() -> String {
    format!("/t/{}", "07".repeat(16))
}

/// Each view shows the same trace, is accessible in both colour schemes and has its own address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_of_a_story() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    for (tab, words) in [
        ("timeline", "SELECT stock"),
        ("list", "deadline exceeded after 3 attempts"),
        ("flame", "place order"),
        ("table", "SELECT stock"),
        ("graph", "recorded nothing itself"),
        ("errors", "TimeoutError"),
        ("raw", "resourceSpans"),
    ] {
        browser.goto(&format!("{}?tab={tab}", path())).await;
        browser.until_text("What happened").await;
        browser.until_text(words).await;
        browser.looked_at(&format!("view-{tab}")).await;
        // Whoever reads rows tells services by their chips, whoever hears them by the chips' names.
        if matches!(tab, "timeline" | "list") {
            let chips = "const chips = [...document.querySelectorAll('.rows-shown .chip')]; return chips.length > 3 && \
                 chips.every(chip => chip.textContent && chip.classList.contains('svc') && chip.getAttribute('aria-label'))";
            browser.until_true("every row's chip shows its service", chips).await;
        }
    }
    browser.close().await;
}

/// Scenario: a reader goes from page to page. Guarantees: pages that were left hold no stream, so that the browser's few
/// connections to one server are there for the page that is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_are_left_hold_no_connection() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    for round in 0..9 {
        browser.goto(&format!("{}?tab=raw&log={round}", path())).await;
        browser.until_text("resourceSpans").await;
    }
    poll::until("one live reader", Duration::from_secs(20), async || {
        (server.http.metrics().await.sum("telltale_live_readers", &[]) == Some(1.0)).then_some(())
    })
    .await;
    browser.close().await;
}

/// A span that is chosen in one view is open in all of them, and its viewers show what it holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_selection_and_its_viewers() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&path()).await;
    browser.click_text("[role=treegrid] [role=row]", "POST /v1/charges").await;
    for words in ["TimeoutError", "HTTP", "504", "Linked from", "charge()"] {
        browser.until_text(words).await;
    }
    browser.accessible("drawer-error").await;
    browser.screenshot("drawer-error").await;
    browser.click("#tab-list").await;
    browser.until_true("the span is marked in the list", "return [...document.querySelectorAll('.story-list .row-open')].some(r => r.innerText.includes('POST /v1/charges'))").await;
    browser.click_text("details summary", "Linked from").await;
    browser.until_text("the order's import").await;
    browser.goto(&format!("{}/{}", path(), "0a".repeat(8))).await;
    for words in ["Seq Scan", "FROM stock", "costs most", "postgresql"] {
        browser.until_text(words).await;
    }
    browser
        .until_true(
            "a clause a line",
            "return [...document.querySelectorAll('.drawer code')].some(c => c.textContent.includes('\\nFROM stock'))",
        )
        .await;
    browser.accessible("drawer-plan").await;
    browser.screenshot("drawer-plan").await;
    browser.goto(&format!("{}/{}", path(), "05".repeat(8))).await;
    for words in ["kafka", "orders", "m-17"] {
        browser.until_text(words).await;
    }
    browser.close().await;
}

/// Filters, zoom, root, columns and neighbours stand in the address, and the page that is opened from it is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_holds_the_state() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    let rows = |count: usize| {
        format!("return document.querySelectorAll('[role=treegrid] [role=row][aria-level]').length === {count}")
    };
    browser.goto(&path()).await;
    browser.until_true("six rows and a bundle", &rows(7)).await;
    browser.script("document.querySelector('[role=treegrid]').focus()").await;
    browser.press("o").await;
    browser.until_true("errors and the way to them", &rows(4)).await;
    browser.press("o").await;
    browser.press("b").await;
    browser.until_true("each repeat", &rows(18)).await;
    let address = "return location.search";
    assert_eq!(browser.script(address).await, "?flat=1");
    browser.press("b").await;
    browser.press("j").await;
    browser.press("j").await;
    browser.press("r").await;
    browser.until_text("Only checkout.place_order").await;
    browser.until_true("the root's rows", &rows(6)).await;
    browser.press("r").await;
    browser.press("z").await;
    browser.until_text("+20.0 ms to +1.82 s").await;
    browser.press("w").await;
    browser.until_true("a closer zoom", "return /z=\\d+\\.\\.\\d+/.test(location.search)").await;
    browser.press("\u{e00c}").await;
    browser.until_true("no zoom", "return location.search === ''").await;
    browser.press("f").await;
    browser.press("acme-42").await;
    browser.until_text("1 match").await;
    browser.script("document.activeElement.blur()").await;
    browser.press("F").await;
    browser.until_true("only what matches", &rows(1)).await;
    let state = browser.script("return location.pathname + location.search").await;
    assert_eq!(state, format!("{}?q=acme-42&hide=1", path()));
    browser.goto(state.as_str().unwrap()).await;
    browser.until_true("the same after loading again", &rows(1)).await;
    browser.goto(&format!("{}?col=db.namespace&flat=1", path())).await;
    browser.until_true(
        "the pinned column has its values",
        "return [...document.querySelectorAll('[role=row] .cell-pinned')].filter(c => c.innerText === 'orders').length === 12",
    )
    .await;
    browser.accessible("pinned").await;
    browser.screenshot("pinned").await;
    browser.goto(&format!("{}?tab=list&near=1", path())).await;
    browser.until_text("disk is nearly full").await;
    browser.until_text("nearby").await;
    browser.accessible("neighbours").await;
    browser.screenshot("neighbours").await;
    browser.close().await;
}

/// The strip above the waterfall: sliders move the window by keyboard, the pointer draws it, a click takes it away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_overview_is_a_brush() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&path()).await;
    browser.until_true("the strip", "return document.querySelectorAll('.minimap rect').length > 3").await;
    browser.script("document.querySelectorAll('.minimap-slider')[1].focus()").await;
    browser.press("\u{e012}").await;
    browser.until_true("a window that ends earlier", "return location.search.startsWith('?z=0..')").await;
    let drag = "const strip = document.querySelector('.minimap-strip'); const box = strip.getBoundingClientRect(); \
        const send = (kind, share) => strip.dispatchEvent(new PointerEvent(kind, {clientX: box.left + box.width * share, clientY: box.top + 5, bubbles: true, pointerId: 1})); \
        send('pointerdown', 0.25); send('pointermove', 0.75); send('pointerup', 0.75)";
    browser.script(drag).await;
    browser
        .until_true("the middle half", "return /^[?]z=4[56][0-9]{7}[.][.]13[78][0-9]{7}$/.test(location.search)")
        .await;
    browser.screenshot("brush").await;
    browser.close().await;
}

/// Scenario: a reader in India opens a failed span and the JSON record that it wrote. Guarantees: the start is printed in local
/// time and in UTC; the way from the root leads back up; JSON is laid out; the text filter holds for spans and records alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_the_way_from_the_root_and_json() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.time_zone("Asia/Kolkata").await;
    browser.goto(&format!("{}/{}", path(), "04".repeat(8))).await;
    browser.until_text("TimeoutError").await;
    // 2026-11-21T09:14:03.221Z
    browser.until_text("14:44:03.221 +05:30").await;
    browser.until_text("09:14:03.221 UTC").await;
    let way = "return [...document.querySelectorAll('.crumbs li')].map(li => li.innerText.trim())";
    assert_eq!(
        browser.script(way).await,
        serde_json::json!(["POST /checkout", "checkout.place_order", "place order", "POST /v1/charges"])
    );
    browser.click_text(".crumbs a", "place order").await;
    browser.until_path(&format!("{}/{}", path(), "03".repeat(8))).await;
    browser.goto(&format!("{}?tab=list&q=attempts", path())).await;
    browser
        .until_true(
            "the record alone and the exception that says it",
            "return [...document.querySelectorAll('.story-list .rows-shown [role=row]')].some(row => row.innerText.includes('charge'))",
        )
        .await;
    browser.click_text(".story-list [role=row]", "\"attempts\"").await;
    browser
        .until_true(
            "JSON, a member a line",
            "return [...document.querySelectorAll('.drawer code, .drawer pre')].some(code => /\\n\\s+\"attempts\": 3/.test(code.textContent))",
        )
        .await;
    browser.close().await;
}
