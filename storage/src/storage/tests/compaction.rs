//! Compaction against the rows that went in: the same rows, fewer segments, everything found that was found before.

use std::collections::BTreeSet;
use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use proptest::prelude::*;
use telltale_model::{SpanId, TraceId};

use super::*;
use crate::segment::{Segment, sort};
use crate::snapshot::Snapshot;
use crate::testing::{TestSpan, joined, trace_id, traces};
use crate::text::TextQuery;

/// Merges as soon as there are two of a kind, in small steps, and begins a new output after a few rows.
pub(super) fn eager(folder: &Path) -> (Options, Arc<ManualClock>) {
    let mut options = options(folder);
    let clock = Arc::new(ManualClock::new(UnixNanos(20_000 * 24 * 3_600 * 1_000_000_000)));
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    options.limits.compaction_tier_segments = 2;
    options.limits.compaction_fan_in = 2;
    options.limits.compaction_cut_bytes = 6_000;
    options.limits.compaction_batch_bytes = 20_000;
    options.limits.maintenance_every = Duration::from_secs(3_600);
    (options, clock)
}

/// Returns every row of a table as a line of text, sorted.
pub(super) fn lines(snapshot: &Snapshot, table: Table) -> Vec<String> {
    let rows = all_rows(snapshot, table);
    let format = FormatOptions::default();
    let columns: Vec<_> =
        rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &format).unwrap()).collect();
    let line = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|");
    let mut lines: Vec<_> = (0..rows.num_rows()).map(line).collect();
    lines.sort();
    lines
}

fn is_sorted(segment: &Segment) -> bool {
    let rows = joined(segment.table(), &segment.read(None, None).unwrap());
    let keys = sort::keys(segment.table(), &sort::key_converter(segment.table()).unwrap(), &rows).unwrap();
    (1..rows.num_rows()).all(|row| keys.row(row - 1) <= keys.row(row))
}

/// Returns the row numbers at which a column holds an id.
fn rows_with(rows: &RecordBatch, name: &str, id: &[u8]) -> Vec<u64> {
    let ids = rows.column_by_name(name).unwrap().as_fixed_size_binary();
    (0..ids.len()).filter(|row| ids.is_valid(*row) && ids.value(*row) == id).map(|row| row as u64).collect()
}

/// Everything that finds rows says of each segment what its rows say.
pub(super) fn check_finders(snapshot: &Snapshot) {
    for segment in snapshot.segments(Table::Spans) {
        let rows = joined(Table::Spans, &segment.read(None, None).unwrap());
        for trace in 1..6 {
            let id = TraceId::new(trace_id(trace)).unwrap();
            let expected = rows_with(&rows, col::TRACE_ID, id.as_bytes());
            let found = segment.trace_rows(&id).unwrap();
            let found: Vec<u64> =
                found.map_or(Vec::new(), |row| (row.row_start..row.row_start + row.row_count).collect());
            assert_eq!(found, expected);
            assert!(expected.is_empty() || segment.may_contain_trace(&id));
            assert!(expected.is_empty() || segment.may_contain_low_64(id.as_bytes().last_chunk().unwrap()));
        }
        for id in rows.column_by_name(col::SPAN_ID).unwrap().as_fixed_size_binary().iter().flatten() {
            let found = segment.rows_of_span(&SpanId::from_slice(id).unwrap()).expect("an index of span ids");
            let expected = rows_with(&rows, col::SPAN_ID, id);
            assert!(expected.iter().all(|row| found.iter().any(|range| range.contains(row))), "{expected:?} {found:?}");
        }
    }
    for segment in snapshot.segments(Table::Logs) {
        let rows = joined(Table::Logs, &segment.read(None, None).unwrap());
        let id = TraceId::new(trace_id(2)).unwrap();
        let of_trace = rows_with(&rows, col::TRACE_ID, id.as_bytes());
        let query = TextQuery::parse("a").unwrap();
        let bodies = rows.column_by_name(col::BODY).unwrap().as_string::<i32>();
        let expected: Vec<u32> =
            (0..).zip(bodies.iter()).filter(|(_, body)| query.matches(body.unwrap())).map(|(row, _)| row).collect();
        if segment.entry().level == 0 {
            let may =
                |found: Option<Vec<Range<u64>>>, row| found.expect("filters").iter().any(|rows| rows.contains(&row));
            assert!(of_trace.iter().all(|row| may(segment.rows_of_trace_id(&id), *row)));
            assert!(expected.iter().all(|row| may(segment.rows_of_words(&query.required_terms()), u64::from(*row))));
            assert!(segment.log_index().is_none());
            continue;
        }
        let index = segment.log_index().expect("an index");
        let found: Vec<u64> = index.rows_of_trace(&id).unwrap().into_iter().map(u64::from).collect();
        assert_eq!(found, of_trace);
        assert_eq!(index.candidates(&query.required_terms()).unwrap(), Some(expected));
    }
}

