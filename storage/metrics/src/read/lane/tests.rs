//! Scenario: ranges of a segment's rows, dealt out to chunks in any order. Guarantees: each chunk gets its rows, and no others, in the
//! order of its ranges, whether the segment stays open or not.

use arrow::datatypes::TimestampNanosecondType;
use proptest::prelude::*;
use telltale_prometheus::{Series, otlp};
use telltale_storage::schema::{Table, col};

use super::*;
use crate::columns::numbers;
use crate::tests::Store;

/// Rows of the segment: one series, a sample a second, the first after one second.
const ROWS: u64 = 20_000;

fn segment() -> (Store, Arc<Segment>) {
    let store = Store::new();
    let labels = vec![("__name__".to_owned(), "m".to_owned())];
    let samples = (0..i64::try_from(ROWS).unwrap()).map(|row| ((row + 1) * 1_000, 1.0)).collect();
    store.send(&otlp::request(vec![Series { labels, samples, ..Series::default() }]));
    store.flush();
    let segment = Arc::clone(store.view().snapshot.segments(Table::Points).next().unwrap());
    (store, segment)
}

/// Disjoint ranges, each with its chunk.
fn dealt() -> impl Strategy<Value = Vec<(Range<u64>, usize)>> {
    let one = (0..300_u64, prop_oneof![1..40_u64, 1..6_000_u64], 0..6_usize);
    prop::collection::vec(one, 1..12).prop_map(|drawn| {
        let mut end = 0;
        let ranges = drawn.into_iter().map(|(gap, length, chunk)| {
            let start = (end + gap).min(ROWS);
            end = (start + length).min(ROWS);
            (start..end, chunk)
        });
        ranges.filter(|(rows, _)| !rows.is_empty()).collect()
    })
}

#[test]
fn every_chunk_gets_its_rows() {
    let (_store, segment) = segment();
    proptest!(ProptestConfig::with_cases(64), |(dealt in dealt(), is_kept_open: bool)| {
        let of = |chunk: usize| -> Wanted {
            dealt.iter().filter(|(_, own)| *own == chunk).map(|(rows, _)| (rows.clone(), 0)).collect()
        };
        let chunks: Vec<Wanted> = (0..6).map(of).collect();
        let mut lane = Lane::new(&segment, is_kept_open);
        lane.add_column(col::TIME_UNIX_NANO);
        chunks.iter().for_each(|wanted| lane.note(wanted));
        lane.begin();
        for wanted in &chunks {
            let mut found = Vec::new();
            for batch in lane.take(wanted).unwrap() {
                let times = numbers::<TimestampNanosecondType>(&batch, col::TIME_UNIX_NANO).unwrap();
                found.extend(times.values().iter().map(|time| time.cast_unsigned() / 1_000_000_000 - 1));
            }
            prop_assert_eq!(found, wanted.iter().flat_map(|(rows, _)| rows.clone()).collect::<Vec<_>>());
        }
        prop_assert!(lane.stream.is_none() && lane.rest.is_none(), "a lane stays open behind its last row");
    });
}

#[test]
fn as_many_stay_open_as_may_also_of_equal_ones() {
    let (store, segment) = segment();
    let index = store.view().metrics.segment(&segment).unwrap();
    let equal = vec![(segment, index); 5];
    for open_max in 0..8 {
        let open = lanes(&equal, open_max).iter().filter(|lane| lane.is_kept_open).count();
        assert_eq!(open, open_max.min(equal.len()));
    }
}
