//! Scenario: points of several kinds, series and times, flushed apart and compacted. Guarantees: the rows of series say of every run
//! of rows what those rows say themselves, and cover all of them; a damaged file of them is named.

use proptest::prelude::*;
use telltale_model::SignalKind;

use super::*;
use crate::segment::SegmentContext;
use crate::storage::{Options, Storage};
use crate::testing::{folder, metrics, runtime};

/// What a segment's rows say of its runs: id, first row, count, first and last time.
type Runs = Vec<([u8; 16], u64, u64, i64, i64)>;

fn runs_of_rows(segment: &Segment) -> Runs {
    let mut runs = Runs::new();
    let mut row = 0;
    for batch in segment.read(Some(&[col::SERIES_ID, col::TIME_UNIX_NANO]), None).unwrap() {
        let ids = batch.column_by_name(col::SERIES_ID).unwrap().as_fixed_size_binary();
        let times = batch.column_by_name(col::TIME_UNIX_NANO).unwrap().as_primitive::<TimestampNanosecondType>();
        for (id, time) in ids.iter().zip(times.values()) {
            let id: [u8; 16] = id.unwrap().try_into().unwrap();
            match runs.last_mut() {
                Some((last, _, count, min, max)) if *last == id => {
                    (*count, *min, *max) = (*count + 1, (*min).min(*time), (*max).max(*time));
                }
                _ => runs.push((id, row, 1, *time, *time)),
            }
            row += 1;
        }
    }
    runs
}

fn runs_of_series(rows: &[RecordBatch]) -> Runs {
    let mut runs = Runs::new();
    for batch in rows {
        let ids = batch.column_by_name(col::SERIES_ID).unwrap().as_fixed_size_binary();
        let count = |name| batch.column_by_name(name).unwrap().as_primitive::<arrow::datatypes::UInt64Type>();
        let time = |name| batch.column_by_name(name).unwrap().as_primitive::<TimestampNanosecondType>();
        for row in 0..batch.num_rows() {
            runs.push((
                ids.value(row).try_into().unwrap(),
                count(col::ROW_START).value(row),
                count(col::ROW_COUNT).value(row),
                time(col::MIN_TIME_UNIX_NANO).value(row),
                time(col::MAX_TIME_UNIX_NANO).value(row),
            ));
        }
    }
    runs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn rows_of_series_say_what_the_points_say(
        flushes in prop::collection::vec(prop::collection::vec((1_u64..9, 1_u8..4), 1..6), 2..5),
    ) {
        let (folder, runtime) = (folder(), runtime());
        let mut options = Options::new(folder.path());
        options.limits.free_bytes_min = 0;
        options.limits.compaction_tier_segments = 2;
        options.limits.compaction_fan_in = 2;
        let storage = runtime.block_on(async { Storage::open(options).unwrap() });
        for points in &flushes {
            for (time, trace) in points {
                runtime.block_on(storage.append(SignalKind::Metrics, metrics(*time, *trace))).unwrap();
            }
            runtime.block_on(storage.flush()).unwrap();
        }
        runtime.block_on(storage.maintain()).unwrap();
        let snapshot = storage.snapshot();
        for table in [Table::Points, Table::HistogramPoints, Table::SummaryPoints] {
            for segment in snapshot.segments(table) {
                let found = segment.series_rows().unwrap();
                prop_assert_eq!(found.is_some(), segment.entry().level > 0);
                let Some(found) = found else { continue };
                prop_assert_eq!(found[0].schema(), schema::series_rows(table));
                let runs = runs_of_series(&found);
                prop_assert_eq!(&runs, &runs_of_rows(segment));
                // What a series is, as its first row says it.
                let starts: Vec<_> = runs.iter().map(|(_, start, ..)| *start..start + 1).collect();
                let columns = schema::series_columns(table);
                let heads = segment.read(Some(&columns), Some(&starts)).unwrap();
                let places: Vec<usize> = (0..columns.len()).collect();
                let said: Vec<String> = found.iter().map(|batch| pretty(&batch.project(&places).unwrap())).collect();
                prop_assert_eq!(said.concat(), heads.iter().map(pretty).collect::<String>());
            }
        }
        runtime.block_on(storage.close()).unwrap();
    }
}

/// Rows as text: columns in the order of their names, envelopes as the bytes that they are.
fn pretty(batch: &RecordBatch) -> String {
    let mut columns: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    columns.sort();
    let options = arrow::util::display::FormatOptions::default().with_null("null");
    let mut out = String::new();
    for row in 0..batch.num_rows() {
        for name in &columns {
            let array = batch.column_by_name(name).unwrap();
            let text = arrow::util::display::ArrayFormatter::try_new(array, &options).unwrap().value(row).to_string();
            out.push_str(&format!("{name}={text};"));
        }
        out.push('\n');
    }
    out
}

#[test]
fn a_damaged_file_of_series_takes_its_segment_out_by_name() {
    let (folder, runtime) = (folder(), runtime());
    let mut options = Options::new(folder.path());
    options.limits.free_bytes_min = 0;
    options.limits.compaction_tier_segments = 2;
    options.limits.compaction_fan_in = 2;
    let storage = runtime.block_on(async { Storage::open(options).unwrap() });
    for time in 1..4 {
        runtime.block_on(storage.append(SignalKind::Metrics, metrics(time, 1))).unwrap();
        runtime.block_on(storage.flush()).unwrap();
    }
    runtime.block_on(storage.maintain()).unwrap();
    let snapshot = storage.snapshot();
    let entry = snapshot.segments(Table::Points).map(|one| one.entry().clone()).find(|entry| entry.level > 0).unwrap();
    runtime.block_on(storage.close()).unwrap();
    let path = folder.path().join(&entry.path).join(manifest::SERIES);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let segment = Segment::open(folder.path(), entry, Arc::new(SegmentContext::default()));
    let error = segment.series_rows().unwrap_err().to_string();
    assert!(error.contains(manifest::SERIES) && error.contains("checksum"), "{error}");
    assert!(segment.damage().is_some_and(|damage| damage.contains(manifest::SERIES)));
}
