//! Protobuf requests: no panic, no lost rows, and nothing refused that prost takes.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::{decode, encode};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, request)) = data.split_first() else { return };
    let signal = SignalKind::ALL[usize::from(*choice) % SignalKind::ALL.len()];
    let payload = Bytes::copy_from_slice(request);
    let theirs = match signal {
        SignalKind::Traces => ExportTraceServiceRequest::decode(payload.clone()).is_ok(),
        SignalKind::Metrics => ExportMetricsServiceRequest::decode(payload.clone()).is_ok(),
        SignalKind::Logs => ExportLogsServiceRequest::decode(payload.clone()).is_ok(),
    };
    let ours = decode::decode(signal, &payload, UnixNanos(1_700_000_000_000_000_000));
    assert!(ours.is_ok() || !theirs, "prost takes it, we do not: {:?}", ours.err());
    let Ok(decoded) = ours else { return };
    let rows: usize = decoded.batches.iter().map(|(_, batch)| batch.num_rows()).sum();
    assert_eq!(rows as u64, decoded.accepted);
    let batches: Vec<_> = decoded.batches.iter().map(|(_, batch)| batch.clone()).collect();
    match signal {
        SignalKind::Traces => drop(encode::spans(&batches).expect("rows read back")),
        SignalKind::Logs => drop(encode::logs(&batches).expect("rows read back")),
        SignalKind::Metrics => drop(encode::metrics(&decoded.batches).expect("rows read back")),
    }
}
