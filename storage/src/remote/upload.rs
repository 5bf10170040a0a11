//! A segment goes to the store: its files, compared with their checksums on the way, and at last its manifest.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};
use xxhash_rust::xxh3::Xxh3;

use super::fetch::{get, within};
use super::{Failed, Remote};
use crate::catalog::Begun;
use crate::error::Error;
use crate::segment::Segment;
use crate::segment::manifest::{FileEntry, MANIFEST, hash_text};
use crate::shared::Shared;

/// Uploads a segment: the catalog says so before the first byte and after the last one.
pub(super) fn upload(shared: &Shared, remote: &Remote, segment: &Arc<Segment>) -> Result<(), Error> {
    let url = remote.url_of(&segment.entry().path);
    let begun = shared.catalog().begin_upload(segment.id(), &url)?;
    if begun == Begun::NotDue {
        return Ok(());
    }
    let is_over = || shared.is_closing();
    let path = segment.dir().join(MANIFEST);
    let manifest = segment.noting(segment.manifest().cloned())?;
    let text: Bytes = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?.into();
    let manifest_key = remote.place.key(&format!("{}/{MANIFEST}", segment.entry().path));
    // A manifest is the last object of an upload: where it is, everything is.
    let is_there = begun == Begun::Again && remote.has(&manifest_key, text.clone(), &is_over)?;
    if !is_there {
        for file in &manifest.files {
            let upload = FileUpload {
                store: Arc::clone(&remote.place.store),
                key: remote.place.key(&format!("{}/{}", segment.entry().path, file.name)),
                path: segment.dir().join(&file.name),
                file: file.clone(),
                part: remote.limits.remote_part_bytes.max(1),
                patience: remote.limits.remote_request_wait,
            };
            segment.noting(remote.wait(upload.run(), &is_over))?;
            remote.count(|gauges| &gauges.upload_bytes, file.bytes);
        }
        remote.put(&manifest_key, text, &is_over)?;
    }
    // A segment that was merged or removed meanwhile has left a note that this place is to be emptied.
    if shared.catalog().finish_upload(segment.id())? {
        segment.set_remote(url);
        segment.cache_files();
        remote.keep_bound();
        remote.count(|gauges| &gauges.uploads, 1);
        tracing::debug!(table = segment.table().name(), segment = segment.id(), "uploaded to the object store");
    }
    Ok(())
}

impl Remote {
    /// Writes a small object.
    pub(super) fn put(&self, key: &Key, bytes: Bytes, is_over: &dyn Fn() -> bool) -> Result<(), Error> {
        let (store, key, patience) = (Arc::clone(&self.place.store), key.clone(), self.limits.remote_request_wait);
        let put = async move { within(patience, "write", &key, store.put(&key, bytes.into())).await.map(drop) };
        self.wait(put, is_over)
    }

    /// Tells whether the manifest of the segment in the folder `path` has these bytes in the store.
    pub(crate) fn has_manifest(&self, path: &str, bytes: Vec<u8>) -> Result<bool, Error> {
        self.has(&self.place.key(&format!("{path}/{MANIFEST}")), bytes.into(), &|| false)
    }

    /// Returns the folders of all segments in the store, sorted: those with a manifest.
    pub(crate) fn segment_paths(&self) -> Result<Vec<String>, Error> {
        let (store, patience) = (Arc::clone(&self.place.store), self.limits.remote_list_wait);
        let folder = self.place.key("segments");
        let prefix = self.place.prefix.clone();
        let list = async move {
            let listed = async { store.list(Some(&folder)).map_ok(|object| object.location).try_collect().await };
            let keys: Vec<Key> = within(patience, "list", &folder, listed).await?;
            let path = |key: &Key| {
                let parts: Vec<_> = key.prefix_match(&prefix)?.map(|part| part.as_ref().to_owned()).collect();
                let (last, folder) = parts.split_last()?;
                (last == MANIFEST && folder.len() == 3).then(|| folder.join("/"))
            };
            let mut paths: Vec<String> = keys.iter().filter_map(path).collect();
            paths.sort_unstable();
            Ok(paths)
        };
        self.wait(list, &|| false)
    }

