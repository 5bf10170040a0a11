//! Arbitrary OTLP requests from a seed: every field, every `AnyValue`, every kind of metric, odd texts and numbers.
//!
//! One seed always gives the same request. Ids and times are such that nothing is rejected.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};

/// A source of arbitrary values.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) state: u64,
    /// What some texts contain, so that a test can find them in the encoded bytes.
    pub(crate) marker: &'static str,
}

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, marker: "" }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, chance: u64) -> bool {
        self.below(chance) == 0
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }

    fn list<T>(&mut self, up_to: u64, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(up_to + 1);
        (0..count).map(|_| item(self)).collect()
    }

    fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(2) { Some(item(self)) } else { None }
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn id(&mut self, length: u64) -> Vec<u8> {
        let mut bytes = self.bytes(length);
        bytes[0] |= 1;
        bytes
    }

    fn optional_id(&mut self, length: u64) -> Vec<u8> {
        if self.one_in(3) { Vec::new() } else { self.id(length) }
    }

    fn text(&mut self) -> String {
        let word = self.pick(
            &[
                "",
                "a",
                "service.name",
                "GET /orders",
                "grüße 😀",
                "\"quoted\\\"",
                "line\nbreak\0",
                "<script>",
                "ok",
                "a much longer text that does not fit into one byte of length ".repeat(3).as_str(),
            ]
            .map(str::to_owned),
        );
        if self.one_in(3) { word + self.marker } else { word }
    }

    fn u32(&mut self) -> u32 {
        let any = self.next() as u32;
        self.pick(&[0, 1, 255, 256, u32::MAX, any])
    }

    fn i32(&mut self) -> i32 {
        let any = self.next() as i32;
        self.pick(&[0, 1, 2, 17, -1, i32::MIN, i32::MAX, any])
    }

    fn u64(&mut self) -> u64 {
        let any = self.next();
        self.pick(&[0, 1, 300, u64::MAX, any])
    }

    fn i64(&mut self) -> i64 {
        let any = self.next() as i64;
        self.pick(&[0, 1, -1, i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, any])
    }

    fn double(&mut self) -> f64 {
        let any = f64::from_bits(self.next());
        // One NaN: texts cannot tell NaNs apart.
        let any = if any.is_nan() { f64::NAN } else { any };
        self.pick(&[0.0, 1.0, 0.1, -1.5e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, any])
    }

    fn time(&mut self) -> u64 {
        let near = 1_700_000_000_000_000_000 + self.below(1_000_000_000_000);
        self.pick(&[0, 1, near, near, near, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX])
    }

    fn any_value(&mut self, depth: u64) -> AnyValue {
        let value = match self.below(if depth == 0 { 7 } else { 9 }) {
            0 | 1 => Some(Value::StringValue(self.text())),
            2 => Some(Value::BoolValue(self.one_in(2))),
            3 => Some(Value::IntValue(self.i64())),
            4 => Some(Value::DoubleValue(self.double())),
            5 => {
                let length = self.below(5);
                Some(Value::BytesValue(self.bytes(length)))
            }
            6 => None,
            7 => Some(Value::ArrayValue(ArrayValue { values: self.list(3, |source| source.any_value(depth - 1)) })),
            _ => Some(Value::KvlistValue(KeyValueList { values: self.list(3, |source| source.key_value(depth - 1)) })),
        };
        AnyValue { value }
    }

    fn key_value(&mut self, depth: u64) -> KeyValue {
        let value = if self.one_in(10) { None } else { Some(self.any_value(depth)) };
        KeyValue { key: self.text(), value, key_strindex: 0 }
    }

    fn attributes(&mut self) -> Vec<KeyValue> {
        self.list(4, |source| source.key_value(3))
    }

    fn resource(&mut self) -> Resource {
        let entity = |source: &mut Self| EntityRef {
            schema_url: source.text(),
            r#type: source.text(),
            id_keys: source.list(2, Self::text),
            description_keys: source.list(2, Self::text),
        };
        Resource {
            attributes: self.attributes(),
            dropped_attributes_count: self.u32(),
            entity_refs: self.list(2, entity),
        }
    }

    fn scope(&mut self) -> InstrumentationScope {
        InstrumentationScope {
            name: self.text(),
            version: self.text(),
            attributes: self.attributes(),
            dropped_attributes_count: self.u32(),
        }
    }

    fn span(&mut self) -> Span {
        Span {
            trace_id: self.id(16),
            span_id: self.id(8),
            trace_state: self.text(),
            parent_span_id: self.optional_id(8),
            flags: self.u32(),
            name: self.text(),
            kind: self.i32(),
            start_time_unix_nano: self.time(),
            end_time_unix_nano: self.time(),
            attributes: self.attributes(),
            dropped_attributes_count: self.u32(),
            events: self.list(3, |source| span::Event {
                time_unix_nano: source.time(),
                name: source.text(),
                attributes: source.attributes(),
                dropped_attributes_count: source.u32(),
            }),
            dropped_events_count: self.u32(),
            links: self.list(2, |source| span::Link {
                trace_id: source.optional_id(16),
                span_id: source.optional_id(8),
                trace_state: source.text(),
                attributes: source.attributes(),
                dropped_attributes_count: source.u32(),
                flags: source.u32(),
            }),
            dropped_links_count: self.u32(),
            status: self.option(|source| Status { message: source.text(), code: source.i32() }),
        }
    }

    pub(crate) fn traces(&mut self) -> ExportTraceServiceRequest {
        let scope_spans = |source: &mut Self| ScopeSpans {
            scope: source.option(Self::scope),
            spans: source.list(4, Self::span),
            schema_url: source.text(),
        };
        let resource_spans = |source: &mut Self| ResourceSpans {
            resource: source.option(Self::resource),
            scope_spans: source.list(3, scope_spans),
            schema_url: source.text(),
        };
        ExportTraceServiceRequest { resource_spans: self.list(3, resource_spans) }
    }

    fn log(&mut self) -> LogRecord {
        LogRecord {
            time_unix_nano: self.time(),
            observed_time_unix_nano: self.time(),
            severity_number: self.i32(),
            severity_text: self.text(),
            body: self.option(|source| source.any_value(3)),
            attributes: self.attributes(),
            dropped_attributes_count: self.u32(),
            flags: self.u32(),
            trace_id: self.optional_id(16),
            span_id: self.optional_id(8),
            event_name: self.text(),
        }
    }

    pub(crate) fn logs(&mut self) -> ExportLogsServiceRequest {
        let scope_logs = |source: &mut Self| ScopeLogs {
            scope: source.option(Self::scope),
            log_records: source.list(4, Self::log),
            schema_url: source.text(),
        };
        let resource_logs = |source: &mut Self| ResourceLogs {
            resource: source.option(Self::resource),
            scope_logs: source.list(3, scope_logs),
            schema_url: source.text(),
        };
        ExportLogsServiceRequest { resource_logs: self.list(3, resource_logs) }
    }

    fn point_time(&mut self) -> u64 {
        self.time().max(1)
    }

    fn exemplars(&mut self) -> Vec<Exemplar> {
        self.list(2, |source| Exemplar {
            filtered_attributes: source.attributes(),
            time_unix_nano: source.time(),
            span_id: source.optional_id(8),
            trace_id: source.optional_id(16),
            value: match source.below(3) {
                0 => None,
                1 => Some(exemplar::Value::AsInt(source.i64())),
                _ => Some(exemplar::Value::AsDouble(source.double())),
            },
        })
    }

    fn number_point(&mut self) -> NumberDataPoint {
        NumberDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.time(),
            time_unix_nano: self.point_time(),
            exemplars: self.exemplars(),
            flags: self.u32(),
            value: match self.below(3) {
                0 => None,
                1 => Some(number_data_point::Value::AsInt(self.i64())),
                _ => Some(number_data_point::Value::AsDouble(self.double())),
            },
        }
    }

    fn histogram_point(&mut self) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.time(),
            time_unix_nano: self.point_time(),
            count: self.u64(),
            sum: self.option(Self::double),
            bucket_counts: self.list(4, Self::u64),
            explicit_bounds: self.list(4, Self::double),
            exemplars: self.exemplars(),
            flags: self.u32(),
            min: self.option(Self::double),
            max: self.option(Self::double),
        }
    }

    fn exponential_point(&mut self) -> ExponentialHistogramDataPoint {
        let buckets = |source: &mut Self| Buckets { offset: source.i32(), bucket_counts: source.list(4, Self::u64) };
        ExponentialHistogramDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.time(),
            time_unix_nano: self.point_time(),
            count: self.u64(),
            sum: self.option(Self::double),
            scale: self.i32(),
            zero_count: self.u64(),
            positive: self.option(buckets),
            negative: self.option(buckets),
            flags: self.u32(),
            exemplars: self.exemplars(),
            min: self.option(Self::double),
            max: self.option(Self::double),
            zero_threshold: self.double(),
        }
    }

    fn summary_point(&mut self) -> SummaryDataPoint {
        SummaryDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.time(),
            time_unix_nano: self.point_time(),
            count: self.u64(),
            sum: self.double(),
            quantile_values: self
                .list(3, |source| ValueAtQuantile { quantile: source.double(), value: source.double() }),
            flags: self.u32(),
        }
    }

    fn metric(&mut self) -> Metric {
        let aggregation_temporality = self.i32();
        let data = match self.below(5) {
            0 => Data::Gauge(Gauge { data_points: self.list(3, Self::number_point) }),
            1 => Data::Sum(Sum {
                data_points: self.list(3, Self::number_point),
                aggregation_temporality,
                is_monotonic: self.one_in(2),
            }),
            2 => {
                Data::Histogram(Histogram { data_points: self.list(3, Self::histogram_point), aggregation_temporality })
            }
            3 => Data::ExponentialHistogram(ExponentialHistogram {
                data_points: self.list(3, Self::exponential_point),
                aggregation_temporality,
            }),
            _ => Data::Summary(Summary { data_points: self.list(3, Self::summary_point) }),
        };
        Metric {
            name: self.text(),
            description: self.text(),
            unit: self.text(),
            metadata: self.attributes(),
            data: if self.one_in(10) { None } else { Some(data) },
        }
    }

    pub(crate) fn metrics(&mut self) -> ExportMetricsServiceRequest {
        let scope_metrics = |source: &mut Self| ScopeMetrics {
            scope: source.option(Self::scope),
            metrics: source.list(4, Self::metric),
            schema_url: source.text(),
        };
        let resource_metrics = |source: &mut Self| ResourceMetrics {
            resource: source.option(Self::resource),
            scope_metrics: source.list(3, scope_metrics),
            schema_url: source.text(),
        };
        ExportMetricsServiceRequest { resource_metrics: self.list(3, resource_metrics) }
    }
}
