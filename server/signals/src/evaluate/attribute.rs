//! One attribute against what it must be.

use crate::observed::{Attributes, Value};
use crate::rule::{AttributeRule, Expected};

/// Returns what is wrong with an attribute, `None` when it is as it must be.
pub(super) fn miss(attributes: &Attributes, rule: &AttributeRule) -> Option<String> {
    let AttributeRule { key, expected } = rule;
    let Some(value) = attributes.get(key) else {
        return match expected {
            Expected::Absent => None,
            _ => Some(format!("`{key}` is not there, you asked for {}", asked(expected))),
        };
    };
    if holds(value, expected) {
        return None;
    }
    let asked = match expected {
        // The text is right and the type is not: that is what has to be seen.
        Expected::Text(pattern) if value.kind != "string" => format!("the string {pattern}"),
        _ => asked(expected),
    };
    Some(format!("got `{key}` = {}, you asked for {asked}", shown(value)))
}

fn holds(value: &Value, expected: &Expected) -> bool {
    match expected {
        Expected::Present => true,
        Expected::Absent => false,
        Expected::Text(pattern) => value.kind == "string" && pattern.matches(&value.text),
        Expected::Exactly(kind, text) => value.kind == *kind && value.text == *text,
        Expected::Type(kind) => value.kind == *kind,
        Expected::Number(kind, bound) => {
            value.kind == *kind && value.text.parse::<f64>().is_ok_and(|number| bound.holds(number))
        }
    }
}

fn shown(value: &Value) -> String {
    match value.kind {
        "string" => format!("{:?}", value.text),
        kind => format!("{} ({kind})", value.text),
    }
}

fn asked(expected: &Expected) -> String {
    match expected {
        Expected::Present => "any value".to_owned(),
        Expected::Absent => "none".to_owned(),
        Expected::Text(pattern) => pattern.to_string(),
        Expected::Exactly(kind, text) => format!("{text} ({kind})"),
        Expected::Type(kind) => format!("any {kind}"),
        Expected::Number(kind, bound) => format!("{bound} ({kind})"),
    }
}
