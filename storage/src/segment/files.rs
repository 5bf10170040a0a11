//! How the files of a segment are opened: from its folder, and out of the object store where that has them and the folder has not.
//!
//! A file is opened by its segment, never by its path: between two looks at a path the file may have gone from the disk. What is
//! open stays readable.

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::manifest::{self, FileEntry, Manifest};
use super::reader::PositionedFile;
use super::terms::Terms;
use super::{LogIndex, Segment, SegmentContext};
use crate::error::Error;
use crate::remote::Remote;
use crate::remote::cache::Cached;

/// What has files of a segment open for good. Evicting such a file closes it, so that its room is really free.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    pub(super) log_index: Mutex<Handle<LogIndex>>,
    pub(super) terms: Mutex<Handle<Terms>>,
}

/// An index that is opened when it is first asked.
#[derive(Debug, Default)]
pub(super) enum Handle<T> {
    #[default]
    Closed,
    /// There is none, or it is damaged, which costs speed only.
    Absent,
    Open(Arc<T>),
}

impl Handles {
    /// Closes what has a file open; false when it is being opened at this moment.
    pub(crate) fn let_go(&self, name: &str) -> bool {
        if name == manifest::TERMS {
            close(&self.terms)
        } else if name.starts_with(manifest::LOG_INDEX) {
            close(&self.log_index)
        } else {
            true
        }
    }
}

fn close<T>(handle: &Mutex<Handle<T>>) -> bool {
    let Ok(mut handle) = handle.try_lock() else { return false };
    if matches!(*handle, Handle::Open(_)) {
        *handle = Handle::Closed;
    }
    true
}

