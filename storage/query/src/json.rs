//! Answers as JSON, for readers without Arrow.
//!
//! Times are RFC 3339 with nanoseconds, ids and bytes lower-case hex, attribute lists objects, NaN and infinities the
//! strings of proto3 JSON. Integers beyond 2^53 are strings, because JavaScript would round them. Stored OTLP bytes
//! (`resource`, `scope`, `body_any` …) are shown as what they say.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema, TimeUnit,
    TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use serde_json::{Map, Value};
use telltale_model::id::push_hex;
use telltale_model::{AttributeValue, UnixNanos};
use telltale_storage::encode;
use telltale_storage::schema::col;

use crate::error::QueryError;
use crate::functions::is_attribute_list;
use crate::functions::lists::Attributes;
use crate::otlp;

/// The largest integer that every JSON reader keeps: 2^53.
const MAX_EXACT: u64 = 1 << 53;

/// Returns the names under which [`json_rows`] writes the columns: their own, with a number where one repeats.
#[must_use]
pub fn column_names(schema: &Schema) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let mut name = field.name().clone();
        let mut count = 1;
        while names.contains(&name) {
            count += 1;
            name = format!("{} ({count})", field.name());
        }
        names.push(name);
    }
    names
}

/// Returns the name of a type as people who write SQL know it.
#[must_use]
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt8 => "TINYINT UNSIGNED".to_owned(),
        DataType::UInt16 => "SMALLINT UNSIGNED".to_owned(),
        DataType::UInt32 => "INTEGER UNSIGNED".to_owned(),
        DataType::UInt64 => "BIGINT UNSIGNED".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "VARBINARY".to_owned()
        }
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => "TIMESTAMP WITH TIME ZONE".to_owned(),
        DataType::Timestamp(..) => "TIMESTAMP".to_owned(),
        DataType::Dictionary(_, value) => type_name(value),
        list if is_attribute_list(list) => "ATTRIBUTES".to_owned(),
        DataType::List(item) | DataType::LargeList(item) => format!("{}[]", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let members: Vec<String> =
                fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect();
            format!("STRUCT({})", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// Returns one object a row, its members named by [`column_names`].
///
/// # Errors
/// [`QueryError::Internal`] for a value that has no text form.
pub fn json_rows(batches: &[RecordBatch]) -> Result<Vec<Value>, QueryError> {
    let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        let names = column_names(&batch.schema());
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let mut object = Map::with_capacity(names.len());
            for ((name, field), column) in names.iter().zip(schema.fields()).zip(batch.columns()) {
                object.insert(name.clone(), value(column, row, field.name())?);
            }
            rows.push(Value::Object(object));
        }
    }
    Ok(rows)
}

/// Returns one value; `name` tells what stored bytes are.
fn value(array: &ArrayRef, row: usize, name: &str) -> Result<Value, QueryError> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => i64::from(array.as_primitive::<Int8Type>().value(row)).into(),
        DataType::Int16 => i64::from(array.as_primitive::<Int16Type>().value(row)).into(),
        DataType::Int32 => i64::from(array.as_primitive::<Int32Type>().value(row)).into(),
        DataType::Int64 => signed(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => u64::from(array.as_primitive::<UInt8Type>().value(row)).into(),
        DataType::UInt16 => u64::from(array.as_primitive::<UInt16Type>().value(row)).into(),
        DataType::UInt32 => u64::from(array.as_primitive::<UInt32Type>().value(row)).into(),
        DataType::UInt64 => unsigned(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => double(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => double(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row), name),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) if zone.as_ref() == "UTC" => {
            time(array.as_primitive::<TimestampNanosecondType>().value(row), array, row)?
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys().get(row).copied().unwrap_or_default();
            value(dictionary.values(), key, name)?
        }
        list if is_attribute_list(list) => attributes(array, row)?,
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            Value::Array((0..items.len()).map(|at| value(&items, at, name)).collect::<Result<_, _>>()?)
        }
        DataType::Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            let members = members.map(|(field, member)| Ok((field.name().clone(), value(member, row, field.name())?)));
            Value::Object(members.collect::<Result<_, QueryError>>()?)
        }
        _ => text(array, row)?.into(),
    })
}

fn text(array: &ArrayRef, row: usize) -> Result<String, QueryError> {
    arrow::util::display::array_value_to_string(array, row)
        .map_err(|error| QueryError::Internal { message: error.to_string() })
}

fn signed(value: i64) -> Value {
    if value.unsigned_abs() <= MAX_EXACT { value.into() } else { value.to_string().into() }
}

fn unsigned(value: u64) -> Value {
    if value <= MAX_EXACT { value.into() } else { value.to_string().into() }
}

fn double(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| otlp::double_text(value).into(), Value::Number)
}

fn time(nanos: i64, array: &ArrayRef, row: usize) -> Result<Value, QueryError> {
    match u64::try_from(nanos) {
        Ok(nanos) => Ok(UnixNanos(nanos).to_string().into()),
        Err(_before_1970) => Ok(text(array, row)?.into()),
    }
}

