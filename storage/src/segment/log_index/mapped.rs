//! The mapped files of an index, as memory of this process.

use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::directory::OwnedBytes;

/// See the module.
#[derive(Debug)]
pub(super) struct Mapped {
    files: Vec<OwnedBytes>,
    /// Whether something was read since they were let go.
    is_touched: AtomicBool,
}

impl Mapped {
    /// `files` are the whole files, each mapped once by tantivy's directory for everybody.
    pub(super) fn of(files: impl Iterator<Item = OwnedBytes>) -> Self {
        Self { files: files.filter(|file| !file.is_empty()).collect(), is_touched: AtomicBool::new(true) }
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

#[cfg(target_os = "linux")]
fn let_go(file: &[u8]) {
    use rustix::mm::{Advice, madvise};

    let start = file.as_ptr().cast_mut().cast::<std::ffi::c_void>();
    // SAFETY: the bytes are a shared mapping of a file that nobody writes, borrowed for the call; without its pages it reads as before, from
    // the file. Of bytes that are not mapped (which no directory of ours gives) the start is not that of a page, and nothing is done.
    #[expect(unsafe_code, reason = "no safe interface gives pages back")]
    let done = if start.addr() % rustix::param::page_size() == 0 {
        unsafe { madvise(start, file.len(), Advice::LinuxDontNeed) }
    } else {
        Ok(())
    };
    if let Err(error) = done {
        tracing::debug!(%error, "pages of an index stay in memory");
    }
}

/// Elsewhere the system takes them back when memory is scarce.
#[cfg(not(target_os = "linux"))]
fn let_go(_file: &[u8]) {}
