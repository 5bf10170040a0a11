//! The few file operations with which the engine writes, as a trait, so that tests can make each of them fail.
//!
//! Everything that changes the data folder goes through [`Disk`], but SQLite, which is trusted to be atomic, and the
//! lock file. Reading uses the operating system directly: a reader changes nothing.
//!
//! Deliberately absent: any cleverness. A method does one system call or a short fixed sequence of them.

use std::io;
use std::path::{Path, PathBuf};

use crate::limits::MAPPED_PIECE_BYTES;

mod disk;
mod faulty;

pub use disk::{RealDisk, disk_bytes};
pub use faulty::{Fault, FaultyDisk, Operation};

/// A file that is open for writing.
pub trait DiskFile: Send + std::fmt::Debug {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// The system's error; a part of the bytes may have been written.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Reserves room for `bytes` bytes, which read as zeros, so that later writes neither grow the file nor meet a full disk.
    ///
    /// # Errors
    /// The system's error, `StorageFull` above all.
    fn preallocate(&mut self, bytes: u64) -> io::Result<()>;

    /// Cuts the file to `bytes` bytes.
    ///
    /// # Errors
    /// The system's error.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// Returns once everything written is on the device.
    ///
    /// # Errors
    /// The system's error. What was written since the last success must then be taken as lost.
    fn sync(&mut self) -> io::Result<()>;
}

/// The operations on paths.
pub trait Disk: Send + Sync + std::fmt::Debug {
    /// Creates a file that must not exist yet. Durable only after [`Disk::sync_dir`] of its folder.
    ///
    /// # Errors
    /// The system's error.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for writing.
    ///
    /// # Errors
    /// The system's error.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Creates a folder and its missing parents.
    ///
    /// # Errors
    /// The system's error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Renames a file or folder. Durable only after [`Disk::sync_dir`] of the new parent.
    ///
    /// # Errors
    /// The system's error.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns once the entries of a folder are on the device.
    ///
    /// # Errors
    /// The system's error.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's error.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with everything in it.
    ///
    /// # Errors
    /// The system's error.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Returns the entries of a folder, sorted; none when there is no such folder.
    ///
    /// # Errors
    /// The system's error.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;

    /// Returns how many bytes are free for us on the disk of `path`.
    ///
    /// # Errors
    /// The system's error.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// Writes a whole new file and syncs it; the caller syncs the folder.
pub(crate) fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.create(path)?;
    write_in_pieces(file.as_mut(), bytes, 0)?;
    file.sync()
}

/// Writes a file, or a part of it, that may be mapped later. The page cache of Linux keeps what one call writes in pages of up to 2 MiB, and whoever
/// touches a byte of such a page has all of it counted as memory: 2,304 KiB for a look-up in an index (docs/decisions/0017).
pub(crate) fn write_in_pieces(file: &mut dyn DiskFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    let offsets = (offset..).step_by(MAPPED_PIECE_BYTES);
    bytes.chunks(MAPPED_PIECE_BYTES).zip(offsets).try_for_each(|(piece, offset)| file.write_all_at(piece, offset))
}

/// Lets a writer of the standard library append to a [`DiskFile`].
#[derive(Debug)]
pub(crate) struct Appender {
    file: Box<dyn DiskFile>,
    offset: u64,
}

impl Appender {
    pub(crate) fn new(file: Box<dyn DiskFile>) -> Self {
        Self { file, offset: 0 }
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

impl io::Write for Appender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
