//! Whether an answer is as expected, within one part in a million.

use std::sync::Arc;

use telltale_promql::{Answer, Histogram, Labels, Sample, SampleValue, Series, Value, is_stale};

use super::command::{Eval, Text};
use super::notation::Item;

const EPSILON: f64 = 0.000_001;

fn close(left: f64, right: f64) -> bool {
    if is_stale(left) || is_stale(right) {
        return is_stale(left) && is_stale(right);
    }
    if left == right || (left.is_nan() && right.is_nan()) {
        return true;
    }
    let (sum, difference) = (left.abs() + right.abs(), (left - right).abs());
    if left == 0.0 || right == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}

fn close_histograms(wanted: &Histogram, found: &Histogram, with_hint: bool) -> bool {
    let (wanted, found) = (wanted.clone().compacted(), found.clone().compacted());
    let buckets = |left: &[(i32, f64)], right: &[(i32, f64)]| {
        left.len() == right.len()
            && left.iter().zip(right).all(|(left, right)| left.0 == right.0 && close(left.1, right.1))
    };
    wanted.schema == found.schema
        && close(wanted.count, found.count)
        && close(wanted.sum, found.sum)
        && wanted.custom_values == found.custom_values
        && wanted.zero_threshold == found.zero_threshold
        && close(wanted.zero_count, found.zero_count)
        && buckets(&wanted.positive, &found.positive)
        && buckets(&wanted.negative, &found.negative)
        && (!with_hint || wanted.counter_reset_hint == found.counter_reset_hint)
}

/// Warnings and infos.
pub(crate) fn notes(eval: &Eval, answer: &Answer) -> Result<(), String> {
    if eval.warns && answer.warnings.is_empty() {
        return Err("no warning".to_owned());
    }
    if eval.infos_any && answer.infos.is_empty() {
        return Err("no info".to_owned());
    }
    for (kind, wanted, none, found) in [
        ("warning", &eval.warnings, eval.no_warning, &answer.warnings),
        ("info", &eval.infos, eval.no_info, &answer.infos),
    ] {
        if none && !found.is_empty() {
            return Err(format!("unexpected {kind}: {found:?}"));
        }
        if wanted.is_empty() {
            continue;
        }
        if let Some(missing) = wanted.iter().find(|text: &&Text| !found.iter().any(|found| text.fits(found))) {
            return Err(format!("no {kind} {missing:?}, found {found:?}"));
        }
        if let Some(surplus) = found.iter().find(|found| !wanted.iter().any(|text| text.fits(found))) {
            return Err(format!("unexpected {kind} {surplus:?}"));
        }
    }
    Ok(())
}

/// The value.
pub(crate) fn value(eval: &Eval, value: &Value) -> Result<(), String> {
    match value {
        Value::Matrix(series) => matrix(eval, series),
        Value::Vector(samples) => vector(eval, samples, eval.is_ordered),
        Value::Scalar(_, found) => match eval.scalar {
            Some(wanted) if close(wanted, *found) => Ok(()),
            wanted => Err(format!("scalar {found}, not {wanted:?}")),
        },
        Value::String(_, found) if eval.string.as_deref() == Some(found) => Ok(()),
        Value::String(_, found) => Err(format!("text {found:?}, not {:?}", eval.string)),
    }
}

fn expected<'e>(eval: &'e Eval, labels: &Labels) -> Result<(usize, &'e [Item]), String> {
    let at = eval.series.iter().rposition(|(wanted, _)| wanted == labels);
    at.map(|at| (at, &*eval.series[at].1)).ok_or_else(|| format!("unexpected series {labels}"))
}

fn all_seen(eval: &Eval, seen: &[&Labels]) -> Result<(), String> {
    match eval.series.iter().find(|(labels, _)| !seen.contains(&labels)) {
        Some((labels, items)) => Err(format!("no series {labels}, expected {items:?}")),
        None => Ok(()),
    }
}

/// Samples at one time.
pub(crate) fn vector(eval: &Eval, samples: &[Sample], ordered: bool) -> Result<(), String> {
    if eval.scalar.is_some() {
        return Err(format!("a vector, not a scalar: {samples:?}"));
    }
    for (place, sample) in samples.iter().enumerate() {
        let (at, items) = expected(eval, &sample.labels).map_err(|error| format!("{error} {:?}", sample.value))?;
        if ordered && at != place {
            return Err(format!("{} is number {place}, not {at}", sample.labels));
        }
        let fits = match (items.first(), &sample.value) {
            (Some(Item::Float(wanted)), SampleValue::Float(found)) => close(*wanted, *found),
            (Some(Item::Histogram(wanted, hint)), SampleValue::Histogram(found)) => {
                close_histograms(wanted, found, *hint)
            }
            _ => false,
        };
        if !fits {
            return Err(format!("{}: {:?}, not {:?}", sample.labels, sample.value, items.first()));
        }
    }
    all_seen(eval, &samples.iter().map(|sample| &sample.labels).collect::<Vec<_>>())
}

fn matrix(eval: &Eval, series: &[Series]) -> Result<(), String> {
    if !series.is_sorted_by(|left, right| left.labels <= right.labels) {
        return Err("the series are not sorted by labels".to_owned());
    }
    let (start, end, step) = eval.range_vector.unwrap_or((eval.start_ms, eval.end_ms, eval.step_ms.unwrap_or(1)));
    for one in series {
        let (_, items) = expected(eval, &one.labels).map_err(|error| format!("{error} {one:?}"))?;
        let mut floats: Vec<(i64, f64)> = Vec::new();
        let mut histograms: Vec<(i64, &Histogram, bool)> = Vec::new();
        for (at, item) in (0i64..).zip(items) {
            let time = start + at * step;
            if time > end {
                return Err(format!("{} has more values than steps", one.labels));
            }
            match item {
                Item::Omitted => {}
                Item::Float(value) => floats.push((time, *value)),
                Item::Histogram(histogram, hint) => histograms.push((time, histogram, *hint)),
            }
        }
        let same_floats = floats.len() == one.floats.len()
            && floats.iter().zip(&one.floats).all(|(wanted, found)| wanted.0 == found.0 && close(wanted.1, found.1));
        let fits = |(wanted, found): (&(i64, &Histogram, bool), &(i64, Arc<Histogram>))| {
            wanted.0 == found.0 && close_histograms(wanted.1, &found.1, wanted.2)
        };
        let same_histograms =
            histograms.len() == one.histograms.len() && histograms.iter().zip(&one.histograms).all(fits);
        if !same_floats || !same_histograms {
            return Err(format!("{}: {:?} {:?}, not {items:?}", one.labels, one.floats, one.histograms));
        }
    }
    all_seen(eval, &series.iter().map(|series| &series.labels).collect::<Vec<_>>())
}
