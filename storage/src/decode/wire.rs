//! The protobuf wire format, read in place.
//!
//! A [`Reader`] yields one [`Field`] after another and owns nothing: strings and submessages are slices of the request.
//! Field numbers mean nothing here; the modules beside this one know them. Groups are stepped over, because OTLP has
//! none, and their nesting is bounded. Every fault carries the address at which it was found, so that the caller can say
//! the offset in the request.

use std::fmt;

use super::limits::MAX_GROUP_DEPTH;

/// The value of a field, as far as the wire type tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Payload<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1, little-endian.
    Fixed64(u64),
    /// Wire type 2: a text, bytes, a message or a packed list.
    Len(&'a [u8]),
    /// Wire type 3, stepped over up to its end.
    Group,
    /// Wire type 5, little-endian.
    Fixed32(u32),
}

impl Payload<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Varint(_) => "varint",
            Self::Fixed64(_) => "64-bit",
            Self::Len(_) => "length-delimited",
            Self::Group => "group",
            Self::Fixed32(_) => "32-bit",
        }
    }
}

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The message ends inside a field.
    Truncated,
    /// A varint of more than 64 bits.
    Varint,
    /// A field number of 0 or beyond 29 bits, or wire type 6 or 7.
    Tag,
    /// A group end without its start, or groups nested too deep.
    Group,
    /// A known field with a foreign wire type.
    WireType {
        /// The wire type that the field has.
        expected: &'static str,
        /// The wire type that was sent.
        found: &'static str,
    },
    /// A string field that is not UTF-8.
    Utf8,
    /// A packed list whose length is no multiple of its item's.
    Packed,
    /// An `AnyValue` nested deeper than the limit.
    TooDeep,
}

/// A fault and where it is: `at` is an address inside the request, see [`Fault::offset_in`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The number of the field in its message, 0 where that is not known.
    pub field: u32,
    at: usize,
}

impl Fault {
    /// Notes a fault at the begin of `at`, which must be part of the request.
    pub(crate) fn new(kind: FaultKind, field: u32, at: &[u8]) -> Self {
        Self { kind, field, at: at.as_ptr() as usize }
    }

    /// Returns how many bytes of `payload` lie before the fault; the fault must have been found inside it.
    #[must_use]
    pub fn offset_in(&self, payload: &[u8]) -> usize {
        self.at.saturating_sub(payload.as_ptr() as usize).min(payload.len())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaultKind::Truncated => f.write_str("the message ends inside a field"),
            FaultKind::Varint => f.write_str("a varint has more than 64 bits"),
            FaultKind::Tag => f.write_str("these bytes are no field tag"),
            FaultKind::Group => f.write_str("a group has no matching end"),
            FaultKind::WireType { expected, found } => {
                write!(f, "field {} should be {expected} and is {found}", self.field)
            }
            FaultKind::Utf8 => write!(f, "the text of field {} is not UTF-8", self.field),
            FaultKind::Packed => write!(f, "the packed list of field {} ends inside an item", self.field),
            FaultKind::TooDeep => {
                write!(f, "a value is nested deeper than {} levels", super::limits::MAX_ANY_VALUE_DEPTH)
            }
        }
    }
}

/// A field with its value.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The field's number.
    pub number: u32,
    /// The field's value.
    pub payload: Payload<'a>,
    /// The bytes that begin with this field's value.
    from: &'a [u8],
}

impl<'a> Field<'a> {
    /// Returns a length-delimited field.
    #[must_use]
    pub const fn of_bytes(number: u32, bytes: &'a [u8]) -> Self {
        Self { number, payload: Payload::Len(bytes), from: bytes }
    }

    #[cold]
    fn wire_type(&self, expected: &'static str) -> Fault {
        Fault::new(FaultKind::WireType { expected, found: self.payload.name() }, self.number, self.from)
    }

    /// Reads `uint64`, `int64`, `uint32`, `int32`, `bool` and enums; narrower types truncate as every decoder does.
    pub fn varint(&self) -> Result<u64, Fault> {
        match self.payload {
            Payload::Varint(value) => Ok(value),
            _ => Err(self.wire_type("varint")),
        }
    }

