//! Recognises records that were sent to another signal's address.
//!
//! The envelopes of the three signals have the same field numbers, so that a request of one parses as another up to the
//! records; those differ in the wire types of their first fields.

use telltale_model::SignalKind;

use super::wire::{Payload, Reader};

/// Returns the signal whose record these bytes look like, when that is not the one they were sent as.
pub(super) fn other_signal(sent_as: SignalKind, record: &[u8]) -> Option<SignalKind> {
    SignalKind::ALL.into_iter().find(|signal| *signal != sent_as && looks_like(*signal, record))
}

/// Whether every field of the record fits the signal's and at least one of them only it has.
fn looks_like(signal: SignalKind, record: &[u8]) -> bool {
    let mut reader = Reader::new(record);
    let mut telling = false;
    while let Ok(Some(field)) = reader.next_field() {
        let verdict = match signal {
            SignalKind::Traces => span_field(field.number, field.payload),
            SignalKind::Logs => log_field(field.number, field.payload),
            SignalKind::Metrics => metric_field(field.number, field.payload),
        };
        match verdict {
            Some(this) => telling |= this,
            None => return false,
        }
    }
    telling && reader.is_empty()
}

/// `None`: not a span; `Some(true)`: only a span has this.
const fn span_field(number: u32, payload: Payload<'_>) -> Option<bool> {
    match (number, payload) {
        (1, Payload::Len(id)) if id.len() == 16 => Some(true),
        (2 | 4, Payload::Len(id)) if id.len() == 8 || id.is_empty() => Some(false),
        (3 | 5 | 9 | 11 | 13 | 15, Payload::Len(_)) | (7 | 8, Payload::Fixed64(_)) => Some(false),
        (6 | 10 | 12 | 14, Payload::Varint(_)) | (16, Payload::Fixed32(_)) => Some(false),
        _ => None,
    }
}

/// `None`: not a log record; `Some(true)`: only a log record has this.
const fn log_field(number: u32, payload: Payload<'_>) -> Option<bool> {
    match (number, payload) {
        (1 | 11, Payload::Fixed64(_)) => Some(true),
        (2 | 7, Payload::Varint(_)) | (8, Payload::Fixed32(_)) => Some(false),
        (3 | 5 | 6 | 9 | 10 | 12, Payload::Len(_)) => Some(false),
        _ => None,
    }
}

/// `None`: not a metric; `Some(true)`: only a metric has this.
fn metric_field(number: u32, payload: Payload<'_>) -> Option<bool> {
    match (number, payload) {
        (1, Payload::Len(name)) => std::str::from_utf8(name).is_ok().then_some(false),
        (2 | 3 | 12, Payload::Len(_)) => Some(false),
        (5 | 7 | 9 | 10 | 11, Payload::Len(data)) => starts_with_points(data).then_some(true),
        _ => None,
    }
}

/// Whether the message's first field is a submessage in field 1, as all five kinds of metric data have it.
fn starts_with_points(data: &[u8]) -> bool {
    matches!(Reader::new(data).next_field(), Ok(Some(field)) if field.number == 1 && field.bytes().is_ok())
}
