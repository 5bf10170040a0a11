//! Repair of texts that are not UTF-8: once is enough, and the growth is bounded.

use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::decode::{DecodeError, decode, repair_utf8};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, request)) = data.split_first() else { return };
    let signal = SignalKind::ALL[usize::from(*choice) % SignalKind::ALL.len()];
    let payload = Bytes::copy_from_slice(request);
    let Some(repaired) = repair_utf8(signal, &payload) else { return };
    assert!(repaired.len() <= payload.len() * 3 + 64);
    assert_eq!(repair_utf8(signal, &repaired), None);
    let decoded = decode(signal, &repaired, UnixNanos(1_700_000_000_000_000_000));
    assert!(!matches!(decoded, Err(DecodeError::InvalidUtf8 { .. })));
}
