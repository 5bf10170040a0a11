//! The newest traces, cheap with any number of segments.
//!
//! Of each segment the newest traces are read once and kept; segments are visited by their latest span and the visit
//! stops when older ones cannot add anything. A trace counts by the start of its newest part, so that one that is still
//! arriving stays on top; the list is ordered by the start of the whole trace.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, TimestampNanosecondType, UInt64Type};
use telltale_model::TraceId;
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use super::{TraceSummaryRow, ids, internal, parts, summaries};
use crate::error::QueryError;
use crate::limits::RECENT_PER_SEGMENT;

/// OTLP's `STATUS_CODE_ERROR`.
const STATUS_ERROR: i32 = 2;

/// A trace and the start of a part of it.
type Started = (i64, TraceId);

/// The newest traces of a segment, newest first: all, and those with an error.
#[derive(Debug, Default)]
struct Newest {
    all: Vec<Started>,
    errors: Vec<Started>,
}

impl Newest {
    fn list(&self, errors_only: bool) -> &[Started] {
        if errors_only { &self.errors } else { &self.all }
    }

    /// Keeps the newest `keep` of each list.
    fn of(mut all: Vec<(Started, bool)>, keep: usize) -> Self {
        all.sort_unstable_by_key(|(started, _)| Reverse(*started));
        let errors = all.iter().filter(|(_, has_error)| *has_error).map(|(started, _)| *started).take(keep).collect();
        all.truncate(keep);
        Self { all: all.into_iter().map(|(started, _)| started).collect(), errors }
    }
}

/// The newest traces of segments by segment id.
#[derive(Debug, Default)]
pub(crate) struct NewestCache {
    segments: Mutex<HashMap<u64, Arc<Newest>>>,
}

impl NewestCache {
    fn of(&self, segment: &Segment, keep: usize) -> Result<Arc<Newest>, QueryError> {
        if keep > RECENT_PER_SEGMENT {
            return newest_of(segment, keep).map(Arc::new);
        }
        let known = self.segments.lock().unwrap_or_else(PoisonError::into_inner).get(&segment.id()).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let newest = Arc::new(newest_of(segment, RECENT_PER_SEGMENT)?);
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).insert(segment.id(), Arc::clone(&newest));
        Ok(newest)
    }

    /// Forgets segments that are gone.
    fn retain(&self, snapshot: &Snapshot) {
        let live: HashSet<u64> = snapshot.segments(Table::Spans).map(|segment| segment.id()).collect();
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).retain(|id, _| live.contains(id));
    }
}

/// Returns the newest traces, newest first.
pub(crate) fn recent(
    snapshot: &Snapshot,
    cache: &NewestCache,
    limit: usize,
    errors_only: bool,
) -> Result<Vec<TraceSummaryRow>, QueryError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    cache.retain(snapshot);
    // A trace may have parts in several places, the newest of which counts; twice the number leaves room for that.
    let keep = limit.saturating_mul(2);
    let mut candidates = Candidates::default();
    candidates.extend(in_memory(snapshot, keep)?.list(errors_only));
    let mut segments: Vec<&Arc<Segment>> = snapshot.segments(Table::Spans).collect();
    segments.sort_unstable_by_key(|segment| Reverse(segment.max_time()));
    for segment in segments {
        if candidates.nth_start(limit).is_some_and(|start| start > segment.max_time()) {
            break;
        }
        candidates.extend(cache.of(segment, keep)?.list(errors_only));
    }
    let mut rows = summaries(snapshot, &candidates.newest(keep))?;
    rows.sort_by_key(|row| (Reverse(row.start_time_ns), row.trace_id));
    rows.truncate(limit);
    Ok(rows)
}

/// Traces by the start of their newest part.
#[derive(Default)]
struct Candidates {
    starts: HashMap<TraceId, i64>,
}

impl Candidates {
    fn extend(&mut self, started: &[Started]) {
        for (start, id) in started {
            let newest = self.starts.entry(*id).or_insert(*start);
            *newest = (*newest).max(*start);
        }
    }

    /// Returns the start of the `n`th newest, counted from one.
    fn nth_start(&self, n: usize) -> Option<i64> {
        let mut starts: Vec<i64> = self.starts.values().copied().collect();
        starts.sort_unstable_by_key(|start| Reverse(*start));
        starts.get(n.checked_sub(1)?).copied()
    }

    fn newest(&self, keep: usize) -> Vec<TraceId> {
        let mut all: Vec<Started> = self.starts.iter().map(|(id, start)| (*start, *id)).collect();
        all.sort_unstable_by_key(|started| Reverse(*started));
        all.truncate(keep);
        all.into_iter().map(|(_, id)| id).collect()
    }
}

/// Reads the newest traces of a segment.
fn newest_of(segment: &Segment, keep: usize) -> Result<Newest, QueryError> {
    let columns = [col::TRACE_ID, col::START_TIME_UNIX_NANO, col::ERROR_COUNT];
    let mut all = Vec::new();
    for batch in parts::read(segment, &columns, None)? {
        let missing = || internal("trace rows lack a column".to_owned());
        let column = |name: &str| batch.column_by_name(name).ok_or_else(missing);
        let starts = column(col::START_TIME_UNIX_NANO)?.as_primitive_opt::<TimestampNanosecondType>();
        let errors = column(col::ERROR_COUNT)?.as_primitive_opt::<UInt64Type>();
        let (starts, errors) = (starts.ok_or_else(missing)?, errors.ok_or_else(missing)?);
        let ids = ids(&batch, col::TRACE_ID)?;
        all.extend((0..batch.num_rows()).filter_map(|row| {
            let id = TraceId::from_slice(ids.value(row))?;
            Some(((starts.value(row), id), errors.value(row) > 0))
        }));
    }
    Ok(Newest::of(all, keep))
}

/// Finds the newest traces in memory.
fn in_memory(snapshot: &Snapshot, keep: usize) -> Result<Newest, QueryError> {
    let mut traces: HashMap<&[u8], (i64, bool)> = HashMap::new();
    let batches = snapshot.batches(Table::Spans);
    for batch in &batches {
        let missing = || internal("spans lack a column".to_owned());
        let starts = batch.column_by_name(col::START_TIME_UNIX_NANO).ok_or_else(missing)?;
        let starts = starts.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(missing)?;
        let status = batch.column_by_name(col::STATUS_CODE).ok_or_else(missing)?;
        let status = status.as_primitive_opt::<Int32Type>().ok_or_else(missing)?;
        let ids = ids(batch, col::TRACE_ID)?;
        for (row, (start, status)) in starts.values().iter().zip(status.iter()).enumerate() {
            let trace = traces.entry(ids.value(row)).or_insert((*start, false));
            trace.0 = trace.0.min(*start);
            trace.1 |= status == Some(STATUS_ERROR);
        }
    }
    let all =
        traces.into_iter().filter_map(|(id, (start, has_error))| Some(((start, TraceId::from_slice(id)?), has_error)));
    Ok(Newest::of(all.collect(), keep))
}
