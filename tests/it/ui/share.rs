//! The exported page in the browser: from a disk, without a server, and behind a link.

use telltale_tests::http::Signal;
use telltale_tests::otlp;

use super::Browser;
use crate::clients::run_python;
use crate::support::{server, target_tmp};

/// What the page asked for, besides itself: everything that the browser fetched or tried to.
const REQUESTS: &str = "return performance.getEntriesByType('resource').map(entry => entry.name)";

/// Scenario: the story of a failed request of the Python shop is saved as one file, the server ends, the file is opened from
/// the disk; the same page behind a link. Guarantees: verdict, spans, logs and details are read, the filter works, nothing is
/// asked for, nothing is refused by the policy, axe is content, light and dark.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exported_page_opens_from_a_disk_and_asks_for_nothing() {
    let server = server();
    let shop = run_python("http", &server.ready.otlp_http);
    let failed = shop["requests"][1]["trace_id"].as_str().unwrap().to_owned();
    let page = server.http.get(&format!("/api/share/{failed}/story.html")).await.ok();
    let file = target_tmp("share").join("story.html");
    std::fs::write(&file, page.text()).unwrap();
    server.stop();
    let browser = Browser::open(&format!("file://{}", file.display())).await;
    browser.goto("").await;
    for text in
        ["does not know the command unlock", "2.4.9", "gw-eu-3", "SCAN stock", "device-gateway", "Everything by time"]
    {
        browser.until_text(text).await;
    }
    assert_eq!(browser.script("return location.protocol").await, "file:");
    assert_eq!(browser.script(REQUESTS).await, serde_json::json!([]), "the page asked for something");
    let rows = browser.script("return document.querySelectorAll('.row').length").await;
    assert_eq!(rows, 6);
    browser.type_into("#filter", "unlock").await;
    browser.until_text("of 6 spans").await;
    browser
        .until_true("rows that do not fit to go", "return document.querySelectorAll('.row[data-hidden]').length > 0")
        .await;
    browser
        .script("const f = document.querySelector('#filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
        .await;
    browser.click(".row.error summary").await;
    browser.until_true("details", "return document.querySelector('.row.error details').open").await;
    for scheme in ["light", "dark"] {
        browser.colour_scheme(scheme).await;
        browser.script("scrollTo(0, 0)").await;
        browser.accessible(&format!("exported-{scheme}")).await;
        browser.screenshot(&format!("exported-{scheme}")).await;
        browser.script("document.querySelector('#list').scrollIntoView()").await;
        browser.screenshot(&format!("exported-list-{scheme}")).await;
    }
    let data =
        browser.script("return JSON.parse(document.querySelector('#otlp').textContent).resourceSpans.length > 0").await;
    assert_eq!(data, true, "the data is whole");
    // Also what the policy refused would be an error on the console.
    browser.close().await;
}

/// Scenario: markup in every text of a trace, behind a link. Guarantees: no element and no script comes of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_text_is_only_text() {
    let server = server();
    let hostile = "<img src=x onerror=\"window.hacked=1\"></script><script>window.hacked=1</script>";
    let mut span = otlp::failed(otlp::span([1; 16], [1; 8], hostile), hostile);
    span.attributes = vec![otlp::text(hostile, hostile)];
    let _ = server.http.export(Signal::Traces, &otlp::traces(hostile, vec![span])).await.ok();
    let _ = server.http.export(Signal::Logs, &otlp::logs("x", vec![otlp::log([1; 16], [1; 8], hostile)])).await.ok();
    let created =
        server.http.send(server.http.request(reqwest::Method::POST, &format!("/api/share/{}", "01".repeat(16)))).await;
    let created: serde_json::Value = serde_json::from_str(&created.text()).unwrap();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(created["path"].as_str().unwrap()).await;
    browser.until_text("onerror").await;
    assert_eq!(
        browser.script("return [window.hacked, document.images.length, document.scripts.length]").await,
        serde_json::json!([null, 0, 2])
    );
    assert_eq!(browser.script(REQUESTS).await, serde_json::json!([]), "the page asked for something");
    browser.close().await;
}
