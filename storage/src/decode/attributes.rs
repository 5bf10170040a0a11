//! Attributes: from the wire into a reused list of slices, from there into the typed columns.
//!
//! A record's attributes are read completely before anything is appended, so that a fault in the last one leaves no
//! half row. The columns keep order, duplicates and types; only what is odd about them is noted.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::ArrowNativeType;
use arrow::error::ArrowError;

use super::any::{self, Value};
use super::columns::Offsets;
use super::limits::HUGE_ATTRIBUTE_BYTES;
use super::wire::{Fault, Reader};
use super::zeros::zeros;
use crate::schema;

/// A key with its value, both slices of the request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Attribute<'p> {
    pub(super) key: &'p str,
    pub(super) value: Value<'p>,
}

/// What was odd about a record's attributes, each with the key as an example.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Oddities<'p> {
    pub(super) huge: Option<(&'p str, usize)>,
    pub(super) duplicate: Option<&'p str>,
    pub(super) string_table: bool,
}

/// The attributes of the record at hand.
#[derive(Debug, Default)]
pub(super) struct Attributes<'p> {
    pub(super) list: Vec<Attribute<'p>>,
    pub(super) odd: Oddities<'p>,
    /// One bit a (length, first, last byte) of the keys so far: a clear bit proves that a key is new.
    seen: u64,
    /// The attributes of the record before: most records of a request have the same keys in the same places.
    last: Vec<Attribute<'p>>,
    /// Whether the keys so far are those of `last`, which has no key twice. `seen` is not kept meanwhile.
    is_like_last: bool,
    /// Whether the record at hand was read to its end.
    is_finished: bool,
}

/// Tag of `AnyValue.string_value_strindex`.
const STRING_VALUE_STRINDEX_TAG: u8 = 8 << 3;

/// Keys up to this number are compared with each other; more are hashed.
const FEW_KEYS: usize = 64;

impl<'p> Attributes<'p> {
    /// Begins with a new record.
    pub(super) fn clear(&mut self) {
        self.is_like_last = self.is_finished && self.odd.duplicate.is_none();
        std::mem::swap(&mut self.list, &mut self.last);
        self.list.clear();
        self.odd = Oddities::default();
        self.seen = 0;
        self.is_finished = false;
    }

    /// Reads a `KeyValue`.
    #[inline]
    pub(super) fn push(&mut self, bytes: &'p [u8]) -> Result<(), Fault> {
        let before = self.last.get(self.list.len());
        match plain(bytes, before) {
            Some(attribute) => {
                self.keep(attribute);
                Ok(())
            }
            None => self.push_any(bytes),
        }
    }

    /// Notes what is odd about a key and keeps the attribute.
    #[inline]
    fn keep(&mut self, attribute: Attribute<'p>) {
        let before = self.last.get(self.list.len());
        if self.is_like_last && before.is_none_or(|before| before.key != attribute.key) {
            self.is_like_last = false;
            self.seen = self.list.iter().fold(0, |seen, attribute| seen | fingerprint(attribute.key));
        }
        if !self.is_like_last {
            self.note_duplicate(attribute.key);
        }
        self.list.push(attribute);
    }

    /// Reads a `KeyValue` of any form.
    fn push_any(&mut self, bytes: &'p [u8]) -> Result<(), Fault> {
        let mut attribute = Attribute { key: "", value: Value::None };
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => attribute.key = field.text()?,
                2 => {
                    let message = field.bytes()?;
                    attribute.value = any::value(message)?;
                    self.odd.string_table |= message.first() == Some(&STRING_VALUE_STRINDEX_TAG);
                    if message.len() >= HUGE_ATTRIBUTE_BYTES {
                        self.odd.huge = Some((attribute.key, message.len()));
                    }
                }
                3 => self.odd.string_table |= field.i32()? != 0,
                _ => {}
            }
        }
        self.keep(attribute);
        Ok(())
    }

    fn note_duplicate(&mut self, key: &'p str) {
        let bit = fingerprint(key);
        if self.seen & bit != 0 && self.list.len() <= FEW_KEYS && self.list.iter().any(|attribute| attribute.key == key)
        {
            self.odd.duplicate = Some(key);
        }
        self.seen |= bit;
    }

    /// Finds duplicates among many keys; call once all are read.
    pub(super) fn finish(&mut self) {
        self.is_finished = true;
        if !self.is_like_last && self.list.len() > FEW_KEYS && self.odd.duplicate.is_none() {
            let mut keys = HashSet::with_capacity(self.list.len());
            self.odd.duplicate = self.list.iter().map(|attribute| attribute.key).find(|key| !keys.insert(*key));
        }
    }
}

