//! OTLP/JSON against itself, against what Google's parser takes, and against requests from elsewhere.

#[path = "../../../../storage/src/decode/tests/arbitrary.rs"]
mod arbitrary;
mod conformance;
mod restyle;
mod rules;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message as _;
use telltale_model::SignalKind;

use self::arbitrary::Source;
use super::{json_to_protobuf, protobuf_to_json};

fn signal() -> impl Strategy<Value = SignalKind> {
    proptest::sample::select(SignalKind::ALL.to_vec())
}

fn request(signal: SignalKind, seed: u64) -> Vec<u8> {
    let mut source = Source::new(seed);
    match signal {
        SignalKind::Traces => source.traces().encode_to_vec(),
        SignalKind::Logs => source.logs().encode_to_vec(),
        SignalKind::Metrics => source.metrics().encode_to_vec(),
    }
}

/// The one encoding that prost gives a request.
fn canonical(signal: SignalKind, protobuf: Vec<u8>) -> Vec<u8> {
    let bytes = Bytes::from(protobuf);
    match signal {
        SignalKind::Traces => ExportTraceServiceRequest::decode(bytes).unwrap().encode_to_vec(),
        SignalKind::Logs => ExportLogsServiceRequest::decode(bytes).unwrap().encode_to_vec(),
        SignalKind::Metrics => ExportMetricsServiceRequest::decode(bytes).unwrap().encode_to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_request_survives_json(signal in signal(), seed in any::<u64>()) {
        let protobuf = request(signal, seed);
        let json = protobuf_to_json(signal, &protobuf);
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
        let (back, issues) = json_to_protobuf(signal, json.as_bytes()).unwrap();
        prop_assert_eq!(issues, vec![]);
        prop_assert_eq!(canonical(signal, back), protobuf);
    }

    #[test]
    fn every_spelling_that_proto3_json_allows_means_the_same(
        signal in signal(),
        seed in any::<u64>(),
        style in any::<u64>(),
    ) {
        let protobuf = request(signal, seed);
        let json = restyle::restyle(signal, &protobuf_to_json(signal, &protobuf), style);
        let (back, issues) = json_to_protobuf(signal, json.as_bytes()).unwrap();
        prop_assert_eq!(issues, vec![], "{}", json);
        prop_assert_eq!(canonical(signal, back), protobuf, "{}", json);
    }

    #[test]
    fn damaged_json_never_panics_and_what_is_taken_is_protobuf(
        signal in signal(),
        seed in any::<u64>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut json = protobuf_to_json(signal, &request(signal, seed)).into_bytes();
        for (place, value) in damage {
            let length = json.len();
            json[place.index(length)] = value;
        }
        if let Ok((protobuf, _)) = json_to_protobuf(signal, &json) {
            let payload = Bytes::from(protobuf);
            let received = telltale_model::UnixNanos(1_700_000_000_000_000_000);
            let decoded = telltale_storage::decode::decode(signal, &payload, received);
            let is_utf8 = std::str::from_utf8(&json).is_ok();
            prop_assert!(decoded.is_ok() || !is_utf8, "{:?}", decoded.map(|_| ()));
        }
    }
}
