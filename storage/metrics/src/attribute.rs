//! Attribute values as label values: the text that Prometheus's own receiver gives them.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use prost::Message as _;
use telltale_prometheus::number::write_value;
use telltale_promql::Error;
use telltale_storage::schema::col;

use crate::columns::{lists, missing};

/// Returns a value as a text: texts as they are, numbers and truths as written in JSON, bytes in base64, the rest as JSON.
pub(crate) fn value_text(value: &AnyValue) -> String {
    match &value.value {
        None => String::new(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => double_text(*number),
        Some(Value::BytesValue(bytes)) => STANDARD.encode(bytes),
        Some(_) => json(value).to_string(),
    }
}

fn double_text(number: f64) -> String {
    let mut out = String::new();
    write_value(&mut out, number);
    out
}

fn json(value: &AnyValue) -> serde_json::Value {
    match &value.value {
        Some(Value::ArrayValue(array)) => array.values.iter().map(json).collect(),
        Some(Value::KvlistValue(list)) => list
            .values
            .iter()
            .map(|member| (member.key.clone(), member.value.as_ref().map_or(serde_json::Value::Null, json)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Some(Value::IntValue(number)) => (*number).into(),
        Some(Value::DoubleValue(number)) => (*number).into(),
        Some(Value::BoolValue(truth)) => (*truth).into(),
        None => serde_json::Value::Null,
        Some(_) => value_text(value).into(),
    }
}

/// Returns attributes as keys and texts.
pub(crate) fn pairs(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| attribute.value.as_ref().map(value_text).unwrap_or_default();
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}

/// Returns the attributes of one row of the column `attributes`.
pub(crate) fn of_row(batch: &RecordBatch, row: usize) -> Result<Vec<(String, String)>, Error> {
    let broken = || missing(col::ATTRIBUTES);
    let list = lists(batch, col::ATTRIBUTES)?;
    let members = list.values().as_struct_opt().ok_or_else(broken)?;
    let member = |name: &str| members.column_by_name(name).ok_or_else(broken);
    let keys = member("key")?.as_string_opt::<i32>().ok_or_else(broken)?;
    let texts = member("str")?.as_string_opt::<i32>().ok_or_else(broken)?;
    let ints = member("int")?.as_primitive_opt::<Int64Type>().ok_or_else(broken)?;
    let doubles = member("double")?.as_primitive_opt::<Float64Type>().ok_or_else(broken)?;
    let bools = member("bool")?.as_boolean_opt().ok_or_else(broken)?;
    let anys = member("any")?.as_binary_opt::<i32>().ok_or_else(broken)?;
    let Some([start, end]) = list.value_offsets().get(row..row + 2) else { return Ok(Vec::new()) };
    let rows = usize::try_from(*start).unwrap_or(0)..usize::try_from(*end).unwrap_or(0);
    let text = |at: usize| {
        if texts.is_valid(at) {
            texts.value(at).to_owned()
        } else if ints.is_valid(at) {
            ints.value(at).to_string()
        } else if doubles.is_valid(at) {
            double_text(doubles.value(at))
        } else if bools.is_valid(at) {
            bools.value(at).to_string()
        } else if anys.is_valid(at) {
            AnyValue::decode(anys.value(at)).map(|value| value_text(&value)).unwrap_or_default()
        } else {
            String::new()
        }
    };
    Ok(rows.map(|at| (keys.value(at).to_owned(), text(at))).collect())
}
