//! Compaction: segments become fewer, larger ones with the same rows, exactly once.
//!
//! 1. [`policy`] chooses inputs of one table; their rows stay visible.
//! 2. [`merge`] streams them, sorted, into folders of `tmp/`; every file and folder is synced. An output is cut at
//!    `limits::COMPACTION_CUT_BYTES`, spans between two traces, so that outputs have disjoint ranges of trace ids.
//! 3. The folders are renamed to their place, and
//! 4. the folders above are synced.
//! 5. One catalog transaction takes the inputs out, notes their folders as still to be removed, and adds the outputs.
//! 6. One snapshot swap does the same for queries. Who holds an older snapshot goes on reading the inputs.
//! 7. The inputs' folders are removed once no snapshot holds them (`graveyard.rs`).
//!
//! A crash before 5 leaves outputs that the next start removes, because their manifests name inputs that are live. A
//! crash after 5 leaves folders that the catalog has noted. An error before 5 undoes the outputs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};

use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::install;
use crate::limits::{COMPACTION_OUTPUT_BYTES, COMPACTION_YIELD_MAX, SEALED_LEVEL};
use crate::schema::{Table, col};
use crate::segment::attributes::{self, AttributeRows};
use crate::segment::promoted::choose::{self, Chosen};
use crate::segment::{Segment, SegmentSpec, SegmentWriter};
use crate::shared::Shared;
use policy::{Candidate, Job, Policy};

pub(crate) mod merge;
pub(crate) mod policy;

/// How often a waiting compaction looks whether it may go on.
const YIELD_STEP: Duration = Duration::from_millis(5);

/// Returns the next merge and its inputs.
pub(crate) fn next_job(shared: &Shared) -> Option<(Job, Vec<Arc<Segment>>)> {
    let limits = &shared.options.limits;
    let policy = Policy {
        tier_segments: limits.compaction_tier_segments,
        fan_in: limits.compaction_fan_in,
        cut_bytes: limits.compaction_cut_bytes,
    };
    let snapshot = shared.snapshot();
    let segments: Vec<_> = snapshot.all_segments().map(Arc::clone).collect();
    // What only an object store has that does not answer must not hold up the others.
    let readable = segments.iter().filter(|segment| !segment.is_unavailable());
    let candidates: Vec<_> = readable.map(|segment| candidate(segment)).collect();
    let job = policy.next(&candidates, shared.options.clock.now().0)?;
    let find = |id: &u64| segments.iter().find(|segment| segment.id() == *id).map(Arc::clone);
    let inputs = job.inputs.iter().filter_map(find).collect();
    Some((job, inputs))
}

pub(crate) fn candidate(segment: &Segment) -> Candidate {
    let entry = segment.entry();
    Candidate {
        segment_id: entry.segment_id,
        table: entry.table,
        level: entry.level,
        bytes: entry.bytes,
        first_lsn: entry.first_lsn,
        created_at_ns: entry.created_at_ns,
    }
}

/// Does one merge: steps 2 to 6. `Error::Closed` when the storage closes meanwhile.
pub(crate) fn compact(shared: &Shared, job: &Job, inputs: &[Arc<Segment>]) -> Result<(), Error> {
    rewrite(shared, job, inputs, &|_| Ok(None))
}

/// Does one merge with the rows that stay.
pub(crate) fn rewrite(shared: &Shared, job: &Job, inputs: &[Arc<Segment>], keep: merge::Keep<'_>) -> Result<(), Error> {
    let start = Instant::now();
    check_room(shared, inputs)?;
    let mut outputs = Outputs::new(shared, job, inputs)?;
    let mut worked = Instant::now();
    let memory_bytes = shared.options.limits.compaction_batch_bytes;
    let merged = merge::merge(job.table, inputs, memory_bytes, keep, &mut |batch, attributes| {
        outputs.push(batch, attributes)?;
        give_way(shared, worked.elapsed())?;
        worked = Instant::now();
        Ok(())
    });
    let done = merged.and_then(|()| outputs.finish()).and_then(|added| {
        let removed: Vec<SegmentEntry> = inputs.iter().map(|segment| segment.entry().clone()).collect();
        shared.catalog().commit_swap(&removed, &added)?;
        Ok(added)
    });
    match done {
        Ok(added) => {
            let gauges = &shared.gauges;
            gauges.compaction.record(start.elapsed());
            gauges.compacted_segments.fetch_add(inputs.len() as u64, Ordering::Relaxed);
            gauges.compacted_rows.fetch_add(inputs.iter().map(|one| one.rows()).sum(), Ordering::Relaxed);
            gauges.compaction_bytes.fetch_add(added.iter().map(|one| one.bytes).sum(), Ordering::Relaxed);
            shared.swap(inputs, added);
            Ok(())
        }
        Err(error) => {
            install::undo(shared, &outputs.created);
            Err(error)
        }
    }
}

/// A compaction needs the room of its inputs once more.
fn check_room(shared: &Shared, inputs: &[Arc<Segment>]) -> Result<(), Error> {
    let bytes: u64 = inputs.iter().map(|segment| segment.bytes()).sum();
    let needed = bytes.saturating_add(shared.options.limits.free_bytes_min);
    let root = &shared.paths.root;
    let free = shared.options.disk.free_bytes(root).unwrap_or(u64::MAX);
    if free >= needed {
        return Ok(());
    }
    let detail = format!("{free} bytes are free, compaction needs {needed}");
    Err(Error::DiskFull { path: root.clone(), detail })
}

