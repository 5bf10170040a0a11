//! Jaeger's JSON: whatever it carries comes out as OTLP, for any trace.

use base64::Engine as _;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::formats::{text, value};
use super::open;

/// A tag as Jaeger writes it and the value that it means.
fn tag() -> impl Strategy<Value = (Value, OtlpValue)> {
    let typed = |kind: &str, value: Value| json!({"type": kind, "value": value});
    prop_oneof![
        "\\PC{0,12}".prop_map(move |text| (typed("string", json!(text)), OtlpValue::StringValue(text))),
        any::<bool>().prop_map(move |flag| (typed("bool", json!(flag)), OtlpValue::BoolValue(flag))),
        any::<i64>().prop_map(move |number| (typed("int64", json!(number)), OtlpValue::IntValue(number))),
        any::<i64>().prop_map(move |number| (typed("int64", json!(number.to_string())), OtlpValue::IntValue(number))),
        (-1e9..1e9).prop_map(move |float: f64| (typed("float64", json!(float)), OtlpValue::DoubleValue(float))),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(move |bytes| {
            let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
            (typed("binary", json!(text)), OtlpValue::BytesValue(bytes))
        }),
    ]
}

fn named(tags: &[(Value, OtlpValue)]) -> (Vec<Value>, Vec<(String, OtlpValue)>) {
    let key = |at: usize| format!("tag.{at}");
    let written = tags.iter().enumerate().map(|(at, (tag, _))| {
        let mut tag = tag.clone();
        tag["key"] = json!(key(at));
        tag
    });
    (written.collect(), tags.iter().enumerate().map(|(at, (_, value))| (key(at), value.clone())).collect())
}

fn pairs(attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Vec<(String, OtlpValue)> {
    attributes
        .iter()
        .map(|pair| match &pair.value {
            Some(AnyValue { value: Some(value) }) => (pair.key.clone(), value.clone()),
            _ => panic!("{pair:?} has no value"),
        })
        .collect()
}

proptest! {
    /// Scenario: any span with typed tags, logs and references. Guarantees: ids, times, tags with their types, logs, the
    /// parent and the links are all there, and nothing else is.
    #[test]
    fn nothing_is_lost(
        ids in (1_u128.., 1_u64.., 1_u64..),
        times in (0_u64..9_000_000_000_000_000, 0_u64..9_000_000_000),
        tags in prop::collection::vec(tag(), 0..6),
        fields in prop::collection::vec(tag(), 0..4),
        process in prop::collection::vec(tag(), 0..4),
        references in prop::collection::vec((any::<bool>(), any::<bool>(), 1_u64..), 0..4),
        name in "\\PC{0,10}",
    ) {
        let (trace, span_id, other) = ids;
        let reference = |(child, same, span): &(bool, bool, u64)| json!({
            "refType": if *child { "CHILD_OF" } else { "FOLLOWS_FROM" },
            "traceID": if *same { format!("{trace:x}") } else { format!("{other:x}") }, "spanID": format!("{span:x}"),
        });
        let ((tags, tag_values), (fields, field_values), (process, process_values)) = (named(&tags), named(&fields), named(&process));
        let json = json!({"data": [{"traceID": format!("{trace:x}"), "processes": {"p1": {"serviceName": "shop", "tags": process}}, "warnings": null, "spans": [{
            "traceID": format!("{trace:x}"), "spanID": format!("{span_id:x}"), "operationName": name, "flags": 1, "processID": "p1",
            "references": references.iter().map(reference).collect::<Vec<_>>(), "startTime": times.0, "duration": times.1,
            "tags": tags, "logs": [{"timestamp": times.0, "fields": fields}], "warnings": null,
        }]}], "total": 0, "errors": null});
        let opened = open(json.to_string().as_bytes());
        prop_assert_eq!(&opened.faults, &Vec::<String>::new());
        let (resource, span) = opened.spans().remove(0);
        prop_assert_eq!(&span.trace_id[..], &trace.to_be_bytes()[..]);
        prop_assert_eq!(&span.span_id[..], &span_id.to_be_bytes()[..]);
        prop_assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (times.0 * 1_000, (times.0 + times.1) * 1_000));
        prop_assert_eq!((span.name, span.flags), (name, 1));
        prop_assert_eq!(pairs(&span.attributes), tag_values);
        prop_assert_eq!((span.events.len(), span.events[0].time_unix_nano), (1, times.0 * 1_000));
        prop_assert_eq!(pairs(&span.events[0].attributes), field_values);
        let of_resource = pairs(&resource.resource.unwrap().attributes);
        prop_assert_eq!(&of_resource[0], &("service.name".to_owned(), OtlpValue::StringValue("shop".into())));
        prop_assert_eq!(&of_resource[1..], &process_values[..]);
        // The other trace may have the same id by chance; then its references count as ours.
        let here = |same: bool| same || u128::from(other) == trace;
        let parent = references.iter().position(|(child, same, _)| *child && here(*same))
            .or_else(|| references.iter().position(|(_, same, _)| here(*same)));
        let wanted = parent.map(|at| references[at].2.to_be_bytes().to_vec()).unwrap_or_default();
        prop_assert_eq!(span.parent_span_id, wanted);
        let links: Vec<Vec<u8>> = span.links.iter().map(|link| link.span_id.clone()).collect();
        let others = references.iter().enumerate().filter(|(at, _)| Some(*at) != parent);
        prop_assert_eq!(links, others.map(|(_, (_, _, span))| span.to_be_bytes().to_vec()).collect::<Vec<_>>());
    }
}

