//! Takes the attributes that have columns out of the lists, as a segment is written.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder as _, ArrayRef, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListArray,
    RecordBatch, StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::choose::Chosen;
use super::{Promoted, PromotedColumn, ValueType, file_schema};
use crate::error::Error;
use crate::limits::{PROMOTED_COLUMNS_MAX, PROMOTED_VALUE_BYTES_MAX};
use crate::schema::{attribute_fields, col};
use crate::segment::attributes::{AttributeList, AttributeRows};

/// See the module.
pub(crate) struct Splitter {
    columns: Vec<PromotedColumn>,
    keys: Vec<Key>,
    numbers: HashMap<String, usize>,
    schema: SchemaRef,
    value_bytes: u64,
}

/// A key with columns.
#[derive(Debug, Default)]
struct Key {
    /// Column of each type, in the order of [`ValueType`].
    columns: [Option<u8>; 4],
    is_partial: bool,
}

impl Splitter {
    /// Begins a file of rows with these columns in which the chosen attributes get columns, at most [`PROMOTED_COLUMNS_MAX`].
    pub(crate) fn new(rows: &Schema, chosen: &[Chosen]) -> Self {
        let columns = chosen.iter().take(PROMOTED_COLUMNS_MAX);
        let columns = columns.map(|Chosen { key, value_type, .. }| PromotedColumn {
            key: key.clone(),
            value_type: *value_type,
            is_whole: true,
        });
        let columns: Vec<_> = columns.collect();
        let (mut keys, mut numbers) = (Vec::<Key>::new(), HashMap::new());
        for (column, number) in columns.iter().zip(0_u8..) {
            let at = *numbers.entry(column.key.clone()).or_insert(keys.len());
            if at == keys.len() {
                keys.push(Key::default());
            }
            if let Some(place) = keys.get_mut(at).and_then(|key| key.columns.get_mut(column.value_type as usize)) {
                *place = Some(number);
            }
        }
        let schema = file_schema(rows, &columns);
        Self { columns, keys, numbers, schema, value_bytes: 0 }
    }

    /// Returns the columns of the file.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Returns rows as the file has them: a batch of the table, and their attributes, which the batch need not have.
    pub(crate) fn split<'a>(
        &mut self,
        batch: &RecordBatch,
        attributes: &[AttributeRows<'a>],
    ) -> Result<RecordBatch, Error> {
        let mut parts = Parts::new(&self.columns, batch.num_rows());
        // What stood where in the row before: mostly the same as here.
        let (mut before, mut here) = (Vec::<(&'a str, Option<usize>)>::new(), Vec::new());
        for AttributeRows { list, rows } in attributes {
            let source = parts.source(list);
            for row in rows.clone() {
                let mut seen = 0_u64;
                here.clear();
                for (place, at) in list.places(row).enumerate() {
                    let key = list.key.value(at);
                    let number = match before.get(place) {
                        Some((known, number)) if *known == key => *number,
                        _ => self.numbers.get(key).copied(),
                    };
                    here.push((key, number));
                    match number.and_then(|number| self.column_of(number, &mut seen, list, at)) {
                        Some(column) => self.value_bytes += parts.push(column, list, at),
                        None => parts.keep(source, at),
                    }
                }
                parts.end_row();
                std::mem::swap(&mut before, &mut here);
            }
        }
        parts.finish(&self.schema, batch)
    }

    /// Returns the column into which the attribute at a place goes; `None`: it stays. `seen` are the keys of this row so far.
    fn column_of(&mut self, number: usize, seen: &mut u64, list: &AttributeList<'_>, at: usize) -> Option<u8> {
        let bit = 1 << number;
        if *seen & bit != 0 {
            return None;
        }
        *seen |= bit;
        let key = self.keys.get_mut(number)?;
        let value_type = if list.text.is_valid(at) {
            (list.text.value(at).len() <= PROMOTED_VALUE_BYTES_MAX).then_some(ValueType::Str)
        } else if list.int.is_valid(at) {
            Some(ValueType::Int)
        } else if list.double.is_valid(at) {
            Some(ValueType::Double)
        } else if list.bool.is_valid(at) {
            Some(ValueType::Bool)
        } else if list.any.is_valid(at) {
            None
        } else {
            // Nothing is what the columns say of it, too.
            return None;
        };
        let column = value_type.and_then(|value_type| key.columns.get(value_type as usize).copied().flatten());
        key.is_partial |= column.is_none();
        column
    }

    /// Returns what the file's metadata has to say.
    pub(crate) fn finish(self) -> Promoted {
        let is_whole = |key: &str| {
            self.numbers.get(key).and_then(|number| self.keys.get(*number)).is_some_and(|key| !key.is_partial)
        };
        let columns =
            self.columns.iter().map(|column| PromotedColumn { is_whole: is_whole(&column.key), ..column.clone() });
        Promoted { columns: columns.collect(), value_bytes: self.value_bytes }
    }
}

/// What becomes of one batch.
struct Parts<'a> {
    /// The attributes of all rows of the batches that rows come from.
    sources: Vec<&'a StructArray>,
    columns: Vec<Builder>,
    order: BinaryBuilder,
    steps: Vec<u8>,
    /// Steps up to the last attribute that goes into a column.
    steps_end: usize,
    /// Source and place of each attribute that stays in the list.
    kept: Vec<(usize, usize)>,
    ends: Vec<i32>,
    rows: usize,
}

/// A column that is being built.
enum Builder {
    Str(StringBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
}

/// Runs the same on each kind of builder.
macro_rules! each {
    ($builder:expr, $name:ident => $run:expr) => {
        match $builder {
            Builder::Str($name) => $run,
            Builder::Int($name) => $run,
            Builder::Double($name) => $run,
            Builder::Bool($name) => $run,
        }
    };
}

impl Builder {
    fn new(value_type: ValueType, rows: usize) -> Self {
        match value_type {
            ValueType::Str => Self::Str(StringBuilder::new()),
            ValueType::Int => Self::Int(Int64Builder::with_capacity(rows)),
            ValueType::Double => Self::Double(Float64Builder::with_capacity(rows)),
            ValueType::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
        }
    }