/// Waits while ingest or queries need the machine: up to a multiple of the time worked, so that it goes on slowly. The more segments
/// have piled up the shorter: a store that is never at rest would otherwise have more of them with every flush.
fn give_way(shared: &Shared, worked: Duration) -> Result<(), Error> {
    let snapshot = shared.snapshot();
    let open = |table| snapshot.segments(table).filter(|segment| segment.entry().level < SEALED_LEVEL).count();
    let most_open = Table::ALL.into_iter().map(open).max().unwrap_or(0);
    drop(snapshot);
    let patience = policy::patience(most_open, shared.options.limits.compaction_tier_segments);
    let most = worked.saturating_mul(patience).min(COMPACTION_YIELD_MAX);
    let start = Instant::now();
    loop {
        if shared.is_closing() {
            return Err(Error::Closed);
        }
        if !shared.is_busy() || start.elapsed() >= most {
            return Ok(());
        }
        std::thread::park_timeout(YIELD_STEP);
    }
}

/// The segments that a merge writes, one after another.
struct Outputs<'a> {
    shared: &'a Shared,
    spec: SegmentSpec,
    /// Columns without a value in any input.
    empty: Vec<String>,
    /// Attributes that get columns of their own.
    promoted: Vec<Chosen>,
    writer: Option<(PathBuf, SegmentWriter<'a>)>,
    entries: Vec<SegmentEntry>,
    /// What an error must undo.
    created: Vec<PathBuf>,
    last_trace: Vec<u8>,
}

impl<'a> Outputs<'a> {
    fn new(shared: &'a Shared, job: &Job, inputs: &[Arc<Segment>]) -> Result<Self, Error> {
        let entries = || inputs.iter().map(|segment| segment.entry());
        let spec = SegmentSpec {
            segment_id: 0,
            table: job.table,
            level: job.level,
            first_lsn: entries().map(|entry| entry.first_lsn).min().unwrap_or(0),
            last_lsn: entries().map(|entry| entry.last_lsn).max().unwrap_or(0),
            created_at_ns: entries().map(|entry| entry.created_at_ns).max().unwrap_or(0),
            replaces: job.inputs.clone(),
        };
        let mut empty: Option<BTreeSet<String>> = None;
        for segment in inputs {
            let columns = segment.empty_columns()?;
            empty = Some(empty.map_or_else(|| columns.clone(), |empty| &empty & &columns));
        }
        let empty = empty.unwrap_or_default().into_iter().collect();
        let promoted = choose::choose(job.table, inputs, shared.options.limits.promotion_rows_min)?;
        let (entries, created) = (Vec::new(), Vec::new());
        Ok(Self { shared, spec, empty, promoted, writer: None, entries, created, last_trace: Vec::new() })
    }

    fn push(&mut self, batch: &RecordBatch, attributes: &[AttributeRows<'_>]) -> Result<(), Error> {
        let mut first = 0;
        if self.is_full() {
            first = self.rows_of_last_trace(batch);
            self.write(batch, attributes, 0..first)?;
            if first == batch.num_rows() {
                return Ok(());
            }
            self.finish_one()?;
        }
        self.write(batch, attributes, first..batch.num_rows())?;
        if let Some(ids) = trace_ids(self.spec.table, batch)
            && let Some(last) = ids.len().checked_sub(1)
        {
            self.last_trace = ids.value(last).to_vec();
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        let cut = self.shared.options.limits.compaction_cut_bytes;
        self.writer.as_ref().is_some_and(|(_, writer)| {
            writer.rows() > 0 && (writer.data_bytes() >= cut || writer.memory_bytes() >= COMPACTION_OUTPUT_BYTES)
        })
    }

    /// Returns how many rows at the front belong to the trace that was written last; 0 but for spans.
    fn rows_of_last_trace(&self, batch: &RecordBatch) -> usize {
        let Some(ids) = trace_ids(self.spec.table, batch) else { return 0 };
        ids.iter().take_while(|id| *id == Some(self.last_trace.as_slice())).count()
    }

    /// Writes these rows of a batch.
    fn write(
        &mut self,
        batch: &RecordBatch,
        attributes: &[AttributeRows<'_>],
        rows: Range<usize>,
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.writer.is_none() {
            let mut spec = self.spec.clone();
            spec.segment_id = self.shared.next_segment_id();
            let tmp = self.shared.paths.tmp.join(spec.tmp_name());
            self.created.push(tmp.clone());
            let writer =
                SegmentWriter::create(self.shared.options.disk.as_ref(), &tmp, spec, &self.empty, &self.promoted)?;
            self.writer = Some((tmp, writer));
        }
        let Some((_, writer)) = &mut self.writer else { return Ok(()) };
        let batch = batch.slice(rows.start, rows.len());
        match self.spec.table {
            Table::Spans | Table::Logs => {
                writer.push_parts(&batch, &attributes::part(attributes, rows).collect::<Vec<_>>())
            }
            _ => writer.push(&batch),
        }
    }

    fn finish_one(&mut self) -> Result<(), Error> {
        if let Some((tmp, writer)) = self.writer.take() {
            let entry = writer.finish()?;
            install::install(self.shared, &tmp, &entry, &mut self.created)?;
            self.entries.push(entry);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<SegmentEntry>, Error> {
        self.finish_one()?;
        Ok(std::mem::take(&mut self.entries))
    }
}

fn trace_ids(table: Table, batch: &RecordBatch) -> Option<&arrow::array::FixedSizeBinaryArray> {
    (table == Table::Spans).then(|| batch.column_by_name(col::TRACE_ID)?.as_fixed_size_binary_opt()).flatten()
}
