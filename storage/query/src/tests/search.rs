//! Full-text search: exact, and the same with and without the index.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use telltale_storage::schema::Table;

use super::data::{PAGE, PURCHASE, Place, Store, entry, in_span, log, logs, span, text, traces};
use super::{answer, combined, rows};

async fn numbers(store: &Store, query: &str) -> Vec<i64> {
    let sql = format!(
        "SELECT attr_int('number') AS n FROM logs WHERE match(body, '{}') ORDER BY n",
        query.replace('\'', "''")
    );
    rows(&store.query, &sql).await.iter().map(|row| row["n"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn words_phrases_prefixes_negations_and_other_scripts() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        for (query, expected) in [
            ("timeout", [2_i64, 21].as_slice()),
            ("TIMEOUT", &[2, 21]),
            ("timeout*", &[2, 20, 21]),
            ("timeout -retry", &[]),
            ("timeout -will", &[21]),
            ("connection refused", &[3, 11]),
            ("\"connection refused\"", &[3]),
            ("\"refused the connection\"", &[11]),
            ("user.id", &[1]),
            ("失敗", &[10]),
            ("再試行", &[10]),
            ("行試", &[]),
            ("code", &[12]),
            ("-timeout -connection -user -card", &[10, 12, 22]),
            ("absent", &[]),
        ] {
            assert_eq!(numbers(&store, query).await, expected, "{place:?}: {query}");
        }
    }
}

#[tokio::test]
async fn two_searches_and_other_filters_narrow_together() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let sql = "SELECT count(*) AS n FROM logs WHERE match(body, 'connection') AND match(body, 'refused') \
                   AND severity_number < 10";
        assert_eq!(rows(&store.query, sql).await[0]["n"], 1, "{place:?}");
        let sql = "SELECT count(*) AS n FROM logs WHERE match(body, 'code') OR match(severity_text, 'x') AND attr_int('number') > 20";
        assert_eq!(rows(&store.query, sql).await[0]["n"], 3, "{place:?}");
    }
}

/// Many records, so that the index narrows instead of giving way to a scan.
async fn many(place: Place, bodies: &[String]) -> Store {
    let store = Store::empty();
    let records = bodies.iter().enumerate().map(|(at, body)| log(at as u64, 9, text(body))).collect::<Vec<_>>();
    let requests = records.chunks(64).map(|chunk| logs("shop", chunk.to_vec())).collect();
    store.fill(place, requests).await;
    store
}

#[tokio::test]
async fn the_index_spares_reading() {
    let bodies: Vec<String> = (0..20_000).map(|at| format!("request {at} took {} ms of patience", at % 977)).collect();
    let store = many(Place::Segments, &bodies).await;
    let found = answer(&store.query, "SELECT body FROM logs WHERE match(body, 'request 12345')").await;
    assert_eq!(found.batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 1);
    let scanned = answer(&store.query, "SELECT body FROM logs WHERE body LIKE 'request 12345 %'").await;
    assert!(found.report.bytes_read * 2 < scanned.report.bytes_read, "{:?} {:?}", found.report, scanned.report);
    let none = answer(&store.query, "SELECT body FROM logs WHERE match(body, 'impatience')").await;
    assert_eq!((none.report.segments_total, none.report.segments_pruned, none.report.bytes_read), (1, 1, 0));
}