    /// Fills up with nulls to a number of rows.
    fn fill(&mut self, rows: usize) {
        each!(self, builder => if builder.len() < rows { builder.append_nulls(rows - builder.len()) });
    }

    /// Returns the bytes of the value.
    fn push(&mut self, list: &AttributeList<'_>, at: usize) -> u64 {
        match self {
            Self::Str(builder) => {
                let text = list.text.value(at);
                builder.append_value(text);
                return (size_of::<u32>() + text.len()) as u64;
            }
            Self::Int(builder) => builder.append_value(list.int.value(at)),
            Self::Double(builder) => builder.append_value(list.double.value(at)),
            Self::Bool(builder) => builder.append_value(list.bool.value(at)),
        }
        size_of::<u64>() as u64
    }

    fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()))
    }
}

impl<'a> Parts<'a> {
    fn new(columns: &[PromotedColumn], rows: usize) -> Self {
        Self {
            sources: Vec::new(),
            columns: columns.iter().map(|column| Builder::new(column.value_type, rows)).collect(),
            order: BinaryBuilder::new(),
            steps: Vec::new(),
            steps_end: 0,
            kept: Vec::new(),
            ends: vec![0],
            rows: 0,
        }
    }

    /// Returns the number of a source.
    fn source(&mut self, list: &AttributeList<'a>) -> usize {
        let known = self.sources.iter().position(|known| std::ptr::eq(*known, list.items));
        known.unwrap_or_else(|| {
            self.sources.push(list.items);
            self.sources.len() - 1
        })
    }

    /// Takes an attribute into its column; returns its value's bytes.
    fn push(&mut self, column: u8, list: &AttributeList<'_>, at: usize) -> u64 {
        self.steps.push(column + 1);
        self.steps_end = self.steps.len();
        let rows = self.rows;
        self.columns.get_mut(usize::from(column)).map_or(0, |builder| {
            builder.fill(rows);
            builder.push(list, at)
        })
    }

    /// Leaves an attribute in the list.
    fn keep(&mut self, source: usize, at: usize) {
        self.steps.push(0);
        self.kept.push((source, at));
    }

    fn end_row(&mut self) {
        self.order.append_value(self.steps.get(..self.steps_end).unwrap_or_default());
        self.steps.clear();
        self.steps_end = 0;
        // The list that this is a part of counts them so too.
        self.ends.push(i32::try_from(self.kept.len()).unwrap_or(i32::MAX));
        self.rows += 1;
    }

    fn finish(mut self, schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let sources: Vec<&dyn Array> = self.sources.iter().map(|items| *items as &dyn Array).collect();
        let items = match sources.is_empty() {
            true => arrow::array::new_empty_array(&DataType::Struct(attribute_fields())),
            false => interleave(&sources, &self.kept)?,
        };
        let item = Arc::new(Field::new("item", DataType::Struct(attribute_fields()), false));
        let left: ArrayRef = Arc::new(ListArray::try_new(item, OffsetBuffer::new(self.ends.into()), items, None)?);
        let of_table = schema.fields().len().saturating_sub(self.columns.len() + 1);
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields().iter().take(of_table) {
            let missing = || Error::Bug(format!("a batch without {}", field.name()));
            let other = || batch.column_by_name(field.name()).map(Arc::clone);
            let column = if field.name() == col::ATTRIBUTES { Some(Arc::clone(&left)) } else { other() };
            columns.push(column.ok_or_else(missing)?);
        }
        columns.push(Arc::new(self.order.finish()));
        for builder in &mut self.columns {
            builder.fill(self.rows);
            columns.push(builder.finish());
        }
        Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
    }
}
