//! Whether a histogram was reset since the one before it.

use super::arithmetic::intersection;
use super::{Buckets, CounterResetHint, Histogram};

impl Histogram {
    /// Whether this histogram cannot have grown out of the one before: a count is lower, or a filled bucket is gone.
    #[must_use]
    pub fn is_reset_after(&self, previous: &Self) -> bool {
        match self.counter_reset_hint {
            CounterResetHint::CounterReset => return true,
            CounterResetHint::NotCounterReset => return false,
            // A gauge where a counter belongs is treated as a counter; the caller warns.
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        if self.has_custom_buckets() {
            return self.custom_reset_after(previous);
        }
        if self.schema > previous.schema
            || previous.has_custom_buckets()
            || self.zero_threshold < previous.zero_threshold
        {
            return true;
        }
        let (zero_count, threshold) = previous.widened_zero(self.zero_threshold);
        // A filled bucket across the edge of the zero bucket can come from a reset only.
        if threshold.total_cmp(&self.zero_threshold).is_ne() || self.zero_count < zero_count {
            return true;
        }
        let mut before = previous.clone();
        before.reduce(self.schema);
        let outside = |buckets: &Buckets| -> Buckets {
            let inside = |index: i32| super::bounds::exponential_bound(index, self.schema) <= self.zero_threshold;
            buckets.iter().filter(|(index, _)| !inside(*index)).copied().collect()
        };
        shrinks(&outside(&self.positive), &outside(&before.positive))
            || shrinks(&outside(&self.negative), &outside(&before.negative))
    }

    fn custom_reset_after(&self, previous: &Self) -> bool {
        if !previous.has_custom_buckets() {
            return true;
        }
        if self.custom_values == previous.custom_values {
            return self.zero_count < previous.zero_count || shrinks(&self.positive, &previous.positive);
        }
        let bounds = intersection(&self.custom_values, &previous.custom_values);
        let grouped = |histogram: &Self| -> Vec<f64> {
            let mut counts = vec![0.0; bounds.len() + 1];
            for (index, count) in &histogram.positive {
                let upper = histogram.bound(*index);
                if let Some(group) = counts.get_mut(bounds.partition_point(|bound| *bound < upper)) {
                    *group += count;
                }
            }
            counts
        };
        grouped(self).iter().zip(&grouped(previous)).any(|(now, before)| now < before)
    }
}

/// Whether a bucket has become smaller or is gone.
fn shrinks(now: &Buckets, before: &Buckets) -> bool {
    let mut rest = now.iter().peekable();
    before.iter().any(|(index, count)| {
        while rest.peek().is_some_and(|bucket| bucket.0 < *index) {
            rest.next();
        }
        match rest.peek().filter(|bucket| bucket.0 == *index) {
            Some((_, current)) => current < count,
            None => *count != 0.0,
        }
    })
}