/// Scenario: words that a third of 20,000 records hold, in segments with and without an index and in memory. Guarantees: an index alone
/// counts them; first, last and any few of them are right although no filter stands above the scan.
#[tokio::test]
async fn words_are_counted_without_reading_a_body() {
    let bodies: Vec<String> = (0..20_000).map(|at| format!("request {at} of kind{}", at % 3)).collect();
    for place in [Place::Memory, Place::Segments, Place::Both, Place::Compacted] {
        let store = many(place, &bodies).await;
        for (condition, expected) in [
            ("match(body, 'kind1')", 6_667),
            ("match(body, 'kind1') OR match(body, 'kind2 request')", 13_333),
            ("match(body, 'kind1') AND match(body, 'kind2')", 0),
            ("match(body, 'request')", 20_000),
        ] {
            let sql = format!(
                "SELECT count(*) AS n, min(time_unix_nano) AS first, max(time_unix_nano) AS last FROM logs WHERE {condition}"
            );
            let plain = sql.replace("match(body,", "match(concat(body, ''),");
            let found = rows(&store.query, &sql).await;
            assert_eq!(found, rows(&store.query, &plain).await, "{place:?} {condition}");
            assert_eq!(found[0]["n"], expected, "{place:?} {condition}");
            let few = format!("SELECT body FROM logs WHERE {condition} LIMIT 7");
            let few = rows(&store.query, &few).await;
            assert_eq!(few.len(), expected.min(7), "{place:?} {condition}");
            assert!(
                few.iter().all(|row| condition.contains("request") || row["body"].as_str().unwrap().ends_with("kind1"))
            );
            if place == Place::Compacted {
                let sql = format!("SELECT count(*) FROM logs WHERE {condition}");
                assert_eq!(answer(&store.query, &sql).await.report.bytes_read, 0, "{condition}");
            }
        }
    }
}

/// Scenario: the index of a segment is damaged. Guarantees: what it would have decided is found by reading the bodies.
#[tokio::test]
async fn words_are_found_without_the_index() {
    let bodies: Vec<String> = (0..20_000).map(|at| format!("request {at} of kind{}", at % 3)).collect();
    for (condition, expected) in [
        ("match(body, 'kind1')", 6_667),
        ("match(body, '17') OR match(body, 'kind2 15000') OR match(body, '15002 request')", 2),
        ("match(body, 'absent')", 0),
    ] {
        let store = many(Place::Segments, &bodies).await;
        store.seal().await;
        for segment in store.storage.snapshot().segments(Table::Logs) {
            let folder = segment.data_path().parent().unwrap().join("log_index");
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                let bytes: Vec<u8> = std::fs::read(&path).unwrap().iter().map(|byte| byte ^ 0x55).collect();
                std::fs::write(&path, bytes).unwrap();
            }
            assert!(segment.log_index().is_none());
        }
        let found = rows(&store.query, &format!("SELECT count(*) AS n FROM logs WHERE {condition}")).await;
        assert_eq!(found[0]["n"], expected, "{condition}");
    }
}

/// Conditions over log records whose words an index decides, narrows or knows nothing about, combined at random.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "alpha",
            "beta",
            "alpha beta",
            "absent",
            "\"alpha beta\"",
            "al*",
            "-alpha",
            "beta -alpha"
        ])
        .prop_map(|query| format!("match(body, '{query}')")),
        (0..60_u64).prop_map(|number| format!("attr_int('number') < {number}")),
        Just(format!("trace_id = '{PURCHASE}'")),
        Just("severity_number = 9".to_owned()),
    ];
    combined(leaf)
}

/// Whatever is asked about words, and wherever the records lie: the answer is that of a look at every body.
#[test]
fn a_condition_with_words_finds_what_a_look_at_every_body_finds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let words = ["alpha", "beta", "alphabet", "", "beta alpha", "alpha beta gamma"];
    let records: Vec<_> = (0..60_u64)
        .map(|at| {
            let one = log(at, if at % 4 == 0 { 9 } else { 17 }, text(words[at as usize % words.len()]));
            if at % 5 == 0 { in_span(one, PURCHASE, at + 1) } else { one }
        })
        .collect();
    let requests: Vec<_> = records.chunks(13).map(|chunk| logs("shop", chunk.to_vec())).collect();
    let stores: Vec<Store> = Place::ALL
        .into_iter()
        .map(|place| {
            let store = Store::empty();
            runtime.block_on(store.fill(place, requests.clone()));
            store
        })
        .collect();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&condition(), |condition| {
            let form = "SELECT attr_int('number') AS n, body FROM logs WHERE {} ORDER BY n";
            let plain = form.replace("{}", &condition.replace("match(body,", "match(concat(body, ''),"));
            let expected = runtime.block_on(rows(&stores[0].query, &plain));
            for store in &stores {
                let found = runtime.block_on(rows(&store.query, &form.replace("{}", &condition)));
                prop_assert_eq!(&found, &expected, "{}", &condition);
                let count = format!("SELECT count(*) AS n FROM logs WHERE {condition}");
                let found = runtime.block_on(rows(&store.query, &count));
                prop_assert_eq!(&found[0]["n"], expected.len(), "{}", &condition);
            }
            Ok(())
        })
        .unwrap();
}

