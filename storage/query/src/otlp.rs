//! Reads the OTLP bytes that stored columns keep: resources, scopes, attribute lists, single values.
//!
//! Bytes that cannot be read (nesting beyond what the protobuf reader takes) are an absent value here, never an error:
//! one odd record must not fail a query over millions. Nothing is written here.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message as _;
use telltale_model::AttributeValue;

/// Returns the attributes of a stored `resource` (the bytes of a `ResourceSpans` without its spans).
pub(crate) fn resource_attributes(bytes: &[u8]) -> Vec<KeyValue> {
    ResourceSpans::decode(bytes).ok().and_then(|envelope| envelope.resource).map_or_else(Vec::new, |r| r.attributes)
}

/// Returns the instrumentation scope of a stored `scope` (the bytes of a `ScopeSpans` without its spans).
pub(crate) fn scope(bytes: &[u8]) -> Option<InstrumentationScope> {
    ScopeSpans::decode(bytes).ok().and_then(|envelope| envelope.scope)
}

/// Returns the entries of a stored `KeyValueList`.
pub(crate) fn key_values(bytes: &[u8]) -> Vec<KeyValue> {
    KeyValueList::decode(bytes).map_or_else(|_| Vec::new(), |list| list.values)
}

/// Returns a stored `AnyValue`.
pub(crate) fn any_value(bytes: &[u8]) -> Option<AttributeValue> {
    AnyValue::decode(bytes).ok().map(attribute_value)
}

/// Turns OTLP's value into ours.
pub(crate) fn attribute_value(value: AnyValue) -> AttributeValue {
    match value.value {
        None | Some(Value::StringValueStrindex(_)) => AttributeValue::Empty,
        Some(Value::StringValue(text)) => AttributeValue::String(text),
        Some(Value::BoolValue(value)) => AttributeValue::Bool(value),
        Some(Value::IntValue(value)) => AttributeValue::Int(value),
        Some(Value::DoubleValue(value)) => AttributeValue::Double(value),
        Some(Value::BytesValue(bytes)) => AttributeValue::Bytes(bytes),
        Some(Value::ArrayValue(array)) => {
            AttributeValue::Array(array.values.into_iter().map(attribute_value).collect())
        }
        Some(Value::KvlistValue(list)) => AttributeValue::Map(
            list.values
                .into_iter()
                .map(|entry| (entry.key, entry.value.map_or(AttributeValue::Empty, attribute_value)))
                .collect(),
        ),
    }
}

/// Returns the text that `attr` shows for a value; none for a value that is not set.
pub(crate) fn text_of(value: &AttributeValue) -> Option<String> {
    match value {
        AttributeValue::Empty => None,
        AttributeValue::Double(value) => Some(double_text(*value)),
        other => Some(other.display()),
    }
}

/// Returns a double as text: the shortest form that reads back equal, `NaN`, `Infinity`, `-Infinity`.
pub(crate) fn double_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    format!("{value:?}")
}
