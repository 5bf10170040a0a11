//! Two requests side by side, what is around one, and an id that is not there.

use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::server;

/// A request whose inner step took `length` milliseconds, with a version; the slow one failed.
async fn request(server: &Server, trace: u8, version: &str, length: u64) {
    let mut root = otlp::span([trace; 16], [1; 8], "POST /orders");
    root.start_time_unix_nano -= u64::from(trace) * 60_000_000_000;
    root.end_time_unix_nano = root.start_time_unix_nano + (length + 10) * 1_000_000;
    root.attributes = vec![otlp::text("service.version", version), otlp::text("customer.id", "acme-42")];
    let mut inner = otlp::child_of(otlp::span([trace; 16], [2; 8], "SELECT stock"), [1; 8]);
    inner.start_time_unix_nano = root.start_time_unix_nano + 1_000_000;
    inner.end_time_unix_nano = inner.start_time_unix_nano + length * 1_000_000;
    if length > 100 {
        root = otlp::failed(root, "too slow");
    }
    let _ = server.http.export(Signal::Traces, &otlp::traces("orders", vec![root, inner])).await.ok();
}

/// The comparison says what differs, shows only that at first, and its address holds the choice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_requests_are_compared() {
    let server = server();
    request(&server, 1, "1.9.0", 20).await;
    request(&server, 2, "2.0.0", 900).await;
    let browser = Browser::open(server.http.ui()).await;
    let (a, b) = ("01".repeat(16), "02".repeat(16));
    browser.goto(&format!("/t/{b}")).await;
    browser.click_text("summary", "Around it").await;
    browser.until_text("this request").await;
    browser.until_text("Compare with the nearest one that went well").await;
    browser.accessible("around").await;
    browser.screenshot("around").await;
    browser.click_text("a", "Compare with the nearest one that went well").await;
    browser.until_path(&format!("/t/{a}...{b}")).await;
    for words in ["SELECT stock", "B slower", "1.9.0", "2.0.0"] {
        browser.until_text(words).await;
    }
    browser.looked_at("diff").await;
    browser.click_text("a", "Swap A and B").await;
    browser.until_path(&format!("/t/{b}...{a}")).await;
    browser.until_text("B faster").await;
    browser.close().await;
}

/// An id that is nearly one that is stored: the page names that one and what arrived last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_id_is_explained() {
    let server = server();
    request(&server, 1, "1.9.0", 20).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&format!("/t/{}ff", "01".repeat(15))).await;
    browser.until_text("Nearly the same id").await;
    browser.until_text("POST /orders").await;
    browser.until_text("Newest data of each service").await;
    browser.accessible("not-found-near").await;
    browser.screenshot("not-found-near").await;
    browser.close_with_404s().await;
}
