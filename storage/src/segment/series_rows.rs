//! One row a series of a compacted segment: what it is, where its rows lie, and over which time.
//!
//! A question about metrics decides by them which rows to read, without a look at the rows themselves. A flush has none: its series
//! have a point or two each, and their rows are soon merged.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampNanosecondArray, UInt32Array, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::TimestampNanosecondType;

use super::reader::Detail;
use super::trace_rows::column;
use super::{Segment, manifest, reader};
use crate::error::Error;
use crate::schema::{self, Table, col};

/// Says whether a segment of a table and level has rows of series.
pub(crate) const fn has_series(table: Table, level: u8) -> bool {
    level > 0 && table.holds_points()
}

/// Computes the rows of series from batches of points that come in their order.
#[derive(Debug)]
pub(crate) struct SeriesRowsBuilder {
    table: Table,
    /// Heads of series with their runs, by the batch that they began in; the last run of all may go on.
    pending: Vec<(RecordBatch, Vec<Run>)>,
    rows: u64,
    last: Option<[u8; 16]>,
}

/// Rows of one series that follow one another.
#[derive(Debug)]
struct Run {
    start: u64,
    count: u64,
    min_ns: i64,
    max_ns: i64,
}

impl SeriesRowsBuilder {
    pub(crate) const fn new(table: Table) -> Self {
        Self { table, pending: Vec::new(), rows: 0, last: None }
    }

    /// Adds points.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let ids = column(batch, col::SERIES_ID, AsArray::as_fixed_size_binary_opt)?;
        let times =
            column(batch, col::TIME_UNIX_NANO, |array| array.as_primitive_opt::<TimestampNanosecondType>())?.values();
        let (mut heads, mut runs): (Vec<u32>, Vec<Run>) = (Vec::new(), Vec::new());
        for (row, time) in (0_u32..).zip(times) {
            let id: [u8; 16] = ids.value(row as usize).try_into().unwrap_or_default();
            let open = runs.last_mut().or_else(|| self.pending.last_mut().and_then(|(_, runs)| runs.last_mut()));
            match open.filter(|_| self.last == Some(id)) {
                Some(run) => {
                    run.count += 1;
                    run.min_ns = run.min_ns.min(*time);
                    run.max_ns = run.max_ns.max(*time);
                }
                None => {
                    heads.push(row);
                    runs.push(Run { start: self.rows, count: 1, min_ns: *time, max_ns: *time });
                    self.last = Some(id);
                }
            }
            self.rows += 1;
        }
        if !heads.is_empty() {
            let schema = batch.schema();
            let places = schema::series_columns(self.table).into_iter().map(|name| schema.index_of(name));
            let head = batch.project(&places.collect::<Result<Vec<_>, _>>()?)?;
            self.pending.push((take_record_batch(&head, &UInt32Array::from(heads))?, runs));
        }
        Ok(())
    }

    /// Returns the rows of series that are complete.
    pub(crate) fn take_complete(&mut self) -> Result<Vec<RecordBatch>, Error> {
        let complete = self.pending.len().saturating_sub(1);
        self.pending.drain(..complete).map(|(heads, runs)| rows_of(self.table, &heads, &runs)).collect()
    }

    /// Returns the rows that are left.
    pub(crate) fn finish(self) -> Result<Vec<RecordBatch>, Error> {
        self.pending.iter().map(|(heads, runs)| rows_of(self.table, heads, runs)).collect()
    }
}

fn rows_of(table: Table, heads: &RecordBatch, runs: &[Run]) -> Result<RecordBatch, Error> {
    let counts = |of: fn(&Run) -> u64| -> ArrayRef { Arc::new(runs.iter().map(of).collect::<UInt64Array>()) };
    let times = |of: fn(&Run) -> i64| -> ArrayRef {
        Arc::new(TimestampNanosecondArray::from_iter_values(runs.iter().map(of)).with_timezone("UTC"))
    };
    let mut columns = heads.columns().to_vec();
    columns.extend([
        counts(|run| run.start),
        counts(|run| run.count),
        times(|run| run.min_ns),
        times(|run| run.max_ns),
    ]);
    Ok(RecordBatch::try_new(schema::series_rows(table), columns)?)
}

impl Segment {
    /// Reads the rows of its series, see [`schema::series_rows`]: in the order of its rows, every row in exactly one of them. `None`
    /// for segments without: those of spans and logs, flushes, and what telltale 0.1 compacted.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file.
    pub fn series_rows(&self) -> Result<Option<Vec<RecordBatch>>, Error> {
        if !has_series(self.table(), self.entry.level) {
            return Ok(None);
        }
        let manifest = self.noting(self.manifest())?;
        if !manifest.files.iter().any(|file| file.name == manifest::SERIES) {
            return Ok(None);
        }
        let metadata = self.reader_metadata(manifest::SERIES, Detail::Places)?;
        let (path, file) = (self.dir.join(manifest::SERIES), self.noting(self.open_parquet(manifest::SERIES))?);
        self.noting(reader::read_rows(file, &path, metadata, None, None)).map(Some)
    }
}

#[cfg(test)]
mod tests;
