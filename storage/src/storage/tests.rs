//! The store as a whole: visible at once, durable, in segments once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::clock::ManualClock;
use crate::io::{Fault, FaultyDisk, Operation};
use crate::schema::col;
use crate::testing::{all_rows, folder, logs, metrics, one_span, runtime, span_counts};

mod catalog;
mod compaction;
mod crash;
mod deletion;
mod golden;
mod promotion;
mod remote;
mod reserve;
mod retention;

fn options(folder: &Path) -> Options {
    let mut options = Options::new(folder.join("data"));
    options.limits.wal_file_bytes = 1 << 20;
    options.limits.free_bytes_min = 0;
    // Attributes get columns of their own however few rows there are.
    options.limits.promotion_rows_min = 1;
    options
}

fn once(ids: impl IntoIterator<Item = u32>) -> BTreeMap<u32, usize> {
    ids.into_iter().map(|id| (id, 1)).collect()
}

async fn append(storage: &Storage, id: u32) -> Result<Appended, Error> {
    storage.append(SignalKind::Traces, one_span(id)).await
}

fn rows(storage: &Storage) -> Vec<(u64, u64)> {
    storage.status().tables.iter().map(|table| (table.memory_rows, table.segment_rows)).collect()
}

#[test]
fn an_append_is_visible_at_once_survives_a_stop_and_moves_to_segments_once() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        let appended = append(&storage, 1).await.unwrap();
        assert_eq!((appended.lsn, appended.accepted, appended.rejected), (1, 1, 0));
        storage.append(SignalKind::Logs, logs(&[(5, "a", None), (6, "b", Some(1))])).await.unwrap();
        assert_eq!(storage.append(SignalKind::Metrics, metrics(9, 1)).await.unwrap().lsn, 3);
        let in_memory = [(1, 0), (2, 0), (1, 0), (1, 0), (0, 0), (1, 0)];
        assert_eq!(rows(&storage), in_memory);
        drop(storage);

        let storage = Storage::open(options(folder.path())).unwrap();
        assert_eq!(rows(&storage), in_memory);
        assert_eq!(storage.status().counters.replayed_records, 3);
        assert_eq!(append(&storage, 2).await.unwrap().lsn, 4);
        storage.flush().await.unwrap();
        let in_segments = [(0, 2), (0, 2), (0, 1), (0, 1), (0, 0), (0, 1)];
        assert_eq!(rows(&storage), in_segments);
        assert_eq!(span_counts(&storage.snapshot()), once([1, 2]));
        let status = storage.status();
        assert_eq!((status.flushed_lsn, status.wal_bytes, status.memtable_bytes), (4, 0, 0));
        assert_eq!(status.budget_used_bytes, 0);
        storage.close().await.unwrap();
        assert!(matches!(append(&storage, 3).await, Err(Error::Closed)));

        let storage = Storage::open(options(folder.path())).unwrap();
        assert_eq!(rows(&storage), in_segments);
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
        assert_eq!(append(&storage, 3).await.unwrap().lsn, 5);
    });
}

