//! The page of metrics: choosing one, its graph, hiding a line, zooming, and the way from a dot to the story.

use serde_json::{Value, json};
use telltale_tests::http::Signal;
use telltale_tests::otlp;

use super::Browser;
use crate::support::server;

pub(super) const TRACE: [u8; 16] = [7; 16];

/// Half an hour of a counter, a gauge and a histogram from two services, a point every 15 seconds; one exemplar in the middle.
pub(super) fn request() -> Value {
    let now = otlp::now() / 1_000_000_000 * 1_000_000_000;
    let times: Vec<u64> = (0..120).map(|at| now - (119 - at) * 15_000_000_000).collect();
    let start = (times[0] - 15_000_000_000).to_string();
    let service = |name: &str, factor: u64| {
        let sum: Vec<Value> = (1u64..)
            .zip(&times)
            .map(|(at, time)| json!({"startTimeUnixNano": start, "timeUnixNano": time.to_string(), "asInt": (at * 30 * factor).to_string()}))
            .collect();
        let gauge: Vec<Value> = (0u64..)
            .zip(&times)
            .map(|(at, time)| json!({"timeUnixNano": time.to_string(), "asInt": ((100 + at % 20) * 1_000_000 * factor).to_string()}))
            .collect();
        let histogram: Vec<Value> = (1u64..)
            .zip(&times)
            .map(|(at, time)| {
                let exemplars = if at == 60 && factor == 1 {
                    json!([{"timeUnixNano": time.to_string(), "asDouble": 0.3, "traceId": otlp::hex(&TRACE), "spanId": "0101010101010101"}])
                } else {
                    json!([])
                };
                json!({"startTimeUnixNano": start, "timeUnixNano": time.to_string(), "count": (at * 10).to_string(), "sum": at as f64 * 2.0,
                    "bucketCounts": [(at * 5).to_string(), (at * 3).to_string(), (at * 2).to_string(), "0"], "explicitBounds": [0.1, 0.25, 0.5],
                    "exemplars": exemplars})
            })
            .collect();
        json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}, "scopeMetrics": [{"metrics": [
            {"name": "orders.placed", "description": "Orders that were placed", "unit": "{order}",
             "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": sum}},
            {"name": "process.memory.usage", "description": "Physical memory in use", "unit": "By", "gauge": {"dataPoints": gauge}},
            {"name": "http.server.request.duration", "description": "Duration of HTTP server requests", "unit": "s",
             "histogram": {"aggregationTemporality": 2, "dataPoints": histogram}},
        ]}]})
    };
    json!({"resourceMetrics": [service("shop", 1), service("stock", 2)]})
}

