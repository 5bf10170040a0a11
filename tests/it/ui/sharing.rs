//! The share bar: what is masked is shown before anything goes out, and what goes out is what was shown.

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::server;

/// What the page puts on the clipboard lands here: a headless browser has none.
const CLIPBOARD: &str = "window.copied = []; \
    Object.defineProperty(navigator, 'clipboard', {value: {writeText: text => { window.copied.push(text); return Promise.resolve(); }}})";

/// A failed request with an e-mail address, a bearer token and a password in it.
async fn send(server: &Server) {
    let mut root = otlp::failed(otlp::span([3; 16], [1; 8], "POST /login"), "no such user ann@example.com");
    root.attributes = vec![
        otlp::text("user.email", "ann@example.com"),
        otlp::text("http.request.header.authorization", "Bearer abcdef0123456789abcdef"),
        otlp::text("http.route", "/login"),
    ];
    let _ = server.http.export(Signal::Traces, &otlp::traces("accounts", vec![root])).await.ok();
    let log = otlp::log([3; 16], [1; 8], "login of ann@example.com with password=hunter2hunter2");
    let _ = server.http.export(Signal::Logs, &otlp::logs("accounts", vec![log])).await.ok();
}

fn path() -> String {
    format!("/t/{}", "03".repeat(16))
}

/// The text that was copied last.
async fn copied(browser: &Browser) -> String {
    browser.until_true("something copied", "return window.copied.length > 0").await;
    browser.script("return window.copied.pop()").await.as_str().unwrap().to_owned()
}

/// The addresses of the dialog's files.
async fn files(browser: &Browser) -> Vec<String> {
    let files = browser
        .script("return [...document.querySelectorAll('.share-dialog a[download]')].map(a => a.getAttribute('href'))")
        .await;
    files.as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned()).collect()
}

/// Scenario: a supporter opens the share dialog by keyboard, reads what is masked, copies Markdown, takes the files. Guarantees:
/// the masked values stand in the preview with their places, nothing can go out before it is there, and no form that goes out
/// holds one of them; a rule that is left off is said, and its values go out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_masked_is_shown_before_it_goes_out() {
    let server = server();
    send(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.before_load(CLIPBOARD).await;
    // The preview's answer is held back, as by a slow server, to see that nothing can go out meanwhile.
    browser
        .before_load(
            "const real = window.fetch; let release; const held = new Promise(done => { release = done; }); window.release = release; \
             window.fetch = async (url, init) => { if (String(url).includes('/preview')) await held; return real(url, init); }",
        )
        .await;
    browser.goto(&path()).await;
    browser.until_text("What happened").await;
    browser.press("y").await;
    browser.until_true("the dialog", "return document.querySelector('.share-dialog[open]') !== null").await;
    assert!(files(&browser).await.is_empty(), "a file is offered before the preview is there");
    assert_eq!(browser.script("return document.querySelector('#share-markdown')").await, Value::Null);
    browser.script("window.release()").await;
    for words in ["values are masked", "user.email", "ann@example.com", "[redacted:", "Copy Markdown"] {
        browser.until_text(words).await;
    }
    browser.looked_at("share").await;
    browser.click("#share-markdown").await;
    let markdown = copied(&browser).await;
    assert!(markdown.contains("POST /login") && markdown.contains("[redacted:"), "{markdown}");
    let mut forms = vec![markdown];
    let files_masked = files(&browser).await;
    assert_eq!(files_masked.len(), 4, "{files_masked:?}");
    for file in &files_masked {
        forms.push(String::from_utf8_lossy(&server.http.get(file).await.ok().body).into_owned());
    }
    for form in &forms {
        for secret in ["ann@example.com", "abcdef0123456789abcdef", "hunter2hunter2"] {
            assert!(!form.contains(secret), "{secret} went out in {}", &form[..form.len().min(200)]);
        }
    }
    // Without the rule for addresses.
    browser
        .script("[...document.querySelectorAll('.share-rule')].find(rule => rule.querySelector('strong').innerText === 'email').querySelector('input').click()")
        .await;
    browser.until_text("1 rule is left off").await;
    browser.until_text("stay readable").await;
    browser.until_true("the ways out", "return document.querySelector('#share-markdown') !== null").await;
    browser.screenshot("share-left-off").await;
    browser.click("#share-markdown").await;
    let markdown = copied(&browser).await;
    assert!(markdown.contains("ann@example.com") && !markdown.contains("hunter2hunter2"), "{markdown}");
    assert!(files(&browser).await.iter().all(|file| file.contains("without=email")), "{:?}", files(&browser).await);
    browser.press("\u{e00c}").await;
    browser.until_true("the dialog is gone", "return document.querySelector('dialog[open]') === null").await;
    browser.close().await;
}

/// Scenario: a link for somebody without access is made, opened, and ended. Guarantees: the page behind it is masked and
/// read only, it says until when, and ended it leads to nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_link_is_made_and_ended() {
    let server = server();
    send(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.before_load(CLIPBOARD).await;
    browser.goto(&path()).await;
    browser.click("#share-open").await;
    browser.until_true("the choice", "return document.querySelector('#share-expiry') !== null").await;
    browser
        .script("const choice = document.querySelector('#share-expiry'); choice.value = '3600'; choice.dispatchEvent(new Event('change', {bubbles: true}))")
        .await;
    browser.click("#share-make").await;
    browser.until_true("the link", "return document.querySelector('.share-made a') !== null").await;
    browser.until_text("1 link to this trace").await;
    browser.accessible("share-link").await;
    browser.screenshot("share-link").await;
    browser.click(".share-made button").await;
    let address = copied(&browser).await;
    let shared = address.strip_prefix(server.http.ui()).unwrap_or(&address).to_owned();
    let page = server.http.get(&shared).await.ok().text();
    assert!(page.contains("POST /login") && !page.contains("ann@example.com"), "the page behind the link");
    let held: Value = serde_json::from_str(&server.http.get("/api/shares").await.ok().text()).unwrap();
    let link = &held["links"][0];
    let nanos = |key: &str| link[key].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(nanos("expires_unix_nano") - nanos("created_unix_nano"), 3_600_000_000_000, "{link}");
    browser.click(".share-held button").await;
    browser
        .until_true(
            "no link",
            "return document.querySelector('.share-held') === null && document.querySelector('.share-made') === null",
        )
        .await;
    assert_eq!(server.http.get(&shared).await.status.as_u16(), 404);
    browser.close().await;
}
