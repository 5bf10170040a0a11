//! From a dashboard to TOML: only what differs from the defaults, in the order of the documentation.

use telltale_api::dashboard::{Choice, Dashboard, Panel, Variable};
use toml::Value;

/// Writes a dashboard; [`super::read`] reads the same one back.
#[must_use]
pub fn write(dashboard: &Dashboard) -> String {
    let mut out = String::new();
    text(&mut out, "title", &dashboard.title, true);
    text(&mut out, "description", &dashboard.description, false);
    text(&mut out, "range", &dashboard.range, false);
    flag(&mut out, "live", dashboard.live);
    for one in &dashboard.variables {
        out.push_str("\n[[variable]]\n");
        variable(&mut out, one);
    }
    for one in &dashboard.panels {
        out.push_str("\n[[panel]]\n");
        panel(&mut out, one);
    }
    out
}

fn variable(out: &mut String, one: &Variable) {
    text(out, "name", &one.name, true);
    text(out, "label", &one.label, false);
    text(out, "values_of", &one.values_of, false);
    text(out, "from", &one.from, false);
    text(out, "query", &one.query, false);
    text(out, "regex", &one.regex, false);
    let choice = |choice: &Choice| {
        if choice.text == choice.value {
            return Value::String(choice.value.clone()).to_string();
        }
        let (value, text) = (Value::String(choice.value.clone()), Value::String(choice.text.clone()));
        format!("{{ value = {value}, text = {text} }}")
    };
    list(out, "values", one.values.iter().map(choice));
    flag(out, "text", one.text);
    flag(out, "multi", one.multi);
    flag(out, "all", one.all);
    text(out, "all_value", &one.all_value, false);
    list(out, "default", one.default.iter().map(|value| quoted(value)));
    flag(out, "hidden", one.hidden);
}

fn panel(out: &mut String, one: &Panel) {
    text(out, "title", &one.title, true);
    text(out, "description", &one.description, false);
    let kind = Value::try_from(one.kind).map(|kind| kind.to_string()).unwrap_or_default();
    out.push_str(&format!("kind = {kind}\n"));
    text(out, "unit", &one.unit, false);
    if let Some(decimals) = one.decimals {
        out.push_str(&format!("decimals = {decimals}\n"));
    }
    for (key, value) in [("min", one.min), ("max", one.max)] {
        if let Some(value) = value {
            out.push_str(&format!("{key} = {}\n", Value::Float(value)));
        }
    }
    flag(out, "stacked", one.stacked);
    text(out, "reduce", &one.reduce, false);
    for (key, value) in [("width", one.width), ("height", one.height)] {
        if value > 0 {
            out.push_str(&format!("{key} = {value}\n"));
        }
    }
    let threshold = |threshold: &telltale_api::dashboard::Threshold| {
        let level = Value::try_from(threshold.level).map(|level| level.to_string()).unwrap_or_default();
        format!("{{ from = {}, level = {level} }}", Value::Float(threshold.from))
    };
    list(out, "thresholds", one.thresholds.iter().map(threshold));
    if !one.mappings.is_empty() {
        let pairs = one.mappings.iter().map(|(value, words)| format!("{} = {}", key(value), quoted(words)));
        out.push_str(&format!("mappings = {{ {} }}\n", pairs.collect::<Vec<_>>().join(", ")));
    }
    text(out, "text", &one.text, false);
    text(out, "repeat", &one.repeat, false);
    flag(out, "collapsed", one.collapsed);
    list(out, "notes", one.notes.iter().map(|note| quoted(note)));
    for query in &one.queries {
        out.push_str("[[panel.query]]\n");
        text(out, "expr", &query.expr, true);
        text(out, "legend", &query.legend, false);
        flag(out, "instant", query.instant);
        flag(out, "hidden", query.hidden);
    }
}

fn quoted(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}

/// A key in double quotes on one line, whatever is in it.
fn key(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

fn text(out: &mut String, key: &str, value: &str, always: bool) {
    if always || !value.is_empty() {
        out.push_str(&format!("{key} = {}\n", quoted(value)));
    }
}

fn flag(out: &mut String, key: &str, value: bool) {
    if value {
        out.push_str(&format!("{key} = true\n"));
    }
}

fn list(out: &mut String, key: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        out.push_str(&format!("{key} = [{}]\n", items.join(", ")));
    }
}
