//! Segments against the memtable that they were made of.

use std::collections::BTreeMap;

use arrow::array::UInt64Array;
use arrow::compute::{concat_batches, take_record_batch};
use proptest::prelude::*;
use telltale_model::{SignalKind, SpanId};

use super::*;
use crate::clock::ManualClock;
use crate::error::ErrorKind;
use crate::limits::{PAGE_ROWS, ROW_GROUP_ROWS};
use crate::snapshot::Snapshot;
use crate::storage::{Options, Storage};
use crate::testing::{TestSpan, folder, joined, logs, metrics, runtime, trace_id, traces};
use crate::text::TextQuery;

fn options(folder: &Path) -> Options {
    let mut options = Options::new(folder.join("data"));
    options.clock = Arc::new(ManualClock::new(telltale_model::UnixNanos(7)));
    options.limits.free_bytes_min = 0;
    // One flush, and so one segment, whatever a test stores.
    options.limits.memtable_flush_bytes = 100 << 20;
    options.limits.wal_file_bytes = 1 << 20;
    options
}

/// Stores requests and returns what was visible before and after a flush.
fn store(folder: &Path, requests: &[(SignalKind, bytes::Bytes)]) -> (Arc<Snapshot>, Arc<Snapshot>) {
    runtime().block_on(async {
        let storage = Storage::open(options(folder)).unwrap();
        for (signal, payload) in requests {
            storage.append(*signal, payload.clone()).await.unwrap();
        }
        let before = storage.snapshot();
        storage.flush().await.unwrap();
        let after = storage.snapshot();
        storage.close().await.unwrap();
        (before, after)
    })
}

/// Returns a snapshot's rows in memory in the order of a segment.
fn sorted(snapshot: &Snapshot, table: Table) -> RecordBatch {
    let batches: Vec<_> = snapshot.batches(table).into_iter().map(Arc::new).collect();
    let sources: Vec<&RecordBatch> = batches.iter().map(Arc::as_ref).collect();
    let places = sort::sorted_places(table, &batches).unwrap();
    let rows: Vec<_> = places.chunks(2).map(|places| sort::gather(&sources, places).unwrap()).collect();
    joined(table, &rows)
}

fn id(trace: u8) -> TraceId {
    TraceId::new(trace_id(trace)).unwrap()
}

fn test_spans() -> impl Strategy<Value = Vec<TestSpan>> {
    prop::collection::vec((1_u8..6, 0_u64..50, any::<bool>()), 1..40).prop_map(|spans| {
        (1..).zip(spans).map(|(id, (trace, start, is_error))| TestSpan { trace, id, start, is_error }).collect()
    })
}

