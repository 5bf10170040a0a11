//! The rules of reading OTLP/JSON, one by one.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use prost::Message as _;
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::decode::{Issue, IssueCode, Outcome, decode, repair_utf8};

use crate::decode::{JsonError, json_to_protobuf};

const GOOD: &str = r#"{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","name":"good"}"#;

fn spans(json: &[&str]) -> String {
    format!(r#"{{"resourceSpans":[{{"resource":{{}},"scopeSpans":[{{"scope":{{}},"spans":[{}]}}]}}]}}"#, json.join(","))
}

fn read(signal: SignalKind, json: &str) -> (Vec<u8>, Vec<Issue>) {
    json_to_protobuf(signal, json.as_bytes()).unwrap()
}

fn names(protobuf: Vec<u8>) -> Vec<String> {
    let request = ExportTraceServiceRequest::decode(Bytes::from(protobuf)).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).map(|span| span.name).collect()
}

#[test]
fn a_fault_in_one_span_costs_that_span_and_is_told_with_its_path() {
    let cases = [
        (r#""spanId":"xyz1""#, "spanId: expected an id of hex digits, found \"xyz1\""),
        (r#""spanId":"abc""#, "spanId: expected an even number of hex digits, found \"abc\""),
        (r#""spanId":12"#, "spanId: expected a string, found a number"),
        (r#""name":{"a":1}"#, "name: expected a string, found an object"),
        (r#""startTimeUnixNano":"-1""#, "startTimeUnixNano: -1 does not fit into this field"),
        (r#""startTimeUnixNano":1.5"#, "startTimeUnixNano: \"1.5\" is no whole number"),
        (r#""kind":"SERVER""#, "kind: \"SERVER\" is no value of this enum"),
        (r#""kind":2147483648"#, "kind: 2147483648 does not fit into this field"),
        (r#""attributes":{"a":"b"}"#, "attributes: expected an array, found an object"),
        (r#""attributes":[{"key":"a","value":"b"}]"#, "attributes[0].value: expected an object, found a string"),
        (
            r#""events":[{},{"attributes":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":true}]}}}]}]"#,
            "events[1].attributes[0].value.arrayValue.values[0].intValue: expected an integer, found a boolean",
        ),
        (
            r#""attributes":[{"key":"a","value":{"bytesValue":"*"}}]"#,
            "attributes[0].value.bytesValue: expected base64, found \"*\"",
        ),
        (
            r#""attributes":[{"key":"a","value":{"doubleValue":"1e999"}}]"#,
            "attributes[0].value.doubleValue: \"1e999\" is no number",
        ),
        (r#""status":{"code":null,"message":7}"#, "status.message: expected a string, found a number"),
    ];
    for (field, message) in cases {
        let bad = format!(r#"{{"traceId":"5b8efff798038103d269b633813fc60c","name":"bad",{field}}}"#);
        let (protobuf, issues) = read(SignalKind::Traces, &spans(&[GOOD, &bad, "[]", GOOD]));
        assert_eq!(names(protobuf), ["good", "good"], "{field}");
        let issue = &issues[0];
        assert_eq!((issue.code, issue.outcome, issue.count), (IssueCode::InvalidJsonField, Outcome::Rejected, 2));
        assert_eq!(issue.message, format!("resourceSpans[0].scopeSpans[0].spans[1].{message}"));
    }
}

#[test]
fn a_fault_in_an_envelope_costs_the_records_below_it_each_counted_once() {
    let envelope = |resource: &str, spans: &str| {
        format!(r#"{{"scopeSpans":[{{"spans":[{spans}]}},{{"spans":[{spans}]}}],"resource":{resource}}}"#)
    };
    let bad_span = r#"{"traceId":"x"}"#;
    let bad = envelope(r#"{"attributes":[{"key":1}]}"#, &format!("{GOOD},{bad_span},{GOOD}"));
    let json = format!(r#"{{"resourceSpans":[{bad},{}]}}"#, envelope("{}", GOOD));
    let (protobuf, issues) = read(SignalKind::Traces, &json);
    assert_eq!(names(protobuf), ["good", "good"]);
    assert_eq!(issues[0].count, 6);
}

#[test]
fn points_of_a_broken_metric_are_counted() {
    let json = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":7,"gauge":{"dataPoints":[{"timeUnixNano":1},{"timeUnixNano":2},{"timeUnixNano":3}]}},
        {"name":"half","sum":{"dataPoints":[{"timeUnixNano":"1","asInt":"x"},{"timeUnixNano":"1","asInt":"5"}]}},
        {"name":"nan","gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":"NaN"}]}}]}]}]}"#;
    let (protobuf, issues) = read(SignalKind::Metrics, json);
    assert_eq!(issues[0].count, 4);
    let request = ExportMetricsServiceRequest::decode(Bytes::from(protobuf)).unwrap();
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    assert_eq!(metrics.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["half", "nan"]);
    let Some(Data::Gauge(gauge)) = &metrics[1].data else { panic!("{metrics:?}") };
    assert!(matches!(gauge.data_points[0].value, Some(number_data_point::Value::AsDouble(value)) if value.is_nan()));
}

#[test]
fn a_log_keeps_its_place_when_its_ids_are_no_hex() {
    let json = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"timeUnixNano":"1","traceId":"not hex","spanId":7,"body":{"stringValue":"kept"}},
        {"timeUnixNano":"1","traceId":"","spanId":null,"body":{"stringValue":"plain"}}]}]}]}"#;
    let (protobuf, issues) = read(SignalKind::Logs, json);
    assert_eq!(issues, []);
    let decoded = decode(SignalKind::Logs, &Bytes::from(protobuf), UnixNanos(10)).unwrap();
    assert_eq!(decoded.accepted, 2);
    let codes: Vec<_> = decoded.issues.iter().map(|issue| (issue.code, issue.count)).collect();
    assert_eq!(codes, [(IssueCode::InvalidLogIds, 1), (IssueCode::MissingServiceName, 1)]);
}

