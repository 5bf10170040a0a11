//! A finished segment gets its name, and an abandoned one goes: what flush and compaction have in common.

use std::path::{Path, PathBuf};

use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::shared::Shared;

/// Renames a segment's folder from `tmp/` to its place and syncs the folders above. `created` gets what an error later
/// must undo.
pub(crate) fn install(
    shared: &Shared,
    tmp: &Path,
    entry: &SegmentEntry,
    created: &mut Vec<PathBuf>,
) -> Result<(), Error> {
    let (disk, paths) = (&shared.options.disk, &shared.paths);
    let target = paths.root.join(&entry.path);
    let parent = paths.segments.join(entry.table.name());
    if !parent.exists() {
        disk.create_dir(&parent).map_err(|error| Error::io("create", &parent, &error))?;
        disk.sync_dir(&paths.segments).map_err(|error| Error::io("sync", &paths.segments, &error))?;
    }
    disk.rename(tmp, &target).map_err(|error| Error::io("rename", tmp, &error))?;
    created.push(target);
    disk.sync_dir(&parent).map_err(|error| Error::io("sync", &parent, &error))
}

/// Removes what a failed flush or compaction wrote. What cannot be removed is tried again later, and at the next start.
pub(crate) fn undo(shared: &Shared, created: &[PathBuf]) {
    for path in created.iter().filter(|path| path.exists()) {
        if let Err(error) = shared.options.disk.remove_dir(path) {
            tracing::warn!(path = %path.display(), %error, "the remains of a failed flush or compaction stay for now");
            shared.graveyard.add_leftover(path.clone());
        }
    }
}
