//! The direct look-ups, over rows in memory, in segments and in both.

use std::collections::BTreeSet;

use telltale_model::{SpanId, TraceId};
use telltale_storage::schema::Table;

use super::data::{ORPHAN, PAGE, PURCHASE, Place, Store, failed, requests, span, span_id, trace_id, traces};
use super::rows;
use crate::{Arrival, Lookup, QueryError, TraceSummaryRow};

fn count(batches: &[arrow::array::RecordBatch]) -> usize {
    batches.iter().map(arrow::array::RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn a_trace_comes_with_its_spans_logs_and_exemplars() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let found = store.query.trace(&trace_id(PURCHASE)).await.unwrap().unwrap();
        assert_eq!(count(&found.spans), 5, "{place:?}");
        assert_eq!(count(&found.logs), 2, "{place:?}");
        let points: usize = found.metrics_with_exemplar.iter().map(|(_, batch)| batch.num_rows()).sum();
        assert_eq!(points, 2, "{place:?}");
        assert!(found.metrics_with_exemplar.iter().all(|(table, _)| *table == Table::Points));
        for (batch, table) in found
            .spans
            .iter()
            .map(|batch| (batch, Table::Spans))
            .chain(found.logs.iter().map(|batch| (batch, Table::Logs)))
        {
            assert_eq!(batch.schema().fields(), table.schema().fields(), "{place:?}");
        }
        let page = store.query.trace(&trace_id(PAGE)).await.unwrap().unwrap();
        assert_eq!((count(&page.spans), count(&page.logs)), (3, 1), "{place:?}");
        assert_eq!(
            page.metrics_with_exemplar.len(),
            if matches!(place, Place::Segments | Place::Compacted) { 1 } else { 2 },
            "{place:?}"
        );
        assert!(store.query.trace(&trace_id("00000000000000000000000000000001")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_unknown_trace_opens_next_to_no_segment() {
    let store = Store::filled(Place::ManySegments).await;
    let found = store.query.trace(&trace_id(ORPHAN)).await.unwrap().unwrap();
    assert!((1..=2).contains(&found.segments_opened), "{}", found.segments_opened);
}

#[tokio::test]
async fn a_resent_span_comes_twice() {
    let store = Store::filled(Place::Segments).await;
    let (signal, payload) = requests().swap_remove(0);
    store.append(signal, payload).await;
    let found = store.query.trace(&trace_id(PURCHASE)).await.unwrap().unwrap();
    assert_eq!(count(&found.spans), 7);
}

#[tokio::test]
async fn fragments_of_ids_lead_to_traces() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let find = async |lookup| store.query.find_traces(lookup).await.unwrap();
        let (purchase, page) = (trace_id(PURCHASE), trace_id(PAGE));
        assert_eq!(find(Lookup::Trace(purchase)).await, [purchase], "{place:?}");
        assert_eq!(find(Lookup::Low64(page.low_64())).await, [page], "{place:?}");
        assert_eq!(find(Lookup::Low64(purchase.low_64())).await, [purchase], "{place:?}");
        assert_eq!(find(Lookup::Span(span_id(23))).await, [trace_id(ORPHAN)], "{place:?}");
        assert_eq!(find(Lookup::Span(span_id(10))).await, [page], "{place:?}");
        assert_eq!(find(Lookup::Trace(TraceId::new([9; 16]).unwrap())).await, [], "{place:?}");
        assert_eq!(find(Lookup::Low64([9; 8])).await, [], "{place:?}");
        assert_eq!(find(Lookup::Span(SpanId::new([9; 8]).unwrap())).await, [], "{place:?}");
    }
}

#[tokio::test]
async fn summaries_merge_what_lies_apart() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let wanted = [trace_id(PURCHASE), TraceId::new([9; 16]).unwrap(), trace_id(ORPHAN)];
        let found = store.query.summaries(&wanted).await.unwrap();
        let [purchase, orphan] = found.as_slice() else { panic!("{place:?}: {found:?}") };
        let expected = TraceSummaryRow {
            trace_id: trace_id(PURCHASE),
            start_time_ns: super::data::START as i64 + 1_000_000,
            end_time_ns: super::data::START as i64 + 10_000_000,
            root_span_id: Some(span_id(1)),
            root_service_name: Some("shop".to_owned()),
            root_name: Some("POST /buy".to_owned()),
            span_count: 5,
            error_count: 1,
            first_error_service_name: Some("payments".to_owned()),
            first_error_message: Some("card declined".to_owned()),
            service_names: ["payments", "shop", "stock"].map(str::to_owned).to_vec(),
        };
        assert_eq!(*purchase, expected, "{place:?}");
        assert_eq!((orphan.root_span_id, orphan.span_count, orphan.error_count), (None, 4, 1), "{place:?}");
        let stand_in = (orphan.root_name.as_deref(), orphan.root_service_name.as_deref());
        assert_eq!(stand_in, (Some("reserve"), Some("stock")), "{place:?}");
    }
}

