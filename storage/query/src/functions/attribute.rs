//! `attr`, `resource_attr`, `scope_attr` and their typed twins: the value of one attribute.
//!
//! Without a suffix the value of any type comes as text; `_int` gives integers, `_double` doubles and integers, `_bool`
//! booleans, and null for a value of another type. When a key stands twice the first counts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_storage::encode;
use telltale_storage::schema::attribute_list;

use super::lists::{Attributes, AttributesBuilder, ValueRef};
use crate::otlp;

/// Whose attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    Record,
    Resource,
    Scope,
}

/// As which type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Member {
    /// Any, as text.
    Text,
    /// Integers.
    Int,
    /// Doubles and integers.
    Double,
    /// Truth values.
    Bool,
}

/// One of the twelve functions.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct AttributeFunction {
    name: &'static str,
    source: Source,
    member: Member,
    signature: Signature,
}

const FUNCTIONS: [(&str, Source, Member); 12] = [
    ("attr", Source::Record, Member::Text),
    ("attr_int", Source::Record, Member::Int),
    ("attr_double", Source::Record, Member::Double),
    ("attr_bool", Source::Record, Member::Bool),
    ("resource_attr", Source::Resource, Member::Text),
    ("resource_attr_int", Source::Resource, Member::Int),
    ("resource_attr_double", Source::Resource, Member::Double),
    ("resource_attr_bool", Source::Resource, Member::Bool),
    ("scope_attr", Source::Scope, Member::Text),
    ("scope_attr_int", Source::Scope, Member::Int),
    ("scope_attr_double", Source::Scope, Member::Double),
    ("scope_attr_bool", Source::Scope, Member::Bool),
];

impl AttributeFunction {
    /// Returns every function.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        FUNCTIONS.into_iter().map(|(name, source, member)| Self {
            name,
            source,
            member,
            signature: Signature::any(2, Volatility::Immutable),
        })
    }

    /// Returns the column that the form with one argument reads, `None` for other functions.
    pub(crate) fn default_column(function: &str) -> Option<&'static str> {
        FUNCTIONS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(function)).map(|(_, source, _)| match source {
            Source::Record => telltale_storage::schema::col::ATTRIBUTES,
            Source::Resource => telltale_storage::schema::col::RESOURCE,
            Source::Scope => telltale_storage::schema::col::SCOPE,
        })
    }

    /// Returns as which type values come.
    pub(crate) const fn member(&self) -> Member {
        self.member
    }

    fn of_list(&self, list: &dyn Array, keys: &Keys<'_>) -> Result<ArrayRef> {
        let attributes = Attributes::of(list)?;
        let values = (0..list.len()).map(|row| attributes.get(row, keys.at(row)?));
        Ok(match self.member {
            Member::Text => {
                let mut out = StringBuilder::new();
                values.for_each(|value| push_text(&mut out, value));
                Arc::new(out.finish())
            }
            Member::Int => {
                let mut out = Int64Builder::with_capacity(list.len());
                values.for_each(|value| out.append_option(int_of(value)));
                Arc::new(out.finish())
            }
            Member::Double => {
                let mut out = Float64Builder::with_capacity(list.len());
                values.for_each(|value| out.append_option(double_of(value)));
                Arc::new(out.finish())
            }
            Member::Bool => {
                let mut out = BooleanBuilder::with_capacity(list.len());
                values.for_each(|value| out.append_option(bool_of(value)));
                Arc::new(out.finish())
            }
        })
    }

    /// Decodes each distinct envelope once.
    fn of_envelopes(&self, envelopes: &ArrayRef, keys: &Keys<'_>) -> Result<ArrayRef> {
        let dictionary = envelopes.as_dictionary::<Int32Type>();
        let lists = self.decode(dictionary.values())?;
        if let Keys::One(_) = keys {
            let values = self.of_list(&lists, keys)?;
            return Ok(arrow::compute::take(&values, dictionary.keys(), None)?);
        }
        self.of_list(&arrow::compute::take(&lists, dictionary.keys(), None)?, keys)
    }

    fn decode(&self, envelopes: &ArrayRef) -> Result<ArrayRef> {
        let Some(envelopes) = envelopes.as_binary_opt::<i32>() else {
            return exec_err!("{} reads a resource or scope column", self.name);
        };
        let mut out = AttributesBuilder::default();
        for bytes in envelopes {
            match (bytes, self.source) {
                (None, _) => out.append_null(),
                (Some(bytes), Source::Scope) => {
                    out.append(&encode::scope(bytes).attributes);
                }
                (Some(bytes), _) => out.append(&encode::resource(bytes).attributes),
            }
        }
        out.finish()
    }
}

