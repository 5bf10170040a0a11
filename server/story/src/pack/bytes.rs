//! Varints, texts and columns: how everything in a pack is written and read.

use std::collections::HashMap;

use telltale_api::trace::{AttributeRow, ValueType};

use super::PackError;

/// What is written.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) bytes: Vec<u8>,
}

impl Out {
    pub(super) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.bytes.push(low_byte(value));
    }

    pub(super) fn count(&mut self, value: usize) {
        self.varint(u64::try_from(value).unwrap_or(u64::MAX));
    }

    pub(super) fn zigzag(&mut self, value: i64) {
        self.varint(value.wrapping_shl(1).cast_unsigned() ^ value.wrapping_shr(63).cast_unsigned());
    }

    /// Writes the difference to the value before, which it replaces.
    pub(super) fn delta(&mut self, before: &mut i64, value: i64) {
        self.zigzag(value.wrapping_sub(*before));
        *before = value;
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Writes attributes whose texts stand in `texts`.
    pub(super) fn attributes(&mut self, texts: &mut Interner, attributes: &[AttributeRow]) {
        self.count(attributes.len());
        for attribute in attributes {
            self.varint(texts.index(&attribute.key));
            self.byte(type_byte(attribute.value_type));
            self.varint(texts.index(&attribute.value));
        }
    }
}

fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}

/// Texts, each once; the first is the empty one.
#[derive(Debug)]
pub(super) struct Interner {
    by_text: HashMap<String, u64>,
    texts: Out,
    count: u64,
}

impl Interner {
    pub(super) fn new() -> Self {
        let mut interner = Self { by_text: HashMap::new(), texts: Out::default(), count: 0 };
        interner.index("");
        interner
    }

    /// Returns the place of a text.
    pub(super) fn index(&mut self, text: &str) -> u64 {
        if let Some(known) = self.by_text.get(text) {
            return *known;
        }
        let index = self.count;
        self.texts.text(text);
        self.by_text.insert(text.to_owned(), index);
        self.count += 1;
        index
    }

    /// Returns 0 for none, else the place of a text plus one.
    pub(super) fn maybe(&mut self, text: Option<&str>) -> u64 {
        text.map_or(0, |text| self.index(text) + 1)
    }

    /// Writes the table.
    pub(super) fn finish(self, out: &mut Out) {
        out.varint(self.count);
        out.bytes.extend(self.texts.bytes);
    }
}

/// What is read; every read is checked and says where it failed.
#[derive(Debug, Clone)]
pub(super) struct In<'a> {
    rest: &'a [u8],
    section: u8,
}

impl<'a> In<'a> {
    pub(super) const fn new(bytes: &'a [u8], section: u8) -> Self {
        Self { rest: bytes, section }
    }

    fn broken<T>(&self, what: &'static str) -> Result<T, PackError> {
        Err(PackError { section: self.section, what })
    }

    pub(super) const fn rest_len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, PackError> {
        let Some((first, rest)) = self.rest.split_first() else { return self.broken("it ends early") };
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], PackError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else { return self.broken("it ends early") };
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, PackError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        self.broken("a number is longer than 64 bits")
    }

    /// Reads a count of things that take a byte each at least, so that no count asks for more memory than there is data.
    pub(super) fn count(&mut self) -> Result<usize, PackError> {
        let count = self.varint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len() => Ok(count),
            _ => self.broken("a count is larger than what follows"),
        }
    }

    pub(super) fn index(&mut self) -> Result<u32, PackError> {
        let value = self.varint()?;
        u32::try_from(value).or_else(|_| self.broken("a position is too large"))
    }

    pub(super) fn zigzag(&mut self) -> Result<i64, PackError> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    pub(super) fn delta(&mut self, before: &mut i64) -> Result<i64, PackError> {
        *before = before.wrapping_add(self.zigzag()?);
        Ok(*before)
    }

    /// Reads a column.
    pub(super) fn column<T>(
        &mut self,
        count: usize,
        read: impl FnMut(&mut Self) -> Result<T, PackError>,
    ) -> Result<Vec<T>, PackError> {
        let mut read = read;
        let mut column = Vec::with_capacity(count);
        for _ in 0..count {
            column.push(read(self)?);
        }
        Ok(column)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, PackError> {
        let length = self.count()?;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).or_else(|_| self.broken("a text is not UTF-8"))
    }

    pub(super) fn texts(&mut self) -> Result<Vec<&'a str>, PackError> {
        let count = self.count()?;
        self.column(count, Self::text)
    }

    pub(super) fn id(&mut self) -> Result<u64, PackError> {
        let bytes = self.bytes(8)?;
        bytes.try_into().map(u64::from_be_bytes).or_else(|_| self.broken("an id is short"))
    }

    /// Reads the place of a text and returns the text.
    pub(super) fn text_of<T: AsRef<str>>(&mut self, texts: &[T]) -> Result<String, PackError> {
        let index = self.index()?;
        match texts.get(usize::try_from(index).unwrap_or(usize::MAX)) {
            Some(text) => Ok(text.as_ref().to_owned()),
            None => self.broken("a text is not in the table"),
        }
    }

    /// Reads a text that may be none.
    pub(super) fn maybe_text_of<T: AsRef<str>>(&mut self, texts: &[T]) -> Result<Option<String>, PackError> {
        let Some(index) = self.index()?.checked_sub(1) else { return Ok(None) };
        match texts.get(usize::try_from(index).unwrap_or(usize::MAX)) {
            Some(text) => Ok(Some(text.as_ref().to_owned())),
            None => self.broken("a text is not in the table"),
        }
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, PackError> {
        let value = self.zigzag()?;
        T::try_from(value).or_else(|_| self.broken("a number is out of range"))
    }

    pub(super) fn attributes<T: AsRef<str>>(&mut self, texts: &[T]) -> Result<Vec<AttributeRow>, PackError> {
        let count = self.count()?;
        self.column(count, |input| {
            let key = input.text_of(texts)?;
            let value_type = type_of(input.byte()?);
            Ok(AttributeRow { key, value: input.text_of(texts)?, value_type })
        })
    }
}

/// Order of the types; only appended to.
const TYPES: [ValueType; 8] = [
    ValueType::String,
    ValueType::Bool,
    ValueType::Int,
    ValueType::Double,
    ValueType::Bytes,
    ValueType::Array,
    ValueType::Map,
    ValueType::Empty,
];

pub(super) fn type_byte(value_type: ValueType) -> u8 {
    TYPES.iter().position(|known| *known == value_type).and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
}

pub(super) fn type_of(byte: u8) -> ValueType {
    TYPES.get(usize::from(byte)).copied().unwrap_or_default()
}
