//! Prometheus series as OTLP metrics that translate back to exactly the same labels, values and staleness markers.
//!
//! * One metric a `__name__`, under the scope [`crate::SCOPE`]: its names and keys are never translated again.
//! * `job` and `instance` are the resource's `service.name` and `service.instance.id`, so that a scraped service is a service
//!   like any other; every other label is an attribute of the point, a text.
//! * A sample is a number point. It belongs to a monotonic cumulative sum where the sender says that it is a counter, else to
//!   a gauge. Parts of a classic histogram stay the series that they are: a half-sent histogram stays half.
//! * A staleness marker is a point with the flag "no recorded value", a NaN of any other kind is that NaN.
//! * A native histogram is an exponential histogram (bucket *i* is OTLP's *i* − 1), one with bounds of its own an explicit one;
//!   a gauge of either kind has no temporality.
//! * An exemplar without a sample at its side hangs on a point without value and without that flag, which is no sample.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    self as otlp, AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::series::{Exemplar, Metadata, NAME, NativeHistogram, Series, is_stale};
use crate::text::is_cumulative;

/// The key under which a metric's metadata keeps the family's type.
pub const TYPE_KEY: &str = "prometheus.type";
/// The key under which a metric's metadata keeps the family's name, where it is not the metric's.
pub const FAMILY_KEY: &str = "prometheus.family";

/// "No recorded value", of `DataPointFlags`.
const NO_RECORDED_VALUE: u32 = 1;

/// The members of `Metric.data` that series become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Data {
    Gauge,
    Sum,
    Exponential { is_gauge: bool },
    Explicit { is_gauge: bool },
}

/// Metrics of one resource, by name and kind.
type Metrics = BTreeMap<(String, Data), Metric>;

/// Returns series as one request. The series must have passed [`Series::checked`].
#[must_use]
pub fn request(series: Vec<Series>) -> ExportMetricsServiceRequest {
    let mut resources: BTreeMap<(String, String), Metrics> = BTreeMap::new();
    for series in series {
        let label = |name| series.label(name).unwrap_or_default().to_owned();
        add(resources.entry((label("job"), label("instance"))).or_default(), series);
    }
    let resource_metrics = resources.into_iter().map(|((job, instance), metrics)| {
        let identity = [("service.name", job), ("service.instance.id", instance)];
        let attributes = identity.into_iter().filter(|(_, value)| !value.is_empty());
        let scope = InstrumentationScope { name: crate::SCOPE.to_owned(), ..InstrumentationScope::default() };
        let metrics = metrics.into_values().collect();
        ResourceMetrics {
            resource: Some(Resource {
                attributes: attributes.map(|(key, value)| key_value(key, value)).collect(),
                ..Resource::default()
            }),
            scope_metrics: vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }
    });
    ExportMetricsServiceRequest { resource_metrics: resource_metrics.collect() }
}

fn add(metrics: &mut Metrics, series: Series) {
    let name = series.name().to_owned();
    let Series { labels, samples, histograms, mut exemplars, metadata, start_ms } = series;
    let is_kept_elsewhere = |name: &str| name == NAME || name == "job" || name == "instance";
    let attributes: Vec<KeyValue> = labels
        .into_iter()
        .filter(|(name, _)| !is_kept_elsewhere(name))
        .map(|(name, value)| key_value(name, value))
        .collect();
    let start = start_ms.map_or(0, nanoseconds);
    for histogram in histograms {
        let data = if histogram.schema == -53 {
            Data::Explicit { is_gauge: histogram.is_gauge }
        } else {
            Data::Exponential { is_gauge: histogram.is_gauge }
        };
        let exemplars = std::mem::take(&mut exemplars).into_iter().map(exemplar).collect();
        let metric = metrics.entry((name.clone(), data)).or_insert_with(|| empty(&name, data, metadata.as_ref()));
        push_histogram(metric, &histogram, (attributes.clone(), exemplars, start));
    }
    let data = if is_cumulative(metadata.as_ref(), &name) { Data::Sum } else { Data::Gauge };
    if samples.is_empty() && exemplars.is_empty() {
        return;
    }
    let metric = metrics.entry((name.clone(), data)).or_insert_with(|| empty(&name, data, metadata.as_ref()));
    let Some(points) = number_points(metric) else { return };
    let point = |time_ms: i64| NumberDataPoint {
        attributes: attributes.clone(),
        start_time_unix_nano: start,
        time_unix_nano: nanoseconds(time_ms),
        ..NumberDataPoint::default()
    };
    if let (true, Some(time_ms)) = (samples.is_empty(), exemplars.iter().map(|exemplar| exemplar.timestamp_ms).max()) {
        points.push(NumberDataPoint { exemplars: exemplars.drain(..).map(exemplar).collect(), ..point(time_ms) });
    }
    for (time_ms, value) in samples {
        let exemplars = std::mem::take(&mut exemplars).into_iter().map(exemplar).collect();
        let point = NumberDataPoint { exemplars, ..point(time_ms) };
        points.push(if is_stale(value) {
            NumberDataPoint { flags: NO_RECORDED_VALUE, ..point }
        } else {
            NumberDataPoint { value: Some(number_data_point::Value::AsDouble(value)), ..point }
        });
    }
}

