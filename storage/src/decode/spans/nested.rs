//! A span's events and links: checked first, appended when the whole span is known to be good.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, StringBuilder, UInt32Builder, UInt64Builder};
use arrow::error::ArrowError;

use super::non_empty;
use crate::decode::any::check_key_value;
use crate::decode::columns::{KeyValueListColumn, Offsets};
use crate::decode::wire::{Fault, Reader};
use crate::schema;

/// `Span.Event.attributes`.
const EVENT_ATTRIBUTES: u32 = 3;
/// `Span.Link.attributes`.
const LINK_ATTRIBUTES: u32 = 4;

#[derive(Debug, Default)]
struct Event<'p> {
    time_unix_nano: u64,
    name: &'p str,
    dropped_attributes_count: u32,
}

impl<'p> Event<'p> {
    /// Reads an event; its attributes are handed to `attribute`.
    fn read(bytes: &'p [u8], attribute: impl Fn(&'p [u8]) -> Result<(), Fault>) -> Result<Self, Fault> {
        let mut event = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => event.time_unix_nano = field.fixed64()?,
                2 => event.name = field.text()?,
                EVENT_ATTRIBUTES => attribute(field.bytes()?)?,
                4 => event.dropped_attributes_count = field.u32()?,
                _ => {}
            }
        }
        Ok(event)
    }
}

pub(super) fn check_event(bytes: &[u8]) -> Result<(), Fault> {
    Event::read(bytes, |attribute| check_key_value(attribute, 1)).map(drop)
}

/// The `events` column.
#[derive(Debug)]
pub(super) struct EventColumn {
    rows: Offsets,
    items: usize,
    time: UInt64Builder,
    name: StringBuilder,
    attributes: KeyValueListColumn,
    dropped: UInt32Builder,
}

impl EventColumn {
    pub(super) fn new() -> Self {
        Self {
            rows: Offsets::new(),
            items: 0,
            time: UInt64Builder::new(),
            name: StringBuilder::new(),
            attributes: KeyValueListColumn::new(),
            dropped: UInt32Builder::new(),
        }
    }

    pub(super) fn push_row(&mut self, events: &[&[u8]]) -> Result<(), Fault> {
        for bytes in events {
            let event = Event::read(bytes, |_| Ok(()))?;
            self.time.append_value(event.time_unix_nano);
            self.name.append_value(event.name);
            self.attributes.push(bytes, EVENT_ATTRIBUTES)?;
            self.dropped.append_value(event.dropped_attributes_count);
        }
        self.items += events.len();
        self.rows.close_row(self.items);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let members: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish()),
            Arc::new(self.name.finish()),
            self.attributes.finish()?,
            Arc::new(self.dropped.finish()),
        ];
        self.rows.structs(schema::event_fields(), members)
    }
}

#[derive(Debug, Default)]
struct Link<'p> {
    trace_id: &'p [u8],
    span_id: &'p [u8],
    trace_state: &'p str,
    dropped_attributes_count: u32,
    flags: u32,
}

impl<'p> Link<'p> {
    /// Reads a link; its attributes are handed to `attribute`.
    fn read(bytes: &'p [u8], attribute: impl Fn(&'p [u8]) -> Result<(), Fault>) -> Result<Self, Fault> {
        let mut link = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next_field()? {
            match field.number {
                1 => link.trace_id = field.bytes()?,
                2 => link.span_id = field.bytes()?,
                3 => link.trace_state = field.text()?,
                LINK_ATTRIBUTES => attribute(field.bytes()?)?,
                5 => link.dropped_attributes_count = field.u32()?,
                6 => link.flags = field.fixed32()?,
                _ => {}
            }
        }
        Ok(link)
    }
}

pub(super) fn check_link(bytes: &[u8]) -> Result<(), Fault> {
    Link::read(bytes, |attribute| check_key_value(attribute, 1)).map(drop)
}

/// The `links` column.
#[derive(Debug)]
pub(super) struct LinkColumn {
    rows: Offsets,
    items: usize,
    trace_id: BinaryBuilder,
    span_id: BinaryBuilder,
    trace_state: StringBuilder,
    attributes: KeyValueListColumn,
    dropped: UInt32Builder,
    flags: UInt32Builder,
}

impl LinkColumn {
    pub(super) fn new() -> Self {
        Self {
            rows: Offsets::new(),
            items: 0,
            trace_id: BinaryBuilder::new(),
            span_id: BinaryBuilder::new(),
            trace_state: StringBuilder::new(),
            attributes: KeyValueListColumn::new(),
            dropped: UInt32Builder::new(),
            flags: UInt32Builder::new(),
        }
    }

    pub(super) fn push_row(&mut self, links: &[&[u8]]) -> Result<(), Fault> {
        for bytes in links {
            let link = Link::read(bytes, |_| Ok(()))?;
            self.trace_id.append_value(link.trace_id);
            self.span_id.append_value(link.span_id);
            self.trace_state.append_option(non_empty(link.trace_state));
            self.attributes.push(bytes, LINK_ATTRIBUTES)?;
            self.dropped.append_value(link.dropped_attributes_count);
            self.flags.append_value(link.flags);
        }
        self.items += links.len();
        self.rows.close_row(self.items);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let members: Vec<ArrayRef> = vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.span_id.finish()),
            Arc::new(self.trace_state.finish()),
            self.attributes.finish()?,
            Arc::new(self.dropped.finish()),
            Arc::new(self.flags.finish()),
        ];
        self.rows.structs(schema::link_fields(), members)
    }
}
