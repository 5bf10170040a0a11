//! Names traces without a root after their earliest span.
//!
//! Root spans arrive last, so that the newest traces often have none yet: all of them are named in one pass.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use telltale_model::TraceId;
use telltale_storage::Snapshot;
use telltale_storage::schema::{Table, col};

use super::super::ids;
use super::{Columns, TraceSummaryRow};
use crate::error::QueryError;

/// What is read of a span.
const COLUMNS: [&str; 4] = [col::TRACE_ID, col::NAME, col::START_TIME_UNIX_NANO, col::SERVICE_NAME];

/// A trace to be named, and the start of the span that it is named after so far.
struct Rootless<'a> {
    row: &'a mut TraceSummaryRow,
    start: Option<i64>,
}

/// Sets the root's name and service of rows without a root; `memory` holds the spans in memory of all of them.
pub(super) fn name_rootless(
    snapshot: &Snapshot,
    memory: &[RecordBatch],
    rows: &mut [TraceSummaryRow],
) -> Result<(), QueryError> {
    let rootless = rows.iter_mut().filter(|row| row.root_span_id.is_none());
    let mut rootless: HashMap<TraceId, Rootless<'_>> =
        rootless.map(|row| (row.trace_id, Rootless { row, start: None })).collect();
    if rootless.is_empty() {
        return Ok(());
    }
    for batch in memory {
        add(batch, &mut rootless)?;
    }
    for segment in snapshot.segments(Table::Spans) {
        let here: Vec<TraceId> = rootless.keys().filter(|id| segment.may_contain_trace(id)).copied().collect();
        for id in here {
            let Some(part) = segment.trace_rows(&id)? else { continue };
            let known = rootless.get(&id).and_then(|rootless| rootless.start);
            if known.is_some_and(|known| known <= part.start_time_ns) {
                continue;
            }
            let range = part.row_start..part.row_start.saturating_add(part.row_count);
            for batch in segment.read(Some(&COLUMNS), Some(&[range]))? {
                add(&batch, &mut rootless)?;
            }
        }
    }
    Ok(())
}

fn add(batch: &RecordBatch, rootless: &mut HashMap<TraceId, Rootless<'_>>) -> Result<(), QueryError> {
    let columns = Columns { batch };
    let ids = ids(batch, col::TRACE_ID)?;
    for at in 0..batch.num_rows() {
        let Some(rootless) = TraceId::from_slice(ids.value(at)).and_then(|id| rootless.get_mut(&id)) else { continue };
        let start = columns.time(col::START_TIME_UNIX_NANO, at);
        if start.is_some() && (rootless.start.is_none() || start < rootless.start) {
            rootless.start = start;
            rootless.row.root_name = columns.text(col::NAME, at);
            rootless.row.root_service_name = columns.text(col::SERVICE_NAME, at);
        }
    }
    Ok(())
}
