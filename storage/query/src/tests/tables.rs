//! Every table and function of SQL, with known answers.

use serde_json::{Value, json};

use super::cases::{self, Case};
use super::data::{ORPHAN, Place, Store, log, logs, text};
use super::{answer, refusal, rows};
use crate::{Query, QueryLimits};

fn values(rows: &[Value], columns: &[&str]) -> Value {
    rows.iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect::<Value>()).collect()
}

#[tokio::test]
async fn every_statement_gives_its_known_rows_wherever_they_lie() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        for Case(sql, columns, expected) in cases::all() {
            assert_eq!(values(&rows(&store.query, sql).await, columns), expected, "{place:?}: {sql}");
        }
    }
}

const TABLES: [(&str, usize); 11] = [
    ("spans", 12),
    ("span_events", 2),
    ("span_links", 1),
    ("logs", 9),
    ("metrics", 5),
    ("points", 4),
    ("histogram_points", 2),
    ("exp_histogram_points", 2),
    ("summary_points", 2),
    ("exemplars", 4),
    ("traces", 3),
];

#[tokio::test]
async fn every_table_of_the_contract_gives_all_its_columns() {
    let empty = Store::empty();
    let store = Store::filled(Place::Both).await;
    for (table, count) in TABLES {
        let sql = format!("SELECT * FROM {table}");
        let found = rows(&store.query, &sql).await;
        assert_eq!(found.len(), count, "{table}");
        let columns = answer(&empty.query, &sql).await;
        assert!(columns.batches.is_empty(), "{table}");
        let members = found[0].as_object().unwrap().len();
        assert_eq!(columns.schema.fields().len(), members, "{table}");
        for column in columns.schema.fields().iter().filter(|field| field.name().ends_with("_id")) {
            assert_eq!(crate::type_name(column.data_type()), "VARCHAR", "{table}.{}", column.name());
        }
    }
}

