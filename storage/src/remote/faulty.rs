//! An object store in memory that fails as it is told to: the N-th call, a part in the middle, wrong bytes, late visibility.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// It fails and nothing was done.
    Refused,
    /// It was done, and the answer is lost.
    AnswerLost,
    /// Bytes that are read have a bit turned. Other calls: as `Refused`.
    Corrupt,
    /// From this call on, nothing answers until [`FaultyStore::set_down`] says so.
    Down,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct FaultyStore {
    inner: Arc<InMemory>,
    state: Arc<Mutex<State>>,
    is_down: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    fault: Option<(u64, StoreFault)>,
    /// How often each key was called for, by verb.
    counts: BTreeMap<(&'static str, String), u64>,
    /// New objects that a read does not see for so many reads.
    late: u32,
    unseen: BTreeMap<String, u32>,
}

impl FaultyStore {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::new(InMemory::new()), state: Arc::default(), is_down: Arc::default() }
    }

    /// Makes the call of this number, counted from 1, go wrong, once.
    pub(crate) fn fail_at(&self, call: u64, fault: StoreFault) {
        self.lock().fault = Some((call, fault));
    }

    /// Ends all faults; tells whether the one of [`FaultyStore::fail_at`] was still to come.
    pub(crate) fn heal(&self) -> bool {
        self.set_down(false);
        self.lock().fault.take().is_some()
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Objects written from now on are not there for the first reads of them.
    pub(crate) fn set_late(&self, reads: u32) {
        self.lock().late = reads;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Returns how often objects whose key ends so were called for.
    pub(crate) fn count(&self, verb: &str, suffix: &str) -> u64 {
        let state = self.lock();
        state
            .counts
            .iter()
            .filter(|((had, key), _)| *had == verb && key.ends_with(suffix))
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns every key, sorted.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let all = self.inner.list(None).map_ok(|object| object.location.to_string()).try_collect::<Vec<_>>().await;
        let mut all = all.unwrap();
        all.sort();
        all
    }

    /// Writes an object past all faults.
    pub(crate) async fn write(&self, key: &str, bytes: &'static [u8]) {
        self.inner.put(&Path::from(key), PutPayload::from_static(bytes)).await.unwrap();
    }

    /// Removes an object past all faults.
    pub(crate) async fn remove(&self, key: &str) {
        self.inner.delete(&Path::from(key)).await.unwrap();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and says what happens to it.
    fn enter(&self, verb: &'static str, key: &Path) -> Result<Option<StoreFault>> {
        let mut state = self.lock();
        *state.counts.entry((verb, key.to_string())).or_default() += 1;
        if self.is_down.load(Ordering::SeqCst) {
            return Err(refused("503 Service Unavailable"));
        }
        state.calls += 1;
        let calls = state.calls;
        let fault = state.fault.take_if(|(call, _)| *call == calls).map(|(_, fault)| fault);
        match fault {
            Some(StoreFault::Refused) => Err(refused("500 Internal Server Error")),
            Some(StoreFault::Corrupt) if verb != "get" => Err(refused("500 Internal Server Error")),
            Some(StoreFault::Down) => {
                self.set_down(true);
                Err(refused("connection reset"))
            }
            other => Ok(other),
        }
    }

    fn written(&self, key: &Path) {
        let mut state = self.lock();
        if state.late > 0 {
            let reads = state.late;
            state.unseen.insert(key.to_string(), reads);
        }
    }

    fn check_seen(&self, key: &Path) -> Result<()> {
        let mut state = self.lock();
        match state.unseen.get_mut(key.as_ref()) {
            Some(0) | None => Ok(()),
            Some(reads) => {
                *reads -= 1;
                Err(object_store::Error::NotFound { path: key.to_string(), source: "not visible yet".into() })
            }
        }
    }
}

fn refused(text: &str) -> object_store::Error {
    object_store::Error::Generic { store: "faulty", source: text.to_owned().into() }
}

fn answer<T>(fault: Option<StoreFault>, done: T) -> Result<T> {
    if fault == Some(StoreFault::AnswerLost) { Err(refused("the answer was lost")) } else { Ok(done) }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty store")
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let fault = self.enter("put", location)?;
        let done = self.inner.put_opts(location, payload, opts).await?;
        self.written(location);
        answer(fault, done)
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let fault = self.enter("begin", location)?;
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        answer(fault, Box::new(FaultyUpload { store: self.clone(), key: location.clone(), inner }) as Box<_>)
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let fault = self.enter("get", location)?;
        self.check_seen(location)?;
        let found = self.inner.get_opts(location, options).await?;
        if fault != Some(StoreFault::Corrupt) {
            return answer(fault, found);
        }
        let (meta, range, attributes) = (found.meta.clone(), found.range.clone(), found.attributes.clone());
        let mut bytes = found.bytes().await?.to_vec();
        if let Some(byte) = bytes.last_mut() {
            *byte ^= 1;
        }
        let payload = GetResultPayload::Stream(futures::stream::iter([Ok(Bytes::from(bytes))]).boxed());
        Ok(GetResult { payload, meta, range, attributes })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.enter("get", location)?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |key: Result<Path>| {
            let store = store.clone();
            async move {
                let key = key?;
                let fault = store.enter("delete", &key)?;
                store.inner.delete(&key).await?;
                answer(fault, key)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.enter("list", prefix.unwrap_or(&Path::default())) {
            Ok(Some(StoreFault::AnswerLost)) => futures::stream::iter([Err(refused("the answer was lost"))]).boxed(),
            Ok(_) => self.inner.list(prefix),
            Err(error) => futures::stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.enter("list", prefix.unwrap_or(&Path::default()))?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.enter("copy", from)?;
        self.inner.copy_opts(from, to, options).await
    }
}

/// An upload in parts, each of which may go wrong.
#[derive(Debug)]
struct FaultyUpload {
    store: FaultyStore,
    key: Path,
    inner: Box<dyn MultipartUpload>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let entered = self.store.enter("part", &self.key);
        let part = entered.as_ref().is_ok().then(|| self.inner.put_part(data));
        Box::pin(async move {
            let fault = entered?;
            if let Some(part) = part {
                part.await?;
            }
            answer(fault, ())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fault = self.store.enter("complete", &self.key)?;
        let done = self.inner.complete().await?;
        self.store.written(&self.key);
        answer(fault, done)
    }

    async fn abort(&mut self) -> Result<()> {
        self.store.enter("abort", &self.key)?;
        self.inner.abort().await
    }
}
