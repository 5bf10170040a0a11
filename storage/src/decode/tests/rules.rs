//! The rules of decoding, one by one.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use telltale_model::{AttributeValue, SignalKind, UnixNanos};

use crate::decode::limits::{HUGE_ATTRIBUTE_BYTES, MAX_ANY_VALUE_DEPTH, MAX_RECORDS, MAX_REPEATED_BYTES};
use crate::decode::wire::put_bytes;
use crate::decode::{DecodeError, Decoded, Issue, IssueCode, Outcome, decode, repair_utf8};
use crate::encode::{LogColumns, PointColumns, SpanColumns};

const NOW: u64 = 1_700_000_000_000_000_000;
const DAY: u64 = 86_400_000_000_000;

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, key_strindex: 0 }
}

fn service() -> Option<Resource> {
    Some(Resource { attributes: vec![text("service.name", "shop")], ..Resource::default() })
}

fn span(name: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        start_time_unix_nano: NOW - 10,
        end_time_unix_nano: NOW,
        ..Span::default()
    }
}

fn run(signal: SignalKind, payload: Vec<u8>) -> Decoded {
    decode(signal, &Bytes::from(payload), UnixNanos(NOW)).unwrap()
}

fn traces(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: service(), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn logs(log_records: Vec<LogRecord>) -> Vec<u8> {
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: service(), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn metrics(metrics: Vec<Metric>) -> Vec<u8> {
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { resource: service(), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

/// A request whose scope envelope holds these encoded records.
fn raw(records: &[Vec<u8>]) -> Vec<u8> {
    let (mut scope, mut resource, mut request) = (Vec::new(), Vec::new(), Vec::new());
    records.iter().for_each(|record| put_bytes(&mut scope, 2, record));
    put_bytes(&mut resource, 1, &service().unwrap().encode_to_vec());
    put_bytes(&mut resource, 2, &scope);
    put_bytes(&mut request, 1, &resource);
    request
}

fn names(decoded: &Decoded) -> Vec<String> {
    let Some((_, batch)) = decoded.batches.first() else { return Vec::new() };
    let spans = SpanColumns::new(batch).unwrap();
    (0..spans.len()).map(|row| spans.name(row).to_owned()).collect()
}

fn codes(decoded: &Decoded) -> Vec<(IssueCode, Outcome, u64)> {
    decoded.issues.iter().map(|issue| (issue.code, issue.outcome, issue.count)).collect()
}

#[test]
fn a_span_with_a_bad_id_is_rejected_and_its_neighbours_are_kept() {
    let bad_trace = [vec![], vec![0; 16], vec![1; 15], vec![1; 17]];
    let bad_span = [vec![], vec![0; 8], vec![1; 7], vec![1; 9]];
    let mut spans = vec![span("first")];
    spans.extend(bad_trace.map(|trace_id| Span { trace_id, ..span("bad trace") }));
    spans.extend(bad_span.map(|span_id| Span { span_id, ..span("bad span") }));
    spans.push(span("last"));
    let decoded = run(SignalKind::Traces, traces(spans));
    assert_eq!((names(&decoded), decoded.accepted, decoded.rejected), (vec!["first".into(), "last".into()], 2, 8));
    let expected =
        [(IssueCode::InvalidTraceId, Outcome::Rejected, 4), (IssueCode::InvalidSpanId, Outcome::Rejected, 4)];
    assert_eq!(codes(&decoded), expected);
    assert_eq!(decoded.issues[0].message, "span \"bad trace\" has no trace_id");
    assert_eq!(decoded.issues[0].service_name.as_deref(), Some("shop"));
}

#[test]
fn a_malformed_record_costs_only_itself() {
    let mut truncated = span("cut").encode_to_vec();
    truncated.truncate(truncated.len() - 3);
    let mut event = Vec::new();
    put_bytes(&mut event, 11, &[0x0a, 0xff]);
    let good = span("good").encode_to_vec();
    let decoded = run(SignalKind::Traces, raw(&[truncated, good.clone(), event, good]));
    assert_eq!((decoded.accepted, decoded.rejected), (2, 2));
    assert_eq!(codes(&decoded), [(IssueCode::MalformedRecord, Outcome::Rejected, 2)]);
    let message = &decoded.issues[0].message;
    assert!(message.starts_with("a span at byte ") && message.contains("ends inside a field"), "{message}");
}

#[test]
fn broken_framing_fails_the_request_with_the_offset() {
    let mut payload = traces(vec![span("a")]);
    let end = payload.len();
    payload.extend([0x0a, 0x7f, 0x00]);
    let error = decode(SignalKind::Traces, &Bytes::from(payload), UnixNanos(NOW)).unwrap_err();
    let DecodeError::Malformed { offset, what } = error else { panic!("{error}") };
    assert_eq!((offset, what.as_str()), (end + 1, "request: the message ends inside a field"));
    let error = decode(SignalKind::Traces, &Bytes::from_static(b"{\"resourceSpans\":[]}"), UnixNanos(NOW)).unwrap_err();
    assert!(error.to_string().starts_with("this is not an OTLP request: at byte"), "{error}");
}

/// An attribute of `levels` arrays and a value inside.
fn deep(levels: usize) -> KeyValue {
    let mut value = AnyValue { value: Some(Value::IntValue(1)) };
    for _ in 1..levels {
        value = AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![value] })) };
    }
    KeyValue { key: "deep".into(), value: Some(value), key_strindex: 0 }
}

