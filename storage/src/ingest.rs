//! The ingest thread: the one place where an append gets its number, becomes durable and becomes visible.
//!
//! Why a memtable and the log never disagree:
//!
//! 1. One thread gives out WAL numbers, writes the log and publishes, in the same order. A group is published only
//!    after its commit, and acknowledged only after its publication.
//! 2. The same thread freezes, between two groups. A frozen memtable therefore covers exactly the numbers after its
//!    predecessor's last up to its own last: a closed interval, without gaps.
//! 3. Frozen memtables are flushed by one other thread, oldest first. A flush moves the catalog's `flushed_lsn` to the
//!    memtable's last number in the transaction that adds its segments.
//! 4. WAL files are deleted by this thread, after that transaction, when all of their numbers are flushed.
//! 5. Replay begins after `flushed_lsn`. So a number is in segments or is replayed, never both, never neither.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};
use tokio::sync::oneshot;

use crate::budget::Reservation;
use crate::error::Error;
use crate::flush::FlushCommand;
use crate::limits::WAL_GROUP_BYTES_MAX;
use crate::schema::Table;
use crate::shared::{Committed, Shared};
use crate::wal::{CommitError, Staged, Writer};

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Store this.
    Append(Append),
    /// Flush everything acknowledged so far and answer then.
    Flush(oneshot::Sender<Result<(), Error>>),
    /// Appends wait for memory: begin a flush when none is under way.
    Pressure,
    /// The flush thread has put everything up to this number into segments.
    Flushed(u64),
    /// The flush thread failed and will try again by itself.
    FlushFailed(Error),
    /// Flush, answer and end.
    Close(oneshot::Sender<Result<(), Error>>),
    /// End without a flush; the log has everything.
    Stop,
}

/// A decoded append.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) signal: SignalKind,
    pub(crate) received: UnixNanos,
    pub(crate) payload: Bytes,
    pub(crate) batches: Arc<[(Table, RecordBatch)]>,
    pub(crate) reservation: Reservation,
    pub(crate) done: oneshot::Sender<Result<u64, Error>>,
}

/// The thread's state.
#[derive(Debug)]
pub(crate) struct Ingest {
    shared: Arc<Shared>,
    writer: Writer,
    commands: Receiver<Command>,
    flusher: Sender<FlushCommand>,
    /// Who waits for a flush up to which number.
    waiters: Vec<(u64, oneshot::Sender<Result<(), Error>>)>,
    closing: Option<oneshot::Sender<Result<(), Error>>>,
    /// What the flush thread has reported, and whose WAL files are gone.
    flushed_lsn: u64,
    is_ended: bool,
}

/// Appends with their numbers, in the buffer of the log.
type StagedAppends = Vec<(u64, Append)>;

impl Ingest {
    pub(crate) fn new(
        shared: Arc<Shared>,
        writer: Writer,
        commands: Receiver<Command>,
        flusher: Sender<FlushCommand>,
    ) -> Self {
        let flushed_lsn = shared.gauges.flushed_lsn.load(Ordering::Acquire);
        Self { shared, writer, commands, flusher, waiters: Vec::new(), closing: None, flushed_lsn, is_ended: false }
    }

    /// Works until it is told to end.
    pub(crate) fn run(mut self) {
        self.set_gauges();
        // What could not be flushed during the replay.
        for frozen in self.shared.frozen() {
            self.tell_flusher(FlushCommand::Flush(frozen));
        }
        let mut held = None;
        loop {
            let command = match held.take() {
                Some(command) => Ok(command),
                None => self.receive(),
            };
            match command {
                Ok(Command::Append(first)) => held = self.append(first),
                Ok(Command::Flush(done)) => self.flush(done),
                Ok(Command::Pressure) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Command::Flushed(lsn)) => self.flushed(lsn),
                Ok(Command::FlushFailed(error)) => self.flush_failed(&error),
                Ok(Command::Close(done)) => self.close(done),
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.is_flush_due() {
                self.freeze();
            }
            if self.is_ended {
                return;
            }
        }
    }

