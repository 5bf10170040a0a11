//! The store's account of itself, and the process's, as metrics.

use std::time::Duration;

use telltale_storage::status::DURATION_BOUNDS_US;
use telltale_storage::{DurationCounts, RemoteStatus, Status};

use super::Metric;
use super::render::Page;

/// Writes what the store says.
pub(super) fn write(page: &mut Page, status: &Status) {
    for table in &status.tables {
        let name = table.table.name();
        page.number(Metric::StoreRows, &[name, "memory"], table.memory_rows as f64);
        page.number(Metric::StoreRows, &[name, "segments"], table.segment_rows as f64);
        page.number(Metric::StoreSegments, &[name], table.segments as f64);
        page.number(Metric::StoreSegmentBytes, &[name], table.segment_bytes as f64);
    }
    page.number(Metric::StoreDiskBytes, &[], status.disk_bytes as f64);
    // A system that does not tell is not a full disk.
    page.number(Metric::StoreFreeBytes, &[], status.free_bytes.map_or(f64::NAN, |bytes| bytes as f64));
    let remote = status.remote.clone().unwrap_or_default();
    let problems = [
        ("poisoned", &status.poisoned),
        ("full", &status.full),
        ("flush", &status.flush_error),
        ("maintenance", &status.maintenance_error),
        ("remote", &remote.problem),
    ];
    for (problem, reason) in problems {
        page.number(Metric::StoreHealthy, &[problem], if reason.is_none() { 1.0 } else { 0.0 });
    }
    page.number(Metric::StoreQuarantined, &[], status.quarantined.len() as f64);
    page.number(Metric::WalBytes, &["reserved"], status.wal_bytes as f64);
    page.number(Metric::WalBytes, &["unflushed"], status.wal_unflushed_bytes as f64);
    page.number(Metric::WalLag, &[], status.last_lsn.saturating_sub(status.durable_lsn) as f64);
    page.number(Metric::MemtableBytes, &["rows"], status.memtable_bytes as f64);
    page.number(Metric::MemtableBytes, &["budget"], status.budget_used_bytes as f64);
    page.number(Metric::StoreMemory, &["metadata"], status.metadata_bytes as f64);
    page.number(Metric::StoreMemory, &["filters"], status.filter_bytes as f64);
    write_counters(page, status);
    write_remote(page, &remote);
}

/// Writes what the object store has and did; zeros without one.
fn write_remote(page: &mut Page, remote: &RemoteStatus) {
    page.number(Metric::RemoteSegments, &["there"], remote.segments as f64);
    page.number(Metric::RemoteSegments, &["waiting"], remote.waiting as f64);
    page.number(Metric::RemoteSegments, &["unavailable"], remote.unavailable as f64);
    page.number(Metric::RemoteBytes, &["there"], remote.bytes as f64);
    page.number(Metric::RemoteBytes, &["waiting"], remote.waiting_bytes as f64);
    page.number(Metric::RemoteUploads, &["done"], remote.uploads as f64);
    page.number(Metric::RemoteUploads, &["failed"], remote.upload_failures as f64);
    page.number(Metric::RemoteUploadBytes, &[], remote.upload_bytes as f64);
    page.number(Metric::RemoteRemovals, &["done"], remote.removals as f64);
    page.number(Metric::RemoteRemovals, &["failed"], remote.removal_failures as f64);
    page.number(Metric::RemoteFetches, &["done"], remote.fetches as f64);
    page.number(Metric::RemoteFetches, &["failed"], remote.fetch_failures as f64);
    page.number(Metric::RemoteFetchBytes, &[], remote.fetch_bytes as f64);
    page.number(Metric::RemoteCacheHits, &[], remote.hits as f64);
    page.number(Metric::RemoteCacheBytes, &[], remote.cache_bytes as f64);
    page.number(Metric::RemoteCacheLimit, &[], remote.cache_limit_bytes as f64);
    page.number(Metric::RemoteCacheEvictions, &[], remote.evictions as f64);
}

/// Writes what the store counted.
fn write_counters(page: &mut Page, status: &Status) {
    let counters = &status.counters;
    page.number(Metric::WalReplayed, &[], counters.replayed_records as f64);
    page.number(Metric::Appends, &[], counters.appends as f64);
    page.number(Metric::AppendWaits, &[], counters.append_waits as f64);
    page.number(Metric::AppendRefusals, &[], counters.append_refusals as f64);
    page.number(Metric::Flushes, &["done"], counters.flushes as f64);
    page.number(Metric::Flushes, &["failed"], counters.flush_failures as f64);
    page.number(Metric::FlushedRows, &[], counters.flushed_rows as f64);
    page.number(Metric::Compactions, &["done"], counters.compactions as f64);
    page.number(Metric::Compactions, &["failed"], counters.compaction_failures as f64);
    page.number(Metric::CompactedSegments, &[], counters.compacted_segments as f64);
    page.number(Metric::CompactedRows, &[], counters.compacted_rows as f64);
    page.number(Metric::CompactionBytes, &[], counters.compaction_bytes as f64);
    durations(page, Metric::CompactionDuration, &counters.compaction);
    page.number(Metric::RetentionSegments, &["age"], counters.expired_by_age as f64);
    page.number(Metric::RetentionSegments, &["bytes"], counters.expired_by_bytes as f64);
    page.number(Metric::RetentionRows, &[], counters.expired_rows as f64);
    page.number(Metric::RetentionBytes, &[], counters.expired_bytes as f64);
    page.number(Metric::DeletedRows, &[], counters.deleted_rows as f64);
    page.number(Metric::RetentionLimit, &[], status.retention.bytes_max.map_or(f64::NAN, |bytes| bytes as f64));
    page.number(Metric::RetentionPinned, &[], status.pinned_bytes as f64);
    durations(page, Metric::WalSyncDuration, &counters.wal_sync);
    durations(page, Metric::FlushDuration, &counters.flush);
}

/// Writes one of the store's histograms.
fn durations(page: &mut Page, metric: Metric, counts: &DurationCounts) {
    let bounds = DURATION_BOUNDS_US.map(|bound| bound as f64 / 1e6);
    page.durations(metric, &[], &bounds, &counts.buckets, Duration::from_micros(counts.sum_us));
}

/// Writes what the process says of itself; memory and files only where `/proc` tells.
pub(super) fn write_process(page: &mut Page, uptime: Duration) {
    page.number(Metric::ProcessUptime, &[], uptime.as_secs_f64());
    page.number(Metric::ProcessMemory, &[], resident_bytes().map_or(f64::NAN, |bytes| bytes as f64));
    page.number(Metric::ProcessFiles, &[], open_files().map_or(f64::NAN, |count| count as f64));
}

/// Reads the resident memory.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Counts the open files.
fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}
