//! Sums, means, extremes and the like of one window.

use std::sync::Arc;

use super::{Context, Window};
use crate::engine::column::Cell;
use crate::functions::FunctionId;
use crate::histogram::{CompensatedHistogram, CounterResetHint, Histogram, HistogramMean};
use crate::math::{Mean, Sum, count_f64, kahan_add, millis_f64, quantile as quantile_of};

pub(super) fn apply(id: FunctionId, window: &Window<'_>, context: &mut Context<'_>) -> Option<Cell> {
    use FunctionId as F;
    let float = |value: f64| Some(Cell::Float(value));
    match id {
        F::CountOverTime => float(count_f64(window.times.len() + window.histogram_times.len())),
        F::PresentOverTime => float(1.0),
        F::SumOverTime | F::AvgOverTime => sum_or_mean(window, context, id == F::AvgOverTime),
        F::MinOverTime => {
            extreme(window, context, |value, best| value < best || best.is_nan()).map(|best| Cell::Float(best.1))
        }
        F::MaxOverTime => {
            extreme(window, context, |value, best| value > best || best.is_nan()).map(|best| Cell::Float(best.1))
        }
        F::TsOfMinOverTime => extreme(window, context, |value, best| value <= best || best.is_nan()).map(seconds),
        F::TsOfMaxOverTime => extreme(window, context, |value, best| value >= best || best.is_nan()).map(seconds),
        F::FirstOverTime => first(window),
        F::LastOverTime => last(window),
        F::TsOfFirstOverTime => {
            let times = window.times.first().into_iter().chain(window.histogram_times.first());
            times.min().map(|time| Cell::Float(millis_f64(*time) / 1000.0))
        }
        F::TsOfLastOverTime => {
            let times = window.times.last().into_iter().chain(window.histogram_times.last());
            times.max().map(|time| Cell::Float(millis_f64(*time) / 1000.0))
        }
        F::StddevOverTime => variance(window, context).map(|variance| Cell::Float(variance.sqrt())),
        F::StdvarOverTime => variance(window, context).map(Cell::Float),
        F::MadOverTime => deviation(window, context).map(Cell::Float),
        _ => None,
    }
}

fn seconds((time, _): (i64, f64)) -> Cell {
    Cell::Float(millis_f64(time) / 1000.0)
}

fn sum_or_mean(window: &Window<'_>, context: &mut Context<'_>, is_mean: bool) -> Option<Cell> {
    if window.is_mixed() {
        context.warn_mixed();
        return None;
    }
    let Some((first, rest)) = window.values.split_first() else {
        return histograms(window, context, is_mean).map(|found| Cell::Histogram(Arc::new(found)));
    };
    if is_mean {
        let mut mean = Mean::of(*first);
        rest.iter().for_each(|value| mean.add(*value));
        return Some(Cell::Float(mean.value()));
    }
    let mut sum = Sum::default();
    window.values.iter().for_each(|value| sum.add(*value));
    Some(Cell::Float(sum.value()))
}

fn histograms(window: &Window<'_>, context: &mut Context<'_>, is_mean: bool) -> Option<Histogram> {
    let (first, rest) = window.histograms.split_first()?;
    let hints = |hint: CounterResetHint| window.histograms.iter().any(|found| found.counter_reset_hint == hint);
    let collides = hints(CounterResetHint::CounterReset) && hints(CounterResetHint::NotCounterReset);
    let mut sum = CompensatedHistogram::of(first);
    let mut mean = HistogramMean::of(first);
    let mut combined = crate::histogram::Combined::default();
    for next in rest {
        let added = if is_mean { mean.add(next) } else { sum.add(next) };
        let Ok(added) = added else {
            context.warn_mixed_schemas();
            return None;
        };
        combined.has_reconciled_bounds |= added.has_reconciled_bounds;
    }
    if collides {
        context.notes.warn("conflicting counter resets during histogram aggregation", context.first);
    }
    context.note_mismatch(combined, "aggregation");
    Some(if is_mean { mean.value() } else { sum.value() })
}

/// Floats only; says so when there are histograms too.
fn floats_only(window: &Window<'_>, context: &mut Context<'_>) -> Option<()> {
    if window.values.is_empty() {
        return None;
    }
    if !window.histogram_times.is_empty() {
        context.info_ignored();
    }
    Some(())
}

fn extreme(window: &Window<'_>, context: &mut Context<'_>, better: impl Fn(f64, f64) -> bool) -> Option<(i64, f64)> {
    floats_only(window, context)?;
    let mut best = (*window.times.first()?, *window.values.first()?);
    for (time, value) in window.times.iter().zip(window.values) {
        if better(*value, best.1) {
            best = (*time, *value);
        }
    }
    Some(best)
}

fn first(window: &Window<'_>) -> Option<Cell> {
    let histogram = window.histogram_times.first().zip(window.histograms.first());
    let float = window.times.first().zip(window.values.first());
    match (float, histogram) {
        (Some((time, value)), Some((other, _))) if time < other => Some(Cell::Float(*value)),
        (_, Some((_, histogram))) => Some(Cell::Histogram(Arc::clone(histogram))),
        (Some((_, value)), None) => Some(Cell::Float(*value)),
        (None, None) => None,
    }
}

fn last(window: &Window<'_>) -> Option<Cell> {
    let histogram = window.histogram_times.last().zip(window.histograms.last());
    let float = window.times.last().zip(window.values.last());
    match (float, histogram) {
        (Some((time, value)), Some((other, _))) if time > other => Some(Cell::Float(*value)),
        (_, Some((_, histogram))) => Some(Cell::Histogram(Arc::clone(histogram))),
        (Some((_, value)), None) => Some(Cell::Float(*value)),
        (None, None) => None,
    }
}

fn variance(window: &Window<'_>, context: &mut Context<'_>) -> Option<f64> {
    floats_only(window, context)?;
    let (mut count, mut mean, mut lost_mean) = (0.0, 0.0, 0.0);
    let mut squares = Sum::default();
    for value in window.values {
        count += 1.0;
        let delta = value - (mean + lost_mean);
        (mean, lost_mean) = kahan_add(delta / count, mean, lost_mean);
        squares.add(delta * (value - (mean + lost_mean)));
    }
    Some(squares.value() / count)
}

/// Median of the distances from the median.
fn deviation(window: &Window<'_>, context: &mut Context<'_>) -> Option<f64> {
    floats_only(window, context)?;
    if window.values.iter().any(|value| value.is_nan()) {
        return Some(f64::NAN);
    }
    let mut values = window.values.to_vec();
    let median = quantile_of(0.5, &mut values);
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    Some(quantile_of(0.5, &mut values))
}

pub(super) fn quantile(window: &Window<'_>, context: &mut Context<'_>, q: f64) -> Option<Cell> {
    if window.values.is_empty() {
        return None;
    }
    crate::engine::classic::check_quantile(q, context.first, context.notes);
    floats_only(window, context)?;
    Some(Cell::Float(quantile_of(q, &mut window.values.to_vec())))
}
