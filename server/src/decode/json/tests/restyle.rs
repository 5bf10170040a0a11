//! Rewrites OTLP/JSON in the other spellings that proto3 JSON allows.

use serde_json::{Map, Value};
use telltale_model::SignalKind;

use crate::decode::json::table::{Field, Message, Type};

struct Style {
    state: u64,
}

impl Style {
    fn choose(&mut self, among: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % among
    }
}

/// Returns the same request in another spelling.
pub(super) fn restyle(signal: SignalKind, json: &str, seed: u64) -> String {
    let mut style = Style { state: seed };
    let value = object(&mut style, Message::Request(signal), serde_json::from_str(json).unwrap());
    if style.choose(2) == 0 { value.to_string() } else { format!("\u{feff} {value:#} \r\n\t") }
}

fn object(style: &mut Style, message: Message, value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let mut out = Map::new();
    if style.choose(4) == 0 {
        out.insert("unknownKey".into(), serde_json::json!({"a": [1, {"b": null}], "c": "\"}]"}));
    }
    for (name, value) in members {
        let field = message.field_of_key(&name).unwrap();
        let value = match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| single(style, field, item)).collect()),
            other => single(style, field, other),
        };
        let name = if style.choose(3) == 0 { snake(&name) } else { name };
        out.insert(name, value);
    }
    for field in message.fields() {
        let present = out.contains_key(field.name) || out.contains_key(&snake(field.name));
        if !present && style.choose(8) == 0 {
            out.insert(field.name.into(), Value::Null);
        }
    }
    Value::Object(out)
}

fn single(style: &mut Style, field: &Field, value: Value) -> Value {
    match (field.of, value) {
        (Type::Message(inner), value) => object(style, inner, value),
        (Type::Id, Value::String(hex)) if style.choose(2) == 0 => Value::String(hex.to_uppercase()),
        (Type::Bytes, Value::String(text)) => Value::String(match style.choose(4) {
            0 => text,
            1 => text.trim_end_matches('=').to_owned(),
            2 => text.replace('+', "-").replace('/', "_"),
            _ => text.trim_end_matches('=').replace('+', "-").replace('/', "_"),
        }),
        (Type::Enum(names), Value::Number(number)) => {
            let name = number.as_i64().and_then(|number| names.name(i32::try_from(number).unwrap()));
            match (style.choose(3), name) {
                (0, Some(name)) => Value::String(name),
                (1, _) => Value::String(number.to_string()),
                _ => Value::Number(number),
            }
        }
        (Type::Double, Value::Number(number)) if style.choose(2) == 0 => Value::String(number.to_string()),
        (Type::Text | Type::Id | Type::Bool | Type::Double, value) => value,
        (_, Value::String(digits)) => whole(style, &digits),
        (_, Value::Number(number)) => whole(style, &number.to_string()),
        (_, value) => value,
    }
}

/// Spells a whole number.
fn whole(style: &mut Style, digits: &str) -> Value {
    match style.choose(5) {
        0 => Value::String(digits.to_owned()),
        1 => Value::String(format!("{digits}.0")),
        2 => Value::String(format!("{digits}00E-2")),
        3 => Value::String(format!("{digits}e+0")),
        _ => serde_json::from_str(digits).unwrap(),
    }
}

fn snake(camel: &str) -> String {
    let mut out = String::new();
    for character in camel.chars() {
        if character.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}
