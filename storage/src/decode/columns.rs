//! Column builders that Arrow does not have: ids, envelopes, lists of structs, and OTLP lists copied from the wire.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BinaryBuilder, DictionaryArray, FixedSizeBinaryArray, Int32Array, ListArray,
    NullBufferBuilder, StringBuilder, StructArray, TimestampNanosecondArray,
};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type};
use arrow::error::ArrowError;
use telltale_model::UnixNanos;

use super::attributes::{Attribute, AttributeColumn};
use super::envelope::{Envelope, Level};
use super::wire::{Fault, Reader, put_bytes};

/// Ids of `N` bytes.
#[derive(Debug)]
pub(super) struct IdColumn<const N: usize> {
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl<const N: usize> IdColumn<N> {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }

    pub(super) fn push(&mut self, id: &[u8; N]) {
        self.bytes.extend_from_slice(id);
        self.nulls.append_non_null();
    }

    pub(super) fn push_option(&mut self, id: Option<&[u8; N]>) {
        match id {
            Some(id) => self.push(id),
            None => {
                self.bytes.extend_from_slice(&[0; N]);
                self.nulls.append_null();
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let length = i32::try_from(N).map_err(|error| ArrowError::InvalidArgumentError(error.to_string()))?;
        let rows = self.bytes.len() / N;
        let (values, nulls) = (Buffer::from_vec(self.bytes), self.nulls.finish());
        Ok(Arc::new(FixedSizeBinaryArray::try_new_with_len(length, values, nulls, rows)?))
    }
}

/// `resource` or `scope`: each envelope's bytes once, a key a row. Empty bytes are null.
#[derive(Debug)]
struct EnvelopeColumn {
    keys: Vec<i32>,
    nulls: NullBufferBuilder,
    values: BinaryBuilder,
    next_key: i32,
    last_serial: Option<u32>,
}

impl EnvelopeColumn {
    fn new() -> Self {
        Self {
            keys: Vec::new(),
            nulls: NullBufferBuilder::new(0),
            values: BinaryBuilder::new(),
            next_key: 0,
            last_serial: None,
        }
    }

    fn push(&mut self, level: &Level<'_>) {
        if level.bytes.is_empty() {
            self.keys.push(0);
            self.nulls.append_null();
            return;
        }
        if self.last_serial != Some(level.serial) {
            self.values.append_value(&level.bytes);
            self.last_serial = Some(level.serial);
            self.next_key += 1;
        }
        self.keys.push(self.next_key - 1);
        self.nulls.append_non_null();
    }

    fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let keys = Int32Array::new(ScalarBuffer::from(self.keys), self.nulls.finish());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(self.values.finish()))?))
    }
}

/// The columns that every table ends with.
#[derive(Debug)]
pub(super) struct Tail {
    service_name: StringBuilder,
    resource: EnvelopeColumn,
    scope: EnvelopeColumn,
    attributes: AttributeColumn,
    rows: usize,
}

impl Tail {
    pub(super) fn new() -> Self {
        Self {
            service_name: StringBuilder::new(),
            resource: EnvelopeColumn::new(),
            scope: EnvelopeColumn::new(),
            attributes: AttributeColumn::new(),
            rows: 0,
        }
    }

    pub(super) fn push(&mut self, envelope: &Envelope<'_>, attributes: &[Attribute<'_>]) {
        self.service_name.append_option(envelope.service_name);
        self.resource.push(&envelope.resource);
        self.scope.push(&envelope.scope);
        self.attributes.push_row(attributes);
        self.rows += 1;
    }

    /// Appends the five columns to `columns`.
    pub(super) fn finish(mut self, received: UnixNanos, columns: &mut Vec<ArrayRef>) -> Result<(), ArrowError> {
        columns.push(Arc::new(self.service_name.finish()));
        columns.push(self.resource.finish()?);
        columns.push(self.scope.finish()?);
        columns.push(self.attributes.finish()?);
        columns.push(timestamps(vec![received.saturating_i64(); self.rows]));
        Ok(())
    }
}

/// Times without gaps.
pub(super) fn timestamps(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from(values).with_timezone("UTC"))
}

/// Offsets of a list column and how to close a row.
#[derive(Debug)]
pub(super) struct Offsets {
    ends: Vec<i32>,
}

impl Offsets {
    pub(super) fn new() -> Self {
        Self { ends: vec![0] }
    }

    /// Closes a row after which the items' columns have `length` entries.
    pub(super) fn close_row(&mut self, length: usize) {
        // A request is smaller than 2 GiB, so this holds; were it not so, Arrow would refuse the falling offset.
        self.ends.push(i32::try_from(length).unwrap_or(-1));
    }

    fn finish(self) -> Result<OffsetBuffer<i32>, ArrowError> {
        if self.ends.iter().any(|end| *end < 0) {
            return Err(ArrowError::OffsetOverflowError(self.ends.len()));
        }
        Ok(OffsetBuffer::new(ScalarBuffer::from(self.ends)))
    }

    /// Makes a list of structs.
    pub(super) fn structs(self, fields: Fields, members: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
        let items: ArrayRef = Arc::new(StructArray::try_new(fields, members, None)?);
        self.items(items)
    }

    /// Makes a list of what `items` holds.
    pub(super) fn items(self, items: ArrayRef) -> Result<ArrayRef, ArrowError> {
        let field = Arc::new(Field::new("item", DataType::clone(items.data_type()), false));
        Ok(Arc::new(ListArray::try_new(field, self.finish()?, items, None)?))
    }
}

/// OTLP `KeyValueList`s gathered from the repeated `KeyValue` fields of messages; null where there are none.
#[derive(Debug)]
pub(super) struct KeyValueListColumn {
    bytes: Vec<u8>,
    ends: Offsets,
    nulls: NullBufferBuilder,
}

impl KeyValueListColumn {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), ends: Offsets::new(), nulls: NullBufferBuilder::new(0) }
    }

    /// Appends the fields `number` of `message`, which has been checked.
    pub(super) fn push(&mut self, message: &[u8], number: u32) -> Result<(), Fault> {
        let before = self.bytes.len();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            if field.number == number {
                put_bytes(&mut self.bytes, 1, field.bytes()?);
            }
        }
        self.nulls.append(self.bytes.len() > before);
        self.ends.close_row(self.bytes.len());
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let (ends, nulls) = (self.ends.finish()?, self.nulls.finish());
        Ok(Arc::new(BinaryArray::try_new(ends, Buffer::from_vec(self.bytes), nulls)?))
    }
}
