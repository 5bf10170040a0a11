//! Typed access to the columns of a batch, by name, with an error that names the column that is not what it should be.

use arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int64Array, ListArray, RecordBatch, StringArray, StructArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use telltale_model::{AttributeValue, UnixNanos};

use super::values::{any_value, any_value_proto};
use crate::schema::col;

/// A batch is not of the stored schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} is missing or has another type than the stored schema; query the stored columns as they are")]
pub struct EncodeError {
    /// The column, or the member of a nested one.
    pub column: String,
}

impl EncodeError {
    pub(super) fn new(column: &str) -> Self {
        Self { column: column.to_owned() }
    }
}

/// Returns a column.
pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, EncodeError> {
    batch.column_by_name(name).ok_or_else(|| EncodeError::new(name))
}

/// Returns a column as the array type that its schema says.
pub(super) fn typed<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T, EncodeError> {
    column(batch, name)?.as_any().downcast_ref().ok_or_else(|| EncodeError::new(name))
}

/// Returns a member of a struct column.
pub(super) fn member<'a, T: 'static>(array: &'a StructArray, name: &str) -> Result<&'a T, EncodeError> {
    let column = array.column_by_name(name).ok_or_else(|| EncodeError::new(name))?;
    column.as_any().downcast_ref().ok_or_else(|| EncodeError::new(name))
}

/// Returns the structs of a list column.
pub(super) fn items<'a>(list: &'a ListArray, name: &str) -> Result<&'a StructArray, EncodeError> {
    list.values().as_struct_opt().ok_or_else(|| EncodeError::new(name))
}

/// Returns the range of a row's items in a list column.
pub(super) fn range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    let end = |at: usize| list.value_offsets().get(at).and_then(|end| usize::try_from(*end).ok()).unwrap_or(0);
    end(row)..end(row + 1)
}

/// Returns a value unless it is null.
pub(super) fn optional<T: ArrowPrimitiveType>(
    array: &arrow::array::PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    array.is_valid(row).then(|| array.value(row))
}

/// Returns a text, which is empty when it is null.
pub(super) fn text(array: &StringArray, row: usize) -> &str {
    if array.is_valid(row) { array.value(row) } else { "" }
}

/// Returns bytes, which are empty when they are null.
pub(super) fn bytes(array: &BinaryArray, row: usize) -> &[u8] {
    if array.is_valid(row) { array.value(row) } else { &[] }
}

/// Returns an id's bytes, which are none when it is null.
pub(super) fn id(array: &FixedSizeBinaryArray, row: usize) -> &[u8] {
    if array.is_valid(row) { array.value(row) } else { &[] }
}

/// A time that may be kept whole in a second column.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeColumn<'a> {
    time: &'a TimestampNanosecondArray,
    raw: &'a UInt64Array,
}

impl<'a> TimeColumn<'a> {
    pub(super) fn new(batch: &'a RecordBatch, time: &str, raw: &str) -> Result<Self, EncodeError> {
        Ok(Self { time: typed(batch, time)?, raw: typed(batch, raw)? })
    }

    /// Returns the time as it was sent; 0 when it was not.
    pub(super) fn sent(&self, row: usize) -> u64 {
        optional(self.raw, row).unwrap_or_else(|| unsigned(optional(self.time, row).unwrap_or(0)))
    }

    /// Returns the time that queries see.
    pub(super) fn query(&self, row: usize) -> UnixNanos {
        UnixNanos(unsigned(optional(self.time, row).unwrap_or(0)))
    }
}

pub(super) fn unsigned(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

/// The values of an envelope column, dictionary-encoded as stored or plain as some queries return them.
#[derive(Debug, Clone, Copy)]
enum EnvelopeColumn<'a> {
    Dictionary(&'a DictionaryArray<Int32Type>, &'a BinaryArray),
    Plain(&'a BinaryArray),
}

impl<'a> EnvelopeColumn<'a> {
    fn new(batch: &'a RecordBatch, name: &str) -> Result<Self, EncodeError> {
        let array = column(batch, name)?;
        if let Some(plain) = array.as_binary_opt::<i32>() {
            return Ok(Self::Plain(plain));
        }
        let dictionary = array.as_dictionary_opt::<Int32Type>();
        dictionary
            .and_then(|dictionary| Some(Self::Dictionary(dictionary, dictionary.values().as_binary_opt::<i32>()?)))
            .ok_or_else(|| EncodeError::new(name))
    }

    fn bytes(&self, row: usize) -> &'a [u8] {
        match self {
            Self::Plain(values) => bytes(values, row),
            Self::Dictionary(keys, values) => keys.key(row).map_or(&[], |key| bytes(values, key)),
        }
    }
}

