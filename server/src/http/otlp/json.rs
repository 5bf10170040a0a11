//! OTLP messages as OTLP/JSON: proto3 JSON with OTLP's own rules.
//!
//! Ids are hex, 64-bit integers are strings, byte strings are base64, enumerations are numbers, fields with their default
//! value are left out and NaN and the infinities are strings. A message that is present but empty is written as `{}`,
//! so that reading the text gives back the same protobuf message. Written straight into one string: a large trace never
//! exists as a tree of JSON values. Metrics are deliberately absent, a trace's document holds none.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, TracesData};
use telltale_model::AttributeValue;
use telltale_model::attribute::write_json_string;
use telltale_model::id::push_hex;

/// Writes spans, logs or both as one JSON object with `resourceSpans` and `resourceLogs`.
///
/// A signal that was asked for stands there even when it is empty.
pub(crate) fn document(traces: Option<&TracesData>, logs: Option<&LogsData>) -> String {
    let mut json = Json::default();
    json.object(|json| {
        if let Some(traces) = traces {
            json.list("resourceSpans", &traces.resource_spans, resource_spans);
        }
        if let Some(logs) = logs {
            json.list("resourceLogs", &logs.resource_logs, resource_logs);
        }
    });
    json.out
}

/// A JSON text in the making; remembers whether the next member or item needs a comma before it.
#[derive(Default)]
struct Json {
    out: String,
    comma: bool,
}

impl Json {
    fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.nest('{', '}', members);
    }

    fn nest(&mut self, open: char, close: char, inner: impl FnOnce(&mut Self)) {
        self.out.push(open);
        self.comma = false;
        inner(self);
        self.out.push(close);
        self.comma = true;
    }

    /// Begins a member or an item.
    fn next(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.next();
        write_json_string(&mut self.out, key);
        self.out.push(':');
    }

    fn string(&mut self, key: &str, text: &str) {
        self.key(key);
        write_json_string(&mut self.out, text);
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.string(key, text);
        }
    }

    fn hex(&mut self, key: &str, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.key(key);
            self.out.push('"');
            push_hex(&mut self.out, bytes);
            self.out.push('"');
        }
    }

    fn number(&mut self, key: &str, value: i64) {
        if value != 0 {
            self.key(key);
            let _infallible = write!(self.out, "{value}");
        }
    }

    fn nanos(&mut self, key: &str, value: u64) {
        if value != 0 {
            self.key(key);
            let _infallible = write!(self.out, "\"{value}\"");
        }
    }

    /// Writes a list of messages, also when it is empty.
    fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.key(key);
        self.nest('[', ']', |json| {
            for item in items {
                json.next();
                json.object(|json| write(json, item));
            }
        });
    }

    /// Writes a list of messages unless it is empty.
    fn repeated<T>(&mut self, key: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        if !items.is_empty() {
            self.list(key, items, write);
        }
    }

    fn message<T>(&mut self, key: &str, message: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        if let Some(message) = message {
            self.key(key);
            self.object(|json| write(json, message));
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.key(key);
            self.nest('[', ']', |json| {
                for text in texts {
                    json.next();
                    write_json_string(&mut json.out, text);
                }
            });
        }
    }
}

fn resource_spans(json: &mut Json, group: &ResourceSpans) {
    json.message("resource", group.resource.as_ref(), resource);
    json.repeated("scopeSpans", &group.scope_spans, scope_spans);
    json.text("schemaUrl", &group.schema_url);
}

fn scope_spans(json: &mut Json, group: &ScopeSpans) {
    json.message("scope", group.scope.as_ref(), scope);
    json.repeated("spans", &group.spans, span);
    json.text("schemaUrl", &group.schema_url);
}

fn resource_logs(json: &mut Json, group: &ResourceLogs) {
    json.message("resource", group.resource.as_ref(), resource);
    json.repeated("scopeLogs", &group.scope_logs, scope_logs);
    json.text("schemaUrl", &group.schema_url);
}

fn scope_logs(json: &mut Json, group: &ScopeLogs) {
    json.message("scope", group.scope.as_ref(), scope);
    json.repeated("logRecords", &group.log_records, log_record);
    json.text("schemaUrl", &group.schema_url);
}

