//! The values of a row's attributes as the texts by which they are looked up.
//!
//! A text is itself, an integer its decimal digits; arrays and maps contribute their members, under the key of the whole.
//! Doubles, booleans and byte strings are no ids and are left out.

use std::collections::BTreeSet;
use std::ops::Range;

use arrow::array::{Array, AsArray, BinaryArray, DictionaryArray, ListArray, RecordBatch, StructArray};
use arrow::datatypes::Int32Type;

use crate::decode::wire::{Fault, Reader};
use crate::error::Error;
use crate::schema::{Table, col};
use crate::segment::attributes::AttributeList;

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueOrigin {
    /// An attribute of a span.
    Span,
    /// An attribute of an event of a span.
    SpanEvent,
    /// An attribute of a link of a span.
    SpanLink,
    /// An attribute of a log record.
    Log,
    /// A member of a log record's structured body.
    LogBody,
    /// An attribute of the resource.
    Resource,
    /// An attribute of the instrumentation scope.
    Scope,
}

/// Field of `ResourceSpans` and `ResourceLogs` with the resource, of `ScopeSpans` and `ScopeLogs` with the scope.
const ENVELOPE_FIELD: u32 = 1;
/// Field of `Resource` with its attributes.
const RESOURCE_ATTRIBUTES: u32 = 1;
/// Field of `InstrumentationScope` with its attributes.
const SCOPE_ATTRIBUTES: u32 = 3;
/// Field of `KeyValueList` with its entries.
const LIST_ENTRIES: u32 = 1;
/// Nested values deeper than this are not looked up; decoding does not let them in either.
const DEPTH_MAX: usize = 64;

/// The columns with values of a batch of spans or logs.
#[derive(Debug)]
pub struct Values<'a> {
    table: Table,
    /// `None`: they stand elsewhere.
    attributes: Option<AttributeList<'a>>,
    events: Option<(&'a ListArray, &'a BinaryArray)>,
    links: Option<(&'a ListArray, &'a BinaryArray)>,
    body: Option<&'a BinaryArray>,
    resource: Option<Envelopes<'a>>,
    scope: Option<Envelopes<'a>>,
}

#[derive(Debug)]
struct Envelopes<'a> {
    dictionary: &'a DictionaryArray<Int32Type>,
    bytes: &'a BinaryArray,
}

impl<'a> Values<'a> {
    /// Looks at a batch. Columns that are not there have no values; the attributes must be.
    ///
    /// # Errors
    /// `Error::Bug` for a column of another type.
    pub fn of(table: Table, batch: &'a RecordBatch) -> Result<Self, Error> {
        Ok(Self { attributes: Some(AttributeList::of(batch)?), ..Self::beside_attributes(table, batch)? })
    }

    /// As [`Self::of`], without the rows' attributes.
    pub(crate) fn beside_attributes(table: Table, batch: &'a RecordBatch) -> Result<Self, Error> {
        let nested = |name: &str| match batch.column_by_name(name) {
            Some(array) => member(array).map(Some),
            None => Ok(None),
        };
        let envelopes = |name: &str| match batch.column_by_name(name) {
            Some(array) => {
                let dictionary = array.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
                let bytes = dictionary.values().as_binary_opt::<i32>().ok_or_else(wrong)?;
                Ok(Some(Envelopes { dictionary, bytes }))
            }
            None => Ok::<_, Error>(None),
        };
        Ok(Self {
            table,
            attributes: None,
            events: nested(col::EVENTS)?,
            links: nested(col::LINKS)?,
            body: batch.column_by_name(col::BODY_ANY).and_then(|array| array.as_binary_opt::<i32>()),
            resource: envelopes(col::RESOURCE)?,
            scope: envelopes(col::SCOPE)?,
        })
    }