#[test]
fn broken_syntax_fails_the_request_with_the_offset() {
    let cases = [
        ("", 0, "the text ends where a value should be"),
        ("{\"resourceSpans\":[}", 18, "expected a JSON value"),
        ("{\"a\":1,}", 7, "expected a string"),
        ("{\"a\":01}", 6, "expected ',' or '}'"),
        ("{} x", 3, "more text after the end of the request"),
        ("{\"a\":\"\u{1}\"}", 6, "control characters in a string must be escaped"),
        ("{\"a\":tru}", 5, "expected true, false or null"),
    ];
    for (json, offset, message) in cases {
        let error = json_to_protobuf(SignalKind::Traces, json.as_bytes()).unwrap_err();
        assert_eq!(error, JsonError { path: String::new(), offset, message: message.into() }, "{json}");
    }
    let error = json_to_protobuf(SignalKind::Traces, b"[]").unwrap_err();
    assert_eq!(error.message, "expected an object, found an array");
    let error = json_to_protobuf(SignalKind::Traces, br#"{"resourceSpans":{}}"#).unwrap_err();
    assert_eq!((error.path.as_str(), error.offset), ("resourceSpans", 17));
    // A syntax fault after a bad span is still a syntax fault.
    let json = spans(&[r#"{"spanId":1}"#, "{"]);
    assert_eq!(json_to_protobuf(SignalKind::Traces, json.as_bytes()).unwrap_err().path, "");
}

#[test]
fn nothing_and_null_are_empty_requests() {
    for json in ["{}", r#"{"resourceSpans":null}"#, r#"{"resourceSpans":[]}"#, r#"{"resourceSpans":[null]}"#] {
        assert_eq!(read(SignalKind::Traces, json), (vec![], vec![]), "{json}");
    }
}

#[test]
fn depth_is_bounded_as_in_protobuf() {
    let deep = |levels: usize| {
        let open = r#"{"arrayValue":{"values":["#.repeat(levels - 1);
        let value = format!("{open}{{\"intValue\":1}}{}", "]}}".repeat(levels - 1));
        format!(
            r#"{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","attributes":[{{"key":"deep","value":{value}}}]}}"#
        )
    };
    for (levels, kept) in [(64, 1), (65, 0), (100_000, 0)] {
        let (protobuf, issues) = read(SignalKind::Traces, &spans(&[&deep(levels)]));
        let decoded = decode(SignalKind::Traces, &Bytes::from(protobuf), UnixNanos(10)).unwrap();
        assert_eq!((decoded.accepted, decoded.rejected), (kept, 0), "{levels}");
        assert_eq!(issues.iter().map(|issue| issue.count).sum::<u64>(), 1 - kept);
    }
    let unknown = format!(r#"{{"unknown":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(SignalKind::Traces, &unknown), (vec![], vec![]));
}

#[test]
fn a_request_of_another_signal_is_recognised() {
    let json = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]},{"scopeLogs":[{"logRecords":[{}]}]}]}"#;
    let (protobuf, issues) = read(SignalKind::Traces, json);
    assert_eq!((protobuf.len(), issues[0].code, issues[0].count), (0, IssueCode::WrongSignal, 3));
    assert_eq!(issues[0].message, "these look like logs, sent as traces; send them to /v1/logs");
}

#[test]
fn bad_utf_8_goes_the_way_of_protobuf() {
    let mut json = spans(&[GOOD]).into_bytes();
    let place = json.windows(4).position(|window| window == b"good").unwrap();
    json[place] = 0xff;
    let (protobuf, _) = json_to_protobuf(SignalKind::Traces, &json).unwrap();
    let payload = Bytes::from(protobuf);
    assert!(decode(SignalKind::Traces, &payload, UnixNanos(1)).is_err());
    assert_eq!(names(repair_utf8(SignalKind::Traces, &payload).unwrap().to_vec()), ["\u{fffd}ood"]);
}

#[test]
fn nulls_in_lists_keep_places_only_among_values() {
    let json = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1,"attributes":[null],
        "body":{"arrayValue":{"values":[null,{"intValue":"1e3"},null]}}}]}]}]}"#;
    let (protobuf, _) = read(SignalKind::Logs, json);
    let request = ExportLogsServiceRequest::decode(Bytes::from(protobuf)).unwrap();
    let log = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(log.attributes, []);
    let decoded = decode(SignalKind::Logs, &Bytes::from(request.encode_to_vec()), UnixNanos(1)).unwrap();
    let columns = telltale_storage::encode::LogColumns::new(&decoded.batches[0].1).unwrap();
    assert_eq!(columns.body_text(0), Some("[null,1000,null]"));
}
