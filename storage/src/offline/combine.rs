//! Several closed data folders as one: what `telltale open` shows of a folder of artifacts.
//!
//! Segments stand alone, so that only their numbers have to be told apart: each gets a new id, and the log numbers of each
//! source follow those of the source before. Files are linked where the file system can, which costs nothing, and copied
//! elsewhere; a manifest is written anew, since it says the number. Pins and deletions that were not carried out are left
//! behind.

use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, SegmentEntry};
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::io::RealDisk;
use crate::segment::manifest::{MANIFEST, Manifest};

/// What was put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Combined {
    /// Segments of all sources.
    pub segments: u64,
    /// Their rows.
    pub rows: u64,
}

/// The numbers that are given next.
struct Numbers {
    segment_id: u64,
    lsn: u64,
}

/// Puts the segments of `sources` into the new data folder `target`. Sources are left as they are; their logs must be
/// empty, as a server leaves them that was stopped.
///
/// # Errors
/// `Error::Locked` while a server has a folder; `Error::Newer`, `Error::Corrupt`, `Error::Catalog` and `Error::Io` when
/// one cannot be read or the target cannot be written.
pub fn combine(sources: &[PathBuf], target: &Path) -> Result<Combined, Error> {
    let target = DataDir::new(target);
    let _lock = target.prepare(&RealDisk)?;
    let mut numbers = Numbers { segment_id: 1, lsn: 0 };
    let mut entries = Vec::new();
    for source in sources {
        let source = DataDir::new(source);
        let _lock = source.prepare(&RealDisk)?;
        let found = Catalog::open(&source.catalog)?.segments()?;
        for entry in &found {
            entries.push(take(&source, entry, &target, &mut numbers)?);
        }
        numbers.lsn += found.iter().map(|entry| entry.last_lsn).max().unwrap_or_default();
    }
    Catalog::open(&target.catalog)?.commit_flush(&entries, numbers.lsn)?;
    let rows = entries.iter().map(|entry| entry.rows).sum();
    Ok(Combined { segments: entries.len() as u64, rows })
}

/// Brings one segment over, under new numbers.
fn take(source: &DataDir, entry: &SegmentEntry, target: &DataDir, next: &mut Numbers) -> Result<SegmentEntry, Error> {
    let from = source.root.join(&entry.path);
    let mut manifest = Manifest::read(&from, entry)?;
    manifest.segment_id = next.segment_id;
    manifest.first_lsn += next.lsn;
    manifest.last_lsn += next.lsn;
    manifest.replaces.clear();
    let manifest = manifest.checked()?;
    next.segment_id += 1;
    let path = format!("segments/{}/{:010}", manifest.table, manifest.segment_id);
    let to = target.root.join(&path);
    for file in &manifest.files {
        link(&from.join(&file.name), &to.join(&file.name))?;
    }
    let written = to.join(MANIFEST);
    std::fs::write(&written, manifest.text()?).map_err(|error| Error::io("write", &written, &error))?;
    manifest.entry(path).ok_or_else(|| Error::corrupt(&from.join(MANIFEST), "it names an unknown table or trace id"))
}

/// Links a file that never changes, or copies it.
fn link(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    }
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(from, to).map(drop).map_err(|error| Error::io("copy", from, &error))
}
