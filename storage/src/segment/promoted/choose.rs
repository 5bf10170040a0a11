//! Which attributes get a column of their own: what a sample of the rows has in at least one of a hundred, the largest first.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, RecordBatch};
use xxhash_rust::xxh3::xxh3_64;

use super::ValueType;
use crate::error::Error;
use crate::limits::{
    PROMOTED_COLUMNS_MAX, PROMOTED_DISTINCT_MAX, PROMOTED_KEY_BYTES_MAX, PROMOTED_TINY_MAX, PROMOTED_VALUE_BYTES_MAX,
    PROMOTION_KEYS_MAX, PROMOTION_PERCENT_MIN, PROMOTION_SAMPLE_ROWS,
};
use crate::schema::{Table, col};
use crate::segment::Segment;
use crate::segment::attributes::AttributeList;

/// Places in a segment from which rows of the sample are taken.
const STRETCHES: u64 = 4;
/// How often each value of a column must occur, on average, for a dictionary to be worth it.
const DICTIONARY_REPEATS: u64 = 8;

/// A column to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) key: String,
    pub(crate) value_type: ValueType,
    /// Whether its values are few.
    pub(crate) has_dictionary: bool,
    /// Whether they are so few that a page of them is small as it is.
    pub(crate) is_tiny: bool,
}

/// Chooses for an output of these inputs; nothing for other tables than spans and logs, and for less than `rows_min` rows.
///
/// # Errors
/// What reading the inputs may give.
pub(crate) fn choose(table: Table, inputs: &[Arc<Segment>], rows_min: u64) -> Result<Vec<Chosen>, Error> {
    let rows: u64 = inputs.iter().map(|segment| segment.rows()).sum();
    if table.holds_points() || rows < rows_min {
        return Ok(Vec::new());
    }
    let mut counts = Counts::default();
    for segment in inputs {
        // Rows of spans are in the order of their trace ids, those of logs in that of time.
        let share = (PROMOTION_SAMPLE_ROWS * segment.rows()).div_ceil(rows.max(1));
        for stretch in stretches(segment.rows(), share) {
            for batch in segment.read(Some(&[col::ATTRIBUTES]), Some(&[stretch]))? {
                counts.add(&batch)?;
            }
        }
    }
    Ok(counts.choose())
}

/// Returns where in a segment of `rows` rows about `share` of them are looked at.
fn stretches(rows: u64, share: u64) -> Vec<Range<u64>> {
    if share >= rows {
        return std::iter::once(0..rows).collect();
    }
    let length = share.div_ceil(STRETCHES);
    let start = |stretch| rows * stretch / STRETCHES;
    let all = (0..STRETCHES).map(|stretch| start(stretch)..(start(stretch) + length).min(start(stretch + 1)));
    all.filter(|stretch| !stretch.is_empty()).collect()
}

/// What the sample has of each key and type.
#[derive(Debug, Default)]
struct Counts {
    keys: HashMap<String, usize>,
    types: Vec<[Count; 4]>,
    rows: u64,
}

/// The first attributes with a key and a type.
#[derive(Debug, Default, Clone)]
struct Count {
    rows: u64,
    bytes: u64,
    longest: usize,
    /// Hashes of its values, as long as they may be few.
    distinct: HashSet<u64>,
}

impl Counts {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let list = AttributeList::of(batch)?;
        let mut seen: HashSet<usize> = HashSet::new();
        for row in 0..list.len() {
            self.rows += 1;
            seen.clear();
            for at in list.places(row) {
                let key = list.key.value(at);
                let Some(number) = self.number(key) else { continue };
                if seen.insert(number)
                    && let Some((value_type, bytes, hash)) = value(&list, at)
                    && let Some(count) = self.types.get_mut(number).and_then(|types| types.get_mut(value_type as usize))
                {
                    count.rows += 1;
                    count.bytes += (key.len() + bytes) as u64;
                    count.longest = count.longest.max(bytes);
                    if count.distinct.len() <= PROMOTED_DISTINCT_MAX {
                        count.distinct.insert(hash);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns a key's place; `None` for keys beyond [`PROMOTION_KEYS_MAX`], and for those that are too long.
    fn number(&mut self, key: &str) -> Option<usize> {
        if let Some(number) = self.keys.get(key) {
            return Some(*number);
        }
        let number = self.types.len();
        if number >= PROMOTION_KEYS_MAX || key.len() > PROMOTED_KEY_BYTES_MAX {
            return None;
        }
        self.keys.insert(key.to_owned(), number);
        self.types.push(Default::default());
        Some(number)
    }

    fn choose(self) -> Vec<Chosen> {
        let types = [ValueType::Str, ValueType::Int, ValueType::Double, ValueType::Bool];
        let mut frequent: Vec<(u64, Chosen)> = Vec::new();
        for (key, number) in self.keys {
            for (count, value_type) in self.types.get(number).into_iter().flatten().zip(types) {
                let is_frequent = count.rows > 0 && count.rows * 100 >= self.rows * PROMOTION_PERCENT_MIN;
                if is_frequent && count.longest <= PROMOTED_VALUE_BYTES_MAX {
                    let distinct = count.distinct.len() as u64;
                    let has_dictionary = count.distinct.len() <= PROMOTED_DISTINCT_MAX
                        && distinct * DICTIONARY_REPEATS <= count.rows
                        && !matches!(value_type, ValueType::Bool);
                    let is_tiny = matches!(value_type, ValueType::Bool)
                        || has_dictionary && count.distinct.len() <= PROMOTED_TINY_MAX;
                    frequent.push((count.bytes, Chosen { key: key.clone(), value_type, has_dictionary, is_tiny }));
                }
            }
        }
        // By key among those of the same size, so that the choice does not depend on chance.
        frequent.sort_by(|(bytes, one), (others, other)| {
            others.cmp(bytes).then_with(|| (&one.key, one.value_type).cmp(&(&other.key, other.value_type)))
        });
        frequent.into_iter().take(PROMOTED_COLUMNS_MAX).map(|(_, chosen)| chosen).collect()
    }
}

/// Returns the type of an attribute's value, its bytes and its hash; `None` for what has no column.
fn value(list: &AttributeList<'_>, at: usize) -> Option<(ValueType, usize, u64)> {
    let number = |value_type, bytes: [u8; 8]| Some((value_type, bytes.len(), xxh3_64(&bytes)));
    if list.text.is_valid(at) {
        let text = list.text.value(at);
        Some((ValueType::Str, text.len(), xxh3_64(text.as_bytes())))
    } else if list.int.is_valid(at) {
        number(ValueType::Int, list.int.value(at).to_le_bytes())
    } else if list.double.is_valid(at) {
        number(ValueType::Double, list.double.value(at).to_le_bytes())
    } else if list.bool.is_valid(at) {
        Some((ValueType::Bool, 1, u64::from(list.bool.value(at))))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_the_segment_and_holds_no_row_twice() {
        assert_eq!(stretches(10, 20), std::slice::from_ref(&(0..10)));
        assert_eq!(stretches(100, 8), [0..2, 25..27, 50..52, 75..77]);
        assert_eq!(stretches(5, 4), [0..1, 1..2, 2..3, 3..4]);
        assert_eq!(stretches(7, 6), [0..1, 1..3, 3..5, 5..7]);
    }
}
