//! The search page: from a word to the story and back, by mouse and by keyboard alone.

use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::server;

const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";
const RIGHT: &str = "\u{e014}";
const HOME: &str = "\u{e011}";
const SHIFT: &str = "\u{e008}";
/// Ends all modifiers.
const NULL: &str = "\u{e000}";

/// Requests of the shop.
const REQUESTS: u64 = 60;
const SECOND: u64 = 1_000_000_000;

/// Scenario: 60 requests, one every ten seconds until just now, each a span and a line of two services; every third is
/// declined by a payment service in eu-3, slow and with an error.
async fn shop() -> Server {
    let server = server();
    let start = otlp::now() - REQUESTS * 10 * SECOND;
    let (mut gateway, mut payments) = (Vec::new(), Vec::new());
    let (mut gateway_logs, mut payments_logs) = (Vec::new(), Vec::new());
    for number in 0..REQUESTS {
        let trace = (u128::from(number) + 1).to_be_bytes();
        let (one, two) = ((number + 1).to_be_bytes(), (number + 1_001).to_be_bytes());
        let time = start + number * 10 * SECOND;
        let is_declined = number % 3 == 0;
        let at = |mut span: opentelemetry_proto::tonic::trace::v1::Span, length: u64| {
            (span.start_time_unix_nano, span.end_time_unix_nano) = (time, time + length);
            span
        };
        let length = if is_declined { 2 * SECOND } else { SECOND / 50 };
        gateway.push(at(otlp::span(trace, one, "POST /orders"), length + 1_000));
        let mut pay = at(otlp::child_of(otlp::span(trace, two, "charge card"), one), length);
        let region = if is_declined { "eu-3" } else { "eu-1" };
        pay.attributes = vec![otlp::text("cloud.region", region), otlp::text("order.id", format!("order-{number}"))];
        payments.push(if is_declined { otlp::failed(pay, "card declined") } else { pay });
        let mut accepted = otlp::log(trace, one, &format!("accepted order {number} from the shop front"));
        let word = if is_declined { "card declined by the bank" } else { "charged" };
        let mut charged = otlp::log(trace, two, &format!("order {number}: {word}"));
        charged.attributes =
            vec![otlp::text("cloud.region", region), otlp::text("order.id", format!("order-{number}"))];
        if is_declined {
            (charged.severity_number, charged.severity_text) = (17, "ERROR".to_owned());
        }
        for log in [&mut accepted, &mut charged] {
            log.time_unix_nano = time;
        }
        gateway_logs.push(accepted);
        payments_logs.push(charged);
    }
    for (service, spans, logs) in [("gateway", gateway, gateway_logs), ("payments", payments, payments_logs)] {
        let _ = server.http.export(Signal::Traces, &otlp::traces(service, spans)).await.ok();
        let _ = server.http.export(Signal::Logs, &otlp::logs(service, logs)).await.ok();
    }
    server
}

/// Waits until the page counts so many matching rows.
async fn until_count(browser: &Browser, count: &str) {
    let script = format!("return document.querySelector('.search-count strong')?.innerText === '{count}'");
    browser.until_true(&format!("{count} rows"), &script).await;
}

/// Waits until rows and facets are those of the search in the address.
async fn settled(browser: &Browser) {
    let script = "return ['.search-facets', '#search-rows'].every(part => \
                  document.querySelector(part)?.getAttribute('aria-busy') === 'false')";
    browser.until_true("rows and facets of this search", script).await;
}

