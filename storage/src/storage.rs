//! [`Storage`]: the only door of this package.

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use arrow::array::RecordBatch;
use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};
use tokio::sync::oneshot;

use crate::clock::{Clock, SystemClock};
use crate::decode::{self, DecodeError, Decoded, Issue, IssueCode, Outcome};
use crate::deletion::{Deleted, Deletion};
use crate::error::Error;
use crate::ingest::{Append, Command, Ingest};
use crate::io::{Disk, RealDisk};
use crate::limits::{DECODE_INLINE_BYTES_MAX, FLUSH_NICE, Limits, MAINTENANCE_NICE};
use crate::maintenance::{self, MaintenanceCommand};
use crate::memtable::batch_bytes;
use crate::recovery::{self, Opened};
use crate::remote::{self, RemoteCommand, RemoteStore};
use crate::retention::{Pin, Retention};
use crate::schema::Table;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::status::Status;

/// When an append is acknowledged. Visible to every query it is in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AckMode {
    /// Once it is on the device: survives a power cut.
    #[default]
    Fsync,
    /// Once the operating system has it: survives a crash of telltale, not one of the machine.
    Write,
}

/// How to open a storage.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; created when missing.
    pub data_dir: PathBuf,
    /// When an append is acknowledged.
    pub ack: AckMode,
    /// How long data is kept; for ever by default.
    pub retention: Retention,
    /// The bounds.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The files.
    pub disk: Arc<dyn Disk>,
    /// Whether every append is refused.
    pub read_only: bool,
    /// Where sealed segments are uploaded to; nowhere by default.
    pub remote: Option<RemoteStore>,
}

impl Options {
    /// Returns the defaults for a data folder: fsync before every acknowledgement, real files, real time.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            ack: AckMode::default(),
            retention: Retention::default(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock::new()),
            disk: Arc::new(RealDisk),
            read_only: false,
            remote: None,
        }
    }
}

/// What became of an append.
#[derive(Debug, Clone)]
pub struct Appended {
    /// Items that were stored.
    pub accepted: u64,
    /// Items that were rejected; `issues` says why.
    pub rejected: u64,
    /// What was odd about the payload.
    pub issues: Vec<Issue>,
    /// The append's number, counted over all signals; 0 when nothing was stored.
    pub lsn: u64,
    /// The rows as they were stored, for live views.
    pub batches: Arc<[(Table, RecordBatch)]>,
}

/// A handle on an open storage; clones are cheap and share it. When the last one goes without [`Storage::close`],
/// nothing is flushed and nothing is lost.
#[derive(Debug, Clone)]
pub struct Storage {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    maintenance: Sender<MaintenanceCommand>,
    /// Of the upload thread, when there is an object store.
    uploads: Option<Sender<RemoteCommand>>,
    running: Mutex<Option<Running>>,
}

/// What ends with the storage.
#[derive(Debug)]
struct Running {
    threads: Vec<JoinHandle<()>>,
    _lock: File,
}

impl Storage {
    /// Opens the data folder, creating it when missing, and replays what is in the WAL. Blocks.
    ///
    /// # Errors
    /// `Error::Locked`, `Error::Newer`, `Error::Io`, `Error::DiskFull`, `Error::Catalog`, and `Error::Corrupt` for the
    /// file `FORMAT` alone: other damage is named in [`Storage::status`] and the rest goes on.
    pub fn open(options: Options) -> Result<Self, Error> {
        let Opened { shared, flusher, writer, lock } = recovery::open(options)?;
        let (commands, ingest_commands) = channel();
        let (flush_sender, flush_commands) = channel();
        let ingest = Ingest::new(Arc::clone(&shared), writer, ingest_commands, flush_sender);
        let (maintenance, maintenance_commands) = channel();
        let (answers, wake) = (commands.clone(), maintenance.clone());
        let maintained = Arc::clone(&shared);
        let mut threads = vec![
            spawn("telltale-ingest", &shared, move || ingest.run())?,
            spawn("telltale-flush", &shared, move || {
                give_way(FLUSH_NICE);
                flusher.run(&flush_commands, &answers, &wake);
            })?,
            spawn("telltale-maintain", &shared, move || {
                give_way(MAINTENANCE_NICE);
                maintenance::run(&maintained, &maintenance_commands);
            })?,
        ];
        let mut uploads = None;
        if let Some(remote) = shared.segment_context.remote.as_ref().filter(|_| !shared.options.read_only) {
            let (sender, upload_commands) = channel();
            remote.set_commands(sender.clone());
            uploads = Some(sender);
            let (uploaded, remote) = (Arc::clone(&shared), Arc::clone(remote));
            let work = move || remote::worker::run(&uploaded, &remote, &upload_commands);
            threads.push(spawn("telltale-upload", &shared, work)?);
        }
        let running = Mutex::new(Some(Running { threads, _lock: lock }));
        Ok(Self { handle: Arc::new(Handle { shared, commands, maintenance, uploads, running }) })
    }

