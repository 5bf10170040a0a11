//! The order of a segment's rows, without a second copy of the data: a permutation is sorted, and rows are gathered in
//! small batches while they are written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{SortOptions, interleave_record_batch};
use arrow::row::{RowConverter, Rows, SortField};

use crate::error::Error;
use crate::schema::{Table, col};

/// Rows that are gathered at once.
const GATHER_ROWS: usize = 8_192;

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

/// Gives the rows of all batches to `write`, in the table's order; equal rows keep their order of arrival.
pub(crate) fn for_each_sorted(
    table: Table,
    batches: &[Arc<RecordBatch>],
    mut write: impl FnMut(&RecordBatch) -> Result<(), Error>,
) -> Result<(), Error> {
    let order = sorted_places(table, batches)?;
    let sources: Vec<&RecordBatch> = batches.iter().map(Arc::as_ref).collect();
    for places in order.chunks(GATHER_ROWS) {
        let places: Vec<(usize, usize)> = places.iter().map(|(batch, row)| (*batch as usize, *row as usize)).collect();
        write(&interleave_record_batch(&sources, &places)?)?;
    }
    Ok(())
}

/// Returns (batch, row) of every row, sorted.
fn sorted_places(table: Table, batches: &[Arc<RecordBatch>]) -> Result<Vec<(u32, u32)>, Error> {
    let converter = key_converter(table)?;
    let batch_keys = batches.iter().map(|batch| keys(table, &converter, batch)).collect::<Result<Vec<_>, _>>()?;
    let mut places: Vec<_> = batch_keys
        .iter()
        .zip(0_u32..)
        .flat_map(|(rows, batch)| rows.iter().zip(0_u32..).map(move |(key, row)| (key, batch, row)))
        .collect();
    // Not stable by itself, but the place is part of the key.
    places.sort_unstable();
    Ok(places.into_iter().map(|(_, batch, row)| (batch, row)).collect())
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
