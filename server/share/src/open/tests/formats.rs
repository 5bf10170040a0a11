//! Zipkin, Tempo, Python's console exporters: one real-looking example each, read field by field.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::logs::v1::LogsData;
use proptest::prelude::*;
use prost::Message as _;
use serde_json::json;
use telltale_model::SignalKind;

use super::super::{Format, Payload};
use super::open;

pub(super) fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a OtlpValue> {
    attributes.iter().find(|pair| pair.key == key)?.value.as_ref()?.value.as_ref()
}

pub(super) fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match value(attributes, key)? {
        OtlpValue::StringValue(text) => Some(text),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    telltale_model::id::push_hex(&mut out, bytes);
    out
}

/// Scenario: a list of traces as Zipkin's API answers, with a bad span between. Guarantees: fields, endpoints, annotations,
/// the status from the tag `error`; the bad span is named by its path.
#[test]
fn zipkin_v2() {
    let json = br#"[[
      {"traceId":"8448eb211c80319c","id":"b7ad6b7169203331","kind":"SERVER","name":"post /orders","timestamp":1763716443221000,"duration":2310000,
       "localEndpoint":{"serviceName":"shop","ipv4":"10.0.0.1","port":8080},"remoteEndpoint":{"ipv6":"::1"},
       "annotations":[{"timestamp":1763716443222000,"value":"wr"}],"tags":{"http.path":"/orders","error":"card declined"},"shared":true},
      {"traceId":"8448eb211c80319c","id":"not hex"},
      {"traceId":"8448eb211c80319c","parentId":"b7ad6b7169203331","id":"05e3ac9a4f6e3b90","kind":"CLIENT","name":"get","timestamp":1763716443230000,
       "localEndpoint":{"serviceName":"shop"},"remoteEndpoint":{"serviceName":"bank","port":443},"tags":{"error":"true"},"debug":true}
    ]]"#;
    let opened = open(json);
    let spans = opened.spans();
    assert_eq!(spans.len(), 2);
    let (resource, server) = &spans[0];
    assert_eq!(text(&resource.resource.as_ref().unwrap().attributes, "service.name"), Some("shop"));
    assert_eq!(
        (hex(&server.trace_id), hex(&server.span_id)),
        ("00000000000000008448eb211c80319c".into(), "b7ad6b7169203331".into())
    );
    assert_eq!((server.kind, server.start_time_unix_nano), (2, 1_763_716_443_221_000_000));
    assert_eq!(server.end_time_unix_nano - server.start_time_unix_nano, 2_310_000_000);
    let status = server.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "card declined"));
    assert_eq!(text(&server.attributes, "network.local.address"), Some("10.0.0.1"));
    assert_eq!(value(&server.attributes, "network.local.port"), Some(&OtlpValue::IntValue(8_080)));
    assert_eq!(text(&server.attributes, "network.peer.address"), Some("::1"));
    assert_eq!(value(&server.attributes, "zipkin.shared"), Some(&OtlpValue::BoolValue(true)));
    assert_eq!((server.events[0].name.as_str(), server.events[0].time_unix_nano), ("wr", 1_763_716_443_222_000_000));
    let (_, client) = &spans[1];
    assert_eq!((client.kind, client.parent_span_id.as_slice()), (3, server.span_id.as_slice()));
    assert_eq!((text(&client.attributes, "peer.service"), client.status.as_ref().unwrap().code), (Some("bank"), 2));
    assert_eq!(value(&client.attributes, "error"), None, "a plain flag is the status and nothing else");
    assert_eq!(opened.faults.len(), 1);
    assert!(opened.faults[0].starts_with("line 5 (byte"), "{:?}", opened.faults);
    assert!(
        opened.faults[0].ends_with("[0][1].id: \"not hex\" is no id of up to 16 hex digits"),
        "{:?}",
        opened.faults
    );
}

