//! OTLP/gRPC: the `Export` method of the three collector services, and `grpc.health.v1.Health/Check`.
//!
//! Written directly on HTTP/2 instead of generated code, since the codes matter: senders try again on some of them
//! and throw data away on others (OTLP, "Failures"). The message's bytes go to the write-ahead log as they came.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use telltale_model::SignalKind;

use super::media::{self, Encoding};
use super::refusal::{Reason, Refusal, code};
use super::status::{self, ExportResponse};
use super::{announce, body, encoding, http as otlp_http, ingest};
use crate::state::AppState;
use crate::telemetry::Metric;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
pub(super) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Bytes before each message: a flag and a length.
const PREFIX_BYTES: usize = 5;

/// The method of the standard health service.
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// `grpc.health.v1.HealthCheckResponse` with `SERVING`.
const SERVING: [u8; 2] = [0x08, 0x01];

/// Returns the signal of an export method.
#[must_use]
pub fn signal_of(path: &str) -> Option<SignalKind> {
    match path {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Some(SignalKind::Traces),
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Some(SignalKind::Metrics),
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Some(SignalKind::Logs),
        _ => None,
    }
}

/// Answers one call.
pub async fn handle(state: &Arc<AppState>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let sender = otlp_http::sender(&request);
    let path = request.uri().path();
    if path == HEALTH_CHECK {
        return health(state, request).await;
    }
    let signal = signal_of(path);
    let result = match signal {
        Some(signal) => match message(state, request).await {
            Ok((payload, _grant)) => ingest(state, signal, payload, Vec::new(), &sender).await,
            Err(refusal) => Err(refusal),
        },
        None => Err(unknown_method(path)),
    };
    announce::outcome(state, signal, &sender, &result);
    match result {
        Ok(acknowledged) => {
            state.telemetry.observe(Metric::IngestDuration, [sender.protocol.as_str()], started.elapsed());
            answer(&ExportResponse::from(&acknowledged).encode_to_vec())
        }
        Err(refusal) => {
            announce::refusal(state, signal, &refusal, &sender);
            refused(&refusal)
        }
    }
}

/// Builds the refusal of a method that does not exist.
fn unknown_method(path: &str) -> Refusal {
    let path = crate::text::shorten(path, 200);
    Refusal::new(
        Reason::UnknownPath,
        format!("no method is called {path:?}; there is Export of OTLP's TraceService, MetricsService and LogsService"),
    )
}

/// Answers whether the server can take data. A service's name is not looked at: all of them share one store.
async fn health(state: &Arc<AppState>, request: Request<Body>) -> Response<Body> {
    if let Err(refusal) = message(state, request).await {
        return refused(&refusal);
    }
    let status = state.storage.status();
    match status.poisoned.or(status.full) {
        None => answer(&SERVING),
        // NOT_SERVING.
        Some(_) => answer(&[0x08, 0x02]),
    }
}

/// Reads the one message of a call, with the memory that it takes.
async fn message(state: &Arc<AppState>, request: Request<Body>) -> Result<(Bytes, super::admission::Grant), Refusal> {
    let limit_bytes = state.config.max_request_bytes;
    let encoding = message_encoding(request.headers())?;
    let mut grant = state.admission.begin();
    let framed = body::read(request.into_body(), limit_bytes.saturating_add(PREFIX_BYTES), &mut grant).await?;
    let (is_compressed, message) = unframe(framed, limit_bytes)?;
    if !is_compressed {
        return Ok((message, grant));
    }
    if encoding == Encoding::Identity {
        return Err(Refusal::malformed("the message is marked as compressed and grpc-encoding names no encoding"));
    }
    let message = encoding::decompress(encoding, message, limit_bytes, &mut grant).await?;
    Ok((message, grant))
}

