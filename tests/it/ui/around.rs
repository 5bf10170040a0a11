//! Around a request: its neighbours, its operation, what to compare with, and what was measured meanwhile.

use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, Histogram, HistogramDataPoint, Metric, exemplar, metric,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::server;

const SECOND: u64 = 1_000_000_000;

/// A request of the user Ann about an order, so many minutes before now.
fn request(id: u8, minutes_ago: u64, order: &str, fails: bool) -> Span {
    let mut span = otlp::span([id; 16], [id; 8], "POST /pay");
    span.kind = 2;
    span.start_time_unix_nano = otlp::now() - minutes_ago * 60 * SECOND;
    span.end_time_unix_nano = span.start_time_unix_nano + u64::from(id) * 40_000_000;
    span.attributes = vec![otlp::text("user.id", "ann"), otlp::text("order.id", order)];
    if fails { otlp::failed(span, "card declined") } else { span }
}

/// A gauge and a histogram of the service, every 15 s around a time; the histogram has an exemplar of the request.
fn measured(of: &Span) -> Vec<Metric> {
    let start = of.start_time_unix_nano;
    let times = || (0..20_u64).map(|at| (at, start + at * 15 * SECOND - 150 * SECOND));
    let gauges = times().map(|(at, time)| {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let mut point = otlp::point(10.0 + (at % 7) as f64);
        point.time_unix_nano = time;
        point
    });
    let exemplar = Exemplar {
        time_unix_nano: start + SECOND / 100,
        trace_id: of.trace_id.clone(),
        span_id: of.span_id.clone(),
        value: Some(exemplar::Value::AsDouble(0.2)),
        ..Exemplar::default()
    };
    let points = times().map(|(at, time)| HistogramDataPoint {
        start_time_unix_nano: start - 200 * SECOND,
        time_unix_nano: time,
        count: 2 * (at + 1),
        sum: Some(0.3),
        bucket_counts: vec![at + 1, at + 1, 0],
        explicit_bounds: vec![0.1, 0.5],
        exemplars: if at == 11 { vec![exemplar.clone()] } else { Vec::new() },
        ..HistogramDataPoint::default()
    });
    let histogram =
        Histogram { data_points: points.collect(), aggregation_temporality: AggregationTemporality::Cumulative.into() };
    vec![
        otlp::gauge("queue.length", gauges.collect()),
        Metric {
            name: "http.server.request.duration".into(),
            unit: "s".into(),
            data: Some(metric::Data::Histogram(histogram)),
            ..Metric::default()
        },
    ]
}

async fn shop(server: &Server) {
    let failed = request(5, 10, "A-17", true);
    let all =
        [request(4, 11, "A-16", false), failed.clone(), request(6, 9, "A-17", false), request(7, 8, "A-18", false)];
    let _ = server.http.export(Signal::Traces, &otlp::traces("pay", all.into())).await.ok();
    let _ = server.http.export(Signal::Metrics, &otlp::metrics("pay", measured(&failed))).await.ok();
}

/// Scenario: a failed payment among others of the same user, with metrics and an exemplar; "Around it" is opened by keyboard.
/// Guarantees: the newest of the operation are listed with this one marked and a comparison each, the nearest healthy one is
/// offered, the user's requests before and after and the order elsewhere are linked, both metrics are drawn with numbers, and
/// the exemplar leads to its span.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_around_a_request() {
    let server = server();
    shop(&server).await;
    let browser = Browser::open(server.http.ui()).await;
    browser.goto(&format!("/t/{}", "05".repeat(16))).await;
    browser.until_text("What happened").await;
    browser.tab_to(".around > summary").await;
    browser.press("\u{e007}").await;
    for words in [
        "The newest of pay: POST /pay",
        "this request",
        "Compare with the nearest one that went well",
        "before:",
        "after:",
        "A-17",
        "queue.length",
        "http.server.request.duration",
        "its span",
    ] {
        browser.until_text(words).await;
    }
    let count = "return [document.querySelectorAll('.around-parts tbody tr').length, document.querySelectorAll('.around-here').length, \
                 document.querySelectorAll('.around-chart svg').length, document.querySelectorAll('.around-dot').length]";
    assert_eq!(browser.script(count).await, serde_json::json!([4, 1, 2, 1]));
    let lines = browser
        .script(
            "return [...document.querySelectorAll('.around-line')].every(line => line.getAttribute('d').includes('L'))",
        )
        .await;
    assert_eq!(lines, true, "a line of a chart has no length");
    for scheme in ["light", "dark"] {
        browser.colour_scheme(scheme).await;
        // At the top nothing is half covered by the bar.
        browser.script("scrollTo(0, 0)").await;
        browser.accessible(&format!("around-{scheme}")).await;
        browser.script("document.querySelector('.around').scrollIntoView()").await;
        browser.screenshot(&format!("around-{scheme}")).await;
    }
    let healthy = browser.script("return document.querySelector('.around-healthy a').getAttribute('href')").await;
    let healthy = healthy.as_str().unwrap().to_owned();
    assert!(
        healthy == format!("/t/{}...{}", "04".repeat(16), "05".repeat(16))
            || healthy == format!("/t/{}...{}", "06".repeat(16), "05".repeat(16)),
        "{healthy}"
    );
    browser.click_text(".around-metric a", "its span").await;
    browser.until_path(&format!("/t/{}/{}", "05".repeat(16), "05".repeat(8))).await;
    browser.goto(&healthy).await;
    browser.until_text("B slower").await;
    browser.close().await;
}
