//! Clients of OTLP/gRPC: the generated ones, and one that sends any bytes.

use bytes::{Buf, BufMut, Bytes};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::http::Signal;

/// Connects to an OTLP/gRPC address.
///
/// # Panics
/// When nobody listens there.
pub async fn connect(url: &str) -> Channel {
    let endpoint = Endpoint::from_shared(url.to_owned()).expect("a URL");
    endpoint.connect().await.unwrap_or_else(|error| panic!("connect to {url}: {error:?}"))
}

/// The three generated clients on one connection.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Spans.
    pub traces: TraceServiceClient<Channel>,
    /// Metric data points.
    pub metrics: MetricsServiceClient<Channel>,
    /// Log records.
    pub logs: LogsServiceClient<Channel>,
}

impl Clients {
    /// Connects to an OTLP/gRPC address; messages of any size may be sent.
    pub async fn connect(url: &str) -> Self {
        let channel = connect(url).await;
        Self {
            traces: TraceServiceClient::new(channel.clone()).max_encoding_message_size(usize::MAX),
            metrics: MetricsServiceClient::new(channel.clone()).max_encoding_message_size(usize::MAX),
            logs: LogsServiceClient::new(channel).max_encoding_message_size(usize::MAX),
        }
    }
}

/// Returns the full method name of a signal's export call.
#[must_use]
pub const fn export_path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// Sends bytes as the message of a unary call, optionally compressed, and returns the answer's bytes.
///
/// # Errors
/// The status that the server answered.
pub async fn call_raw(
    channel: Channel,
    path: &'static str,
    body: Bytes,
    compression: Option<CompressionEncoding>,
) -> Result<Bytes, Status> {
    let mut grpc = Grpc::new(channel).max_encoding_message_size(usize::MAX);
    if let Some(compression) = compression {
        grpc = grpc.send_compressed(compression);
    }
    grpc.ready().await.map_err(|error| Status::unknown(format!("not ready: {error:?}")))?;
    let answer = grpc.unary(Request::new(body), PathAndQuery::from_static(path), RawCodec).await?;
    Ok(answer.into_inner())
}

/// A codec that leaves bytes alone.
#[derive(Debug, Clone, Copy, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}