#[test]
fn an_acknowledged_span_is_in_the_next_snapshot_once_while_flushes_run() {
    runtime().block_on(async {
        let folder = folder();
        let mut options = options(folder.path());
        options.limits.memtable_flush_bytes = 200_000;
        let storage = Storage::open(options.clone()).unwrap();
        let tasks = (0..8_u32).map(|task| {
            let storage = storage.clone();
            tokio::spawn(async move {
                for id in (0..40).map(|index| task * 1_000 + index) {
                    append(&storage, id).await.unwrap();
                    if id % 5 == 0 {
                        let counts = span_counts(&storage.snapshot());
                        assert_eq!(counts.get(&id), Some(&1));
                        assert!(counts.values().all(|count| *count == 1));
                    }
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let expected = once((0..8).flat_map(|task| (0..40).map(move |index| task * 1_000 + index)));
        assert_eq!(span_counts(&storage.snapshot()), expected);
        storage.flush().await.unwrap();
        assert!(storage.status().counters.flushes > 1, "{:?}", storage.status().counters);
        assert_eq!(span_counts(&storage.snapshot()), expected);
        drop(storage);
        assert_eq!(span_counts(&Storage::open(options).unwrap().snapshot()), expected);
    });
}

#[test]
fn what_is_wrong_with_a_payload_is_said_and_nothing_is_stored() {
    runtime().block_on(async {
        let folder = folder();
        let mut options = options(folder.path());
        options.limits.payload_bytes_max = 1_000;
        let storage = Storage::open(options).unwrap();
        let error = storage.append(SignalKind::Traces, Bytes::from_static(&[0x0a, 0x7f])).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Invalid);
        let error = storage.append(SignalKind::Traces, vec![0; 1_001].into()).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { value: 1_001, limit: 1_000, .. }), "{error}");
        assert_eq!(storage.append(SignalKind::Logs, Bytes::new()).await.unwrap().lsn, 0);
        let status = storage.status();
        assert_eq!((status.last_lsn, status.budget_used_bytes), (0, 0));
    });
}

#[test]
fn invalid_utf_8_is_repaired_before_the_log_and_named() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        let mut payload = logs(&[(5, "abc\u{1}def", None)]).to_vec();
        let place = payload.iter().position(|byte| *byte == 1 && payload.len() > 4).unwrap();
        let place = (place..payload.len()).find(|place| payload[*place] == 1 && payload[place - 1] == b'c').unwrap();
        payload[place] = 0xff;
        let appended = storage.append(SignalKind::Logs, payload.into()).await.unwrap();
        assert_eq!((appended.accepted, appended.issues[0].code), (1, IssueCode::InvalidUtf8));
        drop(storage);
        let storage = Storage::open(options(folder.path())).unwrap();
        assert_eq!(rows(&storage)[1], (1, 0));
        assert!(storage.status().quarantined.is_empty());
    });
}

#[test]
fn a_failed_sync_stops_acknowledgements_until_a_restart_and_reads_go_on() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut faulty = options(folder.path());
        faulty.disk = Arc::new(disk.clone());
        let storage = Storage::open(faulty).unwrap();
        append(&storage, 1).await.unwrap();
        disk.fail_operation(Operation::Sync, 0, Fault::Io);
        for id in 2..5 {
            assert!(matches!(append(&storage, id).await, Err(Error::Poisoned(_))));
        }
        let poisoned = storage.status().poisoned.unwrap();
        assert!(poisoned.contains("cannot sync"), "{poisoned}");
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
        drop(storage);
        let storage = Storage::open(options(folder.path())).unwrap();
        // The second may be there: its sender was told that it is not certain.
        let counts = span_counts(&storage.snapshot());
        assert!(counts == once([1]) || counts == once([1, 2]), "{counts:?}");
        append(&storage, 6).await.unwrap();
    });
}

#[test]
fn a_full_disk_refuses_appends_keeps_reads_and_resumes_by_itself() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut options = options(folder.path());
        options.disk = Arc::new(disk.clone());
        options.limits.free_bytes_min = 1_000;
        let storage = Storage::open(options).unwrap();
        append(&storage, 1).await.unwrap();
        disk.set_free_bytes(Some(999));
        let error = append(&storage, 2).await.unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        assert!(storage.status().full.unwrap().contains("999 bytes are free, appends need 1000"));
        disk.set_free_bytes(Some(1_000));
        append(&storage, 3).await.unwrap();
        assert_eq!(storage.status().full, None);
        // The same when only the write finds out.
        disk.fail_operation(Operation::Write, 0, Fault::ShortWrite);
        assert!(matches!(append(&storage, 4).await, Err(Error::DiskFull { .. })));
        assert!(storage.status().full.is_some());
        append(&storage, 5).await.unwrap();
        assert_eq!(storage.status().full, None);
        assert_eq!(span_counts(&storage.snapshot()), once([1, 3, 5]));
        storage.close().await.unwrap();
    });
}

