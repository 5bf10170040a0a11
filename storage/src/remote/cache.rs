//! Which files of uploaded segments are on the local disk, and which of them goes first.
//!
//! The bound may be passed by the files that are being fetched at this moment, and by one file that is larger than the bound.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use crate::io::Disk;
use crate::segment::Handles;

/// See the module.
#[derive(Debug)]
pub(crate) struct Cache {
    state: Mutex<State>,
    limit: u64,
}

#[derive(Debug, Default)]
struct State {
    /// By segment, then by the file's name.
    files: HashMap<u64, BTreeMap<String, Cached>>,
    bytes: u64,
    tick: u64,
    evictions: u64,
}

/// A file on the local disk.
#[derive(Debug)]
pub(crate) struct Cached {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// What has it open for good.
    pub(crate) handles: Weak<Handles>,
    used: u64,
}

impl Cached {
    pub(crate) fn new(path: PathBuf, bytes: u64, handles: Weak<Handles>) -> Self {
        Self { path, bytes, handles, used: 0 }
    }
}

impl Cache {
    pub(crate) fn new(limit: u64) -> Self {
        Self { state: Mutex::default(), limit }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    pub(crate) fn evictions(&self) -> u64 {
        self.lock().evictions
    }

    /// Says that a file, or every file of a folder (a name that ends in `/`), was used.
    pub(crate) fn touch(&self, segment_id: u64, name: &str) {
        let mut state = self.lock();
        state.tick += 1;
        let tick = state.tick;
        let Some(files) = state.files.get_mut(&segment_id) else { return };
        let is_meant = |file: &str| file == name || (name.ends_with('/') && file.starts_with(name));
        for (_, file) in files.iter_mut().filter(|(file, _)| is_meant(file)) {
            file.used = tick;
        }
    }

    /// Adds a file that is on the disk now.
    pub(crate) fn insert(&self, segment_id: u64, name: &str, mut file: Cached) {
        let mut state = self.lock();
        state.tick += 1;
        file.used = state.tick;
        state.bytes += file.bytes;
        if let Some(before) = state.files.entry(segment_id).or_default().insert(name.to_owned(), file) {
            state.bytes -= before.bytes;
        }
    }

    /// Forgets a segment whose folder is gone.
    pub(crate) fn forget(&self, segment_id: u64) {
        let mut state = self.lock();
        let bytes: u64 = state.files.remove(&segment_id).into_iter().flatten().map(|(_, file)| file.bytes).sum();
        state.bytes -= bytes;
    }

    /// Removes the least recently used files until `needed` more bytes fit, or nothing is left that may go.
    pub(crate) fn make_room(&self, needed: u64, disk: &dyn Disk) {
        let mut state = self.lock();
        let mut order: Vec<(u64, u64, String)> = Vec::new();
        if state.bytes.saturating_add(needed) > self.limit {
            let files = state.files.iter().flat_map(|(id, files)| files.iter().map(|(name, file)| (*id, name, file)));
            order.extend(files.map(|(id, name, file)| (file.used, id, name.clone())));
            order.sort_unstable();
            if needed == 0 && self.limit > 0 {
                // The newest one stays, also when it is larger than the bound.
                order.pop();
            }
        }
        for (_, id, name) in order {
            if state.bytes.saturating_add(needed) <= self.limit {
                return;
            }
            state.evict(id, &name, disk);
        }
    }
}

impl State {
    /// Removes one file, unless it is being opened for good at this moment, or cannot be removed.
    fn evict(&mut self, segment_id: u64, name: &str, disk: &dyn Disk) {
        let Some(file) = self.files.get(&segment_id).and_then(|files| files.get(name)) else { return };
        if file.handles.upgrade().is_some_and(|handles| !handles.let_go(name)) {
            return;
        }
        if let Err(error) = remove(disk, &file.path) {
            tracing::warn!(path = %file.path.display(), %error, "a file that the object store has stays for now");
            return;
        }
        self.bytes -= file.bytes;
        self.evictions += 1;
        if let Some(files) = self.files.get_mut(&segment_id) {
            files.remove(name);
        }
    }
}

fn remove(disk: &dyn Disk, path: &Path) -> std::io::Result<()> {
    match disk.remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
