//! Quantiles and fractions of native histograms.

use super::{Bucket, Histogram};

/// A quantile, and what the user should know about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantile {
    pub(crate) value: f64,
    /// There were NaN observations, and the quantile is among them.
    pub(crate) is_nan_observation: bool,
    /// There were NaN observations, which count as +∞.
    pub(crate) is_skewed: bool,
}

impl Quantile {
    const fn of(value: f64) -> Self {
        Self { value, is_nan_observation: false, is_skewed: false }
    }
}

/// A fraction, and whether NaN observations were left out of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fraction {
    pub(crate) value: f64,
    pub(crate) excludes_nan: bool,
}

impl Histogram {
    /// The value below which that part of the observations lies. Inside of a bucket it is interpolated: on a logarithmic scale in
    /// exponential buckets, linearly in custom ones and in the zero bucket.
    pub(crate) fn quantile(&self, q: f64) -> Quantile {
        if q < 0.0 {
            return Quantile::of(f64::NEG_INFINITY);
        }
        if q > 1.0 {
            return Quantile::of(f64::INFINITY);
        }
        if self.count == 0.0 || q.is_nan() {
            return Quantile::of(f64::NAN);
        }
        let has_nan = self.sum.is_nan();
        // From the nearer end; observations of NaN are in no bucket, so that only counting from below is right with them.
        let is_forward = has_nan || q < 0.5;
        let mut buckets = self.buckets();
        if !is_forward {
            buckets.reverse();
        }
        let rank = if is_forward { q } else { 1.0 - q } * self.count;
        let mut bucket = Bucket { lower: 0.0, upper: 0.0, lower_inclusive: true, upper_inclusive: true, count: 0.0 };
        let mut count = 0.0;
        let mut rest = buckets.iter();
        for next in rest.by_ref().filter(|next| next.count != 0.0) {
            bucket = *next;
            count += bucket.count;
            if count >= rank {
                break;
            }
        }
        if let Some(value) = self.settle_edge(&mut bucket) {
            return Quantile::of(value);
        }
        count = count.min(self.count);
        if count < rank {
            let value = if has_nan { f64::NAN } else { bucket.upper };
            return Quantile { value, is_nan_observation: has_nan, is_skewed: false };
        }
        let inside = if is_forward { rank - (count - bucket.count) } else { count - rank };
        let all = count + rest.map(|next| next.count).sum::<f64>();
        let is_skewed = has_nan && all < self.count;
        Quantile { value: self.interpolate(&bucket, inside / bucket.count), is_nan_observation: false, is_skewed }
    }

    /// Narrows a bucket whose one side cannot be right; gives the answer at once where there is nothing to interpolate between.
    fn settle_edge(&self, bucket: &mut Bucket) -> Option<f64> {
        if !self.has_custom_buckets() {
            if bucket.lower < 0.0 && bucket.upper > 0.0 {
                self.narrow_zero(bucket);
            }
            return None;
        }
        if bucket.lower == f64::NEG_INFINITY {
            if bucket.upper <= 0.0 {
                return Some(bucket.upper);
            }
            bucket.lower = 0.0;
        } else if bucket.upper == f64::INFINITY {
            return Some(bucket.lower);
        }
        None
    }

    /// The zero bucket begins or ends at zero when there are buckets on one side only.
    fn narrow_zero(&self, bucket: &mut Bucket) {
        match (self.negative.is_empty(), self.positive.is_empty()) {
            (true, false) => bucket.lower = 0.0,
            (false, true) => bucket.upper = 0.0,
            _ => {}
        }
    }

    fn interpolate(&self, bucket: &Bucket, fraction: f64) -> f64 {
        if self.has_custom_buckets() || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction;
        }
        let (lower, upper) = (bucket.lower.abs().log2(), bucket.upper.abs().log2());
        if bucket.lower > 0.0 {
            (lower + (upper - lower) * fraction).exp2()
        } else {
            -(upper + (lower - upper) * (1.0 - fraction)).exp2()
        }
    }

    /// The part of the observations between two values.
    pub(crate) fn fraction(&self, lower: f64, upper: f64) -> Fraction {
        let plain = |value: f64| Fraction { value, excludes_nan: false };
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return plain(f64::NAN);
        }
        if lower >= upper {
            return plain(0.0);
        }
        let (mut lower_rank, mut upper_rank) = (None, None);
        let (mut rank, mut count) = (0.0, 0.0);
        let buckets = self.buckets();
        let mut rest = buckets.iter();
        for bucket in rest.by_ref() {
            let mut bucket = *bucket;
            count += bucket.count;
            let is_zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
            if is_zero {
                self.narrow_zero(&mut bucket);
            }
            let is_linear = self.has_custom_buckets() || is_zero;
            rank_at(lower, &bucket, rank, is_linear, &mut lower_rank);
            rank_at(upper, &bucket, rank, is_linear, &mut upper_rank);
            if lower_rank.is_some() && upper_rank.is_some() {
                break;
            }
            rank += bucket.count;
        }
        let mut excludes_nan = false;
        if self.sum.is_nan() {
            count += rest.map(|bucket| bucket.count).sum::<f64>();
            excludes_nan = count < self.count;
        } else {
            count = self.count;
        }
        let bounded = |rank: Option<f64>| rank.map_or(count, |rank: f64| rank.min(count));
        Fraction { value: (bounded(upper_rank) - bounded(lower_rank)) / self.count, excludes_nan }
    }
}

/// Observations up to a value, if it lies at the beginning of this bucket or inside of it.
fn rank_at(value: f64, bucket: &Bucket, rank: f64, is_linear: bool, found: &mut Option<f64>) {
    if found.is_some() {
        return;
    }
    if bucket.lower >= value {
        *found = Some(rank);
    } else if bucket.upper > value {
        // In a bucket without a lower end nothing can be interpolated: as if all of it lay below.
        let endless = is_linear && bucket.lower == f64::NEG_INFINITY;
        let inside = || rank + bucket.count * bucket.fraction_below(value, is_linear);
        *found = Some(if endless { bucket.count } else { inside() });
    }
}
