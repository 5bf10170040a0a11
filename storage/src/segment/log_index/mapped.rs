//! The mapped files of an index, as memory of this process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::Directory as _;
use tantivy::directory::{MmapDirectory, OwnedBytes};

/// See the module.
#[derive(Debug)]
pub(super) struct Mapped {
    files: Vec<OwnedBytes>,
    /// Whether something was read since they were let go.
    is_touched: AtomicBool,
}

impl Mapped {
    /// Takes whole files of a directory, which maps each of them once for everybody who reads it.
    pub(super) fn of(directory: &MmapDirectory, files: impl IntoIterator<Item = PathBuf>) -> Self {
        let mapped = |file: PathBuf| directory.open_read(&file).ok()?.read_bytes().ok();
        let files: Vec<_> = files.into_iter().filter_map(mapped).filter(|file| !file.is_empty()).collect();
        files.iter().for_each(|file| advise(file, Advice::SmallPages));
        Self { files, is_touched: AtomicBool::new(true) }
    }

    /// Says that the files are read.
    pub(super) fn touch(&self) {
        self.is_touched.store(true, Ordering::Relaxed);
    }

    /// Takes their pages out of this process's memory. Whoever reads them gets them back from the page cache.
    pub(super) fn let_go(&self) {
        if self.is_touched.swap(false, Ordering::Relaxed) {
            self.files.iter().for_each(|file| advise(file, Advice::LetGo));
        }
    }
}

/// What the system is told of mapped pages.
#[derive(Debug, Clone, Copy)]
enum Advice {
    /// A look-up touches a few pages of 4 KiB here and there. Where the page cache holds 2 MiB as one page, each of them would
    /// count as all of it: 414 MB for 180 indexes (docs/benchmarks.md, the fleet for an hour).
    SmallPages,
    /// They are not needed for now.
    LetGo,
}

#[cfg(target_os = "linux")]
fn advise(file: &[u8], advice: Advice) {
    use rustix::mm::{self, madvise};

    let start = file.as_ptr().cast_mut().cast::<std::ffi::c_void>();
    let advice = match advice {
        Advice::SmallPages => mm::Advice::LinuxNoHugepage,
        Advice::LetGo => mm::Advice::LinuxDontNeed,
    };
    // SAFETY: the bytes come from an `MmapDirectory` (`Mapped::of`), so they are the shared mapping of a whole file that nobody writes, borrowed
    // for the call; without its pages it reads as before, from the file.
    #[expect(unsafe_code, reason = "no safe interface tells the system of pages")]
    let done = unsafe { madvise(start, file.len(), advice) };
    if let Err(error) = done {
        // A kernel without large pages knows no advice about them.
        tracing::debug!(?advice, %error, "advice on the pages of an index was not taken");
    }
}

/// Elsewhere the system takes them back when memory is scarce.
#[cfg(not(target_os = "linux"))]
fn advise(_file: &[u8], _advice: Advice) {}
