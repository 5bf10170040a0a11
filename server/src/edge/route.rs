//! What a request is, by listener, path and content type alone.

use http::header::CONTENT_TYPE;
use http::{Method, Request};
use telltale_api::routes;
use telltale_model::SignalKind;

use super::{Role, wants_html};
use crate::receiver::http::{Target, target};
use crate::receiver::{grpc, media};

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP, also what is not understood on the OTLP ports.
    Otlp,
    /// The login link.
    Login,
    /// A browser on an OTLP port.
    Browser,
    /// A link to one trace, which needs no token.
    Shared,
    /// The user interface and the API.
    Ui,
}

impl Route {
    /// Classifies a request.
    #[must_use]
    pub fn of<B>(role: Role, request: &Request<B>) -> Self {
        let path = request.uri().path();
        if is_grpc(request) {
            return Self::Grpc;
        }
        match (target(path), role) {
            (Target::Signal(_), _) => Self::Otlp,
            (_, Role::Ui) if path == routes::LOGIN => Self::Login,
            (_, Role::Ui) if is_shared(request) => Self::Shared,
            (Target::Guess, Role::Ui) if is_otlp_post(request) => Self::Otlp,
            (_, Role::Ui) => Self::Ui,
            (Target::Guess, _) if matches!(*request.method(), Method::GET | Method::HEAD) => Self::Browser,
            _ if wants_html(request) => Self::Browser,
            _ => Self::Otlp,
        }
    }

    /// Says whether a sender of telemetry asks.
    #[must_use]
    pub const fn is_otlp(self) -> bool {
        matches!(self, Self::Grpc | Self::Otlp)
    }

    /// Returns the signal that a path names.
    #[must_use]
    pub fn signal(self, path: &str) -> Option<SignalKind> {
        match (self, target(path)) {
            (Self::Grpc, _) => grpc::signal_of(path),
            (_, Target::Signal(signal)) => Some(signal),
            _ => None,
        }
    }
}

/// Says whether a request is gRPC, of whatever message format.
fn is_grpc<B>(request: &Request<B>) -> bool {
    let value = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    let is_type =
        value.and_then(|value| value.get(..16)).is_some_and(|head| head.eq_ignore_ascii_case(b"application/grpc"));
    is_type && !value.is_some_and(|value| value.get(16..20).is_some_and(|rest| rest.eq_ignore_ascii_case(b"-web")))
}

/// Says whether a request opens a shared link: reading only, and only below that one path.
fn is_shared<B>(request: &Request<B>) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && request.uri().path().starts_with(routes::SHARED)
}

/// Says whether a request posts OTLP.
fn is_otlp_post<B>(request: &Request<B>) -> bool {
    request.method() == Method::POST && media::media_type(request.headers()).is_some()
}

/// Returns the `token` of a query, percent-decoded.
#[must_use]
pub fn token_of(query: &str) -> Option<String> {
    let text = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = telltale_model::id::hex_digit(rest.next()?)?;
            let low = telltale_model::id::hex_digit(rest.next()?)?;
            bytes.push(high * 16 + low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
