//! Which signal a request holds that was sent to `/` instead of `/v1/traces`, `/v1/metrics` or `/v1/logs`.
//!
//! All three requests have the same outer fields, so that protobuf is told apart by the wire types of the first
//! record's fields. Only for that one mistake: on the right paths nothing is guessed.

use telltale_model::SignalKind;

/// Protobuf wire type of varints.
const VARINT: u64 = 0;
/// Protobuf wire type of eight bytes.
const FIXED_64: u64 = 1;
/// Protobuf wire type of a length and bytes.
const LEN: u64 = 2;
/// Protobuf wire type of four bytes.
const FIXED_32: u64 = 5;

/// Guesses from JSON: the name of the outer member decides.
#[must_use]
pub fn json(body: &[u8]) -> Option<SignalKind> {
    let members: std::collections::HashMap<String, serde::de::IgnoredAny> = serde_json::from_slice(body).ok()?;
    [
        (SignalKind::Traces, ["resourceSpans", "resource_spans"]),
        (SignalKind::Metrics, ["resourceMetrics", "resource_metrics"]),
        (SignalKind::Logs, ["resourceLogs", "resource_logs"]),
    ]
    .into_iter()
    .find_map(|(signal, names)| names.iter().any(|name| members.contains_key(*name)).then_some(signal))
}

/// Guesses from protobuf; `None` when the request has no record, or none that tells.
#[must_use]
pub fn protobuf(body: &[u8]) -> Option<SignalKind> {
    let envelopes = messages(body, 1);
    let scopes = envelopes.flat_map(|envelope| messages(envelope, 2));
    scopes.flat_map(|scope| messages(scope, 2)).find_map(signal_of_record)
}

/// Judges one Span, Metric or LogRecord by the wire types of its fields.
fn signal_of_record(record: &[u8]) -> Option<SignalKind> {
    let fields: Vec<(u64, u64)> = Fields(record).map(|field| (field.number, field.wire_type)).collect();
    let has = |number, wire_type| fields.contains(&(number, wire_type));
    // Span.start_time_unix_nano and end_time_unix_nano.
    if has(7, FIXED_64) || has(8, FIXED_64) {
        return Some(SignalKind::Traces);
    }
    // LogRecord.time_unix_nano, observed_time_unix_nano and severity_number.
    if has(1, FIXED_64) || has(11, FIXED_64) || has(2, VARINT) {
        return Some(SignalKind::Logs);
    }
    // Metric.name with one of its five kinds of data; Span.trace_id with a span_id of eight bytes and no times.
    if has(1, LEN) && [5, 7, 9, 10, 11].iter().any(|kind| has(*kind, LEN)) && !has(16, FIXED_32) {
        return Some(SignalKind::Metrics);
    }
    None
}

/// One field of a message.
struct Field<'a> {
    number: u64,
    wire_type: u64,
    /// The content of a field with a length, empty for others.
    content: &'a [u8],
}

/// Walks the fields of a message; ends at the first byte that is not one.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let key = self.varint()?;
        let (number, wire_type) = (key >> 3, key & 7);
        let content = match wire_type {
            VARINT => {
                self.varint()?;
                &[][..]
            }
            FIXED_64 => self.skip(8)?,
            FIXED_32 => self.skip(4)?,
            LEN => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.skip(length)?
            }
            _ => return None,
        };
        Some(Field { number, wire_type, content })
    }
}

impl<'a> Fields<'a> {
    fn skip(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (content, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(content)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// Returns the sub-messages with a field number.
fn messages(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    let wanted = move |field: &Field<'_>| field.number == number && field.wire_type == LEN;
    Fields(message).filter(wanted).map(|field| field.content)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::metrics::v1::{
        Gauge, Metric, MetricsData, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
    };
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    #[test]
    fn the_first_record_tells_the_signal() {
        let span = Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            name: "n".to_owned(),
            start_time_unix_nano: 1,
            end_time_unix_nano: 2,
            ..Span::default()
        };
        let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
        let resource = ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() };
        let bytes = TracesData { resource_spans: vec![ResourceSpans::default(), resource] }.encode_to_vec();
        assert_eq!(protobuf(&bytes), Some(SignalKind::Traces));

        for record in [
            LogRecord { time_unix_nano: 5, ..LogRecord::default() },
            LogRecord { observed_time_unix_nano: 5, trace_id: vec![1; 16], ..LogRecord::default() },
            LogRecord { severity_number: 9, ..LogRecord::default() },
        ] {
            let scope = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
            let resource = ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() };
            let bytes = LogsData { resource_logs: vec![resource] }.encode_to_vec();
            assert_eq!(protobuf(&bytes), Some(SignalKind::Logs));
        }

        let gauge = Gauge { data_points: vec![NumberDataPoint::default()] };
        let metric = Metric { name: "m".to_owned(), data: Some(Data::Gauge(gauge)), ..Metric::default() };
        let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
        let resource = ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() };
        let bytes = MetricsData { resource_metrics: vec![resource] }.encode_to_vec();
        assert_eq!(protobuf(&bytes), Some(SignalKind::Metrics));
        assert_eq!(protobuf(&[]), None);
    }

    #[test]
    fn json_is_told_by_its_outer_member() {
        assert_eq!(json(br#"{"resourceLogs":[]}"#), Some(SignalKind::Logs));
        assert_eq!(json(br#"{"resource_spans":[{"a":1}]}"#), Some(SignalKind::Traces));
        assert_eq!(json(br#"{"x":1}"#), None);
        assert_eq!(json(b"[1]"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _signal = protobuf(&bytes);
        }
    }
}
