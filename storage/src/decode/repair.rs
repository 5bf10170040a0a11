//! Repairs texts that are not UTF-8, for a whole request at once.
//!
//! The walk follows a table of OTLP's messages: which fields hold text and which hold messages. Every bad sequence in a
//! text becomes U+FFFD, and the lengths around it are written anew; everything else, unknown fields included, is copied.
//! A record whose bytes do not parse is copied too: decoding rejects it. The work is linear in the request's size; the
//! result is at most three times as large.

use bytes::Bytes;
use telltale_model::SignalKind;

use super::limits::MAX_ANY_VALUE_DEPTH;
use super::wire::{Fault, Payload, Reader, put_varint, varint_len};

/// A message of OTLP that holds text somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An export request, `ResourceSpans`/`Logs`/`Metrics` or `ScopeSpans`/`Logs`/`Metrics`.
    Request(SignalKind),
    ResourceEnvelope(SignalKind),
    ScopeEnvelope(SignalKind),
    Resource,
    EntityRef,
    Scope,
    KeyValue,
    AnyValue,
    /// `ArrayValue`.
    Array,
    /// `KeyValueList`.
    KeyValues,
    Span,
    Event,
    Link,
    Status,
    LogRecord,
    Metric,
    NumberData,
    HistogramData,
    ExponentialData,
    SummaryData,
    NumberPoint,
    HistogramPoint,
    ExponentialPoint,
    SummaryPoint,
    Exemplar,
}

/// What a field holds, as far as texts are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Message(Kind),
    Other,
}

impl Kind {
    /// Returns the message's name in a sentence.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Span => "a span",
            Self::LogRecord => "a log record",
            Self::Metric => "a metric",
            Self::NumberPoint | Self::HistogramPoint | Self::ExponentialPoint | Self::SummaryPoint => "a data point",
            Self::Resource => "a resource",
            Self::Scope => "a scope",
            _ => "a message",
        }
    }

    /// The table of OTLP's messages (opentelemetry-proto 1.11).
    pub(super) const fn field(self, number: u32) -> Holds {
        match (self, number) {
            (Self::Request(signal), 1) => Holds::Message(Self::ResourceEnvelope(signal)),
            (Self::ResourceEnvelope(_), 1) => Holds::Message(Self::Resource),
            (Self::ResourceEnvelope(signal), 2) => Holds::Message(Self::ScopeEnvelope(signal)),
            (Self::ScopeEnvelope(_), 1) => Holds::Message(Self::Scope),
            (Self::ScopeEnvelope(SignalKind::Traces), 2) => Holds::Message(Self::Span),
            (Self::ScopeEnvelope(SignalKind::Logs), 2) => Holds::Message(Self::LogRecord),
            (Self::ScopeEnvelope(SignalKind::Metrics), 2) => Holds::Message(Self::Metric),
            (Self::Resource, 3) => Holds::Message(Self::EntityRef),
            (Self::KeyValue, 2) | (Self::LogRecord, 5) | (Self::Array, 1) => Holds::Message(Self::AnyValue),
            (Self::AnyValue, 5) => Holds::Message(Self::Array),
            (Self::AnyValue, 6) => Holds::Message(Self::KeyValues),
            (Self::Span, 11) => Holds::Message(Self::Event),
            (Self::Span, 13) => Holds::Message(Self::Link),
            (Self::Span, 15) => Holds::Message(Self::Status),
            (Self::Metric, 5 | 7) => Holds::Message(Self::NumberData),
            (Self::Metric, 9) => Holds::Message(Self::HistogramData),
            (Self::Metric, 10) => Holds::Message(Self::ExponentialData),
            (Self::Metric, 11) => Holds::Message(Self::SummaryData),
            (Self::NumberData, 1) => Holds::Message(Self::NumberPoint),
            (Self::HistogramData, 1) => Holds::Message(Self::HistogramPoint),
            (Self::ExponentialData, 1) => Holds::Message(Self::ExponentialPoint),
            (Self::SummaryData, 1) => Holds::Message(Self::SummaryPoint),
            (Self::NumberPoint, 5) | (Self::HistogramPoint, 8) | (Self::ExponentialPoint, 11) => {
                Holds::Message(Self::Exemplar)
            }
            (Self::Resource | Self::KeyValues | Self::ExponentialPoint, 1)
            | (Self::Scope | Self::Event, 3)
            | (Self::Link, 4)
            | (Self::LogRecord, 6)
            | (Self::NumberPoint | Self::SummaryPoint | Self::Exemplar, 7)
            | (Self::Span | Self::HistogramPoint, 9)
            | (Self::Metric, 12) => Holds::Message(Self::KeyValue),
            (Self::ResourceEnvelope(_) | Self::ScopeEnvelope(_), 3)
            | (Self::EntityRef, 1..=4)
            | (Self::Scope, 1 | 2)
            | (Self::KeyValue | Self::AnyValue, 1)
            | (Self::Span, 3 | 5)
            | (Self::Event | Self::Status, 2)
            | (Self::Link, 3)
            | (Self::LogRecord, 3 | 12)
            | (Self::Metric, 1..=3) => Holds::Text,
            _ => Holds::Other,
        }
    }

    /// Whether a fault in the message ends the request: everything above the records and their heads.
    const fn is_frame(self) -> bool {
        matches!(self, Self::Request(_) | Self::ResourceEnvelope(_) | Self::ScopeEnvelope(_))
    }
}