fn resource(json: &mut Json, resource: &Resource) {
    json.repeated("attributes", &resource.attributes, key_value);
    json.number("droppedAttributesCount", resource.dropped_attributes_count.into());
    json.repeated("entityRefs", &resource.entity_refs, entity_ref);
}

fn entity_ref(json: &mut Json, entity: &EntityRef) {
    json.text("schemaUrl", &entity.schema_url);
    json.text("type", &entity.r#type);
    json.texts("idKeys", &entity.id_keys);
    json.texts("descriptionKeys", &entity.description_keys);
}

fn scope(json: &mut Json, scope: &InstrumentationScope) {
    json.text("name", &scope.name);
    json.text("version", &scope.version);
    json.repeated("attributes", &scope.attributes, key_value);
    json.number("droppedAttributesCount", scope.dropped_attributes_count.into());
}

fn span(json: &mut Json, span: &Span) {
    json.hex("traceId", &span.trace_id);
    json.hex("spanId", &span.span_id);
    json.text("traceState", &span.trace_state);
    json.hex("parentSpanId", &span.parent_span_id);
    json.number("flags", span.flags.into());
    json.text("name", &span.name);
    json.number("kind", span.kind.into());
    json.nanos("startTimeUnixNano", span.start_time_unix_nano);
    json.nanos("endTimeUnixNano", span.end_time_unix_nano);
    json.repeated("attributes", &span.attributes, key_value);
    json.number("droppedAttributesCount", span.dropped_attributes_count.into());
    json.repeated("events", &span.events, event);
    json.number("droppedEventsCount", span.dropped_events_count.into());
    json.repeated("links", &span.links, link);
    json.number("droppedLinksCount", span.dropped_links_count.into());
    json.message("status", span.status.as_ref(), status);
}

fn status(json: &mut Json, status: &Status) {
    json.text("message", &status.message);
    json.number("code", status.code.into());
}

fn event(json: &mut Json, event: &Event) {
    json.nanos("timeUnixNano", event.time_unix_nano);
    json.text("name", &event.name);
    json.repeated("attributes", &event.attributes, key_value);
    json.number("droppedAttributesCount", event.dropped_attributes_count.into());
}

fn link(json: &mut Json, link: &Link) {
    json.hex("traceId", &link.trace_id);
    json.hex("spanId", &link.span_id);
    json.text("traceState", &link.trace_state);
    json.repeated("attributes", &link.attributes, key_value);
    json.number("droppedAttributesCount", link.dropped_attributes_count.into());
    json.number("flags", link.flags.into());
}

fn log_record(json: &mut Json, record: &LogRecord) {
    json.nanos("timeUnixNano", record.time_unix_nano);
    json.nanos("observedTimeUnixNano", record.observed_time_unix_nano);
    json.number("severityNumber", record.severity_number.into());
    json.text("severityText", &record.severity_text);
    json.message("body", record.body.as_ref(), any_value);
    json.repeated("attributes", &record.attributes, key_value);
    json.number("droppedAttributesCount", record.dropped_attributes_count.into());
    json.number("flags", record.flags.into());
    json.hex("traceId", &record.trace_id);
    json.hex("spanId", &record.span_id);
    json.text("eventName", &record.event_name);
}

fn key_value(json: &mut Json, pair: &KeyValue) {
    json.string("key", &pair.key);
    json.message("value", pair.value.as_ref(), any_value);
    json.number("keyStrindex", pair.key_strindex.into());
}

/// Writes the member that is set; a value without one stays `{}`.
fn any_value(json: &mut Json, value: &AnyValue) {
    let Some(value) = &value.value else { return };
    match value {
        Value::StringValue(text) => json.string("stringValue", text),
        Value::BoolValue(value) => {
            json.key("boolValue");
            json.out.push_str(if *value { "true" } else { "false" });
        }
        Value::IntValue(value) => {
            json.key("intValue");
            let _infallible = write!(json.out, "\"{value}\"");
        }
        Value::DoubleValue(value) => {
            json.key("doubleValue");
            AttributeValue::Double(*value).write_json(&mut json.out);
        }
        Value::BytesValue(bytes) => {
            json.key("bytesValue");
            json.out.push('"');
            STANDARD.encode_string(bytes, &mut json.out);
            json.out.push('"');
        }
        Value::ArrayValue(array) => json.message("arrayValue", Some(array), |json, array| {
            json.repeated("values", &array.values, any_value);
        }),
        Value::KvlistValue(list) => json.message("kvlistValue", Some(list), |json, list| {
            json.repeated("values", &list.values, key_value);
        }),
        Value::StringValueStrindex(index) => {
            json.key("stringValueStrindex");
            let _infallible = write!(json.out, "{index}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attribute(key: &str, value: Option<Value>) -> KeyValue {
        KeyValue { key: key.into(), value: Some(AnyValue { value }), key_strindex: 0 }
    }

    #[test]
    fn an_empty_document_names_the_signals_that_were_asked_for() {
        assert_eq!(document(Some(&TracesData::default()), None), r#"{"resourceSpans":[]}"#);
        assert_eq!(
            document(Some(&TracesData::default()), Some(&LogsData::default())),
            r#"{"resourceSpans":[],"resourceLogs":[]}"#
        );
    }

    #[test]
    fn every_rule_of_otlp_json_is_kept() {
        let span = Span {
            trace_id: vec![0xab; 16],
            span_id: vec![1; 8],
            start_time_unix_nano: u64::MAX,
            name: "a \"name\"\u{1}".into(),
            kind: 3,
            attributes: vec![
                attribute("empty", None),
                attribute("text", Some(Value::StringValue(String::new()))),
                attribute("nan", Some(Value::DoubleValue(f64::NAN))),
                attribute("minus", Some(Value::DoubleValue(f64::NEG_INFINITY))),
                attribute("int", Some(Value::IntValue(i64::MIN))),
                attribute("bytes", Some(Value::BytesValue(vec![0xff, 0xfe]))),
                attribute("false", Some(Value::BoolValue(false))),
                KeyValue { key: String::new(), value: None, key_strindex: 0 },
            ],
            status: Some(Status::default()),
            ..Span::default()
        };
        let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
        let data = TracesData { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] };
        let read: serde_json::Value = serde_json::from_str(&document(Some(&data), None)).unwrap();
        assert_eq!(
            read["resourceSpans"][0]["scopeSpans"][0]["spans"][0],
            json!({
                "traceId": "abababababababababababababababab", "spanId": "0101010101010101",
                "startTimeUnixNano": "18446744073709551615", "name": "a \"name\"\u{1}", "kind": 3,
                "attributes": [
                    {"key": "empty", "value": {}},
                    {"key": "text", "value": {"stringValue": ""}},
                    {"key": "nan", "value": {"doubleValue": "NaN"}},
                    {"key": "minus", "value": {"doubleValue": "-Infinity"}},
                    {"key": "int", "value": {"intValue": "-9223372036854775808"}},
                    {"key": "bytes", "value": {"bytesValue": "//4="}},
                    {"key": "false", "value": {"boolValue": false}},
                    {"key": ""},
                ],
                "status": {},
            })
        );
    }

    #[test]
    fn nested_values_keep_their_commas() {
        let array = Value::ArrayValue(opentelemetry_proto::tonic::common::v1::ArrayValue {
            values: vec![AnyValue { value: Some(Value::IntValue(1)) }, AnyValue { value: None }],
        });
        let record =
            LogRecord { body: Some(AnyValue { value: Some(array) }), event_name: "e".into(), ..LogRecord::default() };
        let scope_logs = vec![ScopeLogs { log_records: vec![record], schema_url: "s".into(), scope: None }];
        let logs = LogsData { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] };
        assert_eq!(
            document(None, Some(&logs)),
            concat!(
                r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":["#,
                r#"{"body":{"arrayValue":{"values":[{"intValue":"1"},{}]}},"eventName":"e"}"#,
                r#"],"schemaUrl":"s"}]}]}"#
            )
        );
    }
}
