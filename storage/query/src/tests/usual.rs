//! What is usual: durations by operation, and the requests of one operation.

use telltale_model::TraceId;

use super::data::{PAGE, Place, Store, span, traces};
use crate::limits::{BASELINE_OPERATIONS, OPERATION_TRACES};

fn key(service: &str, name: &str) -> (Option<String>, String) {
    (Some(service.to_owned()), name.to_owned())
}

fn id(number: u64) -> String {
    format!("{number:032x}")
}

#[tokio::test]
async fn durations_are_counted_wherever_rows_lie() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let wanted =
            vec![key("shop", "render"), key("stock", "commit"), key("shop", "nothing"), key("nobody", "render")];
        // The second answer comes from what is kept of the segments.
        for round in 0..2 {
            let found = store.query.baselines(wanted.clone()).await.unwrap();
            assert_eq!(found.len(), 2, "{place:?} {round}: {found:?}");
            let render = &found[&key("shop", "render")];
            assert_eq!(render.count(), 2, "{place:?}");
            let p50 = render.percentile_ns(500).unwrap();
            assert!((p50 - 11_000_000).abs() <= 11_000_000 / 32 + 1, "{place:?}: {p50}");
        }
    }
}

#[tokio::test]
async fn names_without_end_are_bounded() {
    let store = Store::empty();
    let spans = (1..=3_000).map(|number| span(&id(number), number, 0, &format!("GET /{number}"))).collect();
    let (signal, payload) = traces("shop", spans);
    store.append(signal, payload).await;
    let wanted = (1..=3_000).map(|number| key("shop", &format!("GET /{number}"))).collect();
    assert_eq!(store.query.baselines(wanted).await.unwrap().len(), BASELINE_OPERATIONS);
}

#[tokio::test]
async fn requests_of_an_operation_come_newest_first() {
    for place in Place::ALL {
        let store = Store::empty();
        let requests = (1..=9).map(|number| {
            let name = if number % 3 == 0 { "GET /other" } else { "GET /" };
            traces("shop", vec![span(&id(number), number, 0, name), span(&id(number), number + 100, number, "GET /")])
        });
        store.fill(place, requests.collect()).await;
        let hits = store.query.of_operation(key("shop", "GET /"), i64::MAX).await.unwrap();
        let found: Vec<String> = hits.iter().map(|hit| hit.trace_id.to_hex()).collect();
        assert_eq!(found, [8, 7, 5, 4, 2, 1].map(id), "{place:?}");
        assert!(hits.is_sorted_by(|a, b| a.start_time_ns > b.start_time_ns));
        assert_eq!(store.query.of_operation(key("other", "GET /"), 0).await.unwrap(), [], "{place:?}");
    }
}

#[tokio::test]
async fn of_many_requests_the_newest_and_the_nearest_are_kept() {
    let store = Store::empty();
    let spans = (1..=3_000).map(|number| span(&id(number), number, 0, "GET /")).collect();
    let (signal, payload) = traces("shop", spans);
    store.append(signal, payload).await;
    let start = i64::try_from(super::data::START).unwrap();
    let hits = store.query.of_operation(key("shop", "GET /"), start).await.unwrap();
    assert_eq!(hits.len(), OPERATION_TRACES);
    assert_eq!(hits[0].trace_id, id(3_000).parse::<TraceId>().unwrap(), "the newest");
    assert_eq!(hits.last().unwrap().trace_id, id(1).parse::<TraceId>().unwrap(), "the nearest to the first moment");
    assert_ne!(id(1), PAGE);
}
