//! Segments: immutable folders of Parquet with what finds rows in them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use parquet::file::metadata::ParquetMetaData;
use telltale_model::{SpanId, TraceId};

use crate::error::Error;
use crate::schema::Table;

mod log_index;

pub use log_index::LogIndex;

/// Where the rows of one trace lie in a span segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceRow {
    /// First row of the trace in the data file.
    pub row_start: u64,
    /// How many rows follow one another.
    pub row_count: u64,
    /// Start of the trace's earliest span here, in nanoseconds since the epoch.
    pub start_time_ns: i64,
    /// End of the trace's latest span here, in nanoseconds since the epoch.
    pub end_time_ns: i64,
}

/// An immutable unit of one table's rows on disk.
#[derive(Debug)]
pub struct Segment {
    id: u64,
    table: Table,
    rows: u64,
    bytes: u64,
    min_time: i64,
    max_time: i64,
    data_path: PathBuf,
    damage: OnceLock<String>,
}

impl Segment {
    /// Returns the number that names the segment; ids grow with time.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the table whose rows it holds.
    #[must_use]
    pub fn table(&self) -> Table {
        self.table
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the size of all its files, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the smallest value of the table's time column, in nanoseconds since the epoch.
    #[must_use]
    pub fn min_time(&self) -> i64 {
        self.min_time
    }

    /// Returns the largest value of the table's time column, in nanoseconds since the epoch.
    #[must_use]
    pub fn max_time(&self) -> i64 {
        self.max_time
    }

    /// Returns the Parquet file of its rows.
    #[must_use]
    pub fn data_path(&self) -> &Path {
        &self.data_path
    }

    /// Returns what was found when a file turned out to be damaged; `None` as long as nothing was.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Returns the Parquet metadata of the data file with its page index, cached.
    ///
    /// # Errors
    /// `Error::Corrupt` for a missing or damaged file; the segment is then left out of later snapshots.
    pub fn metadata(&self) -> Result<Arc<ParquetMetaData>, Error> {
        Err(Error::corrupt(&self.data_path, "not written yet"))
    }

    /// Tells whether rows may belong to the trace (metrics: by their exemplars); never false when they do.
    #[must_use]
    pub fn may_contain_trace(&self, _id: &TraceId) -> bool {
        true
    }

    /// Tells whether rows may belong to a trace with this right half; never false when they do.
    #[must_use]
    pub fn may_contain_low_64(&self, _low_64: &[u8; 8]) -> bool {
        true
    }

    /// Tells whether rows may have this span id; never false when they do.
    #[must_use]
    pub fn may_contain_span(&self, _id: &SpanId) -> bool {
        true
    }

    /// Returns where the rows of a trace lie; `None` when there are none. Span segments only.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file.
    pub fn trace_rows(&self, _id: &TraceId) -> Result<Option<TraceRow>, Error> {
        Ok(None)
    }

    /// Returns the Parquet file of [`crate::schema::trace_rows`]; `None` but for span segments.
    #[must_use]
    pub fn trace_rows_path(&self) -> Option<PathBuf> {
        None
    }

    /// Reads rows: the named columns (all when `None`) of the row ranges (all when `None`), in the order of the file.
    /// Only the pages that hold them are read. Ranges are ascending and do not overlap.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file, `Error::Bug` for a column that does not exist.
    pub fn read(&self, _columns: Option<&[&str]>, _rows: Option<&[Range<u64>]>) -> Result<Vec<RecordBatch>, Error> {
        Ok(Vec::new())
    }

    /// Returns the index over log bodies; `None` for other tables and when the index is damaged.
    #[must_use]
    pub fn log_index(&self) -> Option<Arc<LogIndex>> {
        None
    }
}

/// Computes the trace rows of span batches, sorted by trace id, in the schema of [`crate::schema::trace_rows`].
///
/// `row_start` counts over all batches and means something only when the spans are sorted by trace.
///
/// # Errors
/// `Error::Bug` when a batch does not have the spans' schema.
pub fn trace_rows_of(_batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    Ok(RecordBatch::new_empty(crate::schema::trace_rows()))
}
