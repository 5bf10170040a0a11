//! Property: the evaluator, which moves windows and folds series as they come, gives what the definitions give when each step is worked
//! out on its own from all samples.

use std::collections::BTreeMap;

use proptest::prelude::*;
use telltale_promql::{Engine, Labels, Limits, SampleValue, Value, is_stale, parse, stale_nan};

use crate::memory::{Columns, Memory};

const LOOKBACK: i64 = 300_000;

/// Functions over ranges that are checked, and aggregations around them.
const FUNCTIONS: [&str; 16] = [
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "first_over_time",
    "present_over_time",
    "changes",
    "resets",
    "stdvar_over_time",
];
const AGGREGATES: [&str; 7] = ["", "sum", "avg", "min", "max", "count", "group"];
const GROUPINGS: [&str; 3] = ["", "by (g)", "without (i)"];

/// Counters, gauges and numbers that are none, with gaps, ends and resets; whole numbers, so that sums are exact.
fn columns() -> impl Strategy<Value = Columns> {
    let sample = (1i64..90, prop_oneof![20 => (0i32..1000).prop_map(Some), 1 => Just(None)], 0u8..40);
    prop::collection::vec(sample, 0..60).prop_map(|samples| {
        let mut out = Columns::default();
        let (mut time, mut total) = (0, 0.0);
        for (gap, step, kind) in samples {
            time += gap * 1000;
            total = match (step, kind) {
                (_, 0) => 0.0,
                (Some(step), _) => total + f64::from(step),
                (None, _) => total,
            };
            let value = match (step, kind) {
                (None, 1..=20) => stale_nan(),
                (None, _) => f64::NAN,
                _ => total,
            };
            out.timestamps.push(time);
            out.values.push(value);
        }
        out
    })
}

fn memory() -> impl Strategy<Value = Memory> {
    prop::collection::vec(columns(), 1..6).prop_map(|all| {
        let mut memory = Memory::default();
        for (at, columns) in all.into_iter().enumerate() {
            let labels =
                Labels::from_pairs([("__name__", "m_total"), ("g", ["a", "b"][at % 2]), ("i", &at.to_string())]);
            memory.series.insert(labels, columns);
        }
        memory
    })
}

/// Samples behind `start` and up to `end`.
fn window(columns: &Columns, start: i64, end: i64) -> Vec<(i64, f64)> {
    let all = columns.timestamps.iter().copied().zip(columns.values.iter().copied());
    all.filter(|(time, value)| *time > start && *time <= end && !is_stale(*value)).collect()
}

fn newest(columns: &Columns, time: i64) -> Option<f64> {
    let all = columns.timestamps.iter().copied().zip(columns.values.iter().copied());
    let (at, value) = all.rev().find(|(at, _)| *at <= time)?;
    (at > time - LOOKBACK && !is_stale(value)).then_some(value)
}

/// What a function gives, written from its documentation.
fn over_time(function: &str, points: &[(i64, f64)], start: i64, end: i64) -> Option<f64> {
    let values: Vec<f64> = points.iter().map(|point| point.1).collect();
    let (first, last) = (*points.first()?, *points.last()?);
    let pairs = || values.windows(2);
    let count = values.len() as f64;
    let numbers = || values.iter().copied().filter(|value| !value.is_nan());
    Some(match function {
        "rate" | "increase" | "delta" => {
            if points.len() < 2 {
                return None;
            }
            let is_counter = function != "delta";
            let mut difference = last.1 - first.1;
            if is_counter {
                difference += pairs().filter(|pair| pair[1] < pair[0]).map(|pair| pair[0]).sum::<f64>();
            }
            let sampled = (last.0 - first.0) as f64 / 1000.0;
            let between = sampled / (count - 1.0);
            let edge = |gap: i64| {
                let gap = gap as f64 / 1000.0;
                if gap < between * 1.1 { gap } else { between / 2.0 }
            };
            let mut before = edge(first.0 - start);
            if is_counter && difference > 0.0 && first.1 >= 0.0 {
                before = before.min(sampled * (first.1 / difference));
            }
            let whole = difference * ((sampled + before + edge(end - last.0)) / sampled);
            if function == "rate" { whole / ((end - start) as f64 / 1000.0) } else { whole }
        }
        "irate" | "idelta" => {
            let [before, after] = points.last_chunk::<2>()?;
            let is_reset = function == "irate" && after.1 < before.1;
            let difference = if is_reset { after.1 } else { after.1 - before.1 };
            if function == "irate" { difference / ((after.0 - before.0) as f64 / 1000.0) } else { difference }
        }
        "sum_over_time" => values.iter().sum(),
        "avg_over_time" => values.iter().sum::<f64>() / count,
        "min_over_time" => numbers().reduce(f64::min).unwrap_or(f64::NAN),
        "max_over_time" => numbers().reduce(f64::max).unwrap_or(f64::NAN),
        "count_over_time" => count,
        "last_over_time" => last.1,
        "first_over_time" => first.1,
        "present_over_time" => 1.0,
        "changes" => {
            pairs().filter(|pair| pair[0] != pair[1] && !(pair[0].is_nan() && pair[1].is_nan())).count() as f64
        }
        "resets" => pairs().filter(|pair| pair[1] < pair[0]).count() as f64,
        "stdvar_over_time" => {
            let mean = values.iter().sum::<f64>() / count;
            values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count
        }
        other => panic!("{other} has no definition here"),
    })
}