/// Scenario: 20,000 spans and as many logs with values of every type, rare, frequent and absent, in memory and segments.
/// Guarantees: `attr = value` finds what a comparison finds that no index can answer; a rare value reads little, an absent
/// one nothing.
#[tokio::test]
async fn values_of_attributes_are_looked_up_and_none_is_missed() {
    let value = |at: u64| match at % 7 {
        0 => Value::StringValue(format!("order-{at}")),
        1 => Value::IntValue(i64::try_from(at).unwrap()),
        2 => Value::DoubleValue(at as f64 / 2.0),
        3 => Value::BoolValue(at.is_multiple_of(2)),
        4 => Value::BytesValue(at.to_be_bytes().to_vec()),
        5 => Value::StringValue(at.to_string()),
        _ => Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(Value::IntValue(at as i64)) }] }),
    };
    for place in [Place::Segments, Place::Both] {
        let store = Store::empty();
        let mut requests = Vec::new();
        for chunk in 0..20_u64 {
            let numbers = chunk * 1_000..(chunk + 1) * 1_000;
            let spans = numbers.clone().map(|at| {
                let mut one = span(&format!("{:032x}", u128::from(at) << 64 | 1), at + 1, 0, "order");
                one.attributes = vec![entry("k", value(at)), entry("all", Value::StringValue("same".into()))];
                one
            });
            requests.push(traces("shop", spans.collect()));
            let records = numbers.map(|at| {
                let mut one = log(at, 9, text("x"));
                one.attributes = vec![entry("k", value(at)), entry("all", Value::StringValue("same".into()))];
                one
            });
            requests.push(logs("shop", records.collect()));
        }
        store.fill(place, requests).await;
        for table in ["spans", "logs"] {
            let wanted =
                ["order-7000", "8", "3.5", "7.0", "true", "[6]", "absent", "order-7001", "5", "\"0000000000000004\""];
            for wanted in wanted {
                let key = "coalesce(attr('k'), resource_attr('k'))";
                let count = |condition: &str| format!("SELECT count(*) AS n FROM {table} WHERE {condition}");
                // No index answers a comparison with what is put together.
                let plain = rows(&store.query, &count(&format!("concat({key}, '.') = '{wanted}.'"))).await;
                let asked = rows(&store.query, &count(&format!("{key} = '{wanted}'"))).await;
                assert_eq!(asked, plain, "{place:?} {table} {wanted}");
            }
            let both = format!(
                "SELECT count(*) AS n FROM {table} WHERE attr('k') = 'order-7000' OR attr('k') = 'order-14000'"
            );
            assert_eq!(rows(&store.query, &both).await[0]["n"], 2);
            if place == Place::Segments {
                let read = async |value: &str| {
                    let sql = format!(
                        "SELECT attr('all') FROM {table} WHERE coalesce(attr('k'), resource_attr('k')) = '{value}'"
                    );
                    answer(&store.query, &sql).await.report.bytes_read
                };
                let (rare, absent) = (read("order-7000").await, read("order-7001").await);
                let scanned =
                    answer(&store.query, &format!("SELECT attr('all') FROM {table} WHERE attr('k') > 'zz'")).await;
                assert!(rare > 0 && rare * 2 < scanned.report.bytes_read, "{table}: {rare} of {:?}", scanned.report);
                assert_eq!(absent, 0, "{table}");
            }
        }
    }
}