/// Returns one bit for a key, which few other keys share.
fn fingerprint(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    let mixed = bytes.len() as u64 * 31 + u64::from(first) * 7 + u64::from(last);
    1_u64 << (mixed & 63)
}

/// Reads a `KeyValue` in the form that every SDK writes: the key, then a value of one scalar, each length in one byte and
/// nothing else. `None`: the general reader decides, also about what is wrong.
///
/// A text that is the same as in the record before is known to be UTF-8. Four of five attributes take this way, and it
/// halves what a span costs (`examples/decode_speed`).
#[inline]
fn plain<'p>(bytes: &'p [u8], before: Option<&Attribute<'p>>) -> Option<Attribute<'p>> {
    let [0x0a, key_length @ ..0x80, rest @ ..] = bytes else { return None };
    let (key, rest) = rest.split_at_checked(usize::from(*key_length))?;
    let [0x12, value_length @ ..0x80, value @ ..] = rest else { return None };
    if value.len() != usize::from(*value_length) {
        return None;
    }
    let key = known_or_checked(key, before.map(|before| before.key))?;
    let value = match value {
        [0x0a, length @ ..0x80, text @ ..] if text.len() == usize::from(*length) => {
            let known = match before {
                Some(Attribute { value: Value::Str(known), .. }) => Some(*known),
                _ => None,
            };
            Value::Str(known_or_checked(text, known)?)
        }
        [0x10, bit @ ..0x80] => Value::Bool(*bit != 0),
        [0x18, low @ ..0x80] => Value::Int(i64::from(*low)),
        [0x18, low @ 0x80..=0xff, high @ ..0x80] => Value::Int(i64::from(*low & 0x7f) | i64::from(*high) << 7),
        [0x21, double @ ..] => Value::Double(f64::from_le_bytes(double.try_into().ok()?)),
        _ => return None,
    };
    Some(Attribute { key, value })
}

/// Returns `known` where the bytes are the same, or the bytes as text, or `None` when they are no UTF-8.
#[inline]
fn known_or_checked<'p>(bytes: &'p [u8], known: Option<&'p str>) -> Option<&'p str> {
    match known {
        Some(known) if known.as_bytes() == bytes => Some(known),
        _ => std::str::from_utf8(bytes).ok(),
    }
}

/// Which member of the struct an attribute's value is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    None,
    Str,
    Int,
    Double,
    Bool,
    Any,
}

/// The `attributes` column. Each type's values lie close together until [`Self::finish`] spreads them over the rows,
/// because an append to five columns of nulls an attribute would cost more than the parsing.
#[derive(Debug)]
pub(super) struct AttributeColumn {
    rows: Offsets,
    members: Vec<Member>,
    keys: Texts,
    texts: Texts,
    anys: Texts,
    ints: Vec<i64>,
    doubles: Vec<f64>,
    bools: Vec<bool>,
}

/// Byte strings one after the other.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    lengths: Vec<u32>,
}

impl Texts {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // A request is smaller than 4 GiB.
        self.lengths.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }
}

impl AttributeColumn {
    pub(super) fn new() -> Self {
        Self {
            rows: Offsets::new(),
            members: Vec::new(),
            keys: Texts::default(),
            texts: Texts::default(),
            anys: Texts::default(),
            ints: Vec::new(),
            doubles: Vec::new(),
            bools: Vec::new(),
        }
    }