fn aggregate(name: &str, values: &[f64]) -> f64 {
    let numbers = || values.iter().copied().filter(|value| !value.is_nan());
    match name {
        "sum" => values.iter().sum(),
        "avg" => values.iter().sum::<f64>() / values.len() as f64,
        "min" => numbers().reduce(f64::min).unwrap_or(f64::NAN),
        "max" => numbers().reduce(f64::max).unwrap_or(f64::NAN),
        "count" => values.len() as f64,
        "group" => 1.0,
        other => panic!("{other} has no definition here"),
    }
}

/// Labels that are left of a series.
fn group(labels: &Labels, name: &str, grouping: &str, drops_name: bool) -> Labels {
    match (name, grouping) {
        ("", _) if drops_name => labels.without_name(),
        ("", _) => labels.clone(),
        (_, "by (g)") => labels.filter(|label| label == "g"),
        (_, "without (i)") => labels.filter(|label| label == "g"),
        _ => Labels::empty(),
    }
}

fn close(left: f64, right: f64) -> bool {
    left == right
        || (left.is_nan() && right.is_nan())
        || (left - right).abs() <= 1e-9 * (left.abs() + right.abs() + 1e-9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any series, any function, any aggregation, any range, offset and steps.
    #[test]
    fn each_step_on_its_own(
        memory in memory(),
        function in prop::option::of(prop::sample::select(FUNCTIONS.to_vec())),
        name in prop::sample::select(AGGREGATES.to_vec()),
        grouping in prop::sample::select(GROUPINGS.to_vec()),
        (range, offset) in (1i64..900, -300i64..300),
        (start, step, count) in (0i64..3_000, 1i64..400, 1i64..12),
    ) {
        let shift = if offset == 0 { String::new() } else { format!(" offset {offset}s") };
        let inner = match function {
            Some(function) => format!("{function}(m_total[{range}s]{shift})"),
            None => format!("m_total{shift}"),
        };
        let text = if name.is_empty() { inner } else { format!("{name} {grouping} ({inner})") };
        let expr = parse(&text).unwrap();
        let (from, to) = (start * 1000, (start + step * (count - 1)) * 1000);
        let answer = Engine::new(Limits::default()).range(&memory, &expr, &text, from, to, step * 1000).unwrap();
        let Value::Matrix(series) = answer.value else { panic!("no matrix") };
        let found: BTreeMap<(Labels, i64), f64> = series
            .into_iter()
            .flat_map(|one| one.floats.into_iter().map(move |(time, value)| ((one.labels.clone(), time), value)))
            .collect();
        let drops_name = function.is_some_and(|function| !matches!(function, "last_over_time" | "first_over_time"));
        let mut grouped: BTreeMap<(Labels, i64), Vec<f64>> = BTreeMap::new();
        for (labels, columns) in &memory.series {
            for time in (0..count).map(|at| (start + step * at) * 1000) {
                let end = time - offset * 1000;
                let value = match function {
                    Some(function) => over_time(function, &window(columns, end - range * 1000, end), end - range * 1000, end),
                    None => newest(columns, end),
                };
                let key = (group(labels, name, grouping, drops_name), time);
                grouped.entry(key).or_default().extend(value);
            }
        }
        grouped.retain(|_, values| !values.is_empty());
        let wanted: BTreeMap<_, f64> = grouped
            .into_iter()
            .map(|(key, values)| (key, if name.is_empty() { values[0] } else { aggregate(name, &values) }))
            .collect();
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{}", text);
        for (key, value) in &found {
            prop_assert!(close(*value, wanted[key]), "{text} {key:?}: {value}, not {}", wanted[key]);
        }
    }

    /// Scenario: whatever the expression, a range query gives at each step what a query for that time gives.
    #[test]
    fn a_range_is_its_steps(memory in memory(), at in 0usize..EXPRESSIONS.len(), start in 0i64..2_000, step in 1i64..200) {
        let text = EXPRESSIONS[at];
        let expr = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let engine = Engine::new(Limits::default());
        let (from, to) = (start * 1000, (start + step * 5) * 1000);
        let range = engine.range(&memory, &expr, text, from, to, step * 1000);
        let mut wanted: BTreeMap<(Labels, i64), f64> = BTreeMap::new();
        for time in (0..6).map(|at| (start + step * at) * 1000) {
            let answer = match engine.instant(&memory, &expr, text, time) {
                Ok(answer) => answer,
                Err(error) => {
                    prop_assert!(range.is_err(), "{text} fails at {time} only: {error}");
                    return Ok(());
                }
            };
            match answer.value {
                Value::Vector(samples) => {
                    for sample in samples {
                        let SampleValue::Float(value) = sample.value else { continue };
                        wanted.insert((sample.labels, time), value);
                    }
                }
                Value::Scalar(_, value) => {
                    wanted.insert((Labels::empty(), time), value);
                }
                other => panic!("{other:?}"),
            }
        }
        let Value::Matrix(series) = range.map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?.value else { panic!("no matrix") };
        let found: BTreeMap<(Labels, i64), f64> = series
            .into_iter()
            .flat_map(|one| one.floats.into_iter().map(move |(time, value)| ((one.labels.clone(), time), value)))
            .collect();
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{}", text);
        for (key, value) in &found {
            prop_assert!(close(*value, wanted[key]), "{text} {key:?}: {value}, not {}", wanted[key]);
        }
    }
}

/// One of each kind of node, in each other.
const EXPRESSIONS: [&str; 40] = [
    "m_total",
    "-m_total",
    "m_total > 500",
    "500 < bool m_total",
    "m_total % 7 + 1",
    "2 ^ (m_total / 1000)",
    "time() - timestamp(m_total)",
    "m_total @ 1000",
    "sum(m_total @ 1500) + time()",
    "timestamp(m_total @ 1000)",
    "m_total offset 2m - m_total",
    "m_total{g=\"a\"} + on(g) group_right(i) sum by (g) (m_total)",
    "m_total * on(g) group_left max by (g) (m_total)",
    "sum by (g) (m_total) / on(g) sum by (g) (rate(m_total[5m]))",
    "m_total and m_total > 100",
    "m_total{g=\"a\"} or m_total",
    "m_total unless on(g) m_total{i=\"0\"} > 10",
    "m_total == ignoring(i) group_left m_total{i=\"1\"}",
    "sum by (g) (m_total) + fill(0) sum by (g) (m_total{g=\"b\"})",
    "topk(2, m_total)",
    "bottomk by (g) (1, m_total)",
    "quantile(0.5, m_total)",
    "stddev by (g) (m_total)",
    "count_values(\"v\", m_total % 3)",
    "limitk(1, m_total)",
    "limit_ratio(0.5, m_total)",
    "absent(m_total > 1e9)",
    "absent_over_time(m_total[1m])",
    "scalar(sum(m_total))",
    "vector(time())",
    "label_replace(m_total, \"j\", \"x$1\", \"i\", \"(.*)\")",
    "label_join(m_total, \"__name__\", \"-\", \"g\", \"i\")",
    "max_over_time(rate(m_total[2m])[10m:30s])",
    "sum_over_time(sum(m_total)[5m:1m] offset 1m)",
    "avg_over_time(m_total[10m:] @ 1500)",
    "quantile_over_time(0.3, m_total[10m])",
    "predict_linear(m_total[10m], 60)",
    "deriv(m_total[10m])",
    "rate(m_total[5m] anchored) + rate(m_total[5m] smoothed)",
    "clamp(m_total, 10, time() / 10)",
];