/// Alternatives are looked up too, as long as the index can tell for each of them.
#[tokio::test]
async fn alternatives_are_narrowed_and_miss_nothing() {
    let bodies: Vec<String> = (0..20_000).map(|at| format!("request {at} took {} ms of patience", at % 977)).collect();
    let store = many(Place::Segments, &bodies).await;
    let all = answer(&store.query, "SELECT body FROM logs WHERE body LIKE 'request 12345 %'").await.report.bytes_read;
    for (condition, expected, is_narrowed) in [
        ("match(body, '12345') OR match(body, '\"request 15000\"')", 2, true),
        ("(match(body, '12345') OR match(body, '15000')) AND match(body, 'patience')", 2, true),
        ("match(body, '12345') OR match(body, 'impatience')", 1, true),
        ("match(body, '12345') OR trace_id = '0af7651916cd43dd8448eb211c80319c'", 1, true),
        ("match(body, '12345') OR attr_int('number') = 3", 2, false),
        ("match(body, '12345') OR NOT match(body, 'patience')", 1, false),
        ("match(body, 'impatience') OR match(body, 'absence')", 0, true),
    ] {
        let found = answer(&store.query, &format!("SELECT body FROM logs WHERE {condition}")).await;
        let count: usize = found.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        assert_eq!(count, expected, "{condition}");
        assert_eq!(found.report.bytes_read * 2 < all, is_narrowed, "{condition} {:?}", found.report);
    }
}

#[tokio::test]
async fn the_records_of_a_trace_are_found_by_the_index() {
    let store = Store::empty();
    let records = (0..10_000)
        .map(|at| {
            let one = log(at, 9, text("a line among many"));
            if at % 1000 == 7 { in_span(one, PURCHASE, at + 1) } else { one }
        })
        .collect();
    store.fill(Place::Segments, vec![logs("shop", records)]).await;
    let sql = format!("SELECT attr_int('number') AS n FROM logs WHERE trace_id = '{PURCHASE}' ORDER BY n");
    let found = rows(&store.query, &sql).await;
    let numbers: Vec<u64> = found.iter().map(|row| row["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [7, 1007, 2007, 3007, 4007, 5007, 6007, 7007, 8007, 9007]);
    let both =
        format!("SELECT body FROM logs WHERE match(body, 'among -nothing') AND trace_id IN ('{PURCHASE}', '{PAGE}')");
    assert_eq!(rows(&store.query, &both).await.len(), 10);
    let none = format!("SELECT body FROM logs WHERE match(body, 'absent') AND trace_id = '{PURCHASE}'");
    assert_eq!(answer(&store.query, &none).await.report.segments_pruned, 1);
}

#[test]
fn results_with_and_without_the_index_are_equal() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let word = prop::sample::select(vec!["alpha", "beta", "Beta", "gamma-ray", "失敗", "x1", "alphabet"]);
    let body = prop::collection::vec(word.clone(), 0..5).prop_map(|words| words.join(" "));
    let clause = (word, 0..4_u8).prop_map(|(word, form)| match form {
        0 => word.to_owned(),
        1 => format!("-{word}"),
        2 => format!("{}*", word.chars().take(2).collect::<String>()),
        _ => format!("\"{word} beta\""),
    });
    let case = (prop::collection::vec(body, 1..60), prop::collection::vec(clause, 1..4));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&case, |(bodies, clauses)| {
            let query = clauses.join(" ");
            let (memory, segments) = runtime.block_on(async {
                let memory = many(Place::Memory, &bodies).await;
                let segments = many(Place::Segments, &bodies).await;
                (numbers(&memory, &query).await, numbers(&segments, &query).await)
            });
            prop_assert_eq!(&memory, &segments, "{}", query);
            let text_query = telltale_storage::text::TextQuery::parse(&query).unwrap();
            let exact: Vec<i64> = bodies
                .iter()
                .enumerate()
                .filter(|(_, body)| text_query.matches(body))
                .map(|(at, _)| at as i64)
                .collect();
            prop_assert_eq!(memory, exact, "{}", query);
            Ok(())
        })
        .unwrap();
}
