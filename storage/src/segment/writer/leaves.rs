//! Parquet columns of attributes, encoded straight from memory.
//!
//! Attributes are most of a span: nineteen of them are 114 values in six columns, all of which have the same repetition levels. Parquet's
//! own writer wants them gathered into one batch, writes a level of 16 bits for each, and looks for each key in a hash table.
//! Here rows are read where they lie, levels are packed as bits at once, and a key is first compared with the one that stood in its
//! place in the row before. The files are what Parquet's own writer would write, but for where pages end and how runs of
//! levels are cut.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;

use arrow::array::{Array, StringArray};
use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescPtr;

use self::bits::Bits;
use self::pages::{Leaf, Zip};
use crate::segment::attributes::AttributeRows;

mod bits;
mod pages;

/// Level of an attribute without this value; one with it has one more, a row without attributes one less.
const ABSENT: u8 = 1;

/// The six columns of one row group.
pub(super) struct AttributeLeaves {
    key: Leaf,
    keys: Keys,
    text: Leaf,
    int: Leaf,
    double: Leaf,
    bool: Leaf,
    bools: Bits,
    any: Leaf,
    zip: Zip,
}

/// Dictionary of keys, and the keys of the page at hand.
#[derive(Debug, Default)]
struct Keys {
    numbers: HashMap<Box<[u8]>, u32>,
    /// Plain encoding of the dictionary, and where each key stands in it.
    plain: Vec<u8>,
    ends: Vec<usize>,
    page: Vec<u32>,
    /// Keys of the row before: their numbers, their bytes, and where each ends in these.
    last: Vec<u32>,
    bytes: Vec<u8>,
    ends_of_bytes: Vec<i32>,
    /// Once the dictionary is too large, further keys are written as they are.
    is_full: bool,
}

impl AttributeLeaves {
    /// Begins a row group. `columns` are the leaves of `attributes`; `None` when it is not laid out as these can be written.
    pub(super) fn new(columns: &[ColumnDescPtr], properties: &WriterPropertiesPtr) -> Option<Self> {
        let [key, text, int, double, bool, any] = columns else { return None };
        let has_dictionary = |column: &ColumnDescPtr| properties.dictionary_enabled(column.path());
        if !has_dictionary(key) || [text, int, double, bool, any].into_iter().any(has_dictionary) {
            return None;
        }
        let leaf = |column: &ColumnDescPtr| Leaf::new(column, properties);
        Some(Self {
            key: leaf(key),
            keys: Keys::default(),
            text: leaf(text),
            int: leaf(int),
            double: leaf(double),
            bool: leaf(bool),
            bools: Bits::default(),
            any: leaf(any),
            zip: Zip::default(),
        })
    }

    /// Adds rows.
    pub(super) fn push(&mut self, part: &AttributeRows<'_>) -> Result<()> {
        self.push_keys(part)?;
        self.push_bools(part)?;
        let list = part.list;
        let (text, int, double, any) = (list.text, list.int, list.double, list.any);
        push(&mut self.text, &mut self.zip, part, text, |out, at| put_text(out, text.value(at).as_bytes()))?;
        push(&mut self.int, &mut self.zip, part, int, |out, at| out.extend_from_slice(&int.value(at).to_le_bytes()))?;
        let put = |out: &mut Vec<u8>, at| out.extend_from_slice(&double.value(at).to_le_bytes());
        push(&mut self.double, &mut self.zip, part, double, put)?;
        push(&mut self.any, &mut self.zip, part, any, |out, at| put_text(out, any.value(at)))
    }

    fn push_keys(&mut self, part: &AttributeRows<'_>) -> Result<()> {
        let (leaf, keys) = (&mut self.key, &mut self.keys);
        for row in part.rows.clone() {
            let places = part.list.places(row);
            leaf.begin_row(places.len());
            leaf.definition.push_run(u8::from(!places.is_empty()), places.len().max(1));
            if !keys.push_as_before(part.list.key, places.clone()) {
                for (place, at) in places.clone().enumerate() {
                    keys.push(place, part.list.key.value(at).as_bytes(), &mut leaf.values);
                }
                keys.last.truncate(places.len());
                keys.note(part.list.key, places);
            }
            if leaf.is_page_full(leaf.values.len() + keys.page.len()) {
                keys.end_page(leaf, &mut self.zip)?;
            }
            if !keys.is_full && keys.plain.len() >= leaf.dictionary_bytes_max {
                keys.end_page(leaf, &mut self.zip)?;
                keys.is_full = true;
            }
        }
        Ok(())
    }

    fn push_bools(&mut self, part: &AttributeRows<'_>) -> Result<()> {
        let bools = part.list.bool;
        for row in part.rows.clone() {
            let places = part.list.places(row);
            self.bool.begin_row(places.len());
            if bools.null_count() == bools.len() || places.is_empty() {
                self.bool.definition.push_run(ABSENT * u8::from(!places.is_empty()), places.len().max(1));
            } else {
                for at in places {
                    self.bool.definition.push(ABSENT + u8::from(bools.is_valid(at)));
                    if bools.is_valid(at) {
                        self.bools.push(u64::from(bools.value(at)), 1);
                    }
                }
            }
            if self.bool.is_page_full(0) {
                self.bools.finish(&mut self.bool.values);
                self.bool.end_page(Encoding::PLAIN, &mut self.zip)?;
            }
        }
        Ok(())
    }

    /// Returns about how many bytes the columns have so far.
    pub(super) fn bytes(&self) -> usize {
        let leaves = [&self.key, &self.text, &self.int, &self.double, &self.bool, &self.any];
        leaves.iter().map(|leaf| leaf.bytes()).sum::<usize>() + self.keys.plain.len()
    }

