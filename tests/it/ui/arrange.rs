//! Panels of a dashboard are moved and resized: by mouse, by keyboard, given up and saved.

use serde_json::Value;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::launch;

const UP: char = '\u{e013}';
const RIGHT: char = '\u{e014}';
const DOWN: char = '\u{e015}';
const LEFT: char = '\u{e012}';
const ESCAPE: char = '\u{e00c}';

const BOARD: &str = r#"title = "Board"

[[panel]]
title = "One"
kind = "text"
text = "Words of the first panel."
width = 8

[[panel]]
title = "Two"
kind = "text"
text = "Words of the second panel."
width = 8

[[panel]]
title = "Three"
kind = "graph"
width = 8
[[panel.query]]
expr = "vector(1)"

[[panel]]
title = "Details"
kind = "row"

[[panel]]
title = "Four"
kind = "text"
text = "Words of the fourth panel."
"#;

/// Titles with columns and rows, in the order of the page; sections are told by a stroke.
const SHOWN: &str = "return [...document.querySelectorAll('section[data-row]')].map(section => \
    [...section.querySelectorAll('article')].map(panel => `${panel.querySelector('h3').textContent} \
${panel.style.getPropertyValue('--columns')}x${panel.style.getPropertyValue('--rows')}`).join(', ')).join(' | ')";

/// What the saved file has, in the same words.
async fn saved(server: &Server) -> String {
    let answer = server.http.get_json("/api/dashboards/board").await;
    let panels = answer["dashboard"]["panels"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let words = |panel: &Value| match panel["kind"].as_str() {
        Some("row") => "|".to_owned(),
        _ => format!("{} {}x{}", panel["title"].as_str().unwrap_or_default(), panel["width"], panel["height"]),
    };
    panels.iter().map(words).collect::<Vec<_>>().join(" ")
}

async fn until_shown(browser: &Browser, expected: &str) {
    browser.until_true(expected, &format!("{} === {expected:?}", SHOWN.replacen("return ", "return (", 1) + ")")).await;
}

fn handle(kind: &str, title: &str) -> String {
    format!("button[aria-label=\"{kind} {title}\"]")
}

/// How far it is from the handle of a panel to the middle of another panel, in pixels.
async fn way(browser: &Browser, from: &str, to: &str) -> (f64, f64) {
    let middles = format!(
        "const middle = element => {{ const r = element.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2] }}; \
         const from = middle(document.querySelector({:?})); \
         const to = middle([...document.querySelectorAll('article')].find(panel => panel.querySelector('h3').textContent === {to:?})); \
         return [to[0] - from[0], to[1] - from[1]]",
        handle("Move", from)
    );
    let way = browser.script(&middles).await;
    (way[0].as_f64().unwrap().round(), way[1].as_f64().unwrap().round())
}

/// Scenario: a dashboard in a file of the folder, with two sections. Guarantees: panels go where mouse and keys put them, Escape and
/// "Undo" give up, nothing is saved before it is asked for, and the file then has what the page shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panels_are_moved_and_resized_by_mouse_and_by_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("board.toml"), BOARD).unwrap();
    let server = launch().arg("--dashboards").arg(folder.path().display().to_string()).start();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/dashboards/board").await;
    browser.until_true("the line", "return document.querySelectorAll('.charts-line').length === 1").await;
    assert_eq!(browser.script("return document.querySelectorAll('.panel-handle').length").await, 0);
    browser.click_text("button", "Arrange").await;
    browser.until_true("handles", "return document.querySelectorAll('.panel-handle').length === 8").await;
    until_shown(&browser, "One 8x8, Two 8x8, Three 8x8 | Four 12x8").await;
    browser.looked_at("dashboard-arrange").await;

    by_mouse(&browser).await;
    by_keyboard(&browser).await;

    // Nothing was saved so far; then all of it.
    assert_eq!(saved(&server).await, "One 8x0 Two 8x0 Three 8x0 | Four 0x0");
    to_top(&browser).await;
    browser.click_text("button", "Save the arrangement").await;
    browser.until_text("The arrangement is saved").await;
    assert_eq!(saved(&server).await, "Two 8x0 Three 8x0 One 8x10 | Four 13x7");
    browser.goto("/dashboards/board").await;
    until_shown(&browser, "Two 8x8, Three 8x8, One 8x10 | Four 13x7").await;
    browser.close().await;
}