    /// Reads `uint32`.
    pub fn u32(&self) -> Result<u32, Fault> {
        self.varint().map(low_32)
    }

    /// Reads `int32` and enums; numbers that the enum does not list are kept.
    pub fn i32(&self) -> Result<i32, Fault> {
        self.u32().map(u32::cast_signed)
    }

    /// Reads `sint32` (zigzag).
    pub fn sint32(&self) -> Result<i32, Fault> {
        self.u32().map(|raw| (raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    /// Reads `bool`.
    pub fn bool(&self) -> Result<bool, Fault> {
        self.varint().map(|value| value != 0)
    }

    /// Reads `fixed64` and the bits of `sfixed64`.
    pub fn fixed64(&self) -> Result<u64, Fault> {
        match self.payload {
            Payload::Fixed64(value) => Ok(value),
            _ => Err(self.wire_type("64-bit")),
        }
    }

    /// Reads `double`.
    pub fn double(&self) -> Result<f64, Fault> {
        self.fixed64().map(f64::from_bits)
    }

    /// Reads `fixed32`.
    pub fn fixed32(&self) -> Result<u32, Fault> {
        match self.payload {
            Payload::Fixed32(value) => Ok(value),
            _ => Err(self.wire_type("32-bit")),
        }
    }

    /// Reads `bytes` or the bytes of a submessage.
    pub fn bytes(&self) -> Result<&'a [u8], Fault> {
        match self.payload {
            Payload::Len(bytes) => Ok(bytes),
            _ => Err(self.wire_type("length-delimited")),
        }
    }

    /// Reads `string`.
    pub fn text(&self) -> Result<&'a str, Fault> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| Fault::new(FaultKind::Utf8, self.number, bytes))
    }

    /// Appends a repeated `fixed64` or `double` (its bits), packed or not.
    pub fn repeated_fixed64(&self, out: &mut Vec<u64>) -> Result<(), Fault> {
        match self.payload {
            Payload::Fixed64(value) => out.push(value),
            Payload::Len(bytes) => {
                let (items, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(Fault::new(FaultKind::Packed, self.number, rest));
                }
                out.extend(items.iter().map(|item| u64::from_le_bytes(*item)));
            }
            _ => return Err(self.wire_type("64-bit")),
        }
        Ok(())
    }

    /// Appends a repeated `uint64`, packed or not.
    pub fn repeated_varint(&self, out: &mut Vec<u64>) -> Result<(), Fault> {
        match self.payload {
            Payload::Varint(value) => out.push(value),
            Payload::Len(bytes) => {
                let mut items = Reader::new(bytes);
                while !items.is_empty() {
                    out.push(items.varint()?);
                }
            }
            _ => return Err(self.wire_type("varint")),
        }
        Ok(())
    }
}

/// Keeps the low 32 bits, as protobuf does for a varint that is too wide for its field.
#[expect(clippy::cast_possible_truncation, reason = "protobuf defines the truncation")]
const fn low_32(value: u64) -> u32 {
    value as u32
}

/// Reads the fields of one message.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins at the first field of a message.
    #[must_use]
    pub const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Whether the message is over.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the next field, or `None` at the end of the message.
    #[inline]
    pub fn next_field(&mut self) -> Result<Option<Field<'a>>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let from = self.rest;
        let payload = match wire_type {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.take_array(number)?)),
            2 => Payload::Len(self.take_len(number)?),
            3 => {
                self.skip_group(number)?;
                Payload::Group
            }
            5 => Payload::Fixed32(u32::from_le_bytes(self.take_array(number)?)),
            _ => return Err(Fault::new(FaultKind::Group, number, from)),
        };
        Ok(Some(Field { number, payload, from }))
    }

    /// Returns the next field and the bytes that it is made of, tag included.
    pub fn next_raw(&mut self) -> Result<Option<(Field<'a>, &'a [u8])>, Fault> {
        let before = self.rest;
        let field = self.next_field()?;
        let raw = before.split_at_checked(before.len().saturating_sub(self.rest.len())).map_or(before, |(raw, _)| raw);
        Ok(field.map(|field| (field, raw)))
    }

    /// Reads a tag: field number and wire type 0 to 5.
    #[inline]
    fn tag(&mut self) -> Result<(u32, u8), Fault> {
        let at = self.rest;
        let tag = self.varint()?;
        let (number, wire_type) = (tag >> 3, (tag & 7) as u8);
        match u32::try_from(number) {
            Ok(number) if number != 0 && number <= 0x1fff_ffff && wire_type <= 5 => Ok((number, wire_type)),
            _ => Err(Fault::new(FaultKind::Tag, 0, at)),
        }
    }

    /// Reads a varint.
    #[inline]
    fn varint(&mut self) -> Result<u64, Fault> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        let mut bytes = self.rest.iter();
        for place in 0..10 {
            let Some(byte) = bytes.next() else { return Err(Fault::new(FaultKind::Truncated, 0, self.rest)) };
            value |= u64::from(byte & 0x7f) << (place * 7);
            if *byte < 0x80 {
                if place == 9 && *byte > 1 {
                    break;
                }
                self.rest = bytes.as_slice();
                return Ok(value);
            }
        }
        Err(Fault::new(FaultKind::Varint, 0, self.rest))
    }

    #[inline]
    fn take_array<const N: usize>(&mut self, number: u32) -> Result<[u8; N], Fault> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(Fault::new(FaultKind::Truncated, number, self.rest));
        };
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    fn take_len(&mut self, number: u32) -> Result<&'a [u8], Fault> {
        let at = self.rest;
        let length = self.varint()?;
        let taken = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let Some((taken, rest)) = taken else { return Err(Fault::new(FaultKind::Truncated, number, at)) };
        self.rest = rest;
        Ok(taken)
    }

    /// Steps over a group whose start tag has been read, without recursion.
    #[cold]
    fn skip_group(&mut self, number: u32) -> Result<(), Fault> {
        let mut open = vec![number];
        while let Some(innermost) = open.last().copied() {
            let at = self.rest;
            if at.is_empty() {
                return Err(Fault::new(FaultKind::Truncated, number, at));
            }
            let (number, wire_type) = self.tag()?;
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.take_array::<8>(number)?),
                2 => drop(self.take_len(number)?),
                3 if open.len() < MAX_GROUP_DEPTH => open.push(number),
                4 if number == innermost => drop(open.pop()),
                5 => drop(self.take_array::<4>(number)?),
                _ => return Err(Fault::new(FaultKind::Group, number, at)),
            }
        }
        Ok(())
    }
}

