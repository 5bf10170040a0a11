//! A request's body with a limit on the time that its sender keeps us waiting.
//!
//! Only time spent waiting for the sender counts, not time in which the server holds the request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::Timeouts;

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The sender was too slow.
    #[error("the body came too slowly: {received_bytes} bytes after waiting {waited_ms} ms")]
    TooSlow {
        /// Body bytes so far.
        received_bytes: u64,
        /// Time that the sender kept us waiting.
        waited_ms: u128,
    },
    /// The connection broke.
    #[error("the connection broke inside the body: {0}")]
    Broken(#[from] hyper::Error),
}

/// Wraps a body of hyper.
#[derive(Debug)]
pub struct GuardedBody<B> {
    inner: B,
    timeouts: Timeouts,
    /// Armed while we wait.
    timer: Option<Pin<Box<Sleep>>>,
    waiting_since: Option<Instant>,
    waited: Duration,
    window_waited: Duration,
    window_bytes: usize,
    received_bytes: u64,
}

impl<B> GuardedBody<B> {
    /// Begins to guard `inner`.
    pub fn new(inner: B, timeouts: Timeouts) -> Self {
        Self {
            inner,
            timeouts,
            timer: None,
            waiting_since: None,
            waited: Duration::ZERO,
            window_waited: Duration::ZERO,
            window_bytes: 0,
            received_bytes: 0,
        }
    }

    /// Adds the time since the last look, and returns how long we may go on waiting.
    fn patience(&mut self, now: Instant) -> Option<Duration> {
        let elapsed = now.duration_since(self.waiting_since.replace(now).unwrap_or(now));
        self.waited += elapsed;
        self.window_waited += elapsed;
        if self.window_waited >= self.timeouts.body_window {
            if self.window_bytes < self.timeouts.body_window_bytes {
                return None;
            }
            self.window_waited = Duration::ZERO;
            self.window_bytes = 0;
        }
        let window = self.timeouts.body_window.saturating_sub(self.window_waited);
        let total = self.timeouts.body.checked_sub(self.waited)?;
        (!total.is_zero()).then(|| window.min(total))
    }

    /// Accounts for a frame.
    fn received(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            let elapsed = since.elapsed();
            self.waited += elapsed;
            self.window_waited += elapsed;
        }
        self.timer = None;
        self.window_bytes = self.window_bytes.saturating_add(bytes);
        self.received_bytes = self.received_bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

impl<B> Body for GuardedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    BodyError: From<B::Error>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
            this.received(bytes);
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        loop {
            let Some(patience) = this.patience(Instant::now()) else {
                let (received_bytes, waited_ms) = (this.received_bytes, this.waited.as_millis());
                return Poll::Ready(Some(Err(BodyError::TooSlow { received_bytes, waited_ms })));
            };
            let deadline = tokio::time::Instant::now() + patience;
            let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            timer.as_mut().reset(deadline);
            ready!(timer.as_mut().poll(cx));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
