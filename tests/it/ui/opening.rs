//! Files of this and other tools: dropped on any page of the story's area, or chosen by keyboard.

use telltale_tests::http::Signal;
use telltale_tests::otlp;

use super::Browser;
use crate::support::server;

const ENTER: &str = "\u{e007}";

/// Zipkin v2 with one trace of two spans.
const ZIPKIN: &str = r#"[{"traceId":"000000000000000000000000000000c1","id":"00000000000000c1","name":"get /zip","timestamp":1795252443000000,"duration":2000,"localEndpoint":{"serviceName":"zip-front"}},{"traceId":"000000000000000000000000000000c1","id":"00000000000000c2","parentId":"00000000000000c1","name":"inner zip","timestamp":1795252443000500,"duration":1000,"localEndpoint":{"serviceName":"zip-back"}}]"#;

/// OTLP as JSON lines: a trace, and a line that is none.
const LINES: &str = concat!(
    r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"000000000000000000000000000000d1","spanId":"00000000000000d1","name":"from a line","startTimeUnixNano":"1795252443000000000","endTimeUnixNano":"1795252443000100000"}]}]}]}"#,
    "\n{\"resourceSpans\": 7}\n"
);

/// Carries files (name, text) over an element and drops them, as a hand would.
async fn drop_on(browser: &Browser, selector: &str, files: &[(&str, &str)]) {
    let files = serde_json::to_string(files).unwrap();
    let over = format!(
        "const data = new DataTransfer(); \
         for (const [name, text] of {files}) data.items.add(new File([text], name)); \
         const place = document.querySelector('{selector}'); \
         window.send = kind => place.dispatchEvent(new DragEvent(kind, {{dataTransfer: data, bubbles: true, cancelable: true}})); \
         window.send('dragenter'); return !window.send('dragover')"
    );
    assert_eq!(browser.script(&over).await, true, "the page does not take files");
    browser
        .until_true("a sign that files can be dropped", "return document.querySelector('.drop-shown') !== null")
        .await;
    browser.screenshot("drop").await;
    browser.script("window.send('drop')").await;
    browser.until_true("the sign to go", "return document.querySelector('.drop-shown') === null").await;
}

/// Scenario: one good file is dropped on the start page, then two at once on the story that it opened, one of them broken in
/// part and one of them nothing that is understood. Guarantees: a single trace opens by itself; what was not understood is
/// told by file, place and reason; what was understood is linked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_dropped_anywhere() {
    let server = server();
    let span = otlp::span([1; 16], [1; 8], "was here");
    let _ = server.http.export(Signal::Traces, &otlp::traces("other", vec![span])).await.ok();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    browser.until_text("was here").await;
    drop_on(&browser, ".home", &[("zipkin.json", ZIPKIN)]).await;
    browser.until_path(&format!("/t/{}c1", "0".repeat(30))).await;
    browser.until_text("inner zip").await;
    drop_on(&browser, ".story", &[("half.jsonl", LINES), ("letter.txt", "Dear all,")]).await;
    for words in ["half.jsonl", "line 2", "Not understood", "letter.txt", "is no telemetry"] {
        browser.until_text(words).await;
    }
    browser.looked_at("opened").await;
    browser.click_text(".opened-traces a", "d1").await;
    browser.until_text("from a line").await;
    browser.until_true("the dialog is gone", "return document.querySelector('dialog[open]') === null").await;
    browser.close_with_400s().await;
}

/// Scenario: the file chooser is opened by keyboard. Guarantees: the button is reached by Tab and Enter opens the chooser; the
/// chosen file opens its story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_chosen_by_keyboard() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    browser.until_text("Open a file").await;
    // What the browser would show is no page and cannot be driven: only that it is asked for.
    browser.script("document.querySelector('#open-files').click = () => { window.chooser = true; }").await;
    browser.tab_to("#open-button").await;
    browser.press(ENTER).await;
    browser.until_true("the chooser", "return window.chooser === true").await;
    let choose = format!(
        "const data = new DataTransfer(); data.items.add(new File([{}], 'zipkin.json')); \
         const field = document.querySelector('#open-files'); field.files = data.files; \
         field.dispatchEvent(new Event('change', {{bubbles: true}}))",
        serde_json::to_string(ZIPKIN).unwrap()
    );
    browser.script(&choose).await;
    browser.until_path(&format!("/t/{}c1", "0".repeat(30))).await;
    browser.until_text("inner zip").await;
    browser.close().await;
}