    /// Stores an OTLP export request (protobuf) and returns when it is durable (see [`AckMode`]) and in every snapshot
    /// taken from then on. Invalid UTF-8 is repaired first and named among the issues.
    ///
    /// # Errors
    /// `Error::Decode` and `Error::TooLarge` for what can never be stored; `Error::MemoryFull`, `Error::DiskFull`,
    /// `Error::Poisoned` and `Error::Closed` for what may be sent again later.
    pub async fn append(&self, signal: SignalKind, payload: Bytes) -> Result<Appended, Error> {
        let shared = &self.handle.shared;
        if shared.options.read_only {
            return Err(Error::ReadOnly);
        }
        let (bytes, limits) = (payload.len() as u64, &shared.options.limits);
        if bytes > limits.payload_bytes_max {
            let (name, limit) = ("payload_bytes_max", limits.payload_bytes_max);
            return Err(Error::TooLarge { what: "a payload", name, value: bytes, limit });
        }
        if let Some(error) = shared.poisoned() {
            return Err(error);
        }
        // Nobody who listens is gone: the answer comes from the ingest thread.
        let on_wait = || {
            shared.segment_context.relieve();
            drop(self.handle.commands.send(Command::Pressure));
        };
        let mut reservation = shared.budget.reserve(bytes, limits.append_wait, on_wait).await?;
        let received = shared.options.clock.now();
        let Prepared { payload, decoded } = prepare(signal, payload, received).await?;
        let Decoded { batches, accepted, rejected, issues } = decoded;
        let batches: Arc<[_]> = batches.into();
        if accepted == 0 {
            return Ok(Appended { accepted, rejected, issues, lsn: 0, batches });
        }
        let arrow_bytes: u64 = batches.iter().map(|(_, batch)| batch_bytes(batch)).sum();
        reservation.resize(arrow_bytes + payload.len() as u64);
        let (done, answer) = oneshot::channel();
        let append = Append { signal, received, payload, batches: Arc::clone(&batches), reservation, done };
        self.send(Command::Append(append))?;
        let lsn = self.answer(answer).await?;
        Ok(Appended { accepted, rejected, issues, lsn, batches })
    }

    /// Returns what a query may see now: everything acknowledged so far. Never waits.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.handle.shared.snapshot()
    }

    /// Returns a receiver of the newest append's number that is in every snapshot. It changes after the snapshot did, so
    /// that whoever looks, and then waits for a change, misses nothing.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.handle.shared.published()
    }

    /// Returns when everything acknowledged so far is in segments.
    ///
    /// # Errors
    /// The flush's error; the rows stay in memory and in the WAL and the flush is tried again by itself.
    pub async fn flush(&self) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.send(Command::Flush(done))?;
        self.answer(answer).await
    }

    /// Flushes, stops the threads and gives the data folder free. Appends are refused from then on.
    ///
    /// # Errors
    /// The flush's error; nothing is lost, the WAL is replayed at the next start.
    pub async fn close(&self) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.send(Command::Close(done))?;
        let result = self.answer(answer).await;
        if let Some(running) = self.handle.take_running() {
            self.handle.stop_maintenance();
            // The threads have nothing left to do: this does not block for long.
            running.join();
        }
        result
    }

    /// Returns when there is nothing to compact, to delete or to remove any more. The same happens by itself.
    ///
    /// # Errors
    /// The error of what failed; it is tried again by itself.
    pub async fn maintain(&self) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.handle.maintenance.send(MaintenanceCommand::Run(done)).map_err(|_| self.gone())?;
        self.answer(answer).await
    }

    /// Returns when every segment is in the object store and nothing has to be removed from it, also segments that are not due
    /// yet. Without an object store: at once.
    ///
    /// # Errors
    /// The error of what failed; it is tried again by itself.
    pub async fn upload(&self) -> Result<(), Error> {
        let Some(uploads) = &self.handle.uploads else { return Ok(()) };
        let (done, answer) = oneshot::channel();
        uploads.send(RemoteCommand::UploadAll(done)).map_err(|_| self.gone())?;
        self.answer(answer).await
    }

    /// Deletes rows and returns when nobody can read them any more: what was acknowledged before the call and is meant.
    /// A crash in the middle is made up for by the next start. Pins do not hinder it.
    ///
    /// # Errors
    /// Why it could not be carried out; once entered it is tried again by itself.
    pub async fn delete(&self, deletion: Deletion) -> Result<Deleted, Error> {
        let mut before = Deleted::default();
        if let Err(error) = self.flush().await {
            // A full disk is a reason to delete everything, which needs no room; then there is room for the flush.
            if !matches!(error, Error::DiskFull { .. }) || deletion != Deletion::default() {
                return Err(error);
            }
            before = self.carry_out(deletion.clone()).await?;
            self.flush().await?;
        }
        let after = self.carry_out(deletion).await?;
        Ok(Deleted { rows: before.rows + after.rows, segments: before.segments + after.segments })
    }

    async fn carry_out(&self, deletion: Deletion) -> Result<Deleted, Error> {
        let (done, answer) = oneshot::channel();
        self.handle.maintenance.send(MaintenanceCommand::Delete(deletion, done)).map_err(|_| self.gone())?;
        self.answer(answer).await
    }

    /// Keeps something from retention, in the place of a pin of the same name, until [`Storage::unpin`].
    ///
    /// # Errors
    /// `Error::TooMany` beyond [`crate::limits::PINS_MAX`], `Error::Catalog` and `Error::DiskFull` when it cannot be written.
    pub async fn pin(&self, pin: Pin) -> Result<(), Error> {
        let shared = Arc::clone(&self.handle.shared);
        blocking(move || shared.add_pin(pin)).await
    }

    /// Takes a pin back; false when there is none of this name.
    ///
    /// # Errors
    /// `Error::Catalog` when it cannot be written.
    pub async fn unpin(&self, name: &str) -> Result<bool, Error> {
        let (shared, name) = (Arc::clone(&self.handle.shared), name.to_owned());
        blocking(move || shared.remove_pin(&name)).await
    }

    /// Returns every pin, by name.
    #[must_use]
    pub fn pins(&self) -> Vec<Pin> {
        self.handle.shared.pins().clone()
    }

    /// Says that a query runs, as long as the answer lives: compaction gives way to it.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.handle.shared.count_query(true);
        Reading { shared: Arc::clone(&self.handle.shared) }
    }

    /// Returns the engine's account of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        self.handle.shared.status()
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        self.handle.commands.send(command).map_err(|_| self.gone())
    }

    async fn answer<T>(&self, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Returns why the ingest thread does not answer.
    fn gone(&self) -> Error {
        self.handle.shared.poisoned().unwrap_or(Error::Closed)
    }
}

