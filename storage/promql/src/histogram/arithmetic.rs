//! Adding, subtracting and scaling histograms; bringing them to one layout first.

use super::{Buckets, CounterResetHint, Histogram};

/// An exponential histogram and one with custom bounds cannot be combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncompatibleBuckets;

impl std::fmt::Display for IncompatibleBuckets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a histogram with exponential buckets and one with custom buckets cannot be combined")
    }
}

impl std::error::Error for IncompatibleBuckets {}

/// What the user should know about a combination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Combined {
    /// One said that it was reset, the other that it was not.
    pub has_reset_collision: bool,
    /// Custom bounds differed: what both have was kept.
    pub has_reconciled_bounds: bool,
}

impl Histogram {
    /// Adds another. Different exponential layouts are brought to the coarser one.
    ///
    /// # Errors
    /// One has custom buckets, the other has not.
    pub fn add(&mut self, other: &Self) -> Result<Combined, IncompatibleBuckets> {
        self.combine(other, 1.0)
    }

    /// Subtracts another.
    ///
    /// # Errors
    /// One has custom buckets, the other has not.
    pub fn sub(&mut self, other: &Self) -> Result<Combined, IncompatibleBuckets> {
        self.combine(other, -1.0)
    }

    fn combine(&mut self, other: &Self, sign: f64) -> Result<Combined, IncompatibleBuckets> {
        if self.has_custom_buckets() != other.has_custom_buckets() {
            return Err(IncompatibleBuckets);
        }
        let has_reset_collision = self.merge_hint(other.counter_reset_hint);
        let mut aligned = None;
        let has_reconciled_bounds = self.align(other, &mut aligned);
        let other = aligned.as_ref().unwrap_or(other);
        self.zero_count += sign * other.zero_count;
        self.count += sign * other.count;
        self.sum += sign * other.sum;
        self.positive = merge(&self.positive, &other.positive, sign);
        self.negative = merge(&self.negative, &other.negative, sign);
        Ok(Combined { has_reset_collision, has_reconciled_bounds })
    }

    /// Brings this one and a copy of the other to the same layout. Says whether custom bounds differed.
    pub(super) fn align(&mut self, other: &Self, aligned: &mut Option<Self>) -> bool {
        if self.has_custom_buckets() {
            if self.custom_values == other.custom_values {
                return false;
            }
            let bounds = intersection(&self.custom_values, &other.custom_values);
            *aligned = Some(other.clone().with_bounds(&bounds));
            *self = std::mem::take(self).with_bounds(&bounds);
            return true;
        }
        let same_zero = self.zero_threshold.total_cmp(&other.zero_threshold).is_eq();
        if self.schema == other.schema && same_zero {
            return false;
        }
        let mut copy = other.clone();
        if !same_zero {
            let threshold = self.common_zero_threshold(other);
            self.widen_zero(threshold);
            copy.widen_zero(threshold);
        }
        let schema = self.schema.min(other.schema);
        self.reduce(schema);
        copy.reduce(schema);
        *aligned = Some(copy);
        false
    }

    /// Merges buckets down to a schema that is not finer.
    pub(crate) fn reduce(&mut self, schema: i32) {
        if schema >= self.schema || self.has_custom_buckets() {
            return;
        }
        let shift = u32::try_from(self.schema - schema).unwrap_or_default().min(31);
        for side in [&mut self.positive, &mut self.negative] {
            let mut out: Buckets = Vec::with_capacity(side.len());
            for (index, count) in side.drain(..) {
                let index = reduced_index(index, shift);
                match out.last_mut().filter(|last| last.0 == index) {
                    Some(last) => last.1 += count,
                    None => out.push((index, count)),
                }
            }
            *side = out;
        }
        self.schema = schema;
    }

    fn with_bounds(mut self, bounds: &[f64]) -> Self {
        let mut out: Buckets = Vec::with_capacity(self.positive.len());
        for (index, count) in &self.positive {
            let upper = self.bound(*index);
            let at = bounds.partition_point(|bound| *bound < upper);
            let index = i32::try_from(at).unwrap_or(i32::MAX);
            match out.last_mut().filter(|last| last.0 == index) {
                Some(last) => last.1 += count,
                None => out.push((index, *count)),
            }
        }
        self.positive = out;
        self.custom_values = bounds.to_vec();
        self
    }

    /// Takes over what the other knows about a reset; says whether the two contradict each other.
    pub(super) const fn merge_hint(&mut self, other: CounterResetHint) -> bool {
        use CounterResetHint::{CounterReset, Gauge, NotCounterReset, Unknown};
        let (merged, collides) = match (self.counter_reset_hint, other) {
            (Gauge, _) | (_, Gauge) => (Gauge, false),
            (Unknown, _) | (_, Unknown) => (Unknown, false),
            (CounterReset, CounterReset) => (CounterReset, false),
            (NotCounterReset, NotCounterReset) => (NotCounterReset, false),
            (CounterReset, NotCounterReset) | (NotCounterReset, CounterReset) => (Unknown, true),
        };
        self.counter_reset_hint = merged;
        collides
    }

    /// Multiplies everything; a negative factor makes it a gauge.
    pub(crate) fn mul(&mut self, factor: f64) {
        self.each(|value| *value *= factor);
        if factor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    /// Divides everything; by zero there are no buckets left.
    pub(crate) fn div(&mut self, divisor: f64) {
        self.each(|value| *value /= divisor);
        if divisor == 0.0 {
            self.positive.clear();
            self.negative.clear();
        } else if divisor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    fn each(&mut self, mut change: impl FnMut(&mut f64)) {
        change(&mut self.zero_count);
        change(&mut self.count);
        change(&mut self.sum);
        for (_, count) in self.positive.iter_mut().chain(&mut self.negative) {
            change(count);
        }
    }
}

/// Index of the coarser bucket that holds this one.
pub(super) const fn reduced_index(index: i32, shift: u32) -> i32 {
    (index.saturating_sub(1) >> shift) + 1
}

/// Bounds that both have.
pub(super) fn intersection(left: &[f64], right: &[f64]) -> Vec<f64> {
    let has = |bound: &&f64| right.binary_search_by(|other| other.total_cmp(bound)).is_ok();
    left.iter().filter(has).copied().collect()
}

/// Left plus `sign` times right, bucket by bucket.
pub(super) fn merge(left: &Buckets, right: &Buckets, sign: f64) -> Buckets {
    let mut out = Vec::with_capacity(left.len().max(right.len()));
    let (mut lefts, mut rights) = (left.iter().peekable(), right.iter().peekable());
    loop {
        match (lefts.peek(), rights.peek()) {
            (Some((at, value)), Some((other, more))) if at == other => {
                out.push((*at, value + sign * more));
                lefts.next();
                rights.next();
            }
            (Some((at, value)), Some((other, _))) if at < other => {
                out.push((*at, *value));
                lefts.next();
            }
            (Some((at, value)), None) => {
                out.push((*at, *value));
                lefts.next();
            }
            (_, Some((at, value))) => {
                out.push((*at, sign * value));
                rights.next();
            }
            (None, None) => return out,
        }
    }
}