#[test]
fn a_failed_flush_keeps_the_rows_says_why_and_is_tried_again() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut options = options(folder.path());
        options.disk = Arc::new(disk.clone());
        options.limits.flush_retry = Duration::from_millis(1);
        let storage = Storage::open(options).unwrap();
        append(&storage, 1).await.unwrap();
        disk.fail_operation(Operation::Rename, 0, Fault::Full);
        assert!(matches!(storage.flush().await, Err(Error::DiskFull { .. })));
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
        // The second try needs nobody's help: a flush that finds nothing to do waits for it.
        append(&storage, 2).await.unwrap();
        storage.flush().await.unwrap();
        let status = storage.status();
        assert_eq!((status.flush_error, status.counters.flush_failures), (None, 1));
        assert_eq!(span_counts(&storage.snapshot()), once([1, 2]));
        assert_eq!(rows(&storage)[0], (0, 2));
    });
}

#[test]
fn appends_wait_for_memory_and_are_refused_when_none_comes() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut options = options(folder.path());
        options.disk = Arc::new(disk.clone());
        options.limits.memtable_budget_bytes = 1;
        options.limits.flush_retry = Duration::from_secs(60);
        options.limits.append_wait = Duration::from_secs(60);
        // Every append has to wait until the one before is flushed.
        let storage = Storage::open(options.clone()).unwrap();
        for id in 1..4 {
            append(&storage, id).await.unwrap();
        }
        assert!(storage.status().counters.append_waits >= 2);
        drop(storage);
        options.limits.append_wait = Duration::from_millis(50);
        options.data_dir = folder.path().join("other");
        let storage = Storage::open(options).unwrap();
        disk.fail_operation(Operation::Rename, 0, Fault::Io);
        append(&storage, 4).await.unwrap();
        let error = append(&storage, 5).await.unwrap_err();
        assert!(matches!(error, Error::MemoryFull { waited_ms: 50, limit_bytes: 1, .. }), "{error}");
        assert_eq!(storage.status().counters.append_refusals, 1);
        // The flush that the second append asked for may take longer than its wait.
        wait_until(|| storage.status().flush_error.is_some_and(|why| why.contains("cannot rename"))).await;
    });
}

#[test]
fn age_and_log_size_begin_a_flush() {
    runtime().block_on(async {
        let folder = folder();
        let clock = Arc::new(ManualClock::new(UnixNanos(1)));
        let mut options = options(folder.path());
        options.clock = Arc::<ManualClock>::clone(&clock);
        let storage = Storage::open(options.clone()).unwrap();
        append(&storage, 1).await.unwrap();
        clock.advance(options.limits.flush_age);
        append(&storage, 2).await.unwrap();
        wait_until(|| storage.status().counters.flushes == 1).await;
        drop(storage);
        options.limits.wal_flush_bytes = 1;
        let storage = Storage::open(options).unwrap();
        append(&storage, 3).await.unwrap();
        wait_until(|| storage.status().flushed_lsn == 3).await;
    });
}

/// Polls with a deadline.
async fn wait_until(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "nothing happened for 20 s");
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_log_larger_than_the_memtable_is_replayed_in_bounded_memory() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        let ids: Vec<u32> = (0..300).collect();
        for id in &ids {
            append(&storage, *id).await.unwrap();
        }
        let all_bytes = storage.status().memtable_bytes;
        drop(storage);
        let mut small = options(folder.path());
        small.limits.memtable_flush_bytes = all_bytes / 10;
        let storage = Storage::open(small).unwrap();
        let status = storage.status();
        assert!(status.counters.flushes >= 5, "{:?}", status.counters);
        assert!(status.memtable_bytes < all_bytes / 4, "{} of {all_bytes}", status.memtable_bytes);
        assert_eq!(status.counters.replayed_records, 300);
        assert_eq!(span_counts(&storage.snapshot()), once(ids));
    });
}

#[test]
fn a_full_disk_during_the_replay_stops_nothing_and_its_flush_is_made_up_for() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        for id in 0..20 {
            append(&storage, id).await.unwrap();
        }
        drop(storage);
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut small = options(folder.path());
        small.disk = Arc::new(disk.clone());
        small.limits.memtable_flush_bytes = 1;
        disk.fail_operation(Operation::Rename, 0, Fault::Full);
        let storage = Storage::open(small).unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once(0..20));
        storage.flush().await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once(0..20));
        let status = storage.status();
        assert_eq!((status.flushed_lsn, status.memtable_bytes, status.wal_bytes), (20, 0, 0));
    });
}

