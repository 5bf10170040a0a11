//! The one writer of the WAL: gathers records, writes them with one call and one fsync.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};

use super::record::{FILE_HEADER_BYTES, FileHeader, RECORD_HEADER_BYTES, Record, VERSION};
use crate::clock::Clock;
use crate::error::Error;
use crate::io::{Disk, DiskFile};
use crate::storage::AckMode;

/// Buffer capacity that is kept between groups.
const BUFFER_KEPT_BYTES: usize = 1 << 20;

/// A WAL file that takes no more records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WalFile {
    pub(crate) path: PathBuf,
    /// Newest record in it; 0 when it has none.
    pub(crate) last_lsn: u64,
    /// Bytes on disk.
    pub(crate) bytes: u64,
}

/// What became of a record that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staged {
    /// It is in the buffer under this number.
    Lsn(u64),
    /// The file has no room for it: commit, seal and offer it again.
    FileFull,
}

/// Why a commit failed.
#[derive(Debug, Clone)]
pub(crate) enum CommitError {
    /// Nothing of the group is in the log; later groups may succeed.
    Refused(Error),
    /// What is on the device is unknown: nothing may be acknowledged any more.
    Poisoned(String),
}

/// The writer.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    dir: PathBuf,
    ack: AckMode,
    file_bytes: u64,
    current: Option<Current>,
    sealed: Vec<WalFile>,
    buffer: Vec<u8>,
    /// Newest record when the log was opened.
    opened_lsn: u64,
    /// Number of the next record.
    next_lsn: u64,
    /// Newest committed record.
    committed_lsn: u64,
    /// Newest record that is on the device.
    durable_lsn: u64,
}

/// The file that is written.
#[derive(Debug)]
struct Current {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Where the next group goes.
    offset: u64,
    /// Bytes reserved.
    bytes: u64,
    last_lsn: u64,
}