fn hex(bytes: &[u8]) -> Value {
    let mut out = String::with_capacity(bytes.len() * 2);
    push_hex(&mut out, bytes);
    out.into()
}

/// Shows stored bytes as what the column's name says that they are.
fn bytes(value: &[u8], name: &str) -> Value {
    match name {
        col::RESOURCE => key_values(encode::resource(value).attributes),
        col::SCOPE => scope(value),
        col::ATTRIBUTES | col::METADATA => key_values(encode::key_values(value)),
        "any" | col::BODY_ANY => any(encode::any_value(value)),
        _ => hex(value),
    }
}

fn scope(value: &[u8]) -> Value {
    let scope = encode::scope(value);
    let mut object = Map::new();
    object.insert("name".to_owned(), scope.name.into());
    object.insert("version".to_owned(), scope.version.into());
    object.insert("attributes".to_owned(), key_values(scope.attributes));
    Value::Object(object)
}

fn attributes(array: &ArrayRef, row: usize) -> Result<Value, QueryError> {
    let list = Attributes::of(array).map_err(|error| QueryError::Internal { message: error.to_string() })?;
    Ok(object(list.entries(row).map(|(key, value)| (key.to_owned(), any(value.to_value())))))
}

fn key_values(entries: Vec<(String, AttributeValue)>) -> Value {
    object(entries.into_iter().map(|(key, value)| (key, any(value))))
}

/// Builds an object; a key that repeats gets a number, so that no value is lost.
fn object(entries: impl Iterator<Item = (String, Value)>) -> Value {
    let mut object = Map::new();
    for (key, value) in entries {
        let mut name = key.clone();
        let mut count = 1;
        while object.contains_key(&name) {
            count += 1;
            name = format!("{key} ({count})");
        }
        object.insert(name, value);
    }
    Value::Object(object)
}

fn any(value: AttributeValue) -> Value {
    match value {
        AttributeValue::Empty => Value::Null,
        AttributeValue::String(text) => text.into(),
        AttributeValue::Bool(value) => value.into(),
        AttributeValue::Int(value) => signed(value),
        AttributeValue::Double(value) => double(value),
        AttributeValue::Bytes(bytes) => hex(&bytes),
        AttributeValue::Array(values) => Value::Array(values.into_iter().map(any).collect()),
        AttributeValue::Map(entries) => key_values(entries),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray, TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::Field;
    use serde_json::json;

    use super::*;
    use crate::functions::lists::AttributesBuilder;

    fn row(columns: Vec<(&str, ArrayRef)>) -> Value {
        json_rows(&[RecordBatch::try_from_iter(columns).unwrap()]).unwrap().swap_remove(0)
    }

    #[test]
    fn values_are_written_so_that_nothing_is_lost() {
        let numbers = row(vec![
            ("exact", Arc::new(Int64Array::from(vec![1 << 53]))),
            ("long", Arc::new(Int64Array::from(vec![i64::MIN]))),
            ("unsigned", Arc::new(UInt64Array::from(vec![u64::MAX]))),
            ("nan", Arc::new(Float64Array::from(vec![f64::NAN]))),
            ("half", Arc::new(Float64Array::from(vec![0.5]))),
            ("none", Arc::new(StringArray::from(vec![None::<&str>]))),
            ("time", Arc::new(TimestampNanosecondArray::from(vec![1]).with_timezone("UTC"))),
            ("before", Arc::new(TimestampNanosecondArray::from(vec![-1]).with_timezone("UTC"))),
            ("id", Arc::new(FixedSizeBinaryArray::try_from_iter([[0_u8, 0xab]].into_iter()).unwrap())),
            ("bytes", Arc::new(BinaryArray::from(vec![b"\xff".as_slice()]))),
        ]);
        let expected = json!({
            "exact": 9_007_199_254_740_992_i64, "long": "-9223372036854775808", "unsigned": "18446744073709551615",
            "nan": "NaN", "half": 0.5, "none": null, "time": "1970-01-01T00:00:00.000000001Z",
            "before": "1969-12-31T23:59:59.999999999Z", "id": "00ab", "bytes": "ff",
        });
        assert_eq!(numbers, expected);
    }

    #[test]
    fn attributes_are_objects_and_a_repeated_key_keeps_both_values() {
        let mut builder = AttributesBuilder::default();
        builder.append(&[
            ("k".to_owned(), AttributeValue::Int(1)),
            ("k".to_owned(), AttributeValue::Array(vec![AttributeValue::Bool(true), AttributeValue::Empty])),
        ]);
        let list = builder.finish().unwrap();
        assert_eq!(type_name(list.data_type()), "ATTRIBUTES");
        assert_eq!(row(vec![("a", list)]), json!({"a": {"k": 1, "k (2)": [true, null]}}));
    }

    #[test]
    fn repeated_column_names_get_numbers() {
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        assert_eq!(column_names(&Schema::new(vec![field("a"), field("b"), field("a")])), ["a", "b", "a (2)"]);
    }
}
