//! Reads an artifact from anywhere: what can be looked at goes into a folder of our own, and nothing is ever written
//! into the artifact.
//!
//! A zip from elsewhere is an attacker's: names that lead out of the folder, links, encrypted and doubled entries are
//! refused; sizes, counts and ratios are bounded by what is really read, whatever the zip says about itself.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write as _};
use std::path::{Component, Path, PathBuf};

use telltale_signals::results::Results;
use tempfile::TempDir;
use zip::ZipArchive;

use super::{FORMAT, MANIFEST, Manifest, RESULTS, STORE};
use crate::limits::{ARTIFACT_BYTES, ARTIFACT_ENTRIES, ARTIFACT_JSON_BYTES, ARTIFACT_RATIO};

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
    let manifest: Manifest = json(&folder.path().join(MANIFEST))?;
    if manifest.format > FORMAT {
        return Err(OpenError::Newer { found: manifest.format });
    }
    let results: Results = json(&folder.path().join(RESULTS))?;
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
    let file = File::open(path).map_err(|_| OpenError::Missing(path.to_owned()))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| OpenError::Zip(error.to_string()))?;
    let entry = zip.by_name(RESULTS).map_err(|error| OpenError::Foreign(format!("{RESULTS}: {error}")))?;
    let mut bytes = Vec::new();
    entry.take(ARTIFACT_JSON_BYTES).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(|error| OpenError::Foreign(format!("{RESULTS}: {error}")))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = File::open(path).map_err(|error| OpenError::Foreign(format!("{name}: {error}")))?;
    let mut bytes = Vec::new();
    file.take(ARTIFACT_JSON_BYTES).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(|error| OpenError::Foreign(format!("{name}: {error}")))
}

/// Unpacks a zip into an empty folder.
pub(crate) fn unpack(reader: impl Read + Seek, folder: &Path) -> Result<(), OpenError> {
    let mut zip = ZipArchive::new(reader).map_err(|error| OpenError::Zip(error.to_string()))?;
    if zip.len() > ARTIFACT_ENTRIES {
        return Err(OpenError::Unsafe(format!("it has {} entries, more than {ARTIFACT_ENTRIES}", zip.len())));
    }
    let (mut left, mut seen) = (ARTIFACT_BYTES, HashSet::new());
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|error| OpenError::Zip(error.to_string()))?;
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(error) => return Err(OpenError::Unsafe(format!("entry {index} has a name that is no text: {error}"))),
        };
        let refuse = |why: &str| OpenError::Unsafe(format!("the entry {name:?} {why}"));
        let path = safe(&name).ok_or_else(|| refuse("leads out of the folder"))?;
        if entry.is_symlink() || entry.encrypted() {
            return Err(refuse("is a link or encrypted"));
        }
        if entry.is_dir() {
            continue;
        }
        if !seen.insert(path.clone()) {
            return Err(refuse("is there twice"));
        }
        let target = folder.join(&path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let allowed = entry.compressed_size().saturating_mul(ARTIFACT_RATIO).saturating_add(ARTIFACT_RATIO).min(left);
        let mut file = File::create_new(&target)?;
        let written = io::copy(&mut (&mut entry).take(allowed.saturating_add(1)), &mut file)?;
        if written > allowed {
            return Err(refuse("is larger than an artifact may be, or packed more tightly than data is"));
        }
        left -= written;
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
