//! Zip archives, read entry by entry and never unpacked: the one place for the guards of all callers.
//!
//! Guards: a bounded number of entries, a bounded sum of decompressed bytes (counted, not believed), a bound on the ratio,
//! no encrypted entries, no symbolic links. Names are text for messages; nothing here makes a path of them.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read, Seek};
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::inflate::Guarded;
use crate::limits::{ARCHIVE_ENTRIES, CONTENT_BYTES};

/// First bytes of a zip archive: a local file header, or the end record of an empty one.
const MAGICS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Says whether data begins like a zip archive.
#[must_use]
pub fn is_archive(head: &[u8]) -> bool {
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// What an archive may hold.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveLimits {
    /// Entries.
    pub entries: usize,
    /// Decompressed bytes of all entries that are read, together.
    pub bytes: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { entries: ARCHIVE_ENTRIES, bytes: CONTENT_BYTES }
    }
}

/// Why an archive or one of its entries is not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no archive, or its directory is damaged.
    #[error("the zip archive cannot be read: {0}")]
    Broken(#[from] ZipError),
    /// More entries than allowed.
    #[error("the zip archive has {found} entries, more than {limit}")]
    TooMany {
        /// Entries of the archive.
        found: usize,
        /// Entries allowed.
        limit: usize,
    },
    /// An entry that is not read.
    #[error("{0}")]
    Refused(&'static str),
}

/// An entry, as the archive's directory describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position, for [`Archive::read`].
    pub index: usize,
    /// Its name as written; may be anything, also `../../x`.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// An open archive.
pub struct Archive<R> {
    zip: ZipArchive<R>,
    bytes_left: u64,
}

impl<R> fmt::Debug for Archive<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("bytes_left", &self.bytes_left).finish_non_exhaustive()
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory of an archive.
    ///
    /// # Errors
    /// No archive, a damaged directory, or too many entries.
    pub fn open(reader: R, limits: &ArchiveLimits) -> Result<Self, ArchiveError> {
        let zip = ZipArchive::new(reader)?;
        if zip.len() > limits.entries {
            return Err(ArchiveError::TooMany { found: zip.len(), limit: limits.entries });
        }
        Ok(Self { zip, bytes_left: limits.bytes })
    }

    /// Returns the entries in the order of the directory.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        // A name that is no text is shown as far as it is one.
        let name = |index| match self.zip.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            Some(Err(_)) | None => format!("entry {index}"),
        };
        let entry = |index| {
            let name = name(index);
            Entry { index, is_folder: name.ends_with('/'), name }
        };
        (0..self.zip.len()).map(entry).collect()
    }

    /// Hands the content of an entry to `read`. What was decompressed counts for the archive's limit.
    ///
    /// # Errors
    /// An encrypted entry, a symbolic link, a compression that is not understood, or a damaged header.
    pub fn read<T>(&mut self, index: usize, read: impl FnOnce(&mut dyn Read) -> T) -> Result<T, ArchiveError> {
        let file = self.zip.by_index(index)?;
        if file.encrypted() {
            return Err(ArchiveError::Refused("the entry is encrypted"));
        }
        if file.is_symlink() {
            return Err(ArchiveError::Refused("the entry is a symbolic link"));
        }
        // The archive cannot give more than its compressed size says: the reader of the entry ends there.
        let taken = Rc::new(Cell::new(file.compressed_size()));
        let mut counted = Total { inner: Guarded::new(file, taken, self.bytes_left), given: 0 };
        let result = read(&mut counted);
        self.bytes_left = self.bytes_left.saturating_sub(counted.given);
        Ok(result)
    }
}

/// Counts what was read.
struct Total<R> {
    inner: R,
    given: u64,
}

impl<R: Read> Read for Total<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.given += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::SimpleFileOptions;

    use super::*;

    /// Writes an archive with the given entries.
    pub(crate) fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read_all(archive: &mut Archive<Cursor<Vec<u8>>>, index: usize) -> io::Result<Vec<u8>> {
        let read = |reader: &mut dyn Read| {
            let mut out = Vec::new();
            reader.read_to_end(&mut out).map(|_| out)
        };
        archive.read(index, read).unwrap()
    }

    /// Scenario: names that would leave the folder. Guarantees: they are names, the content is read, no file appears.
    #[test]
    fn names_are_only_text() {
        let bytes = zip_of(&[("../../etc/passwd", b"one"), ("/abs", b"two"), ("a\\..\\b", b"three")]);
        let mut archive = Archive::open(Cursor::new(bytes), &ArchiveLimits::default()).unwrap();
        let names: Vec<String> = archive.entries().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), 3);
        assert_eq!(read_all(&mut archive, 0).unwrap(), b"one");
        assert_eq!(read_all(&mut archive, 2).unwrap(), b"three");
    }

    /// Scenario: a symbolic link. Guarantees: it is refused, its neighbour is read.
    #[test]
    fn links_are_refused() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        writer.start_file("file", SimpleFileOptions::default()).unwrap();
        writer.write_all(b"content").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let mut archive = Archive::open(Cursor::new(bytes), &ArchiveLimits::default()).unwrap();
        let refused = archive.read(0, |_reader| ()).unwrap_err();
        assert_eq!(refused.to_string(), "the entry is a symbolic link");
        assert_eq!(read_all(&mut archive, 1).unwrap(), b"content");
    }

    /// Scenario: entries that are small each and too large together, a bomb, too many entries. Guarantees: each bound holds.
    #[test]
    fn bounds_hold_over_all_entries() {
        let limits = ArchiveLimits { entries: 3, bytes: 1_500 };
        let bytes = zip_of(&[("a", &[1; 1_000]), ("b", &[2; 1_000])]);
        let mut archive = Archive::open(Cursor::new(bytes), &limits).unwrap();
        assert_eq!(read_all(&mut archive, 0).unwrap().len(), 1_000);
        assert!(read_all(&mut archive, 1).is_err(), "the second is beyond what is left");
        let bytes = zip_of(&[("bomb", &vec![0; 12 << 20])]);
        let mut archive = Archive::open(Cursor::new(bytes), &ArchiveLimits::default()).unwrap();
        assert!(read_all(&mut archive, 0).unwrap_err().to_string().contains("times its size"));
        let bytes = zip_of(&[("a", b""), ("b", b""), ("c", b""), ("d", b"")]);
        let error = Archive::open(Cursor::new(bytes), &limits).unwrap_err();
        assert_eq!(error.to_string(), "the zip archive has 4 entries, more than 3");
    }
}
