//! Scenario: what OpenTelemetry SDKs send. Guarantees: the series, names and labels that stock Prometheus makes of it, by both
//! spellings; delta that adds up; exemplars that lead to a trace.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn text_attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

fn request(metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let resource = [
        ("service.name", "cart"),
        ("service.namespace", "shop"),
        ("service.instance.id", "i1"),
        ("host.arch", "arm64"),
        ("k8s.pod.name", "p0"),
    ];
    let attributes = resource.map(|(key, value)| text_attribute(key, value)).to_vec();
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }],
    }
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.into(),
        unit: unit.into(),
        description: "for people".into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn point(seconds: u64, value: f64) -> NumberDataPoint {
    NumberDataPoint {
        time_unix_nano: seconds * SECOND,
        value: Some(number_data_point::Value::AsDouble(value)),
        attributes: vec![text_attribute("http.method", "GET")],
        ..NumberDataPoint::default()
    }
}

/// The labels that every series of the resource has, without the name, as they are written between those before and after.
const TARGET: &str = "instance=\"i1\", job=\"shop/cart\", k8s_pod_name=\"p0\"";
const SERVICE: &str = "service_instance_id=\"i1\", service_name=\"cart\", service_namespace=\"shop\"";

#[test]
fn sums_and_gauges_have_their_translated_and_their_original_name() {
    let store = Store::new();
    let sum = Sum { data_points: vec![point(1, 5.0)], aggregation_temporality: 2, is_monotonic: true };
    let gauge = Gauge { data_points: vec![NumberDataPoint { flags: 1, value: None, ..point(2, 0.0) }, point(1, 0.5)] };
    store.send(&request(vec![
        metric("http.requests", "{request}", Data::Sum(sum)),
        metric("cpu.load", "1", Data::Gauge(gauge)),
    ]));
    let expected = format!("{{__name__=\"http_requests_total\", http_method=\"GET\", {TARGET}, {SERVICE}}} 5@1000");
    assert_eq!(store.of("http_requests_total"), [expected]);
    let original = store.of("http.requests");
    assert!(
        original[0].starts_with("{__name__=\"http.requests\", \"http.method\"=\"GET\", instance=\"i1\""),
        "{original:?}"
    );
    assert!(store.of("cpu_load_ratio")[0].ends_with("0.5@1000 stale@2000"));
    // Either spelling of a label finds it; a name that is not asked for by name does not double a series.
    for matchers in [[matcher("http.method", MatchOp::Equal, "GET")], [matcher("http_method", MatchOp::Regex, "G.T")]] {
        assert_eq!(store.select(&matchers, 0, 9_000).len(), 2);
    }
    assert_eq!(store.select(&[matcher("__name__", MatchOp::Regex, "http.+")], 0, 9_000).len(), 1);
    let values = store.view().label_values("http.method", &[], 0, 9_000).unwrap();
    assert_eq!(values.into_iter().collect::<Vec<_>>(), ["GET"]);
    let metadata = store.view().metadata(None).unwrap();
    let of = |name: &str| {
        metadata[name].iter().map(|one| (one.kind, one.help.as_str(), one.unit.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(of("http_requests_total"), [("counter", "for people", "{request}")]);
    assert_eq!(of("cpu_load_ratio"), [("gauge", "for people", "1")]);
    assert_eq!(store.view().metadata(Some("cpu.load")).unwrap().len(), 1);
}

#[test]
fn target_info_has_the_whole_resource_for_as_long_as_there_are_points() {
    let store = Store::new();
    let gauge = Gauge { data_points: vec![point(1_000, 1.0), point(1_400, 1.0)] };
    store.send(&request(vec![metric("g", "", Data::Gauge(gauge))]));
    let expected = "{__name__=\"target_info\", host_arch=\"arm64\", instance=\"i1\", job=\"shop/cart\", k8s_pod_name=\"p0\", \
                    service_instance_id=\"i1\", service_name=\"cart\", service_namespace=\"shop\"} 1@1000000 1@1050000 1@1200000 1@1350000 1@1400000";
    assert_eq!(store.of("target_info"), [expected]);
    assert_eq!(store.select(&[matcher("host_arch", MatchOp::Equal, "amd64")], 0, 9_000_000).len(), 0);
}

fn histogram_point(seconds: u64, counts: [u64; 3], sum: f64) -> HistogramDataPoint {
    HistogramDataPoint {
        time_unix_nano: seconds * SECOND,
        start_time_unix_nano: (seconds - 10) * SECOND,
        count: counts.iter().sum(),
        sum: Some(sum),
        bucket_counts: counts.to_vec(),
        explicit_bounds: vec![0.005, 10.0],
        ..HistogramDataPoint::default()
    }
}

fn short(lines: &[String]) -> Vec<String> {
    let target = format!("{TARGET}, ");
    lines.iter().map(|line| line.replace(&target, "").replace(SERVICE, "…")).collect()
}

#[test]
fn a_histogram_is_buckets_sum_and_count() {
    for flush in [false, true] {
        let store = Store::new();
        let mut end = histogram_point(30, [0, 0, 0], 0.0);
        (end.flags, end.sum) = (1, None);
        let data_points = vec![histogram_point(10, [1, 2, 3], 50.0), end];
        let histogram = Histogram { data_points, aggregation_temporality: 2 };
        store.send(&request(vec![metric("http.duration", "s", Data::Histogram(histogram))]));
        if flush {
            store.flush();
        }
        let buckets = store.of("http_duration_seconds_bucket");
        assert_eq!(
            short(&buckets),
            [
                "{__name__=\"http_duration_seconds_bucket\", le=\"+Inf\", …} 6@10000 stale@30000",
                "{__name__=\"http_duration_seconds_bucket\", le=\"0.005\", …} 1@10000 stale@30000",
                "{__name__=\"http_duration_seconds_bucket\", le=\"10\", …} 3@10000 stale@30000",
            ]
        );
        assert!(store.of("http_duration_seconds_sum")[0].ends_with("50@10000 stale@30000"));
        assert!(store.of("http_duration_seconds_count")[0].ends_with("6@10000 stale@30000"));
        assert_eq!(store.of("http.duration_bucket").len(), 3);
        assert_eq!(store.of("http_duration_seconds").len(), 0);
        let le = [matcher("le", MatchOp::Equal, "10")];
        assert_eq!(store.select(&le, 0, 90_000).len(), 1);
        assert_eq!(store.view().series(&[le.to_vec()], 0, 90_000).unwrap().len(), 1);
        assert_eq!(store.view().series(&[], 0, 90_000).unwrap().len(), 6);
        let values = store.view().label_values("le", &[], 0, 90_000).unwrap();
        assert_eq!(values.into_iter().collect::<Vec<_>>(), ["+Inf", "0.005", "10"]);
    }
}

#[test]
fn delta_adds_up_and_says_when_it_began() {
    let store = Store::new();
    let delta = |seconds: u64, value| NumberDataPoint {
        start_time_unix_nano: (seconds - 10) * SECOND,
        ..point(seconds, value)
    };
    let sum = |points| Data::Sum(Sum { data_points: points, aggregation_temporality: 1, is_monotonic: true });
    store.send(&request(vec![metric("jobs", "", sum(vec![delta(20, 2.0)]))]));
    store.flush();
    store.send(&request(vec![metric("jobs", "", sum(vec![delta(40, 3.0), delta(30, 1.0)]))]));
    assert!(store.of("jobs_total")[0].ends_with(" 0@10000 2@20000 3@30000 6@40000"), "{:?}", store.of("jobs_total"));
    // The window does not change the values in it.
    let late = store.select(&[Matcher::equal("__name__", "jobs_total")], 35_000, 50_000);
    assert_eq!(late.into_values().next().unwrap(), [(40_000, "6".to_owned())]);
    let histogram = Histogram {
        data_points: vec![histogram_point(10, [1, 0, 0], 1.0), histogram_point(20, [1, 1, 0], 2.0)],
        aggregation_temporality: 1,
    };
    store.send(&request(vec![metric("d", "", Data::Histogram(histogram))]));
    assert!(store.of("d_sum")[0].ends_with("1@10000 3@20000"), "{:?}", store.of("d_sum"));
    assert!(store.of("d_bucket")[1].ends_with("1@10000 2@20000"), "{:?}", store.of("d_bucket"));
}

/// Scenario: a sender changes from delta to cumulative without changing anything else. Guarantees: neither is read as the other, one of
/// the two is shown, and the answer says so.
#[test]
fn delta_and_cumulative_of_one_name_are_not_mixed() {
    let store = Store::new();
    let sum = |temporality, value| {
        let data_points = vec![NumberDataPoint { start_time_unix_nano: SECOND, ..point(20, value) }];
        Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic: true })
    };
    store.send(&request(vec![metric("jobs", "", sum(2, 100.0)), metric("jobs", "", sum(1, 3.0))]));
    let matchers = [Matcher::equal("__name__", "jobs_total")];
    let mut shown = Vec::new();
    let selection = Selection { matchers: &matchers, start_ms: 0, end_ms: 60_000, by: None };
    let report = store.view().select(&selection, &mut |series| {
        shown.push(series.values.to_vec());
        Ok(())
    });
    assert!(shown == [vec![100.0]] || shown == [vec![0.0, 3.0]], "{shown:?}");
    let warnings = report.unwrap().warnings;
    assert!(warnings[0].starts_with("1 series were left out because metrics of different kinds"), "{warnings:?}");
}

#[test]
fn an_exponential_histogram_is_a_native_one() {
    let store = Store::new();
    let buckets = |offset, counts: &[u64]| Some(Buckets { offset, bucket_counts: counts.to_vec() });
    let point = |scale, seconds: u64| ExponentialHistogramDataPoint {
        time_unix_nano: seconds * SECOND,
        count: 7,
        sum: Some(2.0),
        scale,
        zero_count: 1,
        positive: buckets(4, &[1, 2, 0, 3]),
        ..ExponentialHistogramDataPoint::default()
    };
    let send = |name: &str, temporality, points: Vec<ExponentialHistogramDataPoint>| {
        let data = ExponentialHistogram { data_points: points, aggregation_temporality: temporality };
        store.send(&request(vec![metric(name, "s", Data::ExponentialHistogram(data))]));
    };
    send("a", 2, vec![point(3, 10)]);
    let found = store.of("a_seconds");
    for part in
        ["schema: 3", "positive: [(5, 1.0), (6, 2.0), (8, 3.0)]", "zero_threshold: 1e-128", "count: 7.0", "sum: 2.0"]
    {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
    // Finer than Prometheus has: merged down to 8, four buckets into one.
    send("b", 2, vec![point(10, 10)]);
    assert!(
        store.of("b_seconds")[0].contains("schema: 8") && store.of("b_seconds")[0].contains("positive: [(2, 6.0)]")
    );
    send("c", 1, vec![point(3, 10), point(2, 20)]);
    let found = &store.of("c_seconds")[0];
    assert!(found.contains("schema: 2") && found.contains("count: 14.0") && found.contains("sum: 4.0"), "{found}");
}

#[test]
fn a_summary_has_quantiles() {
    let store = Store::new();
    let quantile = |quantile, value| ValueAtQuantile { quantile, value };
    let quantile_values = vec![quantile(0.5, 1.0), quantile(0.99, 4.0)];
    let point =
        SummaryDataPoint { time_unix_nano: SECOND, count: 3, sum: 6.0, quantile_values, ..SummaryDataPoint::default() };
    store.send(&request(vec![metric("s", "", Data::Summary(Summary { data_points: vec![point] }))]));
    assert_eq!(store.of("s").len(), 2);
    assert!(store.of("s")[1].contains("quantile=\"0.99\"") && store.of("s")[1].ends_with("4@1000"));
    assert!(store.of("s_count")[0].ends_with("3@1000") && store.of("s_sum")[0].ends_with("6@1000"));
}

#[test]
fn exemplars_stand_at_the_bucket_that_they_fell_into() {
    let store = Store::new();
    let mut point = histogram_point(20, [1, 1, 0], 1.0);
    point.exemplars = vec![Exemplar {
        time_unix_nano: 15 * SECOND,
        trace_id: vec![7; 16],
        span_id: vec![8; 8],
        value: Some(exemplar::Value::AsDouble(0.5)),
        filtered_attributes: vec![text_attribute("user", "u1"), text_attribute("long", &"x".repeat(200))],
    }];
    let mut repeated = point.clone();
    repeated.time_unix_nano = 30 * SECOND;
    let histogram = Histogram { data_points: vec![point, repeated], aggregation_temporality: 2 };
    store.send(&request(vec![metric("h", "", Data::Histogram(histogram))]));
    let matchers = [Matcher::equal("__name__", "h_bucket")];
    let (found, is_cut) = store.view().exemplars(&[&matchers], 0, 90_000).unwrap();
    assert_eq!((found.len(), is_cut), (1, false));
    assert_eq!(found[0].labels.get("le"), "10");
    let [exemplar] = found[0].exemplars.as_slice() else { panic!("{found:?}") };
    assert_eq!((exemplar.value, exemplar.timestamp_ms), (0.5, 15_000));
    let labels: Vec<_> = exemplar.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        labels,
        [format!("trace_id={}", "07".repeat(16)), format!("span_id={}", "08".repeat(8)), "user=u1".to_owned()]
    );
    assert_eq!(store.view().exemplars(&[&matchers], 20_000, 90_000).unwrap().0, []);
    assert_eq!(names(found.into_iter().map(|series| series.labels)).len(), 1);
}
