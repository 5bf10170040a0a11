//! The mapped files of an index, as memory of this process.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tantivy::Directory as _;
use tantivy::directory::{MmapDirectory, OwnedBytes};

use super::LogIndex;
use crate::limits::MAPPED_INDEXES_MAX;

/// See the module.
#[derive(Debug)]
pub(super) struct Mapped {
    files: Vec<OwnedBytes>,
    /// Whether something was read since they were let go.
    is_touched: AtomicBool,
    /// Whether it is among [`ReadIndexes`].
    is_noted: AtomicBool,
}

impl Mapped {
    /// Takes whole files of a directory, which maps each of them once for everybody who reads it.
    pub(super) fn of(directory: &MmapDirectory, files: impl IntoIterator<Item = PathBuf>) -> Self {
        let mapped = |file: PathBuf| directory.open_read(&file).ok()?.read_bytes().ok();
        let files = files.into_iter().filter_map(mapped).filter(|file| !file.is_empty()).collect();
        Self { files, is_touched: AtomicBool::new(true), is_noted: AtomicBool::new(false) }
    }

    /// Says that the files are read.
    pub(super) fn touch(&self) {
        self.is_touched.store(true, Ordering::Relaxed);
    }

    /// Takes their pages out of this process's memory. Whoever reads them gets them back from the page cache.
    pub(super) fn let_go(&self) {
        if self.is_touched.swap(false, Ordering::Relaxed) {
            self.files.iter().for_each(|file| let_go(file));
        }
    }
}

/// The indexes that have pages in this process's memory: when there are too many, the one that was noted first lets go of them.
#[derive(Debug, Default)]
pub(in crate::segment) struct ReadIndexes {
    noted: Mutex<VecDeque<Weak<LogIndex>>>,
}

impl ReadIndexes {
    /// Notes an index that is going to be read.
    pub(in crate::segment) fn note(&self, index: &Arc<LogIndex>) {
        if index.mapped.is_noted.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.push_back(Arc::downgrade(index));
        let first = if noted.len() > MAPPED_INDEXES_MAX { noted.pop_front() } else { None };
        drop(noted);
        if let Some(first) = first.and_then(|first| first.upgrade()) {
            first.mapped.is_noted.store(false, Ordering::Relaxed);
            first.mapped.let_go();
        }
    }
}

#[cfg(target_os = "linux")]
fn let_go(file: &[u8]) {
    use rustix::mm::{Advice, madvise};

    let start = file.as_ptr().cast_mut().cast::<std::ffi::c_void>();
    // SAFETY: the bytes come from an `MmapDirectory` (`Mapped::of`), so they are the shared mapping of a whole file that nobody writes, borrowed
    // for the call; without its pages it reads as before, from the file.
    #[expect(unsafe_code, reason = "no safe interface gives pages back")]
    let done = unsafe { madvise(start, file.len(), Advice::LinuxDontNeed) };
    if let Err(error) = done {
        tracing::debug!(%error, "pages of an index stay in memory");
    }
}

/// Elsewhere the system takes them back when memory is scarce.
#[cfg(not(target_os = "linux"))]
fn let_go(_file: &[u8]) {}
