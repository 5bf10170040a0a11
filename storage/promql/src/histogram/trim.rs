//! Cutting observations off: `histogram </ 2` keeps those below 2, `histogram >/ 2` those above.
//!
//! Count and sum of what is left are estimated from the buckets.

use super::{Bucket, Histogram};

impl Histogram {
    /// Keeps what lies below (`keep_lower`) or above the bound.
    pub(crate) fn trimmed(mut self, bound: f64, keep_lower: bool) -> Self {
        let trim = Trim { bound, keep_lower, is_custom: self.has_custom_buckets() };
        let (mut count, mut sum, mut changed) = (0.0, 0.0, false);
        let filled = |buckets: &super::Buckets| buckets.iter().any(|(_, count)| *count != 0.0);
        let (has_positive, has_negative) = (filled(&self.positive), filled(&self.negative));
        for is_positive in [true, false] {
            let mut side = std::mem::take(if is_positive { &mut self.positive } else { &mut self.negative });
            for entry in side.iter_mut().filter(|entry| entry.1 != 0.0) {
                let bucket = if is_positive { self.positive_bucket(*entry) } else { self.negative_bucket(*entry) };
                let (kept, middle) = trim.bucket(&bucket, is_positive);
                changed |= kept.to_bits() != entry.1.to_bits();
                entry.1 = kept;
                count += kept;
                sum += if kept == 0.0 { 0.0 } else { middle * kept };
            }
            *(if is_positive { &mut self.positive } else { &mut self.negative }) = side;
        }
        if self.zero_count > 0.0 {
            let (kept, middle) = trim.zero(self.zero_bucket(), has_negative, has_positive);
            changed |= kept.to_bits() != self.zero_count.to_bits();
            self.zero_count = kept;
            count += kept;
            sum += middle * kept;
        }
        if changed {
            (self.count, self.sum) = (count, sum);
            self = self.compacted();
        }
        self
    }
}

struct Trim {
    bound: f64,
    keep_lower: bool,
    is_custom: bool,
}

impl Trim {
    /// What is left of a bucket, and its middle.
    fn bucket(&self, bucket: &Bucket, is_positive: bool) -> (f64, f64) {
        let (inside, outside) = if self.keep_lower {
            (bucket.upper <= self.bound, bucket.lower >= self.bound)
        } else {
            (bucket.lower >= self.bound, bucket.upper <= self.bound)
        };
        if inside {
            return (bucket.count, self.middle(bucket.lower, bucket.upper, is_positive));
        }
        if outside {
            return (0.0, 0.0);
        }
        if bucket.lower == f64::NEG_INFINITY {
            return self.endless_below(bucket);
        }
        if bucket.upper == f64::INFINITY {
            return self.endless_above(bucket);
        }
        let below = bucket.count * bucket.fraction_below(self.bound, self.is_custom);
        if self.keep_lower {
            (below, self.middle(bucket.lower, self.bound, is_positive))
        } else {
            (bucket.count - below, self.middle(self.bound, bucket.upper, is_positive))
        }
    }

    /// The bucket from −∞: as if from 0 when it ends above 0, else nothing is known about where its observations are.
    fn endless_below(&self, bucket: &Bucket) -> (f64, f64) {
        let (bound, upper) = (self.bound, bucket.upper);
        let starts_at_zero = upper > 0.0 && upper.is_finite();
        if self.keep_lower {
            if bound > 0.0 && starts_at_zero {
                return (bucket.count * bound / upper, bound / 2.0);
            }
            if upper <= 0.0 {
                return (bucket.count, bound);
            }
        } else if bound >= 0.0 && upper > bound && upper.is_finite() {
            return (bucket.count * (1.0 - bound / upper), f64::midpoint(bound, upper));
        }
        (0.0, if upper.is_infinite() { 0.0 } else { upper })
    }

    /// The bucket to +∞: all of it lies above a bound inside of it, as far as one can tell.
    fn endless_above(&self, bucket: &Bucket) -> (f64, f64) {
        if !self.keep_lower && self.bound >= bucket.lower {
            return (bucket.count, self.bound);
        }
        (0.0, if bucket.lower.is_infinite() { 0.0 } else { bucket.lower })
    }

    fn zero(&self, bucket: Bucket, has_negative: bool, has_positive: bool) -> (f64, f64) {
        let lower = if has_positive && !has_negative { 0.0 } else { bucket.lower };
        let upper = if has_negative && !has_positive { 0.0 } else { bucket.upper };
        let bound = self.bound;
        let (all, none) =
            if self.keep_lower { (bound >= upper, bound <= lower) } else { (bound <= lower, bound >= upper) };
        // Both hold when the bucket has no width: an upper bound decides for "none" first, a lower one for "all".
        if none && (self.keep_lower || !all) {
            return (0.0, 0.0);
        }
        if all {
            return (bucket.count, f64::midpoint(lower, upper));
        }
        let (from, to) = if self.keep_lower { (lower, bound) } else { (bound, upper) };
        (bucket.count * ((to - from) / (upper - lower)), f64::midpoint(from, to))
    }

    fn middle(&self, lower: f64, upper: f64, is_positive: bool) -> f64 {
        match (lower.is_infinite(), upper.is_infinite()) {
            (true, true) => return 0.0,
            (true, false) => return if upper > 0.0 { upper / 2.0 } else { upper },
            (false, true) => return lower,
            (false, false) => {}
        }
        if self.is_custom {
            return f64::midpoint(lower, upper);
        }
        let geometric = (lower * upper).abs().sqrt();
        if is_positive { geometric } else { -geometric }
    }
}
