//! Metric data points of a capture, against SQL.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use telltale_tests::http::Http;

use super::text;

/// Every number point and every histogram point has its row: name, unit, time, values and series attributes.
pub(super) async fn check(http: &Http, requests: &[Value]) {
    let mut numbers = Vec::new();
    let mut histograms = Vec::new();
    for metric in requests.iter().flat_map(metrics) {
        for kind in ["gauge", "sum"] {
            numbers.extend(points(metric, kind).iter().map(|point| number(metric, kind, point)));
        }
        histograms.extend(points(metric, "histogram").iter().map(|point| histogram(metric, point)));
    }
    let sql = "SELECT name, metric_type, unit, CAST(time_unix_nano AS BIGINT) AS time, value, value_int, is_monotonic, \
               aggregation_temporality FROM points";
    compare("points", numbers, http.sql(sql).await.iter().map(number_row).collect());
    let sql = "SELECT name, unit, CAST(time_unix_nano AS BIGINT) AS time, \"count\", \"sum\", \"min\", \"max\", explicit_bounds, \
               bucket_counts FROM histogram_points";
    compare("histogram points", histograms, http.sql(sql).await.iter().map(histogram_row).collect());
}

fn metrics(request: &Value) -> impl Iterator<Item = &Value> {
    array(&request["resourceMetrics"])
        .flat_map(|resource| array(&resource["scopeMetrics"]))
        .flat_map(|scope| array(&scope["metrics"]))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn points<'a>(metric: &'a Value, kind: &str) -> Vec<&'a Value> {
    array(&metric[kind]["dataPoints"]).collect()
}

/// A double as both sides write it; text where the value is absent.
fn double(value: &Value) -> String {
    value.as_f64().map_or_else(|| text(value), |number| format!("{number:?}"))
}

fn doubles(value: &Value) -> Vec<String> {
    array(value).map(double).collect()
}

fn texts(value: &Value) -> Vec<String> {
    array(value).map(text).collect()
}

/// A number as text; what is absent and what is null are the same.
fn present(value: &Value) -> String {
    if value.is_null() { String::new() } else { text(value) }
}

fn number(metric: &Value, kind: &str, point: &Value) -> String {
    let (is_monotonic, temporality) = match kind {
        "sum" => (metric["sum"]["isMonotonic"] == true, present(&metric["sum"]["aggregationTemporality"])),
        _ => (false, String::new()),
    };
    json!([
        metric["name"],
        kind,
        metric["unit"].as_str().unwrap_or_default(),
        text(&point["timeUnixNano"]),
        double(&point["asDouble"]),
        present(&point["asInt"]),
        is_monotonic,
        temporality,
    ])
    .to_string()
}

fn number_row(row: &Value) -> String {
    json!([
        row["name"],
        row["metric_type"],
        row["unit"].as_str().unwrap_or_default(),
        text(&row["time"]),
        double(&row["value"]),
        present(&row["value_int"]),
        row["is_monotonic"] == true,
        present(&row["aggregation_temporality"]),
    ])
    .to_string()
}

fn histogram(metric: &Value, point: &Value) -> String {
    json!([
        metric["name"],
        metric["unit"].as_str().unwrap_or_default(),
        text(&point["timeUnixNano"]),
        text(&point["count"]),
        double(&point["sum"]),
        double(&point["min"]),
        double(&point["max"]),
        doubles(&point["explicitBounds"]),
        texts(&point["bucketCounts"]),
    ])
    .to_string()
}

fn histogram_row(row: &Value) -> String {
    json!([
        row["name"],
        row["unit"].as_str().unwrap_or_default(),
        text(&row["time"]),
        text(&row["count"]),
        double(&row["sum"]),
        double(&row["min"]),
        double(&row["max"]),
        doubles(&row["explicit_bounds"]),
        texts(&row["bucket_counts"]),
    ])
    .to_string()
}

fn compare(what: &str, sent: Vec<String>, read: Vec<String>) {
    let mut counts = BTreeMap::<String, i64>::new();
    read.into_iter().for_each(|row| *counts.entry(row).or_default() += 1);
    sent.into_iter().for_each(|point| *counts.entry(point).or_default() -= 1);
    counts.retain(|_, count| *count != 0);
    let shown: Vec<_> = counts.iter().take(4).collect();
    assert!(
        counts.is_empty(),
        "{what}: {} differ (positive: only read back, negative: only sent): {shown:#?}",
        counts.len()
    );
}
