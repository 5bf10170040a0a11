//! Why a request is refused, once for both transports: code, text, and whether to send again.

use crate::limits::ERROR_MESSAGE_BYTES;
use crate::text::shorten;

/// The kinds of refusal. Each has one HTTP status and one gRPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The bytes are not an export request.
    Malformed,
    /// Too large, before or after decompression.
    TooLarge,
    /// A content type or content encoding that is not understood.
    UnsupportedMedia,
    /// Another method than POST.
    MethodNotAllowed,
    /// No such path or gRPC method.
    UnknownPath,
    /// No token, or a wrong one.
    Unauthenticated,
    /// An `Origin` that may not send.
    ForbiddenOrigin,
    /// A `Host` that is not ours.
    Misdirected,
    /// The body came too slowly or broke off.
    SlowBody,
    /// No room, not started yet, or an internal error: worth sending again.
    Unavailable,
}

impl Reason {
    /// Returns the HTTP status. 429 and 500 do not occur: senders lose data on them.
    #[must_use]
    pub const fn http_status(self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::ForbiddenOrigin => StatusCode::FORBIDDEN,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the gRPC code (`google.rpc.Code`). Only [`Reason::Unavailable`] has one that OTLP calls retryable.
    #[must_use]
    pub const fn grpc_code(self) -> i32 {
        match self {
            Self::Malformed | Self::UnsupportedMedia | Self::SlowBody => code::INVALID_ARGUMENT,
            Self::TooLarge => code::RESOURCE_EXHAUSTED,
            Self::MethodNotAllowed | Self::UnknownPath => code::UNIMPLEMENTED,
            Self::Unauthenticated => code::UNAUTHENTICATED,
            Self::ForbiddenOrigin | Self::Misdirected => code::PERMISSION_DENIED,
            Self::Unavailable => code::UNAVAILABLE,
        }
    }

    /// Returns the stable word that metrics and issues show.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UnknownPath => "unknown_path",
            Self::Unauthenticated => "unauthenticated",
            Self::ForbiddenOrigin => "forbidden_origin",
            Self::Misdirected => "misdirected",
            Self::SlowBody => "slow_body",
            Self::Unavailable => "unavailable",
        }
    }

    /// Returns what the sender can do.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Malformed => "encode requests with the official OTLP definitions and name the right content type",
            Self::TooLarge => "send smaller batches, or raise --max-request-mib",
            Self::UnsupportedMedia => {
                "send application/x-protobuf or application/json, plain or with gzip, zstd or deflate"
            }
            Self::MethodNotAllowed => "send export requests with POST",
            Self::UnknownPath => "send to /v1/traces, /v1/metrics or /v1/logs, or use OTLP/gRPC",
            Self::Unauthenticated => {
                "set OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN with the token of this server"
            }
            Self::ForbiddenOrigin => "allow the page's origin with --cors-origin",
            Self::Misdirected => "use localhost or the bound address, or allow the name with --public-host",
            Self::SlowBody => "check the network between sender and server",
            Self::Unavailable => "senders try again by themselves; nothing was stored",
        }
    }
}

/// The codes of `google.rpc.Code` that occur.
pub mod code {
    /// All is well.
    pub const OK: i32 = 0;
    /// The request can never be accepted.
    pub const INVALID_ARGUMENT: i32 = 3;
    /// What was asked for does not exist.
    pub const NOT_FOUND: i32 = 5;
    /// The sender may not.
    pub const PERMISSION_DENIED: i32 = 7;
    /// Too large.
    pub const RESOURCE_EXHAUSTED: i32 = 8;
    /// No such method.
    pub const UNIMPLEMENTED: i32 = 12;
    /// Send again later.
    pub const UNAVAILABLE: i32 = 14;
    /// Who are you?
    pub const UNAUTHENTICATED: i32 = 16;
}

/// One refusal with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub reason: Reason,
    /// What was wrong, on which value; shortened to what an answer may carry.
    pub message: String,
}

impl Refusal {
    /// Creates a refusal.
    #[must_use]
    pub fn new(reason: Reason, message: impl AsRef<str>) -> Self {
        Self { reason, message: shorten(message.as_ref(), ERROR_MESSAGE_BYTES) }
    }

    /// The bytes are not an export request.
    #[must_use]
    pub fn malformed(message: impl AsRef<str>) -> Self {
        Self::new(Reason::Malformed, message)
    }

    /// Too large.
    #[must_use]
    pub fn too_large(message: impl AsRef<str>) -> Self {
        Self::new(Reason::TooLarge, message)
    }

    /// Send again later.
    #[must_use]
    pub fn unavailable(message: impl AsRef<str>) -> Self {
        Self::new(Reason::Unavailable, message)
    }

    /// A compressed or plain body beyond the limit.
    #[must_use]
    pub fn over_limit(limit_bytes: usize) -> Self {
        Self::too_large(format!(
            "the request is larger than {} MiB (max-request-mib), counted after decompression; send smaller batches",
            limit_bytes / (1024 * 1024)
        ))
    }
}
