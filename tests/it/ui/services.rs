//! The pages of services: table, one service, and the map, by mouse and by keyboard, with little data, with much and with odd data.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::{launch, server};

const SECOND: u64 = 1_000_000_000;
pub(super) const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
const RIGHT: char = '\u{e014}';
const DOWN: char = '\u{e015}';
const LEFT: char = '\u{e012}';

/// Numbers requests, so that no two share an id.
pub(super) struct Ids(pub(super) u64);

impl Ids {
    fn trace(&mut self) -> [u8; 16] {
        self.0 += 1;
        (u128::from(self.0) << 64 | 1).to_be_bytes()
    }

    fn span(&mut self) -> [u8; 8] {
        self.0 += 1;
        self.0.to_be_bytes()
    }
}

/// A span of a kind that began some seconds ago and took some milliseconds.
fn made(mut span: Span, kind: i32, seconds_ago: u64, millis: u64) -> Span {
    span.kind = kind;
    span.start_time_unix_nano = otlp::now() - seconds_ago * SECOND;
    span.end_time_unix_nano = span.start_time_unix_nano + millis * 1_000_000;
    span
}

fn with(mut span: Span, attributes: &[(&str, &str)]) -> Span {
    span.attributes = attributes.iter().map(|(key, value)| otlp::text(key, *value)).collect();
    span
}

async fn send(server: &Server, service: &str, spans: Vec<Span>) {
    let _ = server.http.export(Signal::Traces, &otlp::traces(service, spans)).await.ok();
}

/// One call from a service to another.
pub(super) async fn call(server: &Server, ids: &mut Ids, (from, to): (&str, &str), fails: bool) {
    let (trace, call, entry) = (ids.trace(), ids.span(), ids.span());
    send(server, from, vec![made(otlp::span(trace, call, "GET"), 3, 60, 30)]).await;
    let entry = made(otlp::child_of(otlp::span(trace, entry, "GET /things"), call), 2, 60, 20);
    send(server, to, vec![if fails { otlp::failed(entry, "no") } else { entry }]).await;
}

/// One request: gateway → shop → a database, a queue and a payment service that sends no spans.
async fn order(server: &Server, ids: &mut Ids, seconds_ago: u64, millis: u64, fails: bool) {
    let trace = ids.trace();
    let [top, call, entry, query, mail, pay] = [(); 6].map(|()| ids.span());
    let of = |id, parent: Option<[u8; 8]>, name: &str, kind, millis| {
        let span = otlp::span(trace, id, name);
        let span = made(
            parent.map_or_else(|| span.clone(), |parent| otlp::child_of(span.clone(), parent)),
            kind,
            seconds_ago,
            millis,
        );
        if fails { otlp::failed(span, "declined") } else { span }
    };
    send(server, "gateway", vec![of(top, None, "POST /orders", 2, millis), of(call, Some(top), "POST", 3, millis)])
        .await;
    let postgres = [("db.system.name", "postgresql"), ("db.namespace", "orders")];
    let kafka = [("messaging.system", "kafka"), ("messaging.destination.name", "mails")];
    let spans = vec![
        of(entry, Some(call), "POST /orders", 2, millis),
        with(of(query, Some(entry), "INSERT orders", 3, millis / 2), &postgres),
        with(of(mail, Some(entry), "mails send", 4, 1), &kafka),
        with(of(pay, Some(entry), "POST /charges", 3, millis / 2), &[("server.address", "api.stripe.com")]),
    ];
    send(server, "shop", spans).await;
}

/// A shop over half an hour: slower and failing in the last quarter.
pub(super) async fn shop(server: &Server) {
    let mut ids = Ids(0);
    for at in 0..12 {
        order(server, &mut ids, 30 + at * 40, 400 + at * 20, at % 4 == 0).await;
        order(server, &mut ids, 1000 + at * 40, 80, false).await;
    }
    let health =
        (0..5).map(|at| made(otlp::span(ids.trace(), ids.span(), "GET /health"), 2, 20 + at * 100, 1)).collect();
    send(server, "gateway", health).await;
    send(server, "cron", vec![made(otlp::span(ids.trace(), ids.span(), "nightly"), 1, 60, 9_000)]).await;
}

