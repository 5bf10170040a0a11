//! What the door, the ingest thread and the flush thread share.
//!
//! Readers take the snapshot and nothing else. Writers change [`Visible`] under a lock and then put a new snapshot in
//! place of the old one, so that a row is in memory or in a segment, never in both and never in neither.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use arrow::array::RecordBatch;
use tokio::sync::watch;

use crate::budget::Budget;
use crate::catalog::{Catalog, SegmentEntry};
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::graveyard::Graveyard;
use crate::limits::PINS_MAX;
use crate::memtable::Memtable;
use crate::retention::Pin;
use crate::schema::Table;
use crate::segment::{Segment, SegmentContext};
use crate::snapshot::{Snapshot, place};
use crate::status::{Counters, DurationHistogram, Status, TableStatus};
use crate::storage::Options;

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) paths: DataDir,
    pub(crate) budget: Arc<Budget>,
    pub(crate) segment_context: Arc<SegmentContext>,
    pub(crate) gauges: Gauges,
    pub(crate) graveyard: Graveyard,
    catalog: Mutex<Catalog>,
    snapshot: ArcSwap<Snapshot>,
    /// The newest append that is in the snapshot, for those who wait for more.
    published: watch::Sender<u64>,
    visible: Mutex<Visible>,
    poisoned: OnceLock<Arc<str>>,
    /// Why appends are refused, why the last flush failed.
    full: Mutex<Option<String>>,
    flush_error: Mutex<Option<String>>,
    maintenance_error: Mutex<Option<String>>,
    pins: Mutex<Vec<Pin>>,
    next_segment_id: AtomicU64,
    /// Queries that are under way.
    queries: AtomicU64,
    is_closing: AtomicBool,
}

/// What snapshots are made of.
#[derive(Debug, Default)]
struct Visible {
    active: Memtable,
    /// Memtables that are being flushed, oldest first.
    frozen: VecDeque<Arc<Memtable>>,
    segments: [Arc<[Arc<Segment>]>; 6],
}

/// Numbers that one thread sets and others read.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) last_lsn: AtomicU64,
    pub(crate) durable_lsn: AtomicU64,
    pub(crate) flushed_lsn: AtomicU64,
    pub(crate) wal_bytes: AtomicU64,
    pub(crate) appends: AtomicU64,
    pub(crate) append_bytes: AtomicU64,
    pub(crate) disk_refusals: AtomicU64,
    pub(crate) flushes: AtomicU64,
    pub(crate) flush_failures: AtomicU64,
    pub(crate) flushed_rows: AtomicU64,
    pub(crate) replayed_records: AtomicU64,
    pub(crate) compacted_segments: AtomicU64,
    pub(crate) compacted_rows: AtomicU64,
    pub(crate) compaction_bytes: AtomicU64,
    pub(crate) compaction_failures: AtomicU64,
    pub(crate) compaction: DurationHistogram,
    pub(crate) expired_by_age: AtomicU64,
    pub(crate) expired_by_bytes: AtomicU64,
    pub(crate) expired_rows: AtomicU64,
    pub(crate) expired_bytes: AtomicU64,
    pub(crate) pinned_bytes: AtomicU64,
    pub(crate) deleted_rows: AtomicU64,
    pub(crate) wal_sync: DurationHistogram,
    pub(crate) flush: DurationHistogram,
}

/// A committed record on its way into the memtable.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) lsn: u64,
    pub(crate) wal_bytes: u64,
    pub(crate) batches: Arc<[(Table, RecordBatch)]>,
}

/// The size of the active memtable.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ActiveSize {
    pub(crate) bytes: u64,
    pub(crate) wal_bytes: u64,
    pub(crate) born: Option<std::time::Duration>,
    pub(crate) is_empty: bool,
    /// Frozen memtables that wait for their flush.
    pub(crate) frozen: usize,
}

