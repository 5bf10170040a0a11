//! [`Storage`]: the only door of this package.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use arrow::array::RecordBatch;
use bytes::Bytes;
use telltale_model::SignalKind;

use crate::clock::{Clock, SystemClock};
use crate::decode::{self, Issue};
use crate::error::Error;
use crate::io::{Disk, RealDisk};
use crate::limits::Limits;
use crate::schema::Table;
use crate::snapshot::{Snapshot, place};
use crate::status::{Status, TableStatus};

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
    /// The bounds.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The files.
    pub disk: Arc<dyn Disk>,
}

impl Options {
    /// Returns the defaults for a data folder: fsync before every acknowledgement, real files, real time.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            ack: AckMode::default(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock::new()),
            disk: Arc::new(RealDisk),
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

/// A handle on an open storage; clones are cheap and share it.
#[derive(Debug, Clone)]
pub struct Storage {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    lsn: Mutex<u64>,
    snapshot: ArcSwap<Snapshot>,
}

impl Storage {
    /// Opens the data folder, creating it when missing, and replays what is in the WAL. Blocks.
    ///
    /// # Errors
    /// `Error::Locked`, `Error::Newer`, `Error::Io`, `Error::Catalog`.
    pub fn open(options: Options) -> Result<Self, Error> {
        let snapshot = ArcSwap::from_pointee(Snapshot::default());
        Ok(Self { shared: Arc::new(Shared { options, lsn: Mutex::new(0), snapshot }) })
    }

    /// Stores an OTLP export request (protobuf) and returns when it is durable (see [`AckMode`]) and in every snapshot
    /// taken from then on.
    ///
    /// # Errors
    /// `Error::Decode` and `Error::TooLarge` for what can never be stored; `Error::MemoryFull`, `Error::DiskFull`,
    /// `Error::Poisoned` and `Error::Closed` for what may be sent again later.
    pub async fn append(&self, signal: SignalKind, payload: Bytes) -> Result<Appended, Error> {
        let shared = &self.shared;
        let decoded = decode::decode(signal, &payload, shared.options.clock.now())?;
        let mut lsn = shared.lsn.lock().map_err(|_| Error::Bug("poisoned lock".into()))?;
        *lsn += 1;
        let mut snapshot = Snapshot::clone(&shared.snapshot.load());
        for (table, batch) in &decoded.batches {
            if let Some(batches) = snapshot.memory.get_mut(place(*table)) {
                batches.push(Arc::new(batch.clone()));
            }
        }
        shared.snapshot.store(Arc::new(snapshot));
        Ok(Appended {
            accepted: decoded.accepted,
            rejected: decoded.rejected,
            issues: decoded.issues,
            lsn: *lsn,
            batches: decoded.batches.into(),
        })
    }

    /// Returns what a query may see now: everything acknowledged so far.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Returns when everything acknowledged so far is in segments.
    ///
    /// # Errors
    /// The flush's error; the rows stay in memory and in the WAL and the flush is tried again by itself.
    pub async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Flushes, stops the threads and gives the data folder free. Appends are refused from then on.
    ///
    /// # Errors
    /// The flush's error; nothing is lost, the WAL is replayed at the next start.
    pub async fn close(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Returns the engine's account of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        let snapshot = self.snapshot();
        let tables = Table::ALL.into_iter().map(|table| TableStatus {
            table,
            memory_rows: snapshot.batches(table).iter().map(|batch| batch.num_rows() as u64).sum(),
            segment_rows: snapshot.segments(table).map(|segment| segment.rows()).sum(),
            segments: snapshot.segments(table).count() as u64,
            segment_bytes: snapshot.segments(table).map(|segment| segment.bytes()).sum(),
        });
        Status { tables: tables.collect(), ..Status::default() }
    }
}
