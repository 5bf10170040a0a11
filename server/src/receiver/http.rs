//! OTLP/HTTP: `POST /v1/traces`, `/v1/metrics`, `/v1/logs` in protobuf or JSON.
//!
//! The answer has the encoding of the request, also when it is a refusal (`google.rpc.Status`). Requests without a
//! content type that is understood are answered in JSON, which people read. CORS, tokens and `Host` are the edge's.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    ALLOW, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, RETRY_AFTER as RETRY_AFTER_HEADER, USER_AGENT, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use prost::Message as _;
use telltale_api::routes;
use telltale_model::SignalKind;
use telltale_share::open::{guess_json, guess_protobuf};
use telltale_storage::decode::Issue;

use super::grpc::GRPC_ENCODING;
use super::media::{self, Media};
use super::refusal::{Reason, Refusal};
use super::status::{self, ExportResponse};
use super::{Acknowledged, Protocol, Sender, announce, body, encoding, ingest};
use crate::limits::{JSON_INLINE_BYTES_MAX, RETRY_AFTER};
use crate::listeners::Peer;
use crate::state::AppState;
use crate::telemetry::Metric;

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The path of one signal.
    Signal(SignalKind),
    /// `/` with the content type of OTLP: an endpoint variable of a single signal without its path.
    Guess,
    /// Another path.
    Unknown,
}

/// Understands a path; a slash at the end does not matter.
#[must_use]
pub fn target(path: &str) -> Target {
    match path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path) {
        routes::OTLP_TRACES => Target::Signal(SignalKind::Traces),
        routes::OTLP_METRICS => Target::Signal(SignalKind::Metrics),
        routes::OTLP_LOGS => Target::Signal(SignalKind::Logs),
        "/" => Target::Guess,
        _ => Target::Unknown,
    }
}

/// Returns who sent a request.
#[must_use]
pub fn sender<B>(request: &Request<B>) -> Sender {
    let protocol = match media::media_type(request.headers()) {
        Some(Media::Grpc) => Protocol::Grpc,
        Some(Media::Json) => Protocol::HttpJson,
        Some(Media::Protobuf) | None => Protocol::HttpProtobuf,
    };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.to_string()).unwrap_or_default();
    let user_agent = request.headers().get(USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let named = if protocol == Protocol::Grpc { GRPC_ENCODING } else { CONTENT_ENCODING };
    let compression = request
        .headers()
        .get(named)
        .map_or("none", |value| value.to_str().ok().and_then(media::coding).map_or("unknown", media::Encoding::as_str));
    Sender { peer, user_agent, protocol, compression }
}

/// Answers one request.
pub async fn handle(state: &Arc<AppState>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let sender = sender(&request);
    let is_protobuf = media::media_type(request.headers()) == Some(Media::Protobuf);
    let mut signal = match target(request.uri().path()) {
        Target::Signal(signal) => Some(signal),
        Target::Guess | Target::Unknown => None,
    };
    let result = export(state, request, &mut signal, &sender).await;
    announce::outcome(state, signal, &sender, &result);
    match result {
        Ok(acknowledged) => {
            state.telemetry.observe(Metric::IngestDuration, [sender.protocol.as_str()], started.elapsed());
            success(&acknowledged, signal.unwrap_or(SignalKind::Traces), is_protobuf)
        }
        Err(refusal) => {
            announce::refusal(state, signal, &refusal, &sender);
            refused(&refusal, is_protobuf)
        }
    }
}

/// Does one export; `signal` is filled in when it has to be guessed.
async fn export(
    state: &Arc<AppState>,
    request: Request<Body>,
    signal: &mut Option<SignalKind>,
    sender: &Sender,
) -> Result<Acknowledged, Refusal> {
    let (parts, body) = request.into_parts();
    let (media, encoding) = match understand(&parts, *signal) {
        Ok(understood) => understood,
        Err(refusal) => {
            if !parts.headers.contains_key(EXPECT) {
                body::discard(body, state.config.max_request_bytes).await;
            }
            return Err(refusal);
        }
    };
    let limit_bytes = state.config.max_request_bytes;
    let mut grant = state.admission.begin();
    let body = body::read(body, limit_bytes, &mut grant).await?;
    let body = encoding::decompress(encoding, body, limit_bytes, &mut grant).await?;
    let signal = match *signal {
        Some(signal) => signal,
        None => *signal.insert(guessed(state, media, &body, sender)?),
    };
    let (payload, issues) = match media {
        Media::Json => transcode(signal, body).await?,
        Media::Protobuf | Media::Grpc => (body, Vec::new()),
    };
    ingest(state, signal, payload, issues, sender).await
}

