//! Columns of a batch in their types. A column that is missing is a fault of the store, told as such.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, FixedSizeBinaryArray, ListArray, PrimitiveArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type};
use telltale_promql::Error;

/// Returns a column.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Error> {
    batch.column_by_name(name).ok_or_else(|| missing(name))
}

/// The error of a column that is not what the schema says.
pub(crate) fn missing(name: &str) -> Error {
    Error::internal(format!("a batch of points without a proper column {name}"))
}

/// Returns a column of numbers or times.
pub(crate) fn numbers<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<T>, Error> {
    column(batch, name)?.as_primitive_opt().ok_or_else(|| missing(name))
}

/// Returns a column of texts.
pub(crate) fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, Error> {
    column(batch, name)?.as_string_opt().ok_or_else(|| missing(name))
}

/// Returns a column of ids.
pub(crate) fn ids<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a FixedSizeBinaryArray, Error> {
    column(batch, name)?.as_fixed_size_binary_opt().ok_or_else(|| missing(name))
}

/// Returns a column of truths, if the table has it.
pub(crate) fn booleans<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a BooleanArray> {
    batch.column_by_name(name)?.as_boolean_opt()
}

/// Returns a column of lists.
pub(crate) fn lists<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ListArray, Error> {
    column(batch, name)?.as_list_opt().ok_or_else(|| missing(name))
}

/// Returns the values of a list of numbers with the bounds of one row.
pub(crate) fn row_numbers<'a, T: ArrowPrimitiveType>(
    list: &'a ListArray,
    values: &'a PrimitiveArray<T>,
    row: usize,
) -> &'a [T::Native] {
    let bounds = list.value_offsets().get(row..row + 2);
    let Some([start, end]) = bounds else { return &[] };
    let place = |offset: i32| usize::try_from(offset).unwrap_or(0);
    values.values().get(place(*start)..place(*end)).unwrap_or_default()
}

/// Returns the number of a row, if it has one.
pub(crate) fn number<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    (row < array.len() && array.is_valid(row)).then(|| array.value(row))
}

/// Returns the text of a row, if it has one.
pub(crate) fn text(array: &StringArray, row: usize) -> Option<&str> {
    (row < array.len() && array.is_valid(row)).then(|| array.value(row))
}

/// Returns the bytes of a row of a dictionary or plain column of bytes.
pub(crate) fn bytes<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> Option<&'a [u8]> {
    let array = batch.column_by_name(name)?;
    if array.is_null(row) {
        return None;
    }
    if let Some(plain) = array.as_binary_opt::<i32>() {
        return Some(plain.value(row));
    }
    let dictionary = array.as_dictionary_opt::<Int32Type>()?;
    let values: &BinaryArray = dictionary.values().as_binary_opt::<i32>()?;
    let key = usize::try_from(dictionary.keys().value(row)).ok()?;
    (key < values.len()).then(|| values.value(key))
}
