//! Protobuf bytes into OTLP/JSON, message by message along the table.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use telltale_model::attribute::write_json_string;
use telltale_model::id::push_hex;
use telltale_storage::decode::wire::{Fault, Field as WireField, Payload, Reader};

use super::table::{Field, Message, Type};

pub(super) fn request(message: Message, protobuf: &[u8]) -> String {
    let mut out = String::with_capacity(protobuf.len() * 2);
    object(&mut out, message, protobuf);
    out
}

/// Writes the known fields of a message, each once, in the order of their numbers.
fn object(out: &mut String, message: Message, bytes: &[u8]) {
    let mut fields: Vec<WireField<'_>> = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Ok(Some(field)) = reader.next_field() {
        fields.push(field);
    }
    fields.sort_by_key(|field| field.number);
    out.push('{');
    let mut first = true;
    for group in fields.chunk_by(|left, right| left.number == right.number) {
        let field = group.first().and_then(|field| message.field_of_number(field.number));
        let Some(field) = field else { continue };
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        let _infallible = write!(out, "\"{}\":", field.name);
        if field.repeated {
            list(out, field, group);
        } else if let Some(last) = group.last() {
            single(out, field, last);
        }
    }
    out.push('}');
}

fn list(out: &mut String, field: &Field, group: &[WireField<'_>]) {
    out.push('[');
    let mut first = true;
    for item in group {
        let packed = !matches!(field.of, Type::Text | Type::Bytes | Type::Id | Type::Message(_));
        if packed && let Payload::Len(bytes) = item.payload {
            for value in unpack(field, bytes) {
                comma(out, &mut first);
                number(out, field.of, value);
            }
        } else {
            comma(out, &mut first);
            single(out, field, item);
        }
    }
    out.push(']');
}

fn comma(out: &mut String, first: &mut bool) {
    if !std::mem::take(first) {
        out.push(',');
    }
}

/// Returns the raw values of a packed list.
fn unpack(field: &Field, bytes: &[u8]) -> Vec<u64> {
    let mut values = Vec::new();
    let whole = WireField::of_bytes(field.number, bytes);
    // What does not parse ends the list.
    let _end = match field.of {
        Type::Fixed64 | Type::Sfixed64 | Type::Double => whole.repeated_fixed64(&mut values),
        _ => whole.repeated_varint(&mut values),
    };
    values
}

/// Writes one value; one of a foreign wire type is null.
fn single(out: &mut String, field: &Field, value: &WireField<'_>) {
    if try_single(out, field, value).is_err() {
        out.push_str("null");
    }
}

fn try_single(out: &mut String, field: &Field, value: &WireField<'_>) -> Result<(), Fault> {
    match field.of {
        Type::Text => write_json_string(out, &String::from_utf8_lossy(value.bytes()?)),
        Type::Bytes => {
            out.push('"');
            STANDARD.encode_string(value.bytes()?, out);
            out.push('"');
        }
        Type::Id => {
            out.push('"');
            push_hex(out, value.bytes()?);
            out.push('"');
        }
        Type::Message(inner) => object(out, inner, value.bytes()?),
        Type::Fixed32 => number(out, field.of, u64::from(value.fixed32()?)),
        Type::Fixed64 | Type::Sfixed64 | Type::Double => number(out, field.of, value.fixed64()?),
        _ => number(out, field.of, value.varint()?),
    }
    Ok(())
}

/// Writes a number from its raw bits.
#[expect(clippy::cast_possible_truncation, reason = "protobuf defines the truncation of 32-bit fields")]
fn number(out: &mut String, of: Type, raw: u64) {
    let low = raw as u32;
    let _infallible = match of {
        Type::Bool => write!(out, "{}", raw != 0),
        Type::Enum(_) | Type::Int32 => write!(out, "{}", low.cast_signed()),
        Type::Uint32 | Type::Fixed32 => write!(out, "{low}"),
        Type::Sint32 => write!(out, "{}", (low >> 1).cast_signed() ^ -((low & 1).cast_signed())),
        Type::Int64 | Type::Sfixed64 => write!(out, "\"{}\"", raw.cast_signed()),
        Type::Double => {
            double(out, f64::from_bits(raw));
            Ok(())
        }
        _ => write!(out, "\"{raw}\""),
    };
}

fn double(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("\"NaN\"");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        let _infallible = write!(out, "{value:?}");
    }
}
