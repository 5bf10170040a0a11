//! Weighted requests with their errors and durations.

use std::collections::BTreeMap;

use telltale_api::Nanos;
use telltale_api::services::Red;

/// Buckets of one power of two: a duration is known to one part in about 90.
const BUCKETS: f64 = 32.0;

/// Counts requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    requests: f64,
    errors: f64,
    spans: u64,
    buckets: BTreeMap<u16, f64>,
}

impl Sketch {
    /// Counts a span that stands for `weight` requests.
    pub(super) fn add(&mut self, duration_ns: i64, is_error: bool, weight: f64) {
        self.requests += weight;
        self.spans += 1;
        if is_error {
            self.errors += weight;
        }
        *self.buckets.entry(bucket_of(duration_ns)).or_default() += weight;
    }

    /// Returns the requests.
    pub(super) const fn requests(&self) -> f64 {
        self.requests
    }

    /// Returns the least duration that a share of the requests does not exceed, to half a bucket.
    pub(super) fn percentile(&self, share: f64) -> Nanos {
        let rank = self.requests * share;
        let mut seen = 0.0;
        for (bucket, weight) in &self.buckets {
            seen += weight;
            // Sums of weights are off by rounding.
            if seen >= rank * (1.0 - 1e-9) {
                return middle_of(*bucket);
            }
        }
        Nanos(0)
    }

    /// Returns what was counted over a number of seconds.
    pub(super) fn red(&self, seconds: f64) -> Red {
        Red {
            requests: self.requests,
            rate: self.requests / seconds,
            errors: self.errors,
            error_share: if self.requests > 0.0 { self.errors / self.requests } else { 0.0 },
            p50_ns: self.percentile(0.5),
            p95_ns: self.percentile(0.95),
            p99_ns: self.percentile(0.99),
            spans: self.spans,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 63 × 32"
)]
fn bucket_of(duration_ns: i64) -> u16 {
    // 0 has a bucket of its own.
    if duration_ns <= 0 { 0 } else { ((duration_ns as f64).log2() * BUCKETS).round() as u16 + 1 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the inverse of a duration's bucket")]
fn middle_of(bucket: u16) -> Nanos {
    if bucket == 0 { Nanos(0) } else { Nanos((f64::from(bucket - 1) / BUCKETS).exp2().round() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a sorted list in which every span stands as often as its weight says.
        #[test]
        fn percentiles_are_those_of_all_requests_to_two_in_a_hundred(
            spans in prop::collection::vec((0..10_000_000_000_i64, 1..5_u32, any::<bool>()), 1..60)
        ) {
            let mut sketch = Sketch::default();
            let mut all = Vec::new();
            let mut errors = 0;
            for (duration, weight, is_error) in spans {
                sketch.add(duration, is_error, f64::from(weight));
                all.extend(std::iter::repeat_n(duration, weight as usize));
                errors += if is_error { weight } else { 0 };
            }
            all.sort_unstable();
            let red = sketch.red(2.0);
            prop_assert_eq!((red.requests, red.rate, red.errors), (all.len() as f64, all.len() as f64 / 2.0, f64::from(errors)));
            for (share, found) in [(0.5, red.p50_ns), (0.95, red.p95_ns), (0.99, red.p99_ns)] {
                let rank = ((all.len() as f64 * share) * (1.0 - 1e-9)).ceil().max(1.0) as usize;
                let expected = all[rank - 1] as f64;
                prop_assert!((found.0 as f64 - expected).abs() <= expected * 0.02 + 1.0, "{} {} {}", share, found.0, expected);
            }
        }
    }

    #[test]
    fn nothing_counted_is_nothing() {
        assert_eq!(Sketch::default().red(1.0), Red::default());
    }
}
