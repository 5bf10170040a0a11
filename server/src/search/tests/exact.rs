//! What a query finds is what a look at every record finds, whatever the operator and wherever the rows lie.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use telltale_search::{Target, parse};

use super::data::{BODIES, KEYS, NAMES, Place, SERVICES, Store};
use crate::search::StoreEngine;
use crate::search::page::numbers;

async fn found(store: &Store, target: Target, condition: &str) -> Vec<i64> {
    let sql = format!("SELECT attr_int('number') AS n FROM {} WHERE {condition} ORDER BY n", target.table());
    match store.query.sql(&sql).await {
        Ok(answer) => numbers(&answer.batches, 0),
        Err(error) => panic!("{sql}\n{error}"),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One condition of every kind that the language has.
fn term() -> impl Strategy<Value = String> {
    prop_oneof![5 => words(), 5 => columns_of_text(), 5 => attributes(), 7 => other_columns()]
}

fn order() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["<", "<=", ">", ">="])
}

fn same() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![":", "=", "!="])
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "refused",
        "Connection",
        "timeout",
        "time*",
        "失敗",
        "支払い",
        "払い*",
        "user.id",
        "17",
        "absent",
        "*fused*",
        "5s",
        "retry",
        "pay",
        "cart",
        "get",
        "~refused$",
        "~\"(?i)TIME\"",
        "\\d+",
        "odd",
    ]);
    let phrases: Vec<&str> = BODIES.iter().chain(&NAMES).copied().filter(|text| !text.is_empty()).collect();
    prop_oneof![3 => word.prop_map(str::to_owned), 2 => prop::sample::select(phrases).prop_map(quoted)]
}

fn columns_of_text() -> impl Strategy<Value = String> {
    let columns = vec!["service", "name", "event", "severity_text", "body", "message", "scope", "status_message"];
    let texts = SERVICES.iter().chain(&NAMES).chain(&BODIES).copied().map(quoted);
    let patterns = ["sh*p", "*", "GET*", "*fused*", "time*", "http", "ERROR"].map(str::to_owned);
    let text = prop::sample::select(texts.chain(patterns).collect::<Vec<_>>());
    let regexes = vec!["^sh", "p$", "(?i)shop", "[0-9]+", "失", "^$", ".", "%", "_", "a|e", "^5$", "\\."];
    prop_oneof![
        3 => (prop::sample::select(columns), same(), text.clone()).prop_map(|(key, op, text)| format!("{key}{op}{text}")),
        1 => (column_or_key(), prop::sample::select(vec!["~", "!~"]), prop::sample::select(regexes))
            .prop_map(|(key, op, regex)| format!("{key}{op}{}", quoted(regex))),
        1 => (prop::sample::select(vec!["service", "name"]), order(), text)
            .prop_map(|(key, op, text)| format!("{key}{op}{text}")),
        1 => Just("service:(shop or \"pay'ments\")".to_owned()),
    ]
}

fn attributes() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "5",
        "5.0",
        "500",
        "-3",
        "0.5",
        "true",
        "eu-3",
        "eu*",
        "\"eu*\"",
        "\"5\"",
        "it's",
        "\"\"",
        "a%b_c\\",
        "a*c\\",
        "9223372036854775807",
        "9223372036854775808",
        "NaN",
        "[5,true]",
        "5b",
        "1kb",
        "*",
        "x",
    ]);
    let key = prop::sample::select(KEYS.to_vec()).prop_map(|key| match key {
        "name" => "@name".to_owned(),
        key if key.contains([' ', '\'']) => format!("\"{key}\""),
        key => key.to_owned(),
    });
    let placed = (key, 0..4_u8).prop_map(|(key, place)| match place {
        2 if !key.contains(['"', '@']) => format!("resource.{key}"),
        3 if !key.contains(['"', '@']) => format!("scope.{key}"),
        _ => key,
    });
    prop_oneof![
        4 => (placed.clone(), prop_oneof![same(), order()], value).prop_map(|(key, op, value)| format!("{key}{op}{value}")),
        1 => placed.prop_map(|key| format!("has:{}", key.trim_matches('"'))),
    ]
}

