//! Ids and byte strings as OTLP/JSON writes them: hex for ids, base64 for everything else.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use telltale_model::id::hex_digit;

/// Decodes hex in any case.
pub(super) fn hex(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    const EXPECTED: &str = "expected an id of hex digits";
    if !text.len().is_multiple_of(2) {
        return Err("expected an even number of hex digits");
    }
    let digit = |byte: u8| hex_digit(byte).ok_or(EXPECTED);
    let (pairs, _) = text.as_chunks::<2>();
    pairs.iter().map(|[high, low]| Ok(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Decodes base64 in both alphabets, with or without padding.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if url_safe { URL_SAFE } else { STANDARD };
    engine.decode(text).ok()
}