/// Takes the error of a refused request off the console; there must be no other.
async fn refused_on_purpose(browser: &Browser) {
    let said: Vec<Value> = browser.console().await.into_iter().filter(|line| line["level"] == "SEVERE").collect();
    assert!(said.iter().all(|line| line["message"].as_str().is_some_and(|text| text.contains("400"))), "{said:#?}");
}

/// Nothing yet; then a shop: sorted by click and key, filtered, one service opened, and from an example to its story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_are_sorted_opened_and_lead_to_stories() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services").await;
    browser.until_text("No requests in this time").await;
    browser.looked_at_in_its_width("services-empty").await;
    shop(&server).await;
    browser.click_text("button", "Reload").await;
    browser.until_text("3 services").await;
    let first = "return document.querySelector('.red-table tbody th a').textContent";
    browser.until_true("most requests first", &format!("{first} === 'gateway'")).await;
    browser.looked_at_in_its_width("services").await;

    // By click, then by key.
    browser.click_text(".red-table thead button", "p95").await;
    browser.until_true("slowest first", &format!("{first} === 'cron'")).await;
    assert_eq!(browser.script("return location.search").await, "?sort=p95");
    browser.script("document.querySelectorAll('.red-table thead button')[0].focus(); return true").await;
    browser.key(ENTER).await;
    let sorted = "return document.querySelector('.red-table thead th').getAttribute('aria-sort') === 'ascending'";
    browser.until_true("by name", sorted).await;
    browser.type_into(".find-input", "GATE").await;
    browser.until_true("one row", "return document.querySelectorAll('.red-table tbody tr').length === 1").await;

    browser.goto("/services?sort=errors").await;
    browser.click_text(".red-table tbody a", "shop").await;
    browser.until_path("/services/shop").await;
    for text in
        ["25 %", "POST /orders", "Called by", "api.stripe.com", "database, postgresql", "queue, kafka", "points"]
    {
        browser.until_text(text).await;
    }
    browser.looked_at_in_its_width("service").await;
    let search = browser.script("return document.querySelector('.services-head a.button').getAttribute('href')").await;
    assert_eq!(search, "/search?q=service%3D%22shop%22&kind=spans&from=15m");

    // A wider range is in the address, and the links keep it.
    browser.click_text(".services-tools button", "1 h").await;
    browser.until_true("a range", "return location.search === '?from=1h'").await;
    let counted = "return [...document.querySelectorAll('.service-fact dd')].some(e => e.title === '24 requests')";
    browser.until_true("an hour's requests", counted).await;
    browser.click_text(".red-table a", "failed").await;
    browser.until_text("declined").await;
    assert!(browser.path().await.starts_with("/t/"));

    // The links to the search page find what they say.
    browser.goto(search.as_str().unwrap()).await;
    browser.until_text("INSERT orders").await;
    browser.goto("/services/shop").await;
    browser.click_text(".red-table a", "POST /orders").await;
    browser.until_path("/search").await;
    browser.until_text("POST /orders").await;

    browser.goto("/services?from=yesterday").await;
    browser.until_text("\"yesterday\" is no time").await;
    browser.looked_at_in_its_width("services-error").await;
    refused_on_purpose(&browser).await;
    browser.close().await;
}

