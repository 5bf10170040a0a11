//! Our walker and prost's decoder must agree.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use telltale_model::{SignalKind, UnixNanos};

use super::arbitrary::Source;
use super::flat::{self, Flat};
use crate::decode::repair::{Holds, Kind};
use crate::decode::wire::{Payload, Reader};
use crate::decode::{DecodeError, Decoded, IssueCode, decode, repair_utf8};
use crate::encode;
use crate::schema::Table;

const RECEIVED: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

pub(super) fn signal() -> impl Strategy<Value = SignalKind> {
    proptest::sample::select(SignalKind::ALL.to_vec())
}

fn request(signal: SignalKind, mut source: Source) -> Bytes {
    Bytes::from(match signal {
        SignalKind::Traces => source.traces().encode_to_vec(),
        SignalKind::Logs => source.logs().encode_to_vec(),
        SignalKind::Metrics => source.metrics().encode_to_vec(),
    })
}

/// What prost reads.
fn expected(signal: SignalKind, payload: &Bytes) -> Result<Flat, prost::DecodeError> {
    Ok(match signal {
        SignalKind::Traces => flat::spans(&ExportTraceServiceRequest::decode(payload.clone())?.resource_spans),
        SignalKind::Logs => flat::logs(&ExportLogsServiceRequest::decode(payload.clone())?.resource_logs),
        SignalKind::Metrics => flat::metrics(&ExportMetricsServiceRequest::decode(payload.clone())?.resource_metrics),
    })
}

/// What our rows say.
fn stored(signal: SignalKind, decoded: &Decoded) -> Flat {
    let batches: Vec<_> = decoded.batches.iter().map(|(_, batch)| batch.clone()).collect();
    match signal {
        SignalKind::Traces => flat::spans(&encode::spans(&batches).unwrap().resource_spans),
        SignalKind::Logs => flat::logs(&encode::logs(&batches).unwrap().resource_logs),
        SignalKind::Metrics => flat::metrics(&encode::metrics(&decoded.batches).unwrap().resource_metrics),
    }
}

/// Whether the request sets a singular message twice where we keep the last and prost merges.
fn has_twice(kind: Kind, message: &[u8]) -> bool {
    let (mut reader, mut values) = (Reader::new(message), 0);
    while let Ok(Some(field)) = reader.next_field() {
        let (Holds::Message(inner), Payload::Len(bytes)) = (kind.field(field.number), field.payload) else { continue };
        values += usize::from(matches!((kind, field.number), (Kind::KeyValue, 2) | (Kind::LogRecord, 5)));
        if values > 1 || has_twice(inner, bytes) {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_request_survives_decoding_and_encoding(signal in signal(), seed in any::<u64>()) {
        let payload = request(signal, Source::new(seed));
        let expected = expected(signal, &payload).unwrap();
        let decoded = decode(signal, &payload, RECEIVED).unwrap();
        prop_assert_eq!((decoded.accepted, decoded.rejected), (flat::count(&expected), 0));
        prop_assert_eq!(stored(signal, &decoded), expected);
        for (table, batch) in &decoded.batches {
            prop_assert_eq!(batch.schema(), table.schema());
            prop_assert!(batch.num_rows() > 0);
        }
    }

    #[test]
    fn a_damaged_request_is_read_as_prost_reads_it_or_refused(
        signal in signal(),
        seed in any::<u64>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = request(signal, Source::new(seed)).to_vec();
        if bytes.is_empty() {
            return Ok(());
        }
        for (place, value) in damage {
            let length = bytes.len();
            bytes[place.index(length)] = value;
        }
        let payload = Bytes::from(bytes);
        match (expected(signal, &payload), decode(signal, &payload, RECEIVED)) {
            (Ok(expected), Ok(decoded)) => {
                prop_assert_eq!(decoded.accepted + decoded.rejected, flat::count(&expected));
                let changed = decoded.rejected > 0
                    || decoded.issues.iter().any(|issue| {
                        matches!(
                            issue.code,
                            IssueCode::InvalidParentSpanId | IssueCode::InvalidLogIds | IssueCode::StringTableReference
                        )
                    })
                    || has_twice(Kind::Request(signal), &payload);
                if !changed {
                    prop_assert_eq!(stored(signal, &decoded), expected);
                }
            }
            (Err(theirs), Ok(decoded)) => prop_assert!(
                decoded.issues.iter().any(|issue| {
                    matches!(issue.code, IssueCode::MalformedRecord | IssueCode::WrongSignal)
                }),
                "prost refuses ({}), we do not: {:?}", theirs, decoded.issues
            ),
            (Ok(_), Err(ours)) => prop_assert!(false, "we refuse, prost does not: {}", ours),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(signal in signal(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let payload = Bytes::from(bytes);
        if let Ok(decoded) = decode(signal, &payload, RECEIVED) {
            let rows: usize = decoded.batches.iter().map(|(_, batch)| batch.num_rows()).sum();
            prop_assert_eq!(rows as u64, decoded.accepted);
            stored(signal, &decoded);
        }
        drop(repair_utf8(signal, &payload));
    }

    #[test]
    fn bad_texts_are_repaired_byte_for_byte(signal in signal(), seed in any::<u64>()) {
        const MARKER: &str = "~!~!~!";
        let marked = |marker| request(signal, Source { marker, ..Source::new(seed) });
        let mut bytes = marked(MARKER).to_vec();
        let places: Vec<usize> =
            (0..bytes.len().saturating_sub(5)).filter(|at| bytes[*at..].starts_with(MARKER.as_bytes())).collect();
        for place in &places {
            bytes[*place..place + MARKER.len()].copy_from_slice(b"\xff\xfe\xfd\xfc\xfb\xfa");
        }
        let payload = Bytes::from(bytes);
        match decode(signal, &payload, RECEIVED) {
            Err(DecodeError::InvalidUtf8 { offset }) => {
                prop_assert!(places.iter().any(|place| place.abs_diff(offset) < 300));
                let repaired = repair_utf8(signal, &payload).unwrap();
                prop_assert_eq!(&repaired, &marked("\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"));
                prop_assert_eq!(decode(signal, &repaired, RECEIVED).unwrap().rejected, 0);
                prop_assert_eq!(repair_utf8(signal, &repaired), None);
            }
            other => prop_assert!(places.is_empty(), "{:?}", other),
        }
    }

    /// After a repair, no request is refused for its texts again, so that the caller needs no loop.
    #[test]
    fn one_repair_is_enough(
        signal in signal(),
        seed in any::<u64>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), 0x80_u8..), 1..6),
    ) {
        let mut bytes = request(signal, Source::new(seed)).to_vec();
        if bytes.is_empty() {
            return Ok(());
        }
        for (place, value) in damage {
            let length = bytes.len();
            bytes[place.index(length)] = value;
        }
        let payload = Bytes::from(bytes);
        if let Some(repaired) = repair_utf8(signal, &payload) {
            let again = decode(signal, &repaired, RECEIVED);
            prop_assert!(!matches!(again, Err(DecodeError::InvalidUtf8 { .. })), "{:?}", again.map(|_| ()));
        }
    }
}

#[test]
fn tables_of_points_come_from_metrics_only() {
    for signal in SignalKind::ALL {
        let payload = request(signal, Source::new(3));
        for (table, _) in decode(signal, &payload, RECEIVED).unwrap().batches {
            let expected = match table {
                Table::Spans => SignalKind::Traces,
                Table::Logs => SignalKind::Logs,
                _ => SignalKind::Metrics,
            };
            assert_eq!(signal, expected);
        }
    }
}
