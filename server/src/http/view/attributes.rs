//! Attributes as text with their type.

use telltale_api::trace::{AttributeRow, ValueType};
use telltale_model::AttributeValue;
use telltale_model::id::push_hex;

/// Converts attributes in the order sent.
pub(crate) fn rows(attributes: Vec<(String, AttributeValue)>) -> Vec<AttributeRow> {
    attributes
        .into_iter()
        .map(|(key, value)| {
            let (value, value_type) = shown(value);
            AttributeRow { key, value, value_type }
        })
        .collect()
}

/// Returns a value's text and type. The type stands beside the text, so NaN and bytes need no quotes here and an absent
/// value is no text at all.
pub(crate) fn shown(value: AttributeValue) -> (String, ValueType) {
    let value_type = match value {
        AttributeValue::Empty => return (String::new(), ValueType::Empty),
        AttributeValue::String(text) => return (text, ValueType::String),
        AttributeValue::Bytes(bytes) => return (hex(&bytes), ValueType::Bytes),
        AttributeValue::Double(_) => return (value.display().trim_matches('"').to_owned(), ValueType::Double),
        AttributeValue::Bool(_) => ValueType::Bool,
        AttributeValue::Int(_) => ValueType::Int,
        AttributeValue::Array(_) => ValueType::Array,
        AttributeValue::Map(_) => ValueType::Map,
    };
    (value.display(), value_type)
}

/// Returns lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    push_hex(&mut out, bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_text_and_the_integer_1_is_not_the_text_1() {
        for (value, text, value_type) in [
            (AttributeValue::Empty, "", ValueType::Empty),
            (AttributeValue::String("1".into()), "1", ValueType::String),
            (AttributeValue::Int(1), "1", ValueType::Int),
            (AttributeValue::Bool(true), "true", ValueType::Bool),
            (AttributeValue::Double(f64::NAN), "NaN", ValueType::Double),
            (AttributeValue::Double(1.0), "1.0", ValueType::Double),
            (AttributeValue::Bytes(vec![0, 255]), "00ff", ValueType::Bytes),
            (AttributeValue::Array(vec![AttributeValue::Int(1)]), "[1]", ValueType::Array),
            (AttributeValue::Map(vec![("k".into(), AttributeValue::Empty)]), r#"{"k":null}"#, ValueType::Map),
        ] {
            assert_eq!(shown(value), (text.to_owned(), value_type));
        }
    }
}
