//! The service map as a picture: zoomed and dragged by mouse and by keyboard, and readable where many calls meet.

use serde_json::Value;

use super::Browser;
use super::services::{ENTER, Ids, call, shop};
use crate::support::server;

const END: char = '\u{e010}';
const HOME: char = '\u{e011}';

/// What the picture's frame shows: width of the picture, of the frame, scrolled to the right, scrolled down.
async fn frame(browser: &Browser) -> [f64; 4] {
    let script = "const place = document.querySelector('.map-place'), picture = document.querySelector('.map-picture'); \
                  return [picture.getBoundingClientRect().width, place.clientWidth, place.scrollLeft, place.scrollTop]";
    let numbers = browser.script(script).await;
    [0, 1, 2, 3].map(|at| numbers.get(at).and_then(Value::as_f64).unwrap())
}

/// Whether what has the focus is in sight of the frame.
const FOCUS_IN_SIGHT: &str = "const place = document.querySelector('.map-place').getBoundingClientRect(), \
                              here = document.activeElement.querySelector('.map-box').getBoundingClientRect(); \
                              return here.left < place.right && place.left < here.right && here.top < place.bottom && place.top < here.bottom";

/// Scenario: the map of the shop is made larger, dragged by a node, made smaller and fitted, by mouse.
/// Guarantees: the buttons change its size; dragging moves the picture with the mouse, chooses nothing and leaves clicks
/// as they were; fitting shows all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_is_zoomed_and_dragged_by_mouse() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services?view=map").await;
    browser.until_text("4 calls").await;
    let [fitted, place, ..] = frame(&browser).await;
    assert!(fitted <= place, "all of it is in sight at first: {fitted} of {place}");
    for _ in 0..6 {
        browser.click("button[aria-label='Larger']").await;
    }
    let [large, place, left, _] = frame(&browser).await;
    assert!(large > place * 1.2 && left == 0.0, "{large} in {place}, scrolled by {left}");
    browser.screenshot("map-zoomed").await;

    // By a node, which moves along below the mouse.
    browser.drag(".map-node .map-box", 0.9, 0.3).await;
    let node =
        browser.script("return document.querySelector('.map-node .map-box').getBoundingClientRect().width").await;
    let [_, _, left, _] = frame(&browser).await;
    let expected = node.as_f64().unwrap() * 0.6;
    assert!((left - expected).abs() < 3.0, "dragged by {expected}, scrolled by {left}");
    assert_eq!(browser.script("return location.search").await, "?view=map", "a drag chooses nothing");
    browser.screenshot("map-dragged").await;
    browser.drag(".map-node .map-box", 0.5, 0.9).await;
    let [_, _, back, _] = frame(&browser).await;
    assert!(back < left, "dragged back: {left} to {back}");
    browser.click(".map-node .map-box").await;
    browser.until_true("a click chooses", "return new URLSearchParams(location.search).has('at')").await;

    for _ in 0..12 {
        browser.click("button[aria-label='Smaller']").await;
    }
    let [small, ..] = frame(&browser).await;
    assert!(small < large / 3.0, "{large} became {small}");
    browser.click("button[aria-label='Fit the map to the page']").await;
    assert_eq!(frame(&browser).await[0], fitted);
    browser.close().await;
}

/// Scenario: the same by keyboard alone. Guarantees: the buttons are reached and act; walking the map scrolls what has the
/// focus into sight, there and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_is_zoomed_and_moved_by_keyboard() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services?view=map").await;
    browser.until_text("4 calls").await;
    let [fitted, ..] = frame(&browser).await;
    browser.tab_to("button[aria-label='Larger']").await;
    for _ in 0..7 {
        browser.key(ENTER).await;
    }
    let [large, place, ..] = frame(&browser).await;
    assert!(large > place * 1.5, "{large} in {place}");
    browser.tab_to(".map-picture [tabindex='0']").await;
    browser.key(END).await;
    browser.until_true("the last node is in sight", FOCUS_IN_SIGHT).await;
    let [_, _, left, top] = frame(&browser).await;
    assert!(left > 0.0 || top > 0.0, "the picture moved");
    browser.screenshot("map-zoomed-by-keyboard").await;
    browser.key(HOME).await;
    browser.until_true("the first node is in sight", FOCUS_IN_SIGHT).await;
    browser.script("document.activeElement.blur()").await;
    browser.tab_to("button[aria-label='Fit the map to the page']").await;
    browser.key(ENTER).await;
    assert_eq!(frame(&browser).await[0], fitted);
    browser.close().await;
}

/// What lies on the numbers of calls: lines, nodes and other numbers.
const COVERED: &str = "const scale = document.querySelector('.map-picture').getScreenCTM(), faults = []; \
    const labels = [...document.querySelectorAll('.map-label tspan')].filter(l => l.textContent && getComputedStyle(l).visibility !== 'hidden'); \
    const inside = (box, x, y) => box.left < x && x < box.right && box.top < y && y < box.bottom; \
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom; \
    labels.forEach((label, at) => { \
      const box = label.getBoundingClientRect(); \
      document.querySelectorAll('.map-line').forEach((line, number) => { \
        for (let way = 0; way <= line.getTotalLength(); way += 2) { \
          const point = line.getPointAtLength(way).matrixTransform(scale); \
          if (inside(box, point.x, point.y)) { faults.push(label.textContent + ' on line ' + number); break; } } }); \
      document.querySelectorAll('.map-box').forEach(node => { if (meet(box, node.getBoundingClientRect())) faults.push(label.textContent + ' on a node'); }); \
      labels.slice(at + 1).forEach(other => { if (meet(box, other.getBoundingClientRect())) faults.push(label.textContent + ' on ' + other.textContent); }); }); \
    return labels.length + ' labels ' + faults.join('; ')";

/// Scenario: three services call one, which calls two others, of which one calls back; some fail. Guarantees: the numbers of each call,
/// also of those in the middle, stand on no line, no node and no other numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_calls_stand_on_nothing() {
    let server = server();
    let mut ids = Ids(0);
    let calls = [
        ("web", "orders"),
        ("mobile", "orders"),
        ("partner", "orders"),
        ("orders", "stock"),
        ("orders", "prices"),
        ("prices", "orders"),
    ];
    for (at, (from, to)) in calls.into_iter().enumerate() {
        call(&server, &mut ids, (from, to), at % 2 == 0).await;
    }
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/services?view=map").await;
    browser.until_text("6 calls").await;
    browser.looked_at_in_its_width("map-crowded").await;
    assert_eq!(browser.script(COVERED).await, "12 labels ");
    browser.close().await;
}