/// A word, a facet, a part of the time, a row with all its fields, its story, and back to the same place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_word_to_the_story_and_back_by_mouse() {
    let server = shop().await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search").await;
    until_count(&browser, "120").await;
    browser.until_text("accepted order 59").await;
    browser.until_text("cloud.region").await;
    browser.looked_at("search").await;
    browser.type_into("#search-box", "order").await;
    browser.click(".search-line button[type=submit]").await;
    until_count(&browser, "120").await;
    settled(&browser).await;
    browser.click_text(".facet-value", "error").await;
    until_count(&browser, "20").await;
    assert_eq!(browser.parameter("q").await.as_deref(), Some("order level:error"));
    browser.until_text("card declined by the bank").await;
    // The first half of the time holds the first half of the errors.
    browser.drag(".bars-drawing", 0.005, 0.49).await;
    until_count(&browser, "10").await;
    assert!(browser.parameter("from").await.is_some() && browser.parameter("to").await.is_some());
    settled(&browser).await;
    browser.click(".found-item .found-line").await;
    browser.until_true("all its fields", "return !!document.querySelector('.found-detail dl')").await;
    browser.looked_at("search-row").await;
    let address = browser.script("return location.search").await;
    browser.click_text(".found-detail a", "Open its story").await;
    browser.until_text("charge card").await;
    assert!(browser.path().await.starts_with("/t/"), "{}", browser.path().await);
    browser.back().await;
    until_count(&browser, "10").await;
    assert!(browser.parameter("at").await.is_some(), "the way back leads to the row");
    browser
        .until_true("the row that led away is marked", "return !!document.querySelector('.found-item.row-active')")
        .await;
    assert_eq!(browser.parameter("q").await.as_deref(), Some("order level:error"), "{address}");
    browser.close().await;
}

/// The same without a mouse: keys and values are completed, facets and bars are reached by Tab, rows walked by arrows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_word_to_the_story_and_back_by_keyboard() {
    let server = shop().await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search").await;
    until_count(&browser, "120").await;
    browser.press("f").await;
    browser.until_true("the box has the focus", "return document.activeElement.id === 'search-box'").await;
    browser.press("order level:err").await;
    let offered =
        "return [...document.querySelectorAll('#search-offers li')].some(li => li.innerText.includes('error'))";
    browser.until_true("the level is offered", offered).await;
    browser.press(DOWN).await;
    browser
        .until_true("an offer is chosen", "return !!document.querySelector('#search-offers [aria-selected=true]')")
        .await;
    browser.screenshot("search-offers").await;
    browser.press(ENTER).await;
    browser
        .until_true(
            "the offer is in the box",
            "return document.getElementById('search-box').value.trim() === 'order level:error'",
        )
        .await;
    browser.press(ENTER).await;
    until_count(&browser, "20").await;
    browser.until_text("cloud.region").await;
    browser.tab_to("[role=slider]").await;
    browser.press(HOME).await;
    browser.press(&format!("{SHIFT}{}{NULL}", RIGHT.repeat(29))).await;
    browser.press(ENTER).await;
    browser.until_true("zoomed in", "return location.search.includes('from=')").await;
    browser
        .until_true(
            "fewer rows",
            "const n = Number(document.querySelector('.search-count strong')?.innerText); return n > 0 && n < 20",
        )
        .await;
    settled(&browser).await;
    browser.tab_to(".facet-value[title=\"service=payments\"]").await;
    browser.press(ENTER).await;
    browser
        .until_true(
            "narrowed",
            "return new URLSearchParams(location.search).get('q') === 'order level:error service=payments'",
        )
        .await;
    browser.until_text("card declined by the bank").await;
    settled(&browser).await;
    let kept = "return document.activeElement.title === 'service=payments'";
    browser.until_true("the focus stays on the value", kept).await;
    browser.tab_to("#search-rows").await;
    browser.press(DOWN).await;
    browser.press(ENTER).await;
    browser.until_true("all its fields", "return !!document.querySelector('.found-detail dl')").await;
    browser.accessible("search-keys").await;
    browser.press("o").await;
    browser.until_true("the story", "return location.pathname.startsWith('/t/')").await;
    browser.until_text("charge card").await;
    browser.back().await;
    browser.until_text("card declined by the bank").await;
    browser
        .until_true("the row that led away is marked", "return !!document.querySelector('.found-item.row-active')")
        .await;
    browser.close().await;
}

