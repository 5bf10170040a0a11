//! One segment's share of a question: what chunk after chunk wants of it is read once, from front to back.
//!
//! Series come in the order in which segments keep them, so that the rows of a chunk lie behind those of the chunk before.
//! To open a segment anew for each chunk would cost more than the rows do where there are many series: its metadata are
//! megabytes, and the pages at the seams are read twice.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use telltale_promql::Error;
use telltale_storage::{RowStream, Segment};

use crate::index::storage;
use crate::select::IndexedSegment;

/// Ranges of rows in ascending order, each with the place of its series in the chunk.
pub(super) type Wanted = Vec<(Range<u64>, usize)>;

/// The rows of a segment that a question reads.
pub(super) struct Lane {
    segment: Arc<Segment>,
    columns: Vec<&'static str>,
    /// All that chunks will take, in ascending order.
    ranges: Vec<Range<u64>>,
    /// Rows not taken yet.
    left: u64,
    /// Behind the last row that was noted or, once reading has begun, taken.
    end: u64,
    /// Open from the first row taken to the last.
    stream: Option<RowStream>,
    /// What is left of the batch that came last.
    rest: Option<RecordBatch>,
    /// Whether the segment stays open from chunk to chunk.
    is_kept_open: bool,
}

/// Returns a lane for each segment. At most so many, the largest, stay open while chunks take from them.
pub(super) fn lanes(segments: &[IndexedSegment], open_max: usize) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = segments.iter().map(|(segment, _)| Lane::new(segment, false)).collect();
    let mut largest: Vec<&mut Lane> = lanes.iter_mut().collect();
    largest.sort_by_key(|lane| Reverse(lane.segment.rows()));
    largest.into_iter().take(open_max).for_each(|lane| lane.is_kept_open = true);
    lanes
}

impl Lane {
    fn new(segment: &Arc<Segment>, is_kept_open: bool) -> Self {
        Self {
            segment: Arc::clone(segment),
            columns: Vec::new(),
            ranges: Vec::new(),
            left: 0,
            end: 0,
            stream: None,
            rest: None,
            is_kept_open,
        }
    }

    /// Notes a column that is read of every row.
    pub(super) fn add_column(&mut self, name: &'static str) {
        if !self.columns.contains(&name) {
            self.columns.push(name);
        }
    }

    /// Notes what the next chunk will take.
    pub(super) fn note(&mut self, wanted: &Wanted) {
        let apart = self.apart(wanted);
        for (rows, _) in wanted.iter().skip(apart) {
            self.left += rows.end - rows.start;
            self.end = rows.end;
            match self.ranges.last_mut() {
                Some(last) if last.end == rows.start => last.end = rows.end,
                _ => self.ranges.push(rows.clone()),
            }
        }
    }

    /// Begins to read; every chunk then takes what it noted, in the same order.
    pub(super) const fn begin(&mut self) {
        self.end = 0;
    }

    /// Reads what a chunk wants, in the order of its ranges.
    pub(super) fn take(&mut self, wanted: &Wanted) -> Result<Vec<RecordBatch>, Error> {
        let apart = self.apart(wanted);
        let (others, own) = wanted.split_at_checked(apart).unwrap_or((wanted, &[]));
        let mut batches = self.read_apart(others)?;
        let mut rows: u64 = own.iter().map(|(rows, _)| rows.end - rows.start).sum();
        self.end = own.last().map_or(self.end, |(rows, _)| rows.end);
        self.left -= rows.min(self.left);
        while rows > 0 {
            let batch = self.next()?;
            let count = usize::try_from(rows).map_or(batch.num_rows(), |rows| rows.min(batch.num_rows()));
            if count < batch.num_rows() {
                self.rest = Some(batch.slice(count, batch.num_rows() - count));
            }
            batches.push(batch.slice(0, count));
            rows -= count as u64;
        }
        if self.left == 0 {
            self.stream = None;
        }
        Ok(batches)
    }

    /// Returns how many of the ranges are read by themselves because they lie before what was taken already: a series that senders
    /// describe in several ways has rows in several places.
    fn apart(&self, wanted: &Wanted) -> usize {
        if self.is_kept_open { wanted.partition_point(|(rows, _)| rows.start < self.end) } else { wanted.len() }
    }

    fn read_apart(&self, wanted: &[(Range<u64>, usize)]) -> Result<Vec<RecordBatch>, Error> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let ranges: Vec<Range<u64>> = wanted.iter().map(|(rows, _)| rows.clone()).collect();
        self.segment.read(Some(&self.columns), Some(&ranges)).map_err(storage)
    }

    /// Returns the next rows, at least one.
    fn next(&mut self) -> Result<RecordBatch, Error> {
        if let Some(rest) = self.rest.take() {
            return Ok(rest);
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = self.segment.read_in_batches(&self.columns, &self.ranges).map_err(storage)?;
                none.insert(stream)
            }
        };
        while let Some(batch) = stream.next_batch().map_err(storage)? {
            if batch.num_rows() > 0 {
                return Ok(batch);
            }
        }
        Err(Error::internal("a segment ended before the rows that it has"))
    }
}

#[cfg(test)]
mod tests;