    pub(super) fn push_row(&mut self, attributes: &[Attribute<'_>]) {
        for attribute in attributes {
            self.keys.push(attribute.key.as_bytes());
            self.members.push(match attribute.value {
                Value::None => Member::None,
                Value::Str(text) => {
                    self.texts.push(text.as_bytes());
                    Member::Str
                }
                Value::Int(value) => {
                    self.ints.push(value);
                    Member::Int
                }
                Value::Double(value) => {
                    self.doubles.push(value);
                    Member::Double
                }
                Value::Bool(value) => {
                    self.bools.push(value);
                    Member::Bool
                }
                Value::Any(bytes) => {
                    self.anys.push(bytes);
                    Member::Any
                }
            });
        }
        self.rows.close_row(self.members.len());
    }

    pub(super) fn finish(self) -> Result<ArrayRef, ArrowError> {
        let members = &self.members;
        let keys =
            StringArray::try_new(offsets(self.keys.lengths.iter().copied())?, Buffer::from_vec(self.keys.bytes), None)?;
        let (ends, nulls) = spread_texts(members, Member::Str, &self.texts.lengths)?;
        let texts = StringArray::try_new(ends, Buffer::from_vec(self.texts.bytes), nulls)?;
        let (ends, nulls) = spread_texts(members, Member::Any, &self.anys.lengths)?;
        let anys = BinaryArray::try_new(ends, Buffer::from_vec(self.anys.bytes), nulls)?;
        let ints = spread_numbers(members, Member::Int, &self.ints);
        let doubles = spread_numbers(members, Member::Double, &self.doubles);
        let bools = BooleanBuffer::from(spread(members, Member::Bool, &self.bools));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(keys),
            Arc::new(texts),
            Arc::new(Int64Array::try_new(ints, valid(members, Member::Int, self.ints.len()))?),
            Arc::new(Float64Array::try_new(doubles, valid(members, Member::Double, self.doubles.len()))?),
            Arc::new(BooleanArray::new(bools, valid(members, Member::Bool, self.bools.len()))),
            Arc::new(anys),
        ];
        self.rows.structs(schema::attribute_fields(), columns)
    }
}

/// Marks the rows whose value is in `member`, `count` of them.
fn valid(members: &[Member], member: Member, count: usize) -> Option<NullBuffer> {
    if count == 0 {
        return Some(NullBuffer::new_null(members.len()));
    }
    Some(NullBuffer::new(BooleanBuffer::collect_bool(members.len(), |row| members.get(row) == Some(&member))))
}

/// Gives every row its number of `member`, or zero.
fn spread_numbers<T: ArrowNativeType>(members: &[Member], member: Member, values: &[T]) -> ScalarBuffer<T> {
    if values.is_empty() {
        return ScalarBuffer::new(zeros(members.len() * size_of::<T>()), 0, members.len());
    }
    ScalarBuffer::from(spread(members, member, values))
}

/// Gives every row its value of `member`, or the default.
fn spread<T: Copy + Default>(members: &[Member], member: Member, values: &[T]) -> Vec<T> {
    if values.is_empty() {
        return vec![T::default(); members.len()];
    }
    let mut values = values.iter().copied();
    members.iter().map(|of| if *of == member { values.next().unwrap_or_default() } else { T::default() }).collect()
}

fn spread_texts(
    members: &[Member],
    member: Member,
    lengths: &[u32],
) -> Result<(OffsetBuffer<i32>, Option<NullBuffer>), ArrowError> {
    if lengths.is_empty() {
        let ends = ScalarBuffer::new(zeros((members.len() + 1) * size_of::<i32>()), 0, members.len() + 1);
        return Ok((OffsetBuffer::new(ends), valid(members, member, 0)));
    }
    let count = lengths.len();
    let mut lengths = lengths.iter().copied();
    let per_row = members.iter().map(|of| if *of == member { lengths.next().unwrap_or(0) } else { 0 });
    Ok((offsets(per_row)?, valid(members, member, count)))
}

