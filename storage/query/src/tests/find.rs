//! Look-ups by the first digits of an id and by the value of an attribute, wherever the rows lie, with the index of values and
//! without it.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValueList};
use telltale_model::SpanId;

use super::data::{ORPHAN, PAGE, PURCHASE, Place, Store, entry, log, logs, span, span_id, text, trace_id, traces};
use crate::{Found, IdPrefix, PrefixHit, Query, ValueHit, ValueOrigin};

fn prefix(digits: &str) -> IdPrefix {
    IdPrefix::parse(digits).unwrap_or_else(|| panic!("{digits}"))
}

#[test]
fn a_prefix_is_four_to_thirty_one_digits() {
    for text in ["", "0af", "0af7651916cd43dd8448eb211c80319c", "0ag7", "0af7-", "0af7 "] {
        assert_eq!(IdPrefix::parse(text), None, "{text:?}");
    }
    assert_eq!(prefix("0aF7"), prefix("0AF7"));
}

/// Scenario: every prefix of every id, and one digit off, against the ids themselves.
#[tokio::test]
async fn a_prefix_finds_every_id_that_begins_so_and_no_other() {
    let all_spans = [(PURCHASE, 1..6), (PAGE, 10..13), (ORPHAN, 21..25)];
    for place in Place::ALL {
        let store = Store::filled(place).await;
        for digits in (4..16).chain([20, 31]) {
            for id in [PURCHASE, PAGE, ORPHAN, "0000000000000001", "0000000000000016", "00000000000000ff", "0af8"] {
                let Some(digits) = id.get(..digits) else { continue };
                let mut expected = BTreeSet::new();
                for (trace, spans) in all_spans.clone() {
                    let trace_id = trace_id(trace);
                    if trace.starts_with(digits) {
                        expected.insert(PrefixHit { trace_id, span_id: None });
                    }
                    let spans = spans.map(span_id).filter(|span| span.to_hex().starts_with(digits));
                    expected.extend(spans.map(|span| PrefixHit { trace_id, span_id: Some(span) }));
                }
                let found = store.query.find_by_prefix(&prefix(&digits.to_uppercase()), 100).await.unwrap();
                assert_eq!(found.hits, expected.iter().copied().collect::<Vec<_>>(), "{place:?} {digits}");
                assert!(found.is_complete);
                let one = store.query.find_by_prefix(&prefix(digits), 1).await.unwrap();
                assert_eq!(one.hits, expected.iter().copied().take(1).collect::<Vec<_>>(), "{place:?} {digits}");
                assert_eq!(one.is_complete, expected.len() <= 1);
            }
        }
    }
}

type Line = (ValueOrigin, String, Option<String>, Option<SpanId>, Option<String>);

fn lines(found: &Found<ValueHit>) -> Vec<Line> {
    let line = |hit: &ValueHit| {
        let trace = hit.trace_id.map(|id| id.to_hex());
        (hit.origin, hit.key.clone(), trace, hit.span_id, hit.service_name.clone())
    };
    found.hits.iter().map(line).collect()
}

/// Scenario: values of spans, events, links, resources, scopes and arrays of the fixed data.
#[tokio::test]
async fn a_value_is_found_wherever_it_stands() {
    let line = |origin, key: &str, trace: &str, span, service: &str| {
        (origin, key.to_owned(), Some(trace.to_owned()), Some(span_id(span)), Some(service.to_owned()))
    };
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let find = async |value: &str| {
            let found = store.query.find_value(value, 100).await.unwrap();
            assert!(found.is_complete);
            assert!(found.hits.is_sorted_by_key(|hit| std::cmp::Reverse(hit.time_ns)), "{place:?} {value}");
            lines(&found)
        };
        assert_eq!(find("/pay").await, [line(ValueOrigin::Span, "http.route", PURCHASE, 3, "payments")], "{place:?}");
        let event = line(ValueOrigin::SpanEvent, "exception.message", PURCHASE, 3, "payments");
        assert_eq!(find("card declined").await, [event], "{place:?}");
        assert_eq!(find("origin").await, [line(ValueOrigin::SpanLink, "kind", PURCHASE, 3, "payments")], "{place:?}");
        // An integer, and as the text of another attribute.
        let numbers = find("24").await;
        assert!(numbers.contains(&line(ValueOrigin::Span, "number", ORPHAN, 24, "stock")), "{place:?} {numbers:?}");
        for (value, origin, key) in [
            ("serve", ValueOrigin::Resource, "process.command_args"),
            ("4", ValueOrigin::Resource, "host.cpus"),
            ("yes", ValueOrigin::Scope, "library"),
        ] {
            let traces: BTreeSet<_> = find(value)
                .await
                .into_iter()
                .filter(|line| (line.0, line.1.as_str()) == (origin, key))
                .filter_map(|line| line.2)
                .collect();
            assert_eq!(traces, [PURCHASE, PAGE, ORPHAN].map(str::to_owned).into(), "{place:?} {value}");
        }
        for absent in ["", "card", "Card declined", "/pay ", "true", "1.5", "no such value"] {
            assert_eq!(find(absent).await, [], "{place:?} {absent:?}");
        }
    }
}

