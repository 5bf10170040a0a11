//! G1 to G7: rules of OTLP/gRPC.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use telltale_tests::grpc::{Clients, call_raw, connect, export_path};
use telltale_tests::http::Signal;
use telltale_tests::rng::Rng;
use telltale_tests::{otlp, wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::support::server;

/// The three services take their signal on the gRPC port, the HTTP port and the UI port's neighbour alike.
#[tokio::test]
async fn g0_three_services_on_both_otlp_ports() {
    let server = server();
    let mut rng = Rng::new(1);
    for url in [&server.ready.otlp_grpc, &server.ready.otlp_http] {
        let mut clients = Clients::connect(url).await;
        let (trace_id, span_id) = (rng.trace_id(), rng.span_id());
        let answer =
            clients.traces.export(otlp::traces("grpc", vec![otlp::span(trace_id, span_id, "s")])).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None);
        let answer = clients.logs.export(otlp::logs("grpc", vec![otlp::log(trace_id, span_id, "l")])).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None);
        let gauge = otlp::gauge("g", vec![otlp::point_int(7)]);
        let answer = clients.metrics.export(otlp::metrics("grpc", vec![gauge])).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None);
    }
    for table in ["spans", "logs", "points"] {
        assert_eq!(server.http.count(&format!("SELECT count(*) FROM {table}")).await, 2, "{table}");
    }
}

/// C1, C2 on gRPC: gzip and zstd messages.
#[tokio::test]
async fn c1_c2_compressed_messages() {
    let server = server();
    let mut rng = Rng::new(2);
    for compression in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut clients = Clients::connect(&server.ready.otlp_grpc).await;
        clients.traces = clients.traces.send_compressed(compression);
        let spans = (0..50).map(|_| otlp::span(rng.trace_id(), rng.span_id(), "compressed")).collect();
        clients.traces.export(otlp::traces("grpc", spans)).await.unwrap();
    }
    assert_eq!(server.http.count("SELECT count(*) FROM spans WHERE name = 'compressed'").await, 100);
}

/// G1: too large is RESOURCE_EXHAUSTED without RetryInfo, plain or after decompression; the connection stays good.
#[tokio::test]
async fn g1_oversize_is_resource_exhausted_and_final() {
    let server = server();
    let channel = connect(&server.ready.otlp_grpc).await;
    let path = export_path(Signal::Traces);
    let oversize = Bytes::from(vec![0_u8; 65 * 1024 * 1024]);
    for compression in [None, Some(CompressionEncoding::Gzip)] {
        let status = call_raw(channel.clone(), path, oversize.clone(), compression).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{compression:?}: {status:?}");
        assert!(!contains(status.details(), b"RetryInfo"), "{compression:?} must not be retried");
    }
    let mut rng = Rng::new(3);
    let body = otlp::traces("after", vec![otlp::span(rng.trace_id(), rng.span_id(), "after")]).encode_to_vec();
    call_raw(connect(&server.ready.otlp_grpc).await, path, body.into(), None).await.unwrap();
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1);
}

/// G2: what cannot be decoded is INVALID_ARGUMENT with BadRequest details.
#[tokio::test]
async fn g2_bad_data_is_invalid_argument() {
    let server = server();
    let channel = connect(&server.ready.otlp_grpc).await;
    for signal in Signal::ALL {
        let status = call_raw(channel.clone(), export_path(signal), Bytes::from_static(b"\x0a\xff\xff\x01"), None)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{signal:?}: {status:?}");
        assert!(contains(status.details(), b"google.rpc.BadRequest"), "{signal:?}: no details");
    }
    assert!(!server.http.issues().await.is_empty());
}

/// C7 on gRPC: the answer is OK with the number of rejected spans.
#[tokio::test]
async fn c7_partial_success() {
    let server = server();
    let mut rng = Rng::new(4);
    let mut clients = Clients::connect(&server.ready.otlp_grpc).await;
    let mut spans: Vec<_> = (0..3).map(|_| otlp::span(rng.trace_id(), rng.span_id(), "kept")).collect();
    spans[0].span_id.clear();
    let answer = clients.traces.export(otlp::traces("partial", spans)).await.unwrap().into_inner();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(!partial.error_message.is_empty());
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 2);
}

