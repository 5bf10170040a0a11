//! Large traces: how soon rows are painted, how smoothly they scroll, how much memory the browser takes.
//!
//! The numbers are printed for docs/benchmarks.md (`TELLTALE_TEST_PROGRAM=…/release/telltale cargo test --workspace --test it
//! ui::large -- --nocapture --test-threads 1`, on a machine that does nothing else); no time is asserted. A debug build has
//! fewer spans and only shows that everything works.

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::{measured_program, server};

/// Whether a release build is measured; any other only shows that everything works.
fn is_measured() -> bool {
    cfg!(not(debug_assertions)) || measured_program().is_some()
}

/// Spans of one request.
const REQUEST: u64 = 5_000;

/// Sends a trace of `count` spans: a root, below it steps of 50 spans with attributes; every thousandth span failed.
async fn send(server: &Server, count: u64) {
    let start = otlp::now() - 3_600_000_000_000;
    let id = |at: u64| (at + 1).to_be_bytes();
    let span = |at: u64| {
        let parent = if at.is_multiple_of(50) { 0 } else { at - at % 50 };
        let name = if at == 0 { "GET /everything".to_owned() } else { format!("step {}", at % 50) };
        let mut span = otlp::span([5; 16], id(at), &name);
        span.start_time_unix_nano = start + at * 1_000;
        span.end_time_unix_nano = if at == 0 { start + count * 1_000 } else { span.start_time_unix_nano + 900 };
        span.attributes =
            vec![otlp::text("user.id", format!("user-{}", at % 977)), otlp::text("http.route", "/api/items/{id}")];
        if at % 1_000 == 999 {
            span = otlp::failed(span, "no such item");
        }
        if at > 0 { otlp::child_of(span, id(parent)) } else { span }
    };
    for first in (0..count).step_by(usize::try_from(REQUEST).unwrap()) {
        let spans = (first..(first + REQUEST).min(count)).map(span).collect();
        let service = format!("service-{}", first / REQUEST % 5);
        let _ = server.http.export(Signal::Traces, &otlp::traces(&service, spans)).await.ok();
    }
}

/// Lets every page note when its first rows are painted.
async fn note_rows(browser: &Browser) {
    browser
        .before_load(
            "new MutationObserver((_, self) => { if (document.querySelector('[role=treegrid] [aria-level]')) { self.disconnect(); \
             requestAnimationFrame(() => requestAnimationFrame(() => { window.rowsPainted = performance.now(); })); } }) \
             .observe(document, {childList: true, subtree: true})",
        )
        .await;
}

/// Opens the trace's address in a browser that has nothing of telltale yet, and returns the milliseconds from the start of the navigation to
/// the first painted rows.
async fn painted(browser: &Browser) -> f64 {
    note_rows(browser).await;
    browser.goto(&format!("/t/{}", "05".repeat(16))).await;
    browser.until_true("rows", "return window.rowsPainted > 0").await;
    browser.script("return window.rowsPainted").await.as_f64().unwrap()
}

/// Pastes the trace's id into the start page and returns the milliseconds from then to the first painted rows.
async fn pasted(server: &Server) -> f64 {
    let browser = Browser::open(server.http.ui()).await;
    note_rows(&browser).await;
    browser.goto("/").await;
    browser.until_true("the start page", "return document.querySelector('input') !== null").await;
    let paste = "const data = new DataTransfer(); data.setData('text/plain', '{id}'); window.pastedAt = performance.now(); \
         document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))";
    browser.script(&paste.replace("{id}", &"05".repeat(16))).await;
    browser.until_true("rows", "return window.rowsPainted > 0").await;
    let took = browser.script("return window.rowsPainted - window.pastedAt").await.as_f64().unwrap();
    browser.close().await;
    took
}

/// Four ticks of a wheel in each frame, as a reader in a hurry scrolls; fewer where the list would end too soon.
const WHEEL: &str = "Math.min(500, document.documentElement.scrollHeight / 180)";
/// All of it in the frames that are measured, as the scroll bar is dragged: every frame shows other rows.
const DRAGGED: &str = "document.documentElement.scrollHeight / 180";

