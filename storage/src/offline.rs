//! What is done to a data folder while no server has it: checking every file, and making a lost catalog anew.
//!
//! Segments stand alone: a manifest says all that the catalog knew of its segment. What manifests cannot say is which of two
//! versions of the same rows counts, when a crash came between a compaction's outputs and the catalog, or between a flush
//! and the catalog. [`rebuild_catalog`] decides that from the folders and from the log, so that each row is there once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, SegmentEntry};
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::io::{Disk as _, RealDisk};
use crate::remote::RemoteStore;
use crate::schema;
use crate::segment::manifest::{DATA, MANIFEST, Manifest};
use crate::wal::first_logged;

mod bucket;
mod combine;

pub use combine::{Combined, combine};

/// What a check of all files found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Segments of the catalog.
    pub segments: u64,
    /// Files that were read and compared.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that only the object store has; they were not read.
    pub in_store: u64,
    /// Damaged or missing files, each with what was found.
    pub damaged: Vec<String>,
    /// Folders that the catalog does not list; the next start removes them or puts them aside.
    pub unlisted: Vec<PathBuf>,
}

/// What a new catalog was made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rebuilt {
    /// Segments in it.
    pub segments: u64,
    /// Rows of these.
    pub rows: u64,
    /// Everything up to this WAL number is in segments; what follows is replayed at the next start.
    pub flushed_lsn: u64,
    /// Segments left out because others, or the log, hold the same rows; the next start removes them or puts them aside.
    pub left_out: u64,
    /// Segments whose rows only the object store has.
    pub in_store: u64,
    /// Segments without a readable manifest.
    pub damaged: Vec<String>,
    /// Where the old catalog lies now.
    pub kept: Option<PathBuf>,
}

/// The versions in a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The catalog's version, 0 when there is none, and the newest that is understood.
    pub catalog: (u64, u64),
    /// Segments by the version of their schema, and the newest that is understood.
    pub schemas: (BTreeMap<u64, u64>, u64),
}

/// A data folder that is ours, until this is dropped.
struct Offline {
    paths: DataDir,
    _lock: File,
}

impl Offline {
    fn open(data_dir: &Path) -> Result<Self, Error> {
        let paths = DataDir::new(data_dir);
        if !paths.root.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::io("open", &paths.root, &error));
        }
        Self::create(data_dir)
    }

    fn create(data_dir: &Path) -> Result<Self, Error> {
        let paths = DataDir::new(data_dir);
        let lock = paths.prepare(&RealDisk)?;
        Ok(Self { paths, _lock: lock })
    }

    /// Returns the folders of all segments.
    fn folders(&self) -> Result<Vec<PathBuf>, Error> {
        let list = |path: &Path| RealDisk.list(path).map_err(|error| Error::io("list", path, &error));
        let mut folders = Vec::new();
        for table in list(&self.paths.segments)? {
            folders.extend(list(&table)?);
        }
        Ok(folders)
    }
}