/// C8: a repaired byte is a warning: nothing rejected, a message, and the repaired text is stored.
#[tokio::test]
async fn c8_invalid_utf8_is_repaired_with_a_warning() {
    let server = server();
    let mut rng = Rng::new(5);
    let good = wire::span(&rng.trace_id(), &rng.span_id(), b"good", (1, 2), &[]);
    let bad = wire::span(&rng.trace_id(), &rng.span_id(), b"bad \xff name", (1, 2), &[]);
    let body = wire::request("utf8", &[good, bad]);
    let answer =
        call_raw(connect(&server.ready.otlp_grpc).await, export_path(Signal::Traces), body.into(), None).await.unwrap();
    let partial = ExportTraceServiceResponse::decode(answer).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 0);
    assert!(partial.error_message.contains("UTF-8"), "{}", partial.error_message);
    let rows = server.http.sql("SELECT name FROM spans ORDER BY name").await;
    let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["bad \u{fffd} name", "good"]);
}

/// G5: many calls at once on one connection.
#[tokio::test]
async fn g5_concurrent_calls_on_one_connection() {
    let server = server();
    let clients = Clients::connect(&server.ready.otlp_grpc).await;
    let mut rng = Rng::new(6);
    let calls = (0..300).map(|_| {
        let mut traces = clients.traces.clone();
        let request = otlp::traces("many", vec![otlp::span(rng.trace_id(), rng.span_id(), "one of many")]);
        async move { traces.export(request).await }
    });
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 300);
}

/// G4: whatever is wrong with a call, its code is none that OTLP calls retryable: sending it again would not help.
#[tokio::test]
async fn g4_permanent_faults_have_no_retryable_code() {
    const RETRYABLE: [Code; 6] =
        [Code::Cancelled, Code::DeadlineExceeded, Code::Aborted, Code::OutOfRange, Code::Unavailable, Code::DataLoss];
    let server = server();
    let mut deep = wire::nested_array(300);
    deep.truncate(deep.len() - 1);
    let truncated = wire::request("cut", &[deep]);
    let bodies: [(&str, Bytes, Option<CompressionEncoding>); 4] = [
        ("no protobuf", Bytes::from_static(b"\x0a\xff\xff\x01"), None),
        ("cut off inside", Bytes::from(truncated[..truncated.len() - 3].to_vec()), None),
        ("too large", Bytes::from(vec![0; 65 << 20]), None),
        ("too large once inflated", Bytes::from(vec![0; 65 << 20]), Some(CompressionEncoding::Zstd)),
    ];
    for (what, body, compression) in bodies {
        for signal in Signal::ALL {
            let channel = connect(&server.ready.otlp_grpc).await;
            let status = call_raw(channel, export_path(signal), body.clone(), compression).await.unwrap_err();
            assert!(!RETRYABLE.contains(&status.code()), "{what}, {signal:?}: {status:?}");
            assert!(!contains(status.details(), b"RetryInfo"), "{what}, {signal:?}: {status:?}");
        }
    }
    let channel = connect(&server.ready.otlp_grpc).await;
    let status = call_raw(channel, "/no.such.Service/Export", Bytes::new(), None).await.unwrap_err();
    assert!(!RETRYABLE.contains(&status.code()), "{status:?}");
}

/// G6: a client that pings as often as it likes is answered each time and never told to calm down; how the server
/// itself asks a quiet peer is tested beside `listeners`.
#[tokio::test]
async fn g6_every_ping_of_a_client_is_answered() {
    const PINGS: u64 = 500;
    const PING: u8 = 6;
    const GO_AWAY: u8 = 7;
    let server = server();
    let address = server.ready.otlp_grpc.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    for number in 0..PINGS {
        let ping = [&[0, 0, 8, PING, 0, 0, 0, 0, 0], number.to_be_bytes().as_slice()].concat();
        stream.write_all(&ping).await.unwrap();
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            stream.read_exact(&mut payload).await.unwrap();
            assert_ne!(head[3], GO_AWAY, "after {number} pings: {}", String::from_utf8_lossy(&payload));
            if (head[3], head[4]) == (PING, 1) {
                assert_eq!(payload, number.to_be_bytes());
                break;
            }
        }
    }
}

/// G7: an unknown method is UNIMPLEMENTED.
#[tokio::test]
async fn g7_unknown_methods() {
    let server = server();
    let channel = connect(&server.ready.otlp_grpc).await;
    for path in ["/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/some.other.Service/Call"] {
        let status = call_raw(channel.clone(), path, Bytes::new(), None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}: {status:?}");
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