/// Whether the rows in sight stand in the page in the order that they are shown in, each with all that it says.
const ROWS_ARE_WHOLE: &str = "const rows = [...document.querySelectorAll('[role=treegrid] .rows-shown > [aria-rowindex]')] \
    .map(row => Number(row.getAttribute('aria-rowindex'))); \
    return rows.length > 40 && !document.querySelector('.row-hurried') && rows.every((row, at) => at === 0 || row === rows[at - 1] + 1)";

/// Scrolls by `step` in every frame and says the median and the 95th percentile of the time between frames, and how many of a
/// hundred were shorter than 33 ms.
async fn scrolled(browser: &Browser, step: &str) -> String {
    let script = "scrollTo(0, 0); const done = arguments[arguments.length - 1]; const times = []; let last = performance.now(); \
        const step = {step}; \
        const frame = now => { times.push(now - last); last = now; scrollBy(0, step); \
        if (times.length < 180) requestAnimationFrame(frame); else { const sorted = times.slice(5).sort((a, b) => a - b); \
        done([sorted[Math.floor(sorted.length * 0.5)], sorted[Math.floor(sorted.length * 0.95)], \
        100 * sorted.filter(time => time < 33).length / sorted.length]); } }; \
        requestAnimationFrame(frame)";
    let answer = browser.script_async(&script.replace("{step}", step)).await;
    let number = |at: usize| answer.get(at).and_then(Value::as_f64).unwrap();
    format!("{:.1} ms median, {:.1} ms p95, {:.1} % under 33 ms", number(0), number(1), number(2))
}

/// Opens a trace of so many spans as a reader would, and prints what that took. Only what must hold on any machine is asserted:
/// times and memory are measured on a quiet one and stand in docs/benchmarks.md.
async fn measure(count: u64) {
    let server = server();
    send(&server, count).await;
    server.http.flush_durable().await;
    let stored = server.rss_bytes();
    server.forget_rss_peak();
    let pasted = pasted(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    let paint = painted(&browser).await;
    browser.until_text("What happened").await;
    browser.script("document.querySelector('[role=treegrid]').focus()").await;
    browser.press("]").await;
    let rows = format!(
        "return Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) > {count} * 0.9"
    );
    browser.until_true("every span has its row", &rows).await;
    let wheel = scrolled(&browser, WHEEL).await;
    // In a hurry rows stay where they are in the page and say little; at rest the page reads from top to bottom again.
    browser.until_true("the rows are whole and stand in their order", ROWS_ARE_WHOLE).await;
    let dragged = scrolled(&browser, DRAGGED).await;
    let elements = browser.script("return document.querySelectorAll('*').length").await;
    let memory = browser.memory_bytes() / 1_048_576;
    let (before, peak) = (stored >> 20, server.rss_peak_bytes() >> 20);
    eprintln!(
        "{count} spans: rows painted {pasted:.0} ms after the id was pasted, {paint:.0} ms after its address was opened by a new browser; frames by the wheel {wheel}; by the scroll bar {dragged}; {elements} elements; {memory} MiB in all of Chromium; server {before} MiB before, {peak} MiB at most"
    );
    assert!(elements.as_u64().is_some_and(|elements| elements < 3_000), "{elements} elements");
    // Find looks into attributes of all of them, and a failed span is one key away.
    browser.press("f").await;
    browser.press("user-976").await;
    browser.until_text(&format!("{} match", count / 977)).await;
    browser.script("document.activeElement.blur()").await;
    browser.press("e").await;
    browser
        .until_true(
            "a failed row is active",
            "const grid = document.querySelector('[role=treegrid]'); \
             return document.getElementById(grid.getAttribute('aria-activedescendant'))?.className.includes('row-error') === true",
        )
        .await;
    browser.screenshot(&format!("large-{count}")).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_spans() {
    measure(1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_spans() {
    measure(if is_measured() { 100_000 } else { 20_000 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_spans() {
    measure(if is_measured() { 1_000_000 } else { 50_000 }).await;
}
