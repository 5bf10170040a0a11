//! Sockets and connections: bind, accept, bound and watch; HTTP/1.1 and HTTP/2 without TLS on every listener.
//!
//! Ready-made accept loops close no slow connection, so this one has its own: a limit for the head and the body of a
//! request, for idleness, for unread answers, and for the number of connections. What a request means is the business
//! of the [`Service`] that is handed in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures::future::BoxFuture;
use http::{Request, Response};

pub mod accept;
pub mod activity;
pub mod bind;
pub mod body;
pub mod connection;
pub mod holder;
pub mod registry;

use crate::limits;

/// Answers one request; it never fails, since every failure is an answer too.
pub type Service = Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// Who sent a request; a request extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// How long a connection may take for what. The defaults are the constants of [`limits`]; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From the first byte of a head to its end.
    pub head: Duration,
    /// For a body, as far as the sender keeps us waiting.
    pub body: Duration,
    /// Window in which a body has to bring `body_window_bytes`.
    pub body_window: Duration,
    /// Least number of body bytes a window.
    pub body_window_bytes: usize,
    /// Without a request, after the first one.
    pub idle: Duration,
    /// HTTP/2: without a first request.
    pub first_request: Duration,
    /// An answer that the peer does not read.
    pub write: Duration,
    /// HTTP/2: how often a quiet peer is asked whether it lives.
    pub ping_interval: Duration,
    /// HTTP/2: how long its answer may take.
    pub ping: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: limits::HEAD_TIMEOUT,
            body: limits::BODY_TIMEOUT,
            body_window: limits::BODY_WINDOW,
            body_window_bytes: limits::BODY_WINDOW_BYTES,
            idle: limits::IDLE_TIMEOUT,
            first_request: limits::FIRST_REQUEST_TIMEOUT,
            write: limits::WRITE_TIMEOUT,
            ping_interval: limits::PING_INTERVAL,
            ping: limits::PING_TIMEOUT,
        }
    }
}

#[cfg(test)]
mod tests;
