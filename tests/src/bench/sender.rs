//! One connection to the server: HTTP/protobuf or gRPC, with a body that is ready to send.

use std::io::Write as _;

use bytes::{BufMut as _, Bytes, BytesMut};
use clap::ValueEnum;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, StatusCode};

use super::corpus::Shape;

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// OTLP/HTTP with protobuf bodies over HTTP/1.1.
    Http,
    /// OTLP/gRPC over HTTP/2.
    Grpc,
}

/// How bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// As they are.
    None,
    /// gzip, level 6.
    Gzip,
    /// zstd, level 1.
    Zstd,
}

impl Encoding {
    /// Compresses a request.
    #[must_use]
    pub fn encode(self, request: Vec<u8>) -> Vec<u8> {
        match self {
            Self::None => request,
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(&request).expect("write to memory");
                encoder.finish().expect("write to memory")
            }
            Self::Zstd => zstd::encode_all(request.as_slice(), 1).expect("write to memory"),
        }
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledged, with so many items rejected.
    Accepted {
        /// Items that the answer says were rejected.
        rejected: u64,
    },
    /// Refused for now: send it again.
    Busy,
    /// Anything else.
    Failed(String),
}

/// A connection of its own.
#[derive(Debug)]
pub struct Sender {
    client: Client,
    url: String,
    headers: HeaderMap,
    protocol: Protocol,
    encoding: Encoding,
}

impl Sender {
    /// Prepares a connection; it opens with the first request.
    ///
    /// # Panics
    /// When the HTTP client cannot be made.
    #[must_use]
    pub fn new(base: &str, shape: Shape, protocol: Protocol, encoding: Encoding) -> Self {
        let builder = Client::builder().no_proxy().pool_max_idle_per_host(1);
        let mut headers = HeaderMap::new();
        let value = |text: &'static str| reqwest::header::HeaderValue::from_static(text);
        let (signal, service) = match shape {
            Shape::Log => ("logs", "logs.v1.LogsService"),
            Shape::Point => ("metrics", "metrics.v1.MetricsService"),
            _ => ("traces", "trace.v1.TraceService"),
        };
        let (builder, path) = match protocol {
            Protocol::Http => {
                headers.insert(CONTENT_TYPE, value("application/x-protobuf"));
                if let Some(name) = encoding.name() {
                    headers.insert(CONTENT_ENCODING, value(name));
                }
                (builder.http1_only(), format!("/v1/{signal}"))
            }
            Protocol::Grpc => {
                headers.insert(CONTENT_TYPE, value("application/grpc"));
                headers.insert("te", value("trailers"));
                if let Some(name) = encoding.name() {
                    headers.insert("grpc-encoding", value(name));
                }
                let path = format!("/opentelemetry.proto.collector.{service}/Export");
                (builder.http2_prior_knowledge().http2_adaptive_window(true), path)
            }
        };
        let client = builder.build().expect("an HTTP client");
        Self { client, url: format!("{base}{path}"), headers, protocol, encoding }
    }

    /// Puts gRPC's frame around a body; HTTP sends it as it is.
    #[must_use]
    pub fn framed(protocol: Protocol, encoding: Encoding, body: Vec<u8>) -> Bytes {
        if protocol == Protocol::Http {
            return Bytes::from(body);
        }
        let mut frame = BytesMut::with_capacity(body.len() + 5);
        frame.put_u8(u8::from(encoding != Encoding::None));
        frame.put_u32(u32::try_from(body.len()).expect("a request below 4 GiB"));
        frame.extend_from_slice(&body);
        frame.freeze()
    }

    /// Returns the compression of this connection's bodies.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Sends a body made by [`Self::framed`] and reads the answer.
    pub async fn send(&self, body: Bytes) -> Outcome {
        let request = self.client.post(&self.url).headers(self.headers.clone()).body(body);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = match answer.bytes().await {
            Ok(body) => body,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        match self.protocol {
            Protocol::Http => http_outcome(status, &body),
            Protocol::Grpc => grpc_outcome(&headers, &body),
        }
    }
}

fn http_outcome(status: StatusCode, body: &Bytes) -> Outcome {
    match status {
        StatusCode::OK => accepted(body),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Outcome::Busy,
        other => Outcome::Failed(format!("{other}: {}", String::from_utf8_lossy(body))),
    }
}

/// A refused call has its status in the headers, an accepted one a message in the body.
fn grpc_outcome(headers: &HeaderMap, body: &Bytes) -> Outcome {
    match headers.get("grpc-status").map(|status| status.as_bytes()) {
        None | Some(b"0") if body.len() >= 5 => accepted(&body.slice(5..)),
        Some(b"14") => Outcome::Busy,
        status => Outcome::Failed(format!("grpc-status {status:?}, {:?}", headers.get("grpc-message"))),
    }
}

/// The answers of the three signals have the same field numbers.
fn accepted(body: &Bytes) -> Outcome {
    match ExportTraceServiceResponse::decode(body.clone()) {
        Ok(answer) => {
            let rejected = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
            Outcome::Accepted { rejected: u64::try_from(rejected).unwrap_or(0) }
        }
        Err(error) => Outcome::Failed(format!("not an export answer: {error}")),
    }
}