/// Scenario: a thousand orders in several segments, half of them compacted, logs with structured bodies beside them.
async fn orders() -> Store {
    let store = Store::empty();
    for round in 0..5_u64 {
        let spans = (0..200).map(|at| {
            let number = round * 200 + at + 1;
            let mut one = span(&format!("{:032x}", u128::from(number) << 64 | 1), number, 0, "order");
            one.attributes.push(entry("order.id", Value::StringValue(format!("order-{number}"))));
            one.attributes.push(entry("shop", Value::StringValue("everywhere".into())));
            one
        });
        let (signal, payload) = traces("shop", spans.collect());
        store.append(signal, payload).await;
        let device = entry("serial", Value::StringValue(format!("SN-{round}")));
        let body = Value::KvlistValue(KeyValueList {
            values: vec![entry("device", Value::KvlistValue(KeyValueList { values: vec![device] }))],
        });
        let (signal, payload) =
            logs("shop", vec![log(round + 1, 9, AnyValue { value: Some(body) }), log(round + 1, 9, text("SN-0"))]);
        store.append(signal, payload).await;
        if round < 4 {
            store.storage.flush().await.unwrap();
        }
        if round == 2 {
            store.seal().await;
        }
    }
    store
}

#[tokio::test]
async fn one_of_many_is_found_and_what_is_everywhere_is_bounded_newest_first() {
    let store = orders().await;
    let check = async |query: &Query| {
        for number in [1, 199, 200, 201, 777, 1_000_u64] {
            let found = query.find_value(&format!("order-{number}"), 10).await.unwrap();
            let [hit] = found.hits.as_slice() else { panic!("{number}: {found:?}") };
            assert_eq!((hit.key.as_str(), hit.span_id), ("order.id", Some(span_id(number))));
            assert!(found.is_complete);
        }
        let found = query.find_value("SN-3", 10).await.unwrap();
        assert_eq!(lines(&found), [(ValueOrigin::LogBody, "body".to_owned(), None, None, Some("shop".to_owned()))]);
        let found = query.find_value("everywhere", 7).await.unwrap();
        let spans: Vec<_> = found.hits.iter().map(|hit| hit.span_id.unwrap()).collect();
        assert_eq!(spans, (994..=1_000).rev().map(span_id).collect::<Vec<_>>());
        assert!(!found.is_complete);
        let found = query.find_value("everywhere", 100_000).await.unwrap();
        assert_eq!((found.hits.len(), found.is_complete), (1_000, true));
        let found = query.find_value("order-1001", 10).await.unwrap();
        assert_eq!((found.hits.len(), found.is_complete), (0, true));
    };
    check(&store.query).await;
    // Without the index of values the same answers come from reading everything.
    let folder = store.folder.path().join("segments");
    let mut removed = 0;
    for table in ["spans", "logs"] {
        for segment in std::fs::read_dir(folder.join(table)).unwrap() {
            removed += usize::from(std::fs::write(segment.unwrap().path().join("terms.bin"), b"damaged").is_ok());
        }
    }
    assert!(removed >= 4, "{removed}");
    check(&store.reopened_query().await).await;
}
