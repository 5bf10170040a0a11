//! Protobuf by hand, for messages that no encoder would make, and the error body of OTLP.

use std::io::{Read as _, Write as _};

/// Appends a varint.
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Returns a length-delimited field.
#[must_use]
pub fn field(number: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 8);
    varint(&mut out, u64::from(number) << 3 | 2);
    varint(&mut out, payload.len() as u64);
    out.extend_from_slice(payload);
    out
}

/// Returns a varint field.
#[must_use]
pub fn int_field(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, u64::from(number) << 3);
    varint(&mut out, value);
    out
}

/// Returns a fixed64 field.
#[must_use]
pub fn fixed64_field(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, u64::from(number) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
    out
}

/// Returns `KeyValue { key, value }` from the value's own bytes.
#[must_use]
pub fn key_value(key: &[u8], any_value: &[u8]) -> Vec<u8> {
    [field(1, key), field(2, any_value)].concat()
}

/// Returns an `AnyValue` that holds a string of any bytes.
#[must_use]
pub fn string_value(text: &[u8]) -> Vec<u8> {
    field(1, text)
}

/// Returns an `AnyValue` of arrays inside arrays, `depth` deep, around a string.
#[must_use]
pub fn nested_array(depth: usize) -> Vec<u8> {
    let mut value = string_value(b"bottom");
    for _ in 0..depth {
        // AnyValue { array_value: ArrayValue { values: [value] } }
        value = field(5, &field(1, &value));
    }
    value
}

/// Returns a span from its parts; `attributes` are `KeyValue` bytes.
#[must_use]
pub fn span(trace_id: &[u8], span_id: &[u8], name: &[u8], times: (u64, u64), attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [field(1, trace_id), field(2, span_id), field(5, name)].concat();
    out.extend(int_field(6, 2));
    out.extend(fixed64_field(7, times.0));
    out.extend(fixed64_field(8, times.1));
    for attribute in attributes {
        out.extend(field(9, attribute));
    }
    out
}

/// Returns an export request of one service from the bytes of its spans (or of its log records: same numbers).
#[must_use]
pub fn request(service_name: &str, items: &[Vec<u8>]) -> Vec<u8> {
    let resource = field(1, &key_value(b"service.name", &string_value(service_name.as_bytes())));
    let scope_items: Vec<u8> = items.iter().flat_map(|item| field(2, item)).collect();
    field(1, &[field(1, &resource), field(2, &scope_items)].concat())
}

/// Compresses as `gzip`.
///
/// # Panics
/// Never: memory takes every byte.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("write to memory");
    encoder.finish().expect("write to memory")
}

/// Decompresses `gzip`.
///
/// # Panics
/// When the bytes are not gzip.
#[must_use]
pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).expect("gzip");
    out
}

/// Compresses as HTTP's `deflate` (zlib).
///
/// # Panics
/// Never: memory takes every byte.
#[must_use]
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("write to memory");
    encoder.finish().expect("write to memory")
}

/// Compresses as `zstd`.
///
/// # Panics
/// Never: memory takes every byte.
#[must_use]
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).expect("write to memory")
}

/// A gzip body that inflates to this many zero bytes: one small member, many times over.
#[must_use]
pub fn gzip_bomb(total: usize) -> Vec<u8> {
    gzip(&vec![0; BOMB_PART]).repeat(total / BOMB_PART)
}

/// A zstd body that inflates to this many zero bytes: one small frame, many times over.
#[must_use]
pub fn zstd_bomb(total: usize) -> Vec<u8> {
    zstd(&vec![0; BOMB_PART]).repeat(total / BOMB_PART)
}

/// What one member of a bomb holds.
const BOMB_PART: usize = 4 << 20;

/// `google.rpc.Status`, the body of every OTLP/HTTP error.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RpcStatus {
    /// A gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// What failed.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Details, each with its type.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<RpcDetail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RpcDetail {
    /// `type.googleapis.com/…`.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The message.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}
