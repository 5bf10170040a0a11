//! Statements of somebody who wants more than an answer: each is refused or bounded, and the store is as before.

use std::time::Duration;

use super::data::{Place, Store};
use super::rows;
use crate::QueryLimits;

/// Refused by their kind.
const REFUSED: [&str; 22] = [
    "COPY spans TO '/tmp/telltale-attack.parquet'",
    "COPY (SELECT 1) TO '/tmp/telltale-attack.csv' STORED AS CSV",
    "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
    "CREATE TABLE t AS SELECT 1",
    "CREATE VIEW v AS SELECT 1",
    "CREATE DATABASE d",
    "CREATE SCHEMA s",
    "CREATE FUNCTION f() RETURNS BIGINT RETURN 1",
    "DROP TABLE spans",
    "DROP VIEW traces",
    "INSERT INTO spans VALUES (1)",
    "UPDATE spans SET name = 'x'",
    "DELETE FROM spans",
    "TRUNCATE TABLE spans",
    "SET datafusion.execution.batch_size = 1",
    "RESET datafusion.execution.batch_size",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "BEGIN",
    "EXPLAIN ANALYZE INSERT INTO spans SELECT * FROM spans",
    "EXPLAIN COPY spans TO '/tmp/telltale-attack.parquet'",
    "ALTER TABLE spans ADD COLUMN x INT",
];

/// Not refused by their kind, but what they name does not exist here.
const MEANINGLESS: [&str; 14] = [
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM \"/etc/passwd\"",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * INTO t FROM spans",
    "SELECT * FROM information_schema.df_settings",
    "SHOW ALL",
    "SHOW datafusion.execution.batch_size",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
    "SELECT repeat('x', 100000000000)",
    "SELECT range(0, 100000000000)",
    "SELECT * FROM generate_series(1, 100000000000)",
    "SELECT lpad('x', 2000000000, 'y')",
    "SELECT 1; DROP TABLE spans",
];

#[tokio::test]
async fn what_changes_or_reaches_outside_is_refused() {
    let store = Store::filled(Place::Both).await;
    for sql in REFUSED {
        let error = super::refusal(&store.query, sql).await;
        assert!(matches!(error.code(), "sql_not_allowed" | "sql_invalid"), "{sql}: {error:?}");
    }
    for sql in MEANINGLESS {
        let error = super::refusal(&store.query, sql).await;
        assert!(matches!(error.code(), "sql_not_allowed" | "sql_invalid"), "{sql}: {error:?}");
    }
    assert!(!std::path::Path::new("/tmp/telltale-attack.parquet").exists());
    assert!(!std::path::Path::new("/tmp/telltale-attack.csv").exists());
    assert_eq!(rows(&store.query, "SELECT 1 FROM spans").await.len(), 12);
}

#[tokio::test]
async fn what_would_take_for_ever_is_bounded() {
    let limits = QueryLimits { time: Duration::from_millis(1500), rows: 1000, ..QueryLimits::default() };
    let store = Store::with_limits(limits);
    store.fill(Place::Both, super::data::requests()).await;
    let ands = format!("SELECT 1 FROM spans WHERE {}", vec!["name = 'x'"; 10_000].join(" AND "));
    let nested = format!("SELECT {}1{}", "(SELECT ".repeat(200), ")".repeat(200));
    let unions = vec!["SELECT 1"; 2_000].join(" UNION ALL ");
    let tables = (0..10).map(|n| format!("spans s{n}")).collect::<Vec<_>>().join(", ");
    let sum = (0..10).map(|n| format!("s{n}.duration_ns")).collect::<Vec<_>>().join(" + ");
    let joins = format!("SELECT count(*) FROM {tables} WHERE {sum} = 1");
    let class = format!("SELECT 1 FROM spans WHERE regexp_like(name, '({}){{1000}}{{1000}}')", "a|".repeat(100));
    for (sql, codes) in [
        (ands.as_str(), &["sql_invalid"] as &[&str]),
        (&nested, &["sql_invalid"]),
        (&unions, &["sql_invalid"]),
        (&joins, &["query_timeout", "query_memory"]),
        (&class, &["sql_invalid", "query_timeout", "internal"]),
        ("SELECT a.name FROM spans a, spans b, spans c", &["query_rows", "query_timeout"]),
    ] {
        let begun = std::time::Instant::now();
        let error = super::refusal(&store.query, sql).await;
        let shown: String = sql.chars().take(60).collect();
        assert!(codes.contains(&error.code()), "{shown}: {error:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{shown} took {:?}", begun.elapsed());
    }
    let many = format!("SELECT name FROM spans WHERE name IN ({})", vec!["'x'"; 10_000].join(", "));
    let patient = Store::filled(Place::Memory).await;
    assert!(rows(&patient.query, &many).await.is_empty());
}