/// Reads every file of every segment and compares it with its manifest. `progress` is told the bytes read and those of all.
///
/// # Errors
/// `Error::Locked` while a server has the folder; `Error::Newer`, `Error::Catalog` and `Error::Io` when the folder itself
/// cannot be read. Damage is no error: it is in the answer.
pub fn verify(data_dir: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Verified, Error> {
    let offline = Offline::open(data_dir)?;
    let catalog = Catalog::open(&offline.paths.catalog)?;
    let entries = catalog.segments()?;
    let (removed, uploaded) = (catalog.removed()?, catalog.uploaded()?);
    let all: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let mut found = Verified { segments: entries.len() as u64, ..Verified::default() };
    for entry in &entries {
        let dir = offline.paths.root.join(&entry.path);
        let is_elsewhere = |name: &str| uploaded.contains_key(&entry.segment_id) && !dir.join(name).exists();
        if is_elsewhere(MANIFEST) {
            found.in_store += 1;
            continue;
        }
        match Manifest::read(&dir, entry) {
            Ok(manifest) => {
                if manifest.entry(entry.path.clone()).as_ref() != Some(entry) {
                    let path = dir.join(MANIFEST);
                    found.damaged.push(Error::corrupt(&path, "it says something else than the catalog").to_string());
                }
                for file in &manifest.files {
                    if is_elsewhere(&file.name) {
                        found.in_store += 1;
                        continue;
                    }
                    found.files += 1;
                    found.bytes += file.bytes;
                    found.damaged.extend(manifest.verify(&dir, &file.name).err().map(|error| error.to_string()));
                    progress(found.bytes, all);
                }
            }
            Err(error) => found.damaged.push(error.to_string()),
        }
    }
    let known: BTreeSet<PathBuf> = entries
        .iter()
        .map(|entry| &entry.path)
        .chain(removed.iter().map(|(_, path)| path))
        .map(PathBuf::from)
        .collect();
    let is_known = |path: &Path| path.strip_prefix(&offline.paths.root).is_ok_and(|path| known.contains(path));
    found.unlisted = offline.folders()?.into_iter().filter(|path| !is_known(path)).collect();
    Ok(found)
}

/// Says which versions a data folder has, without changing anything.
///
/// # Errors
/// As [`verify`].
pub fn versions(data_dir: &Path) -> Result<Versions, Error> {
    let offline = Offline::open(data_dir)?;
    let mut schemas = BTreeMap::new();
    for folder in offline.folders()? {
        if let Ok(manifest) = read_manifest(&folder) {
            *schemas.entry(u64::from(manifest.schema_version)).or_insert(0) += 1;
        }
    }
    let catalog = Catalog::version(&offline.paths.catalog)?;
    Ok(Versions { catalog, schemas: (schemas, u64::from(schema::VERSION)) })
}

/// Brings the catalog to the newest version, as a start does. Segments are never rewritten for that.
///
/// # Errors
/// As [`verify`].
pub fn migrate(data_dir: &Path) -> Result<(), Error> {
    let offline = Offline::open(data_dir)?;
    Catalog::open(&offline.paths.catalog).map(drop)
}

/// Makes the catalog anew from the manifests of the segments, in the data folder and in the object store. The old one is kept,
/// under another name. Pins are lost. With a store, the data folder may be empty or missing.
///
/// # Errors
/// `Error::Remote` when the store does not answer: nothing is changed then but for manifests that came over.
/// `Error::Locked` while a server has the folder; `Error::Io` and `Error::Catalog` when it cannot be written. A manifest
/// that cannot be read is in the answer; its segment is not in the new catalog and is put aside by the next start.
pub fn rebuild_catalog(data_dir: &Path, store: Option<&RemoteStore>) -> Result<Rebuilt, Error> {
    let offline = if store.is_some() { Offline::create(data_dir)? } else { Offline::open(data_dir)? };
    let paths = &offline.paths;
    let mut rebuilt = Rebuilt::default();
    let collected = store.map(|store| bucket::collect(paths, store)).transpose()?;
    let mut manifests = Vec::new();
    for folder in offline.folders()? {
        match read_manifest(&folder).and_then(|manifest| Ok((entry(&folder, paths, &manifest)?, manifest))) {
            Ok(one) => manifests.push(one),
            Err(error) => rebuilt.damaged.push(error.to_string()),
        }
    }
    let oldest_logged = first_logged(&RealDisk, &paths.wal)?;
    let all = manifests.len() as u64;
    let (entries, flushed_lsn) = live(manifests, oldest_logged);
    rebuilt.left_out = all - entries.len() as u64;
    rebuilt.segments = entries.len() as u64;
    rebuilt.rows = entries.iter().map(|entry| entry.rows).sum();
    rebuilt.flushed_lsn = flushed_lsn;
    rebuilt.kept = put_aside(paths)?;
    let mut catalog = Catalog::open(&paths.catalog)?;
    catalog.commit_flush(&entries, flushed_lsn)?;
    if let Some(collected) = collected {
        catalog.set_uploaded(&collected.places, &collected.owner)?;
        let is_kept = |id: &u64| entries.iter().any(|entry| entry.segment_id == *id);
        let gone = collected.made.iter().copied().filter(|id| !is_kept(id)).collect();
        bucket::remove_made(paths, &collected.places, &gone)?;
        rebuilt.damaged.extend(collected.damaged);
        let is_here = |entry: &&SegmentEntry| paths.root.join(&entry.path).join(DATA).exists();
        rebuilt.in_store = entries.iter().filter(|entry| !is_here(entry)).count() as u64;
    }
    RealDisk.sync_dir(&paths.root).map_err(|error| Error::io("sync", &paths.root, &error))?;
    Ok(rebuilt)
}

fn read_manifest(folder: &Path) -> Result<Manifest, Error> {
    let path = folder.join(MANIFEST);
    let bytes = std::fs::read(&path).map_err(|error| Error::corrupt(&path, error))?;
    Manifest::parse(&path, &bytes)
}

fn entry(folder: &Path, paths: &DataDir, manifest: &Manifest) -> Result<SegmentEntry, Error> {
    let path = folder.strip_prefix(&paths.root).unwrap_or(folder).to_string_lossy().into_owned();
    manifest.entry(path).ok_or_else(|| Error::corrupt(&folder.join(MANIFEST), "it names an unknown table or trace id"))
}

/// Chooses the segments that hold each row once, and the WAL number up to which they hold everything.
fn live(mut segments: Vec<(SegmentEntry, Manifest)>, oldest_logged: Option<u64>) -> (Vec<SegmentEntry>, u64) {
    // Newest compactions first: an input of a compaction that counts does not count, nor do its own inputs.
    segments.sort_unstable_by_key(|(entry, _)| std::cmp::Reverse(entry.segment_id));
    let rows: BTreeMap<u64, u64> = segments.iter().map(|(entry, _)| (entry.segment_id, entry.rows)).collect();
    let mut written: BTreeMap<&[u64], u64> = BTreeMap::new();
    for (entry, manifest) in &segments {
        *written.entry(manifest.replaces.as_slice()).or_default() += entry.rows;
    }
    // Outputs that were cut off before all of them had their place have fewer rows than their inputs, which are all there.
    let is_whole = |manifest: &Manifest| {
        let inputs: Option<u64> = manifest.replaces.iter().map(|id| rows.get(id)).sum();
        inputs.is_none_or(|inputs| written.get(manifest.replaces.as_slice()).is_some_and(|rows| *rows >= inputs))
    };
    let mut replaced: BTreeSet<u64> = BTreeSet::new();
    let mut kept = Vec::new();
    for (entry, manifest) in &segments {
        if is_whole(manifest) || manifest.replaces.is_empty() {
            replaced.extend(&manifest.replaces);
            if !replaced.contains(&entry.segment_id) {
                kept.push(entry.clone());
            }
        }
    }
    // A flush whose records are all in the log may have been cut off: the log has its rows.
    let is_logged = |entry: &SegmentEntry| entry.level == 0 && oldest_logged.is_some_and(|lsn| entry.first_lsn >= lsn);
    kept.retain(|entry| !is_logged(entry));
    kept.sort_unstable_by_key(|entry| entry.segment_id);
    let flushed_lsn = kept.iter().map(|entry| entry.last_lsn).max().unwrap_or(0);
    (kept, flushed_lsn)
}

/// Renames the old catalog's files, with a number that is free.
fn put_aside(paths: &DataDir) -> Result<Option<PathBuf>, Error> {
    let old = |number: u32| paths.root.join(format!("catalog.old-{number}.sqlite"));
    let number = (1..).find(|number| !old(*number).exists()).unwrap_or(0);
    let mut kept = None;
    for suffix in ["", "-wal", "-shm"] {
        let from = paths.root.join(format!("catalog.sqlite{suffix}"));
        if from.exists() {
            let to = PathBuf::from(format!("{}{suffix}", old(number).display()));
            RealDisk.rename(&from, &to).map_err(|error| Error::io("rename", &from, &error))?;
            kept.get_or_insert(to);
        }
    }
    RealDisk.sync_dir(&paths.root).map_err(|error| Error::io("sync", &paths.root, &error))?;
    Ok(kept)
}

#[cfg(test)]
mod tests;
