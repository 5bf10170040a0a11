//! Attributes with columns of their own: what compaction gives one, and that nobody who reads rows notices.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::compaction::{eager, lines};
use super::*;
use crate::limits::{PROMOTED_COLUMNS_MAX, PROMOTED_VALUE_BYTES_MAX};
use crate::segment::Segment;
use crate::segment::promoted::Promoted;

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

/// Spans of which each has the attributes that `of` says.
fn spans(ids: std::ops::Range<u64>, of: impl Fn(u64) -> Vec<KeyValue>) -> Bytes {
    let span = |id: u64| Span {
        trace_id: u128::from(id.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).to_be_bytes().to_vec(),
        span_id: (id + 1).to_be_bytes().to_vec(),
        start_time_unix_nano: 1_000 + id,
        end_time_unix_nano: 2_000 + id,
        attributes: of(id),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: ids.map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
}

fn promoted(segment: &Segment) -> Option<Promoted> {
    let metadata = segment.metadata().unwrap();
    Promoted::of_notes(metadata.file_metadata().key_value_metadata()).unwrap()
}

/// Stores requests in a segment each, compacts them, and checks that every row is what it was, also after a second compaction and after a
/// start. Returns what has columns after the first.
fn compacted(requests: &[Bytes]) -> Vec<Promoted> {
    runtime().block_on(async {
        let folder = folder();
        let (mut options, clock) = eager(folder.path());
        options.limits.compaction_cut_bytes = 64 << 20;
        options.limits.compaction_tier_segments = 100;
        let storage = Storage::open(options.clone()).unwrap();
        for request in requests {
            storage.append(SignalKind::Traces, request.clone()).await.unwrap();
            storage.flush().await.unwrap();
        }
        let rows = lines(&storage.snapshot(), Table::Spans);
        assert!(
            storage.snapshot().segments(Table::Spans).all(|segment| promoted(segment).is_none()),
            "a flush is cheap"
        );
        storage.close().await.unwrap();
        options.limits.compaction_tier_segments = 2;
        options.limits.compaction_fan_in = 2;
        let storage = Storage::open(options.clone()).unwrap();
        storage.maintain().await.unwrap();
        let snapshot = storage.snapshot();
        assert_eq!(lines(&snapshot, Table::Spans), rows);
        let found: Vec<_> = snapshot.segments(Table::Spans).filter_map(|segment| promoted(segment)).collect();
        let version = |segment: &Arc<Segment>| segment.manifest().unwrap().version;
        assert!(snapshot.segments(Table::Spans).all(|one| version(one) == if promoted(one).is_some() { 2 } else { 1 }));
        drop(snapshot);
        // Segments with such columns are inputs, too.
        clock.advance(Duration::from_secs(30 * 3_600));
        storage.maintain().await.unwrap();
        assert_eq!(lines(&storage.snapshot(), Table::Spans), rows);
        let deleted = Deletion { service_name: None, trace_id: None, start_ns: Some(1_000), end_ns: Some(1_000) };
        storage.delete(deleted).await.unwrap();
        assert_eq!(lines(&storage.snapshot(), Table::Spans).len(), rows.len() - 1);
        storage.close().await.unwrap();
        let storage = Storage::open(options).unwrap();
        assert_eq!(lines(&storage.snapshot(), Table::Spans).len(), rows.len() - 1);
        assert_eq!(storage.status().quarantined, Vec::<String>::new());
        found
    })
}

/// Returns the keys with columns.
fn keys(found: &[Promoted]) -> BTreeSet<String> {
    found.iter().flat_map(Promoted::columns).map(|column| column.name()).collect()
}

/// Scenario: a key that is a text in some spans and a number in others, one that stands twice in a span, one with a text too long for a
/// column, and one that one span in two hundred has.
#[test]
fn keys_of_two_types_doubles_and_long_texts_are_what_they_were() {
    let of = |id: u64| {
        let both = if id.is_multiple_of(3) { text("both", "seven") } else { attribute("both", Value::IntValue(7)) };
        let mut all =
            vec![text("often", format!("value {}", id % 7)), both, attribute("list", Value::BytesValue(vec![1]))];
        if id.is_multiple_of(5) {
            all.insert(0, text("often", "first"));
            all.push(KeyValue { key: "both".to_owned(), ..KeyValue::default() });
        }
        if id == 400 {
            all.push(text("long", "x".repeat(PROMOTED_VALUE_BYTES_MAX + 1)));
        } else {
            all.push(text("long", "short"));
        }
        if id.is_multiple_of(200) {
            all.push(text("rare", "once in a while"));
        }
        all
    };
    let found = compacted(&[spans(0..300, of), spans(300..600, of)]);
    let expected = ["attributes.int.both", "attributes.str.both", "attributes.str.often"];
    assert_eq!(keys(&found), expected.map(str::to_owned).into());
    assert!(found.iter().all(|one| one.is_whole("often") && one.is_whole("both")), "{found:?}");
}

/// Scenario: one span has 10,000 keys, many have hundreds that nobody else has.
#[test]
fn ten_thousand_keys_are_no_columns() {
    let of = |id: u64| {
        let count = if id == 7 { 10_000 } else { 200 };
        let own = (0..count).map(|number| text(&format!("key.{id}.{number}"), "v"));
        let shared = (0..100).map(|number| attribute(&format!("shared.{number}"), Value::IntValue(number)));
        own.chain(shared).collect()
    };
    let found = compacted(&[spans(0..60, of), spans(60..120, of)]);
    let keys = keys(&found);
    assert_eq!(keys.len(), PROMOTED_COLUMNS_MAX);
    assert!(keys.iter().all(|key| key.starts_with("attributes.int.shared.")), "{keys:?}");
}

/// Scenario: every span has another value of one key.
#[test]
fn a_key_with_as_many_values_as_rows_has_a_column_without_a_dictionary() {
    let of = |id: u64| vec![text("order.id", format!("order-{}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15)))];
    let found = compacted(&[spans(0..3_000, of), spans(3_000..6_000, of)]);
    assert_eq!(keys(&found), ["attributes.str.order.id".to_owned()].into());
    assert!(found.iter().all(|one| one.is_whole("order.id")));
}

/// Scenario: a segment of a version that this program does not know.
#[test]
fn a_segment_of_a_newer_version_is_named_and_the_others_answer() {
    runtime().block_on(async {
        let folder = folder();
        let storage = Storage::open(options(folder.path())).unwrap();
        for id in 0..2 {
            append(&storage, id).await.unwrap();
            storage.flush().await.unwrap();
        }
        let segment = Arc::clone(storage.snapshot().segments(Table::Spans).next().unwrap());
        let mut manifest = segment.manifest().unwrap().clone();
        storage.close().await.unwrap();
        manifest.version += 98;
        let text = manifest.checked().unwrap().text().unwrap();
        std::fs::write(segment.dir().join("manifest.json"), text).unwrap();
        let storage = Storage::open(options(folder.path())).unwrap();
        let snapshot = storage.snapshot();
        let failed = snapshot.segments(Table::Spans).filter_map(|segment| segment.read(None, None).err());
        assert_eq!(failed.map(|error| error.to_string()).filter(|error| error.contains("99")).count(), 1);
        assert_eq!(span_counts(&storage.snapshot()).len(), 1);
    });
}
