//! The values of one column, counted.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, Int32Array, StringArray};

use super::Values;
use crate::limits::{COUNT_BYTES, COUNT_VALUES};

/// Values that were met last, by their first and last bytes: most rows find theirs without a hash of the whole.
const REMEMBERED: usize = 256;

/// Texts with their rows.
#[derive(Debug)]
pub(super) struct Texts {
    /// Positions by text.
    places: HashMap<Arc<str>, u32>,
    values: Vec<(Arc<str>, u64)>,
    remembered: [u32; REMEMBERED],
    bytes: usize,
    is_full: bool,
}

impl Default for Texts {
    fn default() -> Self {
        let remembered = [u32::MAX; REMEMBERED];
        Self { places: HashMap::new(), values: Vec::new(), remembered, bytes: 0, is_full: false }
    }
}

impl Texts {
    pub(super) fn add(&mut self, column: &StringArray) {
        let is_dense = column.null_count() == 0;
        for row in 0..column.len() {
            if self.is_full {
                return;
            }
            if is_dense || column.is_valid(row) {
                self.count(column.value(row), 1);
            }
        }
    }

    fn count(&mut self, text: &str, rows: u64) {
        let slot = slot(text.as_bytes());
        let place = self.remembered.get(slot).copied().unwrap_or(u32::MAX) as usize;
        if let Some((value, count)) = self.values.get_mut(place)
            && **value == *text
        {
            *count += rows;
            return;
        }
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => {
                self.bytes += text.len();
                if self.values.len() >= COUNT_VALUES || self.bytes > COUNT_BYTES {
                    *self = Self { is_full: true, ..Self::default() };
                    return;
                }
                let place = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
                let text: Arc<str> = text.into();
                self.values.push((Arc::clone(&text), 0));
                self.places.insert(text, place);
                place
            }
        };
        if let Some((_, count)) = self.values.get_mut(place as usize) {
            *count += rows;
        }
        if let Some(remembered) = self.remembered.get_mut(slot) {
            *remembered = place;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        if other.is_full {
            *self = other;
            return;
        }
        for (text, rows) in other.values {
            if !self.is_full {
                self.count(&text, rows);
            }
        }
    }

    pub(super) fn finish(self) -> Values {
        if self.is_full {
            return Values::TooMany;
        }
        Values::Texts(self.values.into_iter().map(|(text, rows)| (text.as_ref().to_owned(), rows)).collect())
    }
}

/// Tells most texts of a column apart: its length, its first and its last eight bytes.
fn slot(text: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let (first, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (word(text), 0),
    };
    let mixed =
        (first ^ last.rotate_left(23) ^ (text.len() as u64).rotate_left(47)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 56).unwrap_or(0)
}

/// The numbers below this, which is most of what columns of codes hold, are counted by place.
const SMALL: usize = 32;

/// Whole numbers with their rows.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    small: [u64; SMALL],
    others: HashMap<i32, u64>,
    is_full: bool,
}

impl Numbers {
    pub(super) fn add(&mut self, column: &Int32Array) {
        let is_dense = column.null_count() == 0;
        for (row, number) in column.values().iter().enumerate() {
            if is_dense || column.is_valid(row) {
                self.count(*number, 1);
            }
        }
    }

    fn count(&mut self, number: i32, rows: u64) {
        if let Some(count) = usize::try_from(number).ok().and_then(|number| self.small.get_mut(number)) {
            *count += rows;
        } else if !self.is_full {
            *self.others.entry(number).or_default() += rows;
            self.is_full = self.others.len() > COUNT_VALUES - SMALL;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.is_full |= other.is_full;
        for (number, rows) in other.pairs() {
            self.count(number, rows);
        }
    }

    fn pairs(self) -> impl Iterator<Item = (i32, u64)> {
        let small = self.small.into_iter().zip(0..).map(|(rows, number)| (number, rows));
        small.filter(|(_, rows)| *rows > 0).chain(self.others)
    }

    pub(super) fn finish(self) -> Values {
        if self.is_full { Values::TooMany } else { Values::Numbers(self.pairs().collect()) }
    }
}