fn number_points(metric: &mut Metric) -> Option<&mut Vec<NumberDataPoint>> {
    match &mut metric.data {
        Some(metric::Data::Gauge(gauge)) => Some(&mut gauge.data_points),
        Some(metric::Data::Sum(sum)) => Some(&mut sum.data_points),
        _ => None,
    }
}

type Side = (Vec<KeyValue>, Vec<otlp::Exemplar>, u64);

fn push_histogram(metric: &mut Metric, histogram: &NativeHistogram, (attributes, exemplars, start): Side) {
    let is_end = is_stale(histogram.sum);
    let flags = if is_end { NO_RECORDED_VALUE } else { 0 };
    let sum = (!is_end).then_some(histogram.sum);
    let (time_unix_nano, start_time_unix_nano) = (nanoseconds(histogram.timestamp_ms), start);
    match &mut metric.data {
        Some(metric::Data::ExponentialHistogram(all)) => {
            let buckets = |(first, counts): &(i32, Vec<u64>)| {
                let (offset, bucket_counts) = (first.saturating_sub(1), counts.clone());
                (!counts.is_empty())
                    .then_some(otlp::exponential_histogram_data_point::Buckets { offset, bucket_counts })
            };
            all.data_points.push(ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                count: histogram.count,
                sum,
                scale: histogram.schema,
                zero_count: histogram.zero_count,
                zero_threshold: histogram.zero_threshold,
                positive: buckets(&histogram.positive),
                negative: buckets(&histogram.negative),
                flags,
                exemplars,
                ..ExponentialHistogramDataPoint::default()
            });
        }
        Some(metric::Data::Histogram(all)) => all.data_points.push(HistogramDataPoint {
            attributes,
            start_time_unix_nano,
            time_unix_nano,
            count: histogram.count,
            sum,
            bucket_counts: explicit_counts(histogram),
            explicit_bounds: histogram.custom_values.clone(),
            flags,
            exemplars,
            ..HistogramDataPoint::default()
        }),
        _ => {}
    }
}

/// One count a bound and one for the rest.
fn explicit_counts(histogram: &NativeHistogram) -> Vec<u64> {
    let mut counts = vec![0; histogram.custom_values.len() + 1];
    let (first, given) = &histogram.positive;
    for (place, count) in (usize::try_from(*first).unwrap_or(0)..).zip(given) {
        if let Some(slot) = counts.get_mut(place) {
            *slot = *count;
        }
    }
    counts
}

/// A metric without points.
fn empty(name: &str, data: Data, metadata: Option<&Metadata>) -> Metric {
    let temporality = |is_gauge: bool| {
        let kind = if is_gauge { AggregationTemporality::Unspecified } else { AggregationTemporality::Cumulative };
        i32::from(kind)
    };
    let data = match data {
        Data::Gauge => metric::Data::Gauge(Gauge::default()),
        Data::Sum => {
            metric::Data::Sum(Sum { aggregation_temporality: temporality(false), is_monotonic: true, ..Sum::default() })
        }
        Data::Exponential { is_gauge } => metric::Data::ExponentialHistogram(ExponentialHistogram {
            aggregation_temporality: temporality(is_gauge),
            ..ExponentialHistogram::default()
        }),
        Data::Explicit { is_gauge } => metric::Data::Histogram(Histogram {
            aggregation_temporality: temporality(is_gauge),
            ..Histogram::default()
        }),
    };
    let mut metric = Metric { name: name.to_owned(), data: Some(data), ..Metric::default() };
    if let Some(metadata) = metadata {
        metric.description.clone_from(&metadata.help);
        metric.unit.clone_from(&metadata.unit);
        metric.metadata.push(key_value(TYPE_KEY, metadata.kind.as_str()));
        if metadata.family != name && !metadata.family.is_empty() {
            metric.metadata.push(key_value(FAMILY_KEY, metadata.family.as_str()));
        }
    }
    metric
}

fn exemplar(exemplar: Exemplar) -> otlp::Exemplar {
    let mut out = otlp::Exemplar {
        time_unix_nano: nanoseconds(exemplar.timestamp_ms),
        value: Some(exemplar::Value::AsDouble(exemplar.value)),
        ..otlp::Exemplar::default()
    };
    for (name, value) in exemplar.labels {
        match name.as_str() {
            "trace_id" if lower_hex(&value, 32).is_some() => out.trace_id = lower_hex(&value, 32).unwrap_or_default(),
            "span_id" if lower_hex(&value, 16).is_some() => out.span_id = lower_hex(&value, 16).unwrap_or_default(),
            _ => out.filtered_attributes.push(key_value(name, value)),
        }
    }
    out
}

/// Returns the bytes of an id that comes back as the same text.
fn lower_hex(text: &str, digits: usize) -> Option<Vec<u8>> {
    if text.len() != digits || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..digits / 2).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    // An id of zeros is none in OTLP and would not come back.
    bytes.filter(|bytes| bytes.iter().any(|byte| *byte != 0))
}

fn nanoseconds(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds).unwrap_or(0).saturating_mul(1_000_000)
}

fn key_value(key: impl Into<String>, value: impl Into<String>) -> KeyValue {
    let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

#[cfg(test)]
mod tests;
