//! What is kept between questions: the series of immutable files and batches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use telltale_model::UnixNanos;
use telltale_promql::Error;
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use crate::columns::column;
use crate::derived::halves::{Halves, Share};
use crate::derived::stats::SpanStats;
use crate::index::{BatchIndex, SegmentIndex};
use crate::limits::{DERIVED_CACHE_BYTES, GRAPH_CACHE_BYTES, INDEX_CACHE_BYTES};
use crate::meta::Registry;
use crate::view::{Stop, View};

/// The tables of points.
pub(crate) const TABLES: [Table; 4] =
    [Table::Points, Table::HistogramPoints, Table::ExpHistogramPoints, Table::SummaryPoints];

/// The metrics of a store; clones share what is kept.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    registry: Registry,
    segments: Mutex<Kept<SegmentIndex>>,
    batches: Mutex<HashMap<usize, Arc<BatchIndex>>>,
    spans: Mutex<Kept<SpanStats>>,
    halves: Mutex<Kept<Halves>>,
    indexed: AtomicU64,
}

/// What was found out of segments, by their numbers.
#[derive(Debug)]
struct Kept<T> {
    entries: HashMap<u64, Entry<T>>,
    bytes: usize,
    tick: u64,
}

#[derive(Debug)]
struct Entry<T> {
    value: Arc<T>,
    bytes: usize,
    used: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), bytes: 0, tick: 0 }
    }
}

impl<T> Kept<T> {
    fn get(&mut self, id: u64) -> Option<Arc<T>> {
        self.tick += 1;
        let entry = self.entries.get_mut(&id)?;
        entry.used = self.tick;
        Some(Arc::clone(&entry.value))
    }

    /// Keeps a value and lets the least recently used go until the rest fits; the newest always stays. Says whether any went.
    fn put(&mut self, id: u64, value: Arc<T>, bytes: usize, bytes_max: usize) -> bool {
        self.tick += 1;
        self.bytes += bytes;
        let replaced = self.entries.insert(id, Entry { value, bytes, used: self.tick });
        self.bytes -= replaced.map_or(0, |entry| entry.bytes);
        let mut evicted = false;
        while self.bytes > bytes_max && self.entries.len() > 1 {
            let Some(id) = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id) else { break };
            if let Some(entry) = self.entries.remove(&id) {
                self.bytes -= entry.bytes;
                evicted = true;
            }
        }
        evicted
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// Returns what the spans of a segment add up to.
    pub(crate) fn span_stats(&self, segment: &Arc<Segment>) -> Result<Arc<SpanStats>, Error> {
        let read = || SpanStats::read(segment).map(|stats| (stats.bytes(), stats));
        self.kept(&self.shared.spans, segment, DERIVED_CACHE_BYTES, read).map(|(stats, _)| stats)
    }

    /// Returns the halves of requests among the spans of a segment.
    pub(crate) fn halves(&self, segment: &Arc<Segment>) -> Result<Arc<Halves>, Error> {
        let read = || Halves::read(segment, Share::ALL).map(|halves| (halves.bytes(), halves));
        self.kept(&self.shared.halves, segment, GRAPH_CACHE_BYTES, read).map(|(halves, _)| halves)
    }

    /// Returns what is known of a segment, and whether others were let go for it. Two questions may read the same one: that costs
    /// time and nothing else.
    fn kept<T>(
        &self,
        all: &Mutex<Kept<T>>,
        segment: &Segment,
        bytes_max: usize,
        read: impl FnOnce() -> Result<(usize, T), Error>,
    ) -> Result<(Arc<T>, bool), Error> {
        if let Some(known) = locked(all).get(segment.id()) {
            return Ok((known, false));
        }
        let (bytes, value) = read()?;
        let value = Arc::new(value);
        self.shared.indexed.fetch_add(1, Ordering::Relaxed);
        let evicted = locked(all).put(segment.id(), Arc::clone(&value), bytes, bytes_max);
        Ok((value, evicted))
    }

    /// Begins a question over everything in a snapshot; `now` is when it is asked, by the wall clock.
    #[must_use]
    pub fn view(&self, snapshot: Arc<Snapshot>, stop: Stop, now: UnixNanos) -> View {
        View::new(self.clone(), snapshot, stop, now)
    }

    /// Returns the bytes of what is kept about segments.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        locked(&self.shared.segments).bytes
    }

    /// Returns how often the series of a segment or of a batch had to be found out.
    #[must_use]
    pub fn indexed(&self) -> u64 {
        self.shared.indexed.load(Ordering::Relaxed)
    }

    /// Returns the series of a segment.
    pub(crate) fn segment(&self, segment: &Arc<Segment>) -> Result<Arc<SegmentIndex>, Error> {
        let read = || SegmentIndex::read(segment, &self.shared.registry).map(|index| (index.bytes(), index));
        let (index, evicted) = self.kept(&self.shared.segments, segment, INDEX_CACHE_BYTES, read)?;
        if evicted {
            self.shared.registry.sweep();
        }
        Ok(index)
    }

    /// Returns the series of the batches of a table in memory, in the order of the batches.
    pub(crate) fn batches(&self, table: Table, batches: &[RecordBatch]) -> Result<Vec<Arc<BatchIndex>>, Error> {
        let mut out = Vec::with_capacity(batches.len());
        for batch in batches {
            let address = Arc::as_ptr(column(batch, col::SERIES_ID)?).cast::<()>().addr();
            let known = locked(&self.shared.batches).get(&address).cloned();
            let index = match known {
                Some(index) => index,
                None => {
                    self.shared.indexed.fetch_add(1, Ordering::Relaxed);
                    let index = Arc::new(BatchIndex::of(table, batch, &self.shared.registry)?);
                    let mut all = locked(&self.shared.batches);
                    all.insert(address, Arc::clone(&index));
                    index
                }
            };
            out.push(index);
        }
        Ok(out)
    }

    /// Forgets batches that are not in memory any more, so that their columns can go.
    pub(crate) fn retain_batches(&self, snapshot: &Snapshot) {
        let live: std::collections::HashSet<usize> = TABLES
            .into_iter()
            .flat_map(|table| snapshot.batches(table))
            .filter_map(|batch| column(&batch, col::SERIES_ID).ok().map(|ids| Arc::as_ptr(ids).cast::<()>().addr()))
            .collect();
        let mut all = locked(&self.shared.batches);
        let before = all.len();
        all.retain(|address, _| live.contains(address));
        if all.len() < before {
            drop(all);
            self.shared.registry.sweep();
        }
    }
}
