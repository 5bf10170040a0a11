//! The direct look-ups: from an id to rows without SQL, and the lists of traces.
//!
//! Each works on one snapshot: rows in memory are scanned, segments are chosen by bloom filter and key range, and
//! within a segment only the rows that matter are read. Everything here blocks and runs on the query threads.
//! Nothing is deduplicated: a span that was sent twice comes twice.

use std::ops::Range;

use arrow::array::{Array, AsArray, BooleanArray, FixedSizeBinaryArray, RecordBatch, UInt32Array};
use telltale_model::{SpanId, TraceId};
use telltale_storage::Segment;
use telltale_storage::schema::{Table, col};

use crate::error::QueryError;

mod arrived;
mod baseline;
mod find;
mod operation;
mod parts;
mod prefix;
mod recent;
mod summaries;
mod trace;
mod value;

pub use arrived::Arrival;
pub(crate) use arrived::arrived;
pub use baseline::OperationKey;
pub(crate) use baseline::{BaselineCache, baselines};
pub(crate) use find::find;
pub use operation::OperationHit;
pub(crate) use operation::of_operation;
pub(crate) use prefix::find_by_prefix;
pub use prefix::{IdPrefix, PrefixHit};
pub(crate) use recent::{NewestCache, recent};
pub use summaries::TraceSummaryRow;
pub(crate) use summaries::summaries;
pub use trace::TraceData;
pub(crate) use trace::trace;
pub use value::ValueHit;
pub(crate) use value::find_value;

/// What is known of a trace that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// Its whole id.
    Trace(TraceId),
    /// The right half of its id, which 64-bit systems use as the whole.
    Low64([u8; 8]),
    /// The id of one of its spans.
    Span(SpanId),
}

/// What a bounded look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The hits, in the look-up's order.
    pub hits: Vec<T>,
    /// False when there are more than were asked for, or may be more than were looked at.
    pub is_complete: bool,
}

/// Tables of points that have exemplars.
const EXEMPLAR_TABLES: [Table; 3] = [Table::Points, Table::HistogramPoints, Table::ExpHistogramPoints];

/// Returns a fixed-size binary column.
fn ids<'a>(batch: &'a RecordBatch, column: &str) -> Result<&'a FixedSizeBinaryArray, QueryError> {
    let array = batch.column_by_name(column).and_then(|array| array.as_fixed_size_binary_opt());
    array.ok_or_else(|| internal(format!("no ids in the column {column}")))
}

fn internal(message: String) -> QueryError {
    QueryError::Internal { message }
}

fn arrow_error(error: impl std::fmt::Display) -> QueryError {
    internal(error.to_string())
}

/// Returns the positions of the rows whose id passes.
fn rows_where(ids: &FixedSizeBinaryArray, mut passes: impl FnMut(&[u8]) -> bool) -> Vec<u32> {
    let rows = 0..u32::try_from(ids.len()).unwrap_or(u32::MAX);
    rows.filter(|row| ids.is_valid(*row as usize) && passes(ids.value(*row as usize))).collect()
}

/// Returns the positions of the rows with an id, by comparing the values where they lie: rows in memory have no index, and at the fleet's
/// load there are hundreds of thousands of them.
fn rows_with<const N: usize>(ids: &FixedSizeBinaryArray, id: &[u8; N]) -> Vec<u32> {
    let (values, _rest) = ids.value_data().as_chunks::<N>();
    let equal = (0..).zip(values).filter(|(_row, value)| *value == id);
    // A row without an id has zeros there.
    equal.map(|(row, _value)| row).filter(|row: &u32| ids.is_valid(*row as usize)).collect()
}

/// Returns the positions of the rows with an exemplar that passes; it is shown its trace id and span id.
fn rows_with_exemplar(
    batch: &RecordBatch,
    mut passes: impl FnMut(&[u8], &[u8]) -> bool,
) -> Result<Vec<u32>, QueryError> {
    let missing = || internal("no exemplars in a table of points".to_owned());
    let lists =
        batch.column_by_name(col::EXEMPLARS).and_then(|array| array.as_list_opt::<i32>()).ok_or_else(missing)?;
    let entries = lists.values().as_struct_opt().ok_or_else(missing)?;
    let member =
        |name: &str| entries.column_by_name(name).and_then(|array| array.as_binary_opt::<i32>()).ok_or_else(missing);
    let (traces, spans) = (member(col::TRACE_ID)?, member(col::SPAN_ID)?);
    let mut rows = Vec::new();
    for (row, bounds) in lists.value_offsets().windows(2).enumerate() {
        let [start, end] = bounds else { continue };
        if (*start..*end).any(|at| passes(traces.value(at as usize), spans.value(at as usize))) {
            rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
    }
    Ok(rows)
}

/// Returns the given rows of a batch; the batch itself when these are all of them.
fn take(batch: &RecordBatch, rows: Vec<u32>) -> Result<RecordBatch, QueryError> {
    if rows.len() == batch.num_rows() {
        return Ok(batch.clone());
    }
    arrow::compute::take_record_batch(batch, &UInt32Array::from(rows)).map_err(arrow_error)
}

/// Returns ascending rows as ranges.
fn ranges(rows: impl IntoIterator<Item = u64>) -> Vec<Range<u64>> {
    let mut out: Vec<Range<u64>> = Vec::new();
    for row in rows {
        match out.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => out.push(row..row + 1),
        }
    }
    out
}