    /// Ends the columns and appends them to the row group, whose next columns they are.
    pub(super) fn finish<W: Write + Send>(mut self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<()> {
        self.keys.end_page(&mut self.key, &mut self.zip)?;
        self.bools.finish(&mut self.bool.values);
        let dictionary = (self.keys.ends.len(), self.keys.plain);
        self.key.finish(Encoding::PLAIN, Some(dictionary), &mut self.zip, group)?;
        for leaf in [self.text, self.int, self.double, self.bool, self.any] {
            leaf.finish(Encoding::PLAIN, None, &mut self.zip, group)?;
        }
        Ok(())
    }
}

impl Keys {
    /// Adds the keys of a row when they are those of the row before, which they mostly are.
    #[inline]
    fn push_as_before(&mut self, keys: &StringArray, places: Range<usize>) -> bool {
        let Some(([first, ends @ ..], bytes)) = row_of(keys, places) else { return false };
        let is_same = !self.is_full
            && self.bytes == bytes
            && self.ends_of_bytes.len() == ends.len()
            && self.ends_of_bytes.iter().zip(ends).all(|(known, end)| *known == end - first);
        if is_same {
            self.page.extend_from_slice(&self.last);
        }
        is_same
    }

    /// Keeps the keys of a row that has been added.
    fn note(&mut self, keys: &StringArray, places: Range<usize>) {
        self.bytes.clear();
        self.ends_of_bytes.clear();
        if let Some(([first, ends @ ..], bytes)) = row_of(keys, places) {
            self.bytes.extend_from_slice(bytes);
            self.ends_of_bytes.extend(ends.iter().map(|end| end - first));
        }
    }

    /// Adds a key that stands at `place` in its row.
    #[inline]
    fn push(&mut self, place: usize, key: &[u8], plain: &mut Vec<u8>) {
        if self.is_full {
            return put_text(plain, key);
        }
        let number = match self.last.get(place) {
            Some(last) if self.get(*last) == Some(key) => *last,
            _ => self.number(place, key),
        };
        self.page.push(number);
    }

    fn get(&self, number: u32) -> Option<&[u8]> {
        let number = number as usize;
        let start = if number == 0 { 0 } else { *self.ends.get(number - 1)? };
        self.plain.get(start + size_of::<u32>()..*self.ends.get(number)?)
    }

    fn number(&mut self, place: usize, key: &[u8]) -> u32 {
        let number = match self.numbers.get(key) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
                self.numbers.insert(key.into(), number);
                put_text(&mut self.plain, key);
                self.ends.push(self.plain.len());
                number
            }
        };
        match self.last.get_mut(place) {
            Some(last) => *last = number,
            None => self.last.push(number),
        }
        number
    }

    fn end_page(&mut self, leaf: &mut Leaf, zip: &mut Zip) -> Result<()> {
        if self.is_full || leaf.is_page_empty() {
            return leaf.end_page(Encoding::PLAIN, zip);
        }
        bits::put_numbers(&mut leaf.values, &self.page, self.ends.len());
        self.page.clear();
        leaf.end_page(Encoding::RLE_DICTIONARY, zip)
    }
}

/// Returns where the keys at `places` begin and end, and their bytes.
#[inline]
fn row_of(keys: &StringArray, places: Range<usize>) -> Option<(&[i32], &[u8])> {
    let ends = keys.value_offsets().get(places.start..=places.end)?;
    let (first, last) = (usize::try_from(*ends.first()?).ok()?, usize::try_from(*ends.last()?).ok()?);
    Some((ends, keys.value_data().get(first..last)?))
}

/// Adds the values of one member, each with `put`.
#[inline]
fn push(
    leaf: &mut Leaf,
    zip: &mut Zip,
    part: &AttributeRows<'_>,
    array: &dyn Array,
    put: impl Fn(&mut Vec<u8>, usize),
) -> Result<()> {
    let is_empty = array.null_count() == array.len();
    for row in part.rows.clone() {
        let places = part.list.places(row);
        leaf.begin_row(places.len());
        if is_empty || places.is_empty() {
            leaf.definition.push_run(ABSENT * u8::from(!places.is_empty()), places.len().max(1));
        } else {
            let mut start = places.start;
            while start < places.end {
                let count = (places.end - start).min(VALIDITY_BITS);
                let mut bits = validity(array, start, count);
                leaf.definition.push_validity(bits, count);
                while bits != 0 {
                    put(&mut leaf.values, start + bits.trailing_zeros() as usize);
                    bits &= bits - 1;
                }
                start += count;
            }
        }
        if leaf.is_page_full(leaf.values.len()) {
            leaf.end_page(Encoding::PLAIN, zip)?;
        }
    }
    Ok(())
}

/// Items whose validity is looked at together.
const VALIDITY_BITS: usize = 16;

/// Returns which of `count` items from `start` have a value, the first in the lowest bit.
#[inline]
fn validity(array: &dyn Array, start: usize, count: usize) -> u32 {
    let all = (1 << count) - 1;
    let Some(nulls) = array.nulls() else { return all };
    let (bytes, at) = (nulls.validity(), nulls.offset() + start);
    let byte = |place: usize| bytes.get(at / 8 + place).map_or(0, |byte| u32::from(*byte) << (place * 8));
    (byte(0) | byte(1) | byte(2)) >> (at % 8) & all
}

/// Appends a text in plain encoding.
#[inline]
fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    // A value is part of a request, which is smaller than 4 GiB.
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests;