/// Buttons that the page was scrolled past lie below its head.
async fn to_top(browser: &Browser) {
    browser.script("window.scrollTo(0, 0); return true").await;
}

async fn by_mouse(browser: &Browser) {
    // Over its neighbour's middle a panel takes that place; Escape takes it back.
    let (x, y) = way(browser, "One", "Three").await;
    let steps = [(x / 2.0, y / 2.0), (x - x / 2.0, y - y / 2.0)];
    browser.carry(&handle("Move", "One"), &steps).await;
    until_shown(browser, "Two 8x8, Three 8x8, One 8x8 | Four 12x8").await;
    browser.screenshot("dashboard-dragging-light").await;
    browser.colour_scheme("dark").await;
    browser.screenshot("dashboard-dragging-dark").await;
    browser.colour_scheme("light").await;
    browser.key(ESCAPE).await;
    until_shown(browser, "One 8x8, Two 8x8, Three 8x8 | Four 12x8").await;
    browser.let_go().await;
    let (x, y) = way(browser, "One", "Three").await;
    browser.carry(&handle("Move", "One"), &[(x, y), (1.0, 1.0)]).await;
    browser.let_go().await;
    until_shown(browser, "Two 8x8, Three 8x8, One 8x8 | Four 12x8").await;
    // Two rows higher.
    browser.carry(&handle("Resize", "One"), &[(0.0, 40.0), (0.0, 36.0)]).await;
    browser.let_go().await;
    until_shown(browser, "Two 8x8, Three 8x8, One 8x10 | Four 12x8").await;
    // Into the other section and back.
    browser.script("window.scrollTo(0, 240); return true").await;
    let (x, y) = way(browser, "Two", "Four").await;
    browser.carry(&handle("Move", "Two"), &[(x, y)]).await;
    browser.let_go().await;
    until_shown(browser, "Three 8x8, One 8x10 | Four 12x8, Two 8x8").await;
    let (x, y) = way(browser, "Two", "Three").await;
    browser.carry(&handle("Move", "Two"), &[(x, y)]).await;
    browser.let_go().await;
    until_shown(browser, "Two 8x8, Three 8x8, One 8x10 | Four 12x8").await;
}

async fn by_keyboard(browser: &Browser) {
    browser.tab_to(&handle("Move", "Three")).await;
    browser.key(RIGHT).await;
    browser.until_text("Place 3 of 3").await;
    until_shown(browser, "Two 8x8, One 8x10, Three 8x8 | Four 12x8").await;
    // The handle keeps the focus, so that keys go on; over the end of the section into the next.
    browser.until_true("the focus", "return document.activeElement.ariaLabel === 'Move Three'").await;
    browser.key(DOWN).await;
    until_shown(browser, "Two 8x8, One 8x10 | Three 8x8, Four 12x8").await;
    browser.until_true("the focus again", "return document.activeElement?.ariaLabel === 'Move Three'").await;
    for (key, shown) in
        [(LEFT, "Two 8x8, One 8x10, Three 8x8 | Four 12x8"), (UP, "Two 8x8, Three 8x8, One 8x10 | Four 12x8")]
    {
        browser.key(key).await;
        until_shown(browser, shown).await;
        browser.until_true("the focus", "return document.activeElement?.ariaLabel === 'Move Three'").await;
    }
    browser.tab_to(&handle("Resize", "Four")).await;
    browser.key(RIGHT).await;
    browser.key(UP).await;
    browser.until_text("13 of 24 columns, 7 rows").await;
    until_shown(browser, "Two 8x8, Three 8x8, One 8x10 | Four 13x7").await;
    // What is undone is as it was saved; here it was wanted, so that it is done again.
    to_top(browser).await;
    browser.click_text("button", "Undo").await;
    until_shown(browser, "One 8x8, Two 8x8, Three 8x8 | Four 12x8").await;
    for (kind, title, keys) in
        [("Move", "One", vec![RIGHT, RIGHT]), ("Resize", "One", vec![DOWN, DOWN]), ("Resize", "Four", vec![RIGHT, UP])]
    {
        browser.tab_to(&handle(kind, title)).await;
        for key in keys {
            let focused = format!("return document.activeElement?.ariaLabel === '{kind} {title}'");
            browser.until_true("the focus", &focused).await;
            browser.key(key).await;
        }
    }
    until_shown(browser, "Two 8x8, Three 8x8, One 8x10 | Four 13x7").await;
}