fn other_columns() -> impl Strategy<Value = String> {
    let there = vec!["exception", "events", "links", "parent", "trace", "span", "level", "service", "body"];
    let levels = vec!["trace", "debug", "info", "warn", "error", "fatal"];
    let any_op = || prop_oneof![same(), order()];
    let with = |key: &'static str, op: BoxedStrategy<&'static str>, values: Vec<&'static str>| {
        (op, prop::sample::select(values)).prop_map(move |(op, value)| format!("{key}{op}{value}"))
    };
    prop_oneof![
        prop::sample::select(there).prop_map(|key| format!("has:{key}")),
        prop::sample::select(vec!["is:root", "is:error"]).prop_map(str::to_owned),
        with("duration", any_op().boxed(), vec!["250ms", "1us", "2s", "0", "0.25s"]),
        with("status", any_op().boxed(), vec!["error", "ok", "unset"]),
        with("level", any_op().boxed(), levels),
        with("kind", same().boxed(), vec!["server", "client", "0"]),
        with("trace", same().boxed(), vec!["03030303030303030303030303030303", "0A*", "1e", "0303"]),
        with("span", same().boxed(), vec!["0000000000000001", "00*", "0000000000000"]),
        with("parent", same().boxed(), vec!["0909090909090909", "09*"]),
        Just("region:(eu-3 or 5 or \"it's\")".to_owned()),
        Just("k!=(5 or true)".to_owned()),
    ]
}

fn column_or_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["service", "name", "body", "k", "region", "http.status", "resource.k", "status_message"])
}

fn query() -> impl Strategy<Value = String> {
    term().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} or {other})")),
            inner.clone().prop_map(|one| format!("not ({one})")),
            inner.prop_map(|one| format!("-({one})")),
        ]
    })
}

/// Scenario: 150 spans and 150 logs in memory, in segments, in both; random queries of every operator.
/// Guarantees: the statement that a query becomes finds exactly the records that pass the query one by one.
#[test]
fn what_a_query_finds_is_what_a_look_at_every_record_finds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = [Place::Memory, Place::Segments, Place::Both]
        .map(|place| (place, runtime.block_on(Store::filled(place, 11, 150))));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() });
    let hits = std::cell::Cell::new(0_usize);
    runner
        .run(&(query(), any::<bool>()), |(text, is_spans)| {
            let target = if is_spans { Target::Spans } else { Target::Logs };
            let query = parse(&text);
            // A value that a column cannot have is refused, and finds nothing.
            let expected = stores[0].1.naive(target, &query);
            hits.set(hits.get() + usize::from(!expected.is_empty() && expected.len() < 150));
            for (place, store) in &stores {
                let found = runtime.block_on(found(store, target, &query.to_sql(target)));
                prop_assert_eq!(&found, &expected, "{:?} {:?}: {} → {}", place, target, &text, query.to_sql(target));
            }
            let _problems = query.check(target, &StoreEngine);
            Ok(())
        })
        .unwrap();
    assert!(hits.get() > 40, "only {} queries told records apart", hits.get());
}

/// A phrase, a regular expression and a CJK text by name, so that they are never missing from the random ones.
#[tokio::test]
async fn a_phrase_a_regular_expression_and_other_scripts_are_found_exactly() {
    for place in [Place::Memory, Place::Segments, Place::Both] {
        let memory = Store::filled(Place::Memory, 3, 120).await;
        let store = Store::filled(place, 3, 120).await;
        for text in [
            "\"connection refused\"",
            "~refused$",
            "body~\"(?i)time ?out\"",
            "失敗",
            "\"支払い失敗\"",
            "支払*",
            "\"=> !!!\"",
            "\"' OR 1=1 --\"",
        ] {
            let query = parse(text);
            let expected = memory.naive(Target::Logs, &query);
            assert!(!expected.is_empty() && expected.len() < 120, "{text}");
            assert_eq!(found(&store, Target::Logs, &query.to_sql(Target::Logs)).await, expected, "{place:?} {text}");
        }
    }
}

/// The largest query of the most expensive conditions is within the limits of a statement.
#[tokio::test]
async fn the_largest_query_is_planned() {
    use telltale_search::limits::{DEPTH, TERMS};
    let store = Store::filled(Place::Both, 1, 20).await;
    let wide = "k=5 ".repeat(TERMS);
    let deep = format!("{}k=5{}", "-(".repeat(DEPTH / 2 - 1), ")".repeat(DEPTH / 2 - 1));
    for text in [wide, deep] {
        let query = parse(&text);
        assert_eq!(query.problems, []);
        let expected = Store::filled(Place::Memory, 1, 20).await.naive(Target::Spans, &query);
        assert_eq!(found(&store, Target::Spans, &query.to_sql(Target::Spans)).await, expected);
    }
}
