//! The whole story page without a mouse: every control is reached by Tab, every view and every part works by keys.

use serde_json::{Value, json};

use super::Browser;
use super::browser::TABS_MAX;
use super::views::{path, shop};
use crate::support::server;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const DOWN: &str = "\u{e015}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";
const SPACE: &str = " ";

/// Everything in sight that a mouse could act on, and that Tab has not reached, in words.
const NOT_REACHED: &str = "const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=slider], [tabindex=\"0\"]'); \
    return [...all].filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}) && !e.dataset.reached \
    && !e.matches('.flame-words a')).map(e => e.outerHTML.slice(0, 120))";

/// Tabs around the page twice, for what a stop shows only while it is the current one, and returns what was not reached.
async fn left_over(browser: &Browser) -> Value {
    browser.script("document.querySelectorAll('[data-reached]').forEach(e => delete e.dataset.reached); document.activeElement.blur()").await;
    for _press in 0..TABS_MAX {
        browser.press(TAB).await;
        let laps = "const e = document.activeElement; e.dataset.reached = Number(e.dataset.reached || 0) + 1; \
                    return e !== document.body && e.dataset.reached === '3'";
        if browser.script(laps).await == true {
            break;
        }
    }
    browser.script(NOT_REACHED).await
}

/// Scenario: a reader without a mouse tabs around each view of a story, with the drawer open and everything unfolded.
/// Guarantees: there is no link, button, field or summary that Tab does not reach, in any view.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tab_reaches_every_control() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    for tab in ["timeline", "list", "flame", "table", "graph", "errors", "raw"] {
        browser.goto(&format!("{}/{}?tab={tab}&col=db.namespace", path(), "04".repeat(8))).await;
        browser.until_text("What happened").await;
        browser.until_text("TimeoutError").await;
        browser.until_true("nothing is loading", "return document.querySelector('[aria-busy=true]') === null").await;
        assert_eq!(left_over(&browser).await, json!([]), "not reached in the view {tab}");
        if tab == "flame" {
            // The link to a box's longest span is made anew with each box that has the focus; keys have their own way there.
            browser.tab_to(".flame-box").await;
            browser.press("\u{e008}\u{e007}").await;
            browser.until_path(&format!("{}/{}", path(), "01".repeat(8))).await;
        }
    }
    browser.close().await;
}

/// Scenario: the views by arrow keys, then waterfall and list side by side. Guarantees: arrows lead through all seven views;
/// side by side there is one selection: a row chosen in the waterfall is chosen in the list and the other way around, the
/// address holds it, and opening the address shows the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_and_one_selection_side_by_side() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&path()).await;
    browser.until_text("What happened").await;
    browser.tab_to("#tab-timeline").await;
    for tab in ["list", "flame", "table", "graph", "errors", "raw", "timeline"] {
        browser.press(RIGHT).await;
        let chosen = format!(
            "return document.activeElement.id === 'tab-{tab}' && document.activeElement.getAttribute('aria-selected') === 'true' \
             && document.querySelector('#story-panel').getAttribute('aria-labelledby') === 'tab-{tab}'"
        );
        browser.until_true(tab, &chosen).await;
    }
    browser.press("v").await;
    browser
        .until_true("two panes", "return document.querySelectorAll('.split-pane [tabindex=\"0\"]').length >= 2")
        .await;
    assert_eq!(browser.script("return location.search").await, "?split=1");
    browser.tab_to("[role=treegrid]").await;
    for _row in 0..3 {
        browser.press(DOWN).await;
    }
    let same = "const grid = document.querySelector('[role=treegrid]'); const list = document.querySelector('.story-list'); \
                const row = document.getElementById(grid.getAttribute('aria-activedescendant')); \
                const entry = document.getElementById(list.getAttribute('aria-activedescendant')); \
                if (!row || !entry) return false; \
                const name = row.querySelector('.row-name').textContent.trim(); \
                return entry.querySelector('.list-text').textContent.includes(name)";
    browser.until_true("the row is chosen in the list", same).await;
    browser.tab_to(".story-list").await;
    browser.press(DOWN).await;
    browser.press(DOWN).await;
    browser.press(ENTER).await;
    browser.until_true("the drawer", "return document.querySelector('.drawer') !== null").await;
    browser.looked_at("split").await;
    let address = browser.script("return location.pathname + location.search").await;
    browser.goto(address.as_str().unwrap()).await;
    browser.until_true(
        "the span is open in both",
        "return document.querySelectorAll('.timeline .row-open').length === 1 && document.querySelectorAll('.story-list .row-open').length >= 1",
    )
    .await;
    browser.close().await;
}

/// Scenario: drawer, brush, filter, errors only, around, share bar by keys alone. Guarantees: each does what it does for a
/// mouse, and Escape leads back out of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_part_by_keys() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&path()).await;
    browser.until_true("rows", "return document.querySelectorAll('[role=treegrid] [aria-level]').length > 3").await;
    // The verdict's link to the failed span, then the details of its raw form.
    browser.tab_to(".verdict a").await;
    browser.press(ENTER).await;
    browser.until_true("the drawer", "return document.querySelector('.drawer') !== null").await;
    browser.tab_to(".drawer summary").await;
    let open = "return document.activeElement.parentElement.open";
    let before = browser.script(open).await;
    browser.press(ENTER).await;
    browser
        .until_true(
            "the part opens or closes",
            &format!("return document.activeElement.parentElement.open !== {before}"),
        )
        .await;
    browser.press(ESCAPE).await;
    browser.until_true("no drawer", "return document.querySelector('.drawer') === null").await;
    // The brush.
    browser.tab_to(".minimap-slider:last-of-type").await;
    browser.press(LEFT).await;
    browser.until_true("a shorter time", "return location.search.includes('z=')").await;
    // The first one leaves the slider.
    browser.press(ESCAPE).await;
    browser.press(ESCAPE).await;
    browser.until_true("all of it", "return location.search === ''").await;
    // Filter and errors only.
    browser.press("f").await;
    browser.press("stock").await;
    browser.until_true("matches", "return document.querySelectorAll('.row-match').length > 0").await;
    browser.press(TAB).await;
    browser.tab_to("[role=treegrid]").await;
    browser.press(ESCAPE).await;
    browser.until_true("no filter", "return location.search === ''").await;
    browser.tab_to(".panel-tools input[type=checkbox]").await;
    browser.press(SPACE).await;
    browser.until_true("errors only", "return location.search === '?errors=1'").await;
    browser.press(SPACE).await;
    browser.until_true("everything", "return location.search === ''").await;
    // Around it.
    browser.tab_to(".around > summary").await;
    browser.press(ENTER).await;
    browser.until_text("No other request of this operation").await;
    // The share bar keeps the focus inside, and gives it back.
    browser.tab_to("#share-open").await;
    browser.press(ENTER).await;
    browser.until_true("the ways out", "return document.querySelector('#share-make') !== null").await;
    browser.tab_to("#share-markdown").await;
    browser.tab_to("#share-expiry").await;
    browser.tab_to("#share-make").await;
    browser.press(ENTER).await;
    browser.until_true("a link", "return document.querySelector('.share-made a') !== null").await;
    browser.tab_to(".share-held button").await;
    browser.press(ENTER).await;
    browser.until_true("no link", "return document.querySelector('.share-held') === null").await;
    browser.press(ESCAPE).await;
    browser.until_true("the focus is back", "return document.activeElement.id === 'share-open'").await;
    browser.close().await;
}
