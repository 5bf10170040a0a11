//! The object store: sealed segments are uploaded, and what the local disk has not room for is read from there.
//!
//! ```text
//!            upload thread (worker.rs)                      a reader (segment/files.rs)
//! catalog: "on its way" → files → manifest.json →        file missing → download, compare, rename
//! catalog: "is there"   → its files may go                  → cache.rs: the least recently used goes
//! ```
//!
//! A segment's folder on the local disk is the cache: a file of it is there or is fetched into its place. The manifest and the
//! filters over ids are never evicted, so that what a segment does not hold costs no download. Uploads never stand in
//! the way of ingest: they only free disk; a disk that fills up refuses appends as it always does (`Limits::free_bytes_min`).
//!
//! The store's calls are asynchronous, the storage's threads are not: [`Remote::wait`] runs a call on a small runtime of its own and
//! blocks the caller, who is the upload thread or a reader that would wait for a disk at this place.
//!
//! Deliberately absent: reading parts of a remote file. Files are immutable and whole ones are compared with their checksum.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path as Key;
use tokio::runtime::Runtime;

use crate::error::Error;
use crate::io::Disk;
use crate::limits::Limits;
use cache::Cache;

pub(crate) mod cache;
#[cfg(test)]
pub(crate) mod faulty;
mod fetch;
mod location;
mod owner;
mod problem;
mod s3;
mod status;
mod upload;
pub(crate) mod worker;

pub(crate) use fetch::elsewhere;
pub(crate) use problem::Failed;
pub use status::RemoteStatus;
pub(crate) use status::without_store;
pub(crate) use worker::RemoteCommand;

/// Which segments are uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upload {
    /// Sealed ones: each row once, hours after its day.
    #[default]
    Sealed,
    /// Every segment as soon as it is written: what the local disk loses is what was not flushed.
    All,
}

/// An object store and the place in it that belongs to one data folder.
#[derive(Debug, Clone)]
pub struct RemoteStore {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    url: String,
    upload: Upload,
}

impl RemoteStore {
    /// Returns the place `prefix` of a store. `url` names it, in the catalog too: it must always be the same text.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, url: &str, upload: Upload) -> Self {
        Self { store, prefix: Key::from(prefix), url: url.trim_end_matches('/').to_owned(), upload }
    }

    /// Returns what names it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.prefix.clone(), |key, part| key.join(part))
    }
}

/// The store in use.
#[derive(Debug)]
pub(crate) struct Remote {
    place: RemoteStore,
    limits: Limits,
    disk: Arc<dyn Disk>,
    /// The data folder.
    root: PathBuf,
    /// Files on their way here.
    tmp: PathBuf,
    pub(crate) cache: Cache,
    pub(crate) gauges: Gauges,
    /// Why the store's last answer was none; `None` when it was one.
    problem: Mutex<Option<String>>,
    /// Why the last round of uploads and removals did not end well.
    round_problem: Mutex<Option<String>>,
    /// Numbers files in `tmp`.
    sequence: AtomicU64,
    commands: OnceLock<Sender<RemoteCommand>>,
    runtime: Option<Runtime>,
}

/// What was done since the start.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) uploads: AtomicU64,
    pub(crate) upload_bytes: AtomicU64,
    pub(crate) upload_failures: AtomicU64,
    pub(crate) removals: AtomicU64,
    pub(crate) removal_failures: AtomicU64,
    pub(crate) fetches: AtomicU64,
    pub(crate) fetch_bytes: AtomicU64,
    pub(crate) fetch_failures: AtomicU64,
    pub(crate) hits: AtomicU64,
}

impl Remote {
    pub(crate) fn new(place: RemoteStore, limits: &Limits, disk: Arc<dyn Disk>, root: &Path) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("telltale-store")
            .enable_all()
            .build()
            .map_err(|error| Error::Bug(format!("cannot start the runtime of the object store: {error}")))?;
        Ok(Self {
            place,
            limits: limits.clone(),
            disk,
            root: root.to_path_buf(),
            tmp: root.join("tmp").join("fetch"),
            cache: Cache::new(limits.remote_cache_bytes),
            gauges: Gauges::default(),
            problem: Mutex::default(),
            round_problem: Mutex::default(),
            sequence: AtomicU64::new(0),
            commands: OnceLock::new(),
            runtime: Some(runtime),
        })
    }

    /// Returns what names the store.
    pub(crate) fn url(&self) -> &str {
        &self.place.url
    }

    /// Returns the place of a segment whose folder is `path`.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("{}/{path}", self.place.url)
    }

    /// Returns the folder that a URL of the catalog means here; `None` when it is in another store.
    pub(crate) fn path_of<'a>(&self, url: &'a str) -> Option<&'a str> {
        url.strip_prefix(self.place.url.as_str())?.strip_prefix('/')
    }

    /// Says who is to be woken.
    pub(crate) fn set_commands(&self, commands: Sender<RemoteCommand>) {
        // There is one upload thread.
        drop(self.commands.set(commands));
    }

    /// Tells the upload thread that there may be something to do.
    pub(crate) fn wake(&self) {
        if let Some(commands) = self.commands.get() {
            // A thread that is gone has nothing to do.
            drop(commands.send(RemoteCommand::Wake));
        }
    }

    /// Runs a call of the store and waits for it. `is_over` is asked now and then whether the answer is still wanted.
    fn wait<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, Failed>> + Send + 'static,
        is_over: &dyn Fn() -> bool,
    ) -> Result<T, Error> {
        let Some(runtime) = &self.runtime else { return Err(Error::Closed) };
        let (done, answer) = sync_channel(1);
        // Whoever waits may have gone.
        let task = runtime.spawn(async move { drop(done.send(call.await)) });
        let answer = loop {
            match answer.recv_timeout(IS_OVER_EVERY) {
                Ok(answer) => break answer,
                Err(RecvTimeoutError::Timeout) if !is_over() => {}
                Err(_) => {
                    task.abort();
                    return Err(Error::Closed);
                }
            }
        };
        let answer = answer.map_err(|failed| failed.into_error(&self.place));
        if !matches!(answer, Err(Error::Corrupt { .. } | Error::Io { .. } | Error::DiskFull { .. })) {
            self.set_problem(answer.as_ref().err().map(ToString::to_string));
        }
        answer
    }

    /// Evicts what is beyond the cache's bound.
    pub(crate) fn keep_bound(&self) {
        self.cache.make_room(0, self.disk.as_ref());
    }

    /// Tells whether the store's last answer was none.
    pub(crate) fn is_silent(&self) -> bool {
        lock(&self.problem).is_some()
    }

    fn set_problem(&self, problem: Option<String>) {
        let mut current = lock(&self.problem);
        if let (None, Some(why)) = (&*current, &problem) {
            tracing::warn!(why, "the object store does not answer as it should; local data goes on");
        }
        *current = problem;
    }

    fn set_round_problem(&self, problem: Option<String>) {
        let mut current = lock(&self.round_problem);
        if let (None, Some(why)) = (&*current, &problem) {
            tracing::warn!(why, "segments wait on this disk for the object store; it is tried again");
        }
        *current = problem;
    }

    fn count(&self, counter: impl FnOnce(&Gauges) -> &AtomicU64, by: u64) {
        counter(&self.gauges).fetch_add(by, Ordering::Relaxed);
    }
}

fn lock(text: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often somebody who waits for the store looks whether the answer is still wanted.
const IS_OVER_EVERY: Duration = Duration::from_millis(50);

impl Drop for Remote {
    fn drop(&mut self) {
        // The last reference may go on a thread of another runtime, which must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