fn requests() -> impl Strategy<Value = Vec<(SignalKind, bytes::Bytes)>> {
    let log_records = prop::collection::vec((1_u64..9, "[ab ]{0,5}", prop::option::of(1_u8..4)), 1..5);
    let request = prop_oneof![
        test_spans().prop_map(|spans| (SignalKind::Traces, traces(&spans))),
        log_records.prop_map(|records| {
            let records: Vec<_> = records.iter().map(|(time, body, trace)| (*time, body.as_str(), *trace)).collect();
            (SignalKind::Logs, logs(&records))
        }),
        (1_u64..9, 1_u8..4).prop_map(|(time, trace)| (SignalKind::Metrics, metrics(time, trace))),
    ];
    prop::collection::vec(request, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_segment_reads_as_the_memtable_did(
        requests in requests(),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 1_u64..5), 0..4),
    ) {
        let folder = folder();
        let (before, after) = store(folder.path(), &requests);
        for table in Table::ALL {
            let expected = sorted(&before, table);
            prop_assert_eq!(after.batches(table).len(), 0);
            let segments: Vec<_> = after.segments(table).collect();
            prop_assert_eq!(segments.len(), usize::from(expected.num_rows() > 0));
            let Some(segment) = segments.first() else { continue };
            let read = segment.read(None, None).unwrap();
            prop_assert_eq!(read[0].schema(), table.schema());
            prop_assert_eq!(&joined(table, &read), &expected);
            prop_assert_eq!(segment.rows(), expected.num_rows() as u64);

            let mut ranges: Vec<Range<u64>> = Vec::new();
            let mut end = 0;
            for (start, count) in &picks {
                let start = end + start.index(expected.num_rows()) as u64;
                end = (start + count).min(segment.rows());
                ranges.extend((start < end).then_some(start..end));
            }
            let wanted = UInt64Array::from_iter_values(ranges.iter().cloned().flatten());
            let wanted = take_record_batch(&expected, &wanted).unwrap();
            let read = segment.read(None, Some(&ranges)).unwrap();
            prop_assert_eq!(&joined(table, &read), &wanted);
            let columns = [table.time_column(), col::ATTRIBUTES];
            for (read, start) in segment.read(Some(&columns), Some(&ranges)).unwrap().iter().zip([0]) {
                let wanted = wanted.slice(start, read.num_rows());
                for name in columns {
                    prop_assert_eq!(read.column_by_name(name), wanted.column_by_name(name));
                }
            }
        }
    }

    #[test]
    fn a_trace_is_found_where_its_spans_lie(spans in test_spans()) {
        let folder = folder();
        let (before, after) = store(folder.path(), &[(SignalKind::Traces, traces(&spans))]);
        let segment = after.segments(Table::Spans).next().unwrap();
        let mut by_trace: BTreeMap<u8, Vec<TestSpan>> = BTreeMap::new();
        spans.iter().for_each(|span| by_trace.entry(span.trace).or_default().push(*span));
        for trace in 1..7 {
            let Some(spans) = by_trace.get(&trace) else {
                prop_assert_eq!(segment.trace_rows(&id(trace)).unwrap(), None);
                continue;
            };
            prop_assert!(segment.may_contain_trace(&id(trace)) && segment.may_contain_low_64(&id(trace).low_64()));
            let found = segment.trace_rows(&id(trace)).unwrap().unwrap();
            prop_assert_eq!(found.row_count, spans.len() as u64);
            prop_assert_eq!(found.start_time_ns.cast_unsigned(), spans.iter().map(|span| span.start).min().unwrap());
            let range = found.row_start..found.row_start + found.row_count;
            for batch in segment.read(Some(&[col::TRACE_ID]), Some(&[range])).unwrap() {
                let ids = batch.column(0).as_fixed_size_binary();
                prop_assert!(ids.iter().all(|found| found == Some(trace_id(trace).as_slice())));
            }
            let is_known = |span: &TestSpan| {
                let id = [&[1; 4], &span.id.to_be_bytes()[..]].concat();
                segment.may_contain_span(&SpanId::from_slice(&id).unwrap())
            };
            prop_assert!(spans.iter().all(is_known));
        }
        // What flush wrote is what anyone computes from the rows.
        let written = segment.read_trace_rows().unwrap().unwrap();
        let computed = trace_rows_of(&segment.read(None, None).unwrap()).unwrap();
        prop_assert_eq!(&concat_batches(&crate::schema::trace_rows(), &written).unwrap(), &computed);
        let unsorted = trace_rows_of(&before.batches(Table::Spans)).unwrap();
        let errors = |batch: &RecordBatch| -> Vec<u64> {
            let column = batch.column_by_name(col::ERROR_COUNT).unwrap();
            column.as_primitive::<UInt64Type>().values().to_vec()
        };
        prop_assert_eq!(errors(&unsorted), errors(&computed));
        let expected: Vec<u64> =
            by_trace.values().map(|spans| spans.iter().filter(|span| span.is_error).count() as u64).collect();
        prop_assert_eq!(errors(&computed), expected);
    }
}

#[test]
fn rows_are_found_across_pages_and_row_groups() {
    let spans: Vec<_> = (0..u32::try_from(ROW_GROUP_ROWS + PAGE_ROWS * 2).unwrap())
        .map(|id| TestSpan { trace: u8::try_from(id / 600).unwrap(), id, start: u64::from(id) + 1, is_error: false })
        .map(|span| TestSpan { trace: span.trace.max(1), ..span })
        .collect();
    let requests: Vec<_> = spans.chunks(20_000).map(|spans| (SignalKind::Traces, traces(spans))).collect();
    let folder = folder();
    let (_, after) = store(folder.path(), &requests);
    let segment = after.segments(Table::Spans).next().unwrap();
    assert_eq!(segment.metadata().unwrap().num_row_groups(), 2);
    let boundary = ROW_GROUP_ROWS as u64;
    let starts = |ranges: &[Range<u64>]| -> Vec<u64> {
        let batches = segment.read(Some(&[col::START_TIME_UNIX_NANO]), Some(ranges)).unwrap();
        let times = |batch: &RecordBatch| {
            let column = batch.column(0).as_primitive::<TimestampNanosecondType>();
            column.values().iter().map(|time| time.cast_unsigned()).collect::<Vec<_>>()
        };
        batches.iter().flat_map(times).collect()
    };
    let expected =
        |ranges: &[Range<u64>]| -> Vec<u64> { ranges.iter().cloned().flatten().map(|row| row + 1).collect() };
    let four = [5..6, 4_000..4_200, boundary - 1..boundary, boundary + 4_090..boundary + 4_100];
    let one = |start, end| vec![Range { start, end }];
    let cases = [one(0, 1), one(boundary - 2, boundary + 2), one(boundary + 1, boundary + 2), four.to_vec(), vec![]];
    for ranges in &cases {
        assert_eq!(starts(ranges), expected(ranges), "{ranges:?}");
    }
    let found = segment.trace_rows(&id(218)).unwrap().unwrap();
    assert_eq!((found.row_start, found.row_count), (218 * 600, 600));
}

