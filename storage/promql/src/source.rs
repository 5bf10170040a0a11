//! Where samples come from: the one thing that a store implements.

use std::sync::Arc;

use crate::error::Error;
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::matcher::Matcher;

/// Which samples a selector wants.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    /// All of them must match. The name of the metric is the matcher on `__name__`; a series without the label matches as if it were empty.
    pub matchers: &'a [Matcher],
    /// First millisecond that is wanted, inclusive.
    pub start_ms: i64,
    /// Last millisecond that is wanted, inclusive.
    pub end_ms: i64,
    /// Labels that the query groups by, when the aggregation is the only reader of this selector: others need not be decoded.
    pub by: Option<&'a [String]>,
}

/// One series with its samples in the wanted time, in columns. Times ascend and none is in both kinds.
#[derive(Clone, Copy, Debug)]
pub struct SeriesView<'a> {
    /// All labels, the name of the metric included.
    pub labels: &'a Labels,
    /// Times of the numbers, milliseconds.
    pub timestamps: &'a [i64],
    /// The numbers; staleness markers bit for bit.
    pub values: &'a [f64],
    /// When each number began to count (OTLP's start time), milliseconds, 0 where unknown; or empty when none is known.
    pub start_timestamps: &'a [i64],
    /// Times of the native histograms, milliseconds.
    pub histogram_timestamps: &'a [i64],
    /// The native histograms; one whose sum is the staleness marker ends the series.
    pub histograms: &'a [Arc<Histogram>],
    /// When each native histogram began to count, as above.
    pub histogram_start_timestamps: &'a [i64],
}

/// What a source has to say besides samples.
#[derive(Clone, Debug, Default)]
pub struct SelectReport {
    /// Shown among the warnings of the answer, as they are.
    pub warnings: Vec<String>,
    /// Shown among the infos of the answer, as they are.
    pub infos: Vec<String>,
}

/// A store of series, read synchronously.
pub trait Source {
    /// Calls `visit` once for every series that matches and has a sample in the wanted time, each with all of those samples, in any
    /// order of series. Two calls with equal labels are an error of the source.
    ///
    /// # Errors
    /// What `visit` returned (stop at once and pass it on), or an [`Error`] of its own: `internal` for a store that fails.
    fn select(
        &self,
        selection: &Selection<'_>,
        visit: &mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>,
    ) -> Result<SelectReport, Error>;
}
