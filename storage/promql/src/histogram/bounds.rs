//! Where buckets begin and end.

use super::Histogram;

/// One bucket with its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether an observation of exactly the lower bound is inside.
    pub lower_inclusive: bool,
    /// Whether an observation of exactly the upper bound is inside.
    pub upper_inclusive: bool,
    /// Observations.
    pub count: f64,
}

impl Bucket {
    /// `boundaries` in the JSON of the HTTP API: 0 open left, 1 open right, 2 open both, 3 closed both.
    #[must_use]
    pub const fn json_rule(&self) -> u8 {
        match (self.lower_inclusive, self.upper_inclusive) {
            (false, true) => 0,
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
        }
    }

    /// The part of the bucket at or below a value strictly inside of it, linear or on a logarithmic scale.
    pub(super) fn fraction_below(&self, value: f64, is_linear: bool) -> f64 {
        if is_linear {
            return (value - self.lower) / (self.upper - self.lower);
        }
        let (lower, upper, at) = (self.lower.abs().log2(), self.upper.abs().log2(), value.abs().log2());
        if value > 0.0 { (at - lower) / (upper - lower) } else { 1.0 - (at - upper) / (lower - upper) }
    }
}

/// Upper bound of an exponential bucket. The last one that holds numbers ends at the greatest number; the one behind it holds ±∞.
pub(super) fn exponential_bound(index: i32, schema: i32) -> f64 {
    if schema <= 0 {
        let exponent = i64::from(index) << (-schema).clamp(0, 31);
        return if exponent == 1024 { f64::MAX } else { exp2_whole(exponent) };
    }
    let scale = 1i64 << schema.min(30);
    let (whole, part) = (i64::from(index).div_euclid(scale), i64::from(index).rem_euclid(scale));
    if part == 0 && whole == 1024 {
        return f64::MAX;
    }
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "both are below 2^30")]
    let fraction = (part as f64 / scale as f64).exp2();
    fraction * exp2_whole(whole)
}

/// A power of two with a whole exponent, exactly; 0 and ∞ outside of what a float can hold.
fn exp2_whole(exponent: i64) -> f64 {
    i32::try_from(exponent).map_or(if exponent > 0 { f64::INFINITY } else { 0.0 }, |exponent| {
        // In two steps: `powi` of a subnormal result would lose it on the way.
        if exponent < -1022 { 2f64.powi(-1022) * 2f64.powi((exponent + 1022).max(-100)) } else { 2f64.powi(exponent) }
    })
}

impl Histogram {
    /// Upper bound of a bucket; −1 is the lower bound of the first custom one.
    pub(super) fn bound(&self, index: i32) -> f64 {
        if !self.has_custom_buckets() {
            return exponential_bound(index, self.schema);
        }
        match usize::try_from(index) {
            Err(_) => f64::NEG_INFINITY,
            Ok(index) => self.custom_values.get(index).copied().unwrap_or(f64::INFINITY),
        }
    }

    pub(super) fn positive_bucket(&self, (index, count): (i32, f64)) -> Bucket {
        let (lower, upper) = (self.bound(index.saturating_sub(1)), self.bound(index));
        let custom = self.has_custom_buckets();
        Bucket {
            lower,
            upper,
            lower_inclusive: if custom { index == 0 } else { lower < 0.0 },
            upper_inclusive: custom || upper > 0.0,
            count,
        }
    }

    pub(super) fn negative_bucket(&self, (index, count): (i32, f64)) -> Bucket {
        let (lower, upper) = (-self.bound(index), -self.bound(index.saturating_sub(1)));
        Bucket { lower, upper, lower_inclusive: true, upper_inclusive: false, count }
    }

    pub(super) fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// Every bucket with observations, from the lowest to the highest; those that reach into the zero bucket are cut at it.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        let mut out = Vec::with_capacity(self.negative.len() + self.positive.len() + 1);
        let threshold = self.zero_threshold;
        for bucket in self.negative.iter().rev().map(|bucket| self.negative_bucket(*bucket)) {
            let upper = if bucket.upper < 0.0 && bucket.upper > -threshold { -threshold } else { bucket.upper };
            out.push(Bucket { upper, ..bucket });
        }
        if self.zero_count > 0.0 {
            out.push(self.zero_bucket());
        }
        for bucket in self.positive.iter().map(|bucket| self.positive_bucket(*bucket)) {
            let lower = if bucket.lower > 0.0 && bucket.lower < threshold { threshold } else { bucket.lower };
            out.push(Bucket { lower, ..bucket });
        }
        out
    }
}
