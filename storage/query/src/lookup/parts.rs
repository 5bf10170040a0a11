//! Reads the trace rows of a segment: one line a trace.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use telltale_storage::Segment;
use telltale_storage::schema::col;

use super::{ids, mask};
use crate::error::QueryError;

/// Reads the given columns (all when empty) of the rows of `wanted` traces, which must be sorted (`None`: of all).
pub(super) fn read(
    segment: &Segment,
    columns: &[&str],
    wanted: Option<&[[u8; 16]]>,
) -> Result<Vec<RecordBatch>, QueryError> {
    let Some(path) = segment.trace_rows_path() else { return Ok(Vec::new()) };
    let file = segment.open_trace_rows()?;
    let found = read_file(file, &path, columns, wanted);
    if found.is_err() {
        // The segment's own reader takes note of the damage, so that later snapshots leave the segment out.
        segment.read_trace_rows()?;
    }
    found
}

fn read_file(
    file: File,
    path: &Path,
    columns: &[&str],
    wanted: Option<&[[u8; 16]]>,
) -> Result<Vec<RecordBatch>, QueryError> {
    let damaged = |error: &dyn std::fmt::Display| damage(path, error);
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(&error))?;
    let schema = builder.parquet_schema();
    let projection = match columns {
        [] => ProjectionMask::all(),
        columns => ProjectionMask::columns(schema, columns.iter().copied()),
    };
    if let Some(wanted) = wanted {
        let wanted = wanted.to_vec();
        let key = ProjectionMask::columns(schema, [col::TRACE_ID]);
        let predicate = ArrowPredicateFn::new(key, move |batch| {
            let ids = ids(&batch, col::TRACE_ID).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
            Ok(mask(ids, &wanted))
        });
        builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
    }
    let reader = builder.with_projection(projection).build().map_err(|error| damaged(&error))?;
    reader.collect::<Result<_, _>>().map_err(|error| damaged(&error))
}

fn damage(path: &Path, error: &dyn std::fmt::Display) -> QueryError {
    telltale_storage::Error::Corrupt { path: path.to_path_buf(), detail: error.to_string() }.into()
}
