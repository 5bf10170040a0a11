//! The order of a segment's rows, without a second copy of the data: a permutation is sorted, and rows are gathered in
//! small batches while they are written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{SortOptions, interleave_record_batch};
use arrow::row::{RowConverter, Rows, SortField};

use crate::error::Error;
use crate::schema::{Table, col};

/// Rows that are gathered at once: few enough to be in the processor's caches while they are encoded.
pub(crate) const GATHER_ROWS: usize = 1_024;

/// A sort column and whether it descends.
pub(crate) type SortColumn = (&'static str, bool);

/// Returns the columns by which a table's segments are sorted.
pub(crate) const fn sort_columns(table: Table) -> &'static [SortColumn] {
    match table {
        Table::Spans => &[(col::TRACE_ID, false), (col::START_TIME_UNIX_NANO, false), (col::SPAN_ID, false)],
        Table::Logs => &[(col::TIME_UNIX_NANO, true)],
        _ => &[(col::NAME, false), (col::SERIES_ID, false), (col::TIME_UNIX_NANO, false)],
    }
}

/// Returns the rows at (batch, row) places.
pub(crate) fn gather(sources: &[&RecordBatch], places: &[(u32, u32)]) -> Result<RecordBatch, Error> {
    let places: Vec<(usize, usize)> = places.iter().map(|(batch, row)| (*batch as usize, *row as usize)).collect();
    Ok(interleave_record_batch(sources, &places)?)
}

/// Returns (batch, row) of every row, sorted.
pub(crate) fn sorted_places(table: Table, batches: &[Arc<RecordBatch>]) -> Result<Vec<(u32, u32)>, Error> {
    let converter = key_converter(table)?;
    let batch_keys = batches.iter().map(|batch| keys(table, &converter, batch)).collect::<Result<Vec<_>, _>>()?;
    let mut places: Vec<_> = batch_keys
        .iter()
        .zip(0_u32..)
        .flat_map(|(rows, batch)| {
            rows.iter().zip(0_u32..).map(move |(key, row)| (beginning(key.data()), key, batch, row))
        })
        .collect();
    // Not stable by itself, but the place is part of the key.
    places.sort_unstable();
    Ok(places.into_iter().map(|(_, _, batch, row)| (batch, row)).collect())
}

/// Returns the first bytes of a key as a number that compares as they do: most rows are told apart by it alone.
fn beginning(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(key).for_each(|(byte, of_key)| *byte = *of_key);
    u128::from_be_bytes(bytes)
}

/// Returns what makes keys of a table's rows that compare as the rows sort.
pub(crate) fn key_converter(table: Table) -> Result<RowConverter, Error> {
    let schema = table.schema();
    let fields = sort_columns(table).iter().map(|(name, descending)| {
        let options = SortOptions { descending: *descending, nulls_first: false };
        Ok(SortField::new_with_options(schema.field_with_name(name)?.data_type().clone(), options))
    });
    Ok(RowConverter::new(fields.collect::<Result<Vec<_>, Error>>()?)?)
}

/// Returns the keys of a batch's rows.
pub(crate) fn keys(table: Table, converter: &RowConverter, batch: &RecordBatch) -> Result<Rows, Error> {
    let missing = || Error::Bug(format!("a {} batch without its sort columns", table.name()));
    let columns: Option<Vec<_>> =
        sort_columns(table).iter().map(|(name, _)| batch.column_by_name(name).cloned()).collect();
    Ok(converter.convert_columns(&columns.ok_or_else(missing)?)?)
}