#[test]
fn metrics_are_found_by_the_traces_of_their_exemplars_and_logs_by_their_words() {
    let folder = folder();
    let bodies = [(3, "late timeout", Some(2)), (1, "early", None), (2, "Timeout", Some(2))];
    let requests = [(SignalKind::Metrics, metrics(5, 3)), (SignalKind::Logs, logs(&bodies))];
    let (_, after) = store(folder.path(), &requests);
    let points = after.segments(Table::Points).next().unwrap();
    assert!(points.may_contain_trace(&id(3)) && !points.may_contain_trace(&id(4)));
    assert_eq!((points.min_time(), points.max_time()), (5, 5));
    let logs = after.segments(Table::Logs).next().unwrap();
    assert!(logs.may_contain_trace(&id(2)) && !logs.may_contain_trace(&id(3)));
    assert!(logs.log_index().is_none() && points.log_index().is_none());
    let rows_of = |text: &str| logs.rows_of_words(&TextQuery::parse(text).unwrap().required_terms());
    let all: Vec<_> = std::iter::once(0..3).collect();
    assert_eq!([rows_of("timeout"), rows_of("early timeout")], [Some(all.clone()), Some(all.clone())]);
    assert_eq!([rows_of("absent"), rows_of("timeout absent")], [Some(Vec::new()), Some(Vec::new())]);
    assert_eq!(rows_of("time*"), None);
    assert_eq!((logs.rows_of_trace_id(&id(2)), logs.rows_of_trace_id(&id(3))), (Some(all), Some(Vec::new())));
    assert_eq!((points.rows_of_words(&[]), points.rows_of_trace_id(&id(3))), (None, None));
    let (_folder, after) = indexed(&bodies);
    let logs = after.segments(Table::Logs).next().unwrap();
    let index = logs.log_index().unwrap();
    // Newest first.
    assert_eq!(index.candidates(&TextQuery::parse("timeout").unwrap().required_terms()).unwrap(), Some(vec![0, 1]));
    assert_eq!(index.rows_of_trace(&id(2)).unwrap(), [0, 1]);
    assert_eq!(logs.rows_of_words(&TextQuery::parse("timeout").unwrap().required_terms()), None);
    assert_eq!(logs.rows_of_trace_id(&id(2)), None);
}

/// Stores log records until they have their index, and returns them and their folder.
fn indexed(bodies: &[(u64, &str, Option<u8>)]) -> (tempfile::TempDir, Arc<Snapshot>) {
    let folder = folder();
    let clock = Arc::new(ManualClock::new(telltale_model::UnixNanos(7)));
    let mut options = options(folder.path());
    options.clock = Arc::clone(&clock) as Arc<dyn crate::clock::Clock>;
    let snapshot = runtime().block_on(async {
        let storage = Storage::open(options).unwrap();
        storage.append(SignalKind::Logs, logs(bodies)).await.unwrap();
        storage.flush().await.unwrap();
        storage.maintain().await.unwrap();
        assert!(storage.snapshot().segments(Table::Logs).all(|segment| segment.log_index().is_none()), "at once");
        clock.advance(crate::limits::LOG_INDEX_AFTER + std::time::Duration::from_secs(1));
        storage.maintain().await.unwrap();
        let snapshot = storage.snapshot();
        storage.close().await.unwrap();
        snapshot
    });
    (folder, snapshot)
}

#[test]
fn a_damaged_file_takes_its_segment_out_by_name_and_everything_else_goes_on() {
    for (file, is_needed) in
        [("data.parquet", true), ("traces.parquet", true), ("manifest.json", true), ("bloom.bin", false)]
    {
        for damage in ["flip", "cut", "remove"] {
            let folder = folder();
            for trace in 1..3 {
                let spans: Vec<_> = (1..30).map(|id| TestSpan::new(trace, id)).collect();
                store(folder.path(), &[(SignalKind::Traces, traces(&spans))]);
            }
            let path = folder.path().join("data/segments/spans/0000000001").join(file);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            match damage {
                "flip" => bytes[middle] ^= 1,
                "cut" => bytes.truncate(middle),
                _ => bytes.clear(),
            }
            std::fs::remove_file(&path).unwrap();
            if damage != "remove" {
                std::fs::write(&path, bytes).unwrap();
            }
            let storage = Storage::open(options(folder.path())).unwrap();
            let snapshot = storage.snapshot();
            let mut failures = 0;
            for segment in snapshot.segments(Table::Spans) {
                assert!(segment.may_contain_trace(&id(1)) || segment.id() == 2);
                let result = segment.trace_rows(&id(1)).and_then(|_| segment.read(None, None));
                match result {
                    Ok(batches) => assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 29),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Corrupt, "{file} {damage}: {error}");
                        failures += 1;
                    }
                }
            }
            assert!(failures <= 1, "{file} {damage}");
            let live = snapshot.segments(Table::Spans).count();
            assert_eq!(live, if is_needed { 1 } else { 2 }, "{file} {damage}");
            let named = storage.status().quarantined;
            assert!(named.len() == 1 && named[0].contains(file), "{file} {damage}: {named:?}");
        }
    }
}

