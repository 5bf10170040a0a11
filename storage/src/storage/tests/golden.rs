//! Scenario: the data folders that released and earlier versions wrote (`storage/golden/VERSION`, made by `--example golden` of that
//! version), opened by this one. Guarantees: every row is there as it was, also after a flush and a compaction by this version; nothing
//! is called damaged; traces, words and values are found; a folder of a newer version is refused with both versions named.

use std::path::PathBuf;

use telltale_model::{SpanId, TraceId};

use super::*;
use crate::offline;
use crate::testing::copy_folder;

#[path = "../../../examples/golden/rows.rs"]
mod golden_rows;

fn text(snapshot: &Snapshot) -> String {
    let tables = Table::ALL.map(|table| {
        let mut batches = snapshot.batches(table);
        snapshot.segments(table).for_each(|segment| batches.extend(segment.read(None, None).unwrap()));
        (table.name(), batches)
    });
    golden_rows::rows(&tables)
}

fn golden() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 2, "{folders:?}");
    folders
}

/// The store over a copy of a golden folder that compacts only when it is told to.
fn quiet(folder: &Path, tier_segments: usize) -> Options {
    let mut options = options(folder);
    options.limits.compaction_tier_segments = tier_segments;
    options.limits.compaction_fan_in = tier_segments;
    options.limits.maintenance_every = Duration::from_secs(3_600);
    options
}

#[test]
fn every_golden_folder_opens_with_every_row_and_goes_on() {
    let mut versions = std::collections::BTreeSet::new();
    for golden in golden() {
        let folder = folder();
        copy_folder(&golden.join("data"), &folder.path().join("data"));
        let expected = std::fs::read_to_string(golden.join("rows.txt")).unwrap();
        let name = golden.display();
        let verified = offline::verify(&folder.path().join("data"), |_, _| {}).unwrap();
        assert!(verified.damaged.is_empty() && verified.unlisted.is_empty(), "{name}: {verified:?}");
        assert!(verified.segments >= 6, "{name}: {verified:?}");
        runtime().block_on(async {
            let storage = Storage::open(quiet(folder.path(), 100)).unwrap();
            let segments = storage.snapshot();
            let spans = segments.segments(Table::Spans).map(|segment| segment.manifest().unwrap().version);
            versions.extend(spans);
            drop(segments);
            let replayed = storage.status().counters.replayed_records;
            assert_eq!(replayed, 3, "{name}: the last round is in the log");
            same(&storage, &expected, &format!("{name}"));
            found(&storage, &name.to_string());
            storage.flush().await.unwrap();
            same(&storage, &expected, &format!("{name}, flushed"));
            storage.close().await.unwrap();
            let storage = Storage::open(quiet(folder.path(), 2)).unwrap();
            storage.maintain().await.unwrap();
            same(&storage, &expected, &format!("{name}, compacted"));
            found(&storage, &name.to_string());
            let status = storage.status();
            assert!(status.quarantined.is_empty(), "{name}: {status:?}");
            storage.close().await.unwrap();
        });
        let verified = offline::verify(&folder.path().join("data"), |_, _| {}).unwrap();
        assert!(verified.damaged.is_empty(), "{name}: {verified:?}");
    }
    assert_eq!(versions, [1, 2].into(), "segments with and without columns of attributes");
}

/// Compares rows. What is in the log is decoded by this version, which keeps the arrival of points to the second
/// (docs/decisions/0010): fractions of that are left out.
fn same(storage: &Storage, expected: &str, name: &str) {
    let lines = |text: &str| -> Vec<String> {
        let line = |line: &str| match line.split_once(" ingest_time_unix_nano=") {
            Some((columns, time)) if !line.starts_with("spans") && !line.starts_with("logs") => {
                format!("{columns} {}", time.chars().take(20).collect::<String>())
            }
            _ => line.to_owned(),
        };
        text.lines().map(line).collect()
    };
    let (found, expected) = (lines(&text(&storage.snapshot())), lines(expected));
    assert_eq!(found.len(), expected.len(), "{name}: rows");
    found.iter().zip(&expected).for_each(|(found, expected)| assert_eq!(found, expected, "{name}"));
}

/// Finds a trace, a span, a word and an attribute's value of the second round, which every golden folder has in segments.
fn found(storage: &Storage, name: &str) {
    let snapshot = storage.snapshot();
    let mut id = [0; 16];
    (id[7], id[14], id[15]) = (2, 0xfe, 0xed);
    let trace = TraceId::new(id).unwrap();
    let with_trace = |segment: &&Arc<crate::segment::Segment>| segment.trace_rows(&trace).unwrap().is_some();
    let segment = snapshot.segments(Table::Spans).find(with_trace).unwrap_or_else(|| panic!("{name}: no trace"));
    assert!(segment.may_contain_trace(&trace) && segment.may_contain_low_64(&trace.low_64()), "{name}");
    assert!(segment.may_contain_span(&SpanId::new([0, 0, 0, 0, 0, 0, 0, 11]).unwrap()), "{name}");
    assert!(segment.rows_of_value("order-1").is_none_or(|rows| !rows.is_empty()), "{name}");
    let words = crate::text::TextQuery::parse("golden refused").unwrap().required_terms();
    let has_hit = |segment: &Arc<crate::segment::Segment>| match segment.log_index() {
        Some(index) => index.candidates(&words).unwrap().is_some_and(|rows| !rows.is_empty()),
        None => segment.rows_of_words(&words).is_some_and(|rows| !rows.is_empty()),
    };
    assert!(snapshot.segments(Table::Logs).any(has_hit), "{name}: the log index, or filters over words, answer");
}

#[test]
fn a_golden_folder_that_says_it_is_newer_is_refused_with_both_versions() {
    for golden in golden() {
        let folder = folder();
        let data = folder.path().join("data");
        copy_folder(&golden.join("data"), &data);
        std::fs::write(data.join("FORMAT"), "99\n").unwrap();
        let refusals = [Storage::open(options(folder.path())).err(), offline::verify(&data, |_, _| {}).err()];
        for error in refusals {
            let error = error.unwrap();
            assert!(matches!(error, Error::Newer { found: 99, supported: 1, .. }), "{error}");
            assert!(error.to_string().contains("99") && error.to_string().contains('1'), "{error}");
        }
    }
}
