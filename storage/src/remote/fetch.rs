//! A file of a segment comes from the store: in parts, compared with its checksum, renamed into its place.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use xxhash_rust::xxh3::Xxh3;

use super::{Failed, Remote};
use crate::error::Error;
use crate::io::{Disk, write_in_pieces};
use crate::limits::REMOTE_PARTS_AT_ONCE;
use crate::segment::manifest::{FileEntry, MANIFEST, Manifest, hash_text};

impl Remote {
    /// Fetches a file of the segment at `url` into its folder and returns it open. What was there is replaced.
    pub(crate) fn fetch(&self, url: &str, dir: &Path, file: &FileEntry) -> Result<File, Error> {
        let fetched = self.fetch_checked(url, dir, file);
        match &fetched {
            Ok(_) => {
                self.count(|gauges| &gauges.fetches, 1);
                self.count(|gauges| &gauges.fetch_bytes, file.bytes);
            }
            Err(_) => self.count(|gauges| &gauges.fetch_failures, 1),
        }
        fetched
    }

    fn fetch_checked(&self, url: &str, dir: &Path, file: &FileEntry) -> Result<File, Error> {
        let key = self.key_of(url, &file.name)?;
        self.cache.make_room(file.bytes, self.disk.as_ref());
        self.check_room(file.bytes)?;
        let tmp = self.tmp_file()?;
        let download = Download {
            store: Arc::clone(&self.place.store),
            key,
            bytes: file.bytes,
            xxh3: file.xxh3.clone(),
            part: self.limits.remote_part_bytes.max(1),
            patience: self.limits.remote_request_wait,
            disk: Arc::clone(&self.disk),
            tmp: tmp.clone(),
        };
        let result = self.wait(download.run(), &|| false).and_then(|()| self.put_in_place(&tmp, &dir.join(&file.name)));
        if result.is_err() && tmp.exists() {
            // What cannot be removed now goes at the next start.
            drop(self.disk.remove_file(&tmp));
        }
        result
    }

    /// Fetches the manifest of the segment at `url` into its folder.
    pub(crate) fn fetch_manifest(&self, url: &str, dir: &Path) -> Result<(), Error> {
        let key = self.key_of(url, MANIFEST)?;
        let bytes = self.get(key)?;
        let path = dir.join(MANIFEST);
        Manifest::parse(&path, &bytes).map_err(|error| {
            let detail = format!("its manifest cannot be used: {error}");
            Failed::Differs { key: Key::from(url), detail }.into_error(&self.place)
        })?;
        let tmp = self.tmp_file()?;
        let write = crate::io::write_file(self.disk.as_ref(), &tmp, &bytes);
        write.map_err(|error| Error::io("write", &tmp, &error))?;
        self.put_in_place(&tmp, &path).map(drop)
    }

    /// Reads a small object whole.
    pub(super) fn get(&self, key: Key) -> Result<Bytes, Error> {
        let (store, patience) = (Arc::clone(&self.place.store), self.limits.remote_request_wait);
        self.wait(async move { get(store.as_ref(), &key, patience).await }, &|| false)
    }

    /// Returns the key of a file of the segment at `url`.
    fn key_of(&self, url: &str, name: &str) -> Result<Key, Error> {
        match self.path_of(url) {
            Some(path) => Ok(self.place.key(&format!("{path}/{name}"))),
            None => Err(elsewhere(url, &self.place.url)),
        }
    }

    fn check_room(&self, bytes: u64) -> Result<(), Error> {
        let free = self.disk.free_bytes(&self.root).unwrap_or(u64::MAX);
        if free >= bytes.saturating_add(self.limits.free_bytes_min) {
            return Ok(());
        }
        let detail = format!("{free} bytes are free, a file of {bytes} bytes is to come from the object store");
        Err(Error::DiskFull { path: self.root.clone(), detail })
    }

    fn tmp_file(&self) -> Result<PathBuf, Error> {
        if !self.tmp.exists() {
            self.disk.create_dir(&self.tmp).map_err(|error| Error::io("create", &self.tmp, &error))?;
        }
        Ok(self.tmp.join(self.sequence.fetch_add(1, Ordering::Relaxed).to_string()))
    }

    fn put_in_place(&self, tmp: &Path, target: &Path) -> Result<File, Error> {
        let opened = File::open(tmp).map_err(|error| Error::io("open", tmp, &error))?;
        if let Some(parent) = target.parent().filter(|parent| !parent.exists()) {
            self.disk.create_dir(parent).map_err(|error| Error::io("create", parent, &error))?;
        }
        self.disk.rename(tmp, target).map_err(|error| Error::io("rename", tmp, &error))?;
        Ok(opened)
    }
}

/// Says that a segment lies in a store that is not the one in use.
pub(crate) fn elsewhere(url: &str, store: &str) -> Error {
    Error::Remote {
        operation: "read",
        key: url.to_owned(),
        store: store.to_owned(),
        message: "this segment was uploaded to another store, and its files are not on this disk any more".into(),
        hint: "start telltale with the --store that this address begins with",
    }
}

/// Reads an object whole.
pub(super) async fn get(store: &dyn ObjectStore, key: &Key, patience: Duration) -> Result<Bytes, Failed> {
    within(patience, "read", key, async { store.get(key).await?.bytes().await }).await
}

/// Waits for an answer of the store, but not for ever.
pub(super) async fn within<T>(
    patience: Duration,
    operation: &'static str,
    key: &Key,
    call: impl Future<Output = object_store::Result<T>>,
) -> Result<T, Failed> {
    match tokio::time::timeout(patience, call).await {
        Ok(answer) => answer.map_err(|error| Failed::store(operation, key, error)),
        Err(_) => Err(Failed::Late { operation, key: key.clone(), seconds: patience.as_secs() }),
    }
}

/// One file on its way here.
struct Download {
    store: Arc<dyn ObjectStore>,
    key: Key,
    bytes: u64,
    xxh3: String,
    part: u64,
    patience: Duration,
    disk: Arc<dyn Disk>,
    tmp: PathBuf,
}

impl Download {
    async fn run(self) -> Result<(), Failed> {
        let io = |error: std::io::Error| Error::io("write", &self.tmp, &error);
        let mut file = self.disk.create(&self.tmp).map_err(io)?;
        let starts = (0..self.bytes.div_ceil(self.part)).map(|part| part * self.part);
        let parts = starts.map(|start| self.part(start..self.bytes.min(start + self.part)));
        let mut parts = futures::stream::iter(parts).buffered(REMOTE_PARTS_AT_ONCE);
        let (mut hash, mut offset) = (Xxh3::new(), 0);
        while let Some(bytes) = parts.try_next().await? {
            hash.update(&bytes);
            write_in_pieces(file.as_mut(), &bytes, offset).map_err(io)?;
            offset += bytes.len() as u64;
        }
        drop(parts);
        let found = hash_text(&hash);
        if offset == self.bytes && found == self.xxh3 {
            return Ok(());
        }
        let (bytes, xxh3, key) = (self.bytes, &self.xxh3, self.key.clone());
        let detail = format!("{offset} bytes with checksum {found} came instead of {bytes} with {xxh3}");
        Err(Failed::Differs { key, detail })
    }

    async fn part(&self, range: Range<u64>) -> Result<Bytes, Failed> {
        within(self.patience, "read", &self.key, self.store.get_range(&self.key, range)).await
    }
}
