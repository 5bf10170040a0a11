//! Retention in a whole store: by age, by size, around pins, and with a fault at every file operation.

use telltale_model::TraceId;

use super::*;
use crate::retention::{Pin, PinKind};
use crate::testing::{TestSpan, trace_id, traces};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn kept(folder: &Path) -> (Options, Arc<ManualClock>) {
    let mut options = options(folder);
    let clock = Arc::new(ManualClock::new(UnixNanos(20_000 * 24 * 3_600 * 1_000_000_000)));
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    options.retention.traces = Some(7 * DAY);
    options.limits.compaction_tier_segments = 100;
    options.limits.maintenance_every = Duration::from_secs(3_600);
    (options, clock)
}

/// Stores one span of a trace and flushes it, then lets a day pass, look by look.
async fn one_day(storage: &Storage, clock: &ManualClock, trace: u8) {
    storage.append(SignalKind::Traces, traces(&[TestSpan::new(trace, u32::from(trace))])).await.unwrap();
    storage.flush().await.unwrap();
    clock.advance(DAY);
    storage.maintain().await.unwrap();
}

/// Scenario: one flush a day for ten days, one trace pinned, one interval of time pinned; then the pins are taken back.
#[test]
fn traces_go_after_seven_days_and_what_is_pinned_stays() {
    runtime().block_on(async {
        let folder = folder();
        let (options, clock) = kept(folder.path());
        let storage = Storage::open(options.clone()).unwrap();
        let trace = PinKind::Trace(TraceId::new(trace_id(2)).unwrap());
        let start = 1_000 + 3;
        let run = PinKind::Time { start_ns: start, end_ns: start };
        storage.pin(Pin { name: "ci".into(), kind: trace, created_at_ns: 5 }).await.unwrap();
        storage.pin(Pin { name: "ci".into(), kind: run, created_at_ns: 6 }).await.unwrap();
        storage.pin(Pin { name: "link".into(), kind: trace, created_at_ns: 7 }).await.unwrap();
        for day in 1..=10 {
            one_day(&storage, &clock, day).await;
        }
        let left = once([2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(span_counts(&storage.snapshot()), left, "only the first day is more than seven days old");
        clock.advance(3 * DAY);
        one_day(&storage, &clock, 11).await;
        assert_eq!(span_counts(&storage.snapshot()), once([2, 3, 8, 9, 10, 11]));
        let status = storage.status();
        let expired = (status.counters.expired_by_age, status.counters.expired_by_bytes, status.counters.expired_rows);
        assert_eq!(expired, (5, 0, 5));
        assert!(status.counters.expired_bytes > 0 && status.pinned_bytes > 0);
        storage.close().await.unwrap();

        let storage = Storage::open(options).unwrap();
        assert_eq!(storage.pins().iter().map(|pin| pin.name.as_str()).collect::<Vec<_>>(), ["ci", "link"]);
        assert_eq!(storage.pins()[0].kind, run);
        storage.maintain().await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([2, 3, 8, 9, 10, 11]));
        assert!(storage.unpin("ci").await.unwrap());
        assert!(!storage.unpin("ci").await.unwrap());
        clock.advance(Duration::from_secs(7_200));
        storage.maintain().await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([2, 9, 10, 11]), "the eighth day's turn has come too");
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
    });
}

/// Scenario: a store that may not grow gets more than fits.
#[test]
fn the_oldest_segments_go_when_there_is_too_much() {
    runtime().block_on(async {
        let folder = folder();
        let (mut options, clock) = kept(folder.path());
        options.retention = Retention { bytes_max: Some(100_000), ..Retention::default() };
        let storage = Storage::open(options.clone()).unwrap();
        one_day(&storage, &clock, 1).await;
        let one = storage.status().tables[0].segment_bytes;
        storage.close().await.unwrap();
        options.retention.bytes_max = Some(3 * one + one / 2);
        let storage = Storage::open(options).unwrap();
        for day in 2..=6 {
            one_day(&storage, &clock, day).await;
        }
        assert_eq!(span_counts(&storage.snapshot()), once([4, 5, 6]));
        assert_eq!(storage.status().counters.expired_by_bytes, 3);
        assert!(storage.status().disk_bytes <= 3 * one + one / 2);
    });
}

