//! OTLP/JSON requests: no panic, what is taken is protobuf, and it survives being written and read again.

use bytes::Bytes;
use telltale::decode::{json_to_protobuf, protobuf_to_json};
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::decode;

/// The property.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, json)) = data.split_first() else { return };
    let signal = SignalKind::ALL[usize::from(*choice) % SignalKind::ALL.len()];
    let Ok((protobuf, _)) = json_to_protobuf(signal, json) else { return };
    let payload = Bytes::from(protobuf.clone());
    let decoded = decode::decode(signal, &payload, UnixNanos(1_700_000_000_000_000_000));
    if std::str::from_utf8(json).is_err() {
        return;
    }
    decoded.expect("what was taken decodes");
    let once = protobuf_to_json(signal, &protobuf);
    let (again, issues) = json_to_protobuf(signal, once.as_bytes()).expect("our own JSON is JSON");
    assert_eq!(issues, []);
    assert_eq!(protobuf_to_json(signal, &again), once);
}
