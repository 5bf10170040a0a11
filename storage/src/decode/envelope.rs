//! `Resource…` and `Scope…`: the two envelopes around the records, the same shape for all three signals.
//!
//! Each envelope is read twice, because protobuf lets its own fields follow its records: once for the fields that every
//! row refers to, once for the records. What a row keeps are the envelope's own bytes without the records.

use telltale_model::semconv;
use xxhash_rust::xxh3::xxh3_128;

use super::any::Value;
use super::attributes::{Attribute, Attributes};
use super::context::Context;
use super::issue::IssueCode;
use super::repair::Kind;
use super::wire::{Fault, FaultKind, Reader};
use super::{DecodeError, canonical, repair};

/// One envelope: what a row refers to.
#[derive(Debug, Default)]
pub(super) struct Level<'p> {
    /// Counts the envelopes of the request.
    pub(super) serial: u32,
    /// The envelope's fields without its records.
    pub(super) bytes: Vec<u8>,
    /// xxh3-128 over the canonical form.
    pub(super) identity: u128,
    attributes: Attributes<'p>,
}

/// Both envelopes of the record at hand.
#[derive(Debug, Default)]
pub(super) struct Envelope<'p> {
    pub(super) service_name: Option<&'p str>,
    pub(super) resource: Level<'p>,
    pub(super) scope: Level<'p>,
}

/// Takes the records of one signal.
pub(super) trait Sink<'p> {
    /// The record's message.
    const KIND: Kind;

    /// Reads and keeps one record.
    fn record(
        &mut self,
        context: &mut Context<'p>,
        envelope: &Envelope<'p>,
        bytes: &'p [u8],
    ) -> Result<(), DecodeError>;

    /// How many spans, log records or data points a record counts for.
    fn items(_bytes: &[u8]) -> u64 {
        1
    }
}

/// Walks a request.
pub(super) fn walk<'p, S: Sink<'p>>(
    context: &mut Context<'p>,
    sink: &mut S,
    payload: &'p [u8],
) -> Result<(), DecodeError> {
    let mut envelope = Envelope::default();
    let mut request = Reader::new(payload);
    while let Some(field) = request.next_field().map_err(|fault| context.fatal(fault, "request"))? {
        if field.number == 1 {
            let bytes = field.bytes().map_err(|fault| context.fatal(fault, "request"))?;
            resource(context, sink, &mut envelope, bytes)?;
        }
    }
    Ok(())
}

fn resource<'p, S: Sink<'p>>(
    context: &mut Context<'p>,
    sink: &mut S,
    envelope: &mut Envelope<'p>,
    bytes: &'p [u8],
) -> Result<(), DecodeError> {
    let fatal = |context: &Context<'p>, fault| context.fatal(fault, "resource envelope");
    let head = envelope.resource.read(Kind::Resource, bytes).map_err(|fault| fatal(context, fault))?;
    envelope.service_name = envelope.resource.text(semconv::SERVICE_NAME);
    let unreadable = unreadable(context, head, Kind::Resource)?;
    let (before, rejected_before) = (context.accepted, context.rejected);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field().map_err(|fault| fatal(context, fault))? {
        if field.number == 2 {
            let bytes = field.bytes().map_err(|fault| fatal(context, fault))?;
            scope(context, sink, envelope, bytes, unreadable)?;
        }
    }
    note_unreadable_alone(context, unreadable, rejected_before);
    if envelope.service_name.is_none() && context.accepted > before {
        context.odd(IssueCode::MissingServiceName, None, || "a resource has no service.name".to_owned());
    }
    Ok(())
}

fn scope<'p, S: Sink<'p>>(
    context: &mut Context<'p>,
    sink: &mut S,
    envelope: &mut Envelope<'p>,
    bytes: &'p [u8],
    unreadable_resource: Option<Fault>,
) -> Result<(), DecodeError> {
    let fatal = |context: &Context<'p>, fault| context.fatal(fault, "scope envelope");
    let head = envelope.scope.read(Kind::Scope, bytes).map_err(|fault| fatal(context, fault))?;
    let unreadable_scope = unreadable(context, head, Kind::Scope)?;
    let unreadable = unreadable_resource.or(unreadable_scope);
    let rejected_before = context.rejected;
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.next_field().map_err(|fault| fatal(context, fault))? {
        if field.number != 2 {
            continue;
        }
        let record = field.bytes().map_err(|fault| fatal(context, fault))?;
        match unreadable {
            None => sink.record(context, envelope, record)?,
            Some(fault) => {
                context.reject(IssueCode::MalformedRecord, envelope.service_name, S::items(record), || {
                    format!("the resource or scope of these records does not parse: {fault}")
                });
            }
        }
    }
    note_unreadable_alone(context, unreadable_scope, rejected_before);
    Ok(())
}

