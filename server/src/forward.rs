//! The tee to another OTLP back end (`--forward URL`): what was acknowledged here is sent on, as it came.
//!
//! Ingest never waits for it. Requests wait in a queue bounded in bytes; when it is full, the newcomer is left out of the
//! tee (never out of the store), counted and logged. One task sends in order of arrival and sends again what the other
//! side may take later, for as long as it has to. The queue is in memory: what waits in it when the process ends within
//! the grace period is not sent. Deliberately absent: a cursor over the write-ahead log, TLS, and other protocols than
//! OTLP/HTTP with protobuf.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use telltale_model::SignalKind;
use tokio::sync::Notify;

use crate::limits::FORWARD_QUEUE_BYTES;
use crate::telemetry::{Metric, Telemetry};

mod send;
pub mod target;

pub use send::run;
pub use target::Target;

/// What happened to a forwarded request; the label of [`Metric::ForwardRequests`].
mod outcome {
    /// The other side has it.
    pub(super) const SENT: &str = "sent";
    /// The other side cannot take it now; it is sent again.
    pub(super) const RETRIED: &str = "retried";
    /// The other side will never take it.
    pub(super) const REFUSED: &str = "refused";
    /// The queue was full, or the process ended first.
    pub(super) const DROPPED: &str = "dropped";
}

/// One request to send on.
#[derive(Debug, Clone)]
struct Item {
    signal: SignalKind,
    /// The export request as it came: protobuf, decompressed.
    payload: Bytes,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    /// Whether the last newcomer was left out, so that only the first of many is logged.
    is_full: bool,
    is_closed: bool,
}

/// The queue between ingest and the task that sends.
#[derive(Debug)]
pub struct Forward {
    queue: Mutex<Queue>,
    changed: Notify,
    telemetry: Arc<Telemetry>,
    limit_bytes: usize,
}

impl Forward {
    /// Creates an empty queue of [`FORWARD_QUEUE_BYTES`].
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self::with_limit(telemetry, FORWARD_QUEUE_BYTES)
    }

    fn with_limit(telemetry: Arc<Telemetry>, limit_bytes: usize) -> Self {
        Self { queue: Mutex::default(), changed: Notify::new(), telemetry, limit_bytes }
    }

    /// Offers an acknowledged request; never waits. A request larger than the whole queue passes when the queue is empty.
    pub fn offer(&self, signal: SignalKind, payload: Bytes) {
        let mut queue = self.lock();
        let fits = queue.items.is_empty() || queue.bytes.saturating_add(payload.len()) <= self.limit_bytes;
        if queue.is_closed || !fits {
            let is_first = !std::mem::replace(&mut queue.is_full, true);
            drop(queue);
            self.count(signal, outcome::DROPPED, 1);
            if is_first {
                let limit_bytes = self.limit_bytes;
                tracing::warn!(
                    limit_bytes,
                    "forwarding is behind and its queue is full: requests are stored, not forwarded"
                );
            }
            return;
        }
        queue.is_full = false;
        queue.bytes += payload.len();
        queue.items.push_back(Item { signal, payload });
        drop(queue);
        self.changed.notify_one();
    }

    /// Returns the bytes that wait.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Says that nothing more comes: the task ends once the queue is empty.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits for the oldest request and leaves it in the queue; `None` when closed and empty.
    async fn oldest(&self) -> Option<Item> {
        loop {
            {
                let queue = self.lock();
                if let Some(item) = queue.items.front() {
                    return Some(item.clone());
                }
                if queue.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Takes the oldest request out: it was sent or never will be.
    fn settle(&self, outcome: &'static str) {
        let mut queue = self.lock();
        if let Some(item) = queue.items.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(item.payload.len());
            drop(queue);
            self.count(item.signal, outcome, 1);
        }
    }

    /// Counts what is left when the time is over.
    fn give_up(&self) {
        let left = {
            let mut queue = self.lock();
            queue.bytes = 0;
            std::mem::take(&mut queue.items)
        };
        if left.is_empty() {
            return;
        }
        tracing::warn!(requests = left.len(), "the process ends before these requests were forwarded; they are stored");
        for item in left {
            self.count(item.signal, outcome::DROPPED, 1);
        }
    }

    fn count(&self, signal: SignalKind, outcome: &'static str, count: u64) {
        self.telemetry.add(Metric::ForwardRequests, [signal.name(), outcome], count);
    }

    /// Takes the lock; a panic of another holder leaves a queue that is still usable.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
