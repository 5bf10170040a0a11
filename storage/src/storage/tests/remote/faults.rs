//! A fault at every call of the store, and at every file operation beside it: afterwards everything acknowledged is there once, on this disk or
//! in the store, and the store has what is live and nothing else.

use super::*;

const APPENDS: u32 = 4;

/// Appends, flushes, uploads, compacts, reads out of the store, deletes a trace, closes. Errors of the store and of the disk are only noted.
async fn scenario(options: Options, disk: &FaultyDisk) -> BTreeSet<u32> {
    let mut acknowledged = BTreeSet::new();
    let Ok(storage) = Storage::open(options) else { return acknowledged };
    for id in 0..APPENDS {
        if append(&storage, id).await.is_ok() {
            acknowledged.insert(id);
        }
        storage.flush().await.ok();
        storage.upload().await.ok();
        if id % 2 == 1 {
            storage.maintain().await.ok();
            storage.upload().await.ok();
        }
        let snapshot = storage.snapshot();
        for segment in snapshot.segments(Table::Spans) {
            match segment.read(None, None) {
                Ok(_) | Err(Error::Remote { .. } | Error::DiskFull { .. } | Error::Io { .. }) => {}
                Err(error) => panic!("a fault of the store is no damage: {error}"),
            }
        }
        if disk.is_crashed() {
            break;
        }
    }
    storage.close().await.ok();
    acknowledged
}

/// Opens the folder when all is well again, and checks what the module says.
async fn check_after(
    folder: &Path,
    store: &FaultyStore,
    acknowledged: &BTreeSet<u32>,
    is_rebuilt: bool,
    context: &str,
) {
    let storage = Storage::open(uploading(folder, store, 0).0).unwrap_or_else(|error| panic!("{context}: {error}"));
    append(&storage, 100).await.unwrap();
    storage.flush().await.unwrap();
    storage.upload().await.unwrap_or_else(|error| panic!("{context}: {error}"));
    settle(&storage).await.unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(storage.status().quarantined, Vec::<String>::new(), "{context}");
    let counts = span_counts(&storage.snapshot());
    assert!(acknowledged.iter().all(|id| counts.get(id) == Some(&1)), "{context}: {counts:?} {acknowledged:?}");
    assert!(counts.values().all(|count| *count == 1), "{context}: {counts:?}");
    assert_eq!(store.keys().await, expected_keys(&storage), "{context}");
    storage.close().await.unwrap();
    drop(storage);
    if !is_rebuilt {
        return;
    }
    // The bucket alone has it all too.
    let elsewhere = crate::testing::folder();
    let (options, _clock) = uploading(elsewhere.path(), store, 0);
    offline::rebuild_catalog(&options.data_dir, options.remote.as_ref()).unwrap();
    let storage = Storage::open(options).unwrap();
    assert_eq!(span_counts(&storage.snapshot()), counts, "{context}");
}

fn disk(folder: &Path, call: u64) -> FaultyDisk {
    FaultyDisk::new(&folder.join("trash"), call)
}

async fn at_every_call(fault: StoreFault) {
    for call in 1.. {
        let (folder, store) = (folder(), FaultyStore::new());
        let disk = disk(folder.path(), call);
        store.fail_at(call, fault);
        let (options, _clock) = uploading(folder.path(), &store, 0);
        let acknowledged = scenario(options, &disk).await;
        assert_eq!(acknowledged.len(), APPENDS as usize, "a store never stands in the way of ingest");
        let is_over = store.heal();
        check_after(folder.path(), &store, &acknowledged, true, &format!("{fault:?} at call {call}")).await;
        if is_over {
            assert!(call > 40, "{call} calls only");
            return;
        }
    }
}

#[test]
fn a_refusal_at_any_call_loses_and_repeats_nothing() {
    runtime().block_on(at_every_call(StoreFault::Refused));
}

#[test]
fn a_lost_answer_at_any_call_loses_and_repeats_nothing() {
    runtime().block_on(at_every_call(StoreFault::AnswerLost));
}

#[test]
fn wrong_bytes_at_any_call_are_never_served() {
    runtime().block_on(at_every_call(StoreFault::Corrupt));
}

#[test]
fn a_store_that_goes_down_at_any_call_holds_up_nothing_but_uploads() {
    runtime().block_on(at_every_call(StoreFault::Down));
}

async fn at_every_file_operation(fault: Fault) {
    let calls = {
        let (folder, store) = (folder(), FaultyStore::new());
        let disk = disk(folder.path(), 1);
        let (mut options, _clock) = uploading(folder.path(), &store, 0);
        options.disk = Arc::new(disk.clone());
        scenario(options, &disk).await;
        disk.calls()
    };
    assert!(calls > 120, "{calls}");
    for call in 1..=calls {
        let (folder, store) = (folder(), FaultyStore::new());
        let disk = disk(folder.path(), call);
        disk.fail_at(call, fault);
        let (mut options, _clock) = uploading(folder.path(), &store, 0);
        options.disk = Arc::new(disk.clone());
        let acknowledged = scenario(options, &disk).await;
        check_after(folder.path(), &store, &acknowledged, false, &format!("{fault:?} at operation {call} of {calls}"))
            .await;
    }
}