/// An envelope that does not parse and has no records to reject is still told.
fn note_unreadable_alone(context: &mut Context<'_>, unreadable: Option<Fault>, rejected_before: u64) {
    if let Some(fault) = unreadable
        && context.rejected == rejected_before
    {
        context.odd(IssueCode::MalformedRecord, None, || {
            format!("a resource or scope without records does not parse: {fault}")
        });
    }
}

/// A head that did not parse: the message's bytes and the fault.
type Unreadable<'p> = Option<(&'p [u8], Fault)>;

/// Passes on a fault that costs the records below it, unless a repair of the text would help.
fn unreadable(context: &Context<'_>, head: Unreadable<'_>, kind: Kind) -> Result<Option<Fault>, DecodeError> {
    let Some((message, fault)) = head else { return Ok(None) };
    if fault.kind == FaultKind::Utf8 && repair::is_intact(kind, message) {
        return Err(context.fatal(fault, "envelope"));
    }
    Ok(Some(fault))
}

impl<'p> Level<'p> {
    /// Reads everything but the records. `Err`: the framing is broken. `Ok(Some(…))`: the resource or scope is.
    fn read(&mut self, kind: Kind, bytes: &'p [u8]) -> Result<Unreadable<'p>, Fault> {
        self.serial = self.serial.wrapping_add(1);
        self.bytes.clear();
        self.attributes.clear();
        let mut head = Head::default();
        let mut unreadable = None;
        let mut reader = Reader::new(bytes);
        while let Some((field, raw)) = reader.next_raw()? {
            match field.number {
                2 => continue,
                1 => {
                    let message = field.bytes()?;
                    if let Err(fault) = head.read(kind, &mut self.attributes, message) {
                        unreadable = Some((message, fault));
                    }
                }
                3 => head.schema_url = field.text()?,
                _ => {}
            }
            self.bytes.extend_from_slice(raw);
        }
        self.identity = head.identity(&self.attributes.list);
        Ok(unreadable)
    }

    fn text(&self, key: &str) -> Option<&'p str> {
        self.attributes.list.iter().find_map(|attribute| match attribute {
            Attribute { key: found, value: Value::Str(text) } if *found == key => Some(*text),
            _ => None,
        })
    }
}

/// The fields of `Resource` and `InstrumentationScope` that name them. The two messages differ: a resource has its
/// attributes in field 1, a scope its name; field 3 holds a resource's entities or a scope's attributes.
#[derive(Debug, Default)]
struct Head<'p> {
    schema_url: &'p str,
    name: &'p str,
    version: &'p str,
}

impl<'p> Head<'p> {
    fn read(&mut self, kind: Kind, attributes: &mut Attributes<'p>, message: &'p [u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next_field()? {
            match (kind, field.number) {
                (Kind::Resource, 1) | (Kind::Scope, 3) => attributes.push(field.bytes()?)?,
                (Kind::Resource, 2) | (Kind::Scope, 4) => drop(field.varint()?),
                (Kind::Resource, 3) => check_entity(field.bytes()?)?,
                (Kind::Scope, 1) => self.name = field.text()?,
                (Kind::Scope, 2) => self.version = field.text()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn identity(&self, attributes: &[Attribute<'p>]) -> u128 {
        let mut form = Vec::new();
        for text in [self.schema_url, self.name, self.version] {
            canonical::put_text(&mut form, text.as_bytes());
        }
        canonical::put_attributes(&mut form, attributes);
        xxh3_128(&form)
    }
}

/// Checks an `EntityRef`: four texts.
fn check_entity(message: &[u8]) -> Result<(), Fault> {
    let mut reader = Reader::new(message);
    while let Some(field) = reader.next_field()? {
        if let 1..=4 = field.number {
            field.text()?;
        }
    }
    Ok(())
}
