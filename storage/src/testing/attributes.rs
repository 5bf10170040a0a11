//! Rows of attributes for tests of how they are written and read.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use proptest::prelude::*;

use crate::schema::attribute_fields;

/// A value of an attribute.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    None,
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    Any(Vec<u8>),
}

/// The attributes of a row.
pub(crate) type Row = Vec<(String, Value)>;

/// Returns the column `attributes` of rows.
pub(crate) fn attribute_column(rows: &[Row]) -> ListArray {
    let all = || rows.iter().flatten();
    macro_rules! member {
        ($array:ty, $variant:ident, $map:expr) => {
            Arc::new(
                all()
                    .map(|(_, value)| if let Value::$variant(value) = value { Some($map(value)) } else { None })
                    .collect::<$array>(),
            )
        };
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(all().map(|(key, _)| Some(key.as_str())).collect::<StringArray>()),
        member!(StringArray, Text, |text: &String| text.clone()),
        member!(Int64Array, Int, |value: &i64| *value),
        member!(Float64Array, Double, |value: &f64| *value),
        member!(BooleanArray, Bool, |value: &bool| *value),
        member!(BinaryArray, Any, |bytes: &Vec<u8>| bytes.clone()),
    ];
    let items = StructArray::try_new_with_length(attribute_fields(), columns, None, all().count()).unwrap();
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(Vec::len));
    let field = Arc::new(Field::new("item", items.data_type().clone(), false));
    ListArray::new(field, offsets, Arc::new(items), None)
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::None),
        4 => "[a-c]{0,12}".prop_map(Value::Text),
        3 => any::<i64>().prop_map(Value::Int),
        1 => (-9..9_i8).prop_map(|value| Value::Double(f64::from(value) / 4.0)),
        1 => prop::sample::select(vec![-0.0, f64::INFINITY, f64::MIN_POSITIVE]).prop_map(Value::Double),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => prop::collection::vec(any::<u8>(), 0..5).prop_map(Value::Any),
    ]
}

/// Rows that mostly have the same keys in the same places, some of them none at all.
pub(crate) fn rows() -> impl Strategy<Value = Vec<Row>> {
    let key = prop_oneof![5 => (0..3_u8).prop_map(|key| format!("key.{key}")), 1 => "[a-z]{0,9}"];
    let row = prop_oneof![
        1 => Just(Vec::new()),
        1 => prop::collection::vec((key, value()), 1..40),
        3 => prop::collection::vec(value(), 1..6).prop_map(|values| {
            values.into_iter().enumerate().map(|(place, value)| (format!("k{place}"), value)).collect()
        }),
    ];
    prop::collection::vec(row, 0..40)
}
