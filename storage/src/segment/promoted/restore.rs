//! Puts the lists of attributes together again.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListArray, StringBuilder,
    StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use arrow::error::ArrowError;

use super::{Promoted, ValueType};
use crate::schema::attribute_fields;
use crate::segment::attributes::AttributeList;

type Result<T> = std::result::Result<T, ArrowError>;

/// See [`Promoted::restore`].
pub(super) fn all(promoted: &Promoted, list: &dyn Array, order: &dyn Array, columns: &[ArrayRef]) -> Result<ArrayRef> {
    let listed = as_list(list)?;
    let order = order.as_binary_opt::<i32>().ok_or_else(|| wrong("an order that is not bytes"))?;
    if promoted.columns.len() != columns.len() || columns.iter().any(|column| column.len() != order.len()) {
        return Err(wrong("columns that are not those of the note"));
    }
    let mut lists = Lists::default();
    for row in 0..order.len() {
        let mut places = listed.places(row);
        for step in order.value(row) {
            match usize::from(*step).checked_sub(1) {
                None => {
                    let at = places.next().ok_or_else(|| wrong("an order that is longer than its list"))?;
                    lists.push_listed(&listed, at);
                }
                Some(number) => {
                    let (column, array) =
                        promoted.columns.get(number).zip(columns.get(number)).ok_or_else(odd_order)?;
                    if !array.is_valid(row) {
                        return Err(odd_order());
                    }
                    lists.push(&column.key, value_of(column.value_type, array, row)?);
                }
            }
        }
        places.for_each(|at| lists.push_listed(&listed, at));
        lists.end_row();
    }
    lists.finish()
}

/// See [`Promoted::restore_some`].
pub(super) fn some(
    promoted: &Promoted,
    rows: usize,
    list: Option<&dyn Array>,
    columns: &[(usize, ArrayRef)],
) -> Result<ArrayRef> {
    let listed = list.map(as_list).transpose()?;
    let mut lists = Lists::default();
    for row in 0..rows {
        for (number, array) in columns.iter().filter(|(_, array)| array.is_valid(row)) {
            let column = promoted.columns.get(*number).ok_or_else(odd_order)?;
            lists.push(&column.key, value_of(column.value_type, array, row)?);
        }
        if let Some(listed) = &listed {
            listed.places(row).for_each(|at| lists.push_listed(listed, at));
        }
        lists.end_row();
    }
    lists.finish()
}

fn as_list(list: &dyn Array) -> Result<AttributeList<'_>> {
    let list = list.as_list_opt::<i32>().ok_or_else(|| wrong("attributes that are not a list"))?;
    AttributeList::of_list(list).map_err(|error| wrong(&error.to_string()))
}

fn wrong(what: &str) -> ArrowError {
    ArrowError::ParquetError(format!("attributes with columns of their own: {what}"))
}

fn odd_order() -> ArrowError {
    wrong("an order that names a column without a value")
}

/// A value, borrowed from its column.
#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a str),
    Int(i64),
    Double(f64),
    Bool(bool),
    Any(&'a [u8]),
    Empty,
}

fn value_of(value_type: ValueType, array: &ArrayRef, row: usize) -> Result<Value<'_>> {
    let found = match value_type {
        ValueType::Str => array.as_string_opt::<i32>().map(|array| Value::Text(array.value(row))),
        ValueType::Int => array.as_primitive_opt::<Int64Type>().map(|array| Value::Int(array.value(row))),
        ValueType::Double => array.as_primitive_opt::<Float64Type>().map(|array| Value::Double(array.value(row))),
        ValueType::Bool => array.as_boolean_opt().map(|array| Value::Bool(array.value(row))),
    };
    found.ok_or_else(|| wrong("a column of another type"))
}

/// Lists of attributes that are being built. Members without a value are filled up when one with a value follows.
#[derive(Default)]
struct Lists {
    items: usize,
    ends: Vec<i32>,
    key: StringBuilder,
    text: StringBuilder,
    int: Int64Builder,
    double: Float64Builder,
    bool: BooleanBuilder,
    any: BinaryBuilder,
}

/// Appends a value at `items`, after nulls for those before.
macro_rules! put {
    ($self:ident, $member:ident, $value:expr) => {{
        let missing = $self.items - $self.$member.len();
        if missing > 0 {
            $self.$member.append_nulls(missing);
        }
        $self.$member.append_value($value);
    }};
}

impl Lists {
    fn push(&mut self, key: &str, value: Value<'_>) {
        use arrow::array::ArrayBuilder as _;
        match value {
            Value::Text(value) => put!(self, text, value),
            Value::Int(value) => put!(self, int, value),
            Value::Double(value) => put!(self, double, value),
            Value::Bool(value) => put!(self, bool, value),
            Value::Any(value) => put!(self, any, value),
            Value::Empty => {}
        }
        self.key.append_value(key);
        self.items += 1;
    }

    fn push_listed(&mut self, list: &AttributeList<'_>, at: usize) {
        let value = if list.text.is_valid(at) {
            Value::Text(list.text.value(at))
        } else if list.int.is_valid(at) {
            Value::Int(list.int.value(at))
        } else if list.double.is_valid(at) {
            Value::Double(list.double.value(at))
        } else if list.bool.is_valid(at) {
            Value::Bool(list.bool.value(at))
        } else if list.any.is_valid(at) {
            Value::Any(list.any.value(at))
        } else {
            Value::Empty
        };
        self.push(list.key.value(at), value);
    }

    fn end_row(&mut self) {
        // More than 2³¹ attributes do not fit into a batch; `finish` then finds an end before its begin.
        self.ends.push(i32::try_from(self.items).unwrap_or(-1));
    }

    fn finish(mut self) -> Result<ArrayRef> {
        use arrow::array::ArrayBuilder as _;
        let items = self.items;
        macro_rules! member {
            ($member:ident) => {{
                self.$member.append_nulls(items - self.$member.len());
                Arc::new(self.$member.finish()) as ArrayRef
            }};
        }
        let key: ArrayRef = Arc::new(self.key.finish());
        let columns = vec![key, member!(text), member!(int), member!(double), member!(bool), member!(any)];
        let members = StructArray::try_new_with_length(attribute_fields(), columns, None, items)?;
        if self.ends.contains(&-1) {
            return Err(wrong("more attributes than a batch can hold"));
        }
        let offsets = OffsetBuffer::new(std::iter::once(0).chain(self.ends).collect());
        let item = Arc::new(Field::new("item", DataType::Struct(attribute_fields()), false));
        Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(members), None)?))
    }
}
