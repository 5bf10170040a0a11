//! Scenario: any series become a request. Guarantees: labels, values bit for bit, markers, exemplars and histograms are all in
//! it, so that a reader who knows the rules gets the same series back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Labels = Vec<(String, String)>;

/// (labels) → (time, bits), read from a request by the rules above.
fn read_back(request: &ExportMetricsServiceRequest) -> BTreeMap<Labels, Vec<(i64, u64)>> {
    let mut out: BTreeMap<Labels, Vec<(i64, u64)>> = BTreeMap::new();
    for resource in &request.resource_metrics {
        let identity = pairs(&resource.resource.as_ref().unwrap().attributes);
        for scope in &resource.scope_metrics {
            assert_eq!(scope.scope.as_ref().unwrap().name, crate::SCOPE);
            for metric in &scope.metrics {
                let points = match metric.data.as_ref().unwrap() {
                    metric::Data::Gauge(gauge) => &gauge.data_points,
                    metric::Data::Sum(sum) => &sum.data_points,
                    other => panic!("{other:?}"),
                };
                for point in points {
                    let mut labels = pairs(&point.attributes);
                    for (key, value) in &identity {
                        let name = if key == "service.name" { "job" } else { "instance" };
                        labels.push((name.to_owned(), value.clone()));
                    }
                    labels.push((NAME.to_owned(), metric.name.clone()));
                    labels.sort();
                    let bits = match (&point.value, point.flags) {
                        (Some(number_data_point::Value::AsDouble(value)), 0) => value.to_bits(),
                        (None, 1) => crate::series::STALE_BITS,
                        other => panic!("{other:?}"),
                    };
                    out.entry(labels).or_default().push(((point.time_unix_nano / 1_000_000) as i64, bits));
                }
            }
        }
    }
    out
}

fn pairs(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |value: &AnyValue| match value.value.as_ref().unwrap() {
        any_value::Value::StringValue(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute.value.as_ref().unwrap()))).collect()
}

fn any_series() -> impl Strategy<Value = Series> {
    let name =
        prop_oneof![Just("job"), Just("instance"), Just("le"), Just("service_name"), Just("http.method"), Just("_x")];
    let labels = prop::collection::btree_map(name.prop_map(str::to_owned), "[a-c/]{0,3}", 0..5);
    let value = prop_oneof![
        any::<f64>(),
        Just(f64::from_bits(crate::series::STALE_BITS)),
        Just(f64::from_bits(0x7ff8_0000_0000_0001)),
    ];
    let samples = prop::collection::btree_map(0_i64..2_000_000_000_000, value, 1..5);
    ("[a-c.]{1,3}(_total|_bucket|_sum|)", labels, samples, any::<bool>()).prop_map(
        |(name, labels, samples, counted)| {
            let mut labels: Vec<_> = labels.into_iter().collect();
            labels.push((NAME.to_owned(), name.clone()));
            let kind = if counted { crate::FamilyType::Counter } else { crate::FamilyType::Histogram };
            let metadata = Some(Metadata { family: name, kind, ..Metadata::default() });
            let series = Series { labels, samples: samples.into_iter().collect(), metadata, ..Series::default() };
            series.checked().unwrap()
        },
    )
}

proptest! {
    #[test]
    fn every_sample_can_be_read_back_bit_for_bit(series in prop::collection::vec(any_series(), 0..8)) {
        let mut expected: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for series in &series {
            let samples = series.samples.iter().map(|(time, value)| (*time, value.to_bits()));
            expected.entry(series.labels.clone()).or_default().extend(samples);
        }
        let mut found = read_back(&request(series));
        expected.values_mut().chain(found.values_mut()).for_each(|samples| samples.sort_unstable());
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn an_exemplar_keeps_its_ids_and_other_labels() {
    let labels = [("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), ("span_id", "00F067AA0BA902B7"), ("user", "7")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let exemplars = vec![Exemplar { labels, value: 0.5, timestamp_ms: 7 }];
    let series = Series { labels: vec![(NAME.into(), "a".into())], exemplars, ..Series::default() };
    let request = request(vec![series]);
    let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
    let Some(metric::Data::Gauge(gauge)) = &metric.data else { panic!() };
    let point = &gauge.data_points[0];
    assert_eq!((point.value, point.flags, point.time_unix_nano), (None, 0, 7_000_000));
    let exemplar = &point.exemplars[0];
    assert_eq!((exemplar.trace_id.len(), exemplar.span_id.len()), (16, 0));
    // Upper case would come back as lower case: it stays a text.
    assert_eq!(
        pairs(&exemplar.filtered_attributes),
        [("span_id".to_owned(), "00F067AA0BA902B7".to_owned()), ("user".to_owned(), "7".to_owned())]
    );
}

#[test]
fn native_histograms_are_exponential_ones_and_gauges_have_no_temporality() {
    let histogram = NativeHistogram {
        schema: 3,
        count: 6,
        sum: 1.5,
        positive: (-2, vec![1, 0, 5]),
        timestamp_ms: 1,
        ..NativeHistogram::default()
    };
    let custom = NativeHistogram {
        schema: -53,
        custom_values: vec![1.0, 5.0],
        positive: (1, vec![2, 3]),
        count: 5,
        is_gauge: true,
        ..NativeHistogram::default()
    };
    let series =
        Series { labels: vec![(NAME.into(), "h".into())], histograms: vec![histogram, custom], ..Series::default() };
    let request = request(vec![series]);
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let Some(metric::Data::ExponentialHistogram(exponential)) = &metrics[0].data else { panic!() };
    let buckets = exponential.data_points[0].positive.as_ref().unwrap();
    assert_eq!((buckets.offset, buckets.bucket_counts.as_slice()), (-3, [1, 0, 5].as_slice()));
    assert_eq!(exponential.aggregation_temporality, 2);
    let Some(metric::Data::Histogram(explicit)) = &metrics[1].data else { panic!() };
    assert_eq!(explicit.data_points[0].bucket_counts, [0, 2, 3]);
    assert_eq!(explicit.aggregation_temporality, 0);
}