/// Checks everything that can be checked before the body is read.
fn understand(parts: &http::request::Parts, signal: Option<SignalKind>) -> Result<(Media, media::Encoding), Refusal> {
    if signal.is_none() && target(parts.uri.path()) == Target::Unknown {
        let path = crate::text::shorten(parts.uri.path(), 100);
        return Err(Refusal::new(
            Reason::UnknownPath,
            format!("no OTLP path is called {path:?}; there are /v1/traces, /v1/metrics and /v1/logs"),
        ));
    }
    if parts.method != Method::POST {
        return Err(Refusal::new(
            Reason::MethodNotAllowed,
            format!("OTLP is sent with POST, not {}", crate::text::shorten(parts.method.as_str(), 20)),
        ));
    }
    let media = match media::media_type(&parts.headers) {
        Some(media @ (Media::Protobuf | Media::Json)) => media,
        Some(Media::Grpc) | None => return Err(Refusal::new(Reason::UnsupportedMedia, not_a_type(&parts.headers))),
    };
    let encoding = media::content_encoding(&parts.headers).map_err(|text| {
        let text = crate::text::shorten(&text, 100);
        Refusal::new(
            Reason::UnsupportedMedia,
            format!("content encoding {text:?} is not understood; send identity, gzip, zstd or deflate"),
        )
    })?;
    Ok((media, encoding))
}

/// Says what is wrong with the content type.
fn not_a_type(headers: &HeaderMap) -> String {
    let wanted = "send application/x-protobuf or application/json";
    match headers.get(CONTENT_TYPE) {
        Some(value) => {
            let text = String::from_utf8_lossy(value.as_bytes());
            format!("content type {:?} is not understood; {wanted}", crate::text::shorten(&text, 100))
        }
        None => format!("the request has no content type; {wanted}"),
    }
}

/// Finds out what was sent to `/`.
fn guessed(state: &AppState, media: Media, body: &Bytes, sender: &Sender) -> Result<SignalKind, Refusal> {
    let guess = if media == Media::Json { guess_json(body) } else { guess_protobuf(body) };
    let signal = guess.ok_or_else(|| {
        Refusal::new(
            Reason::UnknownPath,
            "OTLP was sent to `/` and it does not tell which signal it holds; send to /v1/traces, /v1/metrics or /v1/logs",
        )
    })?;
    announce::wrong_path(state, signal, sender);
    Ok(signal)
}

/// Turns JSON into protobuf; large requests leave the async worker.
async fn transcode(signal: SignalKind, body: Bytes) -> Result<(Bytes, Vec<Issue>), Refusal> {
    let is_small = body.len() <= JSON_INLINE_BYTES_MAX;
    let decode = move || crate::decode::json_to_protobuf(signal, &body);
    let result = if is_small {
        decode()
    } else {
        let panicked = |_panic| Refusal::unavailable("an internal error occurred; it is in the log");
        tokio::task::spawn_blocking(decode).await.map_err(panicked)?
    };
    let (payload, issues) = result.map_err(|error| Refusal::malformed(error.to_string()))?;
    Ok((Bytes::from(payload), issues))
}

/// Builds the answer to a request that was stored.
fn success(acknowledged: &Acknowledged, signal: SignalKind, is_protobuf: bool) -> Response<Body> {
    let message = ExportResponse::from(acknowledged);
    if is_protobuf {
        with_type("application/x-protobuf", message.encode_to_vec())
    } else {
        with_type("application/json", message.to_json(signal).to_string().into_bytes())
    }
}

/// Builds the answer to a request that was refused.
#[must_use]
pub fn refused(refusal: &Refusal, is_protobuf: bool) -> Response<Body> {
    let code = refusal.reason.grpc_code();
    let mut response = if is_protobuf {
        with_type("application/x-protobuf", status::protobuf(refusal, code).encode_to_vec())
    } else {
        with_type("application/json", status::json(refusal, code).to_string().into_bytes())
    };
    *response.status_mut() = refusal.reason.http_status();
    let headers = response.headers_mut();
    match refusal.reason {
        Reason::Unavailable => _ = headers.insert(RETRY_AFTER_HEADER, HeaderValue::from(RETRY_AFTER.as_secs())),
        Reason::MethodNotAllowed => _ = headers.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS")),
        Reason::Unauthenticated => _ = headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        _ => {}
    }
    response
}

/// Builds a 200 of a media type.
fn with_type(media_type: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
