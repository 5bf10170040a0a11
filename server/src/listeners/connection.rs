//! One connection: HTTP/1.1 or HTTP/2, watched from its first byte to its last.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::activity::{Activity, CloseReason, Verdict};
use super::body::GuardedBody;
use super::{Peer, Service, Timeouts};
use crate::limits;

/// What a connection needs besides its socket.
#[derive(Clone)]
pub struct Terms {
    /// Answers its requests.
    pub service: Service,
    /// How long it may take for what.
    pub timeouts: Timeouts,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
}

impl std::fmt::Debug for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer closed it, or it broke.
    Peer,
    /// The server stops.
    Stopping,
    /// It took too long for something.
    Closed(CloseReason),
}

impl End {
    /// Returns the word that metrics show.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Stopping => "stopping",
            Self::Closed(reason) => reason.as_str(),
        }
    }
}

/// Serves one connection to its end.
pub async fn serve<S>(stream: S, peer: Peer, activity: Arc<Activity>, evict: CancellationToken, terms: Terms) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Watched { stream, activity: Arc::clone(&activity) });
    let service = {
        let (activity, terms) = (Arc::clone(&activity), terms.clone());
        hyper::service::service_fn(move |request: Request<Incoming>| {
            activity.begin();
            let guard = InFlight { activity: Arc::clone(&activity) };
            let (service, timeouts) = (Arc::clone(&terms.service), terms.timeouts);
            async move {
                let mut request = request.map(|body| Body::new(GuardedBody::new(body, timeouts)));
                request.extensions_mut().insert(peer);
                let response = service(request).await;
                Ok::<_, std::convert::Infallible>(response.map(|body| Answer { body, _guard: guard }))
            }
        })
    };
    let builder = builder(&terms.timeouts);
    let connection = builder.serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut ending: Option<End> = None;
    let mut next = Instant::now() + terms.timeouts.head;
    loop {
        tokio::select! {
            // The peer sees an error of the connection itself; a line in our log would only help attackers fill it.
            _ended = connection.as_mut() => return ending.unwrap_or(End::Peer),
            () = terms.stopping.cancelled(), if ending.is_none() => {
                ending = Some(End::Stopping);
                connection.as_mut().graceful_shutdown();
            }
            () = evict.cancelled(), if ending.is_none() => {
                ending = Some(End::Closed(CloseReason::Evicted));
                next = Instant::now() + limits::GRACE;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep_until(next.into()) => match (ending, activity.verdict(Instant::now(), &terms.timeouts)) {
                // A stopping server waits for its answers as a whole, not for each connection.
                (Some(End::Stopping), Verdict::LookAgain(deadline)) | (None, Verdict::LookAgain(deadline)) => next = deadline,
                (None, Verdict::Close(CloseReason::Idle)) => {
                    ending = Some(End::Closed(CloseReason::Idle));
                    next = Instant::now() + limits::GRACE;
                    connection.as_mut().graceful_shutdown();
                }
                (None | Some(End::Stopping), Verdict::Close(reason)) => return End::Closed(reason),
                (Some(end), _) => return end,
            },
        }
    }
}

/// Sets what both protocols may take.
fn builder(timeouts: &Timeouts) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Heads are timed by `Activity`: hyper's own timer would also close idle connections early.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(limits::READ_BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION)
        .max_header_list_size(limits::HEAD_BYTES)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(timeouts.ping_interval)
        .keep_alive_timeout(timeouts.ping);
    builder
}

/// Counts a request as unanswered until it is dropped.
struct InFlight {
    activity: Arc<Activity>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.activity.end(Instant::now());
    }
}

/// An answer's body that knows when it is sent.
struct Answer {
    body: Body,
    _guard: InFlight,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that reports what happens on it.
struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(cx, buf);
        if let Some(bytes) = buf.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            this.activity.read(bytes, Instant::now());
        }
        result
    }
}

impl<S> Watched<S> {
    fn wrote<T>(&self, result: Poll<T>) -> Poll<T> {
        self.activity.write(result.is_pending(), Instant::now());
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.wrote(result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