/// Appends a varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends a length-delimited field.
pub fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Returns how many bytes a varint takes.
#[must_use]
pub const fn varint_len(value: u64) -> usize {
    // 64 bits in groups of 7; a value of 0 takes one byte.
    ((63 - (value | 1).leading_zeros()) as usize) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_survive_and_know_their_length(value in any::<u64>(), shift in 0_u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            prop_assert_eq!(bytes.len(), varint_len(value));
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn varints_and_tags_agree_with_prost(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            let mut theirs = bytes.as_slice();
            let mut ours = Reader::new(&bytes);
            prop_assert_eq!(ours.varint().ok(), prost::encoding::decode_varint(&mut theirs).ok());
        }
    }

    #[test]
    fn groups_are_stepped_over_up_to_the_limit() {
        let nested = |depth: usize| {
            let mut bytes = vec![0x0b; depth];
            bytes.extend(vec![0x0c; depth]);
            bytes
        };
        let fits = nested(MAX_GROUP_DEPTH);
        assert_eq!(Reader::new(&fits).next_field().unwrap().unwrap().payload, Payload::Group);
        let too_deep = nested(MAX_GROUP_DEPTH + 1);
        assert_eq!(Reader::new(&too_deep).next_field().unwrap_err().kind, FaultKind::Group);
        assert_eq!(Reader::new(&[0x0b, 0x14]).next_field().unwrap_err().kind, FaultKind::Group);
    }

    #[test]
    fn a_fault_knows_its_offset() {
        let bytes = [0x08, 0x01, 0x12, 0x05, 0x00];
        let mut reader = Reader::new(&bytes);
        assert!(reader.next_field().unwrap().is_some());
        let fault = reader.next_field().unwrap_err();
        assert_eq!((fault.kind, fault.offset_in(&bytes)), (FaultKind::Truncated, 3));
    }
}
