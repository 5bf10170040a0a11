//! The object store against a local one: the same answers, whatever is on the disk and whatever fails on the way.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use telltale_model::TraceId;

use super::compaction::{check_finders, eager, lines, request};
use super::*;
use crate::offline;
use crate::remote::faulty::{FaultyStore, StoreFault};
use crate::remote::{RemoteStore, Upload};
use crate::testing::{TestSpan, trace_id, traces};

mod cache;
mod faults;

/// A storage that uploads everything at once, in small parts, and keeps so many bytes of it on the disk.
fn uploading(folder: &Path, store: &FaultyStore, cache_bytes: u64) -> (Options, Arc<ManualClock>) {
    let (mut options, clock) = eager(folder);
    options.remote = Some(place(store, Upload::All));
    options.limits.remote_cache_bytes = cache_bytes;
    options.limits.remote_part_bytes = 2_000;
    options.limits.remote_retry_min = Duration::from_millis(1);
    options.limits.remote_retry_max = Duration::from_millis(4);
    (options, clock)
}

fn place(store: &FaultyStore, upload: Upload) -> RemoteStore {
    RemoteStore::new(Arc::new(store.clone()), "team/a", "test://bucket/team/a", upload)
}

fn all_lines(storage: &Storage) -> Vec<Vec<String>> {
    Table::ALL.map(|table| lines(&storage.snapshot(), table)).to_vec()
}

/// Returns the keys that the live segments, and nothing else, should have in the store.
fn expected_keys(storage: &Storage) -> Vec<String> {
    let snapshot = storage.snapshot();
    let segments = snapshot.all_segments();
    let mut keys: Vec<String> = segments
        .flat_map(|segment| {
            let files = segment.manifest().unwrap().files.iter().map(|file| file.name.clone());
            let names = files.chain(["manifest.json".to_owned()]).collect::<Vec<_>>();
            names.into_iter().map(|name| format!("team/a/{}/{name}", segment.entry().path))
        })
        .chain(["team/a/telltale.json".to_owned()])
        .collect();
    keys.sort();
    keys
}

/// Does all that there is to do on the disk and in the store. The second round removes what the upload thread itself held in the first.
async fn settle(storage: &Storage) -> Result<(), Error> {
    for _ in 0..2 {
        storage.maintain().await?;
        storage.upload().await?;
    }
    Ok(())
}

/// Removes every segment's folder from the disk: what is left is the catalog, the log and the store.
fn empty_the_cache(folder: &Path) {
    std::fs::remove_dir_all(folder.join("data/segments")).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Scenario: requests of every signal in a few flushes, uploaded and compacted as they come, read through a cache of any
    /// size; then from an emptied disk; then from a catalog made of the bucket alone.
    #[test]
    fn answers_are_the_same_with_and_without_a_store(
        flushes in prop::collection::vec(prop::collection::vec(request(), 1..5), 1..6),
        cache_bytes in prop_oneof![Just(0_u64), Just(9_000), Just(1 << 30)],
    ) {
        runtime().block_on(async {
            let (folder, store) = (folder(), FaultyStore::new());
            let (options, _clock) = uploading(folder.path(), &store, cache_bytes);
            let storage = Storage::open(options.clone()).unwrap();
            let mut rows = Vec::new();
            for requests in &flushes {
                for (signal, payload) in requests {
                    storage.append(*signal, payload.clone()).await.unwrap();
                }
                rows = all_lines(&storage);
                storage.flush().await.unwrap();
                storage.upload().await.unwrap();
                assert_eq!(all_lines(&storage), rows);
                settle(&storage).await.unwrap();
                assert_eq!(all_lines(&storage), rows);
                check_finders(&storage.snapshot());
            }
            assert_eq!(store.keys().await, expected_keys(&storage));
            storage.close().await.unwrap();
            drop(storage);

            empty_the_cache(folder.path());
            let storage = Storage::open(options.clone()).unwrap();
            assert_eq!(all_lines(&storage), rows);
            check_finders(&storage.snapshot());
            assert_eq!(storage.status().quarantined, Vec::<String>::new());
            storage.close().await.unwrap();
            drop(storage);

            std::fs::remove_dir_all(folder.path().join("data")).unwrap();
            let rebuilt = offline::rebuild_catalog(&options.data_dir, options.remote.as_ref()).unwrap();
            assert_eq!((rebuilt.damaged, rebuilt.left_out), (vec![], 0));
            assert_eq!(rebuilt.in_store, rebuilt.segments);
            let verified = offline::verify(&options.data_dir, |_, _| {}).unwrap();
            assert!(verified.damaged.is_empty() && verified.unlisted.is_empty() && verified.in_store > 0, "{verified:?}");
            let storage = Storage::open(options).unwrap();
            assert_eq!(all_lines(&storage), rows);
            check_finders(&storage.snapshot());
            // It goes on in the same place.
            append(&storage, 4_000_000).await.unwrap();
            storage.flush().await.unwrap();
            settle(&storage).await.unwrap();
            assert_eq!(store.keys().await, expected_keys(&storage));
            assert_eq!(storage.status().quarantined, Vec::<String>::new());
        });
    }
}

