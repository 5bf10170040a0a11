//! Live rows and traces in the browser: at once, paused without a gap, bounded however fast they come.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use telltale_tests::bench::corpus::Shape;
use telltale_tests::bench::load::{self, Payloads, Plan, Progress};
use telltale_tests::bench::sender::{Encoding, Protocol};
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::poll::until;
use telltale_tests::server::Server;

use super::Browser;
use crate::soak;
use crate::support::{measured_program, server};

/// Generous: the machine may be building beside.
const DEADLINE: Duration = Duration::from_secs(30);
/// Milliseconds from the acknowledgement to the screen, of a release build.
const AT_ONCE_MS: i64 = 250;

async fn send(server: &Server, words: &str) {
    let logs = otlp::logs("shop", vec![otlp::log([7; 16], [7; 8], words)]);
    let _ = server.http.export(Signal::Logs, &logs).await.ok();
}

/// Sends single lines, or traces, and says how long after its acknowledgement each stood in the page.
async fn until_visible(browser: &Browser, send: impl AsyncFn(&str)) -> String {
    browser
        .script(
            "window.seen = {}; new MutationObserver(() => { for (const line of document.querySelectorAll('.found-text')) \
             { window.seen[line.textContent] ??= Date.now(); } }).observe(document.body, {childList: true, subtree: true});",
        )
        .await;
    let mut times = Vec::new();
    for number in 0..10 {
        let words = format!("single arrival {number}");
        send(&words).await;
        let acknowledged = i64::try_from(otlp::now() / 1_000_000).unwrap();
        let seen = format!("return window.seen['{words}'] ?? null");
        let seen = until(&words, DEADLINE, || async { browser.script(&seen).await.as_i64() }).await;
        times.push(seen - acknowledged);
    }
    times.sort_unstable();
    let is_debug = measured_program().is_none();
    assert!(is_debug || times[times.len() / 2] < AT_ONCE_MS, "acknowledged to visible: {times:?} ms");
    format!("p50 {} ms, longest {} ms", times[times.len() / 2], times[times.len() - 1])
}

async fn until_live(browser: &Browser) {
    let words = "return document.getElementById('search-live-words')?.innerText.startsWith('live') === true";
    browser.until_true("the stream stands", words).await;
}

/// Scenario: a page follows what matches, is paused while more arrives, and goes on; then a row is unfolded.
/// Guarantees: rows come by themselves and only those that match; nothing that came while it was paused is missing or
/// shown twice, and nothing is said to be skipped; an unfolded row pauses the list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_rows_come_by_themselves_and_a_pause_loses_none() {
    let server = server();
    send(&server, "order 0 was there before").await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search?q=order&live=1").await;
    until_live(&browser).await;
    browser.until_text("order 0 was there before").await;
    send(&server, "order 1 arrives").await;
    send(&server, "nothing that matches").await;
    browser.until_text("order 1 arrives").await;
    browser.looked_at("search-live").await;
    browser.click("#search-pause").await;
    browser.until_text("paused").await;
    for number in 2..40 {
        send(&server, &format!("order {number} comes in the pause")).await;
    }
    assert!(!browser.text().await.contains("in the pause"), "a paused list stands still");
    browser.script("document.activeElement.blur()").await;
    browser.press("p").await;
    until_live(&browser).await;
    let shown = "return [...document.querySelectorAll('.found-item .found-text')].filter(e => e.innerText.includes('in the pause')).length";
    let complete =
        format!("{shown} > 0 && document.getElementById('search-rows').getAttribute('aria-rowcount') === '41'");
    browser.until_true("every row of the pause, once", &complete).await;
    assert_eq!(browser.script("return document.getElementById('search-skipped').innerText").await, "");
    assert!(!browser.text().await.contains("nothing that matches"));
    browser.click(".found-item .found-line").await;
    browser.until_text("paused").await;
    browser.until_text("Logs around this one").await;
    browser.close().await;
}

async fn send_spans(server: &Server, spans: Vec<Span>) {
    let _ = server.http.export(Signal::Traces, &otlp::traces("shop", spans)).await.ok();
}

/// The rows as they are read: status, name and number of spans of each.
const TRACE_ROWS: &str = "return [...document.querySelectorAll('.found-item')] \
    .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex')) \
    .map(row => [...row.querySelectorAll('.found-line .found-cell')].map(cell => cell.innerText.trim()).join(' ')).join(', ')";

async fn until_rows(browser: &Browser, expected: &str) {
    browser.until_true(expected, &format!("return (() => {{ {TRACE_ROWS} }})() === {}", Value::from(expected))).await;
}

