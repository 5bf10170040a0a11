//! Deletion on request: by trace, service, time, or everything.
//!
//! A deletion first becomes a tombstone in the catalog, which survives a crash, and is then carried out: segments that
//! lie in it whole are taken out as retention does, segments with some of its rows are written again without them
//! (`compaction.rs`). Only rows that were acknowledged before the deletion go: the memtable is flushed first, and what is
//! flushed later has a larger segment id than the tombstone names.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use telltale_model::TraceId;

use crate::compaction::{self, policy::Job};
use crate::error::Error;
use crate::graveyard;
use crate::retention;
use crate::schema::{Table, col};
use crate::segment::Segment;
use crate::shared::Shared;

/// What to delete: the rows for which every condition that is set holds. Without any condition: everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deletion {
    /// Spans and logs of this trace; points are not of a trace, their exemplars stay.
    pub trace_id: Option<TraceId>,
    /// Rows of this service.
    pub service_name: Option<String>,
    /// Rows whose time is at or after this, in nanoseconds since the epoch.
    pub start_ns: Option<i64>,
    /// Rows whose time is at or before this, in nanoseconds since the epoch.
    pub end_ns: Option<i64>,
}

/// A deletion that the catalog knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tombstone {
    pub(crate) tombstone_id: u64,
    pub(crate) deletion: Deletion,
    /// Segments with larger ids hold newer rows, or what this tombstone has left.
    pub(crate) max_segment_id: u64,
}

/// What a deletion removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// Rows.
    pub rows: u64,
    /// Segments that were taken out or written again.
    pub segments: u64,
}

impl Deletion {
    fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether a segment may hold rows of the deletion, by what is known of it in memory.
    fn may_touch(&self, segment: &Segment) -> bool {
        let has_traces = !segment.table().holds_points();
        self.trace_id.is_none_or(|id| has_traces && segment.may_contain_trace(&id))
            && self.start_ns.is_none_or(|start| segment.max_time() >= start)
            && self.end_ns.is_none_or(|end| segment.min_time() <= end)
    }

    /// Tells whether all rows of a segment are in the deletion, as far as its times say.
    fn covers(&self, segment: &Segment) -> bool {
        self.trace_id.is_none()
            && self.service_name.is_none()
            && self.start_ns.is_none_or(|start| segment.min_time() >= start)
            && self.end_ns.is_none_or(|end| segment.max_time() <= end)
    }

    /// Marks the rows of a batch that stay. Batches have the time, the trace id (spans and logs) and the service.
    fn stays(&self, table: Table, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let missing = || Error::Bug("a batch without the columns of a deletion".into());
        let times = batch.column_by_name(table.time_column()).ok_or_else(missing)?;
        let times = times.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(missing)?;
        let services = batch.column_by_name(col::SERVICE_NAME).ok_or_else(missing)?;
        let services = services.as_string_opt::<i32>().ok_or_else(missing)?;
        let traces = batch.column_by_name(col::TRACE_ID).and_then(|array| array.as_fixed_size_binary_opt());
        let goes = |row: usize| {
            self.trace_id
                .is_none_or(|id| traces.is_some_and(|ids| ids.is_valid(row) && ids.value(row) == id.as_bytes()))
                && self.service_name.as_ref().is_none_or(|name| services.is_valid(row) && services.value(row) == name)
                && self.start_ns.is_none_or(|start| times.value(row) >= start)
                && self.end_ns.is_none_or(|end| times.value(row) <= end)
        };
        Ok((0..batch.num_rows()).map(|row| Some(!goes(row))).collect())
    }

    /// Counts the rows of a segment that go.
    fn count(&self, segment: &Segment) -> Result<u64, Error> {
        let table = segment.table();
        let mut columns = vec![table.time_column(), col::SERVICE_NAME];
        if !table.holds_points() {
            columns.push(col::TRACE_ID);
        }
        let mut rows = 0;
        for batch in segment.read(Some(&columns), None)? {
            rows += self.stays(table, &batch)?.false_count() as u64;
        }
        Ok(rows)
    }
}

/// Enters a deletion and carries it out. What is in memory must have been flushed.
pub(crate) fn delete(shared: &Shared, deletion: &Deletion) -> Result<Deleted, Error> {
    let newest = retention::segments(&shared.snapshot()).iter().map(|segment| segment.id()).max().unwrap_or(0);
    let now_ns = shared.options.clock.now().0;
    let tombstone = shared.catalog().add_tombstone(deletion, newest, now_ns)?;
    carry_out(shared, &tombstone)
}

/// Carries out what an earlier process could not finish.
pub(crate) fn resume(shared: &Shared) -> Result<(), Error> {
    let tombstones = shared.catalog().tombstones()?;
    tombstones.iter().try_for_each(|tombstone| carry_out(shared, tombstone).map(drop))
}

fn carry_out(shared: &Shared, tombstone: &Tombstone) -> Result<Deleted, Error> {
    let deletion = &tombstone.deletion;
    let mut deleted = Deleted::default();
    for segment in retention::segments(&shared.snapshot()) {
        if segment.id() > tombstone.max_segment_id || !deletion.may_touch(&segment) {
            continue;
        }
        let rows = if deletion.covers(&segment) { segment.rows() } else { deletion.count(&segment)? };
        match rows {
            0 => continue,
            rows if rows == segment.rows() => take_out(shared, &segment)?,
            _ => {
                let (table, level) = (segment.table(), segment.entry().level.max(1));
                let job = Job { table, inputs: vec![segment.id()], level };
                let keep = |batch: &RecordBatch| deletion.stays(table, batch).map(Some);
                compaction::rewrite(shared, &job, &[segment], &keep)?;
            }
        }
        deleted.rows += rows;
        deleted.segments += 1;
        shared.gauges.deleted_rows.fetch_add(rows, Ordering::Relaxed);
    }
    if deletion.is_everything() {
        tracing::info!(rows = deleted.rows, "everything was deleted on request");
    }
    shared.catalog().remove_tombstone(tombstone.tombstone_id)?;
    graveyard::bury(shared)?;
    Ok(deleted)
}

fn take_out(shared: &Shared, segment: &Arc<Segment>) -> Result<(), Error> {
    shared.catalog().commit_swap(&[segment.entry().clone()], &[])?;
    shared.swap(&[Arc::clone(segment)], Vec::new());
    Ok(())
}
