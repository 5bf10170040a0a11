//! The flush: a frozen memtable becomes segments, exactly once.
//!
//! 1. The ingest thread freezes a memtable; its rows stay visible.
//! 2. Every table's rows are sorted and written into a folder of `tmp/`; every file and the folder are synced.
//! 3. The folders are renamed to their place, and
//! 4. the folders above are synced.
//! 5. One catalog transaction adds the segments and moves `flushed_lsn` to the memtable's last number.
//! 6. One snapshot swap puts the segments in the memtable's place.
//! 7. The ingest thread deletes the WAL files that are flushed.
//!
//! A crash before 5 leaves folders that the next start removes, and a log that it replays. A crash after 5 leaves a
//! log whose records the next start skips. An error before 5 undoes the folders; the memtable stays, and the flush is
//! tried again.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Instant;

use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::ingest::Command;
use crate::install;
use crate::maintenance::MaintenanceCommand;
use crate::memtable::Memtable;
use crate::schema::Table;
use crate::segment::{Segment, SegmentSpec, write_segment};
use crate::shared::Shared;
use crate::snapshot::place;

/// What the flush thread is asked to do.
#[derive(Debug)]
pub(crate) enum FlushCommand {
    /// Flush this memtable after those before it.
    Flush(Arc<Memtable>),
    /// Try a failed flush again without waiting.
    RetryNow,
    /// End.
    Stop,
}

/// Makes segments.
#[derive(Debug)]
pub(crate) struct Flusher {
    shared: Arc<Shared>,
}

impl Flusher {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Flushes what it is given, oldest first, until it is told to end.
    pub(crate) fn run(
        self,
        commands: &Receiver<FlushCommand>,
        ingest: &Sender<Command>,
        maintenance: &Sender<MaintenanceCommand>,
    ) {
        let mut waiting = VecDeque::new();
        let mut has_failed = false;
        loop {
            let command = if has_failed {
                commands.recv_timeout(self.shared.options.limits.flush_retry)
            } else if waiting.is_empty() {
                commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                commands.try_recv().or(Err(RecvTimeoutError::Timeout))
            };
            match command {
                Ok(FlushCommand::Flush(memtable)) => {
                    waiting.push_back(memtable);
                    // A new memtable does not hurry a failed flush.
                    if has_failed {
                        continue;
                    }
                }
                Ok(FlushCommand::RetryNow) | Err(RecvTimeoutError::Timeout) => {}
                Ok(FlushCommand::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let Some(memtable) = waiting.front() else { continue };
            let (answer, failed) = match self.flush(memtable) {
                Ok(()) => (Command::Flushed(memtable.last_lsn), false),
                Err(error) => (Command::FlushFailed(error), true),
            };
            has_failed = failed;
            if !failed {
                waiting.pop_front();
            }
            // Without a maintenance thread segments only accumulate.
            drop(maintenance.send(MaintenanceCommand::Wake));
            if ingest.send(answer).is_err() {
                return;
            }
        }
    }

    /// Flushes one memtable: steps 2 to 6.
    pub(crate) fn flush(&self, memtable: &Arc<Memtable>) -> Result<(), Error> {
        let start = Instant::now();
        let gauges = &Arc::clone(&self.shared).gauges;
        match self.make_segments(memtable) {
            Ok(()) => {
                gauges.flush.record(start.elapsed());
                gauges.flushes.fetch_add(1, Ordering::Relaxed);
                let rows = memtable.tables.iter().map(|table| table.rows).sum();
                gauges.flushed_rows.fetch_add(rows, Ordering::Relaxed);
                gauges.flushed_lsn.fetch_max(memtable.last_lsn, Ordering::AcqRel);
                self.shared.set_flush_error(None);
                Ok(())
            }
            Err(error) => {
                gauges.flush_failures.fetch_add(1, Ordering::Relaxed);
                self.shared.set_flush_error(Some(error.to_string()));
                Err(error)
            }
        }
    }

    fn make_segments(&self, memtable: &Arc<Memtable>) -> Result<(), Error> {
        let mut created = Vec::new();
        let result = self
            .write_all(memtable, &mut created)
            .and_then(|entries| self.shared.catalog().commit_flush(&entries, memtable.last_lsn).map(|()| entries));
        match result {
            Ok(entries) => {
                let open =
                    |entry| Segment::open(&self.shared.paths.root, entry, Arc::clone(&self.shared.segment_context));
                self.shared.replace(memtable, entries.into_iter().map(open).collect());
                Ok(())
            }
            Err(error) => {
                install::undo(&self.shared, &created);
                Err(error)
            }
        }
    }

    /// Steps 2 to 4. `created` gets every folder that an error must undo.
    fn write_all(&self, memtable: &Memtable, created: &mut Vec<PathBuf>) -> Result<Vec<SegmentEntry>, Error> {
        let (disk, paths) = (&self.shared.options.disk, &self.shared.paths);
        let mut entries = Vec::new();
        for table in Table::ALL {
            let batches = memtable.tables.get(place(table)).map_or(&[][..], |rows| &rows.batches);
            if batches.is_empty() {
                continue;
            }
            let spec = SegmentSpec {
                segment_id: self.shared.next_segment_id(),
                table,
                level: 0,
                first_lsn: memtable.first_lsn,
                last_lsn: memtable.last_lsn,
                created_at_ns: self.shared.options.clock.now().0,
                replaces: Vec::new(),
            };
            let tmp = paths.tmp.join(spec.tmp_name());
            created.push(tmp.clone());
            let entry = write_segment(disk.as_ref(), &tmp, spec, batches)?;
            install::install(&self.shared, &tmp, &entry, created)?;
            entries.push(entry);
        }
        Ok(entries)
    }
}