#[test]
fn a_value_nested_too_deep_costs_its_record_and_the_deepest_allowed_comes_back() {
    let with = |levels| Span { attributes: vec![deep(levels)], ..span("deep") };
    let spans = vec![with(MAX_ANY_VALUE_DEPTH), with(MAX_ANY_VALUE_DEPTH + 1), with(300)];
    let decoded = run(SignalKind::Traces, traces(spans));
    assert_eq!((decoded.accepted, decoded.rejected), (1, 2));
    let mut value = SpanColumns::new(&decoded.batches[0].1).unwrap().tail().attribute(0, "deep").unwrap();
    let mut levels = 1;
    while let AttributeValue::Array(inner) = value {
        value = inner[0].clone();
        levels += 1;
    }
    assert_eq!((levels, value), (MAX_ANY_VALUE_DEPTH, AttributeValue::Int(1)));
    let body = |levels| LogRecord { time_unix_nano: NOW, body: deep(levels).value, ..LogRecord::default() };
    let decoded = run(SignalKind::Logs, logs(vec![body(MAX_ANY_VALUE_DEPTH), body(300)]));
    assert_eq!((decoded.accepted, decoded.rejected), (1, 1));
}

#[test]
fn a_broken_resource_costs_its_own_records_only() {
    let mut broken = Vec::new();
    put_bytes(&mut broken, 1, &[0x0a, 0x05]);
    let mut scope = Vec::new();
    put_bytes(&mut scope, 2, &span("below").encode_to_vec());
    put_bytes(&mut broken, 2, &scope);
    let mut payload = Vec::new();
    put_bytes(&mut payload, 1, &broken);
    payload.extend(traces(vec![span("other")]));
    let decoded = run(SignalKind::Traces, payload);
    assert_eq!((names(&decoded), decoded.rejected), (vec!["other".into()], 1));
}

#[test]
fn an_envelope_may_follow_its_records() {
    let (mut scope, mut resource, mut payload) = (Vec::new(), Vec::new(), Vec::new());
    put_bytes(&mut scope, 2, &span("early").encode_to_vec());
    put_bytes(&mut resource, 2, &scope);
    put_bytes(&mut resource, 1, &service().unwrap().encode_to_vec());
    put_bytes(&mut payload, 1, &resource);
    let decoded = run(SignalKind::Traces, payload);
    let spans = SpanColumns::new(&decoded.batches[0].1).unwrap();
    assert_eq!(spans.tail().service_name(0), Some("shop"));
}

