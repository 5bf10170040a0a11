//! The newest requests of one operation: traces by service and name of their root.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::TimestampNanosecondType;
use telltale_model::TraceId;
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use super::baseline::OperationKey;
use super::{ids, internal, parts};
use crate::error::QueryError;
use crate::limits::{OPERATION_SEGMENTS, OPERATION_TRACES};

/// A request of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationHit {
    /// The trace.
    pub trace_id: TraceId,
    /// Start of its root, or of the part that holds the root; nanoseconds since the epoch.
    pub start_time_ns: i64,
}

/// Returns the requests of an operation, newest first: at most [`OPERATION_TRACES`] of at most [`OPERATION_SEGMENTS`]
/// segments, the newest ones and those that hold the moment `near_ns`.
pub(crate) fn of_operation(
    snapshot: &Snapshot,
    operation: &OperationKey,
    near_ns: i64,
) -> Result<Vec<OperationHit>, QueryError> {
    let mut found: HashMap<TraceId, i64> = HashMap::new();
    for batch in snapshot.batches(Table::Spans) {
        collect(&batch, SPANS, operation, &mut found)?;
    }
    for segment in chosen(snapshot, near_ns) {
        for batch in parts::read(segment, &PART_COLUMNS, None)? {
            collect(&batch, PARTS, operation, &mut found)?;
        }
    }
    let mut hits: Vec<OperationHit> =
        found.into_iter().map(|(trace_id, start_time_ns)| OperationHit { trace_id, start_time_ns }).collect();
    // Of more than there is room for, half are the newest and half the nearest.
    hits.sort_unstable_by_key(|hit| (hit.start_time_ns.abs_diff(near_ns), hit.trace_id));
    let near: HashSet<TraceId> = hits.iter().take(OPERATION_TRACES / 2).map(|hit| hit.trace_id).collect();
    hits.sort_unstable_by_key(|hit| (Reverse(hit.start_time_ns), hit.trace_id));
    let mut others = OPERATION_TRACES.saturating_sub(near.len());
    hits.retain(|hit| {
        let keep = near.contains(&hit.trace_id) || others > 0;
        if keep && !near.contains(&hit.trace_id) {
            others -= 1;
        }
        keep
    });
    Ok(hits)
}

/// Chooses the segments: half of them the newest, half the nearest to a moment.
fn chosen(snapshot: &Snapshot, near_ns: i64) -> Vec<&Arc<Segment>> {
    let mut segments: Vec<&Arc<Segment>> = snapshot.segments(Table::Spans).collect();
    let distance = |segment: &Segment| {
        let (first, last) = (segment.min_time(), segment.max_time());
        if (first..=last).contains(&near_ns) { 0 } else { first.abs_diff(near_ns).min(last.abs_diff(near_ns)) }
    };
    segments.sort_by_key(|segment| Reverse(segment.max_time()));
    let newest = segments.len().min(OPERATION_SEGMENTS / 2);
    let mut rest = segments.split_off(newest);
    rest.sort_by_key(|segment| distance(segment));
    segments.extend(rest.into_iter().take(OPERATION_SEGMENTS - newest));
    segments
}

const PART_COLUMNS: [&str; 5] =
    [col::TRACE_ID, col::START_TIME_UNIX_NANO, col::ROOT_SPAN_ID, col::ROOT_SERVICE_NAME, col::ROOT_NAME];

/// Where a batch has service and name of a root, and the column whose value tells that a row has one.
#[derive(Clone, Copy)]
struct Shape {
    service: &'static str,
    name: &'static str,
    /// The column and whether it is set for a root.
    root: (&'static str, bool),
}

const PARTS: Shape = Shape { service: col::ROOT_SERVICE_NAME, name: col::ROOT_NAME, root: (col::ROOT_SPAN_ID, true) };
const SPANS: Shape = Shape { service: col::SERVICE_NAME, name: col::NAME, root: (col::PARENT_SPAN_ID, false) };

fn collect(
    batch: &RecordBatch,
    shape: Shape,
    (service, name): &OperationKey,
    found: &mut HashMap<TraceId, i64>,
) -> Result<(), QueryError> {
    let missing = || internal("rows of roots lack a column".to_owned());
    let column = |name: &str| batch.column_by_name(name).ok_or_else(missing);
    let services = column(shape.service)?.as_string_opt::<i32>().ok_or_else(missing)?;
    let names = column(shape.name)?.as_string_opt::<i32>().ok_or_else(missing)?;
    let starts =
        column(col::START_TIME_UNIX_NANO)?.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(missing)?;
    let root = column(shape.root.0)?;
    let traces = ids(batch, col::TRACE_ID)?;
    let value = |array: &StringArray, row: usize| array.is_valid(row).then(|| array.value(row).to_owned());
    for row in 0..batch.num_rows() {
        let is_root = root.is_valid(row) == shape.root.1;
        if !is_root || !names.is_valid(row) || names.value(row) != name || value(services, row) != *service {
            continue;
        }
        if let Some(id) = TraceId::from_slice(traces.value(row)) {
            let start = found.entry(id).or_insert(starts.value(row));
            *start = (*start).min(starts.value(row));
        }
    }
    Ok(())
}