/// Scenario: a page follows the traces with a span of orders; one that is shown already grows by spans that do not match,
/// also by one that failed; others arrive, and more while it is paused. Guarantees: a trace comes by itself, once; it
/// grows where it stands; nothing of a pause is missing, shown twice or said to be skipped. How long after its
/// acknowledgement a trace is on the screen is printed, and bounded for a release build.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_traces_grow_in_their_rows_and_a_pause_loses_none() {
    let server = server();
    let order = |trace: u8, name: &str| otlp::span([trace; 16], [trace; 8], name);
    let part = |trace: u8, number: u8, name: &str| {
        otlp::child_of(otlp::span([trace; 16], [100 + number; 8], name), [trace; 8])
    };
    send_spans(&server, vec![order(1, "order 1")]).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search?kind=traces&q=name:order*&cols=status,spans,name&live=1").await;
    until_live(&browser).await;
    until_rows(&browser, "unset 1 order 1").await;
    send_spans(&server, vec![otlp::span([99; 16], [99; 8], "GET /health")]).await;
    send_spans(&server, vec![order(2, "order 2")]).await;
    until_rows(&browser, "unset 1 order 2, unset 1 order 1").await;
    send_spans(&server, vec![part(1, 1, "pay"), part(1, 2, "reserve")]).await;
    until_rows(&browser, "unset 1 order 2, unset 3 order 1").await;
    send_spans(&server, vec![otlp::failed(part(1, 3, "mail"), "bounced")]).await;
    until_rows(&browser, "unset 1 order 2, ✖ error 4 order 1 bounced").await;
    browser.looked_at("search-live-traces").await;

    browser.click("#search-pause").await;
    browser.until_text("paused").await;
    for number in 3..12 {
        send_spans(&server, vec![order(number, &format!("order {number}")), part(2, number, "pay")]).await;
    }
    assert_eq!(browser.script(TRACE_ROWS).await, "unset 1 order 2, ✖ error 4 order 1 bounced", "it stands still");
    browser.script("document.activeElement.blur()").await;
    browser.press("p").await;
    until_live(&browser).await;
    let paused: String = (3..12).rev().map(|number| format!("unset 1 order {number}, ")).collect();
    until_rows(&browser, &format!("{paused}unset 10 order 2, ✖ error 4 order 1 bounced")).await;
    assert_eq!(browser.script("return document.getElementById('search-skipped').innerText").await, "");

    browser.goto("/search?kind=traces&q=name:single*&live=1").await;
    until_live(&browser).await;
    let next = AtomicU8::new(100);
    let visible = until_visible(&browser, async |words| {
        send_spans(&server, vec![order(next.fetch_add(1, Ordering::Relaxed), words)]).await;
    });
    let visible = visible.await;
    eprintln!("a trace is on the screen {visible} after its acknowledgement");
    browser.close().await;
}

/// Scenario: 5,000 lines a second, for 20 seconds or as long as `TELLTALE_SOAK_SECONDS` says. Guarantees: the page holds a
/// bounded number of rows and elements, does not grow, says how many rows it skipped, and obeys its buttons meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_lines_leaves_the_page_responsive_and_its_memory_flat() {
    let seconds = soak::seconds(20);
    let server = server();
    send(&server, "the first line").await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/search?live=1").await;
    until_live(&browser).await;
    let visible = until_visible(&browser, async |words| send(&server, words).await).await;
    // The longest time between two frames says how long the page did not answer.
    browser
        .script(
            "window.gaps = []; let last = performance.now(); const next = now => { window.gaps.push(now - last); \
             last = now; if (window.gaps.length > 100000) window.gaps.shift(); requestAnimationFrame(next); }; \
             requestAnimationFrame(next);",
        )
        .await;
    let plan = Plan {
        shape: Shape::Log,
        protocol: Protocol::Http,
        encoding: Encoding::None,
        batch: 100,
        connections: 2,
        batches: 50 * seconds,
        rate: Some(5_000.0),
        seed: 5,
    };
    let base = server.ready.otlp_http.clone();
    let load = tokio::spawn(async move { load::run(&Payloads::new(plan), &base, &Progress::default()).await });
    let mut memory = Vec::new();
    while !load.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory.push((browser.held_bytes(), server.memory()));
        let rows = browser.script("return document.querySelectorAll('.found-item').length").await;
        assert!(rows.as_u64().is_some_and(|rows| rows > 0 && rows < 150), "{rows} rows are in the page");
    }
    let sent = load.await.unwrap();
    assert_eq!((sent.failed, sent.accepted), (0, plan.batches * 100), "{:?}", sent.reason);
    browser.click("#search-pause").await;
    browser.until_text("paused").await;
    let held =
        browser.script("return Number(document.getElementById('search-rows').getAttribute('aria-rowcount'))").await;
    assert!(held.as_u64().is_some_and(|rows| rows <= 5_001), "{held} rows are held");
    let gaps = browser
        .script("const g = window.gaps.slice().sort((a, b) => a - b); return [g[g.length >> 1], g[Math.floor(g.length * 0.99)], g[g.length - 1]].map(Math.round).join(' / ')")
        .await;
    let skipped = browser.script("return document.getElementById('search-skipped').innerText").await;
    let mib = |bytes: u64| bytes / 1024 / 1024;
    let quarter = memory.len() / 4;
    let (early, late) = (memory.get(quarter).copied().unwrap_or_default(), memory.last().copied().unwrap_or_default());
    eprintln!(
        "acknowledged to visible {visible}; {seconds} s at 5,000 lines/s: browser {} to {} MiB; server {}, then {}; frames p50/p99/max {gaps} ms, {skipped}",
        mib(early.0),
        mib(late.0),
        early.1,
        late.1
    );
    assert!(mib(late.0) < mib(early.0) + 200, "the page grows: {memory:?}");
    // It still follows.
    browser.click("#search-pause").await;
    until_live(&browser).await;
    send(&server, "the last line").await;
    until("the last line", DEADLINE, || async { browser.text().await.contains("the last line").then_some(()) }).await;
    browser.close().await;
}
