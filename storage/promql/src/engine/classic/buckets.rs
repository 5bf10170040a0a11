//! Quantiles and fractions out of cumulative buckets.

use crate::math::almost_equal;

/// Differences between buckets that are smaller than this, relatively, come from rounding.
const ROUNDING: f64 = 1e-12;

/// One bucket: observations up to a bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) upper: f64,
    pub(super) count: f64,
}

/// Where counts had to be raised because they fell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed {
    pub(super) min_bucket: f64,
    pub(super) max_bucket: f64,
    pub(super) max_difference: f64,
}

/// Buckets with the same bound count together. They are sorted.
fn coalesce(buckets: &mut Vec<Bucket>) {
    #[expect(clippy::float_cmp, reason = "bounds are the same number or not")]
    buckets.dedup_by(|next, kept| {
        let same = next.upper == kept.upper;
        if same {
            kept.count += next.count;
        }
        same
    });
}

fn rise(buckets: &mut [Bucket]) -> Option<Fixed> {
    let (first, rest) = buckets.split_first_mut()?;
    let mut before = first.count;
    let mut fixed: Option<Fixed> = None;
    for bucket in rest {
        let rounded = almost_equal(before, bucket.count, ROUNDING);
        if !rounded && bucket.count < before {
            let difference = before - bucket.count;
            let so_far = fixed.unwrap_or(Fixed {
                min_bucket: f64::INFINITY,
                max_bucket: f64::NEG_INFINITY,
                max_difference: 0.0,
            });
            fixed = Some(Fixed {
                min_bucket: so_far.min_bucket.min(bucket.upper),
                max_bucket: so_far.max_bucket.max(bucket.upper),
                max_difference: so_far.max_difference.max(difference),
            });
        }
        if rounded || bucket.count < before {
            bucket.count = before;
        } else {
            before = bucket.count;
        }
    }
    fixed
}

/// The quantile, linear inside of a bucket; and where the counts were not rising. Buckets are sorted by bound, and not empty.
pub(super) fn quantile(q: f64, buckets: &mut Vec<Bucket>) -> (f64, Option<Fixed>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    if buckets.last().is_none_or(|last| last.upper != f64::INFINITY) {
        return (f64::NAN, None);
    }
    coalesce(buckets);
    let fixed = rise(buckets);
    (interpolated(q, buckets).unwrap_or(f64::NAN), fixed)
}

fn interpolated(q: f64, buckets: &[Bucket]) -> Option<f64> {
    let (last, rest) = buckets.split_last()?;
    let second_last = rest.last()?;
    if last.count == 0.0 {
        return None;
    }
    let mut rank = q * last.count;
    let at = rest.iter().position(|bucket| bucket.count >= rank);
    let Some(at) = at else { return Some(second_last.upper) };
    let bucket = rest.get(at)?;
    if at == 0 && bucket.upper <= 0.0 {
        return Some(bucket.upper);
    }
    let (mut start, mut count) = (0.0, bucket.count);
    if let Some(before) = at.checked_sub(1).and_then(|at| rest.get(at)) {
        start = before.upper;
        count -= before.count;
        rank -= before.count;
    }
    Some(start + (bucket.upper - start) * (rank / count))
}

/// The part of the observations between two values. Buckets are sorted by bound, and not empty.
pub(super) fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if buckets.last().is_none_or(|last| last.upper != f64::INFINITY) {
        return f64::NAN;
    }
    coalesce(buckets);
    let count = buckets.last().map_or(0.0, |last| last.count);
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank(upper, buckets, count) - rank(lower, buckets, count)) / count
}

/// Observations up to a value.
fn rank(value: f64, buckets: &[Bucket], all: f64) -> f64 {
    // The first bucket begins at 0 when it ends above.
    let mut start = if buckets.first().is_some_and(|first| first.upper > 0.0) { 0.0 } else { f64::NEG_INFINITY };
    let mut below = 0.0;
    for bucket in buckets {
        if start >= value {
            return f64::min(below, all);
        }
        if bucket.upper > value {
            // Nothing can be interpolated in a bucket without a beginning.
            let inside = || below + (bucket.count - below) * (value - start) / (bucket.upper - start);
            let found = if start == f64::NEG_INFINITY { bucket.count } else { inside() };
            return found.min(all);
        }
        below = bucket.count;
        start = bucket.upper;
    }
    all
}