#[test]
fn odd_spans_are_kept_and_told() {
    let at = |start, end| Span { start_time_unix_nano: start, end_time_unix_nano: end, ..span("odd") };
    let cases = [
        (at(0, NOW), Some(IssueCode::SpanTimeZero)),
        (at(NOW, 0), Some(IssueCode::SpanTimeZero)),
        (at(NOW, NOW - 1), Some(IssueCode::EndBeforeStart)),
        (at(NOW - 30 * DAY, NOW), None),
        (at(NOW - 30 * DAY - 1, NOW), Some(IssueCode::LongSpan)),
        (at(u64::MAX, u64::MAX), Some(IssueCode::TimeOutOfRange)),
        (at(NOW + DAY / 24, NOW + DAY / 24), None),
        (at(NOW + DAY / 24 + 1, NOW + DAY / 24 + 1), Some(IssueCode::ClockAhead)),
        (Span { parent_span_id: vec![2; 8], ..span("odd") }, Some(IssueCode::SelfParent)),
        (Span { parent_span_id: vec![2; 7], ..span("odd") }, Some(IssueCode::InvalidParentSpanId)),
        (Span { parent_span_id: vec![0; 8], ..span("odd") }, None),
        (
            Span { attributes: vec![text("a", "1"), text("a", "2")], ..span("odd") },
            Some(IssueCode::DuplicateAttributeKey),
        ),
        (
            Span { attributes: vec![text("a", &"x".repeat(HUGE_ATTRIBUTE_BYTES))], ..span("odd") },
            Some(IssueCode::HugeAttribute),
        ),
        (
            Span { attributes: vec![KeyValue { key_strindex: 3, ..text("a", "1") }], ..span("odd") },
            Some(IssueCode::StringTableReference),
        ),
        (Span { kind: 99, flags: u32::MAX, ..span("unknown numbers") }, None),
    ];
    for (span, code) in cases {
        let (start, end, kind) = (span.start_time_unix_nano, span.end_time_unix_nano, span.kind);
        let decoded = run(SignalKind::Traces, traces(vec![span]));
        let expected: Vec<_> = code.map(|code| (code, Outcome::Odd, 1)).into_iter().collect();
        assert_eq!((codes(&decoded), decoded.accepted), (expected, 1), "{:?}", decoded.issues);
        let columns = SpanColumns::new(&decoded.batches[0].1).unwrap();
        assert_eq!(columns.start_time_unix_nano(0), UnixNanos(start));
        assert_eq!((columns.end_time_unix_nano(0), columns.kind(0)), (UnixNanos(end), kind));
    }
}

#[test]
fn a_missing_service_name_is_told_once_a_resource() {
    let scope_spans = vec![ScopeSpans { spans: vec![span("a"), span("b")], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource: None, scope_spans, ..ResourceSpans::default() }];
    let decoded = run(SignalKind::Traces, ExportTraceServiceRequest { resource_spans }.encode_to_vec());
    assert_eq!(codes(&decoded), [(IssueCode::MissingServiceName, Outcome::Odd, 1)]);
}

#[test]
fn a_log_with_bad_ids_is_kept_without_them() {
    let log = |trace_id, span_id| LogRecord { time_unix_nano: NOW, trace_id, span_id, ..LogRecord::default() };
    let records = vec![
        log(vec![1; 16], vec![1; 8]),
        log(vec![], vec![]),
        log(vec![0; 16], vec![0; 8]),
        log(vec![1; 16], vec![1; 3]),
        log(vec![1; 32], vec![]),
    ];
    let decoded = run(SignalKind::Logs, logs(records));
    assert_eq!((decoded.accepted, codes(&decoded)), (5, vec![(IssueCode::InvalidLogIds, Outcome::Odd, 3)]));
    let columns = LogColumns::new(&decoded.batches[0].1).unwrap();
    let ids: Vec<_> = (0..5).map(|row| (columns.trace_id(row).is_some(), columns.span_id(row).is_some())).collect();
    assert_eq!(ids, [(true, true), (false, false), (false, false), (true, false), (false, false)]);
}

#[test]
fn the_time_of_a_log_falls_back_to_observed_and_to_arrival() {
    let log =
        |time, observed| LogRecord { time_unix_nano: time, observed_time_unix_nano: observed, ..LogRecord::default() };
    let decoded = run(SignalKind::Logs, logs(vec![log(5, 7), log(0, 7), log(0, 0), log(u64::MAX, 0)]));
    let columns = LogColumns::new(&decoded.batches[0].1).unwrap();
    let times: Vec<_> = (0..4).map(|row| (columns.time(row).0, columns.time_unix_nano(row).0)).collect();
    assert_eq!(times, [(5, 5), (7, 0), (NOW, 0), (i64::MAX as u64, u64::MAX)]);
    assert_eq!(
        codes(&decoded),
        [(IssueCode::LogWithoutTime, Outcome::Odd, 1), (IssueCode::TimeOutOfRange, Outcome::Odd, 1)]
    );
}

