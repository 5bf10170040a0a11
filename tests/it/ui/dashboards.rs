//! Dashboards: Grafana's JSON is opened, variables are chosen, all panels zoom together, the text is edited, and a dot leads to the story.

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;

use super::Browser;
use super::charts::{TRACE, request};
use crate::support::launch;

const GRAFANA: &str = r#"{"title":"Orders of the shop","time":{"from":"now-1h","to":"now"},"templating":{"list":[
  {"type":"query","name":"job","label":"Service","multi":true,"includeAll":true,"query":"label_values(orders_placed_total, job)","current":{"value":["$__all"]}}]},
 "panels":[
  {"type":"row","title":"Overview","gridPos":{"x":0,"y":0,"w":24,"h":1}},
  {"type":"stat","title":"Orders","gridPos":{"x":0,"y":1,"w":6,"h":4},"fieldConfig":{"defaults":{"unit":"ops"}},
   "targets":[{"refId":"A","expr":"sum(rate(orders_placed_total{job=~\"$job\"}[$__rate_interval]))"}]},
  {"type":"gauge","title":"Memory","gridPos":{"x":6,"y":1,"w":6,"h":4},"fieldConfig":{"defaults":{"unit":"bytes","min":0,"max":400000000,
    "thresholds":{"mode":"absolute","steps":[{"color":"green","value":null},{"color":"red","value":200000000}]}}},
   "targets":[{"refId":"A","expr":"process_memory_usage_bytes{job=~\"$job\"}","legendFormat":"{{job}}"}]},
  {"type":"bargauge","title":"By service","gridPos":{"x":12,"y":1,"w":6,"h":4},"targets":[{"refId":"A","expr":"orders_placed_total","legendFormat":"{{job}}"}]},
  {"type":"table","title":"Table","gridPos":{"x":18,"y":1,"w":6,"h":4},"targets":[{"refId":"A","expr":"sum by (job) (orders_placed_total)","format":"table"}]},
  {"type":"timeseries","title":"Rate of $job","gridPos":{"x":0,"y":5,"w":12,"h":8},"fieldConfig":{"defaults":{"unit":"ops"}},
   "targets":[{"refId":"A","expr":"sum by (job) (rate(orders_placed_total{job=~\"$job\"}[$__rate_interval]))","legendFormat":"{{job}}"}]},
  {"type":"timeseries","title":"Duration","gridPos":{"x":12,"y":5,"w":12,"h":8},"fieldConfig":{"defaults":{"unit":"s"}},
   "targets":[{"refId":"A","expr":"histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket[$__rate_interval])))","legendFormat":"p95"}]},
  {"type":"heatmap","title":"Spread","gridPos":{"x":0,"y":13,"w":12,"h":8},"fieldConfig":{"defaults":{"unit":"s"}},
   "targets":[{"refId":"A","expr":"sum by (le) (increase(http_server_request_duration_seconds_bucket[$__interval]))","format":"heatmap"}]},
  {"type":"nodeGraph","title":"Map","gridPos":{"x":12,"y":13,"w":12,"h":8}}]}"#;

const DRAG: &str = "const box = document.querySelector('.charts-drawing'), r = box.getBoundingClientRect(); \
    const send = (type, part, buttons) => box.dispatchEvent(new MouseEvent(type, {bubbles: true, cancelable: true, button: 0, buttons, \
    clientX: r.left + r.width * part, clientY: r.top + r.height / 2})); \
    send('mousedown', 0.6, 1); send('mousemove', 0.95, 1); send('mouseup', 0.95, 0); return true";