/// The columns that every stored table ends with. In every getter `row` must be less than the number of rows.
#[derive(Debug, Clone, Copy)]
pub struct TailColumns<'a> {
    service_name: &'a StringArray,
    resource: EnvelopeColumn<'a>,
    scope: EnvelopeColumn<'a>,
    attributes: &'a ListArray,
    values: AttributeColumns<'a>,
    ingest_time: &'a TimestampNanosecondArray,
}

impl<'a> TailColumns<'a> {
    /// Finds the columns in a batch of any stored table.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, EncodeError> {
        let attributes = typed(batch, col::ATTRIBUTES)?;
        Ok(Self {
            service_name: typed(batch, col::SERVICE_NAME)?,
            resource: EnvelopeColumn::new(batch, col::RESOURCE)?,
            scope: EnvelopeColumn::new(batch, col::SCOPE)?,
            attributes,
            values: AttributeColumns::of_list(attributes)?,
            ingest_time: typed(batch, col::INGEST_TIME_UNIX_NANO)?,
        })
    }

    /// Returns the resource's `service.name`.
    #[must_use]
    pub fn service_name(&self, row: usize) -> Option<&'a str> {
        self.service_name.is_valid(row).then(|| self.service_name.value(row))
    }

    /// Returns the resource's bytes for [`super::resource`]; rows of one resource return the same bytes.
    #[must_use]
    pub fn resource(&self, row: usize) -> &'a [u8] {
        self.resource.bytes(row)
    }

    /// Returns the scope's bytes for [`super::scope`]; rows of one scope return the same bytes.
    #[must_use]
    pub fn scope(&self, row: usize) -> &'a [u8] {
        self.scope.bytes(row)
    }

    /// Returns the record's attributes, in the order sent.
    #[must_use]
    pub fn attributes(&self, row: usize) -> Vec<(String, AttributeValue)> {
        range(self.attributes, row).map(|item| self.values.attribute(item)).collect()
    }

    /// Returns the value of one attribute; of several with the key, the first.
    #[must_use]
    pub fn attribute(&self, row: usize, key: &str) -> Option<AttributeValue> {
        let found = range(self.attributes, row).find(|item| self.values.key(*item) == key)?;
        Some(self.values.attribute(found).1)
    }

    /// Returns when the record arrived.
    #[must_use]
    pub fn ingest_time_unix_nano(&self, row: usize) -> UnixNanos {
        UnixNanos(unsigned(self.ingest_time.value(row)))
    }

    pub(super) fn attributes_proto(&self, row: usize) -> Vec<KeyValue> {
        range(self.attributes, row).map(|item| self.values.proto(item)).collect()
    }
}

/// The members of the `attributes` column's structs.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttributeColumns<'a> {
    key: &'a StringArray,
    text: &'a StringArray,
    int: &'a Int64Array,
    double: &'a Float64Array,
    bool: &'a BooleanArray,
    any: &'a BinaryArray,
}

impl<'a> AttributeColumns<'a> {
    pub(super) fn of_list(list: &'a ListArray) -> Result<Self, EncodeError> {
        let items = items(list, col::ATTRIBUTES)?;
        Ok(Self {
            key: member(items, "key")?,
            text: member(items, "str")?,
            int: member(items, "int")?,
            double: member(items, "double")?,
            bool: member(items, "bool")?,
            any: member(items, "any")?,
        })
    }

    fn key(&self, item: usize) -> &'a str {
        self.key.value(item)
    }

    pub(super) fn attribute(&self, item: usize) -> (String, AttributeValue) {
        let value = if self.text.is_valid(item) {
            AttributeValue::String(self.text.value(item).to_owned())
        } else if self.int.is_valid(item) {
            AttributeValue::Int(self.int.value(item))
        } else if self.double.is_valid(item) {
            AttributeValue::Double(self.double.value(item))
        } else if self.bool.is_valid(item) {
            AttributeValue::Bool(self.bool.value(item))
        } else {
            any_value(bytes(self.any, item))
        };
        (self.key(item).to_owned(), value)
    }

    fn proto(&self, item: usize) -> KeyValue {
        let scalar = if self.text.is_valid(item) {
            Some(Value::StringValue(self.text.value(item).to_owned()))
        } else if self.int.is_valid(item) {
            Some(Value::IntValue(self.int.value(item)))
        } else if self.double.is_valid(item) {
            Some(Value::DoubleValue(self.double.value(item)))
        } else if self.bool.is_valid(item) {
            Some(Value::BoolValue(self.bool.value(item)))
        } else {
            None
        };
        let value = match scalar {
            Some(value) => Some(AnyValue { value: Some(value) }),
            None => self.any.is_valid(item).then(|| any_value_proto(self.any.value(item), 1)),
        };
        KeyValue { key: self.key(item).to_owned(), value, key_strindex: 0 }
    }
}
