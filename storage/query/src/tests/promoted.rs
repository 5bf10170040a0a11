//! Attributes with columns of their own: the same answers, fewer bytes.

use std::path::Path;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use super::data::{Place, Store, entry, log, logs, span, text, traces};
use super::{answer, rows};
use crate::QueryLimits;

/// Keys of the rows; `none` is no row's, `rare` is too rare for a column.
const KEYS: [&str; 7] = ["mixed", "number", "share", "flag", "name", "none", "rare"];

/// One attribute: mostly of its key's usual type, sometimes of another one, empty, or too long for a column.
fn attribute() -> impl Strategy<Value = KeyValue> {
    let odd = prop_oneof![
        (-3..3_i64).prop_map(Value::IntValue),
        "[a-c]{0,2}".prop_map(Value::StringValue),
        prop::sample::select(vec![0.5, -0.0, f64::NAN, 7.0]).prop_map(Value::DoubleValue),
        any::<bool>().prop_map(Value::BoolValue),
        Just(Value::ArrayValue(ArrayValue { values: vec![text("a")] })),
        Just(Value::StringValue("long".repeat(1_100))),
    ];
    prop_oneof![
        2 => prop_oneof![(-3..3_i64).prop_map(Value::IntValue), "[a-c]{0,2}".prop_map(Value::StringValue)]
            .prop_map(|value| entry("mixed", value)),
        2 => (-3..3_i64).prop_map(|value| entry("number", Value::IntValue(value))),
        2 => prop::sample::select(vec![0.5, -0.0, 0.0, f64::NAN, f64::INFINITY])
            .prop_map(|value| entry("share", Value::DoubleValue(value))),
        2 => any::<bool>().prop_map(|value| entry("flag", Value::BoolValue(value))),
        2 => "[a-c]{0,2}".prop_map(|value| entry("name", Value::StringValue(value))),
        1 => (prop::sample::select(KEYS.to_vec()), odd).prop_map(|(key, value)| entry(key, value)),
        1 => prop::sample::select(KEYS.to_vec()).prop_map(|key| KeyValue { key: key.to_owned(), ..KeyValue::default() }),
    ]
}

/// Conditions and values over attributes.
fn expression() -> impl Strategy<Value = (String, String)> {
    let function = prop::sample::select(vec!["attr", "attr_int", "attr_double", "attr_bool"]);
    let literal = prop::sample::select(vec!["'a'", "'0.5'", "'2'", "'02'", "'true'", "''", "'b'"]);
    let order = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    (function, prop::sample::select(KEYS.to_vec()), literal, order, -3..3_i64, any::<bool>()).prop_map(
        |(function, key, literal, order, number, is_null)| {
            let call = format!("{function}('{key}')");
            let condition = match (is_null, function) {
                (true, _) => format!("{call} IS {}NULL", if number < 0 { "NOT " } else { "" }),
                (false, "attr") => format!("{call} {order} {literal}"),
                (false, "attr_bool") => format!("{call} = {}", number < 0),
                (false, _) => format!("{call} {order} {number}"),
            };
            (condition, call)
        },
    )
}

fn statement() -> impl Strategy<Value = String> {
    let form = prop::sample::select(vec![
        "SELECT span_id, {call} AS v FROM spans WHERE {one} AND {other} ORDER BY span_id",
        "SELECT span_id FROM spans WHERE {one} OR {other} ORDER BY span_id",
        "SELECT span_id, attributes FROM spans WHERE {one} ORDER BY span_id",
        "SELECT {call} AS v, count(*) AS n FROM spans WHERE NOT ({one}) GROUP BY 1 ORDER BY 1, 2",
        "SELECT {call} AS v, span_id FROM spans ORDER BY 1 DESC, 2 LIMIT 5",
        "SELECT a.span_id, {call} AS v FROM spans AS a JOIN (SELECT span_id, attributes FROM spans WHERE {one}) AS b \
         ON a.span_id = b.span_id ORDER BY 1",
        "SELECT count(*) AS n FROM (SELECT DISTINCT attributes FROM spans WHERE {one})",
        "SELECT span_id FROM spans WHERE {call} IN (SELECT {call} FROM spans WHERE {other}) ORDER BY 1",
        "SELECT time_unix_nano, {call} AS v FROM logs WHERE {one} ORDER BY 1, 2",
    ]);
    (form, expression(), expression()).prop_map(|(form, (one, call), (other, _))| {
        let call = if form.contains("JOIN") { call.replace('(', "(a.attributes, ") } else { call };
        form.replace("{one}", &one).replace("{other}", &other).replace("{call}", &call)
    })
}

