//! Delta as cumulative: a counter that begins at zero every day at 00:00 UTC.
//!
//! A stored delta is never changed; the counter is made when a question is answered, from the points since the last midnight
//! before the window, so that its value does not depend on the window and a late point repairs it. The restart is written out
//! as a zero just after midnight: PromQL sees a reset whose both sides are exact. Where points leave a gap, the counter is
//! told to stand still until the next one's start, so that nothing is spread over the gap.

use std::collections::BTreeMap;

use crate::histogram::{Classic, Exponential};

const DAY_MS: i64 = 86_400_000;

/// Returns 00:00 UTC of the day of a time.
pub(crate) const fn day_start_ms(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS) * DAY_MS
}

/// The day that a point counts to: one at midnight is the last of its day.
const fn day_of(ms: i64) -> i64 {
    (ms - 1).div_euclid(DAY_MS)
}

/// Something that deltas can be added up in.
pub(crate) trait Sum: Clone {
    /// Nothing counted yet, in the form of this one.
    fn zero(&self) -> Self;
    /// Adds a delta; says no when the two do not fit together and counting must begin again.
    fn add(&mut self, delta: &Self) -> bool;
}

/// One point: when, since when (0: unknown), and what; `None` for a missing value.
pub(crate) type Point<T> = (i64, i64, Option<T>);

/// Adds deltas up. Points ascend in time.
pub(crate) fn cumulative<T: Sum>(points: Vec<Point<T>>) -> Vec<(i64, Option<T>)> {
    let mut out: Vec<(i64, Option<T>)> = Vec::with_capacity(points.len() + 1);
    let mut sum: Option<T> = None;
    let mut last_ms = i64::MIN;
    for (time_ms, start_ms, delta) in points {
        let Some(delta) = delta else {
            out.push((time_ms, None));
            last_ms = time_ms;
            continue;
        };
        if sum.is_some() && day_of(last_ms) < day_of(time_ms) {
            let midnight = day_of(time_ms) * DAY_MS;
            let restart = (midnight + 1).max(last_ms + 1);
            if restart < time_ms {
                out.push((restart, Some(delta.zero())));
                last_ms = restart;
            }
            sum = None;
        }
        let mut total = sum.take().unwrap_or_else(|| delta.zero());
        let before = if start_ms > 0 { start_ms } else { time_ms - 1 };
        if before > last_ms && before < time_ms {
            out.push((before, Some(total.clone())));
        }
        if !total.add(&delta) {
            total = delta.clone();
        }
        out.push((time_ms, Some(total.clone())));
        sum = Some(total);
        last_ms = time_ms;
    }
    out
}

impl Sum for f64 {
    fn zero(&self) -> Self {
        0.0
    }

    fn add(&mut self, delta: &Self) -> bool {
        *self += delta;
        true
    }
}

impl Sum for Classic {
    fn zero(&self) -> Self {
        Self { count: 0, sum: self.sum.map(|_| 0.0), bounds: self.bounds.clone(), counts: vec![0; self.counts.len()] }
    }

    fn add(&mut self, delta: &Self) -> bool {
        if self.bounds != delta.bounds || self.counts.len() != delta.counts.len() {
            return false;
        }
        self.count = self.count.saturating_add(delta.count);
        self.sum = self.sum.zip(delta.sum).map(|(sum, delta)| sum + delta);
        for (count, delta) in self.counts.iter_mut().zip(&delta.counts) {
            *count = count.saturating_add(*delta);
        }
        true
    }
}

impl Sum for Exponential {
    fn zero(&self) -> Self {
        Self { scale: self.scale, zero_threshold: self.zero_threshold, sum: Some(0.0), ..Self::default() }
    }

    fn add(&mut self, delta: &Self) -> bool {
        let scale = self.scale.min(delta.scale);
        let delta = delta.at_scale(scale);
        *self = self.at_scale(scale);
        self.count = self.count.saturating_add(delta.count);
        self.zero_count = self.zero_count.saturating_add(delta.zero_count);
        self.zero_threshold = self.zero_threshold.max(delta.zero_threshold);
        self.sum = self.sum.zip(delta.sum).map(|(sum, delta)| sum + delta);
        let merge = |into: &mut BTreeMap<i32, u64>, from: &BTreeMap<i32, u64>| {
            for (index, count) in from {
                let total = into.entry(*index).or_insert(0);
                *total = total.saturating_add(*count);
            }
        };
        merge(&mut self.positive, &delta.positive);
        merge(&mut self.negative, &delta.negative);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 19_000 * DAY_MS + DAY_MS / 2;

    fn increase(points: &[(i64, Option<f64>)]) -> f64 {
        let values: Vec<f64> = points.iter().filter_map(|(_, value)| *value).collect();
        let steps = values.windows(2).map(|pair| if pair[1] < pair[0] { pair[1] } else { pair[1] - pair[0] });
        steps.sum::<f64>() + values.first().copied().unwrap_or(0.0)
    }

    #[test]
    fn a_gap_is_a_level_and_midnight_is_a_zero() {
        let points = vec![
            (NOON, NOON - 10, Some(1.0)),
            (NOON + 10, NOON, Some(2.0)),
            (NOON + 100, NOON + 90, Some(4.0)),
            (NOON + DAY_MS, NOON + DAY_MS - 10, Some(8.0)),
        ];
        let found = cumulative(points);
        let midnight = NOON + DAY_MS / 2;
        let expected = [
            (NOON - 10, 0.0),
            (NOON, 1.0),
            (NOON + 10, 3.0),
            (NOON + 90, 3.0),
            (NOON + 100, 7.0),
            (midnight + 1, 0.0),
            (NOON + DAY_MS - 10, 0.0),
            (NOON + DAY_MS, 8.0),
        ];
        assert_eq!(found, expected.map(|(time, value)| (time, Some(value))));
    }

    proptest! {
        /// Whatever the gaps and days, a counter's increase is the sum of the deltas, and times ascend.
        #[test]
        fn nothing_is_lost_and_times_ascend(steps in prop::collection::vec((2_i64..DAY_MS, 1_i64..DAY_MS, 1_u32..100), 1..40)) {
            let mut time = NOON;
            let mut points = Vec::new();
            for (gap, length, value) in &steps {
                time += gap;
                points.push((time, (time - length).max(1), Some(f64::from(*value))));
            }
            let found = cumulative(points);
            prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0), "{found:?}");
            prop_assert_eq!(increase(&found), steps.iter().map(|(.., value)| f64::from(*value)).sum::<f64>());
        }
    }
}