/// The map of the shop: chosen by mouse, walked by keyboard, with the same as a table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_is_walked_with_mouse_and_keys() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services").await;
    browser.until_text("3 services").await;
    browser.click_text("button", "Map").await;
    browser.until_text("3 services, 3 peers without spans of their own, 4 calls").await;
    browser.looked_at_in_its_width("map").await;
    for node in [
        "service gateway",
        "service shop",
        "database orders",
        "queue mails",
        "third party api.stripe.com",
        "service cron",
    ] {
        let there = format!(
            "return [...document.querySelectorAll('.map-node')].some(n => n.querySelector('title').textContent.startsWith('{node}'))"
        );
        browser.until_true(node, &there).await;
    }
    assert_eq!(browser.script("return document.querySelectorAll('.map-table tbody tr').length").await, 4);

    // By mouse: a node, then nothing.
    browser.script("[...document.querySelectorAll('.map-node')].find(n => n.querySelector('title').textContent.startsWith('service shop')).dispatchEvent(new MouseEvent('click', {bubbles: true})); return true").await;
    browser.until_text("Open the service").await;
    assert_eq!(browser.script("return location.search").await, "?view=map&at=shop");
    browser.until_true("others step back", "return document.querySelectorAll('.map-far').length === 1").await;
    browser.looked_at_in_its_width("map-chosen").await;

    // By key: along the call from the gateway, choose it, let go.
    let focused = |what: &str| {
        format!("return document.activeElement.querySelector('title')?.textContent.startsWith('{what}') === true")
    };
    browser.script("const n = document.querySelector('.map-picture [tabindex=\"0\"]'); n.focus(); return true").await;
    browser.until_true("the chosen node has the focus", &focused("service shop")).await;
    browser.key(LEFT).await;
    browser.until_true("the call to it", &focused("gateway calls shop")).await;
    browser.key(LEFT).await;
    browser.until_true("its caller", &focused("service gateway")).await;
    browser.key(RIGHT).await;
    browser.key(RIGHT).await;
    browser.key(RIGHT).await;
    browser.until_true("a call of the shop", &focused("shop calls ")).await;
    let before = browser.script("return document.activeElement.querySelector('title').textContent").await;
    browser.key(DOWN).await;
    let moved = format!("return document.activeElement.querySelector('title')?.textContent !== {before}");
    browser.until_true("the call beside it", &moved).await;
    browser.key(ENTER).await;
    browser.until_true("a chosen call", "return new URLSearchParams(location.search).has('calls')").await;
    browser.key(ESCAPE).await;
    browser.until_true("nothing chosen", "return location.search === '?view=map'").await;
    browser.close().await;
}

/// Sixty services in layers: nothing covers anything, everything is reachable, and it fits by scrolling.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_services_are_readable() {
    let server = server();
    let mut ids = Ids(0);
    for at in 1..60_u64 {
        // Each is called by one that came before: a tree of about six layers, with one hub.
        let from = if at % 4 == 0 { 0 } else { (at - 1) / 3 };
        let name = |at: u64| format!("team-{}-service-{at:02}", at % 7);
        call(&server, &mut ids, (&name(from), &name(at)), at % 9 == 0).await;
    }
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services?view=map").await;
    browser.until_text("60 services, 0 peers without spans of their own, 59 calls").await;
    browser.looked_at_in_its_width("map-sixty").await;
    let covers = "const boxes = [...document.querySelectorAll('.map-box')].map(b => b.getBoundingClientRect()); \
                  return boxes.length === 60 && !boxes.some((a, i) => boxes.some((b, j) => i < j && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom))";
    assert_eq!(browser.script(covers).await, true, "boxes cover each other");
    browser.goto("/services?view=map&at=team-0-service-00").await;
    browser.until_text("Open the service").await;
    browser.screenshot("map-sixty-chosen").await;
    browser.accessible("map-sixty-chosen").await;
    browser.goto("/services").await;
    browser.until_text("60 services").await;
    browser.screenshot("services-sixty").await;
    browser.close().await;
}