impl ScalarUDFImpl for AttributeFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [source, key] = arg_types else {
            return plan_err!("{} takes a column of attributes and a key", self.name);
        };
        let envelope = matches!(source, DataType::Dictionary(_, value) if **value == DataType::Binary);
        if !(is_attribute_list(source) || envelope && self.source != Source::Record) {
            return plan_err!("{} reads a column of attributes, not {source}", self.name);
        }
        if !matches!(key, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null) {
            return plan_err!("the key of {} is a text, not {key}", self.name);
        }
        Ok(match self.member {
            Member::Text => DataType::Utf8,
            Member::Int => DataType::Int64,
            Member::Double => DataType::Float64,
            Member::Bool => DataType::Boolean,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [source, key] = args.args.as_slice() else {
            return exec_err!("{} takes two arguments", self.name);
        };
        let source = source.to_array(args.number_rows)?;
        let key_array;
        let keys = match key {
            ColumnarValue::Scalar(scalar) => Keys::One(scalar.try_as_str().flatten()),
            ColumnarValue::Array(array) => {
                key_array = arrow::compute::cast(array, &DataType::Utf8)?;
                Keys::Many(key_array.as_string())
            }
        };
        let out = match source.data_type() {
            DataType::Dictionary(..) => self.of_envelopes(&source, &keys)?,
            _ => self.of_list(&source, &keys)?,
        };
        Ok(ColumnarValue::Array(out))
    }
}

/// Whether a type is that of an `attributes` column; names and nullability of the items are not looked at.
pub(crate) fn is_attribute_list(data_type: &DataType) -> bool {
    let DataType::List(wanted) = attribute_list() else { return false };
    matches!(data_type, DataType::List(item) if item.data_type().equals_datatype(wanted.data_type()))
}

enum Keys<'a> {
    One(Option<&'a str>),
    Many(&'a arrow::array::StringArray),
}

impl<'a> Keys<'a> {
    fn at(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::One(key) => *key,
            Self::Many(keys) => keys.is_valid(row).then(|| keys.value(row)),
        }
    }
}

fn push_text(out: &mut StringBuilder, value: Option<ValueRef<'_>>) {
    match value {
        None | Some(ValueRef::Empty) => out.append_null(),
        Some(ValueRef::Text(text)) => out.append_value(text),
        Some(ValueRef::Any(bytes)) => {
            out.append_option(otlp::text_of(&encode::any_value(bytes)));
        }
        Some(other) => out.append_option(otlp::text_of(&other.to_value())),
    }
}

fn int_of(value: Option<ValueRef<'_>>) -> Option<i64> {
    if let Some(ValueRef::Int(value)) = value { Some(value) } else { None }
}

#[expect(clippy::cast_precision_loss, reason = "a double is what the caller asks for")]
fn double_of(value: Option<ValueRef<'_>>) -> Option<f64> {
    match value {
        Some(ValueRef::Double(value)) => Some(value),
        Some(ValueRef::Int(value)) => Some(value as f64),
        _ => None,
    }
}

fn bool_of(value: Option<ValueRef<'_>>) -> Option<bool> {
    if let Some(ValueRef::Bool(value)) = value { Some(value) } else { None }
}