/// Removes what is only there for speed: scans then look at every row.
fn without_indexes(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        match entry.file_name().to_string_lossy().as_ref() {
            "terms.bin" => std::fs::remove_file(&path).unwrap(),
            "log_index" => std::fs::remove_dir_all(&path).unwrap(),
            _ if path.is_dir() => without_indexes(&path),
            _ => {}
        }
    }
}

/// Scenario: random attributes, among them keys of several types, keys that stand twice, keys without a value, NaN and long texts; the
/// same statements over memory, flushed segments, both, compacted ones, and compacted ones without their indexes.
/// Guarantees: one answer.
#[test]
fn every_statement_over_attributes_has_one_answer_wherever_they_lie() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let mut next = || prop::collection::vec(attribute(), 0..9).new_tree(&mut runner).unwrap().current();
    let mut requests = Vec::new();
    for request in 0..4_u64 {
        let spans: Vec<Span> = (1..40)
            .map(|number| {
                let number = request * 100 + number;
                let trace = format!("{:032x}", u128::from(number % 17 + 1) << 100);
                Span { attributes: next(), ..span(&trace, number, 0, "work") }
            })
            .collect();
        requests.push(traces("shop", spans));
        let records = (1..20).map(|number| {
            let mut record = log(request * 100 + number, 9, text("a record"));
            record.attributes = next();
            record
        });
        requests.push(logs("shop", records.collect()));
    }
    let mut stores = Vec::new();
    for place in Place::ALL {
        let store = Store::with_limits(QueryLimits { threads: 2, ..QueryLimits::default() });
        runtime.block_on(store.fill(place, requests.clone()));
        stores.push((format!("{place:?}"), store));
    }
    let bare = Store::with_limits(QueryLimits { threads: 2, ..QueryLimits::default() });
    runtime.block_on(bare.fill(Place::Compacted, requests));
    without_indexes(bare.folder.path());
    stores.push(("Compacted, without indexes".to_owned(), bare));
    let plan = runtime.block_on(rows(&stores[4].1.query, "EXPLAIN ANALYZE SELECT attr_int('number') FROM spans"));
    assert!(plan[0].to_string().contains("bytes_scanned"), "{plan:?}");
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    runner
        .run(&statement(), |sql| {
            let mut answers = stores.iter().map(|(place, store)| (place, runtime.block_on(rows(&store.query, &sql))));
            let (_, expected) = answers.next().unwrap();
            for (place, answer) in answers {
                prop_assert_eq!(&answer, &expected, "{}: {}", place, sql);
            }
            // Conditions that are tested while columns are decoded, in files with and without columns of attributes.
            for (place, store) in &stores[3..] {
                let answer = runtime.block_on(store.query.sql_of_few(&sql)).unwrap();
                let answer = crate::json_rows(&answer.batches).unwrap();
                prop_assert_eq!(&answer, &expected, "{}, of few: {}", place, sql);
            }
            Ok(())
        })
        .unwrap();
}

