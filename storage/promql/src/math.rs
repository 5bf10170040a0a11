//! Arithmetic with the edge cases of Prometheus: compensated sums, quantiles, calendars, and how Go prints and compares numbers.

mod calendar;
mod sum;
mod text;

pub(crate) use calendar::Civil;
pub(crate) use sum::{Mean, Sum, kahan_add};
pub(crate) use text::{go_e2, go_g};

/// The greater of two numbers; NaN when one is, unless the other is +∞.
pub(crate) fn go_max(left: f64, right: f64) -> f64 {
    if left == f64::INFINITY || right == f64::INFINITY {
        f64::INFINITY
    } else if left.is_nan() || right.is_nan() {
        f64::NAN
    } else {
        left.max(right)
    }
}

/// The lesser of two numbers; NaN when one is, unless the other is −∞.
pub(crate) fn go_min(left: f64, right: f64) -> f64 {
    -go_max(-left, -right)
}

/// Whether two numbers differ by less than their sum times `epsilon`.
pub(crate) fn almost_equal(left: f64, right: f64, epsilon: f64) -> bool {
    if crate::value::is_stale(left) || crate::value::is_stale(right) {
        return crate::value::is_stale(left) && crate::value::is_stale(right);
    }
    #[expect(clippy::float_cmp, reason = "equal infinities and zeros are equal")]
    if left == right || (left.is_nan() && right.is_nan()) {
        return true;
    }
    let sum = left.abs() + right.abs();
    let difference = (left - right).abs();
    if left == 0.0 || right == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < epsilon * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < epsilon
}

/// The quantile of numbers, which are sorted for it, NaN first; between two of them, their weighted mean.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(nan_first);
    let highest = count_f64(values.len() - 1);
    let rank = q * highest;
    let lower = rank.floor().max(0.0);
    let upper = (lower + 1.0).min(highest);
    let weight = rank - rank.floor();
    let value = |at: f64| values.get(index_of(at)).copied().unwrap_or(f64::NAN);
    value(lower) * (1.0 - weight) + value(upper) * weight
}

/// Ascending, NaN before everything.
pub(crate) fn nan_first(left: &f64, right: &f64) -> std::cmp::Ordering {
    left.partial_cmp(right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "counts in memory are far below 2^53")]
pub(crate) const fn count_f64(count: usize) -> f64 {
    count as f64
}

/// Milliseconds as a number.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "the language has one kind of number")]
pub(crate) const fn millis_f64(millis: i64) -> f64 {
    millis as f64
}

/// A number that is known to be a small whole one as an index.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "casts of floats saturate"
)]
pub(crate) const fn index_of(value: f64) -> usize {
    value as usize
}

/// A number as a whole one, cut towards zero.
#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "casts of floats saturate")]
pub(crate) const fn truncated(value: f64) -> i64 {
    value as i64
}
