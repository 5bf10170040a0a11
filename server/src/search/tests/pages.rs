//! Pages: every row once, in order, also where many rows have the same time, and while new ones arrive.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use telltale_api::sql::ScanReport;
use telltale_model::UnixNanos;
use telltale_search::{Query, Target, parse};
use telltale_tests::rng::Rng;

use super::data::{Place, START, Store, entry};
use crate::search::page::{Cursor, read};
use crate::search::{Asked, Kind, Order, rows, traces};

pub(super) fn asked(kind: Kind, text: &str, order: Order) -> Asked {
    let query = parse(text);
    assert_eq!(query.problems, [], "{text}");
    Asked { kind, query, order, from: None, to: None }
}

/// Returns (key, number) of all rows, page by page.
async fn all(store: &Store, asked: &Asked, limit: usize) -> Vec<(i64, i64)> {
    let (mut out, mut cursor) = (Vec::new(), None);
    loop {
        let page = read(&store.query, asked, limit, cursor, &mut ScanReport::default()).await.unwrap();
        let rows = rows::rows(&page.batches).unwrap();
        assert!(rows.len() == limit || page.next.is_none(), "a page in between is full");
        out.extend(rows.iter().map(|row| {
            let number = row.attributes.iter().find(|attribute| attribute.key == "number").unwrap();
            let key = match asked.order {
                Order::Newest => row.time_unix_nano.0 as i64,
                Order::Slowest => row.duration_ns.unwrap().0,
            };
            (key, number.value.parse().unwrap())
        }));
        // As it travels.
        cursor = page.next.map(|next| Cursor::parse(&next.to_string()).unwrap());
        if cursor.is_none() {
            return out;
        }
    }
}

#[tokio::test]
async fn pages_hold_every_row_once_in_order() {
    let memory = Store::filled(Place::Memory, 5, 60).await;
    for place in [Place::Memory, Place::Segments, Place::Both] {
        let store = Store::filled(place, 5, 60).await;
        for (kind, text, order) in [
            (Kind::Logs, "", Order::Newest),
            (Kind::Logs, "level>=info", Order::Newest),
            (Kind::Logs, "refused or timeout", Order::Newest),
            (Kind::Spans, "", Order::Newest),
            (Kind::Spans, "service:shop", Order::Newest),
            (Kind::Spans, "", Order::Slowest),
            (Kind::Spans, "kind:server", Order::Slowest),
            (Kind::Spans, "absent", Order::Newest),
        ] {
            let asked = asked(kind, text, order);
            for limit in [11, 1000] {
                let found = all(&store, &asked, limit).await;
                assert!(found.is_sorted_by(|one, other| one.0 >= other.0), "{place:?} {text} {order:?}");
                let mut numbers: Vec<i64> = found.iter().map(|(_, number)| *number).collect();
                numbers.sort_unstable();
                assert_eq!(numbers, memory.naive(asked.target(), &asked.query), "{place:?} {kind:?} {text} {limit}");
            }
            assert_eq!(all(&store, &asked, 7).await, all(&store, &asked, 1000).await, "{place:?} {text}");
        }
    }
}

/// Scenario: 16,000 spans, each of a trace of its own, took the same time. Guarantees: the newest of them are the page, and what
/// the others hold is not read for it.
#[tokio::test]
async fn of_very_many_that_are_as_slow_only_the_page_is_read() {
    let store = Store::empty();
    let rng = &mut Rng::new(9);
    let spans: Vec<Span> = (0..16_000_u64).map(|number| as_slow_as_all(rng, number)).collect();
    for spans in spans.chunks(1_000) {
        store.spans(None, None, spans.to_vec()).await;
    }
    store.storage.flush().await.unwrap();
    let everything = store.query.sql("SELECT attributes FROM spans").await.unwrap().report.bytes_read;
    let (asked, mut cursor) = (asked(Kind::Spans, "", Order::Slowest), None);
    for page in 0..3 {
        let mut report = ScanReport::default();
        let found = read(&store.query, &asked, 10, cursor, &mut report).await.unwrap();
        let rows = rows::rows(&found.batches).unwrap();
        let times: Vec<u64> = rows.iter().map(|row| row.time_unix_nano.0 - START).collect();
        assert_eq!(times, (0..10).map(|row| 15_999 - page * 10 - row).collect::<Vec<_>>());
        assert!(report.bytes_read < everything / 2, "{} of {everything} bytes", report.bytes_read);
        cursor = found.next;
    }
}

