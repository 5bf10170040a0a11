//! Native histograms: exponential buckets of Prometheus's schemas −4 to 8, and custom bounds (schema −53).
//!
//! Buckets are kept sparse, as pairs of index and count in order of the index; a bucket that is not listed has no observations. Bucket
//! `i` of schema `s` holds `(2^((i-1)/2^s), 2^(i/2^s)]`: the index of an OTLP exponential histogram plus one.

mod arithmetic;
mod bounds;
mod compensated;
mod quantile;
mod reset;
#[cfg(test)]
mod tests;
mod text;
mod trim;
mod variance;
mod zero;

pub use arithmetic::{Combined, IncompatibleBuckets};
pub use bounds::Bucket;
pub(crate) use compensated::{CompensatedHistogram, HistogramMean};

/// Schema of histograms with bounds of their own.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// What is known about a reset of the counter that a histogram is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CounterResetHint {
    /// Nothing: compare with the one before.
    #[default]
    Unknown,
    /// It was reset between the one before and this one.
    CounterReset,
    /// It was not reset.
    NotCounterReset,
    /// It is a gauge; resets have no meaning.
    Gauge,
}

/// Counts by bucket index, ascending, indexes unique.
pub type Buckets = Vec<(i32, f64)>;

/// A native histogram with float counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// −4 to 8, or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// What is known about a reset.
    pub counter_reset_hint: CounterResetHint,
    /// Width of the zero bucket: it holds observations from −this to this, both included.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of all observations; the staleness marker here marks the end of the series.
    pub sum: f64,
    /// Buckets above the zero bucket, or all buckets with custom bounds (index 0 ends at the first bound).
    pub positive: Buckets,
    /// Buckets below the zero bucket, by the index of their absolute values.
    pub negative: Buckets,
    /// Upper bounds with schema −53, ascending, without +Inf; else empty.
    pub custom_values: Vec<f64>,
}

impl Histogram {
    /// Whether it has bounds of its own.
    #[must_use]
    pub const fn has_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Whether it marks the end of the series.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        crate::value::is_stale(self.sum)
    }

    /// Drops buckets without observations.
    #[must_use]
    pub fn compacted(mut self) -> Self {
        self.positive.retain(|(_, count)| *count != 0.0);
        self.negative.retain(|(_, count)| *count != 0.0);
        self
    }

    /// How much memory it takes, in units of a float sample (16 bytes).
    pub(crate) fn weight(&self) -> usize {
        (168 + (self.positive.len() + self.negative.len() + self.custom_values.len()) * 16) / 16
    }

    /// Whether the data are the same, bit for bit; what is known about resets does not matter.
    pub(crate) fn has_same_data(&self, other: &Self) -> bool {
        let bits = |left: f64, right: f64| left.to_bits() == right.to_bits();
        let buckets = |left: &Buckets, right: &Buckets| {
            let filled = |(_, count): &&(i32, f64)| *count != 0.0;
            let (left, right): (Vec<_>, Vec<_>) =
                (left.iter().filter(filled).collect(), right.iter().filter(filled).collect());
            left.len() == right.len()
                && left.iter().zip(&right).all(|(left, right)| left.0 == right.0 && bits(left.1, right.1))
        };
        self.schema == other.schema
            && bits(self.count, other.count)
            && bits(self.sum, other.sum)
            && self.custom_values == other.custom_values
            && self.zero_threshold.total_cmp(&other.zero_threshold).is_eq()
            && bits(self.zero_count, other.zero_count)
            && buckets(&self.positive, &other.positive)
            && buckets(&self.negative, &other.negative)
    }
}
