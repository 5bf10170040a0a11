//! A folder without its server: every damage is named, and a lost catalog comes back with each row once.

use std::sync::Arc;
use std::time::Duration;

use telltale_model::{SignalKind, UnixNanos};

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::schema::Table;
use crate::segment::manifest::VERSION;
use crate::storage::{Options, Storage};
use crate::testing::{all_rows, copy_folder, folder, logs, metrics, one_span, runtime, span_counts};

fn options(folder: &Path) -> (Options, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(UnixNanos(20_000 * 24 * 3_600 * 1_000_000_000)));
    let mut options = Options::new(folder.join("data"));
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    options.limits.wal_file_bytes = 1 << 20;
    options.limits.free_bytes_min = 0;
    options.limits.compaction_tier_segments = 100;
    options.limits.maintenance_every = Duration::from_secs(3_600);
    (options, clock)
}

/// Spans, logs and points in three flushes, compacted when `seal` says so, and two spans that are in the log alone.
async fn fill(folder: &Path, seal: bool) {
    let (options, clock) = options(folder);
    let storage = Storage::open(options).unwrap();
    for id in 1..4 {
        storage.append(SignalKind::Traces, one_span(id)).await.unwrap();
        storage.append(SignalKind::Logs, logs(&[(u64::from(id), "a", Some(1))])).await.unwrap();
        storage.append(SignalKind::Metrics, metrics(u64::from(id), 1)).await.unwrap();
        storage.flush().await.unwrap();
    }
    if seal {
        clock.advance(Duration::from_secs(30 * 3_600));
        storage.maintain().await.unwrap();
    }
    for id in 4..6 {
        storage.append(SignalKind::Traces, one_span(id)).await.unwrap();
    }
}

/// Opens the folder and checks that everything of [`fill`] is there once.
fn check(folder: &Path, quarantined: usize) {
    let storage = Storage::open(options(folder).0).unwrap();
    let snapshot = storage.snapshot();
    assert_eq!(span_counts(&snapshot), (1..6).map(|id| (id, 1)).collect());
    assert_eq!(all_rows(&snapshot, Table::Logs).num_rows(), 3);
    assert_eq!(all_rows(&snapshot, Table::HistogramPoints).num_rows(), 3);
    let status = storage.status();
    assert_eq!(status.quarantined.len(), quarantined, "{:?}", status.quarantined);
}

#[test]
fn a_lost_catalog_is_made_anew_from_flushes_and_from_compacted_segments() {
    runtime().block_on(async {
        for seal in [false, true] {
            let folder = folder();
            fill(folder.path(), seal).await;
            let data = folder.path().join("data");
            for file in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
                let _gone = std::fs::remove_file(data.join(file));
            }
            let rebuilt = rebuild_catalog(&data, None).unwrap();
            let tables = 5;
            assert_eq!(rebuilt.segments, if seal { tables } else { 3 * tables });
            assert_eq!((rebuilt.rows, rebuilt.left_out, rebuilt.kept), (15, 0, None));
            check(folder.path(), 0);
        }
    });
}