    /// Gives the values that rows have for themselves: row, origin, key, text.
    pub fn visit_rows(&self, rows: Range<usize>, mut visit: impl FnMut(usize, ValueOrigin, &str, &[u8])) {
        let own = if self.table == Table::Spans { ValueOrigin::Span } else { ValueOrigin::Log };
        for row in rows {
            if let Some(attributes) = &self.attributes {
                visit_attributes(attributes, row, |key, value| visit(row, own, key, value));
            }
            for (nested, origin) in [(self.events, ValueOrigin::SpanEvent), (self.links, ValueOrigin::SpanLink)] {
                let Some((list, attributes)) = nested else { continue };
                for at in bounds(list, row).filter(|at| attributes.is_valid(*at)) {
                    entries(attributes.value(at), LIST_ENTRIES, &mut |key, value| visit(row, origin, key, value));
                }
            }
            if let Some(body) = self.body.filter(|body| body.is_valid(row)) {
                any(body.value(row), "body", 0, &mut |key, value| visit(row, ValueOrigin::LogBody, key, value));
            }
        }
    }

    /// Gives the values of the resources and scopes of rows, once for each that occurs: origin, its number in this
    /// batch (see [`Values::has_envelope`]), key, text.
    pub fn visit_envelopes(&self, rows: Range<usize>, mut visit: impl FnMut(ValueOrigin, i32, &str, &[u8])) {
        let all = [
            (&self.resource, ValueOrigin::Resource, RESOURCE_ATTRIBUTES),
            (&self.scope, ValueOrigin::Scope, SCOPE_ATTRIBUTES),
        ];
        for (envelopes, origin, field) in all {
            let Some(envelopes) = envelopes else { continue };
            let keys = envelopes.dictionary.keys();
            let numbers: BTreeSet<i32> =
                rows.clone().filter(|row| keys.is_valid(*row)).map(|row| keys.value(row)).collect();
            for number in numbers {
                let Ok(place) = usize::try_from(number) else { continue };
                each(envelopes.bytes.value(place), ENVELOPE_FIELD, &mut |inner| {
                    entries(inner, field, &mut |key, value| visit(origin, number, key, value));
                });
            }
        }
    }

    /// Tells whether a row has the resource or scope of a number.
    #[must_use]
    pub fn has_envelope(&self, row: usize, origin: ValueOrigin, number: i32) -> bool {
        let envelopes = if origin == ValueOrigin::Resource { &self.resource } else { &self.scope };
        envelopes.as_ref().is_some_and(|envelopes| {
            let keys = envelopes.dictionary.keys();
            keys.is_valid(row) && keys.value(row) == number
        })
    }
}

/// Gives the values of a row's attributes: key, text.
#[inline]
pub(crate) fn visit_attributes(list: &AttributeList<'_>, row: usize, mut visit: impl FnMut(&str, &[u8])) {
    for at in list.places(row) {
        let key = list.key.value(at);
        if list.text.is_valid(at) {
            visit(key, list.text.value(at).as_bytes());
        } else if list.int.is_valid(at) {
            decimal(list.int.value(at), |digits| visit(key, digits));
        } else if list.any.is_valid(at) {
            any(list.any.value(at), key, 0, &mut visit);
        }
    }
}

/// Gives the texts of a row's attributes, but for those that the row `before` has in the same place: most values of a service's
/// rows do not change from one to the next.
#[inline]
pub(crate) fn visit_new_attributes(
    list: &AttributeList<'_>,
    row: usize,
    before: Option<usize>,
    mut visit: impl FnMut(&[u8]),
) {
    let known = before.map_or(0..0, |before| list.places(before));
    for (place, at) in list.places(row).enumerate() {
        let known = Some(known.start + place).filter(|place| known.contains(place));
        if list.text.is_valid(at) {
            let text = list.text.value(at);
            if known.is_none_or(|known| list.text.is_null(known) || list.text.value(known) != text) {
                visit(text.as_bytes());
            }
        } else if list.int.is_valid(at) {
            let int = list.int.value(at);
            if known.is_none_or(|known| list.int.is_null(known) || list.int.value(known) != int) {
                decimal(int, &mut visit);
            }
        } else if list.any.is_valid(at) {
            any(list.any.value(at), "", 0, &mut |_, value| visit(value));
        }
    }
}

