//! Attribute lists as Arrow arrays: reading one member, building a column from OTLP entries.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, BooleanBuilder, Float64Array,
    Float64Builder, Int64Array, Int64Builder, ListArray, StringArray, StringBuilder, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{DataFusionError, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use telltale_model::AttributeValue;
use telltale_storage::encode;
use telltale_storage::schema::attribute_fields;

use crate::otlp;

/// Runs a function of one argument over its array.
pub(crate) fn unary(args: &ScalarFunctionArgs, run: impl Fn(&ArrayRef) -> Result<ArrayRef>) -> Result<ColumnarValue> {
    let [argument] = args.args.as_slice() else {
        return exec_err!("this function takes one argument");
    };
    match argument {
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(run(array)?)),
        ColumnarValue::Scalar(scalar) => {
            let out = run(&scalar.to_array()?)?;
            Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&out, 0)?))
        }
    }
}

/// The members of an attribute list column, ready to be read row by row.
pub(crate) struct Attributes<'a> {
    list: &'a ListArray,
    keys: &'a StringArray,
    texts: &'a StringArray,
    ints: &'a Int64Array,
    doubles: &'a Float64Array,
    bools: &'a BooleanArray,
    any: &'a BinaryArray,
}

/// The value of an attribute, borrowed from its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ValueRef<'a> {
    Text(&'a str),
    Int(i64),
    Double(f64),
    Bool(bool),
    /// OTLP `AnyValue` bytes.
    Any(&'a [u8]),
    Empty,
}

impl<'a> Attributes<'a> {
    /// Reads the column; an error when it is not an attribute list.
    pub(crate) fn of(array: &'a dyn Array) -> Result<Self> {
        let wrong = || DataFusionError::Execution("this is not a list of attributes".to_owned());
        let list = array.as_list_opt::<i32>().ok_or_else(wrong)?;
        let entries = list.values().as_struct_opt().ok_or_else(wrong)?;
        let member = |name: &str| entries.column_by_name(name).ok_or_else(wrong);
        Ok(Self {
            list,
            keys: member("key")?.as_string_opt().ok_or_else(wrong)?,
            texts: member("str")?.as_string_opt().ok_or_else(wrong)?,
            ints: member("int")?.as_primitive_opt().ok_or_else(wrong)?,
            doubles: member("double")?.as_primitive_opt().ok_or_else(wrong)?,
            bools: member("bool")?.as_boolean_opt().ok_or_else(wrong)?,
            any: member("any")?.as_binary_opt().ok_or_else(wrong)?,
        })
    }

    /// Returns the entries of a row in the order sent; none for a null row.
    pub(crate) fn entries(&self, row: usize) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> + use<'a> {
        let offsets = self.list.value_offsets();
        let bound = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
        let range = if self.list.is_null(row) { 0..0 } else { bound(row)..bound(row + 1) };
        let (keys, texts, ints, doubles, bools, any) =
            (self.keys, self.texts, self.ints, self.doubles, self.bools, self.any);
        range.map(move |at| {
            let value = if texts.is_valid(at) {
                ValueRef::Text(texts.value(at))
            } else if ints.is_valid(at) {
                ValueRef::Int(ints.value(at))
            } else if doubles.is_valid(at) {
                ValueRef::Double(doubles.value(at))
            } else if bools.is_valid(at) {
                ValueRef::Bool(bools.value(at))
            } else if any.is_valid(at) {
                ValueRef::Any(any.value(at))
            } else {
                ValueRef::Empty
            };
            (keys.value(at), value)
        })
    }

    /// Returns the value of the first entry with the key.
    pub(crate) fn get(&self, row: usize, key: &str) -> Option<ValueRef<'a>> {
        self.entries(row).find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

impl ValueRef<'_> {
    /// Returns the value as our own type; bytes that cannot be read count as not set.
    pub(crate) fn to_value(self) -> AttributeValue {
        match self {
            Self::Text(text) => AttributeValue::String(text.to_owned()),
            Self::Int(value) => AttributeValue::Int(value),
            Self::Double(value) => AttributeValue::Double(value),
            Self::Bool(value) => AttributeValue::Bool(value),
            Self::Any(bytes) => encode::any_value(bytes),
            Self::Empty => AttributeValue::Empty,
        }
    }
}

/// Builds an attribute list column from OTLP entries.
#[derive(Default)]
pub(crate) struct AttributesBuilder {
    lengths: Vec<usize>,
    valid: Vec<bool>,
    keys: StringBuilder,
    texts: StringBuilder,
    ints: Int64Builder,
    doubles: Float64Builder,
    bools: BooleanBuilder,
    any: BinaryBuilder,
}

impl AttributesBuilder {
    /// Appends a row.
    pub(crate) fn append(&mut self, entries: &[(String, AttributeValue)]) {
        self.lengths.push(entries.len());
        self.valid.push(true);
        for (key, value) in entries {
            self.keys.append_value(key);
            self.value(value);
        }
    }

    /// Appends a row without a list.
    pub(crate) fn append_null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    fn value(&mut self, value: &AttributeValue) {
        self.texts.append_option(value.as_str());
        self.ints.append_option(if let AttributeValue::Int(int) = value { Some(*int) } else { None });
        self.doubles.append_option(if let AttributeValue::Double(double) = value { Some(*double) } else { None });
        self.bools.append_option(if let AttributeValue::Bool(boolean) = value { Some(*boolean) } else { None });
        let is_any = matches!(value, AttributeValue::Bytes(_) | AttributeValue::Array(_) | AttributeValue::Map(_));
        self.any.append_option(is_any.then(|| otlp::any_bytes(value)));
    }

    /// Returns the column.
    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        let fields = attribute_fields();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.keys.finish()),
            Arc::new(self.texts.finish()),
            Arc::new(self.ints.finish()),
            Arc::new(self.doubles.finish()),
            Arc::new(self.bools.finish()),
            ArrayBuilder::finish(&mut self.any),
        ];
        let entries = StructArray::try_new(fields.clone(), columns, None)?;
        let item = Arc::new(Field::new("item", DataType::Struct(fields), false));
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(entries), Some(NullBuffer::from(self.valid)))?))
    }
}
