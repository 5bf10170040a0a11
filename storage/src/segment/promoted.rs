//! Attributes with a column of their own in a segment, and how the rows are put together again.
//!
//! A compaction gives frequent attributes of spans and logs, a key and a type each, a column: a scan that asks for one reads this
//! column alone and prunes by its statistics, and values of a kind compress better side by side. Of a row, the first
//! attribute with a key goes into the column of its type; whatever follows with the same key, and every other attribute, stays in the
//! list. `attributes.order` says where in the list the ones with columns stood, so that what is read is what was written, order and
//! duplicates included.
//!
//! Nothing but the writer ([`split`]), the reader and the expression adapter of telltale-query knows of this: everybody else sees
//! whole lists. What is given a column is chosen from a sample of the rows ([`choose`]).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::file::metadata::KeyValue;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::schema::col;

pub(crate) mod choose;
mod restore;
pub(crate) mod split;

/// Key of the note in a data file's metadata that says which attributes have columns.
pub const NOTE: &str = "telltale.attributes";

/// The column that says where in a row's list the attributes with columns stood: a byte an attribute, 0 for the next one of the list,
/// *n* for the one of column *n* - 1; what is left of the list follows.
pub const ORDER: &str = "attributes.order";

/// The types of values that can have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Texts.
    Str,
    /// Integers of 64 bits.
    Int,
    /// Floating-point numbers of 64 bits.
    Double,
    /// Truth values.
    Bool,
}

impl ValueType {
    /// Returns the column's type in Arrow.
    #[must_use]
    pub const fn data_type(self) -> DataType {
        match self {
            Self::Str => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Bool => DataType::Boolean,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Double => "double",
            Self::Bool => "bool",
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PromotedColumn {
    /// The attribute's key.
    pub key: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Whether the columns of this key have the first attribute of every row that has one with a value; otherwise the first one of some
    /// rows stands in their list, because it has another type or is too long.
    pub is_whole: bool,
}

impl PromotedColumn {
    /// Returns the column's name: `attributes.<type>.<key>`.
    #[must_use]
    pub fn name(&self) -> String {
        column_name(&self.key, self.value_type)
    }
}

pub(crate) fn column_name(key: &str, value_type: ValueType) -> String {
    format!("{}.{}.{key}", col::ATTRIBUTES, value_type.name())
}

/// Which attributes have columns in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Promoted {
    columns: Vec<PromotedColumn>,
    /// Bytes of all values in them: what the rows take in memory beyond what the file says.
    value_bytes: u64,
}

impl Promoted {
    /// Reads what a file's metadata says.
    ///
    /// # Errors
    /// A text for a note that is not understood.
    pub(crate) fn of_notes(notes: Option<&Vec<KeyValue>>) -> Result<Option<Self>, String> {
        let note = notes.into_iter().flatten().find(|note| note.key == NOTE);
        note.and_then(|note| note.value.as_deref()).map(Self::parse).transpose()
    }

    /// Reads what the metadata of a file's Arrow schema says; `None` for a file without such columns.
    ///
    /// # Errors
    /// A text for a note that is not understood.
    pub fn of_schema(schema: &Schema) -> Result<Option<Self>, String> {
        schema.metadata().get(NOTE).map(|note| Self::parse(note)).transpose()
    }

    fn parse(note: &str) -> Result<Self, String> {
        serde_json::from_str(note).map_err(|error| format!("{NOTE}: {error}"))
    }

    pub(crate) fn note(&self) -> Result<KeyValue, Error> {
        let text = serde_json::to_string(self).map_err(|error| Error::Bug(format!("{NOTE}: {error}")))?;
        Ok(KeyValue::new(NOTE.to_owned(), text))
    }

    /// Returns the columns, in their order in the file.
    #[must_use]
    pub fn columns(&self) -> &[PromotedColumn] {
        &self.columns
    }

    pub(crate) const fn value_bytes(&self) -> u64 {
        self.value_bytes
    }

    /// Returns the columns of a key with their places.
    pub fn columns_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (usize, &'a PromotedColumn)> {
        self.columns.iter().enumerate().filter(move |(_, column)| column.key == key)
    }

    /// Tells whether the columns of a key say all that `attr` and its kin may say of it; false for a key without columns.
    #[must_use]
    pub fn is_whole(&self, key: &str) -> bool {
        self.columns_of(key).next().is_some() && self.columns_of(key).all(|(_, column)| column.is_whole)
    }

    /// Returns the lists of rows as they were written. `columns` are all of them, in their order.
    ///
    /// # Errors
    /// `ArrowError` for columns that do not belong together.
    pub fn restore(&self, list: &dyn Array, order: &dyn Array, columns: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
        restore::all(self, list, order, columns)
    }

    /// Returns lists in which the functions that take the first attribute with a key find what they would find in the whole ones, for the
    /// keys of the given columns (by their places), and for all others when `list` is given.
    ///
    /// # Errors
    /// `ArrowError` for columns that do not belong together.
    pub fn restore_some(
        &self,
        rows: usize,
        list: Option<&dyn Array>,
        columns: &[(usize, ArrayRef)],
    ) -> Result<ArrayRef, ArrowError> {
        restore::some(self, rows, list, columns)
    }

    /// Returns a batch of the file with whole lists and without the other columns; as it is when it has no attributes.
    pub(crate) fn restore_batch(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Some(order) = batch.column_by_name(ORDER) else { return Ok(batch.clone()) };
        let missing = |name: &str| ArrowError::SchemaError(format!("no column {name}"));
        let find = |name: &str| batch.column_by_name(name).ok_or_else(|| missing(name));
        let columns = self.columns.iter().map(|column| find(&column.name()).map(Arc::clone));
        let list = self.restore(find(col::ATTRIBUTES)?, order, &columns.collect::<Result<Vec<_>, _>>()?)?;
        // The order and the columns stand behind everything else.
        let place = batch.schema_ref().index_of(ORDER)?;
        let mut kept = batch.project(&(0..place).collect::<Vec<_>>())?.columns().to_vec();
        let fields: Vec<_> = batch.schema_ref().fields().iter().take(place).map(Arc::clone).collect();
        if let Some(attributes) = kept.get_mut(batch.schema_ref().index_of(col::ATTRIBUTES)?) {
            *attributes = list;
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), kept)
    }
}

/// Returns the columns of a file of rows with these columns in which some attributes have columns.
fn file_schema(rows: &Schema, columns: &[PromotedColumn]) -> SchemaRef {
    let mut fields: Vec<_> = rows.fields().iter().map(Arc::clone).collect();
    fields.push(Arc::new(Field::new(ORDER, DataType::Binary, false)));
    fields
        .extend(columns.iter().map(|column| Arc::new(Field::new(column.name(), column.value_type.data_type(), true))));
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests;
