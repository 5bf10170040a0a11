//! Requests in a form in which two can be compared: records with their envelopes, whatever grouped them.
//!
//! Values are compared as encoded bytes, so that NaN equals itself. Envelopes without records vanish, equal envelopes
//! become one.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message;

/// Encoded envelopes (for metrics also the metric without its points) and the encoded records below them.
pub(crate) type Flat = BTreeMap<Vec<Vec<u8>>, Vec<Vec<u8>>>;

pub(crate) fn spans(list: &[ResourceSpans]) -> Flat {
    let mut flat = Flat::new();
    for resource in list {
        for scope in &resource.scope_spans {
            let outer = ResourceSpans { scope_spans: Vec::new(), ..resource.clone() }.encode_to_vec();
            let inner = ScopeSpans { spans: Vec::new(), ..scope.clone() }.encode_to_vec();
            for span in &scope.spans {
                flat.entry(vec![outer.clone(), inner.clone()]).or_default().push(span.encode_to_vec());
            }
        }
    }
    flat
}

pub(crate) fn logs(list: &[ResourceLogs]) -> Flat {
    let mut flat = Flat::new();
    for resource in list {
        for scope in &resource.scope_logs {
            let outer = ResourceLogs { scope_logs: Vec::new(), ..resource.clone() }.encode_to_vec();
            let inner = ScopeLogs { log_records: Vec::new(), ..scope.clone() }.encode_to_vec();
            for log in &scope.log_records {
                flat.entry(vec![outer.clone(), inner.clone()]).or_default().push(log.encode_to_vec());
            }
        }
    }
    flat
}

pub(crate) fn metrics(list: &[ResourceMetrics]) -> Flat {
    let mut flat = Flat::new();
    for resource in list {
        for scope in &resource.scope_metrics {
            let outer = ResourceMetrics { scope_metrics: Vec::new(), ..resource.clone() }.encode_to_vec();
            let inner = ScopeMetrics { metrics: Vec::new(), ..scope.clone() }.encode_to_vec();
            for metric in &scope.metrics {
                let (head, points) = split(metric);
                if !points.is_empty() {
                    flat.entry(vec![outer.clone(), inner.clone(), head]).or_default().extend(points);
                }
            }
        }
    }
    flat
}

fn split(metric: &Metric) -> (Vec<u8>, Vec<Vec<u8>>) {
    fn take<T: Message>(points: &mut Vec<T>) -> Vec<Vec<u8>> {
        std::mem::take(points).iter().map(Message::encode_to_vec).collect()
    }
    let mut metric = metric.clone();
    let points = match &mut metric.data {
        None => Vec::new(),
        Some(Data::Gauge(data)) => take(&mut data.data_points),
        Some(Data::Sum(data)) => take(&mut data.data_points),
        Some(Data::Histogram(data)) => take(&mut data.data_points),
        Some(Data::ExponentialHistogram(data)) => take(&mut data.data_points),
        Some(Data::Summary(data)) => take(&mut data.data_points),
    };
    (metric.encode_to_vec(), points)
}

pub(crate) fn count(flat: &Flat) -> u64 {
    flat.values().map(|records| records.len() as u64).sum()
}
