//! Attribute values as text and as OTLP bytes.
//!
//! Stored bytes are read by `telltale_storage::encode`, which knows how deep values nest.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use prost::Message as _;
use telltale_model::AttributeValue;

/// Returns the `AnyValue` bytes of a value.
pub(crate) fn any_bytes(value: &AttributeValue) -> Vec<u8> {
    any_value(value).encode_to_vec()
}

fn any_value(value: &AttributeValue) -> AnyValue {
    let value = match value {
        AttributeValue::Empty => None,
        AttributeValue::String(text) => Some(Value::StringValue(text.clone())),
        AttributeValue::Bool(value) => Some(Value::BoolValue(*value)),
        AttributeValue::Int(value) => Some(Value::IntValue(*value)),
        AttributeValue::Double(value) => Some(Value::DoubleValue(*value)),
        AttributeValue::Bytes(bytes) => Some(Value::BytesValue(bytes.clone())),
        AttributeValue::Array(values) => {
            Some(Value::ArrayValue(ArrayValue { values: values.iter().map(any_value).collect() }))
        }
        AttributeValue::Map(entries) => Some(Value::KvlistValue(KeyValueList {
            values: entries
                .iter()
                .map(|(key, value)| KeyValue { key: key.clone(), value: Some(any_value(value)), ..KeyValue::default() })
                .collect(),
        })),
    };
    AnyValue { value }
}

/// Returns the text that `attr` shows for a value; none for a value that is not set.
#[must_use]
pub fn text_of(value: &AttributeValue) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_storage::encode;

    #[test]
    fn values_survive_their_bytes() {
        let value = AttributeValue::Map(vec![
            ("a".to_owned(), AttributeValue::Array(vec![AttributeValue::Int(-1), AttributeValue::Bool(true)])),
            ("b".to_owned(), AttributeValue::Bytes(vec![0, 255])),
            ("c".to_owned(), AttributeValue::Double(f64::INFINITY)),
            ("d".to_owned(), AttributeValue::String("text".to_owned())),
        ]);
        assert_eq!(encode::any_value(&any_bytes(&value)), value);
    }

    #[test]
    fn doubles_are_written_so_that_they_read_back() {
        assert_eq!(double_text(0.1), "0.1");
        assert_eq!(double_text(3.0), "3.0");
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(double_text), ["NaN", "Infinity", "-Infinity"]);
        assert_eq!(text_of(&AttributeValue::Empty), None);
    }
}