#[test]
fn a_damaged_log_index_is_named_and_costs_no_rows() {
    let (folder, after) = indexed(&[(1, "a", None)]);
    let index = after.segments(Table::Logs).next().unwrap().dir().join("log_index");
    let file = std::fs::read_dir(&index).unwrap().map(|file| file.unwrap().path()).max().unwrap();
    std::fs::write(&file, b"nonsense").unwrap();
    let storage = Storage::open(options(folder.path())).unwrap();
    let snapshot = storage.snapshot();
    let segment = snapshot.segments(Table::Logs).next().unwrap();
    assert!(segment.log_index().is_none());
    assert_eq!(segment.read(None, None).unwrap()[0].num_rows(), 1);
    assert_eq!(snapshot.segments(Table::Logs).count(), 1);
    assert!(storage.status().quarantined[0].contains("log_index"));
}

/// Guarantees: reading rows by their numbers holds no values of pages, and asks for nothing again that a query brought.
#[test]
fn a_look_up_holds_less_metadata_than_a_query() {
    let folder = folder();
    let (_, after) = store(folder.path(), &[(SignalKind::Traces, traces(&[TestSpan::new(1, 1)]))]);
    let segment = after.segments(Table::Spans).next().unwrap();
    let held = || segment.context.cache.bytes();
    let rows = segment.read(None, None).unwrap();
    let of_a_look_up = held();
    let asked = segment.metadata().unwrap();
    assert_eq!(held(), asked.memory_size(), "one of the two");
    assert!(of_a_look_up * 5 < held() * 4, "{of_a_look_up} beside {}", held());
    assert!(asked.column_index().is_some() && asked.row_group(0).column(0).statistics().is_some());
    assert_eq!(segment.read(None, None).unwrap(), rows);
    assert!(Arc::ptr_eq(&asked, &segment.metadata().unwrap()), "still there");
}

/// Guarantees: when the cache of metadata has to shrink, what was used last stays, and the rest is read again when it is asked.
#[test]
fn a_smaller_cache_of_metadata_costs_reads_only() {
    let folder = folder();
    let of = |trace| store(folder.path(), &[(SignalKind::Traces, traces(&[TestSpan::new(trace, 1)]))]).1;
    let [_, _, after] = [1, 2, 3].map(of);
    let segments: Vec<_> = after.segments(Table::Spans).collect();
    let read = || segments.iter().map(|segment| segment.read(None, None).unwrap()).collect::<Vec<_>>();
    let rows = read();
    let cache = &segments[0].context.cache;
    let of_all = cache.bytes();
    segments[0].read(None, None).unwrap();
    cache.shrink(of_all / 2);
    assert_eq!(cache.bytes(), of_all / 3);
    let loaded = || panic!("the one that was used last is there");
    cache.get((segments[0].id(), manifest::DATA), Detail::Places, loaded).unwrap();
    assert_eq!(read(), rows);
    assert_eq!(cache.bytes(), of_all);
}

/// Guarantees: a segment that nobody holds any more leaves nothing in the cache of metadata.
#[test]
fn the_metadata_of_a_segment_go_with_it() {
    let folder = folder();
    let requests = [1, 2].map(|trace| (SignalKind::Traces, traces(&[TestSpan::new(trace, 1)])));
    let (_, after) = store(folder.path(), &requests);
    let segment = Arc::clone(after.segments(Table::Spans).next().unwrap());
    let context = Arc::clone(&segment.context);
    segment.trace_rows(&id(1)).unwrap();
    segment.metadata().unwrap();
    assert!(context.cache.bytes() > 1_000);
    assert_eq!(segment.filter_bytes(), 0, "nobody asked");
    assert!(segment.may_contain_trace(&id(1)));
    assert_eq!(segment.filter_bytes(), 32, "a block, and nothing to spare");
    drop(after);
    assert!(context.cache.bytes() > 1_000, "it is still held");
    drop(segment);
    assert_eq!(context.cache.bytes(), 0);
}