/// Nothing has arrived: the page says so. Then three kinds of metrics, a line hidden, a zoom, and a click on a dot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_browsed_and_a_dot_leads_to_the_story() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/charts").await;
    browser.until_text("No metrics have arrived yet").await;
    browser.accessible("charts-empty").await;
    let span = otlp::span(TRACE, [1; 8], "GET /orders");
    let _ = server.http.export(Signal::Traces, &otlp::traces("shop", vec![span])).await.ok();
    let answer = server.http.export_json(Signal::Metrics, &request()).await.ok().json();
    assert!(answer.get("partialSuccess").is_none(), "{answer}");
    browser.goto("/charts").await;
    browser.until_text("orders_placed_total").await;
    browser.type_into("input[type=search]", "physical memory").await;
    browser.until_true("one fitting metric", "return document.querySelectorAll('.charts-list li').length === 1").await;
    browser.click(".charts-list a").await;
    browser.until_text("Physical memory in use").await;
    browser.until_true("two lines", "return document.querySelectorAll('.charts-line').length === 2").await;
    browser.until_text("MiB").await;

    // A counter: its rate, by service; a line is hidden and shown by the legend.
    browser.goto("/charts?m=orders_placed_total").await;
    browser.until_true("two rates", "return document.querySelectorAll('.charts-line').length === 2").await;
    browser.until_text("/s").await;
    browser.until_text("job=stock").await;
    browser.click(".charts-legend button").await;
    browser.until_true("one line", "return document.querySelectorAll('.charts-line').length === 1").await;
    browser.click(".charts-legend button").await;
    browser.until_true("both lines", "return document.querySelectorAll('.charts-line').length === 2").await;

    // A histogram: percentiles, and a request as a dot.
    browser.goto("/charts?m=http_server_request_duration_seconds").await;
    browser.until_true("three percentiles", "return document.querySelectorAll('.charts-line').length === 3").await;
    for text in ["p50", "p95", "p99", "Duration of HTTP server requests", "Labels"] {
        browser.until_text(text).await;
    }
    browser.until_true("a dot", "return document.querySelectorAll('.charts-dot').length === 1").await;
    browser.looked_at("charts").await;

    // Dragging over the last third zooms in.
    let drag = "const box = document.querySelector('.charts-drawing'), r = box.getBoundingClientRect(); \
                const send = (type, part, buttons) => box.dispatchEvent(new MouseEvent(type, {bubbles: true, cancelable: true, button: 0, buttons, \
                clientX: r.left + r.width * part, clientY: r.top + r.height / 2})); \
                send('mousedown', 0.6, 1); send('mousemove', 0.9, 1); send('mouseup', 0.9, 0); return true";
    browser.script(drag).await;
    browser.until_true("a range in the address", "return /from=\\d+&to=\\d+/.test(location.search)").await;
    browser.until_true("lines again", "return document.querySelectorAll('.charts-line').length === 3").await;
    let seconds =
        browser.script("const p = new URLSearchParams(location.search); return p.get('to') - p.get('from')").await;
    assert!(seconds.as_f64().is_some_and(|seconds| (600.0..1500.0).contains(&seconds)), "{seconds}");

    // A mistake in an expression is shown with its place; the console hears of the 400 and of nothing else.
    let severe = |lines: Vec<Value>| lines.into_iter().filter(|line| line["level"] == "SEVERE").collect::<Vec<_>>();
    assert!(severe(browser.console().await).is_empty());
    browser.goto("/charts?e=rate(orders_placed_total)").await;
    browser.until_text("expected type range vector").await;
    let said = severe(browser.console().await);
    assert!(said.iter().all(|line| line["message"].as_str().is_some_and(|text| text.contains("400"))), "{said:#?}");

    the_field_helps(&browser).await;
    a_histogram_is_a_heat_map(&browser).await;

    browser.goto("/charts?m=http_server_request_duration_seconds").await;
    browser.until_true("the dot", "return document.querySelectorAll('.charts-dot').length === 1").await;
    browser.script("document.querySelector('.charts-drawing a').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); return true").await;
    browser.until_path(&format!("/t/{}", otlp::hex(&TRACE))).await;
    browser.until_text("GET /orders").await;
    browser.close().await;
}

/// Offers are chosen by the keyboard, and a mistake is marked at its place while it is written.
async fn the_field_helps(browser: &Browser) {
    browser.goto("/charts").await;
    browser.type_into("input[role=combobox]", "sum(rate(orders_pl").await;
    browser
        .until_true(
            "an offer",
            "return document.querySelector('[role=option]')?.textContent.startsWith('orders_placed_total')",
        )
        .await;
    browser.accessible("charts-offers").await;
    browser.screenshot("charts-offers").await;
    browser.press("\u{e015}\u{e007}").await;
    browser.until_text("sum(rate(orders_placed_total").await;
    browser.press("{job=\"").await;
    browser
        .until_true(
            "values",
            "return [...document.querySelectorAll('[role=option]')].some(o => o.textContent.startsWith('stock'))",
        )
        .await;
    browser.press("stock\"}) )").await;
    browser.until_true("a mark", "return document.querySelector('.promql-wrong mark') !== null").await;
    browser.until_text("1:10: expected type range vector").await;
}

/// The heat map of a histogram, and the period before beside a counter.
async fn a_histogram_is_a_heat_map(browser: &Browser) {
    browser.goto("/charts?m=http_server_request_duration_seconds").await;
    browser.click_text("button", "Heat map").await;
    browser.until_true("cells", "return document.querySelectorAll('.charts-cell').length > 3").await;
    browser.accessible("charts-heat").await;
    browser.screenshot("charts-heat").await;
    browser.goto("/charts?m=orders_placed_total&s=300").await;
    browser.click_text("button", "Compare with the period before").await;
    browser.until_true("lines of before", "return document.querySelectorAll('.charts-before').length === 2").await;
    browser.screenshot("charts-compare").await;
}