    /// Tells whether an object is there with these bytes.
    fn has(&self, key: &Key, bytes: Bytes, is_over: &dyn Fn() -> bool) -> Result<bool, Error> {
        let (store, key, patience) = (Arc::clone(&self.place.store), key.clone(), self.limits.remote_request_wait);
        let look = async move {
            match get(store.as_ref(), &key, patience).await {
                Ok(found) => Ok(found == bytes),
                Err(failed) if failed.is_missing() => Ok(false),
                Err(failed) => Err(failed),
            }
        };
        self.wait(look, is_over)
    }

    /// Removes everything at a segment's place, the manifest first: what is left of it is no segment.
    pub(super) fn remove(&self, path: &str, is_over: &dyn Fn() -> bool) -> Result<(), Error> {
        let (store, patience) = (Arc::clone(&self.place.store), self.limits.remote_request_wait);
        let (folder, manifest) = (self.place.key(path), self.place.key(&format!("{path}/{MANIFEST}")));
        let remove = async move {
            remove(store.as_ref(), &manifest, patience).await?;
            let listed = async { store.list(Some(&folder)).map_ok(|object| object.location).try_collect().await };
            let keys: Vec<Key> = within(patience, "list", &folder, listed).await?;
            for key in keys {
                remove(store.as_ref(), &key, patience).await?;
            }
            Ok(())
        };
        self.wait(remove, is_over)
    }
}

async fn remove(store: &dyn ObjectStore, key: &Key, patience: Duration) -> Result<(), Failed> {
    match within(patience, "remove", key, store.delete(key)).await {
        Err(failed) if failed.is_missing() => Ok(()),
        other => other,
    }
}

/// One file on its way to the store.
struct FileUpload {
    store: Arc<dyn ObjectStore>,
    key: Key,
    path: PathBuf,
    file: FileEntry,
    part: u64,
    patience: Duration,
}

impl FileUpload {
    async fn run(self) -> Result<(), Failed> {
        let file = File::open(&self.path).map_err(|error| Error::corrupt(&self.path, error))?;
        if self.file.bytes <= self.part {
            let mut hash = Xxh3::new();
            let bytes = self.read(&file, 0, &mut hash)?;
            self.check(&hash)?;
            return within(self.patience, "write", &self.key, self.store.put(&self.key, bytes.into())).await.map(drop);
        }
        let begin = self.store.put_multipart(&self.key);
        let mut upload = within(self.patience, "begin to write", &self.key, begin).await?;
        let done = self.parts(&file, upload.as_mut()).await;
        if done.is_err() {
            // Best effort: a store that does not answer keeps the parts until its own rule removes them.
            drop(within(self.patience, "give up", &self.key, upload.abort()).await);
        }
        done
    }

    /// Sends part after part; the object appears with the last call only, and never with wrong bytes.
    async fn parts(&self, file: &File, upload: &mut dyn MultipartUpload) -> Result<(), Failed> {
        let (mut hash, mut offset) = (Xxh3::new(), 0);
        while offset < self.file.bytes {
            let bytes = self.read(file, offset, &mut hash)?;
            offset += bytes.len() as u64;
            within(self.patience, "write a part of", &self.key, upload.put_part(bytes.into())).await?;
        }
        self.check(&hash)?;
        within(self.patience, "finish", &self.key, upload.complete()).await.map(drop)
    }

    fn read(&self, file: &File, offset: u64, hash: &mut Xxh3) -> Result<Bytes, Error> {
        let length = usize::try_from(self.part.min(self.file.bytes - offset)).unwrap_or(0);
        let mut buffer = vec![0; length];
        file.read_exact_at(&mut buffer, offset).map_err(|error| Error::corrupt(&self.path, error))?;
        hash.update(&buffer);
        Ok(buffer.into())
    }

    fn check(&self, hash: &Xxh3) -> Result<(), Error> {
        let (found, expected) = (hash_text(hash), &self.file.xxh3);
        if found == *expected {
            return Ok(());
        }
        Err(Error::corrupt(&self.path, format!("its checksum is {found} instead of {expected}")))
    }
}