#[test]
fn a_record_that_cannot_be_decoded_any_more_is_put_aside_and_the_rest_is_replayed() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        append(&storage, 1).await.unwrap();
        append(&storage, 2).await.unwrap();
        drop(storage);
        // The same bytes under another signal: valid in the log, nonsense to the decoder.
        let wal = std::fs::read_dir(folder.path().join("data/wal")).unwrap().next().unwrap().unwrap().path();
        let mut bytes = std::fs::read(&wal).unwrap();
        let nonsense = rewrite_first_payload(&bytes);
        bytes[..nonsense.len()].copy_from_slice(&nonsense);
        std::fs::write(&wal, bytes).unwrap();
        let storage = Storage::open(options(folder.path())).unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([2]));
        let quarantined = storage.status().quarantined;
        assert!(quarantined[0].starts_with("append 1 of the log cannot be decoded"), "{quarantined:?}");
        storage.flush().await.unwrap();
        storage.close().await.unwrap();
        // The loss stays known when the log is gone.
        let quarantined = Storage::open(options(folder.path())).unwrap().status().quarantined;
        assert!(
            quarantined[0].contains("00000000000000000001-traces.otlp: kept from an earlier start"),
            "{quarantined:?}"
        );
    });
}

/// Returns the file's header and its first record with a payload that is no request.
fn rewrite_first_payload(file: &[u8]) -> Vec<u8> {
    let header = crate::wal::FILE_HEADER_BYTES;
    let length = u32::from_le_bytes(file[header + 4..header + 8].try_into().unwrap()) as usize;
    let mut out = file[..header].to_vec();
    crate::wal::Record::encode_into(&mut out, 1, 0, SignalKind::Traces, UnixNanos(1), &vec![0xff; length]);
    out
}

#[test]
fn a_folder_in_use_a_newer_one_and_a_foreign_format_are_refused_by_name() {
    let folder = folder();
    let storage = Storage::open(options(folder.path())).unwrap();
    let error = Storage::open(options(folder.path())).unwrap_err();
    let data = folder.path().join("data");
    assert!(matches!(&error, Error::Locked { path } if *path == data), "{error}");
    assert!(error.to_string().starts_with(&format!("the data folder {} is in use", data.display())));
    drop(storage);
    std::fs::write(data.join("FORMAT"), "2\n").unwrap();
    assert!(matches!(Storage::open(options(folder.path())), Err(Error::Newer { found: 2, supported: 1, .. })));
    std::fs::write(data.join("FORMAT"), "").unwrap();
    assert!(matches!(Storage::open(options(folder.path())), Err(Error::Corrupt { .. })));
}

#[test]
fn a_segment_that_the_catalog_does_not_know_is_put_aside_unless_the_log_has_its_rows() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        append(&storage, 1).await.unwrap();
        storage.close().await.unwrap();
        let data = folder.path().join("data");
        let copy = data.join("segments/spans/0000000077");
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(data.join("segments/spans/0000000001")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        let storage = Storage::open(options(folder.path())).unwrap();
        assert!(!copy.exists() && data.join("quarantine/spans-0000000077").is_dir());
        assert!(storage.status().quarantined[0].contains("the catalog does not know this segment"));
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
        append(&storage, 2).await.unwrap();
        storage.flush().await.unwrap();
        assert_eq!(storage.snapshot().segments(Table::Spans).last().unwrap().id(), 78);
    });
}

#[test]
fn write_acknowledgements_sync_nothing_and_survive_a_stop() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let mut faulty = options(folder.path());
        (faulty.disk, faulty.ack) = (Arc::new(disk.clone()), AckMode::Write);
        let storage = Storage::open(faulty).unwrap();
        disk.fail_operation(Operation::Sync, 0, Fault::Io);
        append(&storage, 1).await.unwrap();
        let status = storage.status();
        assert_eq!((status.last_lsn, status.durable_lsn), (1, 0));
        drop(storage);
        let storage = Storage::open(options(folder.path())).unwrap();
        assert_eq!(all_rows(&storage.snapshot(), Table::Spans).num_rows(), 1);
    });
}
