//! Reads the whole log at the start: what replay gets, and what is lost.
//!
//! 1. Files are read in the order of their names; a record is replayed when its number is beyond both the catalog's
//!    and every number seen so far, so that a file that came back from the dead repeats nothing.
//! 2. A gap in the numbers is damage when a later record of the same process says that the missing one was committed;
//!    otherwise it is a torn write that nobody was promised, and is passed over silently.
//! 3. The file around damage is copied to the quarantine folder before a flush may delete it.

use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::reader::{FileReader, Item};
use super::record::Record;
use super::writer::WalFile;
use crate::error::Error;
use crate::io::Disk;

/// How a damaged file is copied.
const COPY_BYTES: usize = 1 << 20;

/// What was found in the log.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// Newest record, or what the catalog has when that is more.
    pub(crate) last_lsn: u64,
    /// The log's files, oldest first.
    pub(crate) files: Vec<WalFile>,
    /// Lost records, in words.
    pub(crate) damage: Vec<String>,
    /// Number of records given to `replay`.
    pub(crate) replayed: u64,
}

/// Reads the log in `dir` and gives every record after `flushed_lsn` to `replay`, in order.
pub(crate) fn recover(
    disk: &dyn Disk,
    dir: &Path,
    quarantine: &Path,
    flushed_lsn: u64,
    mut replay: impl FnMut(Record) -> Result<(), Error>,
) -> Result<Recovered, Error> {
    let mut found = Recovered { last_lsn: flushed_lsn, ..Recovered::default() };
    let mut gaps: Vec<RangeInclusive<u64>> = Vec::new();
    let paths = disk.list(dir).map_err(|error| Error::io("list", dir, &error))?;
    for path in paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "wal")) {
        let mut reader = FileReader::open(&path)?;
        // Without a header, every gap is under suspicion.
        let opened_lsn = reader.header().map_or(0, |header| header.opened_lsn);
        gaps.retain(|gap| *gap.start() > opened_lsn);
        let mut file_last_lsn = 0;
        while let Some(item) = reader.next_item()? {
            let Item::Record(record) = item else { continue };
            file_last_lsn = file_last_lsn.max(record.lsn);
            if record.lsn <= found.last_lsn {
                continue;
            }
            if record.lsn > found.last_lsn + 1 {
                gaps.push(found.last_lsn + 1..=record.lsn - 1);
            }
            for gap in gaps.extract_if(.., |gap| *gap.start() <= record.committed_lsn) {
                found.note_damage(disk, &path, quarantine, &gap)?;
            }
            found.last_lsn = record.lsn;
            found.replayed += 1;
            replay(record)?;
        }
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        found.files.push(WalFile { path, last_lsn: file_last_lsn, bytes });
    }
    Ok(found)
}

impl Recovered {
    fn note_damage(
        &mut self,
        disk: &dyn Disk,
        path: &Path,
        quarantine: &Path,
        missing: &RangeInclusive<u64>,
    ) -> Result<(), Error> {
        let mut kept = vec![quarantine_copy(disk, path, quarantine)?];
        // The record may have been the last of the file before.
        if let Some(before) = self.files.last() {
            kept.push(quarantine_copy(disk, &before.path, quarantine)?);
        }
        let kept: Vec<_> = kept.iter().map(|path| path.display().to_string()).collect();
        let (from, to) = missing.clone().into_inner();
        self.damage.push(format!(
            "{}: appends {from} to {to} are lost, their bytes in the log are damaged; copies: {}",
            path.display(),
            kept.join(", ")
        ));
        Ok(())
    }
}

/// Returns the number of the oldest record that the log in `dir` may still have; `None` when there is no log.
pub(crate) fn first_logged(disk: &dyn Disk, dir: &Path) -> Result<Option<u64>, Error> {
    let files = disk.list(dir).map_err(|error| Error::io("list", dir, &error))?;
    Ok(files.iter().filter_map(|path| path.file_stem()?.to_str()?.parse().ok()).min())
}

/// Copies a file into the quarantine folder, once, and returns the copy's path.
pub(crate) fn quarantine_copy(disk: &dyn Disk, path: &Path, quarantine: &Path) -> Result<PathBuf, Error> {
    let copy = quarantine.join(path.file_name().unwrap_or_default());
    if copy.exists() {
        return Ok(copy);
    }
    let work = || -> std::io::Result<()> {
        let mut source = File::open(path)?;
        let mut target = disk.create(&copy)?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut offset = 0;
        loop {
            let count = source.read(&mut buffer)?;
            let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
            target.write_all_at(chunk, offset)?;
            offset += count as u64;
        }
        target.sync()?;
        disk.sync_dir(quarantine)
    };
    work().map_err(|error| Error::io("copy to quarantine", path, &error))?;
    Ok(copy)
}

#[cfg(test)]
mod tests;
