//! Native histograms: exponential buckets of Prometheus's schemas −4 to 8, and custom bounds (schema −53).
//!
//! Buckets are kept sparse, as pairs of index and count in order of the index; a bucket that is not listed has no observations. Bucket
//! `i` of schema `s` holds `(2^((i-1)/2^s), 2^(i/2^s)]`: the index of an OTLP exponential histogram plus one.

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
