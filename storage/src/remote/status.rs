//! The object store's part of the engine's account of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Remote, worker};
use crate::retention;
use crate::segment::Segment;
use crate::shared::Shared;

/// What the store has, what waits for it, and what was done since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteStatus {
    /// Where it is.
    pub url: String,
    /// Live segments that the store has.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments that are to be uploaded.
    pub waiting: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Segments whose rows cannot be read at the moment: the store does not answer and this disk has them not.
    pub unavailable: u64,
    /// Bytes of the store's files on this disk.
    pub cache_bytes: u64,
    /// Most of them.
    pub cache_limit_bytes: u64,
    /// Files that had to go for others.
    pub evictions: u64,
    /// Files that were opened on this disk, and would have had to come from the store otherwise.
    pub hits: u64,
    /// Files that came from the store.
    pub fetches: u64,
    /// Their bytes.
    pub fetch_bytes: u64,
    /// Files that should have come from the store and did not.
    pub fetch_failures: u64,
    /// Segments uploaded.
    pub uploads: u64,
    /// Bytes uploaded.
    pub upload_bytes: u64,
    /// Uploads that failed; they are tried again.
    pub upload_failures: u64,
    /// Segments removed from the store.
    pub removals: u64,
    /// Removals that failed; they are tried again.
    pub removal_failures: u64,
    /// Why uploads or removals wait, or why the last file could not come; `None` when all is well.
    pub problem: Option<String>,
}

impl Remote {
    pub(crate) fn status(&self, shared: &Shared) -> RemoteStatus {
        let waiting = worker::due(shared, self, false);
        let mut segments = retention::segments(&shared.snapshot());
        segments.retain(|segment| segment.is_uploaded());
        let problem = super::lock(&self.round_problem).clone().or_else(|| super::lock(&self.problem).clone());
        let unavailable = segments.iter().filter(|segment| segment.is_unavailable()).count();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let gauges = &self.gauges;
        RemoteStatus {
            url: self.place.url.clone(),
            segments: segments.len() as u64,
            bytes: segments.iter().map(|segment| segment.bytes()).sum(),
            waiting: waiting.len() as u64,
            waiting_bytes: waiting.iter().map(|segment| segment.bytes()).sum(),
            unavailable: unavailable as u64,
            cache_bytes: self.cache.bytes(),
            cache_limit_bytes: self.cache.limit(),
            evictions: self.cache.evictions(),
            hits: get(&gauges.hits),
            fetches: get(&gauges.fetches),
            fetch_bytes: get(&gauges.fetch_bytes),
            fetch_failures: get(&gauges.fetch_failures),
            uploads: get(&gauges.uploads),
            upload_bytes: get(&gauges.upload_bytes),
            upload_failures: get(&gauges.upload_failures),
            removals: get(&gauges.removals),
            removal_failures: get(&gauges.removal_failures),
            problem: problem.or_else(|| withheld(&segments)),
        }
    }
}

/// Returns the account of a data folder that has uploaded and is used without its store; `None` when it has not.
pub(crate) fn without_store(shared: &Shared) -> Option<RemoteStatus> {
    let mut segments = retention::segments(&shared.snapshot());
    segments.retain(|segment| segment.is_uploaded());
    let bytes = segments.iter().map(|segment| segment.bytes()).sum();
    let unavailable = segments.iter().filter(|segment| segment.is_unavailable()).count() as u64;
    let status = RemoteStatus { bytes, unavailable, problem: withheld(&segments), ..RemoteStatus::default() };
    (!segments.is_empty()).then_some(RemoteStatus { segments: segments.len() as u64, ..status })
}

/// Names the first segment that lies in a store which is not in use.
fn withheld(segments: &[Arc<Segment>]) -> Option<String> {
    let error = segments.iter().filter(|segment| segment.is_unavailable()).find_map(|segment| segment.elsewhere())?;
    Some(error.to_string())
}