fn offsets(lengths: impl Iterator<Item = u32>) -> Result<OffsetBuffer<i32>, ArrowError> {
    let mut ends = Vec::with_capacity(lengths.size_hint().0 + 1);
    let mut end = 0_u64;
    ends.push(0);
    for length in lengths {
        end += u64::from(length);
        // Checked once below: the last end is the largest.
        ends.push(end as i32);
    }
    i32::try_from(end).map_err(|_| ArrowError::OffsetOverflowError(ends.len()))?;
    Ok(OffsetBuffer::new(ScalarBuffer::from(ends)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::wire::{put_bytes, put_varint};
    use proptest::prelude::*;

    fn keys(keys: &[&str]) -> Vec<Vec<u8>> {
        let encode = |key: &&str| {
            let mut bytes = Vec::new();
            put_bytes(&mut bytes, 1, key.as_bytes());
            bytes
        };
        keys.iter().map(encode).collect()
    }

    #[test]
    fn a_duplicate_key_is_noted_among_few_and_among_many() {
        for count in [2, FEW_KEYS, FEW_KEYS * 4] {
            let mut names: Vec<String> = (0..count).map(|index| format!("k{index}")).collect();
            for duplicate in [false, true] {
                if duplicate {
                    names.push("k1".to_owned());
                }
                let bytes = keys(&names.iter().map(String::as_str).collect::<Vec<_>>());
                let mut attributes = Attributes::default();
                bytes.iter().for_each(|bytes| attributes.push(bytes).unwrap());
                attributes.finish();
                assert_eq!(attributes.odd.duplicate, duplicate.then_some("k1"), "{count} keys");
            }
        }
    }

    /// Scenario: a number that ends in its first byte, and a byte too many. Guarantees: it is no number of two bytes.
    #[test]
    fn a_byte_behind_a_number_is_a_fault() {
        let bytes = [10, 1, b'a', 18, 3, 24, 0, 0];
        assert!(Attributes::default().push_any(&bytes).is_err());
        assert!(Attributes::default().push(&bytes).is_err());
    }

    /// The values that `plain` reads, and some that it leaves alone.
    fn value_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[a-z\u{e4}]{0,6}".prop_map(|text| {
                let mut bytes = Vec::new();
                put_bytes(&mut bytes, 1, text.as_bytes());
                bytes
            }),
            proptest::collection::vec(any::<u8>(), 0..4),
            any::<u64>().prop_map(|number| {
                let mut bytes = vec![0x18];
                put_varint(&mut bytes, number >> (number % 64));
                bytes
            }),
            any::<f64>().prop_map(|number| [&[0x21], number.to_le_bytes().as_slice()].concat()),
        ]
    }

    /// One record: keys from a few, so that records resemble each other and keys come twice.
    fn record() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let key_value = (0..5_u8, value_bytes()).prop_map(|(key, value)| {
            let mut bytes = Vec::new();
            put_bytes(&mut bytes, 1, &[b'a' + key]);
            put_bytes(&mut bytes, 2, &value);
            bytes
        });
        proptest::collection::vec(key_value, 0..6)
    }

    proptest! {
        /// Scenario: records one after the other through one reader. Guarantees: each yields what a fresh reader that
        /// knows no short way yields, oddities and faults included, whatever the records before it were.
        #[test]
        fn the_short_way_reads_what_the_long_way_reads(records in proptest::collection::vec(record(), 1..6)) {
            let mut reused = Attributes::default();
            for record in &records {
                reused.clear();
                let mut fresh = Attributes::default();
                let short: Vec<_> = record.iter().map(|bytes| reused.push(bytes)).collect();
                let long: Vec<_> = record.iter().map(|bytes| fresh.push_any(bytes)).collect();
                prop_assert_eq!(short, long);
                if records.len() % 2 == 0 {
                    reused.finish();
                }
                fresh.finish();
                prop_assert_eq!(format!("{:?}", reused.list), format!("{:?}", fresh.list));
                prop_assert_eq!(reused.odd, fresh.odd);
            }
        }
    }
}