    /// Waits for a command, at most until the memtable is old enough to be flushed.
    fn receive(&self) -> Result<Command, RecvTimeoutError> {
        match self.shared.active_size().born {
            Some(born) => {
                let age = self.shared.options.clock.monotonic().saturating_sub(born);
                let rest = self.shared.options.limits.flush_age.saturating_sub(age);
                self.commands.recv_timeout(rest.max(Duration::from_millis(10)))
            }
            None => self.commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Commits an append together with those that are waiting behind it. Returns the first other command.
    fn append(&mut self, first: Append) -> Option<Command> {
        let mut bytes = first.payload.len();
        let mut group = vec![first];
        let mut other = None;
        while bytes < WAL_GROUP_BYTES_MAX {
            match self.commands.try_recv() {
                Ok(Command::Append(append)) => {
                    bytes += append.payload.len();
                    group.push(append);
                }
                Ok(command) => {
                    other = Some(command);
                    break;
                }
                Err(_) => break,
            }
        }
        match self.refusal() {
            Some(error) => refuse(group, &error),
            None => self.commit_all(group),
        }
        self.set_gauges();
        other
    }

    /// Returns why no append can be taken now.
    fn refusal(&self) -> Option<Error> {
        if let Some(error) = self.shared.poisoned() {
            return Some(error);
        }
        if self.closing.is_some() {
            return Some(Error::Closed);
        }
        let needed = self.shared.options.limits.free_bytes_min;
        let path = &self.shared.paths.root;
        // A system that does not tell is no reason to refuse.
        let free = self.shared.options.disk.free_bytes(path).unwrap_or(u64::MAX);
        (free < needed).then(|| {
            let detail = format!("{free} bytes are free, appends need {needed} (free_bytes_min)");
            let error = Error::DiskFull { path: path.clone(), detail };
            self.shared.gauges.disk_refusals.fetch_add(1, Ordering::Relaxed);
            self.shared.set_full(Some(error.to_string()));
            error
        })
    }

    fn commit_all(&mut self, group: Vec<Append>) {
        let mut staged: StagedAppends = Vec::with_capacity(group.len());
        let mut rest = group.into_iter();
        while let Some(append) = rest.next() {
            let mut outcome = self.writer.stage(append.signal, append.received, &append.payload);
            if outcome == Staged::FileFull {
                if let Err(error) = self.commit(std::mem::take(&mut staged)) {
                    return refuse(std::iter::once(append).chain(rest), &error);
                }
                self.writer.seal();
                outcome = self.writer.stage(append.signal, append.received, &append.payload);
            }
            match outcome {
                Staged::Lsn(lsn) => staged.push((lsn, append)),
                Staged::FileFull => refuse([append], &Error::Bug("a record does not fit into a new WAL file".into())),
            }
        }
        // Every append of the group has been answered.
        drop(self.commit(staged));
    }

    /// Makes staged appends durable, then visible, then acknowledged.
    fn commit(&mut self, staged: StagedAppends) -> Result<(), Error> {
        if staged.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let result = self.writer.commit();
        self.shared.gauges.wal_sync.record(start.elapsed());
        if let Err(error) = result {
            let error = self.failed(error);
            refuse(staged.into_iter().map(|(_, append)| append), &error);
            return Err(error);
        }
        self.shared.set_full(None);
        let mut reserved = 0;
        let mut acknowledgements = Vec::with_capacity(staged.len());
        let mut records = Vec::with_capacity(staged.len());
        let mut payload_bytes = 0;
        for (lsn, append) in staged {
            reserved += append.reservation.into_bytes();
            let wal_bytes = append.payload.len() as u64;
            payload_bytes += wal_bytes;
            records.push(Committed { lsn, wal_bytes, batches: append.batches });
            acknowledgements.push((lsn, append.done));
        }
        self.shared.publish(&records, reserved);
        self.set_gauges();
        self.shared.gauges.appends.fetch_add(records.len() as u64, Ordering::Relaxed);
        self.shared.gauges.append_bytes.fetch_add(payload_bytes, Ordering::Relaxed);
        for (lsn, done) in acknowledgements {
            // Whoever went away does not need the answer.
            drop(done.send(Ok(lsn)));
        }
        Ok(())
    }

    fn failed(&self, error: CommitError) -> Error {
        match error {
            CommitError::Refused(error) => {
                self.shared.gauges.disk_refusals.fetch_add(1, Ordering::Relaxed);
                self.shared.set_full(Some(error.to_string()));
                error
            }
            CommitError::Poisoned(why) => {
                self.shared.poison(&why);
                self.shared.poisoned().unwrap_or(Error::Closed)
            }
        }
    }

    fn is_flush_due(&self) -> bool {
        let (size, limits) = (self.shared.active_size(), &self.shared.options.limits);
        let is_old = size
            .born
            .is_some_and(|born| self.shared.options.clock.monotonic().saturating_sub(born) >= limits.flush_age);
        !size.is_empty
            && (size.bytes >= limits.memtable_flush_bytes
                || size.wal_bytes >= limits.wal_flush_bytes
                || is_old
                || (size.frozen == 0 && self.shared.budget.has_waiters()))
    }

    /// Hands the active memtable to the flush thread and begins a new WAL file with the next append.
    fn freeze(&mut self) {
        self.writer.seal();
        if let Some(frozen) = self.shared.freeze() {
            self.tell_flusher(FlushCommand::Flush(frozen));
        }
    }

    fn tell_flusher(&self, command: FlushCommand) {
        if self.flusher.send(command).is_err() {
            self.shared.poison("the flush thread is gone");
        }
    }

    fn flush(&mut self, done: oneshot::Sender<Result<(), Error>>) {
        self.freeze();
        if self.is_all_flushed() {
            drop(done.send(Ok(())));
        } else {
            self.waiters.push((self.writer.committed_lsn(), done));
            self.tell_flusher(FlushCommand::RetryNow);
        }
    }

    fn flushed(&mut self, lsn: u64) {
        self.flushed_lsn = self.flushed_lsn.max(lsn);
        if let Err(error) = self.writer.remove_flushed(lsn) {
            tracing::warn!(%error, "a WAL file that is not needed any more stays");
        }
        self.set_gauges();
        for (_, done) in self.waiters.extract_if(.., |(target, _)| *target <= lsn) {
            drop(done.send(Ok(())));
        }
        self.end_when_flushed();
    }

    fn flush_failed(&mut self, error: &Error) {
        for (_, done) in self.waiters.drain(..) {
            drop(done.send(Err(error.clone())));
        }
        if self.closing.is_some() {
            self.end(Err(error.clone()));
        }
    }

    fn close(&mut self, done: oneshot::Sender<Result<(), Error>>) {
        self.shared.budget.close();
        self.freeze();
        self.tell_flusher(FlushCommand::RetryNow);
        self.closing = Some(done);
        self.end_when_flushed();
    }

    fn end_when_flushed(&mut self) {
        if self.closing.is_some() && self.is_all_flushed() {
            self.end(Ok(()));
        }
    }

    fn is_all_flushed(&self) -> bool {
        self.writer.committed_lsn() <= self.flushed_lsn
    }

    /// Ends the flush thread and answers whoever closed the storage.
    fn end(&mut self, result: Result<(), Error>) {
        self.is_ended = true;
        self.tell_flusher(FlushCommand::Stop);
        if let Some(done) = self.closing.take() {
            drop(done.send(result));
        }
    }

    fn set_gauges(&self) {
        let gauges = &self.shared.gauges;
        gauges.last_lsn.store(self.writer.committed_lsn(), Ordering::Release);
        gauges.durable_lsn.store(self.writer.durable_lsn(), Ordering::Release);
        gauges.wal_bytes.store(self.writer.disk_bytes(), Ordering::Relaxed);
    }
}

fn refuse(appends: impl IntoIterator<Item = Append>, error: &Error) {
    for append in appends {
        drop(append.done.send(Err(error.clone())));
    }
}