pub(super) fn request() -> impl Strategy<Value = (SignalKind, Bytes)> {
    let spans = prop::collection::vec((1_u8..6, any::<u32>(), 0_u64..50, any::<bool>()), 1..30);
    let records = prop::collection::vec((1_u64..9, "[ab ]{0,5}", prop::option::of(1_u8..4)), 1..5);
    prop_oneof![
        spans.prop_map(|spans| {
            let span = |(trace, id, start, is_error)| TestSpan { trace, id, start, is_error };
            (SignalKind::Traces, traces(&spans.into_iter().map(span).collect::<Vec<_>>()))
        }),
        records.prop_map(|records| {
            let records: Vec<_> = records.iter().map(|(time, body, trace)| (*time, body.as_str(), *trace)).collect();
            (SignalKind::Logs, logs(&records))
        }),
        (1_u64..9, 1_u8..4).prop_map(|(time, trace)| (SignalKind::Metrics, metrics(time, trace))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Scenario: requests of every signal in up to eight flushes, compacted as they come and once more when the day is
    /// over, then opened again.
    #[test]
    fn the_same_rows_are_there_before_and_after(
        flushes in prop::collection::vec(prop::collection::vec(request(), 1..5), 1..8),
        memory_bytes in prop_oneof![Just(1_u64), Just(20_000), Just(1 << 20)],
    ) {
        runtime().block_on(async {
            let folder = folder();
            let (mut options, clock) = eager(folder.path());
            options.limits.compaction_batch_bytes = memory_bytes;
            let storage = Storage::open(options.clone()).unwrap();
            let mut rows: Vec<Vec<String>> = vec![Vec::new(); 6];
            for requests in &flushes {
                for (signal, payload) in requests {
                    storage.append(*signal, payload.clone()).await.unwrap();
                }
                rows = Table::ALL.map(|table| lines(&storage.snapshot(), table)).to_vec();
                storage.flush().await.unwrap();
                storage.maintain().await.unwrap();
                for (table, rows) in Table::ALL.into_iter().zip(&rows) {
                    assert_eq!(&lines(&storage.snapshot(), table), rows, "{table:?}");
                }
            }
            clock.advance(Duration::from_secs(30 * 3_600));
            storage.maintain().await.unwrap();
            let snapshot = storage.snapshot();
            for (table, rows) in Table::ALL.into_iter().zip(&rows) {
                assert_eq!(&lines(&snapshot, table), rows, "{table:?}");
                assert!(snapshot.segments(table).all(|segment| is_sorted(segment)));
                let open = snapshot.segments(table).filter(|segment| segment.entry().level < 2).count();
                assert!(open <= 1, "{open} segments of {table:?} are not sealed");
            }
            check_finders(&snapshot);
            storage.close().await.unwrap();
            let storage = Storage::open(options).unwrap();
            assert_eq!(storage.status().quarantined, Vec::<String>::new());
            for (table, rows) in Table::ALL.into_iter().zip(&rows) {
                assert_eq!(&lines(&storage.snapshot(), table), rows, "{table:?}");
            }
            check_finders(&storage.snapshot());
        });
    }
}

/// Scenario: many spans of many traces in a few flushes; one merge is cut into several outputs.
#[test]
fn outputs_of_a_merge_have_disjoint_ranges_of_trace_ids_and_no_trace_is_cut() {
    runtime().block_on(async {
        let folder = folder();
        let (mut options, clock) = eager(folder.path());
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options).unwrap();
        for flush in 0..6_u32 {
            for trace in 0..120_u8 {
                let id = flush * 1_000 + u32::from(trace);
                storage.append(SignalKind::Traces, traces(&[TestSpan::new(trace, id)])).await.unwrap();
            }
            storage.flush().await.unwrap();
        }
        let rows = lines(&storage.snapshot(), Table::Spans);
        clock.advance(Duration::from_secs(30 * 3_600));
        storage.maintain().await.unwrap();
        let snapshot = storage.snapshot();
        let mut ranges: Vec<_> =
            snapshot.segments(Table::Spans).map(|segment| segment.entry().trace_ids.unwrap()).collect();
        ranges.sort_unstable();
        assert!(ranges.len() > 3, "{} outputs", ranges.len());
        assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ranges:?}");
        for trace in 0..120 {
            let id = TraceId::new(trace_id(trace)).unwrap();
            let found: Vec<_> =
                snapshot.segments(Table::Spans).filter_map(|segment| segment.trace_rows(&id).unwrap()).collect();
            assert_eq!(found.iter().map(|row| row.row_count).collect::<Vec<_>>(), [6]);
        }
        assert_eq!(lines(&snapshot, Table::Spans), rows);
        let counters = storage.status().counters;
        assert_eq!((counters.compactions, counters.compacted_segments, counters.compacted_rows), (1, 6, 720));
        assert!(counters.compaction_bytes > 0 && counters.compaction_failures == 0);
        storage.maintain().await.unwrap();
        assert_eq!(storage.status().counters.compactions, 1, "sealed segments are left alone");
    });
}

