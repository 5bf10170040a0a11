//! Room that is set aside, so that the folder opens on a disk that somebody else has filled.
//!
//! SQLite may need some pages to open the catalog, and the first flush needs room before old log files can go. The file `RESERVE` keeps
//! that room; a start on a disk that has less gives it back first, and maintenance sets it aside again when there is enough.

use std::path::{Path, PathBuf};

use crate::data_dir::DataDir;
use crate::io::Disk;
use crate::limits::RESERVE_BYTES;
use crate::storage::Options;

/// Name of the file.
const RESERVE: &str = "RESERVE";

fn path(paths: &DataDir) -> PathBuf {
    paths.root.join(RESERVE)
}

/// Gives the room back when the disk has less than that free. What fails is left: the start tries without it.
pub(crate) fn give_back(options: &Options, paths: &DataDir) {
    let path = path(paths);
    let free = options.disk.free_bytes(&paths.root).unwrap_or(0);
    if free >= RESERVE_BYTES || !path.exists() {
        return;
    }
    match options.disk.remove_file(&path) {
        Ok(()) => tracing::warn!(free, path = %path.display(), "the disk is full: the start uses the room set aside"),
        Err(error) => tracing::warn!(%error, path = %path.display(), "the room set aside cannot be given back"),
    }
}

/// Sets the room aside when it is not and the disk has more than ingest wants to leave free. A store that may fill the disk to its last
/// byte (`free_bytes_min` of 0) needs none, and one that only reads writes nothing.
pub(crate) fn set_aside(options: &Options, paths: &DataDir) {
    let path = path(paths);
    let wanted = options.limits.free_bytes_min.saturating_add(RESERVE_BYTES);
    let is_wanted = options.limits.free_bytes_min > 0 && !options.read_only;
    if !is_wanted || path.exists() || options.disk.free_bytes(&paths.root).unwrap_or(0) < wanted {
        return;
    }
    if let Err(error) = write(options.disk.as_ref(), &path) {
        tracing::debug!(%error, path = %path.display(), "no room is set aside");
        // A file without the room is worse than none; maintenance tries again.
        drop(options.disk.remove_file(&path));
    }
}

fn write(disk: &dyn Disk, path: &Path) -> std::io::Result<()> {
    let mut file = disk.create(path)?;
    file.preallocate(RESERVE_BYTES)?;
    file.sync()
}
