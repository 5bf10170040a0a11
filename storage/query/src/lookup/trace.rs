//! Everything that belongs to one trace.

use arrow::array::RecordBatch;
use telltale_model::TraceId;
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use super::{EXEMPLAR_TABLES, ids, of_trace, ranges, rows_with, rows_with_exemplar, scan, with_exemplar_of};
use crate::error::QueryError;

/// The rows of one trace, in the stored schemas.
#[derive(Debug, Clone, Default)]
pub struct TraceData {
    /// Rows of `spans`, in no particular order, duplicates included.
    pub spans: Vec<RecordBatch>,
    /// Rows of `logs` that carry the trace's id.
    pub logs: Vec<RecordBatch>,
    /// Rows of the tables of points with at least one exemplar of the trace; such a row may have other exemplars too.
    pub metrics_with_exemplar: Vec<(Table, RecordBatch)>,
    /// Segments whose data was read.
    pub segments_opened: u64,
}

/// Gathers the rows of a trace; `None` when there are none.
pub(crate) fn trace(snapshot: &Snapshot, id: &TraceId) -> Result<Option<TraceData>, QueryError> {
    let mut data = TraceData::default();
    spans(snapshot, id, &mut data)?;
    logs(snapshot, id, &mut data)?;
    for table in EXEMPLAR_TABLES {
        points(snapshot, table, id, &mut data)?;
    }
    let is_empty = data.spans.is_empty() && data.logs.is_empty() && data.metrics_with_exemplar.is_empty();
    Ok((!is_empty).then_some(data))
}

fn spans(snapshot: &Snapshot, id: &TraceId, data: &mut TraceData) -> Result<(), QueryError> {
    for batch in snapshot.batches(Table::Spans) {
        data.spans.extend(of_trace(&batch, id)?);
    }
    for segment in snapshot.segments(Table::Spans).filter(|segment| segment.may_contain_trace(id)) {
        data.segments_opened += 1;
        if let Some(found) = segment.trace_rows(id)? {
            let range = found.row_start..found.row_start.saturating_add(found.row_count);
            for batch in segment.read(None, Some(&[range]))? {
                data.spans.extend(of_trace(&batch, id)?);
            }
        }
    }
    Ok(())
}

fn logs(snapshot: &Snapshot, id: &TraceId, data: &mut TraceData) -> Result<(), QueryError> {
    for batch in snapshot.batches(Table::Logs) {
        data.logs.extend(of_trace(&batch, id)?);
    }
    for segment in snapshot.segments(Table::Logs).filter(|segment| segment.may_contain_trace(id)) {
        data.segments_opened += 1;
        let rows = log_rows(segment, id)?;
        if rows.is_empty() {
            continue;
        }
        for batch in segment.read(None, Some(&ranges(rows)))? {
            data.logs.extend(of_trace(&batch, id)?);
        }
    }
    Ok(())
}

/// Returns the rows of a log segment that belong to a trace: by its index, else by its trace id column where that may have it.
pub(super) fn log_rows(segment: &Segment, id: &TraceId) -> Result<Vec<u64>, QueryError> {
    match segment.log_index() {
        Some(index) => Ok(index.rows_of_trace(id)?.into_iter().map(u64::from).collect()),
        None => scan(segment, &[col::TRACE_ID], segment.rows_of_trace_id(id), |batch| {
            Ok(rows_with(ids(batch, col::TRACE_ID)?, id.as_bytes()))
        }),
    }
}

fn points(snapshot: &Snapshot, table: Table, id: &TraceId, data: &mut TraceData) -> Result<(), QueryError> {
    for batch in snapshot.batches(table) {
        data.metrics_with_exemplar.extend(with_exemplar_of(&batch, id)?.map(|batch| (table, batch)));
    }
    for segment in snapshot.segments(table).filter(|segment| segment.may_contain_trace(id)) {
        data.segments_opened += 1;
        let rows = point_rows(segment, id)?;
        if rows.is_empty() {
            continue;
        }
        for batch in segment.read(None, Some(&ranges(rows)))? {
            data.metrics_with_exemplar.push((table, batch));
        }
    }
    Ok(())
}

/// Returns the rows of a segment of points that have an exemplar of a trace.
pub(super) fn point_rows(segment: &Segment, id: &TraceId) -> Result<Vec<u64>, QueryError> {
    scan(segment, &[col::EXEMPLARS], None, |batch| rows_with_exemplar(batch, |trace, _| trace == id.as_bytes()))
}