/// Turns ascending positions among the rows of ascending ranges into the numbers of these rows.
struct Numbers<'a> {
    ranges: &'a [Range<u64>],
    /// Rows of the ranges that were passed by.
    before: u64,
}

impl Numbers<'_> {
    fn at(&mut self, position: u64) -> Option<u64> {
        while let Some((first, rest)) = self.ranges.split_first() {
            let end = self.before + (first.end - first.start);
            if position < end {
                return Some(first.start + (position - self.before));
            }
            (self.ranges, self.before) = (rest, end);
        }
        None
    }
}

/// Reads one or two narrow columns of a segment, and returns the rows that pass, counted over the segment; `None`: of all its rows. What
/// passes is given in ascending order.
fn scan(
    segment: &Segment,
    columns: &[&str],
    rows: Option<Vec<Range<u64>>>,
    mut passes: impl FnMut(&RecordBatch) -> Result<Vec<u32>, QueryError>,
) -> Result<Vec<u64>, QueryError> {
    let ranges = rows.unwrap_or_else(|| std::iter::once(0..segment.rows()).collect());
    let mut found = Vec::new();
    let (mut numbers, mut first) = (Numbers { ranges: &ranges, before: 0 }, 0);
    for batch in segment.read(Some(columns), Some(&ranges))? {
        found.extend(passes(&batch)?.into_iter().filter_map(|row| numbers.at(first + u64::from(row))));
        first += batch.num_rows() as u64;
    }
    Ok(found)
}

/// Keeps the rows of a trace.
fn of_trace(batch: &RecordBatch, id: &TraceId) -> Result<Option<RecordBatch>, QueryError> {
    let rows = rows_with(ids(batch, col::TRACE_ID)?, id.as_bytes());
    // Rows of a trace lie together: where all of them are wanted, none is copied.
    if rows.is_empty() {
        Ok(None)
    } else if rows.len() == batch.num_rows() {
        Ok(Some(batch.clone()))
    } else {
        take(batch, rows).map(Some)
    }
}

/// Keeps the rows with an exemplar of a trace.
fn with_exemplar_of(batch: &RecordBatch, id: &TraceId) -> Result<Option<RecordBatch>, QueryError> {
    let rows = rows_with_exemplar(batch, |trace, _| trace == id.as_bytes())?;
    if rows.is_empty() { Ok(None) } else { take(batch, rows).map(Some) }
}

/// Marks the rows whose id is one of `wanted`, which must be sorted.
fn mask(ids: &FixedSizeBinaryArray, wanted: &[[u8; 16]]) -> BooleanArray {
    let is_wanted = |bytes: &[u8]| wanted.binary_search_by(|one| one.as_slice().cmp(bytes)).is_ok();
    (0..ids.len()).map(|row| Some(ids.is_valid(row) && is_wanted(ids.value(row)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_among_ranges_become_rows() {
        let ranges = [2..4, 7..7, 9..12, 20..21];
        let rows: Vec<u64> = ranges.iter().cloned().flatten().collect();
        let mut all = Numbers { ranges: &ranges, before: 0 };
        assert_eq!((0..).map_while(|position| all.at(position)).collect::<Vec<_>>(), rows);
        let mut some = Numbers { ranges: &ranges, before: 0 };
        assert_eq!([1, 1, 4, 5, 6].map(|position| some.at(position)), [Some(3), Some(3), Some(11), Some(20), None]);
    }

    /// Scenario: ids, gaps, and a slice that does not begin with the first row. Guarantees: the same rows as by looking at each.
    #[test]
    fn rows_with_an_id_are_found_where_they_lie() {
        let id = |byte: u8| [byte; 16];
        let values = [Some(id(1)), None, Some(id(2)), Some(id(1)), Some([0; 16]), Some(id(1))];
        let values = values.iter().map(|value| value.as_ref().map(|value| &value[..]));
        let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, 16).unwrap();
        for (from, count) in [(0, 6), (1, 5), (3, 2), (6, 0)] {
            let slice = ids.slice(from, count);
            for wanted in [id(1), id(2), id(3), [0; 16]] {
                assert_eq!(
                    rows_with(&slice, &wanted),
                    rows_where(&slice, |bytes| bytes == wanted),
                    "{from} {wanted:?}"
                );
            }
        }
    }

    #[test]
    fn rows_become_ranges() {
        assert_eq!(ranges([0, 1, 2, 5, 7, 8]), [0..3, 5..6, 7..9]);
        assert!(ranges([]).is_empty());
    }
}