/// Scenario: the wall clock jumps by more than a year, forth and back, while data comes in.
#[test]
fn a_wrong_clock_deletes_nothing() {
    runtime().block_on(async {
        let folder = folder();
        let (options, clock) = kept(folder.path());
        let storage = Storage::open(options).unwrap();
        for day in 1..=3 {
            one_day(&storage, &clock, day).await;
        }
        let right = clock.now();
        let year = 400 * 24 * 3_600 * 1_000_000_000;
        for wrong in [right.0 + year, right.0 - year, 0, u64::MAX >> 1, right.0] {
            clock.set_wall(UnixNanos(wrong));
            storage.maintain().await.unwrap();
            assert_eq!(span_counts(&storage.snapshot()), once([1, 2, 3]));
        }
    });
}

/// Three old segments and a young one, written without faults.
async fn old_store(folder: &Path) -> Arc<ManualClock> {
    let (mut options, clock) = kept(folder);
    options.retention = Retention::default();
    let storage = Storage::open(options).unwrap();
    for day in 1..=3 {
        one_day(&storage, &clock, day).await;
    }
    clock.advance(4 * DAY);
    one_day(&storage, &clock, 4).await;
    storage.close().await.unwrap();
    clock
}

/// Opens the store on a disk with a fault and lets retention run; returns how many operations that took.
async fn expire(folder: &Path, clock: &Arc<ManualClock>, fault: Option<(u64, Fault)>) -> u64 {
    let (mut options, _) = kept(folder);
    options.clock = Arc::clone(clock) as Arc<dyn Clock>;
    let disk = FaultyDisk::new(&folder.join("trash"), fault.map_or(1, |(call, _)| call));
    options.disk = Arc::new(disk.clone());
    let Ok(storage) = ({
        if let Some((call, fault)) = fault {
            disk.fail_at(call, fault);
        }
        Storage::open(options)
    }) else {
        return disk.calls();
    };
    clock.advance(Duration::from_secs(3_600));
    storage.maintain().await.ok();
    clock.advance(Duration::from_secs(3_600));
    storage.maintain().await.ok();
    storage.close().await.ok();
    disk.calls()
}

async fn check(fault: Fault) {
    let operations = {
        let folder = folder();
        let clock = old_store(folder.path()).await;
        expire(folder.path(), &clock, None).await
    };
    assert!(operations > 8, "{operations}");
    for call in 1..=operations {
        let folder = folder();
        let clock = old_store(folder.path()).await;
        expire(folder.path(), &clock, Some((call, fault))).await;
        let context = format!("{fault:?} at operation {call} of {operations}");
        let (mut options, _) = kept(folder.path());
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let storage = Storage::open(options).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(storage.status().quarantined, Vec::<String>::new(), "{context}");
        let counts = span_counts(&storage.snapshot());
        assert!(counts.get(&4) == Some(&1) && counts.values().all(|count| *count == 1), "{context}: {counts:?}");
        storage.maintain().await.unwrap();
        clock.advance(Duration::from_secs(7_200));
        storage.maintain().await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([3, 4]), "{context}");
        let folders = RealDisk.list(&folder.path().join("data/segments/spans")).unwrap();
        assert_eq!(folders.len(), 2, "{context}: {folders:?}");
    }
}

#[test]
fn a_power_cut_at_any_operation_of_retention_loses_nothing_young_and_leaves_nothing_old() {
    runtime().block_on(check(Fault::Crash));
}

#[test]
fn a_device_error_at_any_operation_of_retention_loses_nothing_young_and_leaves_nothing_old() {
    runtime().block_on(check(Fault::Io));
}