#[test]
fn bodies_are_searchable_text_whatever_their_type() {
    let list = Value::ArrayValue(ArrayValue {
        values: vec![
            AnyValue { value: Some(Value::IntValue(1)) },
            AnyValue { value: Some(Value::DoubleValue(f64::NAN)) },
        ],
    });
    let bodies = [
        (None, None),
        (Some(None), None),
        (Some(Some(Value::StringValue(String::new()))), Some("")),
        (Some(Some(Value::StringValue("as is \"".into()))), Some("as is \"")),
        (Some(Some(Value::BoolValue(true))), Some("true")),
        (Some(Some(Value::BytesValue(vec![1, 255]))), Some("\"01ff\"")),
        (Some(Some(list)), Some("[1,\"NaN\"]")),
    ];
    for (body, expected) in bodies {
        let body = body.map(|value| AnyValue { value });
        let decoded =
            run(SignalKind::Logs, logs(vec![LogRecord { time_unix_nano: NOW, body, ..LogRecord::default() }]));
        assert_eq!(LogColumns::new(&decoded.batches[0].1).unwrap().body_text(0), expected);
    }
}

#[test]
fn a_point_without_time_is_rejected_in_every_kind() {
    let times = [0, NOW];
    let data = [
        Data::Gauge(Gauge {
            data_points: times.map(|time_unix_nano| NumberDataPoint { time_unix_nano, ..Default::default() }).to_vec(),
        }),
        Data::Sum(Sum {
            data_points: times.map(|time_unix_nano| NumberDataPoint { time_unix_nano, ..Default::default() }).to_vec(),
            ..Default::default()
        }),
        Data::Histogram(Histogram {
            data_points: times
                .map(|time_unix_nano| HistogramDataPoint { time_unix_nano, ..Default::default() })
                .to_vec(),
            ..Default::default()
        }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: times
                .map(|time_unix_nano| ExponentialHistogramDataPoint { time_unix_nano, ..Default::default() })
                .to_vec(),
            ..Default::default()
        }),
        Data::Summary(Summary {
            data_points: times.map(|time_unix_nano| SummaryDataPoint { time_unix_nano, ..Default::default() }).to_vec(),
        }),
    ];
    for data in data {
        let decoded =
            run(SignalKind::Metrics, metrics(vec![Metric { name: "m".into(), data: Some(data), ..Metric::default() }]));
        assert_eq!((decoded.accepted, decoded.rejected), (1, 1));
        assert_eq!(codes(&decoded), [(IssueCode::PointWithoutTime, Outcome::Rejected, 1)]);
    }
    let decoded = run(SignalKind::Metrics, metrics(vec![Metric { name: "empty".into(), ..Metric::default() }]));
    assert_eq!(codes(&decoded), [(IssueCode::MetricWithoutData, Outcome::Odd, 1)]);
}

fn gauge(name: &str, attributes: Vec<KeyValue>, time_unix_nano: u64) -> Metric {
    let point = NumberDataPoint { attributes, time_unix_nano, ..NumberDataPoint::default() };
    Metric { name: name.into(), data: Some(Data::Gauge(Gauge { data_points: vec![point] })), ..Metric::default() }
}

fn series(metric: Metric) -> Vec<u8> {
    let decoded = run(SignalKind::Metrics, metrics(vec![metric]));
    PointColumns::new(&decoded.batches[0].1).unwrap().series_id(0).to_vec()
}

