//! The attributes of rows as typed columns, and which rows of which batches follow one another.

use std::ops::Range;

use arrow::array::{
    AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{Float64Type, Int64Type};

use crate::error::Error;
use crate::schema::col;

/// The column `attributes` of a batch.
#[derive(Debug)]
pub(crate) struct AttributeList<'a> {
    /// Where each row's attributes begin, and where the last one's end.
    offsets: &'a [i32],
    /// The attributes of all rows.
    pub(crate) items: &'a StructArray,
    pub(crate) key: &'a StringArray,
    pub(crate) text: &'a StringArray,
    pub(crate) int: &'a Int64Array,
    pub(crate) double: &'a Float64Array,
    pub(crate) bool: &'a BooleanArray,
    pub(crate) any: &'a BinaryArray,
}

/// Consecutive rows of a batch.
#[derive(Debug, Clone)]
pub(crate) struct AttributeRows<'a> {
    pub(crate) list: &'a AttributeList<'a>,
    pub(crate) rows: Range<usize>,
}

impl<'a> AttributeList<'a> {
    /// Looks at a batch.
    ///
    /// # Errors
    /// `Error::Bug` for a column that is not there or of another type.
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        let wrong = || Error::Bug("a batch without proper attributes".into());
        let list = batch.column_by_name(col::ATTRIBUTES).and_then(|array| array.as_list_opt::<i32>());
        Self::of_list(list.ok_or_else(wrong)?)
    }

    /// Looks at a column of attributes.
    ///
    /// # Errors
    /// `Error::Bug` for lists of something else.
    pub(crate) fn of_list(list: &'a ListArray) -> Result<Self, Error> {
        let wrong = || Error::Bug("a list of something else than attributes".into());
        let members = list.values().as_struct_opt().ok_or_else(wrong)?;
        let member = |name| members.column_by_name(name).ok_or_else(wrong);
        Ok(Self {
            offsets: list.value_offsets(),
            items: members,
            key: member("key")?.as_string_opt::<i32>().ok_or_else(wrong)?,
            text: member("str")?.as_string_opt::<i32>().ok_or_else(wrong)?,
            int: member("int")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?,
            double: member("double")?.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?,
            bool: member("bool")?.as_boolean_opt().ok_or_else(wrong)?,
            any: member("any")?.as_binary_opt::<i32>().ok_or_else(wrong)?,
        })
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Returns the places of a row's attributes.
    pub(crate) fn places(&self, row: usize) -> Range<usize> {
        let at = |row: usize| self.offsets.get(row).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
        at(row)..at(row + 1)
    }

    /// Returns all rows.
    pub(crate) fn rows(&'a self) -> AttributeRows<'a> {
        AttributeRows { list: self, rows: 0..self.len() }
    }
}

/// Returns the rows at (batch, row) places, where those that follow one another in a batch are one part.
///
/// # Errors
/// `Error::Bug` for a place in no batch.
pub(crate) fn parts<'a>(
    lists: &'a [AttributeList<'a>],
    places: impl Iterator<Item = (usize, usize)>,
) -> Result<Vec<AttributeRows<'a>>, Error> {
    let mut parts: Vec<AttributeRows<'a>> = Vec::new();
    let mut last = None;
    for (batch, row) in places {
        match parts.last_mut() {
            Some(part) if last == Some(batch) && part.rows.end == row => part.rows.end += 1,
            _ => {
                let list = lists.get(batch).ok_or_else(|| Error::Bug("a row of no batch".into()))?;
                parts.push(AttributeRows { list, rows: row..row + 1 });
            }
        }
        last = Some(batch);
    }
    Ok(parts)
}

/// Returns a batch without its attributes.
pub(crate) fn without(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let is_other = |place: &usize| batch.schema_ref().field(*place).name() != col::ATTRIBUTES;
    Ok(batch.project(&(0..batch.num_columns()).filter(is_other).collect::<Vec<_>>())?)
}

/// Returns what of `all`, counted over all of them, are `rows`.
pub(crate) fn part<'r, 'a>(
    all: &'r [AttributeRows<'a>],
    rows: Range<usize>,
) -> impl Iterator<Item = AttributeRows<'a>> + use<'r, 'a> {
    let mut first = 0;
    all.iter().filter_map(move |one| {
        let start = first;
        first += one.rows.len();
        let (from, to) = (rows.start.max(start), rows.end.min(first));
        (from < to).then(|| AttributeRows {
            list: one.list,
            rows: one.rows.start + (from - start)..one.rows.start + (to - start),
        })
    })
}