/// Scenario: the tags that OTLP has fields for. Guarantees: they are in the fields, once.
#[test]
fn tags_become_fields() {
    let json = br#"{"data":[{"traceID":"8448eb211c80319c","spans":[{"traceID":"8448eb211c80319c","spanID":"1","operationName":"charge","startTime":1763716443221000,
      "duration":1,"processID":"p1","tags":[{"key":"span.kind","type":"string","value":"client"},{"key":"error","type":"bool","value":true},
      {"key":"otel.status_description","type":"string","value":"declined"},{"key":"w3c.tracestate","type":"string","value":"a=1"},
      {"key":"otel.scope.name","type":"string","value":"lib"},{"key":"otel.scope.version","type":"string","value":"2"}],
      "logs":[{"timestamp":1763716443221500,"fields":[{"key":"event","type":"string","value":"retry"},{"key":"n","type":"int64","value":2}]}],
      "warnings":["clock skew"]}],
      "processes":{"p1":{"serviceName":"pay","tags":[{"key":"hostname","type":"string","value":"pod-1"}]}}}]}"#;
    let opened = open(json);
    assert_eq!(opened.faults, Vec::<String>::new());
    let (resource, span) = opened.spans().remove(0);
    let scope = resource.scope_spans[0].scope.as_ref().unwrap();
    assert_eq!((scope.name.as_str(), scope.version.as_str()), ("lib", "2"));
    assert_eq!((span.kind, span.trace_state.as_str()), (3, "a=1"));
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "declined"));
    assert_eq!(span.attributes.len(), 1, "{:?}", span.attributes);
    assert!(value(&span.attributes, "jaeger.warnings").is_some());
    assert_eq!((span.events[0].name.as_str(), span.events[0].attributes.len()), ("retry", 1));
    assert_eq!(text(&resource.resource.unwrap().attributes, "host.name"), Some("pod-1"));
}

/// Scenario: one span with a bad tag, one with a bad id, one whole, and a trace whose list breaks. Guarantees: the whole one
/// is found, each fault has its path.
#[test]
fn a_bad_span_costs_itself() {
    let json = br#"{"data":[{"traceID":"1","spans":[
      {"traceID":"1","spanID":"2","operationName":"a","startTime":1,"tags":[{"key":"n","type":"int64","value":"many"}]},
      {"traceID":"1","spanID":"zz","startTime":1},
      {"traceID":"1","spanID":"3","operationName":"good","startTime":1},
      {"traceID":"1","spanID":"4","startTime":"soon"}],"processes":{}}]}"#;
    let opened = open(json);
    assert_eq!(opened.spans().len(), 1);
    let ends = [
        "data[0].spans[0].tags[0].value: \"many\" is no int64",
        "data[0].spans[1].spanID: \"zz\" is no id of up to 16 hex digits",
        "data[0].spans[3].startTime: \"\\\"soon\\\"\" is no number of microseconds",
    ];
    assert_eq!(opened.faults.len(), 3, "{:?}", opened.faults);
    for (fault, end) in opened.faults.iter().zip(ends) {
        assert!(fault.ends_with(end), "{fault}");
    }
}
