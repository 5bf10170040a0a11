//! Reads an artifact from anywhere: what can be looked at goes into a folder of our own, and nothing is ever written
//! into the artifact.
//!
//! A zip from elsewhere is an attacker's: names that lead out of the folder, links, encrypted and doubled entries are
//! refused; sizes, counts and ratios are bounded by what is really read, whatever the zip says about itself
//! (`telltale_share::archive`).

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write as _};
use std::path::{Component, Path, PathBuf};

use super::{FORMAT, MANIFEST, Manifest, RESULTS, SCHEMA, STORE};
use crate::limits::{ARTIFACT_BYTES, ARTIFACT_ENTRIES, ARTIFACT_JSON_BYTES};
use telltale_share::archive::{Archive, ArchiveError, ArchiveLimits};
use telltale_signals::results::Results;
use tempfile::TempDir;

/// An artifact that can be looked at; its folder is removed when this goes.
#[derive(Debug)]
pub struct Opened {
    /// What it is.
    pub manifest: Manifest,
    /// What the run came to.
    pub results: Results,
    /// A copy of everything in it.
    pub folder: TempDir,
}

impl Opened {
    /// Returns the data folder.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }
}

/// Why an artifact cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    /// The system refuses.
    #[error("cannot read the artifact: {0}")]
    Io(#[from] io::Error),
    /// A folder has none.
    #[error("there is no artifact (NAME.telltale) in {}", .0.display())]
    Empty(PathBuf),
    /// The telemetry in it cannot be opened.
    #[error("its telemetry cannot be opened: {0}")]
    Store(String),
    /// It is no zip.
    #[error("it is no zip: {0}")]
    Zip(String),
    /// It is no artifact.
    #[error("it is no artifact of telltale: {0}\nhint: `telltale run --out FILE` writes one")]
    Foreign(String),
    /// It would do harm.
    #[error("it is not opened: {0}")]
    Unsafe(String),
    /// A newer program wrote it.
    #[error("its format is {found}, this telltale reads up to {FORMAT}\nhint: open it with the telltale that wrote it")]
    Newer {
        /// Its format.
        found: u32,
    },
}

/// Opens a file, or a folder that holds what was in one.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: &Path) -> Result<Opened, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    let folder = tempfile::Builder::new().prefix("telltale-open-").tempdir()?;
    if path.is_dir() {
        copy_folder(path, folder.path(), 0)?;
    } else {
        unpack(BufReader::new(File::open(path)?), folder.path())?;
    }
    opened(folder)
}

fn opened(folder: TempDir) -> Result<Opened, OpenError> {
    let manifest: Manifest = json(folder.path(), MANIFEST)?;
    if manifest.format > FORMAT {
        return Err(OpenError::Newer { found: manifest.format });
    }
    let results: Results = json(folder.path(), RESULTS)?;
    if !folder.path().join(STORE).is_dir() {
        return Err(OpenError::Foreign("it has no store".to_owned()));
    }
    Ok(Opened { manifest, results, folder })
}

/// Reads the results of an artifact alone, without unpacking its data.
///
/// # Errors
/// See [`OpenError`].
pub fn results(path: &Path) -> Result<Results, OpenError> {
    json(path, RESULTS)
}

/// Reads the schema of an artifact alone.
///
/// # Errors
/// See [`OpenError`].
pub fn schema(path: &Path) -> Result<String, OpenError> {
    let bytes = entry(path, SCHEMA)?;
    String::from_utf8(bytes).map_err(|error| OpenError::Foreign(format!("{SCHEMA}: {error}")))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path, name: &str) -> Result<T, OpenError> {
    serde_json::from_slice(&entry(path, name)?).map_err(|error| OpenError::Foreign(format!("{name}: {error}")))
}

