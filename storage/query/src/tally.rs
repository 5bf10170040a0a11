//! Counts of attribute keys and values over many rows, in two groups: what completion, facets and "what is different" show.
//!
//! Columns are known by name: `selected` (whether a row is in the second group; without it all are in the first),
//! `attributes`, `resource`; every other text or number column is counted under its own name.

use std::collections::HashMap;
use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use telltale_storage::encode;
use telltale_storage::schema::col;

use crate::error::QueryError;
use crate::functions::lists::{Attributes, ValueRef};
use crate::limits::{TALLY_KEYS, TALLY_VALUE_BYTES, TALLY_VALUES};
use crate::otlp;

/// Name of the column that says which group a row is in.
const SELECTED: &str = "selected";

/// Where a key is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyOrigin {
    /// A column of the table.
    Column,
    /// An attribute of the record.
    Record,
    /// An attribute of the resource.
    Resource,
}

/// Rows of the two groups.
type Pair = [u64; 2];

/// A key with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCounts {
    /// The key.
    pub key: String,
    /// Where it is from.
    pub origin: KeyOrigin,
    /// Rows that have it.
    pub rows: [u64; 2],
    /// Its values.
    pub values: Vec<ValueCounts>,
    /// Rows with values that are not listed, because there are too many or they are too long.
    pub other: [u64; 2],
}

/// A value with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueCounts {
    /// As text, as `attr('key')` shows it.
    pub value: String,
    /// Rows that have it.
    pub rows: [u64; 2],
}

/// Counts of one key.
#[derive(Debug, Default)]
struct Counts {
    rows: Pair,
    values: HashMap<String, Pair>,
    other: Pair,
}

/// Counts keys and values.
#[derive(Debug, Default)]
pub struct Tally {
    origins: [HashMap<String, Counts>; 3],
    rows: Pair,
    left_out: u64,
    text: String,
}

impl Tally {
    /// Creates an empty count.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the rows of both groups.
    #[must_use]
    pub const fn rows(&self) -> [u64; 2] {
        self.rows
    }