/// Returns a span that began `number` ns after the start and took a second; the newest have the lowest trace ids.
fn as_slow_as_all(rng: &mut Rng, number: u64) -> Span {
    let text: String = std::iter::repeat_with(|| format!("{:016x}", rng.next_u64())).take(20).collect();
    Span {
        trace_id: (u128::MAX - u128::from(number)).to_be_bytes().to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        start_time_unix_nano: START + number,
        end_time_unix_nano: START + number + 1_000_000_000,
        attributes: vec![entry("text", Some(Value::StringValue(text)))],
        ..Span::default()
    }
}

#[tokio::test]
async fn what_arrives_while_pages_are_turned_moves_no_row() {
    let store = Store::filled(Place::Both, 6, 60).await;
    for (kind, order) in [(Kind::Logs, Order::Newest), (Kind::Spans, Order::Newest), (Kind::Spans, Order::Slowest)] {
        let asked = asked(kind, "", order);
        let before: Vec<_> = all(&store, &asked, 1000).await;
        let first = read(&store.query, &asked, 10, None, &mut ScanReport::default()).await.unwrap();
        // The same times again, and the same bodies: rows that tie with those of the page.
        store.fill(Place::Both, 6, 30).await;
        let mut seen = rows::rows(&first.batches).unwrap().len();
        let mut cursor = first.next;
        let mut numbers: Vec<i64> = Vec::new();
        let mut times: Vec<u64> = Vec::new();
        while let Some(from) = cursor {
            let page = read(&store.query, &asked, 10, Some(from), &mut ScanReport::default()).await.unwrap();
            for row in rows::rows(&page.batches).unwrap() {
                let number = row.attributes.iter().find(|attribute| attribute.key == "number").unwrap();
                numbers.push(number.value.parse().unwrap());
                times.push(row.time_unix_nano.0);
                seen += 1;
            }
            cursor = page.next;
        }
        for (_, number) in before.iter().skip(10) {
            assert!(numbers.contains(number), "{kind:?} {number} is on a later page");
        }
        assert!(seen >= before.len() && seen <= before.len() + 30, "{kind:?} {seen}");
        assert!(order == Order::Slowest || times.is_sorted_by(|one, other| one >= other));
    }
}

#[tokio::test]
async fn the_range_of_time_is_half_open() {
    let store = Store::filled(Place::Both, 7, 60).await;
    let second = 1_000_000_000;
    let (from, to) = (START + 10 * second, START + 20 * second);
    let mut asked = asked(Kind::Logs, "", Order::Newest);
    asked.from = Some(UnixNanos(from));
    asked.to = Some(UnixNanos(to));
    let everything = all(&store, &Asked { from: None, to: None, ..asked.clone() }, 1000).await;
    let inside = |key: i64| (from..to).contains(&(key as u64));
    let expected: Vec<_> = everything.into_iter().filter(|(key, _)| inside(*key)).collect();
    assert!(expected.iter().any(|(key, _)| *key as u64 == from), "the first moment is inside");
    assert_eq!(all(&store, &asked, 9).await, expected);
}

#[tokio::test]
async fn traces_come_once_by_their_newest_or_slowest_matching_span() {
    let memory = Store::filled(Place::Memory, 8, 60).await;
    for place in [Place::Memory, Place::Segments, Place::Both] {
        let store = Store::filled(place, 8, 60).await;
        for (text, order) in [
            ("", Order::Newest),
            ("status:error", Order::Newest),
            ("kind:server", Order::Slowest),
            ("absent", Order::Newest),
        ] {
            let asked = asked(Kind::Traces, text, order);
            let sql = asked.statement(1000);
            let statement = store.query.sql(&sql).await.unwrap();
            let expected: Vec<String> = statement
                .batches
                .iter()
                .flat_map(|batch| {
                    arrow::array::AsArray::as_string::<i32>(batch.column(0))
                        .iter()
                        .flatten()
                        .map(str::to_owned)
                        .collect::<Vec<_>>()
                })
                .collect();
            let (mut found, mut matched, mut after) = (Vec::new(), 0, None);
            loop {
                let (page, next) =
                    traces::read(&store.query, &asked, 4, after, &mut ScanReport::default()).await.unwrap();
                matched += page.iter().map(|trace| trace.matched).sum::<u64>();
                found.extend(page.into_iter().map(|trace| trace.trace.trace_id));
                after = next.map(|next| traces::After::parse(&next.to_string()).unwrap());
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{place:?} {text} {order:?}");
            let query: Query = parse(text);
            assert_eq!(matched, memory.naive(Target::Spans, &query).len() as u64, "{place:?} {text}");
        }
    }
}