/// Scenario: the inputs of a compaction are still there; then one of its outputs is not.
#[test]
fn of_inputs_and_outputs_of_a_compaction_one_counts() {
    runtime().block_on(async {
        let folder = folder();
        fill(folder.path(), false).await;
        let data = folder.path().join("data");
        let before = folder.path().join("before");
        copy_folder(&data.join("segments"), &before);
        {
            let (options, clock) = options(folder.path());
            let storage = Storage::open(options).unwrap();
            clock.advance(Duration::from_secs(30 * 3_600));
            storage.maintain().await.unwrap();
        }
        copy_folder(&before, &data.join("segments"));
        let rebuilt = rebuild_catalog(&data, None).unwrap();
        // The two spans of the log may have been flushed by their age meanwhile.
        assert!(matches!((rebuilt.segments, rebuilt.rows, rebuilt.left_out), (5, 15, 15) | (6, 17, 15)), "{rebuilt:?}");
        assert!(rebuilt.kept.unwrap().ends_with("catalog.old-1.sqlite"));
        // The spare inputs are put aside, for somebody to look at.
        let storage = Storage::open(options(folder.path()).0).unwrap();
        assert_eq!(span_counts(&storage.snapshot()), (1..6).map(|id| (id, 1)).collect());
    });
    let manifest = |rows: u64, replaces: &[u64]| Manifest {
        version: 1,
        segment_id: 0,
        table: "spans".into(),
        schema_version: 1,
        rows,
        min_time_ns: 0,
        max_time_ns: 0,
        first_lsn: 1,
        last_lsn: 9,
        created_at_ns: 0,
        level: u8::from(!replaces.is_empty()),
        min_trace_id: None,
        max_trace_id: None,
        replaces: replaces.to_vec(),
        check: String::new(),
        files: Vec::new(),
    };
    let segment = |id: u64, rows: u64, replaces: &[u64]| {
        let manifest = Manifest { segment_id: id, ..manifest(rows, replaces) };
        (manifest.entry(id.to_string()).unwrap(), manifest)
    };
    let ids = |segments: Vec<_>| -> Vec<u64> { live(segments, None).0.iter().map(|entry| entry.segment_id).collect() };
    let inputs = || vec![segment(1, 5, &[]), segment(2, 5, &[])];
    let with = |outputs: &[(SegmentEntry, Manifest)]| ids([inputs(), outputs.to_vec()].concat());
    assert_eq!(with(&[segment(3, 6, &[1, 2]), segment(4, 4, &[1, 2])]), [3, 4]);
    assert_eq!(with(&[segment(3, 6, &[1, 2])]), [1, 2], "the second output had not got its place");
    assert_eq!(ids(vec![segment(2, 5, &[]), segment(3, 6, &[1, 2])]), [3], "an input is removed after the commit only");
    assert_eq!(with(&[segment(3, 10, &[1, 2]), segment(4, 10, &[3])]), [4]);
}

/// Scenario: a crash between the segments of a flush and the catalog, which is then lost too.
#[test]
fn a_flush_that_the_log_still_has_is_replayed() {
    runtime().block_on(async {
        let folder = folder();
        fill(folder.path(), false).await;
        let data = folder.path().join("data");
        let log = folder.path().join("log");
        copy_folder(&data.join("wal"), &log);
        {
            // The two spans of the log are flushed, one of the tables only, as it were.
            let storage = Storage::open(options(folder.path()).0).unwrap();
            storage.flush().await.unwrap();
        }
        copy_folder(&log, &data.join("wal"));
        let rebuilt = rebuild_catalog(&data, None).unwrap();
        assert_eq!((rebuilt.segments, rebuilt.left_out), (15, 1));
        check(folder.path(), 0);
    });
}

#[test]
fn every_damaged_file_is_named_and_nothing_is_changed() {
    runtime().block_on(async {
        let folder = folder();
        fill(folder.path(), true).await;
        let data = folder.path().join("data");
        let mut told = Vec::new();
        let found = verify(&data, |done, all| told.push((done, all))).unwrap();
        assert_eq!((found.segments, found.damaged.len(), found.unlisted.len()), (5, 0, 0), "{found:?}");
        assert_eq!(told.last().map(|(done, all)| (*done, *all)), Some((found.bytes, found.bytes)));
        let files: Vec<PathBuf> = files_below(&data.join("segments"));
        assert_eq!(found.files + found.segments, files.len() as u64);
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            let mut changed = bytes.clone();
            changed[bytes.len() / 2] ^= 0x10;
            std::fs::write(&path, &changed).unwrap();
            let found = verify(&data, |_, _| {}).unwrap();
            let name = path.parent().unwrap().to_string_lossy().into_owned();
            assert!(found.damaged.iter().any(|text| text.contains(&name)), "{}: {found:?}", path.display());
            std::fs::write(&path, &bytes).unwrap();
        }
        std::fs::create_dir_all(data.join("segments/spans/0000000999")).unwrap();
        assert_eq!(verify(&data, |_, _| {}).unwrap().unlisted, [data.join("segments/spans/0000000999")]);
        std::fs::remove_dir_all(data.join("segments/spans/0000000999")).unwrap();
        check(folder.path(), 0);
    });
}

