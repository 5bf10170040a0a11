//! `AnyValue` in place: one level is read, deeper levels are checked and stay bytes.
//!
//! Scalars become typed values; arrays, maps, byte strings and values without a type are kept as the `AnyValue`'s own
//! bytes, valid down to the last string and at most [`MAX_ANY_VALUE_DEPTH`] levels deep.

use super::limits::MAX_ANY_VALUE_DEPTH;
use super::wire::{Fault, FaultKind, Field, Reader};

/// The value of an attribute or a body as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'p> {
    /// The key was sent without a value.
    None,
    Str(&'p str),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// `AnyValue` bytes of everything else.
    Any(&'p [u8]),
}

/// Reads an `AnyValue`. Where a sender set several members, the last one counts, as protobuf says.
#[inline]
pub(super) fn value(bytes: &[u8]) -> Result<Value<'_>, Fault> {
    let mut value = Value::Any(bytes);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => value = Value::Str(field.text()?),
            2 => value = Value::Bool(field.bool()?),
            3 => value = Value::Int(field.varint()?.cast_signed()),
            4 => value = Value::Double(field.double()?),
            5..=8 => {
                check_member(&field, 1)?;
                value = Value::Any(bytes);
            }
            _ => {}
        }
    }
    Ok(value)
}

/// Checks an `AnyValue` that is the `depth`-th of a nest, counted from 1.
fn check(bytes: &[u8], depth: usize) -> Result<(), Fault> {
    if depth > MAX_ANY_VALUE_DEPTH {
        return Err(Fault::new(FaultKind::TooDeep, 0, bytes));
    }
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field()? {
        check_member(&field, depth)?;
    }
    Ok(())
}

fn check_member(field: &Field<'_>, depth: usize) -> Result<(), Fault> {
    match field.number {
        1 => field.text().map(drop),
        2 | 3 | 8 => field.varint().map(drop),
        4 => field.fixed64().map(drop),
        5 => each(field.bytes()?, |item| check(item, depth + 1)),
        6 => each(field.bytes()?, |item| check_key_value(item, depth + 1)),
        7 => field.bytes().map(drop),
        _ => Ok(()),
    }
}

/// Calls `check` with every item of an `ArrayValue` or `KeyValueList`: both have them in field 1.
fn each(list: &[u8], mut check: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut reader = Reader::new(list);
    while let Some(field) = reader.next_field()? {
        if field.number == 1 {
            check(field.bytes()?)?;
        }
    }
    Ok(())
}

/// Checks a `KeyValue` whose value is the `depth`-th of a nest.
pub(super) fn check_key_value(bytes: &[u8], depth: usize) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field()? {
        match field.number {
            1 => drop(field.text()?),
            2 => check(field.bytes()?, depth)?,
            3 => drop(field.varint()?),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::wire::put_bytes;

    /// `levels` values inside each other, the innermost without a type.
    fn nested(levels: usize) -> Vec<u8> {
        let mut value = Vec::new();
        for _ in 1..levels {
            let (mut array, mut outer) = (Vec::new(), Vec::new());
            put_bytes(&mut array, 1, &value);
            put_bytes(&mut outer, 5, &array);
            value = outer;
        }
        value
    }

    #[test]
    fn the_deepest_allowed_nest_is_kept_and_one_more_is_refused() {
        let fits = nested(MAX_ANY_VALUE_DEPTH);
        assert_eq!(value(&fits), Ok(Value::Any(&fits)));
        let too_deep = nested(MAX_ANY_VALUE_DEPTH + 1);
        assert_eq!(value(&too_deep).unwrap_err().kind, FaultKind::TooDeep);
        assert_eq!(value(&nested(5_000)).unwrap_err().kind, FaultKind::TooDeep);
    }

    #[test]
    fn the_last_member_counts() {
        let mut bytes = vec![0x18, 5];
        put_bytes(&mut bytes, 1, b"text");
        assert_eq!(value(&bytes), Ok(Value::Str("text")));
        put_bytes(&mut bytes, 7, b"bytes");
        assert_eq!(value(&bytes), Ok(Value::Any(&bytes)));
        assert_eq!(value(&[]), Ok(Value::Any(&[])));
    }
}