fn wrong() -> Error {
    Error::Bug("a batch without proper attributes".into())
}

fn column<'a>(members: &'a StructArray, name: &str) -> Result<&'a arrow::array::ArrayRef, Error> {
    members.column_by_name(name).ok_or_else(wrong)
}

/// Returns a list of events or links with their attributes.
fn member(array: &arrow::array::ArrayRef) -> Result<(&ListArray, &BinaryArray), Error> {
    let list = array.as_list_opt::<i32>().ok_or_else(wrong)?;
    let members = list.values().as_struct_opt().ok_or_else(wrong)?;
    Ok((list, column(members, col::ATTRIBUTES)?.as_binary_opt::<i32>().ok_or_else(wrong)?))
}

/// Returns the places of a row's items.
fn bounds(list: &ListArray, row: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    let at = |row: usize| offsets.get(row).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    at(row)..at(row + 1)
}

/// Gives an integer's decimal digits.
fn decimal(value: i64, visit: impl FnOnce(&[u8])) {
    let mut text = [0; 20];
    let (mut rest, mut start) = (value.unsigned_abs(), text.len());
    for (place, byte) in text.iter_mut().enumerate().rev() {
        *byte = b'0' + (rest % 10) as u8;
        (rest, start) = (rest / 10, place);
        if rest == 0 {
            break;
        }
    }
    // Nineteen digits at most: there is room for the sign.
    if let Some(sign) = text.get_mut(start.wrapping_sub(1)).filter(|_| value < 0) {
        *sign = b'-';
        start -= 1;
    }
    visit(text.get(start..).unwrap_or_default());
}

/// Gives every payload of a field. Stored bytes were checked when they came; what cannot be read ends the walk.
fn each(message: &[u8], field: u32, visit: &mut dyn FnMut(&[u8])) {
    let mut reader = Reader::new(message);
    while let Ok(Some(found)) = reader.next_field() {
        if found.number == field
            && let Ok(bytes) = found.bytes()
        {
            visit(bytes);
        }
    }
}

/// Gives the values of the `KeyValue`s in a field.
fn entries(message: &[u8], field: u32, visit: &mut dyn FnMut(&str, &[u8])) {
    each(message, field, &mut |entry| entry_values(entry, None, 0, visit));
}

/// Gives the values of a `KeyValue`, under its own key or that of the whole.
fn entry_values(entry: &[u8], key: Option<&str>, depth: usize, visit: &mut dyn FnMut(&str, &[u8])) {
    let (mut own, mut value) = ("", None);
    let mut reader = Reader::new(entry);
    while let Ok(Some(found)) = reader.next_field() {
        match found.number {
            1 => own = found.text().unwrap_or_default(),
            2 => value = found.bytes().ok(),
            _ => {}
        }
    }
    if let Some(value) = value {
        any(value, key.unwrap_or(own), depth, visit);
    }
}

/// Gives the values of an `AnyValue`. Where several members are set the last one counts, as in decoding.
fn any(bytes: &[u8], key: &str, depth: usize, visit: &mut dyn FnMut(&str, &[u8])) {
    if depth > DEPTH_MAX {
        return;
    }
    let last = || -> Result<Option<_>, Fault> {
        let mut reader = Reader::new(bytes);
        let mut last = None;
        while let Some(found) = reader.next_field()? {
            last = Some(found);
        }
        Ok(last)
    };
    let Ok(Some(found)) = last() else { return };
    match found.number {
        1 => found.text().into_iter().for_each(|text| visit(key, text.as_bytes())),
        3 => found.varint().into_iter().for_each(|value| decimal(value.cast_signed(), |digits| visit(key, digits))),
        // `ArrayValue` has its items in field 1, `KeyValueList` its entries.
        5 => found.bytes().into_iter().for_each(|items| {
            each(items, 1, &mut |item| any(item, key, depth + 1, visit));
        }),
        6 => found.bytes().into_iter().for_each(|list| {
            each(list, LIST_ENTRIES, &mut |entry| entry_values(entry, Some(key), depth + 1, visit));
        }),
        _ => {}
    }
}
