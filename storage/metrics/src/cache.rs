//! What is kept between questions: the series of immutable files and batches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use telltale_promql::Error;
use telltale_storage::schema::{Table, col};
use telltale_storage::{Segment, Snapshot};

use crate::columns::column;
use crate::derived::stats::SpanStats;
use crate::index::{BatchIndex, SegmentIndex};
use crate::limits::{DERIVED_CACHE_BYTES, INDEX_CACHE_BYTES};
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
    segments: Mutex<Segments>,
    batches: Mutex<HashMap<usize, Arc<BatchIndex>>>,
    spans: Mutex<Spans>,
    indexed: AtomicU64,
}

#[derive(Debug, Default)]
struct Segments {
    entries: HashMap<u64, (Arc<SegmentIndex>, u64)>,
    bytes: usize,
    tick: u64,
}

/// What is known of the spans of segments: with the tick of its last use.
#[derive(Debug, Default)]
struct Spans {
    entries: HashMap<u64, (Arc<SpanStats>, u64)>,
    tick: u64,
}

impl Metrics {
    /// Returns what the spans of a segment add up to.
    pub(crate) fn span_stats(&self, segment: &Segment) -> Result<Arc<SpanStats>, Error> {
        {
            let mut state = self.shared.spans.lock().unwrap_or_else(PoisonError::into_inner);
            state.tick += 1;
            let tick = state.tick;
            if let Some((stats, used)) = state.entries.get_mut(&segment.id()) {
                *used = tick;
                return Ok(Arc::clone(stats));
            }
        }
        let stats = Arc::new(SpanStats::read(segment)?);
        self.shared.indexed.fetch_add(1, Ordering::Relaxed);
        let mut state = self.shared.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let tick = state.tick;
        state.entries.insert(segment.id(), (Arc::clone(&stats), tick));
        while state.entries.len() > 1
            && state.entries.values().map(|(stats, _)| stats.bytes()).sum::<usize>() > DERIVED_CACHE_BYTES
        {
            let Some(id) = state.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(id, _)| *id) else { break };
            state.entries.remove(&id);
        }
        Ok(stats)
    }

    /// Begins a question over everything in a snapshot.
    #[must_use]
    pub fn view(&self, snapshot: Arc<Snapshot>, stop: Stop) -> View {
        View::new(self.clone(), snapshot, stop)
    }

    /// Returns the bytes of what is kept about segments.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Returns how often the series of a segment or of a batch had to be found out.
    #[must_use]
    pub fn indexed(&self) -> u64 {
        self.shared.indexed.load(Ordering::Relaxed)
    }

    /// Returns the series of a segment.
    pub(crate) fn segment(&self, segment: &Segment) -> Result<Arc<SegmentIndex>, Error> {
        {
            let mut state = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
            state.tick += 1;
            let tick = state.tick;
            if let Some((index, used)) = state.entries.get_mut(&segment.id()) {
                *used = tick;
                return Ok(Arc::clone(index));
            }
        }
        // Two questions may read the same one: that costs time and nothing else.
        let index = Arc::new(SegmentIndex::read(segment, &self.shared.registry)?);
        self.shared.indexed.fetch_add(1, Ordering::Relaxed);
        let mut state = self.shared.segments.lock().unwrap_or_else(PoisonError::into_inner);
        state.tick += 1;
        let tick = state.tick;
        state.bytes += index.bytes();
        if let Some((replaced, _)) = state.entries.insert(segment.id(), (Arc::clone(&index), tick)) {
            state.bytes -= replaced.bytes();
        }
        let evicted = state.evict();
        drop(state);
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
            let known = self.shared.batches.lock().unwrap_or_else(PoisonError::into_inner).get(&address).cloned();
            let index = match known {
                Some(index) => index,
                None => {
                    self.shared.indexed.fetch_add(1, Ordering::Relaxed);
                    let index = Arc::new(BatchIndex::of(table, batch, &self.shared.registry)?);
                    let mut all = self.shared.batches.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut all = self.shared.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.retain(|address, _| live.contains(address));
        if all.len() < before {
            drop(all);
            self.shared.registry.sweep();
        }
    }
}

impl Segments {
    /// Lets the least recently used go until the rest fits; the newest always stays.
    fn evict(&mut self) -> bool {
        let mut evicted = false;
        while self.bytes > INDEX_CACHE_BYTES && self.entries.len() > 1 {
            let Some(id) = self.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(id, _)| *id) else { break };
            if let Some((index, _)) = self.entries.remove(&id) {
                self.bytes -= index.bytes();
                evicted = true;
            }
        }
        evicted
    }
}
