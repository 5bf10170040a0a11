//! What the view promises, for whatever was sent.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message as _;
use telltale_model::id::decode_hex;
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::decode;

use super::*;

const ID: [u8; 16] = [7; 16];

/// What tells two generated spans apart; everything else about them is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Seed {
    service: u8,
    scope: u8,
    id: u8,
    start: u8,
    name: u8,
}

fn seed() -> impl Strategy<Value = Seed> {
    (0_u8..3, 0_u8..2, 1_u8..5, 0_u8..4, 0_u8..2).prop_map(|(service, scope, id, start, name)| Seed {
        service,
        scope,
        id,
        start,
        name,
    })
}

fn group(seed: &Seed) -> ResourceSpans {
    let value = AnyValue { value: Some(any_value::Value::StringValue(format!("service-{}", seed.service))) };
    let attributes = vec![KeyValue { key: "service.name".into(), value: Some(value), key_strindex: 0 }];
    let span = Span {
        trace_id: ID.to_vec(),
        span_id: vec![seed.id; 8],
        name: format!("name-{}", seed.name),
        start_time_unix_nano: 1_000 + u64::from(seed.start),
        end_time_unix_nano: 2_000,
        ..Span::default()
    };
    let scope = InstrumentationScope { name: format!("scope-{}", seed.scope), ..InstrumentationScope::default() };
    ResourceSpans {
        resource: Some(Resource { attributes, ..Resource::default() }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), spans: vec![span], schema_url: String::new() }],
        schema_url: String::new(),
    }
}

/// Stores every export request as a batch of its own, as a sender that sends one span at a time would make them.
fn stored(requests: &[Vec<Seed>]) -> TraceData {
    let batches = requests.iter().enumerate().flat_map(|(number, seeds)| {
        let request = ExportTraceServiceRequest { resource_spans: seeds.iter().map(group).collect() };
        let received = UnixNanos(5_000 + number as u64);
        decode::decode(SignalKind::Traces, &Bytes::from(request.encode_to_vec()), received).unwrap().batches
    });
    TraceData { spans: batches.map(|(_, batch)| batch).collect(), ..TraceData::default() }
}

fn view(requests: &[Vec<Seed>]) -> TraceView {
    trace(&TraceId::new(ID).unwrap(), &stored(requests), Nanos(9_000)).unwrap()
}

/// Returns the byte that a generated id repeats.
fn sample_byte(hex: &str) -> u8 {
    decode_hex::<8>(hex).unwrap()[0]
}

/// Reads a shown span back to its seed, by way of the lists that it refers to.
fn read_back(view: &TraceView, span: &SpanRow) -> Seed {
    let last = |text: &str| text.rsplit('-').next().unwrap().parse().unwrap();
    Seed {
        service: last(&view.resources[span.resource as usize].attributes[0].value),
        scope: last(&view.scopes[span.scope as usize].name),
        id: sample_byte(&span.span_id),
        start: u8::try_from(span.start_unix_nano.0 - 1_000).unwrap(),
        name: last(&span.name),
    }
}

proptest! {
    /// Scenario: any spans, any of them sent again, in any split over requests.
    /// Guarantees: each distinct span is shown once, the others are counted, none is invented or lost.
    #[test]
    fn distinct_spans_are_shown_once_and_duplicates_are_counted(
        requests in prop::collection::vec(prop::collection::vec(seed(), 1..6), 0..6),
    ) {
        let view = view(&requests);
        let mut sent: Vec<Seed> = requests.concat();
        let all = sent.len();
        sent.sort();
        sent.dedup();
        let mut shown: Vec<Seed> = view.spans.iter().map(|span| read_back(&view, span)).collect();
        shown.sort();
        prop_assert_eq!(&shown, &sent);
        prop_assert_eq!(view.duplicate_span_count, (all - sent.len()) as u64);
    }

    /// Guarantees: the order does not depend on how rows were split over requests or on which came first.
    #[test]
    fn order_and_lists_are_those_of_time(
        seeds in prop::collection::vec(seed(), 1..12),
        split in 0_usize..12,
    ) {
        let (left, right) = seeds.split_at(split.min(seeds.len()));
        let (one, two) = (view(std::slice::from_ref(&seeds)), view(&[right.to_vec(), left.to_vec()]));
        let starts: Vec<Nanos> = one.spans.iter().map(|span| span.start_unix_nano).collect();
        prop_assert!(starts.is_sorted());
        let ids = |view: &TraceView| -> Vec<(Nanos, String)> {
            view.spans.iter().map(|span| (span.start_unix_nano, span.span_id.clone())).collect()
        };
        prop_assert_eq!(ids(&one), ids(&two));
        for list in [&one, &two] {
            let distinct: HashSet<_> = list.resources.iter().collect();
            prop_assert_eq!(distinct.len(), list.resources.len(), "a resource is listed once");
            let distinct: HashSet<_> = list.scopes.iter().collect();
            prop_assert_eq!(distinct.len(), list.scopes.len(), "a scope is listed once");
        }
    }
}

#[test]
fn spans_that_share_only_their_id_are_both_shown() {
    let seed = Seed { service: 0, scope: 0, id: 1, start: 0, name: 0 };
    let other = Seed { name: 1, ..seed };
    let view = view(&[vec![seed.clone(), other], vec![seed]]);
    assert_eq!((view.spans.len(), view.duplicate_span_count), (2, 1));
    assert_eq!(view.last_ingest_unix_nano, Nanos(5_001), "a duplicate still says that data is arriving");
}

#[test]
fn of_two_spans_that_start_together_the_longer_stands_first() {
    let span = |id: &str, duration| SpanRow {
        span_id: id.into(),
        duration_ns: telltale_api::SignedNanos(duration),
        ..SpanRow::default()
    };
    let mut spans = [span("a", 1), span("b", 2), span("c", 2)];
    spans.sort_by(|a, b| order(a).cmp(&order(b)));
    assert_eq!(spans.map(|span| span.span_id), ["b", "c", "a"]);
}

#[test]
fn nothing_stored_is_an_empty_view() {
    let view = view(&[]);
    assert_eq!((view.spans.len(), view.last_ingest_unix_nano), (0, Nanos(0)));
    assert_eq!(view.trace_id, "07".repeat(16));
}
