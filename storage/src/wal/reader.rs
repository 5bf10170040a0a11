//! Reads one WAL file from front to back, over whatever damage it has.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::record::{FILE_HEADER_BYTES, FileHeader, RECORD_HEADER_BYTES, RECORD_MAGIC, Record, RecordHeader, VERSION};
use crate::error::Error;

/// How much is read ahead.
const WINDOW_BYTES: usize = 1 << 20;

/// What a window of reserved and never written bytes holds; no record begins with a zero.
static ZEROS: [u8; WINDOW_BYTES] = [0; WINDOW_BYTES];

/// Something in a WAL file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A record whose checksum is right.
    Record(Record),
    /// Bytes before a record that are none: a torn write or damage.
    Skipped(Range<u64>),
}

/// Reads a WAL file with little memory: a window and one payload.
#[derive(Debug)]
pub struct FileReader {
    path: PathBuf,
    window: Window,
    offset: u64,
    header: Option<FileHeader>,
    /// The record after skipped bytes.
    next: Option<Record>,
}

impl FileReader {
    /// Opens a WAL file. A header that is no header is not an error: the file may hold records all the same.
    ///
    /// # Errors
    /// `Error::Io`, and `Error::Newer` for a file of a later version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let open = || -> io::Result<Window> {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            Ok(Window { file, bytes, start: 0, buffer: Vec::new() })
        };
        let mut window = open().map_err(|error| Error::io("read", path, &error))?;
        let head = window.at(0, FILE_HEADER_BYTES).map_err(|error| Error::io("read", path, &error))?;
        let header = FileHeader::decode(head);
        if let Some(header) = header
            && header.version > VERSION
        {
            let (found, supported) = (u64::from(header.version), u64::from(VERSION));
            return Err(Error::Newer { what: "the WAL file", path: path.to_path_buf(), found, supported });
        }
        let offset = if header.is_some() { FILE_HEADER_BYTES as u64 } else { 0 };
        Ok(Self { path: path.to_path_buf(), window, offset, header, next: None })
    }

    /// Returns the file's header; `None` when it is damaged or was never written.
    #[must_use]
    pub const fn header(&self) -> Option<&FileHeader> {
        self.header.as_ref()
    }

    /// Returns the offset behind the last item: where the records of the file end, once there are no more items.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next item; `None` when no record follows, whatever bytes there are.
    ///
    /// # Errors
    /// `Error::Io`.
    pub fn next_item(&mut self) -> Result<Option<Item>, Error> {
        if let Some(record) = self.next.take() {
            return Ok(Some(Item::Record(record)));
        }
        self.read_item().map_err(|error| Error::io("read", &self.path, &error))
    }

    fn read_item(&mut self) -> io::Result<Option<Item>> {
        if let Some(record) = self.record_at(self.offset)? {
            self.offset += record_bytes(&record);
            return Ok(Some(Item::Record(record)));
        }
        let mut from = self.offset + 1;
        while let Some(found) = self.window.find_magic(from)? {
            if let Some(record) = self.record_at(found)? {
                let skipped = self.offset..found;
                self.offset = found + record_bytes(&record);
                self.next = Some(record);
                return Ok(Some(Item::Skipped(skipped)));
            }
            from = found + 1;
        }
        Ok(None)
    }

    fn record_at(&mut self, offset: u64) -> io::Result<Option<Record>> {
        let mut head = [0; RECORD_HEADER_BYTES];
        let bytes = self.window.at(offset, RECORD_HEADER_BYTES)?;
        if bytes.len() < RECORD_HEADER_BYTES {
            return Ok(None);
        }
        head.copy_from_slice(bytes);
        let Some(header) = RecordHeader::decode(&head) else { return Ok(None) };
        let payload_bytes = header.payload_bytes as usize;
        let payload_offset = offset + RECORD_HEADER_BYTES as u64;
        if u64::from(header.payload_bytes) > self.window.bytes.saturating_sub(payload_offset) {
            return Ok(None);
        }
        let payload = self.window.at(payload_offset, payload_bytes)?;
        if !header.is_intact(&head, payload) {
            return Ok(None);
        }
        Ok(Some(Record {
            lsn: header.lsn,
            committed_lsn: header.committed_lsn,
            signal: header.signal,
            received: header.received,
            payload: Bytes::copy_from_slice(payload),
        }))
    }
}

fn record_bytes(record: &Record) -> u64 {
    (RECORD_HEADER_BYTES + record.payload.len()) as u64
}

/// A part of the file in memory.
#[derive(Debug)]
struct Window {
    file: File,
    bytes: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    /// Returns `count` bytes at `offset`, fewer only at the end of the file.
    fn at(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let available = usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = count.min(available);
        let is_inside = offset >= self.start && offset + count as u64 <= self.start + self.buffer.len() as u64;
        if !is_inside {
            self.buffer.resize(count.max(WINDOW_BYTES).min(available), 0);
            self.buffer.shrink_to(WINDOW_BYTES);
            self.file.read_exact_at(&mut self.buffer, offset)?;
            self.start = offset;
        }
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.buffer.get(skip..).and_then(|rest| rest.get(..count)).unwrap_or_default())
    }

    /// Returns the offset of the first record magic at or after `offset`.
    fn find_magic(&mut self, mut offset: u64) -> io::Result<Option<u64>> {
        while offset + (RECORD_HEADER_BYTES as u64) <= self.bytes {
            let bytes = self.at(offset, WINDOW_BYTES)?;
            // The reserved rest of a file: most of what a start reads after a crash, so worth one comparison at a time.
            if ZEROS.get(..bytes.len()) == Some(bytes) {
                offset += bytes.len() as u64;
                continue;
            }
            if let Some(position) = bytes.windows(RECORD_MAGIC.len()).position(|window| window == RECORD_MAGIC) {
                return Ok(Some(offset + position as u64));
            }
            // The magic may begin in the last three bytes.
            offset += bytes.len().saturating_sub(RECORD_MAGIC.len() - 1).max(1) as u64;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