/// Scenario: data of two services; a Grafana dashboard is pasted, looked at in both themes, narrowed, zoomed, edited, and followed to a story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grafana_dashboard_is_opened_and_leads_to_a_story() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("telltale.toml");
    let slo = "[[slo]]\nname = \"shop\"\ntitle = \"Orders are answered\"\nservice = \"shop\"\nobjective = 99.5\nwindow = \"7d\"\nspans = {}\n";
    std::fs::write(&config, slo).unwrap();
    let server = launch().arg("--config").arg(config.display().to_string()).start();
    let browser = Browser::open(server.http.ui()).await;
    let span = otlp::span(TRACE, [1; 8], "GET /orders");
    let _ = server.http.export(Signal::Traces, &otlp::traces("shop", vec![span])).await.ok();
    let answer = server.http.export_json(Signal::Metrics, &request()).await.ok().json();
    assert!(answer.get("partialSuccess").is_none(), "{answer}");

    browser.goto("/dashboards").await;
    browser.until_text("Built in").await;
    browser.until_text("Processes").await;
    browser.accessible("dashboards").await;
    browser.screenshot("dashboards").await;
    let paste = format!(
        "const area = document.querySelector('textarea'); area.value = {}; area.dispatchEvent(new Event('input', {{bubbles: true}})); return true",
        serde_json::to_string(GRAFANA).unwrap()
    );
    browser.script(&paste).await;
    browser.click_text("button", "Open").await;
    browser.until_path("/dashboards/Orders-of-the-shop").await;
    browser.until_true("graphs", "return document.querySelectorAll('.charts-line').length >= 3").await;
    browser.until_true("cells", "return document.querySelectorAll('.charts-cell').length > 3").await;
    for text in ["panels of type \"nodeGraph\" are not drawn", "Rate of all", "Service: All"] {
        browser.until_text(text).await;
    }
    browser.looked_at("dashboard").await;

    panels_move_together(&browser).await;
    the_text_is_edited(&browser).await;
    objectives_are_shown(&browser).await;

    // A dot of a panel opens the story.
    browser.goto("/dashboards/Orders-of-the-shop").await;
    browser.until_true("a dot", "return document.querySelectorAll('.charts-dot').length > 0").await;
    browser.script("document.querySelector('.charts-drawing a').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); return true").await;
    browser.until_path(&format!("/t/{}", otlp::hex(&TRACE))).await;
    browser.until_text("GET /orders").await;
    let severe: Vec<Value> = browser.console().await.into_iter().filter(|line| line["level"] == "SEVERE").collect();
    assert!(severe.iter().all(|line| line["message"].as_str().is_some_and(|text| text.contains("400"))), "{severe:#?}");
    browser.close().await;
}

async fn panels_move_together(browser: &Browser) {
    // The crosshair is one for all graphs; a drag over one zooms all, by the address.
    browser.script("const box = document.querySelector('.charts-drawing'), r = box.getBoundingClientRect(); \
        box.dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientX: r.left + r.width / 2, clientY: r.top + 20})); return true").await;
    let crosses =
        "return [...document.querySelectorAll('.charts-cross')].filter(line => line.getAttribute('x1')).length === 2";
    browser.until_true("two crosshairs", crosses).await;
    browser.script(DRAG).await;
    browser.until_true("a range in the address", "return /from=\\d+&to=\\d+/.test(location.search)").await;

    // One service of two.
    browser.goto("/dashboards/Orders-of-the-shop?var-job=stock").await;
    browser.until_text("Rate of stock").await;
    browser.until_true("one rate", "return [...document.querySelectorAll('.panel')].find(p => p.querySelector('h3').textContent === 'Rate of stock')\
        ?.querySelectorAll('.charts-line').length === 1").await;
}

async fn the_text_is_edited(browser: &Browser) {
    // A mistake in the text is told with its place; the text that is right is kept.
    browser.click_text("button", "Edit").await;
    browser.until_true("the text", "return document.querySelector('textarea')?.value.includes('[[panel]]')").await;
    let edit = |from: &str, to: &str| {
        format!(
            "const area = document.querySelector('textarea'); area.value = area.value.replace({from:?}, {to:?}); \
                 area.dispatchEvent(new Event('input', {{bubbles: true}})); return true"
        )
    };
    browser.script(&edit("title = ", "titel = ")).await;
    browser.click_text("button", "Save").await;
    browser.until_text("Orders-of-the-shop:1:1: a dashboard has no key").await;
    browser.script(&edit("titel = ", "title = ")).await;
    browser.script(&edit("Orders of the shop", "Orders, edited")).await;
    browser.click_text("button", "Save").await;
    browser.until_true("the new title", "return document.querySelector('h1')?.textContent === 'Orders, edited'").await;
}

async fn objectives_are_shown(browser: &Browser) {
    // The service's own dashboard, with its objective; and the page of objectives.
    browser.goto("/dashboards/service-red?var-service=shop").await;
    browser.until_text("Orders are answered").await;
    browser.until_text("Rate by operation").await;
    browser.accessible("service-red").await;
    browser.screenshot("service-red").await;
    browser.goto("/slos").await;
    browser.until_text("99.5 % of events over 7d").await;
    browser.accessible("slos").await;
    browser.screenshot("slos").await;
}