/// Scenario: Tempo's answer with base64 ids and names of enumerations. Guarantees: OTLP/JSON with hex ids comes out.
#[test]
fn tempo_by_id() {
    let json = br#"{"trace":{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"CvdlGRbNQ92ESOshHIAxnA==","spanId":"t61rcWkgMzE=",
        "parentSpanId":"","name":"POST","kind":"SPAN_KIND_SERVER","startTimeUnixNano":"1763716443221000000"}]}]}]},"metrics":{"inspectedBytes":"1"}}"#;
    let opened = open(json);
    assert_eq!(opened.faults, Vec::<String>::new());
    let Payload::Json(bytes) = &opened.parts[0].payload else { panic!("{:?}", opened.parts) };
    let text = String::from_utf8_lossy(bytes);
    assert!(
        text.contains("\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\""),
        "{text}"
    );
    let old = String::from_utf8_lossy(json)
        .replace("resourceSpans", "batches")
        .replace("scopeSpans", "instrumentationLibrarySpans");
    let old = old.strip_prefix("{\"trace\":").unwrap().replace(",\"metrics\":{\"inspectedBytes\":\"1\"}}", "");
    let opened = open(old.as_bytes());
    assert_eq!((opened.faults.len(), opened.parts[0].format), (0, Format::Tempo), "{:?}", opened.faults);
    let Payload::Json(bytes) = &opened.parts[0].payload else { panic!("{:?}", opened.parts) };
    assert!(String::from_utf8_lossy(bytes).starts_with("{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\""));
}

