//! The catalog is not what it was: rows that it does not know of are kept and named, never removed as if the log had them.

use super::*;

/// Scenario: a kill after a flush; then the file is lost with which SQLite would have brought the catalog up to date. Guarantee: the segment
/// of the flush, which the log does not have any more, is put aside and named.
#[test]
fn a_segment_that_an_older_catalog_does_not_know_is_kept_and_named() {
    runtime().block_on(async {
        let folder = folder();
        let mut options = options(folder.path());
        options.limits.maintenance_every = Duration::from_secs(3_600);
        let storage = Storage::open(options.clone()).unwrap();
        for id in 0..3 {
            append(&storage, id).await.unwrap();
            storage.flush().await.unwrap();
        }
        // What a kill leaves: a copy of the folder, since closing would write everything into one file.
        let killed = folder.path().join("killed");
        crate::testing::copy_folder(&folder.path().join("data"), &killed.join("data"));
        let data = killed.join("data");
        std::fs::write(data.join("catalog.sqlite-wal"), []).unwrap();
        std::fs::remove_file(data.join("catalog.sqlite-shm")).unwrap();
        options.data_dir = data.clone();
        let storage = Storage::open(options).unwrap();
        let there = span_counts(&storage.snapshot()).len();
        let named = storage.status().quarantined;
        assert_eq!(named.len() + there, 3, "{there} rows, named: {named:?}");
        assert!(!named.is_empty() && named.iter().all(|text| text.contains("the catalog does not know this segment")));
        assert_eq!(std::fs::read_dir(data.join("quarantine")).unwrap().count(), named.len());
    });
}

/// Scenario: after a compaction the catalog is that of before it, as when the end of SQLite's log is damaged. Guarantee: the compacted
/// segment, whose inputs are gone, is kept and named, and so are its inputs.
#[test]
fn a_compacted_segment_that_an_older_catalog_does_not_know_is_kept_and_named() {
    runtime().block_on(async {
        let folder = folder();
        let mut options = options(folder.path());
        options.limits.maintenance_every = Duration::from_secs(3_600);
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options.clone()).unwrap();
        for id in 0..3 {
            append(&storage, id).await.unwrap();
            storage.flush().await.unwrap();
        }
        storage.close().await.unwrap();
        // Only then is all of the catalog in its file.
        drop(storage);
        let (data, before) = (folder.path().join("data"), folder.path().join("before.sqlite"));
        std::fs::copy(data.join("catalog.sqlite"), &before).unwrap();
        options.limits.compaction_tier_segments = 2;
        options.limits.compaction_fan_in = 2;
        let storage = Storage::open(options.clone()).unwrap();
        storage.maintain().await.unwrap();
        storage.close().await.unwrap();
        drop(storage);
        for input in 1..=3 {
            drop(std::fs::remove_dir_all(data.join(format!("segments/spans/{input:010}"))));
        }
        std::fs::copy(&before, data.join("catalog.sqlite")).unwrap();
        let storage = Storage::open(options).unwrap();
        let named = storage.status().quarantined;
        let kept = RealDisk.list(&data.join("quarantine")).unwrap();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(named.iter().any(|text| text.contains("the catalog does not know this segment")), "{named:?}");
        assert_eq!(named.len(), 1 + 3, "{named:?}");
        assert!(kept[0].join("data.parquet").exists());
    });
}