/// Scenario: one bit of a manifest is another one, at any place. Guarantee: it is noticed, also in the key of what is absent.
#[test]
fn every_changed_bit_of_a_manifest_is_noticed() {
    runtime().block_on(async {
        let folder = folder();
        fill(folder.path(), true).await;
        let files = files_below(&folder.path().join("data/segments"));
        let path = files.iter().find(|path| path.ends_with(MANIFEST)).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let manifest = Manifest::parse(path, &bytes).unwrap();
        for (place, bit) in (0..bytes.len()).flat_map(|place| (0..8).map(move |bit| (place, 1_u8 << bit))) {
            let mut changed = bytes.clone();
            changed[place] ^= bit;
            // A newer version is refused as such; the key of what has its default value says nothing.
            let taken = Manifest::parse(path, &changed).ok().filter(|manifest| manifest.version <= VERSION);
            assert!(taken.is_none(), "bit {bit} of byte {place} of {manifest:?}");
        }
    });
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in RealDisk.list(folder).unwrap() {
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn a_folder_in_use_or_without_data_is_refused_and_versions_are_told() {
    runtime().block_on(async {
        let folder = folder();
        fill(folder.path(), false).await;
        let data = folder.path().join("data");
        let versions = versions(&data).unwrap();
        assert_eq!((versions.catalog, versions.schemas.0), ((4, 4), BTreeMap::from([(1, 15)])));
        let storage = Storage::open(options(folder.path()).0).unwrap();
        assert!(matches!(verify(&data, |_, _| {}), Err(Error::Locked { .. })));
        assert!(matches!(rebuild_catalog(&data, None), Err(Error::Locked { .. })));
        drop(storage);
        assert!(matches!(verify(&folder.path().join("none"), |_, _| {}), Err(Error::Io { .. })));
        assert!(!folder.path().join("none").exists());
    });
}

/// Scenario: a folder, the same folder compacted, and an empty one, put together; and one that a server has.
/// Guarantees: every row of each is there, by scan and by look-up; sources stay as they are; the result is verified whole.
#[test]
fn folders_put_together_have_the_rows_of_each() {
    runtime().block_on(async {
        let mut sources = Vec::new();
        let places: Vec<_> = (0..3).map(|_| folder()).collect();
        for (place, seal) in places.iter().zip([Some(false), Some(true), None]) {
            if let Some(seal) = seal {
                fill(place.path(), seal).await;
            }
            // Opened and closed once more: what was in the log alone is in segments then.
            Storage::open(options(place.path()).0).unwrap().close().await.unwrap();
            sources.push(place.path().join("data"));
        }
        let place = folder();
        let combined = combine(&sources, &place.path().join("data")).unwrap();
        assert_eq!(verify(&place.path().join("data"), |_, _| {}).unwrap().damaged, Vec::<String>::new());
        let storage = Storage::open(options(place.path()).0).unwrap();
        let snapshot = storage.snapshot();
        assert_eq!(span_counts(&snapshot), (1..6).map(|id| (id, 2)).collect());
        assert_eq!(all_rows(&snapshot, Table::Logs).num_rows(), 6);
        assert_eq!(all_rows(&snapshot, Table::HistogramPoints).num_rows(), 6);
        let rows: usize = Table::ALL.iter().map(|table| all_rows(&snapshot, *table).num_rows()).sum();
        assert_eq!(combined.rows, rows as u64);
        assert!(storage.status().quarantined.is_empty());
        // What arrives later gets numbers of its own.
        storage.append(SignalKind::Traces, one_span(9)).await.unwrap();
        storage.flush().await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()).len(), 6);
        check(places[0].path(), 0);
        let again = folder();
        let error = combine(&[place.path().join("data")], &again.path().join("data")).unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
    });
}
