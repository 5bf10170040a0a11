//! What an evaluation gives.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;

/// The value that marks the end of a series; never part of an answer. Compare bits, not numbers: it is a NaN.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Whether a value is the staleness marker.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// The staleness marker.
#[must_use]
pub fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// A number or a native histogram.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

/// One series at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Labels, the name of the metric included where it was kept.
    pub labels: Labels,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// What it was.
    pub value: SampleValue,
}

/// One series over time. A time is in one of the two lists, never in both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Labels, the name of the metric included where it was kept.
    pub labels: Labels,
    /// Numbers by time: milliseconds since the Unix epoch, ascending.
    pub floats: Vec<(i64, f64)>,
    /// Native histograms by time.
    pub histograms: Vec<(i64, Arc<Histogram>)>,
}

impl Series {
    /// How many samples it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.floats.len() + self.histograms.len()
    }

    /// Whether it has no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.floats.is_empty() && self.histograms.is_empty()
    }
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number at one time (ms).
    Scalar(i64, f64),
    /// One text at one time (ms).
    String(i64, String),
    /// Series at one time; in the order that the expression asked for, else in no particular order.
    Vector(Vec<Sample>),
    /// Series over time, sorted by labels.
    Matrix(Vec<Series>),
}

/// An answer with what the reader of it should know.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The value.
    pub value: Value,
    /// Texts that start with `PromQL warning: ` (or a source's own), with positions; sorted.
    pub warnings: Vec<String>,
    /// Texts that start with `PromQL info: `; sorted.
    pub infos: Vec<String>,
    /// Samples that were read from the source.
    pub samples_read: u64,
    /// Series that were read from the source.
    pub series_read: u64,
}