/// Returns an index, opening it the first time. What the object store cannot give now is tried again the next time.
pub(super) fn open_once<T>(
    handle: &Mutex<Handle<T>>,
    context: &SegmentContext,
    open: impl FnOnce() -> Result<Option<T>, Error>,
) -> Option<Arc<T>> {
    let mut handle = lock(handle);
    match &*handle {
        Handle::Open(index) => return Some(Arc::clone(index)),
        Handle::Absent => return None,
        Handle::Closed => {}
    }
    match open() {
        Ok(Some(index)) => {
            let index = Arc::new(index);
            *handle = Handle::Open(Arc::clone(&index));
            return Some(index);
        }
        Ok(None) => *handle = Handle::Absent,
        Err(error @ (Error::Remote { .. } | Error::DiskFull { .. } | Error::Io { .. })) => {
            tracing::warn!(%error, "an index cannot be read now; the rows are looked at instead");
        }
        Err(error) => {
            context.report(&error.to_string());
            *handle = Handle::Absent;
        }
    }
    None
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file and whether it came from the store just now, compared with its checksum.
struct Opened {
    file: File,
    is_checked: bool,
}

impl Segment {
    /// Tells whether the object store has every file.
    pub(crate) fn is_uploaded(&self) -> bool {
        self.remote.get().is_some()
    }

    /// Says where the store has every file.
    pub(crate) fn set_remote(&self, url: String) {
        // An upload that is done twice is done to the same place.
        drop(self.remote.set(url));
    }

    /// Takes what was read of its mapped indexes out of this process's memory.
    pub(crate) fn let_go_of_pages(&self) {
        // One that is being opened at this moment has its turn the next time.
        if let Ok(handle) = self.handles.log_index.try_lock()
            && let Handle::Open(index) = &*handle
        {
            index.let_go_of_pages();
        }
    }

    /// Counts the files that are on the disk among those that may go; for segments that the store has.
    pub(crate) fn cache_files(&self) {
        let Some(remote) = &self.context.remote else { return };
        let folders = [self.dir.clone(), self.dir.join(manifest::LOG_INDEX)];
        for entry in folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten() {
            let (path, found) = (entry.path(), entry.metadata());
            let name = path.strip_prefix(&self.dir).map(|name| name.to_string_lossy().into_owned());
            if let (Ok(name), Ok(found)) = (name, found)
                && found.is_file()
                && may_go(&name)
            {
                remote.cache.insert(self.id(), &name, self.cached(&name, found.len()));
            }
        }
    }

    fn cached(&self, name: &str, bytes: u64) -> Cached {
        Cached::new(self.dir.join(name), bytes, Arc::downgrade(&self.handles))
    }

    /// Says that a file, or every file of a folder (a name that ends in `/`), was used without being opened.
    pub(super) fn touch(&self, name: &str) {
        if let (Some(remote), true) = (&self.context.remote, self.is_uploaded()) {
            remote.cache.touch(self.id(), name);
        }
    }

    /// Opens a file of the segment, fetching it when only the store has it.
    pub(super) fn open_file(&self, name: &str) -> Result<File, Error> {
        self.open_somewhere(name).map(|opened| opened.file)
    }

    /// Opens a Parquet file of the segment.
    pub(super) fn open_parquet(&self, name: &str) -> Result<PositionedFile, Error> {
        PositionedFile::of(self.open_file(name)?).map_err(|error| Error::corrupt(&self.dir.join(name), error))
    }

    /// Opens the Parquet file of its rows.
    ///
    /// # Errors
    /// `Error::Corrupt` for a missing file, `Error::Remote` and `Error::DiskFull` when it cannot come from the object store now.
    pub fn open_data(&self) -> Result<File, Error> {
        self.noting(self.open_file(manifest::DATA))
    }

    /// Opens the Parquet file of [`crate::schema::trace_rows`]; segments of spans only.
    ///
    /// # Errors
    /// As [`Segment::open_data`].
    pub fn open_trace_rows(&self) -> Result<File, Error> {
        self.noting(self.open_file(manifest::TRACES))
    }

    /// Tells whether opening the file of its rows, or the one of its trace rows, does not wait for the object store.
    #[must_use]
    pub fn is_local(&self, is_trace_rows: bool) -> bool {
        let name = if is_trace_rows { manifest::TRACES } else { manifest::DATA };
        !self.is_uploaded() || self.dir.join(name).exists()
    }

    /// Returns the size of the file of its rows, or of the one of its trace rows, in bytes.
    ///
    /// # Errors
    /// As [`Segment::open_data`].
    pub fn file_bytes(&self, is_trace_rows: bool) -> Result<u64, Error> {
        let name = if is_trace_rows { manifest::TRACES } else { manifest::DATA };
        self.noting(self.manifest().and_then(|manifest| self.file_entry(manifest, name).map(|file| file.bytes)))
    }

    /// Opens a file whose bytes are those that the manifest names. A damaged copy of what the store has is replaced.
    pub(super) fn open_checked(&self, name: &str) -> Result<File, Error> {
        let opened = self.open_somewhere(name)?;
        if opened.is_checked {
            return Ok(opened.file);
        }
        let manifest = self.manifest()?;
        let checked = manifest.verify_open(&self.dir.join(name), &opened.file, name);
        match (checked, self.store()) {
            (Ok(()), _) => Ok(opened.file),
            (Err(error), Some((remote, url))) => {
                tracing::warn!(%error, "a damaged file is fetched again from the object store");
                let file = self.file_entry(manifest, name)?;
                self.fetch(remote, url, file)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Returns whether the file is what the manifest names; asks once, but for as long as the store does not answer.
    pub(super) fn check_once(&self, checked: &OnceLock<Result<(), Error>>, name: &str) -> Result<(), Error> {
        if let Some(done) = checked.get() {
            return done.clone();
        }
        let result = self.open_checked(name).map(drop);
        if matches!(result, Ok(()) | Err(Error::Corrupt { .. } | Error::Newer { .. })) {
            return checked.get_or_init(|| result).clone();
        }
        result
    }

    /// Returns the manifest, fetching it when only the store has it.
    pub(crate) fn manifest(&self) -> Result<&Manifest, Error> {
        if let Some(read) = self.manifest.get() {
            return read.as_ref().map_err(Error::clone);
        }
        let mut read = Manifest::read(&self.dir, &self.entry);
        if let (Err(Error::Corrupt { .. }), Some((remote, url))) = (&read, self.store()) {
            let _one_at_a_time = lock(&self.fetching);
            remote.fetch_manifest(url, &self.dir)?;
            read = Manifest::read(&self.dir, &self.entry);
        }
        self.manifest.get_or_init(|| read).as_ref().map_err(Error::clone)
    }

    /// Tells whether its rows cannot be read now, as far as that is known: only a store has them that does not answer or is not in use.
    pub(crate) fn is_unavailable(&self) -> bool {
        !self.is_local(false)
            && (self.elsewhere().is_some() || self.context.remote.as_ref().is_none_or(|remote| remote.is_silent()))
    }

    /// Returns what is said of a segment whose store is not in use; `None` when it is.
    pub(crate) fn elsewhere(&self) -> Option<Error> {
        let url = self.remote.get()?;
        match &self.context.remote {
            Some(remote) if remote.path_of(url).is_some() => None,
            Some(remote) => Some(crate::remote::elsewhere(url, remote.url())),
            None => Some(crate::remote::elsewhere(url, "no object store")),
        }
    }

    /// Returns the store in use and the segment's place in it.
    fn store(&self) -> Option<(&Arc<Remote>, &str)> {
        self.context.remote.as_ref().zip(self.remote.get().map(String::as_str))
    }

    fn file_entry<'a>(&self, manifest: &'a Manifest, name: &str) -> Result<&'a FileEntry, Error> {
        let named = manifest.files.iter().find(|file| file.name == name);
        named.ok_or_else(|| Error::corrupt(&self.dir.join(name), "the manifest does not name it"))
    }

    fn open_somewhere(&self, name: &str) -> Result<Opened, Error> {
        match self.open_here(name) {
            Ok(Some(file)) => return Ok(Opened { file, is_checked: false }),
            Ok(None) => {}
            Err(error) => return Err(error),
        }
        let Some((remote, url)) = self.store() else {
            return Err(self.elsewhere().unwrap_or_else(|| Error::corrupt(&self.dir.join(name), "it is not there")));
        };
        // Whoever wants the same file waits for this download instead of beginning another one.
        let manifest = self.manifest()?;
        let one_at_a_time = lock(&self.fetching);
        if let Some(file) = self.open_here(name)? {
            return Ok(Opened { file, is_checked: false });
        }
        let file = self.fetch(remote, url, self.file_entry(manifest, name)?)?;
        drop(one_at_a_time);
        Ok(Opened { file, is_checked: true })
    }

    /// Opens a file on the disk; `None` when it is not there and the store has it.
    fn open_here(&self, name: &str) -> Result<Option<File>, Error> {
        let path = self.dir.join(name);
        match File::open(&path) {
            Ok(file) => {
                self.count_hit(name);
                Ok(Some(file))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.is_uploaded() => Ok(None),
            Err(error) => Err(Error::corrupt(&path, error)),
        }
    }

    fn count_hit(&self, name: &str) {
        if let Some((remote, _)) = self.store().filter(|_| may_go(name)) {
            remote.gauges.hits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            remote.cache.touch(self.id(), name);
        }
    }

    fn fetch(&self, remote: &Remote, url: &str, file: &FileEntry) -> Result<File, Error> {
        let fetched = remote.fetch(url, &self.dir, file)?;
        if may_go(&file.name) {
            remote.cache.insert(self.id(), &file.name, self.cached(&file.name, file.bytes));
            remote.keep_bound();
        }
        Ok(fetched)
    }
}

/// Tells whether a file may leave the disk once the store has it: not what says which rows a segment does not hold.
fn may_go(name: &str) -> bool {
    !matches!(name, manifest::MANIFEST | manifest::BLOOM)
}
