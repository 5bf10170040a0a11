//! OTLP/JSON, read and written by one table of OTLP's messages.
//!
//! Reading follows OTLP 1.11 and, where it is silent, proto3 JSON as Google's own parser takes it: ids are hex in any
//! case, bytes are base64 or base64url with or without padding, enumerations are numbers (names are taken too), integers
//! may be strings, fractions or have an exponent as long as they are whole, doubles may be strings, `NaN` and
//! `Infinity`, `null` is the default, keys are lowerCamelCase or snake_case, and unknown keys are ignored.
//!
//! A fault inside one record costs that record: it is reported with its path, and its neighbours are kept. Only broken
//! syntax and a request that is no object fail the whole.

mod bytes;
mod number;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod write;

use telltale_model::SignalKind;
use telltale_storage::decode::Issue;

use self::table::Message;

/// Why a request cannot be read as OTLP/JSON at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not OTLP/JSON: at byte {offset}{}: {message}; see the OTLP/JSON mapping", place(path))]
pub struct JsonError {
    /// The field, such as `resourceSpans`; empty where the syntax is broken.
    pub path: String,
    /// Where in the body, in bytes from its begin.
    pub offset: usize,
    /// What was found and what was expected.
    pub message: String,
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" ({path})") }
}

/// Transcodes the JSON form of an export request into protobuf.
///
/// Returns the protobuf bytes, which may still hold records that the storage rejects, and what was rejected or repaired
/// here: the counts of the rejected issues are items that are not in the bytes.
pub fn json_to_protobuf(signal: SignalKind, body: &[u8]) -> Result<(Vec<u8>, Vec<Issue>), JsonError> {
    read::request(signal, body)
}

/// Writes the protobuf form of an export request, or of `TracesData`, `LogsData` or `MetricsData`, as OTLP/JSON.
///
/// Ids are lower-case hex, 64-bit integers strings, enumerations numbers; NaN and the infinities are strings. Bytes that
/// do not parse end the message that they are in; there are none in what the storage returns.
#[must_use]
pub fn protobuf_to_json(signal: SignalKind, protobuf: &[u8]) -> String {
    write::request(Message::Request(signal), protobuf)
}
