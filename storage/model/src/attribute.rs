//! The value of an attribute: OTLP `AnyValue`.

use std::fmt::Write as _;

/// A value as OTLP's `AnyValue` knows it. Types are kept apart: the integer 1 and the text "1" differ.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum AttributeValue {
    /// No value was set.
    #[default]
    Empty,
    /// `string_value`.
    String(String),
    /// `bool_value`.
    Bool(bool),
    /// `int_value`.
    Int(i64),
    /// `double_value`; NaN and the infinities are legal.
    Double(f64),
    /// `bytes_value`.
    Bytes(Vec<u8>),
    /// `array_value`; members may have different types.
    Array(Vec<Self>),
    /// `kvlist_value`, in the order sent.
    Map(Vec<(String, Self)>),
}

impl AttributeValue {
    /// Returns the text of a string value.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns what a page shows: texts as they are, everything else as JSON, bytes as lower-case hex.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::String(text) => text.clone(),
            other => {
                let mut out = String::new();
                other.write_json(&mut out);
                out
            }
        }
    }

    /// Appends canonical JSON: members in the order sent, NaN and infinities as strings, bytes as hex strings.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Empty => out.push_str("null"),
            Self::String(text) => write_json_string(out, text),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => {
                let _infallible = write!(out, "{value}");
            }
            Self::Double(value) => write_json_double(out, *value),
            Self::Bytes(bytes) => {
                out.push('"');
                crate::id::push_hex(out, bytes);
                out.push('"');
            }
            Self::Array(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write_json(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_json_string(out, key);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// Appends a double as JSON; what JSON cannot say becomes one of the strings of proto3 JSON.
fn write_json_double(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("\"NaN\"");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        let _infallible = write!(out, "{value:?}");
    }
}

/// Appends `text` as a JSON string with RFC 8259's escapes.
pub fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structured_values_are_shown_as_json_and_texts_as_they_are() {
        let value = AttributeValue::Map(vec![
            ("a".into(), AttributeValue::Array(vec![AttributeValue::Int(1), AttributeValue::Double(0.5)])),
            ("b\"".into(), AttributeValue::String("line\nbreak".into())),
            ("c".into(), AttributeValue::Bytes(vec![0, 255])),
            ("d".into(), AttributeValue::Double(f64::NAN)),
            ("e".into(), AttributeValue::Empty),
        ]);
        assert_eq!(value.display(), r#"{"a":[1,0.5],"b\"":"line\nbreak","c":"00ff","d":"NaN","e":null}"#);
        assert_eq!(AttributeValue::String("as is".into()).display(), "as is");
    }
}
