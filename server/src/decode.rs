//! OTLP/JSON to protobuf bytes. This is a placeholder with the final types; the decoder lands separately.

use telltale_model::SignalKind;
use telltale_storage::decode::Issue;

/// Why a JSON request could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("OTLP/JSON is not understood yet; send application/x-protobuf")]
pub struct JsonError;

/// Turns an OTLP/JSON request into protobuf bytes, with what was odd about it.
///
/// # Errors
/// Always, for now.
pub fn json_to_protobuf(_signal: SignalKind, _json: &[u8]) -> Result<(Vec<u8>, Vec<Issue>), JsonError> {
    Err(JsonError)
}