/// Returns how messages are compressed.
fn message_encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let Some(value) = headers.get(GRPC_ENCODING) else { return Ok(Encoding::Identity) };
    let text = String::from_utf8_lossy(value.as_bytes());
    match media::coding(&text) {
        Some(encoding @ (Encoding::Identity | Encoding::Gzip | Encoding::Zstd)) => Ok(encoding),
        // The code that the gRPC specification asks for.
        Some(Encoding::Deflate) | None => Err(Refusal::new(
            Reason::UnknownPath,
            format!(
                "grpc-encoding {:?} is not supported; send identity, gzip or zstd",
                crate::text::shorten(&text, 50)
            ),
        )),
    }
}

/// Takes the one message out of its frame.
fn unframe(mut framed: Bytes, limit_bytes: usize) -> Result<(bool, Bytes), Refusal> {
    if framed.len() < PREFIX_BYTES {
        return Err(Refusal::malformed(format!("the call has {} bytes and no message", framed.len())));
    }
    let flag = framed.get_u8();
    let length = usize::try_from(framed.get_u32()).unwrap_or(usize::MAX);
    if flag > 1 {
        return Err(Refusal::malformed(format!("the message has flag {flag}; there are 0 and 1")));
    }
    if length > limit_bytes {
        return Err(Refusal::over_limit(limit_bytes));
    }
    if length != framed.len() {
        return Err(Refusal::malformed(format!(
            "the message says {length} bytes and {} follow; Export takes one message",
            framed.len()
        )));
    }
    Ok((flag == 1, framed))
}

/// Builds the answer with one message and status OK.
fn answer(message: &[u8]) -> Response<Body> {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.extend_from_slice(message);
    let trailers = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from(code::OK))]);
    let body = Full::new(framed.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
    with_headers(Body::new(body))
}

/// Builds the answer of a refused call: headers alone, as gRPC's "Trailers-Only".
#[must_use]
pub fn refused(refusal: &Refusal) -> Response<Body> {
    let mut response = with_headers(Body::empty());
    let status_code = refusal.reason.grpc_code();
    let details = status::protobuf(refusal, status_code);
    let headers = response.headers_mut();
    headers.insert(GRPC_STATUS, HeaderValue::from(status_code));
    if let Ok(value) = HeaderValue::try_from(percent_encode(&refusal.message)) {
        headers.insert(GRPC_MESSAGE, value);
    }
    if !details.details.is_empty()
        && let Ok(value) = HeaderValue::try_from(STANDARD_NO_PAD.encode(details.encode_to_vec()))
    {
        headers.insert(GRPC_STATUS_DETAILS, value);
    }
    response
}

/// Adds what every answer has.
fn with_headers(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("identity,gzip,zstd"));
    response
}

/// Encodes a status message as the gRPC specification asks: printable ASCII but for `%`.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_messages_are_printable_ascii() {
        assert_eq!(percent_encode("50 % – é\n"), "50 %25 %E2%80%93 %C3%A9%0A");
    }

    #[test]
    fn only_a_whole_single_message_is_taken() {
        let frame = |flag: u8, length: u32, bytes: &[u8]| {
            let mut out = vec![flag];
            out.extend(length.to_be_bytes());
            out.extend(bytes);
            unframe(Bytes::from(out), 10)
        };
        assert_eq!(frame(0, 3, b"abc").unwrap(), (false, Bytes::from_static(b"abc")));
        assert_eq!(frame(1, 0, b"").unwrap(), (true, Bytes::new()));
        for (flag, length, bytes) in [(0, 3, &b"ab"[..]), (0, 3, b"abcd"), (2, 3, b"abc")] {
            assert_eq!(frame(flag, length, bytes).unwrap_err().reason, Reason::Malformed);
        }
        assert_eq!(frame(0, 11, b"").unwrap_err().reason, Reason::TooLarge);
        assert_eq!(unframe(Bytes::from_static(b"\0\0"), 10).unwrap_err().reason, Reason::Malformed);
    }
}
