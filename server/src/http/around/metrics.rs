//! What the services of a trace measured while it ran: numbers of each metric, the exemplars that name the trace, and charts
//! of the first metrics, some minutes around the request.

use std::collections::BTreeSet;

use serde_json::Value;
use telltale_api::around::{ChartLine, ChartTimes, ExemplarAround, MetricAround, MetricChart};
use telltale_api::{Nanos, SignedNanos};
use telltale_promql::quote;
use telltale_query::json_rows;
use telltale_search::text_literal;
use telltale_story::diff::Told;

use super::super::measure;
use super::super::problem::Problem;
use crate::limits::{AROUND_CHART_SECONDS, AROUND_CHART_VALUES, AROUND_CHARTS, AROUND_METRIC_SECONDS, AROUND_METRICS};
use crate::prometheus::chart::line;
use crate::state::AppState;

/// Rates and percentiles are taken over so many seconds: most SDKs send every 60.
const WINDOW_SECONDS: i64 = 180;

/// Milliseconds between two values of a chart, at least.
const STEP_MS: i64 = 10_000;

/// Returns what was measured, and the times of the charts.
pub(super) async fn metrics(state: &AppState, told: &Told) -> Result<(Vec<MetricAround>, ChartTimes), Problem> {
    let mut out = measured(state, told).await?;
    add_exemplars(&mut out, told);
    // What names the trace comes first.
    out.sort_by_key(|metric| metric.exemplars.is_empty());
    let span = Range::of(told);
    for metric in out.iter_mut().take(AROUND_CHARTS) {
        // Numbers without a chart are better than no answer.
        match chart(state, metric, &span).await {
            Ok(chart) => metric.chart = chart,
            Err(why) => metric.chart_problem = Some(why),
        }
    }
    Ok((out, span.times()))
}

/// The numbers of each metric of the trace's services within half a minute.
async fn measured(state: &AppState, told: &Told) -> Result<Vec<MetricAround>, Problem> {
    let services: BTreeSet<&str> = told.view.spans.iter().filter_map(|span| span.service_name.as_deref()).collect();
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let quoted: Vec<String> = services.iter().map(|service| text_literal(service)).collect();
    let start = i64::try_from(told.story.start_unix_nano.0).unwrap_or(i64::MAX);
    let margin = AROUND_METRIC_SECONDS * 1_000_000_000;
    let (from, to) =
        (start.saturating_sub(margin), start.saturating_add(told.story.duration_ns.0).saturating_add(margin));
    let within = format!(
        "time_unix_nano >= to_timestamp_nanos({from}) AND time_unix_nano <= to_timestamp_nanos({to}) AND service_name IN ({})",
        quoted.join(", ")
    );
    let histogram = |table: &str, kind: &str| {
        format!(
            "SELECT name, unit, service_name, '{kind}' AS kind, min AS lo, sum AS total, CAST(count AS DOUBLE) AS many, max AS hi \
             FROM {table} WHERE {within}"
        )
    };
    let sql = format!(
        "SELECT name, unit, service_name, kind, count(*) AS n, CAST(min(lo) AS VARCHAR) AS least, \
         CAST(sum(total) / nullif(sum(many), 0) AS VARCHAR) AS average, CAST(max(hi) AS VARCHAR) AS most FROM (\
         SELECT name, unit, service_name, CASE WHEN is_monotonic THEN 'counter' ELSE 'gauge' END AS kind, v AS lo, v AS total, \
         CAST(1 AS DOUBLE) AS many, v AS hi FROM (SELECT name, unit, service_name, is_monotonic, \
         coalesce(value, CAST(value_int AS DOUBLE)) AS v FROM points WHERE {within}) UNION ALL {} UNION ALL {}) \
         GROUP BY name, unit, service_name, kind ORDER BY name, service_name LIMIT {AROUND_METRICS}",
        histogram("histogram_points", "histogram"),
        histogram("exp_histogram_points", "exponential_histogram"),
    );
    let found = measure::query(state, "around_metrics", state.query.sql(&sql)).await?;
    Ok(json_rows(&found.batches)?.into_iter().map(|row| metric(&row)).collect())
}

fn metric(row: &Value) -> MetricAround {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    MetricAround {
        name: text("name"),
        unit: text("unit"),
        service_name: row.get("service_name").and_then(Value::as_str).map(str::to_owned),
        kind: text("kind"),
        point_count: row.get("n").and_then(Value::as_u64).unwrap_or(0),
        least: text("least"),
        average: text("average"),
        most: text("most"),
        exemplars: Vec::new(),
        chart: None,
        chart_problem: None,
    }
}

/// Puts each exemplar of the trace to its metric; metrics that have nothing else are added.
fn add_exemplars(metrics: &mut Vec<MetricAround>, told: &Told) {
    let start = told.story.start_unix_nano.0;
    for row in &told.view.exemplars {
        let offset = i128::from(row.time_unix_nano.0) - i128::from(start);
        let exemplar = ExemplarAround {
            value: row.value.clone(),
            number: row.value.parse().ok().filter(|number: &f64| number.is_finite()),
            offset_ns: SignedNanos(i64::try_from(offset).unwrap_or(0)),
            time_unix_nano: Nanos(row.time_unix_nano.0),
            span_id: row.span_id.clone(),
        };
        let same = |metric: &&mut MetricAround| metric.name == row.metric && metric.service_name == row.service_name;
        match metrics.iter_mut().find(same) {
            Some(metric) => metric.exemplars.push(exemplar),
            None => metrics.push(MetricAround {
                name: row.metric.clone(),
                unit: row.unit.clone(),
                service_name: row.service_name.clone(),
                kind: String::new(),
                point_count: 0,
                least: String::new(),
                average: String::new(),
                most: String::new(),
                exemplars: vec![exemplar],
                chart: None,
                chart_problem: None,
            }),
        }
    }
}