fn folders(folder: &Path) -> BTreeSet<String> {
    let spans = folder.join("data/segments/spans");
    std::fs::read_dir(spans).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Scenario: a query holds its snapshot while its segments are compacted away.
#[test]
fn a_reader_goes_on_with_what_it_holds_and_folders_go_once_nobody_reads_them() {
    runtime().block_on(async {
        let folder = folder();
        let (mut options, _clock) = eager(folder.path());
        options.limits.compaction_cut_bytes = 1 << 20;
        let storage = Storage::open(options.clone()).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        append(&storage, 2).await.unwrap();
        let held = storage.snapshot();
        storage.flush().await.unwrap();
        storage.maintain().await.unwrap();
        assert_eq!(storage.snapshot().segments(Table::Spans).count(), 1);
        assert_eq!(span_counts(&held), once([1, 2]));
        assert_eq!(span_counts(&storage.snapshot()), once([1, 2]));
        assert_eq!(folders(folder.path()).len(), 2, "the output, and the input that is held");
        let with_input = storage.status().disk_bytes;
        drop(held);
        storage.maintain().await.unwrap();
        assert_eq!(folders(folder.path()).len(), 1);
        assert!(storage.status().disk_bytes < with_input);

        // A process that ends before a reader does leaves the folder to the next start.
        let held = storage.snapshot();
        append(&storage, 3).await.unwrap();
        storage.flush().await.unwrap();
        storage.maintain().await.unwrap();
        assert_eq!(folders(folder.path()).len(), 2);
        storage.close().await.unwrap();
        drop(storage);
        let storage = Storage::open(options).unwrap();
        assert_eq!(folders(folder.path()).len(), 1);
        assert_eq!(span_counts(&storage.snapshot()), once([1, 2, 3]));
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
        drop(held);
    });
}

/// Scenario: the storage closes while a compaction writes.
#[test]
fn a_compaction_that_is_given_up_leaves_nothing_behind() {
    runtime().block_on(async {
        let folder = folder();
        let (mut options, _clock) = eager(folder.path());
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options).unwrap();
        for id in 1..4 {
            append(&storage, id).await.unwrap();
            storage.flush().await.unwrap();
        }
        let shared = Arc::clone(&storage.handle.shared);
        let snapshot = storage.snapshot();
        let inputs: Vec<_> = snapshot.segments(Table::Spans).map(Arc::clone).collect();
        let job = crate::compaction::policy::Job {
            table: Table::Spans,
            inputs: inputs.iter().map(|segment| segment.id()).collect(),
            level: 1,
        };
        shared.set_closing();
        let error = crate::compaction::compact(&shared, &job, &inputs).unwrap_err();
        assert!(matches!(error, Error::Closed), "{error}");
        assert_eq!(folders(folder.path()).len(), 3);
        assert_eq!(std::fs::read_dir(folder.path().join("data/tmp")).unwrap().count(), 0);
        assert_eq!(span_counts(&storage.snapshot()), once([1, 2, 3]));
    });
}

/// Scenario: one of the inputs is damaged.
#[test]
fn a_damaged_input_is_named_and_the_others_are_compacted_without_it() {
    runtime().block_on(async {
        let folder = folder();
        let (mut options, clock) = eager(folder.path());
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options.clone()).unwrap();
        for id in 1..4 {
            append(&storage, id).await.unwrap();
            storage.flush().await.unwrap();
        }
        let path = storage.snapshot().segments(Table::Spans).nth(1).unwrap().data_path().to_path_buf();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        drop(storage);
        let storage = Storage::open(options).unwrap();
        clock.advance(Duration::from_secs(30 * 3_600));
        storage.maintain().await.unwrap();
        assert_eq!(span_counts(&storage.snapshot()), once([1, 3]));
        assert_eq!(storage.snapshot().segments(Table::Spans).count(), 1);
        let status = storage.status();
        assert_eq!(status.quarantined.len(), 1, "{:?}", status.quarantined);
        assert!(status.quarantined[0].contains(&*path.to_string_lossy()), "{:?}", status.quarantined);
        assert!(path.exists(), "a damaged file is never removed");
    });
}

/// Scenario: there is room for data but not for a copy of it.
#[test]
fn without_room_for_a_copy_nothing_is_compacted_and_the_status_says_so() {
    runtime().block_on(async {
        let folder = folder();
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let (mut options, _clock) = eager(folder.path());
        options.disk = Arc::new(disk.clone());
        let storage = Storage::open(options).unwrap();
        append(&storage, 1).await.unwrap();
        storage.flush().await.unwrap();
        disk.set_free_bytes(Some(100));
        append(&storage, 2).await.unwrap();
        storage.flush().await.unwrap();
        let error = storage.maintain().await.unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        let status = storage.status();
        assert!(status.maintenance_error.unwrap().contains("compaction needs"));
        assert!(status.counters.compaction_failures > 0);
        disk.set_free_bytes(None);
        storage.maintain().await.unwrap();
        assert_eq!(storage.status().maintenance_error, None);
        assert_eq!(storage.snapshot().segments(Table::Spans).count(), 1);
    });
}
