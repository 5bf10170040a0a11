//! Everything works without a mouse.

use telltale_tests::http::Signal;
use telltale_tests::otlp;

use super::Browser;
use crate::support::server;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const DOWN: &str = "\u{e015}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";

/// `/` goes to the paste box, Enter to the story; arrows and letters walk the tree, Enter opens a span, Escape closes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_by_keyboard_alone() {
    let server = server();
    let mut inner = otlp::child_of(otlp::span([1; 16], [2; 8], "inner"), [1; 8]);
    inner.attributes = vec![otlp::text("note", "only in the drawer")];
    let spans = vec![otlp::span([1; 16], [1; 8], "outer"), inner];
    let _ = server.http.export(Signal::Traces, &otlp::traces("keys", spans)).await.ok();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    browser.until_text("outer").await;
    browser.script("document.activeElement.blur()").await;
    browser.press("/").await;
    browser
        .until_true("focus in a text field", "return ['INPUT', 'TEXTAREA'].includes(document.activeElement.tagName)")
        .await;
    let id = "01".repeat(16);
    browser.press(&format!("traceparent: 00-{id}-{}-01", "02".repeat(8))).await;
    browser.press(ENTER).await;
    browser.until_text("inner").await;
    assert!(browser.path().await.starts_with(&format!("/t/{id}")), "{}", browser.path().await);
    browser.goto(&format!("/t/{id}")).await;
    browser
        .until_true(
            "the tree",
            "return document.querySelectorAll('[role=treegrid] [role=row][aria-level]').length === 2",
        )
        .await;
    browser.script("document.querySelector('[role=treegrid]').focus()").await;
    browser.press(DOWN).await;
    browser.press("j").await;
    let active = "const grid = document.querySelector('[role=treegrid]'); \
                  return document.getElementById(grid.getAttribute('aria-activedescendant'))?.innerText.includes('inner') === true";
    browser.until_true("the second row is active", active).await;
    browser.press(ENTER).await;
    browser.until_text("only in the drawer").await;
    browser.press(ESCAPE).await;
    browser.until_true("the drawer is closed", "return !document.body.innerText.includes('only in the drawer')").await;
    browser.script("document.querySelector('[role=treegrid]').focus()").await;
    browser.press("k").await;
    browser.press(LEFT).await;
    let rows = |count: usize| {
        format!("return document.querySelectorAll('[role=treegrid] [role=row][aria-level]').length === {count}")
    };
    browser.until_true("one row, folded", &rows(1)).await;
    browser.press(RIGHT).await;
    browser.until_true("two rows, unfolded", &rows(2)).await;
    browser.press("?").await;
    browser
        .until_true("the list of keys", "return document.querySelector('dialog[open], [role=dialog]') !== null")
        .await;
    browser.accessible("keys").await;
    browser.close().await;
}

/// Ctrl-V anywhere on the page is a look-up, without a click into the box.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paste_anywhere() {
    let server = server();
    let _ = server
        .http
        .export(Signal::Traces, &otlp::traces("paste", vec![otlp::span([1; 16], [1; 8], "pasted span")]))
        .await
        .ok();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    browser.until_text("pasted span").await;
    let paste = format!(
        "document.activeElement.blur(); const data = new DataTransfer(); data.setData('text/plain', 'ERROR trace={}'); \
         document.body.dispatchEvent(new ClipboardEvent('paste', {{clipboardData: data, bubbles: true, cancelable: true}}))",
        "01".repeat(16)
    );
    browser.script(&paste).await;
    browser.until_path(&format!("/t/{}", "01".repeat(16))).await;
    browser.until_text("pasted span").await;
    browser.close().await;
}
