//! Sums and means of many histograms, with compensation for what additions lose.

use super::{Combined, Histogram, IncompatibleBuckets};
use crate::math::kahan_add;

/// A running sum of histograms: the sum and, in the same layout, what is to be added to it.
#[derive(Clone, Debug)]
pub(crate) struct CompensatedHistogram {
    sum: Histogram,
    compensation: Option<Histogram>,
}

impl CompensatedHistogram {
    pub(crate) fn of(first: &Histogram) -> Self {
        Self { sum: first.clone(), compensation: None }
    }

    /// Adds one more.
    pub(crate) fn add(&mut self, other: &Histogram) -> Result<Combined, IncompatibleBuckets> {
        if self.sum.has_custom_buckets() != other.has_custom_buckets() {
            return Err(IncompatibleBuckets);
        }
        let has_reset_collision = self.sum.merge_hint(other.counter_reset_hint);
        let mut aligned = None;
        let has_reconciled_bounds = self.sum.align(other, &mut aligned);
        let other = aligned.as_ref().unwrap_or(other);
        let mut lost = self.compensation.take().unwrap_or_else(|| Histogram {
            schema: self.sum.schema,
            zero_threshold: self.sum.zero_threshold,
            custom_values: self.sum.custom_values.clone(),
            ..Histogram::default()
        });
        // The layout of the compensation follows that of the sum.
        let mut unused = None;
        let empty = Histogram {
            schema: self.sum.schema,
            zero_threshold: self.sum.zero_threshold,
            custom_values: self.sum.custom_values.clone(),
            ..Histogram::default()
        };
        lost.align(&empty, &mut unused);
        (self.sum.zero_count, lost.zero_count) = kahan_add(other.zero_count, self.sum.zero_count, lost.zero_count);
        (self.sum.count, lost.count) = kahan_add(other.count, self.sum.count, lost.count);
        (self.sum.sum, lost.sum) = kahan_add(other.sum, self.sum.sum, lost.sum);
        (self.sum.positive, lost.positive) = kahan_merge(&self.sum.positive, &lost.positive, &other.positive);
        (self.sum.negative, lost.negative) = kahan_merge(&self.sum.negative, &lost.negative, &other.negative);
        self.compensation = Some(lost);
        Ok(Combined { has_reset_collision, has_reconciled_bounds })
    }

    pub(crate) fn mul(&mut self, factor: f64) {
        self.sum.mul(factor);
        if let Some(lost) = &mut self.compensation {
            lost.mul(factor);
        }
    }

    pub(crate) fn div(&mut self, divisor: f64) {
        self.sum.div(divisor);
        if let Some(lost) = &mut self.compensation {
            lost.div(divisor);
        }
    }

    /// Whether a count or the sum is beyond what a number can hold.
    pub(crate) fn has_overflow(&self) -> bool {
        let sum = &self.sum;
        [sum.zero_count, sum.count, sum.sum].iter().any(|value| value.is_infinite())
            || sum.positive.iter().chain(&sum.negative).any(|(_, count)| count.is_infinite())
            || sum.custom_values.iter().any(|bound| bound.is_infinite())
    }

    /// The sum with the compensation added, without empty buckets.
    pub(crate) fn value(&self) -> Histogram {
        let mut out = self.sum.clone();
        let hint = out.counter_reset_hint;
        if let Some(lost) = &self.compensation
            && out.add(lost).is_ok()
        {
            out.counter_reset_hint = hint;
        }
        out.compacted()
    }
}

/// The running mean of histograms: their sum over their number, until the sum would overflow.
#[derive(Clone, Debug)]
pub(crate) struct HistogramMean {
    running: CompensatedHistogram,
    count: u32,
    is_incremental: bool,
}

impl HistogramMean {
    pub(crate) fn of(first: &Histogram) -> Self {
        Self { running: CompensatedHistogram::of(first), count: 1, is_incremental: false }
    }

    pub(crate) fn add(&mut self, other: &Histogram) -> Result<Combined, IncompatibleBuckets> {
        self.count = self.count.saturating_add(1);
        let count = f64::from(self.count);
        if !self.is_incremental {
            let mut next = self.running.clone();
            let combined = next.add(other)?;
            if !next.has_overflow() {
                self.running = next;
                return Ok(combined);
            }
            self.is_incremental = true;
            self.running.div(count - 1.0);
        }
        self.running.mul((count - 1.0) / count);
        let mut part = other.clone();
        part.div(count);
        self.running.add(&part)
    }

    pub(crate) fn value(&self) -> Histogram {
        let mut out = self.running.clone();
        if !self.is_incremental {
            out.div(f64::from(self.count));
        }
        out.value()
    }
}

/// Adds the buckets of another to a sum and its compensation.
fn kahan_merge(
    sum: &super::Buckets,
    lost: &super::Buckets,
    other: &super::Buckets,
) -> (super::Buckets, super::Buckets) {
    let find = |buckets: &super::Buckets, index: i32| {
        buckets
            .binary_search_by_key(&index, |bucket| bucket.0)
            .ok()
            .and_then(|at| buckets.get(at))
            .map(|bucket| bucket.1)
    };
    let mut indexes: Vec<i32> = sum.iter().chain(other).map(|bucket| bucket.0).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let mut out = (Vec::with_capacity(indexes.len()), Vec::with_capacity(indexes.len()));
    for index in indexes {
        let value = find(sum, index).unwrap_or_default();
        let carried = find(lost, index).unwrap_or_default();
        let (value, carried) = match find(other, index) {
            Some(more) => kahan_add(more, value, carried),
            None => (value, carried),
        };
        out.0.push((index, value));
        out.1.push((index, carried));
    }
    out
}