impl Writer {
    /// Returns a writer behind the files that recovery found. It creates its first file with its first record.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        dir: &Path,
        (ack, file_bytes): (AckMode, u64),
        last_lsn: u64,
        sealed: Vec<WalFile>,
    ) -> Self {
        Self {
            disk,
            clock,
            dir: dir.to_path_buf(),
            ack,
            file_bytes,
            current: None,
            sealed,
            buffer: Vec::new(),
            opened_lsn: last_lsn,
            next_lsn: last_lsn + 1,
            committed_lsn: last_lsn,
            durable_lsn: last_lsn,
        }
    }

    /// Adds a record to the group that the next commit writes.
    pub(crate) fn stage(&mut self, signal: SignalKind, received: UnixNanos, payload: &Bytes) -> Staged {
        let record_bytes = (RECORD_HEADER_BYTES + payload.len()) as u64;
        let (offset, room) = match &self.current {
            Some(current) => (current.offset, current.bytes),
            // The file to come is made to fit the first record of the group.
            None if self.buffer.is_empty() => (0, u64::MAX),
            None => (0, self.file_bytes),
        };
        if self.current.is_none() && self.buffer.is_empty() {
            let (first_lsn, opened_lsn) = (self.next_lsn, self.opened_lsn);
            let header = FileHeader { version: VERSION, first_lsn, opened_lsn, created: self.clock.now() };
            self.buffer.extend_from_slice(&header.encode());
        } else if offset + self.buffer.len() as u64 + record_bytes > room {
            return Staged::FileFull;
        }
        let lsn = self.next_lsn;
        Record::encode_into(&mut self.buffer, lsn, self.committed_lsn, signal, received, payload);
        self.next_lsn += 1;
        Staged::Lsn(lsn)
    }

    /// Writes the group and returns when it is as durable as [`AckMode`] asks.
    pub(crate) fn commit(&mut self) -> Result<(), CommitError> {
        if self.next_lsn == self.committed_lsn + 1 {
            return Ok(());
        }
        let result = self.write_group();
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT_BYTES);
        match result {
            Ok(()) => {
                self.committed_lsn = self.next_lsn - 1;
                if self.ack == AckMode::Fsync {
                    self.durable_lsn = self.committed_lsn;
                }
                Ok(())
            }
            Err(error) => {
                self.next_lsn = self.committed_lsn + 1;
                Err(error)
            }
        }
    }

    fn write_group(&mut self) -> Result<(), CommitError> {
        let mut current = match self.current.take() {
            Some(current) => current,
            None => self.create_file()?,
        };
        let is_new = current.offset == 0;
        if let Err(error) = current.file.write_all_at(&self.buffer, current.offset) {
            return Err(self.give_up_group(current, &error));
        }
        if self.ack == AckMode::Fsync {
            let synced = current.file.sync().and_then(|()| if is_new { self.disk.sync_dir(&self.dir) } else { Ok(()) });
            synced.map_err(|error| poisoned("sync", &current.path, &error))?;
        }
        current.offset += self.buffer.len() as u64;
        current.last_lsn = self.next_lsn - 1;
        self.current = Some(current);
        Ok(())
    }

    fn create_file(&self) -> Result<Current, CommitError> {
        let path = self.dir.join(format!("{:020}.wal", self.committed_lsn + 1));
        let refused = |error| CommitError::Refused(Error::io("create", &path, &error));
        let mut file = self.disk.create(&path).map_err(refused)?;
        let bytes = self.file_bytes.max(self.buffer.len() as u64);
        if let Err(error) = file.preallocate(bytes) {
            return Err(self.remove_created(&path, refused(error)));
        }
        Ok(Current { path, file, offset: 0, bytes, last_lsn: 0 })
    }

    /// Takes back a group whose write failed, so that its numbers may be used again. A full disk is no reason to stop.
    fn give_up_group(&mut self, mut current: Current, error: &std::io::Error) -> CommitError {
        let refused = Error::io("write", &current.path, error);
        if !matches!(refused, Error::DiskFull { .. }) {
            return poisoned("write", &current.path, error);
        }
        if current.offset == 0 {
            return self.remove_created(&current.path, CommitError::Refused(refused));
        }
        match current.file.truncate(current.offset).and_then(|()| current.file.sync()) {
            Ok(()) => {
                current.bytes = current.offset;
                self.sealed.push(current.sealed());
                CommitError::Refused(refused)
            }
            Err(error) => poisoned("take back a failed write to", &current.path, &error),
        }
    }

    /// Removes a file that holds nothing, so that its name may be used again.
    fn remove_created(&self, path: &Path, refused: CommitError) -> CommitError {
        match self.disk.remove_file(path).and_then(|()| self.disk.sync_dir(&self.dir)) {
            Ok(()) => refused,
            Err(error) => poisoned("remove", path, &error),
        }
    }

    /// Ends the current file; the next record begins a new one. Call it with nothing staged.
    pub(crate) fn seal(&mut self) {
        self.sealed.extend(self.current.take().map(Current::sealed));
    }

    /// Deletes the sealed files whose records are all in segments. What cannot be deleted is tried again next time.
    pub(crate) fn remove_flushed(&mut self, flushed_lsn: u64) -> Result<(), Error> {
        self.durable_lsn = self.durable_lsn.max(flushed_lsn);
        let (done, kept) = self.sealed.drain(..).partition(|file| file.last_lsn <= flushed_lsn);
        self.sealed = kept;
        let mut failed = None;
        for file in done {
            if let Err(error) = self.disk.remove_file(&file.path) {
                failed = Some(Error::io("remove", &file.path, &error));
                self.sealed.push(file);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Returns the number of the newest committed record.
    pub(crate) fn committed_lsn(&self) -> u64 {
        self.committed_lsn
    }

    /// Returns the number of the newest record that is on the device.
    pub(crate) fn durable_lsn(&self) -> u64 {
        self.durable_lsn
    }

    /// Returns the bytes of all files on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let current = self.current.as_ref().map_or(0, |current| current.bytes);
        current + self.sealed.iter().map(|file| file.bytes).sum::<u64>()
    }
}

impl Current {
    fn sealed(self) -> WalFile {
        WalFile { path: self.path, last_lsn: self.last_lsn, bytes: self.bytes }
    }
}

fn poisoned(operation: &str, path: &Path, error: &std::io::Error) -> CommitError {
    CommitError::Poisoned(format!("cannot {operation} {}: {error}", path.display()))
}

const _: () = assert!(FILE_HEADER_BYTES == 40 && RECORD_HEADER_BYTES == 40, "storage/FORMAT.md says so");