    /// Returns how many attributes were not counted because there are too many keys.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Counts the rows of a batch.
    ///
    /// # Errors
    /// [`QueryError::Internal`] for columns of a type that they cannot have.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let schema = batch.schema();
        let selected = batch.column_by_name(SELECTED).and_then(|column| column.as_boolean_opt());
        let groups: Vec<usize> = (0..batch.num_rows()).map(|row| group(selected, row)).collect();
        for group in &groups {
            add(&mut self.rows, *group, 1);
        }
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            match field.name().as_str() {
                SELECTED => {}
                col::ATTRIBUTES => self.add_attributes(column, &groups)?,
                col::RESOURCE => self.add_resources(column, &groups)?,
                name => self.add_column(name, column, &groups),
            }
        }
        Ok(())
    }

    fn add_attributes(&mut self, column: &ArrayRef, groups: &[usize]) -> Result<(), QueryError> {
        let list = Attributes::of(column).map_err(|error| QueryError::Internal { message: error.to_string() })?;
        let mut seen: Vec<&str> = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            seen.clear();
            for (key, value) in list.entries(row) {
                // Of a key that stands twice the first counts, as with `attr`.
                if !seen.contains(&key) {
                    seen.push(key);
                    self.count(KeyOrigin::Record, key, value, *group, 1);
                }
            }
        }
        Ok(())
    }

    /// Counts each distinct resource once, by its number of rows.
    fn add_resources(&mut self, column: &ArrayRef, groups: &[usize]) -> Result<(), QueryError> {
        let wrong = || QueryError::Internal { message: "resource is no dictionary of bytes".to_owned() };
        let dictionary = column.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
        let values = dictionary.values().as_binary_opt::<i32>().ok_or_else(wrong)?;
        let mut rows: HashMap<usize, Pair> = HashMap::new();
        for (row, group) in groups.iter().enumerate() {
            if let Some(key) = dictionary.key(row) {
                add(rows.entry(key).or_default(), *group, 1);
            }
        }
        for (key, pair) in rows {
            if !values.is_valid(key) {
                continue;
            }
            let mut seen: Vec<String> = Vec::new();
            for (name, value) in encode::resource(values.value(key)).attributes {
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name.clone());
                let Some(text) = otlp::text_of(&value) else { continue };
                for (group, rows) in pair.into_iter().enumerate().filter(|(_, rows)| *rows > 0) {
                    self.count(KeyOrigin::Resource, &name, ValueRef::Text(&text), group, rows);
                }
            }
        }
        Ok(())
    }

    fn add_column(&mut self, name: &str, column: &ArrayRef, groups: &[usize]) {
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| column.is_valid(*row)) {
            let value = match column.data_type() {
                DataType::Utf8 => ValueRef::Text(column.as_string::<i32>().value(row)),
                DataType::Int32 => ValueRef::Int(i64::from(column.as_primitive::<Int32Type>().value(row))),
                DataType::Int64 => ValueRef::Int(column.as_primitive::<Int64Type>().value(row)),
                _ => continue,
            };
            self.count(KeyOrigin::Column, name, value, *group, 1);
        }
    }

    fn count(&mut self, origin: KeyOrigin, key: &str, value: ValueRef<'_>, group: usize, rows: u64) {
        let [columns, records, resources] = &mut self.origins;
        let keys = match origin {
            KeyOrigin::Column => columns,
            KeyOrigin::Record => records,
            KeyOrigin::Resource => resources,
        };
        if !keys.contains_key(key) {
            if keys.len() >= TALLY_KEYS {
                self.left_out += rows;
                return;
            }
            keys.insert(key.to_owned(), Counts::default());
        }
        let Some(counts) = keys.get_mut(key) else { return };
        self.text.clear();
        let text = match value {
            ValueRef::Text(text) => text,
            ValueRef::Empty => return,
            ValueRef::Int(int) => {
                let _infallible = write!(self.text, "{int}");
                self.text.as_str()
            }
            ValueRef::Bool(value) => {
                if value {
                    "true"
                } else {
                    "false"
                }
            }
            other => {
                // A key whose value is not set has none.
                let Some(text) = otlp::text_of(&other.to_value()) else { return };
                self.text.push_str(&text);
                self.text.as_str()
            }
        };
        add(&mut counts.rows, group, rows);
        if let Some(pair) = counts.values.get_mut(text) {
            add(pair, group, rows);
        } else if counts.values.len() < TALLY_VALUES && text.len() <= TALLY_VALUE_BYTES {
            add(counts.values.entry(text.to_owned()).or_default(), group, rows);
        } else {
            add(&mut counts.other, group, rows);
        }
    }

    /// Returns the keys by their rows, most first, each with its values in the same order.
    #[must_use]
    pub fn finish(self) -> Vec<KeyCounts> {
        let [columns, records, resources] = self.origins;
        let origins = [(KeyOrigin::Column, columns), (KeyOrigin::Record, records), (KeyOrigin::Resource, resources)];
        let mut out: Vec<KeyCounts> = origins
            .into_iter()
            .flat_map(|(origin, keys)| keys.into_iter().map(move |(key, counts)| counts.finish(key, origin)))
            .collect();
        out.sort_by(|one, other| {
            let by_rows = other.rows.iter().sum::<u64>().cmp(&one.rows.iter().sum());
            by_rows.then_with(|| one.key.cmp(&other.key)).then_with(|| one.origin.cmp(&other.origin))
        });
        out
    }
}

impl Counts {
    fn finish(self, key: String, origin: KeyOrigin) -> KeyCounts {
        let mut values: Vec<ValueCounts> =
            self.values.into_iter().map(|(value, rows)| ValueCounts { value, rows }).collect();
        values.sort_by(|one, other| {
            let by_rows = other.rows.iter().sum::<u64>().cmp(&one.rows.iter().sum());
            by_rows.then_with(|| one.value.cmp(&other.value))
        });
        KeyCounts { key, origin, rows: self.rows, values, other: self.other }
    }
}

fn group(selected: Option<&BooleanArray>, row: usize) -> usize {
    usize::from(selected.is_some_and(|selected| selected.is_valid(row) && selected.value(row)))
}

fn add(pair: &mut Pair, group: usize, rows: u64) {
    if let Some(count) = pair.get_mut(group) {
        *count += rows;
    }
}
