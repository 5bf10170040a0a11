//! `AnyValue` and `KeyValueList` bytes as values.
//!
//! Stored bytes were checked when they were decoded, so these readers do not fail: of bytes that no decoder of ours wrote
//! they return what parses. Prost's decoder is not used because it stops at half of our depth of nesting.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use telltale_model::AttributeValue;

use crate::decode::limits::MAX_ANY_VALUE_DEPTH;
use crate::decode::wire::{Fault, Field, Reader};

/// Reads OTLP `AnyValue` bytes. A reference to a string table counts as no value.
#[must_use]
pub fn any_value(bytes: &[u8]) -> AttributeValue {
    to_model(any_value_proto(bytes, 1))
}

/// Reads OTLP `KeyValueList` bytes, in the order sent.
#[must_use]
pub fn key_values(bytes: &[u8]) -> Vec<(String, AttributeValue)> {
    to_model_list(key_values_proto(bytes, 1))
}

pub(super) fn to_model_list(list: Vec<KeyValue>) -> Vec<(String, AttributeValue)> {
    list.into_iter().map(|item| (item.key, item.value.map_or(AttributeValue::Empty, to_model))).collect()
}

fn to_model(value: AnyValue) -> AttributeValue {
    match value.value {
        None | Some(Value::StringValueStrindex(_)) => AttributeValue::Empty,
        Some(Value::StringValue(text)) => AttributeValue::String(text),
        Some(Value::BoolValue(value)) => AttributeValue::Bool(value),
        Some(Value::IntValue(value)) => AttributeValue::Int(value),
        Some(Value::DoubleValue(value)) => AttributeValue::Double(value),
        Some(Value::BytesValue(bytes)) => AttributeValue::Bytes(bytes),
        Some(Value::ArrayValue(array)) => AttributeValue::Array(array.values.into_iter().map(to_model).collect()),
        Some(Value::KvlistValue(list)) => AttributeValue::Map(to_model_list(list.values)),
    }
}

/// Reads an `AnyValue`; `depth` counts the values around it and itself.
pub(super) fn any_value_proto(bytes: &[u8], depth: usize) -> AnyValue {
    let mut value = None;
    if depth <= MAX_ANY_VALUE_DEPTH {
        for_each(bytes, |field| read_member(field, &mut value, depth));
    }
    AnyValue { value }
}

fn read_member(field: &Field<'_>, value: &mut Option<Value>, depth: usize) -> Result<(), Fault> {
    match field.number {
        1 => *value = Some(Value::StringValue(field.text()?.to_owned())),
        2 => *value = Some(Value::BoolValue(field.bool()?)),
        3 => *value = Some(Value::IntValue(field.varint()?.cast_signed())),
        4 => *value = Some(Value::DoubleValue(field.double()?)),
        5 => {
            let mut array = match value.take() {
                Some(Value::ArrayValue(array)) => array,
                _ => ArrayValue::default(),
            };
            let items = items(field.bytes()?);
            array.values.extend(items.map(|item| any_value_proto(item, depth + 1)));
            *value = Some(Value::ArrayValue(array));
        }
        6 => {
            let mut list = match value.take() {
                Some(Value::KvlistValue(list)) => list,
                _ => KeyValueList::default(),
            };
            list.values.extend(key_values_proto(field.bytes()?, depth + 1));
            *value = Some(Value::KvlistValue(list));
        }
        7 => *value = Some(Value::BytesValue(field.bytes()?.to_vec())),
        8 => *value = Some(Value::StringValueStrindex(field.i32()?)),
        _ => {}
    }
    Ok(())
}

/// Reads a `KeyValueList` whose values are the `depth`-th of a nest.
pub(super) fn key_values_proto(bytes: &[u8], depth: usize) -> Vec<KeyValue> {
    items(bytes).map(|item| key_value_proto(item, depth)).collect()
}

/// Reads a `KeyValue` whose value is the `depth`-th of a nest.
pub(super) fn key_value_proto(bytes: &[u8], depth: usize) -> KeyValue {
    let mut item = KeyValue::default();
    for_each(bytes, |field| {
        match field.number {
            1 => field.text()?.clone_into(&mut item.key),
            2 => item.value = Some(any_value_proto(field.bytes()?, depth)),
            3 => item.key_strindex = field.i32()?,
            _ => {}
        }
        Ok(())
    });
    item
}

/// Returns the submessages in field 1.
fn items(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        while let Ok(Some(field)) = reader.next_field() {
            if field.number == 1 {
                return field.bytes().ok();
            }
        }
        None
    })
}

/// Calls `read` with every field up to the first that does not parse; there is none in what was stored.
pub(super) fn for_each<'a>(bytes: &'a [u8], mut read: impl FnMut(&Field<'a>) -> Result<(), Fault>) {
    let mut reader = Reader::new(bytes);
    while let Ok(Some(field)) = reader.next_field() {
        if read(&field).is_err() {
            return;
        }
    }
}