/// Spans in the order of their trace ids, of which `seq` counts up.
async fn counting(place: Place, count: u64) -> Store {
    let store = Store::empty();
    let requests = (0..count / 1_000).map(|request| {
        let spans = (request * 1_000..(request + 1) * 1_000).map(|number| {
            let attributes = vec![
                entry("seq", Value::IntValue(i64::try_from(number).unwrap())),
                entry("step", Value::StringValue(format!("step {}", number / 500 + 100))),
                entry("pad", Value::StringValue(format!("{:064x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))),
            ];
            Span { attributes, ..span(&format!("{:032x}", (number + 1) << 8), number + 1, 0, "work") }
        });
        traces("shop", spans.collect())
    });
    store.fill(place, requests.collect()).await;
    store
}

/// Returns `matched` of a pruning metric of the only scan in a plan, and what there was.
async fn pruned(store: &Store, sql: &str, metric: &str) -> (u64, u64) {
    let plan = rows(&store.query, &format!("EXPLAIN ANALYZE {sql}")).await;
    let plan: String = plan.iter().filter_map(|row| row["plan"].as_str()).collect();
    let found = plan.split_once(&format!("{metric}=")).unwrap_or_else(|| panic!("no {metric}: {plan}")).1;
    let number =
        |text: &str| text.trim().split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{text}: {plan}"));
    let (total, matched) = found.split_once('→').unwrap_or_else(|| panic!("{plan}"));
    (number(matched), number(total))
}

/// Scenario: three pages of spans, of which an attribute counts up; asked for numbers and texts that one page, or none, has.
/// Guarantees: where the attribute has a column, its statistics leave out pages and row groups, as the report says; where it has none,
/// all are read.
#[tokio::test]
async fn statistics_of_attributes_prune_where_they_have_columns() {
    let compacted = counting(Place::Compacted, 10_000).await;
    let flushed = counting(Place::Segments, 10_000).await;
    let one_page = "SELECT count(*) AS n FROM spans WHERE attr_int('seq') >= 9990";
    for store in [&compacted, &flushed] {
        assert_eq!(rows(&store.query, one_page).await[0]["n"], 10);
    }
    assert_eq!(pruned(&compacted, one_page, "page_index_pages_pruned").await, (1, 3));
    let text = "SELECT count(*) AS n FROM spans WHERE attr('step') > 'step 118'";
    assert_eq!(rows(&compacted.query, text).await[0]["n"], 500);
    assert_eq!(pruned(&compacted, text, "page_index_pages_pruned").await, (1, 3));
    for nowhere in ["attr_int('seq') > 10000", "attr_double('seq') < 0.0", "attr('step') > 'step 2'"] {
        let sql = format!("SELECT span_id FROM spans WHERE {nowhere}");
        let (compacted, flushed) = (answer(&compacted.query, &sql).await, answer(&flushed.query, &sql).await);
        assert!(compacted.batches.is_empty() && flushed.batches.is_empty(), "{sql}");
        assert_eq!((compacted.report.row_groups_read, flushed.report.row_groups_read), (0, 1), "{sql}");
    }
}

/// Scenario: statements that ask for one attribute of many.
/// Guarantees: where it has a column, this one is read and no other.
#[tokio::test]
async fn a_statement_reads_the_columns_of_the_keys_that_it_asks_for() {
    let compacted = counting(Place::Compacted, 10_000).await;
    let flushed = counting(Place::Segments, 10_000).await;
    for (sql, times) in [
        ("SELECT attr('step') AS step, count(*) AS n FROM spans GROUP BY 1 ORDER BY 1", 10),
        ("SELECT max(attr_int('seq')) AS most FROM spans WHERE attr_int('seq') < 9000", 5),
        ("SELECT span_id FROM spans WHERE attr('step') = 'step 104' ORDER BY attr_int('seq') LIMIT 3", 2),
    ] {
        let (compacted, flushed) = (answer(&compacted.query, sql).await, answer(&flushed.query, sql).await);
        let bytes = (compacted.report.bytes_read, flushed.report.bytes_read);
        assert!(bytes.0 * times < bytes.1, "{sql}: {bytes:?}");
        let rows = |answer: &crate::SqlAnswer| crate::json_rows(&answer.batches).unwrap();
        assert_eq!(rows(&compacted), rows(&flushed), "{sql}");
    }
}