impl Shared {
    pub(crate) fn new(
        options: Options,
        paths: DataDir,
        segment_context: Arc<SegmentContext>,
        catalog: Catalog,
    ) -> Self {
        Self {
            budget: Budget::new(options.limits.memtable_budget_bytes),
            options,
            paths,
            segment_context,
            gauges: Gauges::default(),
            graveyard: Graveyard::default(),
            catalog: Mutex::new(catalog),
            snapshot: ArcSwap::default(),
            published: watch::Sender::new(0),
            visible: Mutex::default(),
            poisoned: OnceLock::new(),
            full: Mutex::default(),
            flush_error: Mutex::default(),
            maintenance_error: Mutex::default(),
            pins: Mutex::default(),
            next_segment_id: AtomicU64::new(1),
            queries: AtomicU64::new(0),
            is_closing: AtomicBool::new(false),
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Returns the catalog, for one statement or transaction.
    pub(crate) fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what retention keeps.
    pub(crate) fn pins(&self) -> MutexGuard<'_, Vec<Pin>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a pin, to the catalog first.
    pub(crate) fn add_pin(&self, pin: Pin) -> Result<(), Error> {
        let mut pins = self.pins();
        let place = pins.binary_search_by(|one| one.name.cmp(&pin.name));
        if place.is_err() && pins.len() >= PINS_MAX {
            return Err(Error::TooMany { what: "pins", name: "PINS_MAX", limit: PINS_MAX });
        }
        self.catalog().add_pin(&pin)?;
        match place {
            Ok(place) => pins.splice(place..=place, [pin]).for_each(drop),
            Err(place) => pins.insert(place, pin),
        }
        Ok(())
    }

    /// Removes a pin, from the catalog first.
    pub(crate) fn remove_pin(&self, name: &str) -> Result<bool, Error> {
        let mut pins = self.pins();
        let is_gone = self.catalog().remove_pin(name)?;
        pins.retain(|pin| pin.name != name);
        Ok(is_gone)
    }

    /// Returns a new segment's id.
    pub(crate) fn next_segment_id(&self) -> u64 {
        self.next_segment_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Says which ids are taken.
    pub(crate) fn set_next_segment_id(&self, id: u64) {
        self.next_segment_id.store(id, Ordering::Relaxed);
    }

    /// Tells the maintenance thread to give up what it does.
    pub(crate) fn set_closing(&self) {
        self.is_closing.store(true, Ordering::Release);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Counts a query that begins (`true`) or ends.
    pub(crate) fn count_query(&self, begins: bool) {
        if begins {
            self.queries.fetch_add(1, Ordering::Relaxed);
        } else {
            self.queries.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Tells whether a query runs, appends wait for memory or a flush is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.queries.load(Ordering::Relaxed) > 0 || self.budget.has_waiters() || !self.visible().frozen.is_empty()
    }

    /// Returns a receiver that changes whenever an append has become visible.
    pub(crate) fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    fn visible(&self) -> MutexGuard<'_, Visible> {
        self.visible.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes committed records visible. `reserved` is what their appends hold of the budget; from now on the memtable
    /// holds what it really takes.
    pub(crate) fn publish(&self, records: &[Committed], reserved: u64) {
        let mut visible = self.visible();
        let before = visible.active.bytes();
        let now = self.options.clock.monotonic();
        for record in records {
            visible.active.insert(record.lsn, record.wal_bytes, now, &record.batches);
        }
        let after = visible.active.bytes();
        self.snapshot.store(Arc::new(visible.snapshot()));
        drop(visible);
        self.budget.adjust(before + reserved, after);
        if let Some(last) = records.last() {
            self.published.send_replace(last.lsn);
        }
    }

    /// Closes the active memtable at the newest record; `None` when there is nothing in it. The ingest thread alone
    /// calls this, between two groups: what is frozen covers a closed interval of WAL numbers.
    pub(crate) fn freeze(&self) -> Option<Arc<Memtable>> {
        let mut visible = self.visible();
        if visible.active.is_empty() {
            return None;
        }
        let frozen = Arc::new(std::mem::take(&mut visible.active));
        visible.frozen.push_back(Arc::clone(&frozen));
        Some(frozen)
    }

    /// Returns the memtables that wait for their flush, oldest first.
    pub(crate) fn frozen(&self) -> Vec<Arc<Memtable>> {
        self.visible().frozen.iter().cloned().collect()
    }

    /// Puts segments in the place of the memtable that they were made of.
    pub(crate) fn replace(&self, flushed: &Arc<Memtable>, segments: Vec<Segment>) {
        let mut visible = self.visible();
        visible.frozen.retain(|frozen| !Arc::ptr_eq(frozen, flushed));
        visible.add(segments);
        self.snapshot.store(Arc::new(visible.snapshot()));
        drop(visible);
        self.budget.adjust(flushed.bytes(), 0);
    }

    /// Puts segments in the place of those that they were made of, whose folders go once nobody reads them.
    pub(crate) fn swap(&self, removed: &[Arc<Segment>], added: Vec<SegmentEntry>) {
        let open = |entry| Arc::new(Segment::open(&self.paths.root, entry, Arc::clone(&self.segment_context)));
        let mut added: Vec<_> = added.into_iter().map(open).collect();
        let mut visible = self.visible();
        for list in &mut visible.segments {
            let is_removed = |segment: &Arc<Segment>| removed.iter().any(|one| Arc::ptr_eq(one, segment));
            let Some(place) = list.iter().position(is_removed) else { continue };
            let mut kept: Vec<_> = list.iter().filter(|segment| !is_removed(segment)).map(Arc::clone).collect();
            kept.splice(place.min(kept.len())..place.min(kept.len()), added.drain(..));
            *list = kept.into();
        }
        self.snapshot.store(Arc::new(visible.snapshot()));
        drop(visible);
        self.graveyard.add(removed.iter().map(Arc::clone));
    }

    /// Adds segments that the catalog lists at the start.
    pub(crate) fn add_segments(&self, segments: Vec<Segment>) {
        let mut visible = self.visible();
        visible.add(segments);
        self.snapshot.store(Arc::new(visible.snapshot()));
    }

    pub(crate) fn active_size(&self) -> ActiveSize {
        let visible = self.visible();
        let active = &visible.active;
        ActiveSize {
            bytes: active.bytes(),
            wal_bytes: active.wal_bytes,
            born: active.born,
            is_empty: active.is_empty(),
            frozen: visible.frozen.len(),
        }
    }

    /// Stops acknowledgements until a restart.
    pub(crate) fn poison(&self, why: &str) {
        if self.poisoned.set(why.into()).is_ok() {
            tracing::error!(why, "the write-ahead log stopped; nothing is acknowledged until a restart");
        }
    }

    pub(crate) fn poisoned(&self) -> Option<Error> {
        self.poisoned.get().map(|why| Error::Poisoned(Arc::clone(why)))
    }

    pub(crate) fn set_full(&self, why: Option<String>) {
        set_logged(&self.full, why, "appends are refused");
    }

    pub(crate) fn set_flush_error(&self, why: Option<String>) {
        set_logged(&self.flush_error, why, "a flush failed and will be tried again");
    }

    pub(crate) fn set_maintenance_error(&self, why: Option<String>) {
        set_logged(&self.maintenance_error, why, "compaction or retention failed and will be tried again");
    }

    pub(crate) fn status(&self) -> Status {
        let snapshot = self.snapshot();
        let tables: Vec<_> = Table::ALL.into_iter().map(|table| table_status(&snapshot, table)).collect();
        let (active_bytes, frozen_bytes, wal_unflushed_bytes) = {
            let visible = self.visible();
            let frozen: u64 = visible.frozen.iter().map(|frozen| frozen.bytes()).sum();
            let frozen_wal: u64 = visible.frozen.iter().map(|frozen| frozen.wal_bytes).sum();
            (visible.active.bytes(), frozen, visible.active.wal_bytes + frozen_wal)
        };
        let wal_bytes = self.gauges.wal_bytes.load(Ordering::Relaxed);
        Status {
            wal_bytes,
            wal_unflushed_bytes,
            memtable_bytes: active_bytes + frozen_bytes,
            budget_used_bytes: self.budget.used_bytes(),
            metadata_bytes: self.segment_context.metadata_bytes(),
            filter_bytes: snapshot.all_segments().map(|segment| segment.filter_bytes()).sum(),
            disk_bytes: wal_bytes + self.graveyard.bytes() + self.segment_bytes(&snapshot),
            free_bytes: self.options.disk.free_bytes(&self.paths.root).ok(),
            last_lsn: self.gauges.last_lsn.load(Ordering::Acquire),
            durable_lsn: self.gauges.durable_lsn.load(Ordering::Acquire),
            flushed_lsn: self.gauges.flushed_lsn.load(Ordering::Acquire),
            pinned_bytes: self.gauges.pinned_bytes.load(Ordering::Relaxed),
            retention: self.options.retention,
            poisoned: self.poisoned.get().map(ToString::to_string),
            full: lock(&self.full).clone(),
            flush_error: lock(&self.flush_error).clone(),
            maintenance_error: lock(&self.maintenance_error).clone(),
            quarantined: self.segment_context.damage(),
            remote: match &self.segment_context.remote {
                Some(remote) => Some(remote.status(self)),
                None => crate::remote::without_store(self),
            },
            counters: self.counters(),
            tables,
        }
    }

    /// Returns the bytes of segments on this disk.
    fn segment_bytes(&self, snapshot: &Snapshot) -> u64 {
        let here = snapshot.all_segments().filter(|segment| !segment.is_uploaded());
        let here: u64 = here.map(|segment| segment.bytes()).sum();
        here + self.segment_context.remote.as_ref().map_or(0, |remote| remote.cache.bytes())
    }

    fn counters(&self) -> Counters {
        let (append_waits, memory_refusals) = self.budget.counts();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let gauges = &self.gauges;
        Counters {
            appends: get(&gauges.appends),
            append_bytes: get(&gauges.append_bytes),
            append_waits,
            append_refusals: memory_refusals + get(&gauges.disk_refusals),
            flushes: get(&gauges.flushes),
            flush_failures: get(&gauges.flush_failures),
            flushed_rows: get(&gauges.flushed_rows),
            replayed_records: get(&gauges.replayed_records),
            deleted_rows: get(&gauges.deleted_rows),
            expired_by_age: get(&gauges.expired_by_age),
            expired_by_bytes: get(&gauges.expired_by_bytes),
            expired_rows: get(&gauges.expired_rows),
            expired_bytes: get(&gauges.expired_bytes),
            compactions: gauges.compaction.counts().count,
            compaction_failures: get(&gauges.compaction_failures),
            compacted_segments: get(&gauges.compacted_segments),
            compacted_rows: get(&gauges.compacted_rows),
            compaction_bytes: get(&gauges.compaction_bytes),
            compaction: gauges.compaction.counts(),
            wal_sync: gauges.wal_sync.counts(),
            flush: gauges.flush.counts(),
        }
    }
}

impl Visible {
    fn add(&mut self, segments: Vec<Segment>) {
        for segment in segments {
            if let Some(list) = self.segments.get_mut(place(segment.table())) {
                *list = list.iter().cloned().chain([Arc::new(segment)]).collect();
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let memtables = || self.frozen.iter().map(Arc::as_ref).chain([&self.active]);
        let memory = std::array::from_fn(|table| {
            memtables()
                .filter_map(|memtable| memtable.tables.get(table))
                .flat_map(|rows| &rows.batches)
                .cloned()
                .collect()
        });
        Snapshot { memory, segments: self.segments.clone() }
    }
}

fn table_status(snapshot: &Snapshot, table: Table) -> TableStatus {
    let memory = snapshot.memory.get(place(table)).into_iter().flatten();
    TableStatus {
        table,
        memory_rows: memory.map(|batch| batch.num_rows() as u64).sum(),
        segment_rows: snapshot.segments(table).map(|segment| segment.rows()).sum(),
        segments: snapshot.segments(table).count() as u64,
        segment_bytes: snapshot.segments(table).map(|segment| segment.bytes()).sum(),
    }
}

fn lock(text: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets a condition and says so once, when it begins.
fn set_logged(text: &Mutex<Option<String>>, why: Option<String>, what: &'static str) {
    let mut current = lock(text);
    if let (None, Some(why)) = (&*current, &why) {
        tracing::warn!(why, "{what}");
    }
    *current = why;
}