/// Does what waits for the disk on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Bug(format!("a storage task: {error}")))?
}

/// A query under way, see [`Storage::reading`].
#[derive(Debug)]
pub struct Reading {
    shared: Arc<Shared>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.shared.count_query(false);
    }
}

impl Handle {
    /// Tells the maintenance and upload threads to end, also in the middle of a compaction or an upload.
    fn stop_maintenance(&self) {
        self.shared.set_closing();
        // A thread that is gone needs no message.
        drop(self.maintenance.send(MaintenanceCommand::Stop));
        if let Some(uploads) = &self.uploads {
            drop(uploads.send(RemoteCommand::Stop));
        }
    }

    fn take_running(&self) -> Option<Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(running) = self.take_running() {
            // A thread that is gone needs no message.
            drop(self.commands.send(Command::Stop));
            self.stop_maintenance();
            running.join();
        }
    }
}

impl Running {
    fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a storage thread ended in a panic");
            }
        }
    }
}

/// Gives the thread a priority below the others of the process. Where that is refused it keeps its own.
fn give_way(nice: i32) {
    if let Err(error) = rustix::process::nice(nice) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// Starts a thread. A panic in it is a bug that must not go unnoticed: it stops all acknowledgements.
fn spawn(name: &str, shared: &Arc<Shared>, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let shared = Arc::clone(shared);
    let name_of_thread = name.to_owned();
    let supervised = move || {
        if std::panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
            shared.poison(&format!("the thread {name_of_thread} panicked"));
        }
    };
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(supervised);
    spawned.map_err(|error| Error::Bug(format!("cannot start the thread {name}: {error}")))
}

/// A payload as it goes into the log, and its rows.
struct Prepared {
    payload: Bytes,
    decoded: Decoded,
}

/// Decodes a payload, on another thread when it is large.
async fn prepare(signal: SignalKind, payload: Bytes, received: UnixNanos) -> Result<Prepared, Error> {
    if payload.len() <= DECODE_INLINE_BYTES_MAX {
        return decode_repaired(signal, payload, received);
    }
    let decoding = tokio::task::spawn_blocking(move || decode_repaired(signal, payload, received));
    decoding.await.map_err(|error| Error::Bug(format!("decoding a payload: {error}")))?
}

/// The log holds what can be decoded as it is, so that a replay gives the same rows.
fn decode_repaired(signal: SignalKind, payload: Bytes, received: UnixNanos) -> Result<Prepared, Error> {
    match decode::decode(signal, &payload, received) {
        Ok(decoded) => Ok(Prepared { payload, decoded }),
        Err(error @ DecodeError::InvalidUtf8 { .. }) => {
            let payload = decode::repair_utf8(signal, &payload).ok_or(error)?;
            let mut decoded = decode::decode(signal, &payload, received)?;
            decoded.issues.push(utf8_repaired());
            Ok(Prepared { payload, decoded })
        }
        Err(error) => Err(error.into()),
    }
}

fn utf8_repaired() -> Issue {
    Issue {
        code: IssueCode::InvalidUtf8,
        outcome: Outcome::Repaired,
        message: "a text of the request is not UTF-8; what could not be read became U+FFFD".into(),
        count: 1,
        service_name: None,
    }
}

#[cfg(test)]
mod tests;
