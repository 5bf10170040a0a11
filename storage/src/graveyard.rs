//! Folders of segments that are not live any more: each is removed once no snapshot holds its segment.
//!
//! The catalog notes such a folder in the transaction that takes its segment out and forgets it only when the folder is
//! gone for good, so that a crash at any point leaves nothing behind and removes nothing that is live.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::segment::Segment;
use crate::shared::Shared;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Graveyard {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    segments: Vec<Arc<Segment>>,
    /// Folders that no catalog knows and whose removal failed.
    leftovers: Vec<PathBuf>,
}

impl Graveyard {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds segments that the catalog has taken out.
    pub(crate) fn add(&self, segments: impl IntoIterator<Item = Arc<Segment>>) {
        self.lock().segments.extend(segments);
    }

    /// Adds the remains of a failed flush or compaction.
    pub(crate) fn add_leftover(&self, path: PathBuf) {
        self.lock().leftovers.push(path);
    }

    /// Returns how many bytes wait for queries to end.
    pub(crate) fn bytes(&self) -> u64 {
        self.lock().segments.iter().map(|segment| segment.bytes()).sum()
    }

    /// Takes out those that nobody reads any more.
    fn take_unread(&self) -> (Vec<Arc<Segment>>, Vec<PathBuf>) {
        let mut waiting = self.lock();
        // The one reference is ours, and nobody can get another.
        let unread = waiting.segments.extract_if(.., |segment| Arc::strong_count(segment) == 1).collect();
        (unread, std::mem::take(&mut waiting.leftovers))
    }
}

/// Removes the folders that nobody reads any more.
///
/// # Errors
/// The first failed removal; everything that is left is tried again the next time.
pub(crate) fn bury(shared: &Shared) -> Result<(), Error> {
    let (segments, leftovers) = shared.graveyard.take_unread();
    let mut result = Ok(());
    for path in leftovers {
        if path.exists()
            && let Err(error) = shared.options.disk.remove_dir(&path)
        {
            result = Err(Error::io("remove", &path, &error));
            shared.graveyard.add_leftover(path);
        }
    }
    for segment in segments {
        let id = segment.id();
        match remove(shared, segment.dir()).and_then(|()| shared.catalog().forget_removed(&[id])) {
            Ok(()) => {
                if let Some(remote) = &shared.segment_context.remote {
                    remote.cache.forget(id);
                }
            }
            Err(error) => {
                shared.graveyard.add([segment]);
                result = Err(error);
            }
        }
    }
    result
}

/// Removes a folder for good: its name does not come back with a power cut.
pub(crate) fn remove(shared: &Shared, dir: &std::path::Path) -> Result<(), Error> {
    let disk = &shared.options.disk;
    if dir.exists() {
        disk.remove_dir(dir).map_err(|error| Error::io("remove", dir, &error))?;
    }
    match dir.parent().filter(|parent| parent.exists()) {
        Some(parent) => disk.sync_dir(parent).map_err(|error| Error::io("sync", parent, &error)),
        None => Ok(()),
    }
}
