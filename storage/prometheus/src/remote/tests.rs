//! Scenario: bodies of both versions, whole and broken. Guarantees: both say the same series in the same way; what cannot be
//! kept is named and costs nothing else; nothing panics and nothing larger than the bound is allocated.

use proptest::prelude::*;
use prost::Message as _;

use super::*;

fn one() -> v1::WriteRequest {
    let label = |name: &str, value: &str| v1::Label { name: name.into(), value: value.into() };
    let histogram = v1::Histogram {
        count: Some(v1::Count::Int(7)),
        sum: 3.0,
        schema: 1,
        positive_spans: vec![v1::BucketSpan { offset: -1, length: 2 }, v1::BucketSpan { offset: 1, length: 1 }],
        positive_deltas: vec![1, 2, -1],
        timestamp: 9,
        ..v1::Histogram::default()
    };
    let series = v1::TimeSeries {
        labels: vec![label("__name__", "a"), label("job", "x")],
        samples: vec![v1::Sample { value: 2.5, timestamp: 8 }],
        exemplars: vec![v1::Exemplar { labels: vec![label("trace_id", "t")], value: 1.0, timestamp: 8 }],
        histograms: vec![histogram],
    };
    let nameless = v1::TimeSeries {
        labels: vec![label("job", "x")],
        samples: vec![v1::Sample { value: 1.0, timestamp: 8 }],
        ..v1::TimeSeries::default()
    };
    let metadata = v1::MetricMetadata { kind: 1, family: "a".into(), help: "h".into(), unit: String::new() };
    v1::WriteRequest { timeseries: vec![series, nameless], metadata: vec![metadata] }
}

fn two() -> v2::Request {
    let one = one();
    let symbols = ["", "__name__", "a", "job", "x", "trace_id", "t", "h"].map(str::to_owned).to_vec();
    let series = v2::TimeSeries {
        labels_refs: vec![1, 2, 3, 4],
        samples: vec![v2::Sample { value: 2.5, timestamp: 8, start_timestamp: 3 }],
        histograms: one.timeseries[0].histograms.clone(),
        exemplars: vec![v2::Exemplar { labels_refs: vec![5, 6], value: 1.0, timestamp: 8 }],
        metadata: Some(v2::Metadata { kind: 1, help_ref: 7, unit_ref: 0 }),
        created_timestamp: 0,
    };
    v2::Request { symbols, timeseries: vec![series] }
}

#[test]
fn both_versions_say_the_same() {
    let first = read(Version::One, &one().encode_to_vec()).unwrap();
    let second = read(Version::Two, &two().encode_to_vec()).unwrap();
    let [series] = second.series.as_slice() else { panic!("{second:?}") };
    let expected = Series { metadata: series.metadata.clone(), start_ms: Some(3), ..first.series[0].clone() };
    assert_eq!(series, &expected);
    assert_eq!(series.histograms[0].positive, (-1, vec![1, 3, 0, 2]));
    assert_eq!(series.metadata.as_ref().unwrap().kind, FamilyType::Counter);
    assert_eq!(
        first.metadata,
        [Metadata { family: "a".into(), kind: FamilyType::Counter, help: "h".into(), unit: String::new() }]
    );
    assert_eq!(first.counts(), (1, 1, 1));
    assert!(matches!(first.refused.as_slice(), [SeriesError::Nameless { .. }]));
}

#[test]
fn histograms_that_otlp_cannot_carry_are_named_and_cost_nothing_else() {
    let mut request = one();
    let histogram = &mut request.timeseries[0].histograms[0];
    histogram.count = Some(v1::Count::Float(1.5));
    let write = read(Version::One, &request.encode_to_vec()).unwrap();
    assert_eq!(write.counts(), (1, 0, 1));
    assert!(write.refused[0].to_string().contains("its count 1.5 is not whole"), "{}", write.refused[0]);
    let histogram = &mut request.timeseries[0].histograms[0];
    (histogram.count, histogram.positive_spans[1].offset) = (None, i32::MAX);
    let write = read(Version::One, &request.encode_to_vec()).unwrap();
    assert!(write.refused[0].to_string().contains("more than 16384"), "{}", write.refused[0]);
}

#[test]
fn bodies_that_are_none_are_refused_whole() {
    assert!(matches!(decompress(b"hello"), Err(WriteError::Snappy(_))));
    // The length that a block claims, 4 GiB, with nothing behind it.
    assert!(matches!(decompress(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0]), Err(WriteError::TooLarge { .. })));
    assert!(matches!(read(Version::One, b"hello"), Err(WriteError::Protobuf { .. })));
    let mut request = two();
    request.timeseries[0].labels_refs[1] = 99;
    let error = read(Version::Two, &request.encode_to_vec()).unwrap_err();
    assert_eq!(error, WriteError::Symbol { reference: 99, symbols: 8 });
    request.timeseries[0].labels_refs.truncate(1);
    assert!(read(Version::Two, &request.encode_to_vec()).is_err());
}

#[test]
fn the_content_type_says_the_version() {
    let version = Version::of_content_type;
    assert_eq!(version("application/x-protobuf"), Some(Version::One));
    assert_eq!(version("application/x-protobuf;proto=io.prometheus.write.v2.Request"), Some(Version::Two));
    assert_eq!(version("application/x-protobuf; proto=prometheus.WriteRequest"), Some(Version::One));
    assert_eq!(version("application/json"), None);
    assert_eq!(version("application/x-protobuf;proto=other"), None);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), flip in any::<prop::sample::Index>(), byte: u8) {
        drop(decompress(&body));
        for version in [Version::One, Version::Two] {
            drop(read(version, &body));
            let mut near = if version == Version::One { one().encode_to_vec() } else { two().encode_to_vec() };
            let place = flip.index(near.len());
            near[place] = byte;
            drop(read(version, &near));
        }
    }
}