/// Patterns say what is new, a selection says what is different, columns are chosen, a search is saved and exported, and
/// the statement that it became is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patterns_differences_columns_saved_searches_and_the_statement() {
    let server = shop().await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search?tab=patterns&since=1h").await;
    browser.until_text("card declined by the bank").await;
    browser.until_text("accepted order <*>").await;
    browser.until_true("new patterns are marked", "return !!document.querySelector('.pattern-text .badge')").await;
    browser.looked_at("search-patterns").await;
    browser.click_text(".pattern-text a", "accepted").await;
    until_count(&browser, "60").await;
    browser.goto("/search?kind=spans&q=name%3D%22charge%20card%22&tab=different&sel=status%3Aerror").await;
    browser.until_text("20 selected rows, compared with 40 others").await;
    browser.until_text("eu-3").await;
    browser.until_text("How long they take").await;
    browser
        .until_true("durations are drawn", "return document.querySelectorAll('.search-durations rect').length >= 2")
        .await;
    browser.looked_at("search-different").await;
    // The slow half of the durations, which are of two lengths.
    browser.drag(".search-durations .bars-drawing", 0.5, 0.995).await;
    browser.until_true("a band is selected", "return location.search.includes('duration')").await;
    browser.until_text("20 selected rows, compared with 40 others").await;
    // A part of the histogram.
    browser.drag(".search-histogram .bars-drawing", 0.3, 0.005).await;
    browser.until_true("a time is selected", "return /sel=\\d+-\\d+/.test(location.search)").await;
    browser.until_text("selected rows, compared with").await;
    // Traces with a span that matches: their totals are fields of the row.
    browser.goto("/search?kind=traces&order=slowest&q=cloud.region%3Aeu-3").await;
    browser.until_text("POST /orders").await;
    settled(&browser).await;
    browser.click(".found-item .found-line").await;
    browser.until_text("matching spans").await;
    browser.accessible("search-traces").await;
    browser.goto("/search?kind=spans&order=slowest&q=region").await;
    browser.until_text("Nothing matches").await;
    browser.until_text("Show everything, without the query 120").await;
    browser.looked_at("search-empty").await;
    browser.goto("/search?kind=spans&order=slowest&q=cloud.region%3Aeu-3").await;
    until_count(&browser, "20").await;
    settled(&browser).await;
    browser.click("#search-columns").await;
    browser.click_text(".menu-box label", "cloud.region").await;
    browser.until_true("a column of its own", "return [...document.querySelectorAll('.found-head [role=columnheader]')].some(h => h.innerText === 'cloud.region')").await;
    browser.accessible("search-columns").await;
    browser.click("#search-columns").await;
    browser.click("#search-sql").await;
    browser.until_text("ORDER BY duration_ns DESC").await;
    browser.accessible("search-sql").await;
    browser.screenshot("search-sql").await;
    browser.click("#search-sql").await;
    browser.click("#search-saved").await;
    browser.type_into("#search-name", "slow in eu-3").await;
    browser.press(ENTER).await;
    browser.until_true("saved", "return !!document.querySelector('.saved-list a')").await;
    browser.accessible("search-saved").await;
    browser.screenshot("search-saved").await;
    browser.click("#search-saved").await;
    browser.click("#search-export").await;
    browser.until_true("the formats", "return document.querySelectorAll('.menu-box a').length === 3").await;
    let exported = browser
        .script_async(
            "const done = arguments[arguments.length - 1]; \
             const link = [...document.querySelectorAll('.menu-box a')].find(a => a.innerText === 'JSON lines'); \
             fetch(link.href).then(a => a.text()).then(t => done(t.trim().split('\\n').length))",
        )
        .await;
    assert_eq!(exported, 20);
    browser.close().await;
}

/// What cannot be understood is marked at its place, before and after it is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_shown_at_its_place() {
    let server = shop().await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search?q=order%20%22card").await;
    browser.until_text("not closed").await;
    browser
        .until_true(
            "the place is marked",
            "return document.querySelector('.search-problem mark')?.innerText === '\"card'",
        )
        .await;
    browser.until_text("The search failed").await;
    browser.looked_at("search-fault").await;
    browser.goto("/search?q=order%20%22card&live=1").await;
    browser.until_text("The search failed").await;
    browser.accessible("search-fault-live").await;
    browser.close_with_refusals().await;
}