/// The time that charts show, in milliseconds since 1970.
struct Range {
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
    request_start_ns: i64,
}

impl Range {
    fn of(told: &Told) -> Self {
        let request_start_ns = i64::try_from(told.story.start_unix_nano.0).unwrap_or(i64::MAX);
        let request_end_ns = request_start_ns.saturating_add(told.story.duration_ns.0.max(0));
        let margin = AROUND_CHART_SECONDS * 1_000;
        let (from, to) = (request_start_ns / 1_000_000 - margin, request_end_ns / 1_000_000 + margin);
        let step_ms = (to.saturating_sub(from) / AROUND_CHART_VALUES + 1).max(STEP_MS);
        // Values at the same times whichever request is looked at, so that charts of neighbours agree.
        let start_ms = from.div_euclid(step_ms) * step_ms;
        Self { start_ms, end_ms: start_ms + to.saturating_sub(start_ms) / step_ms * step_ms, step_ms, request_start_ns }
    }

    fn count(&self) -> usize {
        usize::try_from((self.end_ms - self.start_ms) / self.step_ms + 1).unwrap_or(0)
    }

    fn times(&self) -> ChartTimes {
        let ns = |ms: i64| ms.saturating_mul(1_000_000);
        ChartTimes {
            first_offset_ns: SignedNanos(ns(self.start_ms).saturating_sub(self.request_start_ns)),
            step_ns: SignedNanos(ns(self.step_ms)),
            count: u32::try_from(self.count()).unwrap_or(0),
        }
    }
}

/// What is asked of a metric: the names of lines and their PromQL.
fn questions(metric: &MetricAround) -> Vec<(&'static str, String)> {
    let service = metric.service_name.as_deref().unwrap_or("");
    let selector =
        |suffix: &str| format!("{{{}, service_name={}}}", quote(&format!("{}{suffix}", metric.name)), quote(service));
    let window = format!("[{WINDOW_SECONDS}s]");
    let percentiles = |inner: String| {
        [("p50", "0.5"), ("p95", "0.95")].map(|(name, q)| (name, format!("histogram_quantile({q}, {inner})"))).to_vec()
    };
    match metric.kind.as_str() {
        "counter" => vec![("per second", format!("sum(rate({}{window}))", selector("")))],
        "histogram" => percentiles(format!("sum by (le) (rate({}{window}))", selector("_bucket"))),
        "exponential_histogram" => percentiles(format!("sum(rate({}{window}))", selector(""))),
        "gauge" => vec![("", format!("avg({})", selector("")))],
        _ => Vec::new(),
    }
}

async fn chart(state: &AppState, metric: &MetricAround, span: &Range) -> Result<Option<MetricChart>, String> {
    let mut lines = Vec::new();
    let asked = questions(metric);
    for (name, expr) in &asked {
        let points = line(state, expr, span.start_ms, span.end_ms, span.step_ms).await?;
        let mut values = vec![None; span.count()];
        for (at_ms, value) in points {
            let place = usize::try_from((at_ms - span.start_ms) / span.step_ms).ok();
            if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
                *slot = Some(value).filter(|value| value.is_finite());
            }
        }
        if values.iter().any(Option::is_some) {
            lines.push(ChartLine { name: (*name).to_owned(), values });
        }
    }
    let Some((_, expr)) = asked.into_iter().next().filter(|_| !lines.is_empty()) else { return Ok(None) };
    // A request's own value stands in the chart of values, not in the chart of a rate.
    let dots = metric.exemplars.iter().filter_map(|exemplar| exemplar.number).filter(|_| metric.kind != "counter");
    let all = || lines.iter().flat_map(|line| line.values.iter().copied().flatten()).chain(dots.clone());
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    Ok(Some(MetricChart { low, high, low_text: number(low), high_text: number(high), expr, lines }))
}

/// A number with three digits that count, as people read it.
fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || size == 0.0 {
        return format!("{value:.0}");
    }
    if size < 0.000_1 {
        return format!("{value:.2e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 6")]
    let digits = (2.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers at a chart's axis are short and not wrong.
    #[test]
    fn numbers_have_three_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (1234.5, "1234"),
            (12.345, "12.3"),
            (0.5, "0.5"),
            (0.012_345, "0.0123"),
            (-3.0, "-3"),
            (1e-7, "1.00e-7"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    /// Names and services with signs of PromQL stay texts of the question.
    #[test]
    fn questions_parse_whatever_the_names_are() {
        for kind in ["gauge", "counter", "histogram", "exponential_histogram"] {
            let row =
                serde_json::json!({"name": "a\"b\\c{}\n", "unit": "s", "service_name": "s\"}", "kind": kind, "n": 1});
            let asked = questions(&metric(&row));
            assert!(!asked.is_empty());
            for (_name, expr) in asked {
                assert!(telltale_promql::parse(&expr).is_ok(), "{expr}");
            }
        }
    }
}