#[tokio::test]
async fn tables_and_columns_can_be_listed() {
    let store = Store::empty();
    let shown = rows(&store.query, "SHOW TABLES").await;
    let mut names: Vec<&str> = shown.iter().map(|row| row["table_name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut expected: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let columns = "SELECT data_type FROM information_schema.columns WHERE table_name = 'span_events' AND column_name = 'attributes'";
    assert_eq!(values(&rows(&store.query, columns).await, &["data_type"]), json!([["ATTRIBUTES"]]));
    assert!(rows(&store.query, "DESCRIBE traces").await.iter().any(|row| row["column_name"] == "root_name"));
    assert!(!rows(&store.query, "SHOW COLUMNS FROM logs").await.is_empty());
}

#[tokio::test]
async fn an_ambiguous_attribute_names_the_form_with_two_arguments() {
    let store = Store::empty();
    let sql = "SELECT attr('k') FROM spans s JOIN logs l ON s.trace_id = l.trace_id";
    let error = refusal(&store.query, sql).await;
    assert_eq!(error.code(), "sql_invalid");
    assert!(error.hint().contains("attr(s.attributes, 'key')"), "{error}: {}", error.hint());
}

#[tokio::test]
async fn a_mistake_is_named() {
    let store = Store::empty();
    for (sql, word) in [
        ("SELECT nam FROM spans", "nam"),
        ("SELECT * FROM span", "span"),
        ("SELEC 1", "SELEC"),
        ("SELECT attr(name, 'k') FROM spans", "attributes"),
        ("SELECT hex(1)", "to_hex"),
        ("SELECT name FROM spans WHERE start_time_unix_nano > 1", "Timestamp"),
        ("SELECT attributes['k'] FROM spans", "field"),
        ("SELECT 1 FROM logs WHERE match(body, '\"open')", "open quote"),
    ] {
        let error = refusal(&store.query, sql).await;
        assert_eq!(error.code(), "sql_invalid", "{sql}: {error}");
        assert!(error.to_string().contains(word), "{sql}: {error}");
        assert!(!error.hint().is_empty());
    }
}

#[tokio::test]
async fn the_report_says_what_was_read_and_what_was_pruned() {
    let store = Store::filled(Place::ManySegments).await;
    let all = answer(&store.query, "SELECT name FROM spans").await.report;
    assert_eq!((all.segments_total, all.segments_pruned, all.memtable_rows), (4, 0, 0));
    assert!(all.row_groups_read >= 4 && all.bytes_read > 0, "{all:?}");
    let one = answer(&store.query, &format!("SELECT name FROM spans WHERE trace_id = '{ORPHAN}'")).await.report;
    assert_eq!((one.segments_total, one.segments_pruned), (4, 3));
    assert!(one.bytes_read < all.bytes_read, "{one:?} {all:?}");
    let late = "SELECT name FROM spans WHERE start_time_unix_nano > '2026-01-02T03:04:05.020Z'";
    assert_eq!(answer(&store.query, late).await.report.segments_pruned, 3);
    let memory = Store::filled(Place::Memory).await;
    assert_eq!(answer(&memory.query, "SELECT name FROM spans").await.report.memtable_rows, 12);
}

/// Scenario: four segments, in each more records with a word than are judged at once. Guarantees: once those of the newest segment fill
/// the page, the index of the others is not asked.
#[tokio::test]
async fn a_page_of_a_frequent_word_asks_the_newest_segment_only() {
    let store = Store::uncompacted();
    for first in (0..108_000_u64).step_by(9_000) {
        let line = |at: u64| if at.is_multiple_of(3) { "a rare line" } else { "a line" };
        let (signal, payload) = logs("shop", (first..first + 9_000).map(|at| log(at, 9, text(line(at)))).collect());
        store.append(signal, payload).await;
        if first % 27_000 == 18_000 {
            store.storage.flush().await.unwrap();
        }
    }
    let query = Query::new(store.storage.clone(), QueryLimits { threads: 1, ..QueryLimits::default() }).unwrap();
    let sql = "SELECT time_unix_nano FROM logs WHERE match(body, 'rare') ORDER BY time_unix_nano DESC LIMIT 3";
    let found = answer(&query, sql).await;
    assert_eq!(found.batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 3);
    assert_eq!((found.report.segments_total, found.report.segments_pruned), (4, 3));
}

#[tokio::test]
async fn explain_and_explain_analyze_show_the_plan() {
    let store = Store::filled(Place::Both).await;
    let plan = format!("{:?}", rows(&store.query, "EXPLAIN SELECT name FROM spans WHERE attr('number') = '3'").await);
    assert!(plan.contains("DataSourceExec") && plan.contains("FilterExec"), "{plan}");
    let plan = format!("{:?}", rows(&store.query, "EXPLAIN ANALYZE SELECT count(*) FROM spans").await);
    assert!(plan.contains("output_rows"), "{plan}");
}

#[tokio::test]
async fn times_prune_in_every_spelling() {
    let store = Store::filled(Place::ManySegments).await;
    for (condition, count, pruned) in [
        ("start_time_unix_nano > now() - INTERVAL '1 minute'", 0, 4),
        ("start_time_unix_nano > '2026-01-02T03:04:05.020Z'", 4, 3),
        ("start_time_unix_nano > TIMESTAMP '2026-01-02 03:04:05.020'", 4, 3),
        ("start_time_unix_nano > TIMESTAMP '2026-01-02 03:04:05' + INTERVAL '20 milliseconds'", 4, 3),
        ("start_time_unix_nano >= to_timestamp_nanos(1767323045021000000)", 4, 3),
        ("start_time_unix_nano BETWEEN '2026-01-02T03:04:05.010Z' AND '2026-01-02T03:04:05.012Z'", 3, 2),
        ("start_time_unix_nano = '2026-01-02T03:04:05.001Z'", 1, 3),
    ] {
        let answer = answer(&store.query, &format!("SELECT name FROM spans WHERE {condition}")).await;
        let found: usize = answer.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        assert_eq!((found, answer.report.segments_pruned), (count, pruned), "{condition}");
    }
    let sql = "SELECT date_trunc('second', start_time_unix_nano) AS second, count(*) AS n FROM spans GROUP BY 1";
    assert_eq!(
        values(&rows(&store.query, sql).await, &["second", "n"]),
        json!([["2026-01-02T03:04:05.000000000Z", 12]])
    );
}

#[tokio::test]
async fn the_newest_records_are_found_without_reading_the_old_ones() {
    let store = Store::uncompacted();
    for round in 0..20_u64 {
        let line = |at: u64| if at.is_multiple_of(5) { "a rare line" } else { "a line" };
        let records = (0..50).map(|at| log(round * 50 + at, 9, text(line(at)))).collect();
        let (signal, payload) = logs("shop", records);
        store.append(signal, payload).await;
        store.storage.flush().await.unwrap();
    }
    let all = answer(&store.query, "SELECT body, time_unix_nano FROM logs").await.report;
    let sql = "SELECT body, time_unix_nano FROM logs ORDER BY time_unix_nano DESC LIMIT 3";
    let newest = answer(&store.query, sql).await;
    assert_eq!(newest.batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 3);
    assert!(newest.report.bytes_read * 2 < all.bytes_read, "{:?} {all:?}", newest.report);
    // Of a word that some of the lines have, too.
    let sql = "SELECT body, time_unix_nano FROM logs WHERE match(body, 'rare') ORDER BY time_unix_nano DESC LIMIT 3";
    let found = answer(&store.query, sql).await;
    assert_eq!(found.batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 3);
}