/// No service name, names of 300 letters, a thousand operations, a clock that is ahead, markup in names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_names_and_many_operations_stay_readable() {
    let server = server();
    let mut ids = Ids(0);
    let long = "very-long-name-".repeat(20);
    let trace = ids.trace();
    let many =
        (0..1000).map(|at| made(otlp::span(trace, ids.span(), &format!("operation {at} {long}")), 2, 30, 5)).collect();
    send(&server, &long, many).await;
    send(&server, "a/b c+d?e#f%20", vec![made(otlp::span(ids.trace(), ids.span(), "GET /x"), 2, 30, 5)]).await;
    send(&server, "<b>bold</b>", vec![made(otlp::span(ids.trace(), ids.span(), "<i>x</i>"), 2, 30, 5)]).await;
    let mut unnamed = otlp::traces("x", vec![made(otlp::span(ids.trace(), ids.span(), "alone"), 2, 30, 5)]);
    unnamed.resource_spans[0].resource = None;
    let _ = server.http.export(Signal::Traces, &unnamed).await.ok();
    let mut ahead = otlp::span(ids.trace(), ids.span(), "from tomorrow");
    ahead.start_time_unix_nano += 86_400 * SECOND;
    ahead.end_time_unix_nano = ahead.start_time_unix_nano + 5;
    send(&server, "ahead", vec![ahead]).await;

    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services").await;
    browser.until_text("4 services").await;
    browser.looked_at_in_its_width("services-odd").await;
    browser.click_text(".red-table tbody a", "(no service name)").await;
    browser.until_path("/services/-/unnamed").await;
    browser.until_text("alone").await;
    browser.goto("/services").await;
    browser.click_text(".red-table tbody a", "a/b c+d").await;
    browser.until_text("GET /x").await;
    browser.goto("/services").await;
    browser.click_text(".red-table tbody a", "<b>bold</b>").await;
    browser.until_text("<i>x</i>").await;
    browser.goto("/services").await;
    browser.click_text(".red-table tbody a", "very-long-name").await;
    browser.until_text("500 more spans belong to operations beyond those listed").await;
    browser.until_text("Show the other 300").await;
    browser.looked_at_in_its_width("service-odd").await;
    browser.click_text("button", "Show the other 300").await;
    browser.until_true("all rows", "return document.querySelectorAll('.red-table tbody tr').length === 500").await;
    browser.goto("/services?view=map").await;
    browser.until_text("4 services").await;
    browser.looked_at_in_its_width("map-odd").await;
    browser.close().await;
}

/// Scenario: the shop promises that 99 % of its requests are answered, and a quarter of them fails. Guarantees: the table and the service
/// say how the promise stands and lead to it, and it leads back; a service that promises nothing says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_shows_its_objectives_and_they_lead_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("telltale.toml");
    let objective = |name: &str, title: &str, objective: f64, service: &str| {
        format!(
            "[[slo]]\nname = {name:?}\ntitle = {title:?}\nservice = {service:?}\nobjective = {objective}\nwindow = \"7d\"\nspans = {{}}\n"
        )
    };
    let slos = [
        objective("other", "Mails are sent", 90.0, "mailer"),
        objective("shop-answers", "Orders are answered", 99.0, "shop"),
        objective("shop-mostly", "Orders are mostly answered", 50.0, "shop"),
    ];
    std::fs::write(&config, slos.concat()).unwrap();
    let server = launch().arg("--config").arg(config.display().to_string()).start();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services").await;
    browser.until_text("Orders are answered").await;
    let cell = "[...document.querySelectorAll('.red-table tbody tr')].find(row => row.querySelector('th a').textContent === 'shop').lastElementChild.innerText";
    let cell = browser.script(&format!("return {cell}")).await.as_str().unwrap().to_owned();
    // 3 of 24 orders failed: far more than 1 %, far less than half.
    for part in ["Budget spent", "Good", "Orders are mostly answered", "% of the budget left", "× over 1h"] {
        assert!(cell.contains(part), "{part}: {cell}");
    }
    assert!(!cell.contains("Mails are sent"), "{cell}");
    let others = "return [...document.querySelectorAll('.red-table tbody tr')].filter(row => row.lastElementChild.innerText !== '').length";
    assert_eq!(browser.script(others).await, 1);
    browser.looked_at_in_its_width("services-objectives").await;

    browser.click_text(".slo-lines a", "Orders are answered").await;
    browser.until_path("/slos").await;
    assert_eq!(browser.parameter("slo").await.as_deref(), Some("shop-answers"));
    let chosen = "return document.querySelector('.slo-card[aria-current] h2')?.textContent === 'Orders are answered'";
    browser.until_true("the objective", chosen).await;
    browser.looked_at("slos-chosen").await;
    browser.click_text(".slo-card[aria-current] a", "shop").await;
    browser.until_path("/services/shop").await;
    browser.until_text("Orders are mostly answered").await;
    let lines = "return document.querySelectorAll('.slo-lines li').length === 2";
    browser.until_true("both objectives and no other's", lines).await;
    browser.looked_at_in_its_width("service-objectives").await;
    browser.goto("/services/gateway").await;
    browser.until_text("Called by").await;
    assert_eq!(browser.script("return document.querySelectorAll('.slo-lines').length").await, 0);
    browser.close().await;
}