/// Returns the fixed id of a numbered trace.
fn numbered(number: u64) -> TraceId {
    let mut bytes = [1; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    TraceId::new(bytes).unwrap()
}

#[tokio::test]
async fn the_newest_traces_come_first_whatever_the_order_of_arrival() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let names = async |limit, errors_only| -> Vec<String> {
            let found = store.query.recent(limit, errors_only).await.unwrap();
            found.iter().map(|row| row.trace_id.to_hex()).collect()
        };
        assert_eq!(names(10, false).await, [ORPHAN, PAGE, PURCHASE], "{place:?}");
        assert_eq!(names(2, false).await, [ORPHAN, PAGE], "{place:?}");
        assert_eq!(names(10, true).await, [ORPHAN, PURCHASE], "{place:?}");
        assert_eq!(names(1, true).await, [ORPHAN], "{place:?}");
        assert!(names(0, false).await.is_empty());
    }
}

#[tokio::test]
async fn recent_agrees_with_sql_over_many_segments() {
    let store = Store::empty();
    for round in 0..6_u64 {
        let spans = (0..40)
            .map(|at| {
                let number = 1 + (round * 40 + at) * 7919 % 241;
                let one = span(&numbered(number).to_hex(), number, 0, "x");
                if number % 5 == 0 { failed(one, "no") } else { one }
            })
            .collect();
        let (signal, payload) = traces("shop", spans);
        store.append(signal, payload).await;
        if round < 5 {
            store.storage.flush().await.unwrap();
        }
    }
    for (errors_only, condition) in [(false, ""), (true, "WHERE error_count > 0")] {
        for limit in [1, 7, 100, 1000] {
            let recent = store.query.recent(limit, errors_only).await.unwrap();
            let sql =
                format!("SELECT trace_id FROM traces {condition} ORDER BY start_time_unix_nano DESC LIMIT {limit}");
            let expected: Vec<_> =
                rows(&store.query, &sql).await.iter().map(|row| row["trace_id"].as_str().unwrap().to_owned()).collect();
            let found: Vec<_> = recent.iter().map(|row| row.trace_id.to_hex()).collect();
            assert_eq!(found, expected, "{errors_only} {limit}");
            let distinct: BTreeSet<_> = found.iter().collect();
            assert_eq!(distinct.len(), found.len());
        }
    }
}

/// Scenario: the sample in memory, in segments and in both, asked for by time of arrival. Guarantees: every row of the
/// interval once and none beyond; more rows than allowed are refused and never cut.
#[tokio::test]
async fn what_arrived_in_an_interval_is_all_there_and_nothing_else() {
    const TABLES: &[Table] = &Table::ALL;
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let all = store.query.arrived(TABLES, Arrival::EVER, 10_000).await.unwrap();
        for table in Table::ALL {
            let found: usize = all.iter().filter(|(of, _)| *of == table).map(|(_, batch)| batch.num_rows()).sum();
            let sql = format!("SELECT count(*) AS n FROM {}", table.name());
            assert_eq!(rows(&store.query, &sql).await[0]["n"], found, "{place:?} {}", table.name());
        }
        let count: usize = all.iter().map(|(_, batch)| batch.num_rows()).sum();
        let exact = store.query.arrived(TABLES, Arrival::EVER, count).await.unwrap();
        assert_eq!(exact.len(), all.len());
        let refused = store.query.arrived(TABLES, Arrival::EVER, count - 1).await;
        assert!(matches!(refused, Err(QueryError::Rows { limit }) if limit == count - 1), "{place:?}");
        let before = Arrival { start_ns: 0, end_ns: 1 };
        assert!(store.query.arrived(TABLES, before, 10).await.unwrap().is_empty(), "{place:?}");
    }
}
