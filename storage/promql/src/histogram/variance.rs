//! Variance, estimated from the middles of the buckets.

use super::Histogram;
use crate::math::Sum;

impl Histogram {
    /// Variance around the exact mean; each observation counts as the middle of its bucket.
    pub(crate) fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let mut sum = Sum::default();
        for bucket in self.buckets().into_iter().filter(|bucket| bucket.count != 0.0) {
            let middle = if self.has_custom_buckets() {
                f64::midpoint(bucket.upper, bucket.lower)
            } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
                0.0
            } else {
                (bucket.upper * bucket.lower).sqrt().copysign(bucket.upper)
            };
            let delta = middle - mean;
            sum.add(bucket.count * delta * delta);
        }
        sum.value() / self.count
    }
}
