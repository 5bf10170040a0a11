//! A fixed scenario, with a fault at every file operation in turn. Afterwards, on a healthy disk: nothing acknowledged
//! is lost, nothing is there twice, and nothing is reported as damaged.

use super::*;

const APPENDS: u32 = 8;

/// What the scenario was promised.
#[derive(Debug, Default)]
struct Promised {
    acknowledged: Vec<u32>,
    refused: Vec<u32>,
    /// Log records that were acknowledged, and those that were not.
    logs: (usize, usize),
}

/// Appends, flushes, compacts, fills WAL files, appends during a flush, closes; stops caring at the first error of an
/// append only when the power is off.
async fn scenario(options: Options, disk: &FaultyDisk) -> Promised {
    let mut promised = Promised::default();
    let Ok(storage) = Storage::open(options) else { return promised };
    for id in 0..APPENDS {
        match append(&storage, id).await {
            Ok(_) => promised.acknowledged.push(id),
            Err(_) => promised.refused.push(id),
        }
        if id % 4 == 2 {
            match storage.append(SignalKind::Logs, logs(&[(u64::from(id), "a log", Some(1))])).await {
                Ok(_) => promised.logs.0 += 1,
                Err(_) => promised.logs.1 += 1,
            }
        }
        if id % 4 == 3 {
            storage.flush().await.ok();
            storage.maintain().await.ok();
        }
        if disk.is_crashed() {
            break;
        }
    }
    // What was acknowledged is also visible, now.
    let counts = span_counts(&storage.snapshot());
    assert!(promised.acknowledged.iter().all(|id| counts.get(id) == Some(&1)), "{promised:?} {counts:?}");
    storage.close().await.ok();
    promised
}

fn faulty_options(folder: &Path, disk: &FaultyDisk) -> Options {
    let mut options = options(folder);
    options.disk = Arc::new(disk.clone());
    options.limits.wal_file_bytes = 1_500;
    options.limits.flush_retry = Duration::from_millis(1);
    options.limits.compaction_tier_segments = 2;
    options.limits.compaction_fan_in = 2;
    options.limits.maintenance_every = Duration::from_secs(3_600);
    options
}

/// Returns how many operations the scenario makes when nothing fails.
async fn operations() -> u64 {
    let folder = folder();
    let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
    let promised = scenario(faulty_options(folder.path(), &disk), &disk).await;
    assert_eq!((promised.acknowledged.len(), promised.refused.len()), (APPENDS as usize, 0));
    let storage = Storage::open(options(folder.path())).unwrap();
    let segments = storage.snapshot().segments(Table::Spans).map(|segment| segment.entry().level).collect::<Vec<_>>();
    assert_eq!(segments, [1], "compacted");
    disk.calls()
}

async fn check(fault: Fault) {
    let operations = operations().await;
    assert!(operations > 130, "{operations}");
    for call in 1..=operations {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), call);
        if fault == Fault::ShortWrite {
            // Every other operation would only fail as a full disk does.
            disk.fail_operation(Operation::Write, call, fault);
        } else {
            disk.fail_at(call, fault);
        }
        let promised = scenario(faulty_options(folder.path(), &disk), &disk).await;
        if disk.is_waiting() {
            // There are not so many writes.
            assert!(fault == Fault::ShortWrite && call > 20, "{fault:?} {call}");
            return;
        }
        let context = format!("{fault:?} at operation {call} of {operations}");

        let storage = Storage::open(options(folder.path())).unwrap_or_else(|error| panic!("{context}: {error}"));
        let status = storage.status();
        assert_eq!(status.quarantined, Vec::<String>::new(), "{context}");
        let counts = span_counts(&storage.snapshot());
        for id in &promised.acknowledged {
            assert_eq!(counts.get(id), Some(&1), "{context}: span {id} of {promised:?}");
        }
        assert!(counts.values().all(|count| *count == 1), "{context}: {counts:?}");
        assert!(counts.keys().all(|id| *id < APPENDS), "{context}: {counts:?}");
        let log_rows = all_rows(&storage.snapshot(), Table::Logs).num_rows();
        let (acknowledged, refused) = promised.logs;
        assert!((acknowledged..=acknowledged + refused).contains(&log_rows), "{context}: {log_rows} logs");
        // And life goes on.
        append(&storage, 100).await.unwrap();
        storage.flush().await.unwrap();
        let after = span_counts(&storage.snapshot());
        assert_eq!(after.len(), counts.len() + 1, "{context}");
        assert_eq!(storage.status().wal_bytes, 0, "{context}");
        // Nothing lies about that is not live.
        storage.maintain().await.unwrap();
        let live: u64 = storage.status().tables.iter().map(|table| table.segments).sum();
        let lists =
            ["spans", "logs"].map(|table| RealDisk.list(&folder.path().join("data/segments").join(table)).unwrap());
        assert_eq!(lists.iter().map(Vec::len).sum::<usize>() as u64, live, "{context}: {lists:?}");
        assert_eq!(RealDisk.list(&folder.path().join("data/tmp")).unwrap().len(), 0, "{context}");
    }
}

#[test]
fn a_power_cut_at_any_operation_loses_and_repeats_nothing() {
    runtime().block_on(check(Fault::Crash));
}

#[test]
fn a_device_error_at_any_operation_loses_and_repeats_nothing() {
    runtime().block_on(check(Fault::Io));
}

#[test]
fn a_full_disk_at_any_operation_loses_and_repeats_nothing() {
    runtime().block_on(check(Fault::Full));
}

#[test]
fn a_short_write_at_any_operation_loses_and_repeats_nothing() {
    runtime().block_on(check(Fault::ShortWrite));
}
