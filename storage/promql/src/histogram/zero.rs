//! The zero bucket: making it wider so that two histograms agree on it.

use super::Histogram;
use crate::math::Sum;

impl Histogram {
    /// Zero count and threshold if the zero bucket reached at least so far: buckets inside of it are counted in, and a filled bucket in
    /// which the threshold falls pushes it to the bucket's end.
    pub(super) fn widened_zero(&self, threshold: f64) -> (f64, f64) {
        if threshold.total_cmp(&self.zero_threshold).is_eq() {
            return (self.zero_count, threshold);
        }
        let mut threshold = threshold;
        loop {
            let mut count = Sum::of(self.zero_count);
            for bucket in self.positive.iter().map(|bucket| self.positive_bucket(*bucket)) {
                if bucket.lower >= threshold {
                    break;
                }
                count.add(bucket.count);
                if bucket.upper > threshold {
                    if bucket.count != 0.0 {
                        threshold = bucket.upper;
                    }
                    break;
                }
            }
            let mut again = false;
            for bucket in self.negative.iter().map(|bucket| self.negative_bucket(*bucket)) {
                if bucket.upper <= -threshold {
                    break;
                }
                count.add(bucket.count);
                if bucket.lower < -threshold {
                    if bucket.count != 0.0 {
                        // The positive side must be counted again with the wider bucket.
                        threshold = -bucket.lower;
                        again = true;
                    }
                    break;
                }
            }
            if !again {
                return (count.value(), threshold);
            }
        }
    }

    /// Makes the zero bucket as wide as that, moving buckets into it.
    pub(super) fn widen_zero(&mut self, threshold: f64) {
        if threshold.total_cmp(&self.zero_threshold).is_eq() {
            return;
        }
        let (count, threshold) = self.widened_zero(threshold);
        let (positive, negative) = (
            self.positive.iter().filter(|bucket| self.positive_bucket(**bucket).lower >= threshold).copied().collect(),
            self.negative.iter().filter(|bucket| self.negative_bucket(**bucket).upper <= -threshold).copied().collect(),
        );
        (self.zero_count, self.zero_threshold) = (count, threshold);
        (self.positive, self.negative) = (positive, negative);
    }

    /// The narrowest zero threshold on which both can agree.
    pub(super) fn common_zero_threshold(&self, other: &Self) -> f64 {
        let (mut left, mut right) = (self.zero_threshold, other.zero_threshold);
        while left.total_cmp(&right).is_ne() {
            if left > right {
                right = other.widened_zero(left).1;
            }
            if right > left {
                left = self.widened_zero(right).1;
            }
            if left.is_nan() || right.is_nan() {
                break;
            }
        }
        left
    }
}