/// Scenario: pretty-printed spans and a log one after another, as a terminal shows them, with a line of the program between.
/// Guarantees: every field; the line is a fault with its number.
#[test]
fn python_console() {
    let printed = br#"{
    "name": "charge",
    "context": {
        "trace_id": "0x0af7651916cd43dd8448eb211c80319c",
        "span_id": "0xb7ad6b7169203331",
        "trace_state": "['{key=vendor, value=1}', '{key=b, value=2}']"
    },
    "kind": "SpanKind.CLIENT",
    "parent_id": "0x05e3ac9a4f6e3b90",
    "start_time": "2025-11-21T09:14:03.221000Z",
    "end_time": "2025-11-21T09:14:03.231001Z",
    "status": {"status_code": "ERROR", "description": "declined"},
    "attributes": {"amount": 12.5, "count": 3, "ok": false, "list": ["a", "b"]},
    "events": [{"name": "exception", "timestamp": "2025-11-21T09:14:03.225000Z", "attributes": {"exception.type": "E"}}],
    "links": [{"context": {"trace_id": "0x4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "0x00f067aa0ba902b7", "trace_state": "[]"}, "attributes": {}}],
    "resource": {"attributes": {"service.name": "pay"}, "schema_url": "https://opentelemetry.io/schemas/1.30.0"}
}
starting
{
    "body": "declined",
    "severity_number": 17,
    "severity_text": "ERROR",
    "attributes": {"order.id": "A-17"},
    "dropped_attributes": 0,
    "timestamp": "2025-11-21T09:14:03.226000Z",
    "observed_timestamp": "2025-11-21T09:14:03.227000Z",
    "trace_id": "0x0af7651916cd43dd8448eb211c80319c",
    "span_id": "0xb7ad6b7169203331",
    "trace_flags": 1,
    "resource": {"attributes": {"service.name": "pay"}, "schema_url": ""}
}"#;
    let opened = open(printed);
    let (envelope, span) = opened.spans().remove(0);
    assert_eq!(envelope.schema_url, "https://opentelemetry.io/schemas/1.30.0");
    assert_eq!(text(&envelope.resource.unwrap().attributes, "service.name"), Some("pay"));
    assert_eq!((span.name.as_str(), span.kind, span.trace_state.as_str()), ("charge", 3, "vendor=1,b=2"));
    assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 10_001_000);
    assert_eq!(hex(&span.parent_span_id), "05e3ac9a4f6e3b90");
    assert_eq!(span.status.unwrap().message, "declined");
    assert_eq!(value(&span.attributes, "amount"), Some(&OtlpValue::DoubleValue(12.5)));
    assert_eq!(value(&span.attributes, "ok"), Some(&OtlpValue::BoolValue(false)));
    assert_eq!((span.events[0].name.as_str(), span.links.len()), ("exception", 1));
    let part = opened.parts.iter().find(|part| part.signal == SignalKind::Logs).unwrap();
    let Payload::Protobuf(bytes) = &part.payload else { panic!("{part:?}") };
    let logs = LogsData::decode(bytes.as_slice()).unwrap();
    let record = &logs.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!((record.severity_number, record.flags, hex(&record.span_id)), (17, 1, "b7ad6b7169203331".to_owned()));
    assert_eq!(opened.faults, ["line 18 (byte 921): \"starting\" is no JSON object"], "{:?}", opened.faults);
}

/// Attributes as texts, by key.
fn texts(attributes: &[KeyValue]) -> std::collections::BTreeMap<&str, &str> {
    attributes.iter().filter_map(|pair| Some((pair.key.as_str(), text(attributes, &pair.key)?))).collect()
}

proptest! {
    /// Scenario: any Zipkin span. Guarantees: ids, times, name, tags and annotations are all there, and nothing else is.
    #[test]
    fn zipkin_loses_nothing(
        ids in (1_u128.., 1_u64.., any::<u64>()), times in (0_u64..9_000_000_000_000_000, 0_u64..9_000_000_000),
        tags in prop::collection::btree_map("t[a-z.]{0,6}", "\\PC{0,12}", 0..5), annotations in prop::collection::vec("\\PC{0,8}", 0..4), name in "\\PC{0,8}",
    ) {
        let (trace, span_id, parent) = ids;
        let written: Vec<_> = annotations.iter().map(|value| json!({"timestamp": times.0, "value": value})).collect();
        let zipkin = json!([{"traceId": format!("{trace:032x}"), "id": format!("{span_id:016x}"), "parentId": format!("{parent:016x}"), "name": name,
            "timestamp": times.0, "duration": times.1, "tags": tags, "annotations": written, "localEndpoint": {"serviceName": "shop"}}]);
        let opened = open(zipkin.to_string().as_bytes());
        prop_assert_eq!(&opened.faults, &Vec::<String>::new());
        let (resource, span) = opened.spans().remove(0);
        prop_assert_eq!((&span.trace_id[..], &span.span_id[..]), (&trace.to_be_bytes()[..], &span_id.to_be_bytes()[..]));
        prop_assert_eq!(span.parent_span_id, if parent == 0 { vec![] } else { parent.to_be_bytes().to_vec() });
        prop_assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (times.0 * 1_000, (times.0 + times.1) * 1_000));
        prop_assert_eq!(texts(&span.attributes), tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect());
        prop_assert_eq!(span.events.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), annotations);
        prop_assert_eq!((span.name, span.status), (name, None));
        let resource = resource.resource.unwrap();
        prop_assert_eq!(texts(&resource.attributes), [("service.name", "shop")].into());
    }

    /// Scenario: any span of Python's console exporter. Guarantees: ids, times to the microsecond, attributes with their types.
    #[test]
    fn the_console_loses_nothing(ids in (1_u128.., 1_u64..), micros in 0_u64..4_000_000_000_000_000, text in "\\PC{0,12}", number in any::<i64>(), float in -1e9..1e9, flag in any::<bool>()) {
        let (trace, span_id) = ids;
        let at = telltale_model::UnixNanos(micros * 1_000).civil();
        let start = format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", at.year, at.month, at.day, at.hour, at.minute, at.second, at.nanosecond / 1_000);
        let printed = json!({"name": text, "context": {"trace_id": format!("0x{trace:032x}"), "span_id": format!("0x{span_id:016x}"), "trace_state": "[]"},
            "kind": "SpanKind.INTERNAL", "parent_id": null, "start_time": start, "end_time": start, "status": {"status_code": "UNSET"},
            "attributes": {"text": text, "number": number, "float": float, "flag": flag}, "events": [], "links": [], "resource": {"attributes": {}, "schema_url": ""}});
        let opened = open(serde_json::to_string_pretty(&printed).unwrap().as_bytes());
        prop_assert_eq!(&opened.faults, &Vec::<String>::new());
        let (_, span) = opened.spans().remove(0);
        prop_assert_eq!((&span.trace_id[..], &span.span_id[..], span.start_time_unix_nano), (&trace.to_be_bytes()[..], &span_id.to_be_bytes()[..], micros * 1_000));
        prop_assert_eq!(value(&span.attributes, "text"), Some(&OtlpValue::StringValue(text)));
        prop_assert_eq!(value(&span.attributes, "number"), Some(&OtlpValue::IntValue(number)));
        prop_assert_eq!(value(&span.attributes, "float"), Some(&OtlpValue::DoubleValue(float)));
        prop_assert_eq!(value(&span.attributes, "flag"), Some(&OtlpValue::BoolValue(flag)));
    }
}
