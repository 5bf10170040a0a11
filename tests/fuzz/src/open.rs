//! Files of any format: no panic, an end, and what comes out as protobuf is an export request that decodes.

use std::io::Cursor;
use std::ops::ControlFlow;

use bytes::Bytes;
use telltale_model::UnixNanos;
use telltale_share::open::{Found, OpenLimits, Payload, read};
use telltale_storage::decode;

/// The property.
pub(crate) fn check(data: &[u8]) {
    let limits = OpenLimits { content_bytes: 1 << 20, document_bytes: 1 << 18, message_bytes: 1 << 16 };
    read(Cursor::new(data), &limits, &mut |found| {
        if let Found::Part(part) = found
            && let Payload::Protobuf(request) = part.payload
            && part.format != telltale_share::open::Format::OtlpProtobuf
        {
            // What we converted ourselves must be well formed; what was protobuf already is the decoder's to judge.
            decode::decode(part.signal, &Bytes::from(request), UnixNanos(1)).expect("a converted request decodes");
        }
        ControlFlow::Continue(())
    })
    .expect("memory does not fail");
}
