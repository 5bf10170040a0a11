//! `deriv`, `predict_linear`, `double_exponential_smoothing`: trends.

use super::{Context, Window};
use crate::engine::column::Cell;
use crate::math::{Sum, millis_f64};

/// Slope, and the value at `origin`, of the line through the samples with the least squares.
fn line(window: &Window<'_>, origin: i64) -> Option<(f64, f64)> {
    let first = *window.values.first()?;
    #[expect(clippy::float_cmp, reason = "a constant is constant to the last bit")]
    if window.values.iter().all(|value| *value == first) {
        // Sums would lose what is known exactly.
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }
    let (mut n, mut sum_x, mut sum_y) = (0.0, Sum::default(), Sum::default());
    let (mut sum_xy, mut sum_xx) = (Sum::default(), Sum::default());
    for (time, value) in window.times.iter().zip(window.values) {
        let x = millis_f64(time - origin) / 1000.0;
        n += 1.0;
        sum_x.add(x);
        sum_y.add(*value);
        sum_xy.add(x * value);
        sum_xx.add(x * x);
    }
    let (sum_x, sum_y) = (sum_x.value(), sum_y.value());
    let covariance = sum_xy.value() - sum_x * sum_y / n;
    let variance = sum_xx.value() - sum_x * sum_x / n;
    let slope = covariance / variance;
    Some((slope, sum_y / n - slope * sum_x / n))
}

/// Whether there are enough floats; says so where histograms were left out.
fn has_two(window: &Window<'_>, context: &mut Context<'_>) -> bool {
    if !window.values.is_empty() && !window.histogram_times.is_empty() {
        context.info_ignored();
    }
    window.values.len() >= 2
}

pub(super) fn deriv(window: &Window<'_>, context: &mut Context<'_>) -> Option<Cell> {
    if !has_two(window, context) {
        return None;
    }
    // An origin near the samples keeps the numbers small.
    line(window, *window.times.first()?).map(|(slope, _)| Cell::Float(slope))
}

pub(super) fn predict(window: &Window<'_>, context: &mut Context<'_>, seconds: f64) -> Option<Cell> {
    if !has_two(window, context) {
        return None;
    }
    line(window, window.time).map(|(slope, now)| Cell::Float(slope * seconds + now))
}

/// Smoothing that follows a trend: `factor` weighs new values, `trend` new slopes.
pub(super) fn smoothing(window: &Window<'_>, context: &mut Context<'_>, factor: f64, trend: f64) -> Option<Cell> {
    if !has_two(window, context) {
        return None;
    }
    let (first, second) = (*window.values.first()?, *window.values.get(1)?);
    let (mut before, mut smooth, mut slope) = (0.0, first, second - first);
    for (at, value) in window.values.iter().skip(1).enumerate() {
        if at > 0 {
            slope = trend * (smooth - before) + (1.0 - trend) * slope;
        }
        let next = factor * value + (1.0 - factor) * (smooth + slope);
        (before, smooth) = (smooth, next);
    }
    Some(Cell::Float(smooth))
}
