//! Runs begun by hand and compared, and the board of signals, in a real browser.

use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::{launch, server};

/// Twenty requests of about `length` milliseconds with `queries` database calls each; the last fails when `message` says why.
async fn work(server: &Server, first: u8, length: u64, queries: u8, message: Option<&str>) {
    let mut spans = Vec::new();
    for number in first..first + 20 {
        let mut request = otlp::span([number; 16], [1; 8], "POST /orders");
        request.end_time_unix_nano = request.start_time_unix_nano + (length * 1_000 + u64::from(number)) * 1_000;
        if let Some(message) = message.filter(|_| number == first + 19) {
            request = otlp::failed(request, message);
        }
        spans.push(request);
        for query in 0..queries {
            let mut select = otlp::child_of(otlp::span([number; 16], [10 + query; 8], "SELECT stock"), [1; 8]);
            select.attributes = vec![otlp::text("db.system.name", "sqlite")];
            spans.push(select);
        }
    }
    let _ = server.http.export(Signal::Traces, &otlp::traces("shop", spans)).await.ok();
}

/// Types the name of a run and begins it.
async fn begin(browser: &Browser, name: &str) {
    browser.type_into("#run-name", name).await;
    browser.click(".runs-mark button").await;
    browser
        .until_true(
            "the run is listed",
            &format!("return [...document.querySelectorAll('.runs-table td a')].some(a => a.textContent === '{name}')"),
        )
        .await;
}

/// Scenario: "before my change" and "after", the second slower, with an error and more queries.
/// Guarantees: both are begun by the button and compared by the other one; each difference is told, the slower operation
/// with how sure that is, the error with the way to its story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_begun_by_the_button_and_compared() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/runs").await;
    browser.until_text("No run yet").await;
    browser.accessible("runs-none").await;
    browser.screenshot("runs-none").await;
    begin(&browser, "before my change").await;
    work(&server, 10, 20, 1, None).await;
    begin(&browser, "after").await;
    work(&server, 40, 60, 4, Some("card_declined: order 17")).await;
    // One that is begun elsewhere appears by itself, and is nobody's business afterwards.
    let marked =
        server.http.send(server.http.request(reqwest::Method::POST, "/api/runs").body("{\"name\":\"elsewhere\"}"));
    let _ = marked.await.ok();
    browser.until_text("elsewhere").await;
    browser.click("[aria-label='Before: before my change']").await;
    browser.click("[aria-label='After: after']").await;
    browser.accessible("runs").await;
    browser.screenshot("runs").await;
    browser.click("#runs-compare").await;
    for text in [
        "1 new error, 1 operation slower, 1 operation with more queries",
        "card_declined: order 17",
        "+200",
        "p < 0.001, 20 against 20 spans",
        "Database calls beneath one operation",
    ] {
        browser.until_text(text).await;
    }
    browser.looked_at("runs-compare").await;
    // One run: what failed in it and what was slow, and the way to the story.
    browser.click_text(".diff-side a", "after").await;
    browser.until_text("100 spans in 20 traces").await;
    browser.until_text("60.1 ms").await;
    browser.accessible("run-marked").await;
    browser.screenshot("run-marked").await;
    browser.click_text(".page-part a", "story").await;
    browser.until_path(&format!("/t/{}/{}", otlp::hex(&[59; 16]), otlp::hex(&[1; 8]))).await;
    browser.until_text("card_declined: order 17").await;
    // A name that no run has.
    browser.goto("/runs/never").await;
    browser.until_text("there is no run \"never\"").await;
    browser.close_with_404s().await;
}

/// Scenario: a developer without a file, with a mistake in it, with promises that are not kept yet, and then kept.
/// Guarantees: the page follows the file and what arrives without being loaded again; "begin anew" makes it red again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_turns_green_without_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signals.toml");
    let server = launch().env("TELLTALE_SIGNALS", &file).start();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/signals").await;
    browser.until_text("There is no signals file yet").await;
    browser.accessible("board-missing").await;
    browser.screenshot("board-missing").await;
    browser.script("window.loaded_once = true; return true").await;
    std::fs::write(&file, "[[span]]\nname = \"POST /orders\"\nknd = \"server\"\n").unwrap();
    browser.until_text("signals.toml:3:1: a [[span]] has no \"knd\"").await;
    let promises = "[[span]]\nname = \"POST /orders\"\nkind = \"server\"\nwhy = \"the shop lives by it\"\n\n\
                    [[never]]\nspan.status = \"error\"\n";
    std::fs::write(&file, promises).unwrap();
    browser.until_text("1 of 2 met").await;
    browser.until_text("the shop lives by it").await;
    // Nearly: the right name on a span of another kind.
    let mut span = otlp::span([1; 16], [1; 8], "POST /orders");
    span.kind = 3;
    let _ = server.http.export(Signal::Traces, &otlp::traces("shop", vec![span])).await.ok();
    browser.until_text("you asked for SERVER").await;
    browser.looked_at("board").await;
    work(&server, 10, 20, 0, None).await;
    browser.until_text("2 of 2 met").await;
    browser.screenshot("board-green").await;
    browser.click("#board-anew").await;
    browser.until_text("1 of 2 met").await;
    browser.until_text("judged by the run board ").await;
    work(&server, 40, 20, 0, Some("late")).await;
    browser.until_text("never a span that failed").await;
    browser.until_text("1 seen: SERVER \"POST /orders\" of shop").await;
    assert_eq!(browser.script("return window.loaded_once").await, true, "the page was loaded again");
    browser.close().await;
}