/// Scenario: the default. Guarantees: segments of the open day stay on the disk alone; sealed ones are uploaded, each row once.
#[test]
fn only_sealed_segments_are_uploaded_by_themselves() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (mut options, clock) = uploading(folder.path(), &store, 1 << 30);
        options.remote = Some(place(&store, Upload::Sealed));
        options.limits.compaction_cut_bytes = 1 << 20;
        let storage = Storage::open(options).unwrap();
        for id in 0..4 {
            append(&storage, id).await.unwrap();
            storage.flush().await.unwrap();
            storage.maintain().await.unwrap();
        }
        let status = storage.status().remote.unwrap();
        assert_eq!((status.segments, status.waiting, status.uploads), (0, 0, 0));
        assert_eq!(store.keys().await, Vec::<String>::new());
        clock.advance(Duration::from_secs(30 * 3_600));
        storage.maintain().await.unwrap();
        uploaded(&storage).await;
        let status = storage.status().remote.unwrap();
        assert_eq!((status.segments, status.waiting, status.problem.clone()), (1, 0, None));
        assert!(status.upload_bytes > 0 && status.cache_bytes > 0 && status.bytes >= status.cache_bytes, "{status:?}");
        assert_eq!(store.keys().await, expected_keys(&storage));
        assert_eq!(span_counts(&storage.snapshot()), once(0..4));
    });
}

/// Waits until the upload thread has done by itself what is due.
async fn uploaded(storage: &Storage) {
    for _ in 0..3_000 {
        if storage.status().remote.unwrap().waiting == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still waiting: {:?}", storage.status().remote);
}

/// Scenario: a query holds what is deleted. Guarantees: it goes on reading, from the store too; afterwards nothing of it is left there.
#[test]
fn what_is_deleted_goes_from_the_store_once_nobody_reads_it() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (mut options, _clock) = uploading(folder.path(), &store, 0);
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options).unwrap();
        for (trace, id) in [(1, 1), (2, 2)] {
            storage.append(SignalKind::Traces, traces(&[TestSpan::new(trace, id)])).await.unwrap();
            storage.flush().await.unwrap();
        }
        storage.upload().await.unwrap();
        let held = storage.snapshot();
        let deletion = Deletion { trace_id: TraceId::new(trace_id(1)), ..Deletion::default() };
        assert_eq!(storage.delete(deletion).await.unwrap().rows, 1);
        storage.upload().await.unwrap();
        assert_eq!(span_counts(&held), once([1, 2]), "out of the store: nothing of it is on the disk");
        assert_eq!(span_counts(&storage.snapshot()), once([2]));
        let before = store.keys().await;
        drop(held);
        settle(&storage).await.unwrap();
        assert!(store.keys().await.len() < before.len(), "{before:?}");
        assert_eq!(store.keys().await, expected_keys(&storage));
        assert!(storage.status().remote.unwrap().removals > 0);
    });
}

/// Scenario: two data folders are given the same place. Guarantees: the second neither overwrites nor removes anything, says whose it is,
/// and takes data all the same.
#[test]
fn a_place_belongs_to_one_data_folder() {
    runtime().block_on(async {
        let (first, second, store) = (folder(), folder(), FaultyStore::new());
        let storage = Storage::open(uploading(first.path(), &store, 0).0).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        storage.upload().await.unwrap();
        let keys = store.keys().await;
        let other = Storage::open(uploading(second.path(), &store, 0).0).unwrap();
        append(&other, 7).await.unwrap();
        other.flush().await.unwrap();
        let error = other.upload().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("test://bucket/team/a") && text.contains("belongs to another data folder"), "{text}");
        assert!(text.contains("hint: name another place"), "{text}");
        assert_eq!(other.status().remote.unwrap().problem, Some(text));
        assert_eq!(store.keys().await, keys);
        assert_eq!(span_counts(&other.snapshot()), once([7]));
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
    });
}

/// Scenario: a data folder that has uploaded is started without a store, and with another one. Guarantees: what this disk has answers; what it
/// has not is named with its address; nothing is called damaged or removed.
#[test]
fn without_its_store_a_segment_is_unavailable_by_name() {
    runtime().block_on(async {
        let (folder, store) = (folder(), FaultyStore::new());
        let (options, _clock) = uploading(folder.path(), &store, 0);
        let storage = Storage::open(options.clone()).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        storage.upload().await.unwrap();
        storage.close().await.unwrap();
        let keys = store.keys().await;
        let elsewhere = RemoteStore::new(Arc::new(FaultyStore::new()), "", "test://other", Upload::Sealed);
        for (id, remote) in [(2, None), (3, Some(elsewhere))] {
            let storage = Storage::open(Options { remote, ..options.clone() }).unwrap();
            append(&storage, id).await.unwrap();
            let snapshot = storage.snapshot();
            let segment = snapshot.segments(Table::Spans).next().expect("it is live");
            let text = segment.read(None, None).unwrap_err().to_string();
            assert!(text.contains(&format!("test://bucket/team/a/{}", segment.entry().path)), "{text}");
            assert!(text.contains("start telltale with the --store"), "{text}");
            assert!(!segment.may_contain_trace(&TraceId::new(trace_id(9)).unwrap()), "filters stay on the disk");
            let status = storage.status();
            assert_eq!(status.quarantined, Vec::<String>::new());
            let remote = status.remote.unwrap();
            assert_eq!((remote.segments, remote.unavailable), (1, 1));
            assert!(remote.problem.unwrap().contains("test://bucket/team/a/segments/spans"));
            storage.maintain().await.unwrap();
            drop(snapshot);
            storage.close().await.unwrap();
        }
        assert_eq!(store.keys().await, keys);
        assert_eq!(span_counts(&Storage::open(options).unwrap().snapshot()), once([1, 2, 3]));
    });
}