#[test]
fn a_series_is_what_stays_the_same_between_points() {
    let (a, b) = (text("a", "1"), text("b", "2"));
    let first = series(gauge("m", vec![a.clone(), b.clone()], 1));
    assert_eq!(first, series(gauge("m", vec![b.clone(), a.clone()], 2)));
    assert_ne!(first, series(gauge("n", vec![a.clone(), b.clone()], 1)));
    assert_ne!(first, series(gauge("m", vec![a.clone()], 1)));
    assert_ne!(first, series(Metric { unit: "s".into(), ..gauge("m", vec![a.clone(), b.clone()], 1) }));
    let described = Metric { description: "words".into(), ..gauge("m", vec![a, b], 1) };
    assert_eq!(first, series(described));
    // Pinned: stored ids must not change between versions.
    let hex: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "f0020c6df16a3e135a93b74dadf6c4eb");
}

#[test]
fn records_of_another_signal_are_recognised() {
    let log = LogRecord { time_unix_nano: NOW, severity_text: "INFO".into(), ..LogRecord::default() };
    let payloads = [
        (SignalKind::Traces, traces(vec![span("a")])),
        (SignalKind::Logs, logs(vec![log])),
        (SignalKind::Metrics, metrics(vec![gauge("m", vec![text("a", "b")], NOW)])),
    ];
    for (sent, payload) in &payloads {
        for signal in SignalKind::ALL.into_iter().filter(|signal| signal != sent) {
            let decoded = run(signal, payload.clone());
            assert_eq!((decoded.accepted, decoded.rejected), (0, 1), "{sent} as {signal}");
            let Issue { code, message, .. } = &decoded.issues[0];
            assert_eq!(*code, IssueCode::WrongSignal, "{sent} as {signal}: {message}");
            assert_eq!(*message, format!("these look like {sent}, sent as {signal}; send them to /v1/{sent}"));
        }
    }
}

#[test]
fn records_and_repeated_names_are_bounded() {
    let record = LogRecord::default().encode_to_vec();
    let decoded = run(SignalKind::Logs, raw(&vec![record; MAX_RECORDS as usize + 2]));
    assert_eq!((decoded.accepted, decoded.rejected), (MAX_RECORDS, 2));
    let point = |time_unix_nano| NumberDataPoint { time_unix_nano, ..NumberDataPoint::default() };
    let data = Some(Data::Gauge(Gauge { data_points: (1..=20).map(point).collect() }));
    let metric = Metric { name: "m".repeat(MAX_REPEATED_BYTES / 10), data, ..Metric::default() };
    let decoded = run(SignalKind::Metrics, metrics(vec![metric]));
    assert_eq!((decoded.accepted, decoded.rejected), (9, 11));
    assert_eq!(codes(&decoded), [(IssueCode::TooMuchRepeatedText, Outcome::Rejected, 11)]);
}

#[test]
fn a_bad_text_in_a_malformed_record_does_not_ask_for_a_repair() {
    let mut bad = span("x").encode_to_vec();
    put_bytes(&mut bad, 5, b"\xff");
    bad.extend([0x38, 0x01]);
    let mut cut = bad.clone();
    cut.push(0x0a);
    let payload = Bytes::from(raw(&[cut, span("good").encode_to_vec()]));
    let decoded = decode(SignalKind::Traces, &payload, UnixNanos(NOW)).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (1, 1));
    assert_eq!(repair_utf8(SignalKind::Traces, &payload), None);
}

#[test]
fn an_empty_request_is_no_fault() {
    for signal in SignalKind::ALL {
        let decoded = run(signal, Vec::new());
        assert_eq!((decoded.accepted, decoded.rejected, decoded.issues, decoded.batches.len()), (0, 0, vec![], 0));
    }
}

/// Scenario: requests of one record. Guarantees: what Arrow says of their memory is in proportion, also where columns without
/// values share their zeros: live readers, which keep whole requests, and query operators are bounded by that number.
#[test]
fn a_small_request_is_small_for_whoever_counts_its_memory() {
    let mut span = span("x");
    span.attributes = vec![text("a", "b")];
    let log = LogRecord { time_unix_nano: NOW, attributes: vec![text("a", "b")], ..LogRecord::default() };
    for (signal, payload) in [(SignalKind::Traces, traces(vec![span])), (SignalKind::Logs, logs(vec![log]))] {
        for (table, batch) in run(signal, payload).batches {
            let bytes = batch.get_array_memory_size();
            assert!(bytes < 256 << 10, "{}: {bytes} bytes", table.name());
        }
    }
}