#[test]
fn a_power_cut_at_any_file_operation_loses_and_repeats_nothing() {
    runtime().block_on(at_every_file_operation(Fault::Crash));
}

#[test]
fn a_device_error_at_any_file_operation_loses_and_repeats_nothing() {
    runtime().block_on(at_every_file_operation(Fault::Io));
}

/// Scenario: the store is down when telltale starts, and comes back. Guarantees: it starts, takes data, answers from memory and from the disk, names what only the
/// store has, removes nothing; afterwards everything answers and everything is uploaded.
#[test]
fn a_start_without_the_store_answers_from_the_disk_and_names_the_rest() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (mut options, clock) = uploading(folder.path(), &store, 0);
        options.limits.compaction_tier_segments = 100;
        options.retention.traces = Some(Duration::from_secs(40 * 24 * 3_600));
        let storage = Storage::open(options.clone()).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        storage.upload().await.unwrap();
        storage.close().await.unwrap();
        drop(storage);
        let keys = store.keys().await;

        store.set_down(true);
        let storage = Storage::open(options.clone()).unwrap();
        append(&storage, 2).await.unwrap();
        storage.flush().await.unwrap();
        append(&storage, 3).await.unwrap();
        assert!(storage.upload().await.unwrap_err().to_string().contains("503"));
        let snapshot = storage.snapshot();
        let read: Vec<_> = snapshot.segments(Table::Spans).map(|segment| segment.read(None, None)).collect();
        assert_eq!(read.len(), 2, "both are live");
        let text = read[0].as_ref().unwrap_err().to_string();
        assert!(text.contains("503") && text.contains("test://bucket/team/a") && text.contains("hint: "), "{text}");
        assert_eq!(read[1].as_ref().unwrap()[0].num_rows(), 1);
        let status = storage.status();
        let remote = status.remote.unwrap();
        assert_eq!((remote.segments, remote.waiting, remote.unavailable), (1, 1, 1), "{:?}", remote.problem);
        assert!(remote.problem.unwrap().contains("503") && remote.upload_failures > 0);
        assert_eq!(status.quarantined, Vec::<String>::new());
        clock.advance(Duration::from_secs(24 * 3_600));
        drop(snapshot);
        storage.maintain().await.ok();
        assert_eq!(store.keys().await, keys, "nothing is removed");

        store.set_down(false);
        storage.upload().await.unwrap();
        let remote = storage.status().remote.unwrap();
        assert_eq!((remote.waiting, remote.unavailable, remote.problem), (0, 0, None));
        assert_eq!(span_counts(&storage.snapshot()), once([1, 2, 3]));
    });
}

/// Scenario: what was written is not there for the first reads of it, as in stores that are consistent only after a while. Guarantees: a read may fail and says so; later ones
/// have every row; nothing is called damaged.
#[test]
fn what_is_visible_late_is_read_later() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        store.set_late(2);
        let storage = Storage::open(uploading(folder.path(), &store, 0).0).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        storage.upload().await.unwrap();
        let snapshot = storage.snapshot();
        let segment = snapshot.segments(Table::Spans).next().unwrap();
        let mut failures = 0;
        while let Err(error) = segment.read(None, None) {
            assert!(matches!(error, Error::Remote { .. }), "{error}");
            failures += 1;
            assert!(failures < 10, "{error}");
        }
        assert!(failures > 0, "the store was late");
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
    });
}

/// Scenario: objects of a segment without a manifest, as a server leaves them that was cut off for good, and a manifest that nobody can read. Guarantees: a catalog made
/// of the bucket does not take the first for a segment, and names the second; that the object is lost which says whose place it is hinders nothing.
#[test]
fn half_an_upload_is_no_segment() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (options, _clock) = uploading(folder.path(), &store, 0);
        let storage = Storage::open(options.clone()).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        storage.upload().await.unwrap();
        storage.close().await.unwrap();
        let empty =
            offline::rebuild_catalog(&folder.path().join("none"), Some(&place(&FaultyStore::new(), Upload::All)));
        assert!(empty.unwrap_err().to_string().contains("check the bucket and the folder"));
        store.remove("team/a/telltale.json").await;
        store.write("team/a/segments/spans/0000000900/data.parquet", b"half").await;
        store.write("team/a/segments/spans/0000000901/manifest.json", b"{").await;
        let data: PathBuf = folder.path().join("new");
        let rebuilt = offline::rebuild_catalog(&data, options.remote.as_ref()).unwrap();
        assert_eq!((rebuilt.segments, rebuilt.rows, rebuilt.damaged.len()), (1, 1, 1), "{rebuilt:?}");
        assert!(rebuilt.damaged[0].contains("0000000901"), "{:?}", rebuilt.damaged);
        let storage = Storage::open(Options { data_dir: data, ..options }).unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
    });
}
