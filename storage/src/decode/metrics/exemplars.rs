//! A point's exemplars: checked first, appended when the whole point is known to be good.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, UInt64Builder};
use arrow::error::ArrowError;

use crate::decode::any::check_key_value;
use crate::decode::columns::{KeyValueListColumn, Offsets};
use crate::decode::wire::{Fault, Reader};
use crate::schema;

/// `Exemplar.filtered_attributes`.
const FILTERED_ATTRIBUTES: u32 = 7;

#[derive(Debug, Default)]
struct Exemplar<'p> {
    time_unix_nano: u64,
    trace_id: &'p [u8],
    span_id: &'p [u8],
    value: Number,
}

/// A number as points and exemplars have it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// No recorded value.
    #[default]
    None,
    Double(f64),
    Int(i64),
}

impl Number {
    pub(super) fn append_to(self, doubles: &mut Float64Builder, ints: &mut Int64Builder) {
        doubles.append_option(if let Self::Double(value) = self { Some(value) } else { None });
        ints.append_option(if let Self::Int(value) = self { Some(value) } else { None });
    }
}

impl<'p> Exemplar<'p> {
    /// Reads an exemplar; its attributes are handed to `attribute`.
    fn read(bytes: &'p [u8], attribute: impl Fn(&'p [u8]) -> Result<(), Fault>) -> Result<Self, Fault> {
        let mut exemplar = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                2 => exemplar.time_unix_nano = field.fixed64()?,
                3 => exemplar.value = Number::Double(field.double()?),
                4 => exemplar.span_id = field.bytes()?,
                5 => exemplar.trace_id = field.bytes()?,
                6 => exemplar.value = Number::Int(field.fixed64()?.cast_signed()),
                FILTERED_ATTRIBUTES => attribute(field.bytes()?)?,
                _ => {}
            }
        }
        Ok(exemplar)
    }
}

pub(super) fn check(bytes: &[u8]) -> Result<&[u8], Fault> {
    Exemplar::read(bytes, |attribute| check_key_value(attribute, 1))?;
    Ok(bytes)
}

/// The `exemplars` column.
#[derive(Debug)]
pub(super) struct ExemplarColumn {
    rows: Offsets,
    items: usize,
    time: UInt64Builder,
    trace_id: BinaryBuilder,
    span_id: BinaryBuilder,
    value: Float64Builder,
    value_int: Int64Builder,
    attributes: KeyValueListColumn,
}

impl ExemplarColumn {
    pub(super) fn new() -> Self {
        Self {
            rows: Offsets::new(),
            items: 0,
            time: UInt64Builder::new(),
            trace_id: BinaryBuilder::new(),
            span_id: BinaryBuilder::new(),
            value: Float64Builder::new(),
            value_int: Int64Builder::new(),
            attributes: KeyValueListColumn::new(),
        }
    }

    pub(super) fn push_row(&mut self, exemplars: &[&[u8]]) -> Result<(), Fault> {
        for bytes in exemplars {
            let exemplar = Exemplar::read(bytes, |_| Ok(()))?;
            self.time.append_value(exemplar.time_unix_nano);
            self.trace_id.append_value(exemplar.trace_id);
            self.span_id.append_value(exemplar.span_id);
            exemplar.value.append_to(&mut self.value, &mut self.value_int);
            self.attributes.push(bytes, FILTERED_ATTRIBUTES)?;
        }
        self.items += exemplars.len();
        self.rows.close_row(self.items);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let members: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish()),
            Arc::new(self.trace_id.finish()),
            Arc::new(self.span_id.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.value_int.finish()),
            self.attributes.finish()?,
        ];
        self.rows.structs(schema::exemplar_fields(), members)
    }
}