/// Why a message cannot be repaired.
#[derive(Debug, Clone, Copy)]
struct Broken;

impl From<Fault> for Broken {
    fn from(_: Fault) -> Self {
        Self
    }
}

/// Replaces every sequence in the request's texts that is not UTF-8 by U+FFFD.
///
/// Returns `None` when there is nothing to repair or the request's framing is broken. The result may still hold
/// malformed records; decoding rejects those and keeps their neighbours.
#[must_use]
pub fn repair_utf8(signal: SignalKind, payload: &Bytes) -> Option<Bytes> {
    let mut plan = Plan::default();
    plan.message(Kind::Request(signal), payload, 0).ok()?;
    if plan.dirty.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 8);
    let mut writer = Writer { dirty: plan.dirty.iter().copied(), out: &mut out };
    writer.message(Kind::Request(signal), payload).ok()?;
    Some(Bytes::from(out))
}

/// Whether a message parses down to its last text, apart from the texts themselves.
pub(super) fn is_intact(kind: Kind, message: &[u8]) -> bool {
    Plan { strict: true, ..Plan::default() }.message(kind, message, 0).is_ok()
}

/// First pass: finds the messages to rewrite and their new lengths, in the order in which they begin.
#[derive(Debug, Default)]
struct Plan {
    dirty: Vec<(usize, usize)>,
    /// A broken submessage breaks its parent, instead of being left as it is.
    strict: bool,
}

impl Plan {
    /// Returns the message's length after the repair.
    fn message(&mut self, kind: Kind, message: &[u8], depth: usize) -> Result<usize, Broken> {
        let depth = if kind == Kind::AnyValue { depth + 1 } else { depth };
        if depth > MAX_ANY_VALUE_DEPTH {
            return Err(Broken);
        }
        let slot = self.dirty.len();
        self.dirty.push((address(message), 0));
        let mut new_length = message.len();
        let mut changed = false;
        let mut reader = Reader::new(message);
        while let Some((field, raw)) = reader.next_raw()? {
            let holds = kind.field(field.number);
            let length = match (holds, field.payload) {
                (Holds::Other, _) => continue,
                (Holds::Text, Payload::Len(bytes)) => repaired_length(bytes),
                (Holds::Message(inner), Payload::Len(bytes)) => self.inner(inner, bytes, depth)?,
                _ => return Err(Broken),
            };
            if let Some(length) = length {
                changed = true;
                let tag = varint_len(u64::from(field.number) << 3);
                new_length = new_length - raw.len() + tag + varint_len(length as u64) + length;
            }
        }
        match self.dirty.get_mut(slot) {
            Some(entry) if changed => entry.1 = new_length,
            _ => self.dirty.truncate(slot),
        }
        Ok(new_length)
    }

    /// Returns the new length of a submessage, or `None` when it stays as it is.
    fn inner(&mut self, kind: Kind, message: &[u8], depth: usize) -> Result<Option<usize>, Broken> {
        let slot = self.dirty.len();
        match self.message(kind, message, depth) {
            Ok(length) => Ok((self.dirty.len() > slot).then_some(length)),
            Err(Broken) if self.strict || kind.is_frame() => Err(Broken),
            Err(Broken) => {
                self.dirty.truncate(slot);
                Ok(None)
            }
        }
    }
}

/// Second pass: copies, and rewrites what the first pass found.
struct Writer<'a, I> {
    dirty: I,
    out: &'a mut Vec<u8>,
}

impl<I: Iterator<Item = (usize, usize)> + Clone> Writer<'_, I> {
    /// Writes a message that the plan lists next.
    fn message(&mut self, kind: Kind, message: &[u8]) -> Result<(), Broken> {
        self.dirty.next().ok_or(Broken)?;
        let mut reader = Reader::new(message);
        while let Some((field, raw)) = reader.next_raw()? {
            let Payload::Len(bytes) = field.payload else {
                self.out.extend_from_slice(raw);
                continue;
            };
            let tag = u64::from(field.number) << 3 | 2;
            match kind.field(field.number) {
                Holds::Text if repaired_length(bytes).is_some() => {
                    let text = String::from_utf8_lossy(bytes);
                    put_varint(self.out, tag);
                    put_varint(self.out, text.len() as u64);
                    self.out.extend_from_slice(text.as_bytes());
                }
                Holds::Message(inner) => match self.dirty.clone().next() {
                    Some((at, length)) if at == address(bytes) && !bytes.is_empty() => {
                        put_varint(self.out, tag);
                        put_varint(self.out, length as u64);
                        self.message(inner, bytes)?;
                    }
                    _ => self.out.extend_from_slice(raw),
                },
                _ => self.out.extend_from_slice(raw),
            }
        }
        Ok(())
    }
}

fn address(message: &[u8]) -> usize {
    message.as_ptr() as usize
}

/// Returns the text's length after the repair, or `None` when it is UTF-8.
fn repaired_length(text: &[u8]) -> Option<usize> {
    if std::str::from_utf8(text).is_ok() {
        return None;
    }
    let length = |chunk: std::str::Utf8Chunk<'_>| {
        chunk.valid().len() + if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() }
    };
    Some(text.utf8_chunks().map(length).sum())
}
