//! OTLP/JSON made comparable: two writers may differ in what they leave out, in how they spell integers and in the order of
//! envelopes and attributes, and still say the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// 64-bit integers, which JSON carries as text or number.
const INTEGERS: [&str; 8] = [
    "timeUnixNano",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "observedTimeUnixNano",
    "intValue",
    "asInt",
    "count",
    "zeroCount",
];
/// Doubles: 5 and 5.0 are the same.
const DOUBLES: [&str; 8] = ["doubleValue", "asDouble", "sum", "min", "max", "value", "quantile", "zeroThreshold"];
/// Members whose presence says something even when they hold the default.
const PRESENT: [&str; 12] = [
    "stringValue",
    "boolValue",
    "intValue",
    "doubleValue",
    "bytesValue",
    "arrayValue",
    "kvlistValue",
    "asInt",
    "asDouble",
    "min",
    "max",
    "sum",
];

/// Brings one OTLP/JSON value into the one form.
#[must_use]
pub fn normal(value: &Value) -> Value {
    named("", value)
}

fn named(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => object(members),
        Value::Array(items) => list(name, items),
        other if INTEGERS.contains(&name) => {
            other.as_str().map_or_else(|| json!(other.to_string()), |text| json!(text))
        }
        Value::Number(number) if DOUBLES.contains(&name) => json!(format!("{:?}", number.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) if name.ends_with("Id") => json!(text.to_lowercase()),
        other => other.clone(),
    }
}

fn object(members: &Map<String, Value>) -> Value {
    let mut out = Map::new();
    for (name, value) in members {
        let value = named(name, value);
        if PRESENT.contains(&name.as_str()) || !is_default(&value) {
            out.insert(name.clone(), value);
        }
    }
    Value::Object(out)
}

fn list(name: &str, items: &[Value]) -> Value {
    let mut items: Vec<Value> = match name {
        "bucketCounts" => items.iter().map(|item| named("count", item)).collect(),
        "explicitBounds" => items.iter().map(|item| named("value", item)).collect(),
        _ => items.iter().map(normal).collect(),
    };
    if matches!(name, "attributes" | "filteredAttributes") {
        items.sort_by_key(|item| item["key"].as_str().unwrap_or_default().to_owned());
    }
    Value::Array(items)
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0" || text == "0.0",
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Names of the three levels of one signal.
#[derive(Debug, Clone, Copy)]
pub struct Levels {
    resources: &'static str,
    scopes: &'static str,
    items: &'static str,
}

/// Spans.
pub const SPANS: Levels = Levels { resources: "resourceSpans", scopes: "scopeSpans", items: "spans" };
/// Log records.
pub const LOGS: Levels = Levels { resources: "resourceLogs", scopes: "scopeLogs", items: "logRecords" };
/// Metrics.
pub const METRICS: Levels = Levels { resources: "resourceMetrics", scopes: "scopeMetrics", items: "metrics" };

/// Takes every item out of its envelopes and gives it its resource and scope; sorted, so that order does not matter.
#[must_use]
pub fn flatten(request: &Value, levels: Levels) -> Vec<Value> {
    let mut out = Vec::new();
    for resource in array(request, levels.resources) {
        for scope in array(resource, levels.scopes) {
            for item in array(scope, levels.items) {
                out.push(normal(&json!({
                    "resource": resource.get("resource"), "resourceSchemaUrl": resource.get("schemaUrl"),
                    "scope": scope.get("scope"), "scopeSchemaUrl": scope.get("schemaUrl"), "item": item,
                })));
            }
        }
    }
    out.sort_by_cached_key(Value::to_string);
    out
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Asserts that two lists of items hold the same, and says which items differ when not.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn assert_same(what: &str, sent: &[Value], read: &[Value]) {
    let count = |items: &[Value]| {
        let mut counts = BTreeMap::<String, i64>::new();
        items.iter().for_each(|item| *counts.entry(item.to_string()).or_default() += 1);
        counts
    };
    let (sent_counts, read_counts) = (count(sent), count(read));
    let lacking: Vec<&String> =
        sent_counts.iter().filter(|(item, n)| read_counts.get(*item) != Some(n)).map(|(item, _)| item).collect();
    let extra: Vec<&String> =
        read_counts.iter().filter(|(item, n)| sent_counts.get(*item) != Some(n)).map(|(item, _)| item).collect();
    assert!(
        lacking.is_empty() && extra.is_empty(),
        "{what}: {} sent, {} read back\nsent, not read ({}): {:#?}\nread, not sent ({}): {:#?}",
        sent.len(),
        read.len(),
        lacking.len(),
        lacking.iter().take(2).collect::<Vec<_>>(),
        extra.len(),
        extra.iter().take(2).collect::<Vec<_>>(),
    );
}