/// Reads one of the JSON files of an artifact, packed or unpacked.
fn entry(path: &Path, name: &str) -> Result<Vec<u8>, OpenError> {
    if path.is_dir() {
        let file = File::open(path.join(name)).map_err(|error| OpenError::Foreign(format!("{name}: {error}")))?;
        return whole(file, name);
    }
    let file = File::open(path).map_err(|_| OpenError::Missing(path.to_owned()))?;
    let mut archive = archive(BufReader::new(file))?;
    let found = archive.entries().into_iter().find(|entry| entry.name == name);
    let found = found.ok_or_else(|| OpenError::Foreign(format!("it has no {name}")))?;
    let read = archive.read(found.index, |reader| whole(reader, name));
    read.map_err(|error| OpenError::Unsafe(format!("the entry {name:?}: {error}")))?
}

/// Reads a JSON file whole, when it is no larger than one may be.
fn whole(reader: impl Read, name: &str) -> Result<Vec<u8>, OpenError> {
    let mut bytes = Vec::new();
    let read = reader.take(ARTIFACT_JSON_BYTES + 1).read_to_end(&mut bytes)?;
    match read as u64 > ARTIFACT_JSON_BYTES {
        true => Err(OpenError::Unsafe(format!("{name} has more than {ARTIFACT_JSON_BYTES} bytes"))),
        false => Ok(bytes),
    }
}

/// Opens a zip under the guards that all zips have here (`telltale_share::archive`).
fn archive<R: Read + Seek>(reader: R) -> Result<Archive<R>, OpenError> {
    Archive::open(reader, &ArchiveLimits { entries: ARTIFACT_ENTRIES, bytes: ARTIFACT_BYTES }).map_err(|error| {
        match error {
            ArchiveError::Broken(error) => OpenError::Zip(error.to_string()),
            other => OpenError::Unsafe(other.to_string()),
        }
    })
}

/// Unpacks a zip into an empty folder.
pub(crate) fn unpack(reader: impl Read + Seek, folder: &Path) -> Result<(), OpenError> {
    let mut archive = archive(reader)?;
    let mut seen = HashSet::new();
    for entry in archive.entries() {
        let refuse = |why: &dyn std::fmt::Display| OpenError::Unsafe(format!("the entry {:?}: {why}", entry.name));
        let path = safe(&entry.name).ok_or_else(|| refuse(&"its name leads out of the folder"))?;
        if entry.is_folder {
            continue;
        }
        if !seen.insert(path.clone()) {
            return Err(refuse(&"it is there twice"));
        }
        let target = folder.join(&path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = File::create_new(&target)?;
        let copied = archive.read(entry.index, |reader| io::copy(reader, &mut file)).map_err(|error| refuse(&error))?;
        copied.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidData => refuse(&error),
            _ => OpenError::Io(error),
        })?;
        file.flush()?;
    }
    Ok(())
}

/// Returns the path of a name that stays inside; plain parts only, none of them special on any system.
fn safe(name: &str) -> Option<PathBuf> {
    if name.contains(['\\', ':', '\0']) || name.is_empty() {
        return None;
    }
    let path = PathBuf::from(name);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

/// Deepest folder of an artifact.
const DEPTH: usize = 8;

/// Copies a folder; files that never change are linked where the file system can, which costs nothing.
fn copy_folder(from: &Path, to: &Path, depth: usize) -> Result<(), OpenError> {
    if depth > DEPTH {
        return Err(OpenError::Unsafe(format!("{} is nested deeper than {DEPTH}", from.display())));
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            std::fs::create_dir(&target)?;
            copy_folder(&entry.path(), &target, depth + 1)?;
        } else if kind.is_file() {
            let is_immutable = target.extension().is_some_and(|extension| extension == "parquet");
            if !is_immutable || std::fs::hard_link(entry.path(), &target).is_err() {
                std::fs::copy(entry.path(), &target)?;
            }
        } else {
            return Err(OpenError::Unsafe(format!("{} is neither file nor folder", entry.path().display())));
        }
    }
    Ok(())
}
