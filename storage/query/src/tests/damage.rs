//! Damaged files: the answer names what could not be read, and nothing panics.

use std::os::unix::fs::FileExt as _;

use telltale_storage::schema::Table;

use super::data::{PURCHASE, Place, Store, trace_id};
use super::refusal;

/// Overwrites the middle of a segment's data file.
fn spoil(store: &Store, table: Table) {
    let snapshot = store.storage.snapshot();
    let segment = snapshot.segments(table).next().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(segment.data_path()).unwrap();
    let bytes = file.metadata().unwrap().len();
    file.write_all_at(&[0xff; 64], 4).unwrap();
    file.write_all_at(&vec![0xff; usize::try_from(bytes / 2).unwrap()], 8).unwrap();
}

#[tokio::test]
async fn sql_and_look_ups_say_that_data_is_damaged() {
    for sql in ["SELECT * FROM spans", "SELECT count(*) FROM spans WHERE attr('number') = '3'"] {
        let store = Store::filled(Place::Segments).await;
        spoil(&store, Table::Spans);
        let error = refusal(&store.query, sql).await;
        assert!(matches!(error.code(), "storage" | "internal"), "{sql}: {error:?}");
    }
    let store = Store::filled(Place::Segments).await;
    spoil(&store, Table::Spans);
    let error = store.query.trace(&trace_id(PURCHASE)).await.unwrap_err();
    assert_eq!(error.code(), "storage", "{error:?}");
    // The segment is put aside: what else belongs to the trace is still found.
    let rest = store.query.trace(&trace_id(PURCHASE)).await.unwrap().unwrap();
    assert!(rest.spans.is_empty() && !rest.logs.is_empty());
}
