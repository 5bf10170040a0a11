//! The web application in a real browser: Debian's Chromium, headless, through chromedriver.
//!
//! Screenshots of every page are left under the target folder (`tmp/screenshots`). `TELLTALE_WRITE_STORY_PNG=1` also writes
//! docs/story.png, the README's picture, from the data of the Python shop.

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;

use crate::clients::run_python;
use crate::support::{root, server};

mod around;
mod arrange;
pub(crate) mod browser;
mod charts;
mod compare;
mod dashboards;
mod ingest;
mod keyboard;
mod keys;
mod large;
mod live;
mod map;
mod opening;
mod runs;
mod search;
mod services;
mod share;
mod sharing;
mod states;
mod views;

use browser::Browser;

/// Paste an id on the start page, read the verdict, the spans and the logs, open a span.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paste_an_id_and_read_the_story() {
    let server = server();
    let shop = run_python("http", &server.ready.otlp_http);
    let failed = shop["requests"][1]["trace_id"].as_str().unwrap().to_owned();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/").await;
    browser.until_text("POST /orders").await;
    browser.accessible("home").await;
    browser.screenshot("home").await;
    browser.type_into("input[type=search], input[type=text], textarea", &failed).await;
    browser.press("\u{e007}").await;
    browser.until_path(&format!("/t/{failed}")).await;
    read_the_story(&browser, &shop, &failed).await;
    for scheme in ["light", "dark"] {
        browser.colour_scheme(scheme).await;
        browser.accessible(&format!("story-{scheme}")).await;
        let picture = browser.screenshot(&format!("story-{scheme}")).await;
        if scheme == "light" && std::env::var_os("TELLTALE_WRITE_STORY_PNG").is_some() {
            std::fs::create_dir_all(root().join("docs")).unwrap();
            std::fs::copy(picture, root().join("docs/story.png")).unwrap();
        }
    }
    browser.close().await;
}

async fn read_the_story(browser: &Browser, shop: &Value, trace_id: &str) {
    // The verdict and the facts that a support engineer asks for stand on the page without a click.
    for text in
        ["does not know the command unlock", "2.4.9", "gw-eu-3", "USE TEMP B-TREE", "order-worker", "device-gateway"]
    {
        browser.until_text(text).await;
    }
    let spans: Vec<&str> = shop["spans"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|span| span["span"]["traceId"] == trace_id)
        .filter_map(|span| span["span"]["name"].as_str())
        .collect();
    assert_eq!(spans.len(), 6, "{spans:?}");
    for name in spans {
        browser.until_text(name).await;
    }
    for tab in ["list", "errors", "raw"] {
        browser.click(&format!("#tab-{tab}")).await;
        let expected = match tab {
            "list" => "order for meter-2 received",
            "errors" => "RuntimeError",
            _ => "resourceSpans",
        };
        browser.until_text(expected).await;
        browser.accessible(&format!("tab-{tab}")).await;
        browser.screenshot(&format!("tab-{tab}")).await;
    }
    browser.click("#tab-timeline").await;
    browser.click_text("[role=treegrid] [role=row]", "SELECT stock").await;
    for text in ["db.query.text", "ORDER BY pieces", "rows fetched", "order-worker"] {
        browser.until_text(text).await;
    }
    browser.accessible("drawer").await;
    browser.screenshot("drawer").await;
    let path = browser.path().await;
    assert!(path.starts_with(&format!("/t/{trace_id}/")), "an open span has its own link: {path}");
}

/// A span has its own link, which opens the story with that span.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_one_span_opens_it() {
    let server = server();
    let mut span = otlp::span([1; 16], [2; 8], "inner");
    span.attributes = vec![otlp::text("note", "only in the drawer")];
    let spans = vec![otlp::span([1; 16], [1; 8], "outer"), otlp::child_of(span, [1; 8])];
    let _ = server.http.export(Signal::Traces, &otlp::traces("links", spans)).await.ok();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&format!("/t/{}/{}", "01".repeat(16), "02".repeat(8))).await;
    browser.until_text("only in the drawer").await;
    browser.close().await;
}

/// Markup in names, keys, values and logs stays text on every page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_markup_stays_text() {
    let server = server();
    let hostile = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";
    let mut span = otlp::failed(otlp::span([1; 16], [1; 8], hostile), hostile);
    span.attributes = vec![
        otlp::text(hostile, hostile),
        otlp::text("db.query.plan", hostile),
        otlp::text("url.full", "javascript:window.hacked=1"),
    ];
    let _ = server.http.export(Signal::Traces, &otlp::traces(hostile, vec![span])).await.ok();
    let _ =
        server.http.export(Signal::Logs, &otlp::logs(hostile, vec![otlp::log([1; 16], [1; 8], hostile)])).await.ok();
    let browser = Browser::open(server.http.ui()).await;
    let id = "01".repeat(16);
    for path in ["/".to_owned(), format!("/t/{id}"), format!("/t/{id}/{}", "01".repeat(8)), format!("/t/{id}?tab=list")]
    {
        browser.goto(&path).await;
        browser.until_text("<img src=x onerror").await;
        assert_eq!(browser.script("return window.hacked === undefined").await, true, "{path} ran what a sender wrote");
        let links = browser
            .script("return [...document.querySelectorAll('a')].filter(a => a.protocol === 'javascript:').length")
            .await;
        assert_eq!(links, 0, "{path} has a link that runs script");
    }
    browser.close().await;
}
