//! Pages with nothing, with something wrong, and with data that is still arriving.

use telltale_tests::http::{PROTOBUF, Signal};
use telltale_tests::otlp;

use super::Browser;
use crate::support::server;

/// Nothing has arrived: the page says how to send, and fills by itself as soon as something does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_run_page_becomes_the_live_list() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    let otlp_port = server.ready.otlp_http.rsplit_once(':').unwrap().1.to_owned();
    for text in ["OTEL_EXPORTER_OTLP_ENDPOINT", "Python", "Node", "Elixir", "curl", &otlp_port] {
        browser.until_text(text).await;
    }
    browser.looked_at("first-run").await;
    let _ = server.http.post(Signal::Traces, "text/plain", "oops").await;
    browser.until_text("text/plain").await;
    let _ = server.http.post(Signal::Traces, PROTOBUF, "\u{1}\u{2}").await;
    let span = otlp::failed(otlp::span([1; 16], [1; 8], "the first request"), "it failed");
    let _ = server.http.export(Signal::Traces, &otlp::traces("first", vec![span])).await.ok();
    browser.until_text("the first request").await;
    browser.goto("/").await;
    browser.until_text("it failed").await;
    browser.screenshot("home-issues").await;
    browser.accessible("home-issues").await;
    browser.close().await;
}

/// An id that nobody sent: the page says what it understood and waits; the trace appears by itself and goes on growing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_found_waits_and_a_trace_fills_in() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    let id = "0a".repeat(16);
    browser.goto(&format!("/t/{id}")).await;
    browser.until_text(&id).await;
    browser.until_true("a status that says it waits", "return document.querySelector('[role=status]') !== null").await;
    browser.accessible("not-found").await;
    browser.screenshot("not-found").await;
    let child = otlp::child_of(otlp::span([10; 16], [2; 8], "arrived first"), [1; 8]);
    let _ = server.http.export(Signal::Traces, &otlp::traces("late", vec![child])).await.ok();
    browser.until_text("arrived first").await;
    let mut parent = otlp::span([10; 16], [1; 8], "arrived second");
    parent.start_time_unix_nano -= 5_000_000;
    let _ = server.http.export(Signal::Traces, &otlp::traces("late", vec![parent])).await.ok();
    browser.until_text("arrived second").await;
    let log = otlp::log([10; 16], [1; 8], "a log that came last");
    let _ = server.http.export(Signal::Logs, &otlp::logs("late", vec![log])).await.ok();
    browser.click("#tab-list").await;
    browser.until_text("a log that came last").await;
    browser.close_with_404s().await;
}

/// A paste that is no id at all, and an address that is no page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_understood_is_said() {
    let server = server();
    let _ = server
        .http
        .export(Signal::Traces, &otlp::traces("other", vec![otlp::span([1; 16], [1; 8], "other")]))
        .await
        .ok();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    browser.until_text("other").await;
    browser.type_into("input[type=search], input[type=text], textarea", "no id in here").await;
    browser.press("\u{e007}").await;
    browser.until_text("no id in here").await;
    browser.accessible("not-understood").await;
    browser.screenshot("not-understood").await;
    browser.goto("/no/such/page").await;
    browser.accessible("unknown-page").await;
    browser.close_with_404s().await;
}

/// A thousand spans: the page shows them through a window of rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_opens_within_the_budget() {
    let server = server();
    let id = |at: u64| (at + 1).to_be_bytes();
    let spans = (0..1000).map(|at| match at {
        0 => otlp::span([1; 16], id(0), "root"),
        _ => otlp::child_of(otlp::span([1; 16], id(at), "child"), id(at / 10)),
    });
    let _ = server.http.export(Signal::Traces, &otlp::traces("thousand", spans.collect())).await.ok();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&format!("/t/{}", "01".repeat(16))).await;
    browser.until_text("1 000 spans").await;
    let rows = browser.script("return document.querySelectorAll('[role=treegrid] [role=row]').length").await;
    assert!(rows.as_u64().is_some_and(|rows| rows < 300), "{rows} rows in the document: the list is not virtual");
    browser.accessible("thousand").await;
    browser.close().await;
}
