//! How long something usually takes: counts of durations in logarithmic buckets, which merge without loss.
//!
//! Each power of two has 16 buckets, so that a percentile is off by at most one part in 32. Two sketches of parts are
//! together the sketch of the whole, whatever the parts: that is what lets each immutable segment keep its own.

use std::collections::BTreeMap;

/// Buckets of one power of two, as a power of two.
const PRECISION_BITS: u32 = 4;

/// Counts of durations by bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DurationSketch {
    buckets: BTreeMap<u16, u64>,
    count: u64,
}

impl DurationSketch {
    /// Counts one duration; a negative one counts as 0.
    pub fn add(&mut self, duration_ns: i64) {
        let bucket = bucket_of(u64::try_from(duration_ns).unwrap_or(0));
        *self.buckets.entry(bucket).or_default() += 1;
        self.count += 1;
    }

    /// Adds everything that another sketch counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.count += other.count;
    }

    /// Returns how many durations were counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns how many buckets are in use, which is what the sketch takes in memory.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// Returns the duration that `permille` thousandths of all do not exceed, to one part in 32; `None` of nothing.
    #[must_use]
    pub fn percentile_ns(&self, permille: u32) -> Option<i64> {
        let rank = (u128::from(self.count) * u128::from(permille)).div_ceil(1000).max(1);
        let mut seen = 0_u128;
        for (bucket, count) in &self.buckets {
            seen += u128::from(*count);
            if seen >= rank {
                return Some(middle_of(*bucket));
            }
        }
        None
    }
}

/// Returns the bucket of a duration: small ones by themselves, others by exponent and leading bits.
fn bucket_of(ns: u64) -> u16 {
    let bits = u64::BITS - ns.leading_zeros();
    let shift = bits.saturating_sub(PRECISION_BITS + 1);
    let bucket = (u64::from(shift) << PRECISION_BITS) + (ns >> shift);
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// Returns the middle of a bucket.
fn middle_of(bucket: u16) -> i64 {
    let shift = (u32::from(bucket) >> PRECISION_BITS).saturating_sub(1);
    let leading = u64::from(bucket) - (u64::from(shift) << PRECISION_BITS);
    let middle = (leading << shift).saturating_add((1_u64 << shift) / 2);
    i64::try_from(middle).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_has_no_percentile_and_small_numbers_are_exact() {
        assert_eq!(DurationSketch::default().percentile_ns(500), None);
        let mut sketch = DurationSketch::default();
        for ns in [-5, 0, 1, 2, 3, 31] {
            sketch.add(ns);
        }
        assert_eq!((sketch.percentile_ns(500), sketch.percentile_ns(1000), sketch.count()), (Some(1), Some(31), 6));
    }

    proptest! {
        /// A percentile is that of the sorted list, to one part in 32; merging parts gives the sketch of the whole.
        #[test]
        fn percentiles_are_near_the_exact_ones(mut list in prop::collection::vec(0_i64..10_000_000_000, 1..200), permille in 1_u32..=1000, cut in 0_usize..200) {
            let mut whole = DurationSketch::default();
            list.iter().for_each(|ns| whole.add(*ns));
            let (left, right) = list.split_at(cut.min(list.len()));
            let mut parts = DurationSketch::default();
            left.iter().for_each(|ns| parts.add(*ns));
            let mut rest = DurationSketch::default();
            right.iter().for_each(|ns| rest.add(*ns));
            parts.merge(&rest);
            prop_assert_eq!(&parts, &whole);
            list.sort_unstable();
            let rank = (list.len() * usize::try_from(permille).unwrap()).div_ceil(1000).max(1);
            let exact = list[rank - 1];
            let got = whole.percentile_ns(permille).unwrap();
            prop_assert!((got - exact).abs() <= exact / 32 + 1, "{got} instead of {exact}");
        }

        #[test]
        fn every_duration_has_a_bucket_near_it(ns in any::<u64>()) {
            let ns = ns >> (ns % 64);
            let middle = u64::try_from(middle_of(bucket_of(ns))).unwrap();
            prop_assert!(ns > i64::MAX.unsigned_abs() || middle.abs_diff(ns) <= ns / 32 + 1, "{ns} {middle}");
        }
    }
}
