//! `telltale query --promql EXPR`: PromQL against a running server; over time with a small chart a series.

use std::io::Write;

use serde::Deserialize;
use serde_json::Value;

use super::client::{self, Failure, Request, Server, visible};

/// When the expression is evaluated.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Times {
    /// First time, in Unix seconds or RFC 3339; with it the expression is evaluated over time
    #[arg(long, requires = "promql", value_name = "TIME")]
    start: Option<String>,
    /// Last time, or the only one; now when absent
    #[arg(long, requires = "promql", value_name = "TIME")]
    end: Option<String>,
    /// Between two evaluations, such as 15s or 1m; a sixtieth of the time when absent
    #[arg(long, requires = "start", value_name = "DURATION")]
    step: Option<String>,
}

/// Characters of a chart.
const CHART_WIDTH: usize = 60;

#[derive(Debug, Deserialize)]
struct Envelope {
    data: Value,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

/// Asks and writes the answer.
pub(super) async fn ask(
    server: &Server,
    promql: &str,
    times: &Times,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut url = server.at(if times.start.is_some() { "/api/v1/query_range" } else { "/api/v1/query" })?;
    url.query_pairs_mut().append_pair("query", promql);
    if let Some(start) = &times.start {
        let now = std::time::UNIX_EPOCH.elapsed().map_or(0.0, |since| since.as_secs_f64());
        let end = times.end.clone().unwrap_or_else(|| format!("{now:.3}"));
        let step = match (&times.step, start.parse::<f64>(), end.parse::<f64>()) {
            (Some(step), ..) => step.clone(),
            (None, Ok(start), Ok(end)) => format!("{:.3}", ((end - start) / CHART_WIDTH as f64).max(1.0)),
            (None, ..) => return Err(Failure::Usage("times in RFC 3339 need --step, such as --step 1m".to_owned())),
        };
        url.query_pairs_mut().append_pair("start", start).append_pair("end", &end).append_pair("step", &step);
    } else if let Some(time) = &times.end {
        url.query_pairs_mut().append_pair("time", time);
    }
    let answer: Envelope = client::json(server.ask(Request::get(url)).await?).await?;
    for note in answer.warnings.iter().chain(&answer.infos) {
        super::complain(&visible(note, false));
    }
    let text = if json { format!("{}\n", answer.data) } else { show(&answer.data) };
    Ok(out.write_all(text.as_bytes())?)
}

/// Returns an answer for people: one line a series, over time with a chart.
fn show(data: &Value) -> String {
    let result = &data["result"];
    match data["resultType"].as_str() {
        Some("vector") => lines(result, |series| value_of(series).unwrap_or_else(|| "(native histogram)".to_owned())),
        Some("matrix") => lines(result, |series| {
            let values: Vec<f64> = series["values"].as_array().into_iter().flatten().filter_map(number).collect();
            if values.is_empty() { "(native histograms)".to_owned() } else { chart(&values) }
        }),
        _ => format!("{}\n", visible(result[1].as_str().unwrap_or_default(), false)),
    }
}

fn lines(result: &Value, show: impl Fn(&Value) -> String) -> String {
    let all: Vec<(String, String)> =
        result.as_array().into_iter().flatten().map(|series| (labels(&series["metric"]), show(series))).collect();
    if all.is_empty() {
        return "no series\n".to_owned();
    }
    let width = all.iter().map(|(labels, _)| labels.chars().count()).max().unwrap_or(0);
    all.iter().map(|(labels, shown)| format!("{labels:<width$}  {shown}\n")).collect()
}

fn value_of(series: &Value) -> Option<String> {
    series["value"].as_array().and_then(|pair| Some(visible(pair.get(1)?.as_str()?, false)))
}

fn number(pair: &Value) -> Option<f64> {
    pair.as_array()?.get(1)?.as_str()?.parse().ok()
}

fn labels(metric: &Value) -> String {
    let name = metric["__name__"].as_str().unwrap_or_default();
    let others = metric.as_object().into_iter().flatten().filter(|(label, _)| *label != "__name__");
    let others: Vec<String> = others.map(|(label, value)| format!("{label}={value}")).collect();
    let braces =
        if others.is_empty() && !name.is_empty() { String::new() } else { format!("{{{}}}", others.join(", ")) };
    visible(&format!("{name}{braces}"), false)
}

/// Eight heights of a character, lowest first.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns a chart of values with the least, the greatest and the last of them. More values than characters are
/// shown by their means.
fn chart(values: &[f64]) -> String {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (least, greatest) = finite
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| (least.min(value), greatest.max(value)));
    let each = values.len().div_ceil(CHART_WIDTH).max(1);
    let columns = values.chunks(each).map(|chunk| {
        let mean = chunk.iter().sum::<f64>() / chunk.len() as f64;
        if !mean.is_finite() {
            return ' ';
        }
        let share = if greatest > least { (mean - least) / (greatest - least) } else { 0.5 };
        let place = (share * (HEIGHTS.len() - 1) as f64).round() as usize;
        HEIGHTS.get(place).copied().unwrap_or(' ')
    });
    let columns: String = columns.collect();
    let last = values.last().copied().unwrap_or(f64::NAN);
    format!("{columns}  min {} max {} last {}", short(least), short(greatest), short(last))
}

/// A number with at most six digits that count.
fn short(number: f64) -> String {
    if !number.is_finite() {
        return telltale_prometheus::number::decimal(number);
    }
    let magnitude = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
    if !(-4..15).contains(&magnitude) {
        return format!("{number:.3e}");
    }
    let decimals = usize::try_from((5 - magnitude).clamp(0, 9)).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_series_over_time_is_a_line_with_its_chart() {
        let values: Vec<_> = (0..8).map(|at| json!([at, at.to_string()])).collect();
        let data =
            json!({"resultType": "matrix", "result": [{"metric": {"__name__": "m", "job": "a"}, "values": values}]});
        assert_eq!(show(&data), "m{job=\"a\"}  ▁▂▃▄▅▆▇█  min 0 max 7 last 7\n");
        let level = json!({"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "2"], [2, "NaN"]]}]});
        assert_eq!(show(&level), "{}  ▅   min 2 max 2 last NaN\n");
    }

    #[test]
    fn values_stand_alone_and_nothing_is_said() {
        assert_eq!(show(&json!({"resultType": "scalar", "result": [1, "2"]})), "2\n");
        assert_eq!(show(&json!({"resultType": "vector", "result": []})), "no series\n");
        let vector = json!({"resultType": "vector", "result": [{"metric": {"__name__": "up"}, "value": [1, "1"]}]});
        assert_eq!(show(&vector), "up  1\n");
        assert_eq!(
            (short(1234.5678), short(0.000_012_3), short(1e20)),
            ("1234.57".into(), "1.230e-5".into(), "1.000e20".into())
        );
    }

    #[test]
    fn text_of_senders_cannot_move_the_cursor() {
        let vector = json!({"resultType": "vector", "result": [{"metric": {"a": "\u{1b}[2J"}, "value": [1, "1"]}]});
        assert!(!show(&vector).contains('\u{1b}'));
    }
}
