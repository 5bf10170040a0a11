//! The engine's account of itself: for `/api/health`, `/metrics` and the status page.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::remote::RemoteStatus;
use crate::retention::Retention;
use crate::schema::Table;

/// What the engine holds and did since it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Rows and segments, one entry a table, in [`Table::ALL`]'s order.
    pub tables: Vec<TableStatus>,
    /// Bytes of the WAL's files, as they are reserved on disk.
    pub wal_bytes: u64,
    /// Bytes of records in the WAL that no segment covers yet.
    pub wal_unflushed_bytes: u64,
    /// Arrow bytes of rows in memory.
    pub memtable_bytes: u64,
    /// Bytes of rows in memory and of appends under way, as counted against `limits::MEMTABLE_BUDGET_BYTES`.
    pub budget_used_bytes: u64,
    /// Bytes of Parquet metadata in memory, of the segments that were read last; at most `limits::METADATA_CACHE_BYTES`.
    pub metadata_bytes: u64,
    /// Bytes of filters over ids in memory: of every segment, once it was asked for one.
    pub filter_bytes: u64,
    /// Bytes of segments and WAL on disk.
    pub disk_bytes: u64,
    /// Bytes that are free for us on the data folder's disk, when the system tells.
    pub free_bytes: Option<u64>,
    /// Number of the newest acknowledged append; 0 for none.
    pub last_lsn: u64,
    /// Number of the newest append that is on the device; behind `last_lsn` only with `AckMode::Write`.
    pub durable_lsn: u64,
    /// Number of the newest append that is in segments.
    pub flushed_lsn: u64,
    /// Bytes of segments that pins kept when retention last looked.
    pub pinned_bytes: u64,
    /// How long data is kept.
    pub retention: Retention,
    /// Why nothing is acknowledged until a restart; `None` when all is well.
    pub poisoned: Option<String>,
    /// Why appends are refused at the moment (disk or memory); `None` when they are not.
    pub full: Option<String>,
    /// Why the last flush failed; it is tried again by itself. `None` when it did not.
    pub flush_error: Option<String>,
    /// Why the last compaction or retention failed; it is tried again by itself. `None` when it did not.
    pub maintenance_error: Option<String>,
    /// Damaged files, each with what was found.
    pub quarantined: Vec<String>,
    /// The object store, when there is one.
    pub remote: Option<RemoteStatus>,
    /// What was done since the storage was opened.
    pub counters: Counters,
}

/// Rows and segments of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableStatus {
    /// The table.
    pub table: Table,
    /// Rows in memory.
    pub memory_rows: u64,
    /// Rows in segments.
    pub segment_rows: u64,
    /// Number of segments.
    pub segments: u64,
    /// Bytes of the segments' files.
    pub segment_bytes: u64,
}

/// Sums since the storage was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Appends acknowledged.
    pub appends: u64,
    /// Payload bytes acknowledged.
    pub append_bytes: u64,
    /// Appends that waited for memory.
    pub append_waits: u64,
    /// Appends refused for want of memory or disk.
    pub append_refusals: u64,
    /// Flushes that made segments.
    pub flushes: u64,
    /// Flushes that failed.
    pub flush_failures: u64,
    /// Rows written to segments.
    pub flushed_rows: u64,
    /// WAL records replayed at the start.
    pub replayed_records: u64,
    /// Rows that were deleted on request.
    pub deleted_rows: u64,
    /// Segments that retention removed because of their age.
    pub expired_by_age: u64,
    /// Segments that retention removed because there was too much.
    pub expired_by_bytes: u64,
    /// Rows that retention removed.
    pub expired_rows: u64,
    /// Bytes that retention removed.
    pub expired_bytes: u64,
    /// Compactions that put segments in the place of others.
    pub compactions: u64,
    /// Rounds of compaction and retention that failed.
    pub compaction_failures: u64,
    /// Segments that compactions replaced.
    pub compacted_segments: u64,
    /// Rows that compactions read.
    pub compacted_rows: u64,
    /// Bytes that compactions wrote.
    pub compaction_bytes: u64,
    /// Time of compactions, waits for ingest and queries included.
    pub compaction: DurationCounts,
    /// Time of WAL writes with their fsync; one a group of appends.
    pub wal_sync: DurationCounts,
    /// Time of flushes.
    pub flush: DurationCounts,
}

/// Upper bounds of the buckets of [`DurationCounts`], in microseconds; the last bucket has none.
pub const DURATION_BOUNDS_US: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000, 10_000_000];

/// A histogram of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DurationCounts {
    /// How many.
    pub count: u64,
    /// Their sum, in microseconds.
    pub sum_us: u64,
    /// How many fell under each of [`DURATION_BOUNDS_US`] and not under the one before; the last entry is the rest.
    pub buckets: [u64; 13],
}

/// A histogram that threads add to.
#[derive(Debug, Default)]
pub(crate) struct DurationHistogram {
    sum_us: AtomicU64,
    buckets: [AtomicU64; 13],
}

impl DurationHistogram {
    pub(crate) fn record(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = DURATION_BOUNDS_US.partition_point(|bound| *bound < us);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
        if let Some(count) = self.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counts(&self) -> DurationCounts {
        let buckets = self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        DurationCounts { count: buckets.iter().sum(), sum_us: self.sum_us.load(Ordering::Relaxed), buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_bucket_whose_bound_it_reaches() {
        let histogram = DurationHistogram::default();
        for us in [1, 250, 251, 20_000_000] {
            histogram.record(Duration::from_micros(us));
        }
        let counts = histogram.counts();
        assert_eq!((counts.count, counts.sum_us), (4, 20_000_502));
        assert_eq!((counts.buckets[0], counts.buckets[1], counts.buckets[12]), (2, 1, 1));
    }
}
