//! The local cache: its bound, its order, what never needs the store, what is fetched once.

use super::*;

/// Stores so many traces, each in a segment of its own, and uploads them.
async fn filled(storage: &Storage, count: u8) {
    for trace in 1..=count {
        let spans: Vec<_> = (0..20).map(|span| TestSpan::new(trace, u32::from(trace) * 100 + span)).collect();
        storage.append(SignalKind::Traces, traces(&spans)).await.unwrap();
        storage.flush().await.unwrap();
    }
    storage.upload().await.unwrap();
}

fn id(trace: u8) -> TraceId {
    TraceId::new(trace_id(trace)).unwrap()
}

/// Reads a trace as a look-up does.
fn look_up(storage: &Storage, trace: u8) -> usize {
    let snapshot = storage.snapshot();
    let mut rows = 0;
    for segment in snapshot.segments(Table::Spans).filter(|segment| segment.may_contain_trace(&id(trace))) {
        let Some(row) = segment.trace_rows(&id(trace)).unwrap() else { continue };
        let range = row.row_start..row.row_start + row.row_count;
        rows += segment.read(None, Some(&[range])).unwrap().iter().map(RecordBatch::num_rows).sum::<usize>();
    }
    rows
}

/// Scenario: six segments, room for about two. Guarantees: the bound holds after every look-up, the least recently used go first, a trace that is
/// not there costs no call.
#[test]
fn the_cache_keeps_its_bound_evicts_the_least_recently_used_and_misses_cost_nothing() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (mut options, _clock) = uploading(folder.path(), &store, 1 << 30);
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options.clone()).unwrap();
        filled(&storage, 6).await;
        let one = storage.status().remote.unwrap().cache_bytes / 6;
        storage.close().await.unwrap();
        drop(storage);

        let limit = one * 2 + one / 2;
        options.limits.remote_cache_bytes = limit;
        let storage = Storage::open(options).unwrap();
        let status = || storage.status().remote.unwrap();
        assert!(status().cache_bytes <= limit && status().evictions > 0, "a start keeps the bound: {:?}", status());
        for trace in [1, 2, 1, 3, 1, 4, 1, 5, 1, 6, 1] {
            assert_eq!(look_up(&storage, trace), 20);
            assert!(status().cache_bytes <= limit, "{:?}", status());
        }
        let before = status();
        assert_eq!(look_up(&storage, 1), 20);
        assert_eq!(status().fetches, before.fetches, "used again and again, it stayed");
        assert!(status().hits > before.hits);
        assert_eq!(look_up(&storage, 2), 20);
        assert!(status().fetches > before.fetches, "long not used, it had gone");
        let calls = store.calls();
        for trace in 50..90 {
            assert_eq!(look_up(&storage, trace), 0);
        }
        assert_eq!(store.calls(), calls, "what is not there needs no download");
    });
}

/// Scenario: eight threads want the same segment at the same moment. Guarantees: each of its files comes once.
#[test]
fn a_file_that_many_want_comes_once() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (mut options, _clock) = uploading(folder.path(), &store, 1 << 30);
        options.limits.remote_part_bytes = 1 << 20;
        let storage = Storage::open(options.clone()).unwrap();
        filled(&storage, 1).await;
        storage.close().await.unwrap();
        drop(storage);
        empty_the_cache(folder.path());
        let storage = Storage::open(options).unwrap();
        let gate = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    gate.wait();
                    assert_eq!(look_up(&storage, 1), 20);
                });
            }
        });
        for name in ["data.parquet", "traces.parquet", "bloom.bin"] {
            assert_eq!(store.count("get", name), 1, "{name}");
        }
    });
}

/// Scenario: the disk's copy of an uploaded file is damaged, and then the store's object. Guarantees: the first is fetched anew; the second is named and
/// nothing of it is served; everything else goes on.
#[test]
fn a_damaged_copy_is_replaced_and_a_damaged_object_is_named() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (options, _clock) = uploading(folder.path(), &store, 1 << 30);
        let storage = Storage::open(options.clone()).unwrap();
        filled(&storage, 1).await;
        let path = storage.snapshot().segments(Table::Spans).next().unwrap().data_path().to_path_buf();
        storage.close().await.unwrap();
        drop(storage);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let storage = Storage::open(options.clone()).unwrap();
        assert_eq!(look_up(&storage, 1), 20);
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
        assert_eq!(storage.status().remote.unwrap().fetches, 1);
        let key = store.keys().await.into_iter().find(|key| key.ends_with("data.parquet")).unwrap();
        storage.close().await.unwrap();
        drop(storage);

        store.write(&key, b"something else").await;
        std::fs::remove_file(&path).unwrap();
        let storage = Storage::open(options).unwrap();
        append(&storage, 9).await.unwrap();
        let snapshot = storage.snapshot();
        let text = snapshot.segments(Table::Spans).next().unwrap().read(None, None).unwrap_err().to_string();
        assert!(text.contains(&key) && text.contains("test://bucket"), "{text}");
        assert!(!path.exists(), "wrong bytes never get the file's name");
        assert_eq!(storage.status().remote.unwrap().fetch_failures, 1);
        assert_eq!(snapshot.batches(Table::Spans).len(), 1);
    });
}

/// Scenario: the disk is too full for a file of the store. Guarantees: the query is told so; with room it succeeds.
#[test]
fn without_room_for_a_file_the_error_says_so() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let (mut options, _clock) = uploading(folder.path(), &store, 0);
        options.disk = Arc::new(disk.clone());
        let storage = Storage::open(options).unwrap();
        filled(&storage, 2).await;
        disk.set_free_bytes(Some(10));
        let snapshot = storage.snapshot();
        let error = snapshot.segments(Table::Spans).next().unwrap().read(None, None).unwrap_err();
        assert!(
            matches!(error, Error::DiskFull { .. }) && error.to_string().contains("from the object store"),
            "{error}"
        );
        disk.set_free_bytes(None);
        assert_eq!(look_up(&storage, 1), 20);
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
    });
}
