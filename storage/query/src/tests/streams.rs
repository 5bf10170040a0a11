//! Answers batch by batch: the same rows as at once, bounded, exported in three forms, counted.

use std::time::Duration;

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::data::{Place, Store, log, logs, text};
use super::{answer, rows};
use crate::limits::{EXPORT_ROW_GROUP_ROWS, MAX_STREAMS, TALLY_KEYS, TALLY_VALUES};
use crate::{ExportForm, Exporter, KeyOrigin, QueryError, QueryLimits, Tally, json_rows};

const MINUTE: Duration = Duration::from_secs(60);

async fn file(store: &Store, sql: &str, form: ExportForm) -> Vec<u8> {
    let mut stream = store.query.stream(sql, MINUTE).await.unwrap();
    let mut exporter = Exporter::new(form, stream.schema()).unwrap();
    let mut out = Vec::new();
    while let Some(batch) = stream.next().await {
        out.extend(exporter.write(&batch.unwrap()).unwrap());
    }
    out.extend(exporter.finish().unwrap());
    out
}

fn parquet_rows(file: Vec<u8>) -> (Vec<Value>, usize) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let groups = builder.metadata().num_row_groups();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    (json_rows(&batches).unwrap(), groups)
}

#[tokio::test]
async fn exports_hold_the_rows_of_the_answer_in_every_form() {
    let sql = "SELECT trace_id, name, start_time_unix_nano, duration_ns, status_code, attributes, resource_attributes, events \
               FROM spans ORDER BY span_id";
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let expected = rows(&store.query, sql).await;
        let lines = String::from_utf8(file(&store, sql, ExportForm::JsonLines).await).unwrap();
        let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, expected, "{place:?}");
        assert_eq!(parquet_rows(file(&store, sql, ExportForm::Parquet).await).0, expected, "{place:?}");
        let csv = String::from_utf8(
            file(&store, "SELECT name, attr('tags') AS tags FROM spans ORDER BY span_id LIMIT 1", ExportForm::Csv)
                .await,
        )
        .unwrap();
        assert!(csv.starts_with("name,tags\r\n") && csv.ends_with("\"[\"\"a\"\",\"\"b\"\"]\"\r\n"), "{csv}");
    }
    let empty = Store::empty();
    assert_eq!(file(&empty, "SELECT name, kind FROM spans", ExportForm::Csv).await, b"name,kind\r\n");
}

#[tokio::test]
async fn a_stream_has_no_limit_on_rows_and_its_parquet_is_written_in_pieces() {
    let limits = QueryLimits { rows: 10, ..QueryLimits::default() };
    let store = Store::with_limits(limits);
    let records = (0..20_000).map(|at| log(at, 9, text("a line"))).collect();
    store.fill(Place::Segments, vec![logs("shop", records)]).await;
    let sql = "SELECT body, attr_int('number') AS n FROM logs";
    assert!(matches!(store.query.sql(sql).await, Err(QueryError::Rows { limit: 10 })));
    let (read, groups) = parquet_rows(file(&store, sql, ExportForm::Parquet).await);
    assert_eq!(read.len(), 20_000);
    assert!(groups >= 20_000 / EXPORT_ROW_GROUP_ROWS, "{groups} row groups");
}

#[tokio::test]
async fn streams_have_places_of_their_own_and_give_them_back() {
    let store = Store::filled(Place::Both).await;
    let sql = "SELECT name FROM spans";
    let mut open = Vec::new();
    for _ in 0..MAX_STREAMS {
        open.push(store.query.stream(sql, MINUTE).await.unwrap());
    }
    // Nothing is taken from the open ones: other queries go on, further streams are refused.
    assert!(!rows(&store.query, sql).await.is_empty());
    assert!(matches!(store.query.stream(sql, MINUTE).await, Err(QueryError::Busy { .. })));
    let mut last = open.pop().unwrap();
    while last.next().await.is_some() {}
    drop(last);
    assert!(matches!(store.query.stream("SELECT nope FROM spans", MINUTE).await, Err(QueryError::Invalid { .. })));
    let mut late = store.query.stream(sql, Duration::ZERO).await;
    if let Ok(stream) = &mut late {
        late = match stream.next().await {
            Some(Err(error)) => Err(error),
            other => panic!("no time, but {other:?}"),
        };
    }
    assert!(matches!(late, Err(QueryError::Timeout { .. })));
}

async fn tally(store: &Store, sql: &str) -> Tally {
    let mut tally = Tally::new();
    for batch in answer(&store.query, sql).await.batches {
        tally.add(&batch).unwrap();
    }
    tally
}

#[tokio::test]
async fn keys_and_values_are_counted_in_two_groups() {
    for place in Place::ALL {
        let store = Store::filled(place).await;
        let sql = "SELECT attr_int('number') < 5 AS selected, service_name, attributes, resource FROM spans";
        let tally = tally(&store, sql).await;
        let total: u64 = rows(&store.query, "SELECT count(*) AS n FROM spans").await[0]["n"].as_u64().unwrap();
        assert_eq!(tally.rows().iter().sum::<u64>(), total);
        for key in tally.finish() {
            let expression = match key.origin {
                KeyOrigin::Column => key.key.clone(),
                KeyOrigin::Record => format!("attr('{}')", key.key),
                KeyOrigin::Resource => format!("resource_attr('{}')", key.key),
            };
            for value in &key.values {
                let sql = format!(
                    "SELECT count(*) FILTER (WHERE (attr_int('number') < 5) IS NOT TRUE) AS rest, \
                     count(*) FILTER (WHERE attr_int('number') < 5) AS selected FROM spans WHERE {expression} = '{}'",
                    value.value
                );
                let expected = rows(&store.query, &sql).await.remove(0);
                let found = json!({"rest": value.rows[0], "selected": value.rows[1]});
                assert_eq!(found, expected, "{place:?} {expression} {}", value.value);
            }
        }
    }
}

#[tokio::test]
async fn too_many_keys_and_values_are_counted_together() {
    let store = Store::empty();
    let records = (0..TALLY_VALUES as u64 + 5).map(|at| log(at, 9, text("a line"))).collect();
    store.fill(Place::Memory, vec![logs("shop", records)]).await;
    let counts = tally(&store, "SELECT attributes FROM logs").await;
    let keys = counts.finish();
    let number = keys.iter().find(|key| key.key == "number").unwrap();
    assert_eq!((number.values.len(), number.other, number.rows[0]), (TALLY_VALUES, [5, 0], TALLY_VALUES as u64 + 5));
    let mut many = Tally::new();
    for at in 0..TALLY_KEYS + 3 {
        let column: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::Int64Array::from(vec![1]));
        many.add(&RecordBatch::try_from_iter([(format!("k{at}"), column)]).unwrap()).unwrap();
    }
    assert_eq!(many.left_out(), 3);
    assert_eq!(many.finish().len(), TALLY_KEYS);
}
