//! Hands what was just acknowledged to live readers (`GET /api/live`).
//!
//! Publishing never waits and never fails: a reader that is too slow loses events and is told how many
//! ([`LiveEvent::Skipped`]). Nothing is kept for readers that come later; they ask the store.
//! Rows for readers that filter them are [`tail`]'s matter.

use std::sync::Arc;

pub mod tail;

use telltale_api::live::LiveEvent;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::limits::LIVE_EVENTS_KEPT;

/// The sending side; one a process.
#[derive(Debug)]
pub struct Hub {
    sender: broadcast::Sender<Arc<LiveEvent>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// Creates a hub without readers.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(LIVE_EVENTS_KEPT) }
    }

    /// Says whether anybody listens: building an event for nobody is wasted work.
    #[must_use]
    pub fn has_readers(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Counts the readers.
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Hands `event` to every reader; returns at once.
    pub fn publish(&self, event: LiveEvent) {
        if self.has_readers() {
            // The only error is "no reader", which a reader that just left may cause.
            drop(self.sender.send(Arc::new(event)));
        }
    }

    /// Begins to listen: the subscription sees every event that is published after this call.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe() }
    }
}

/// The receiving side.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<LiveEvent>>,
}

impl Subscription {
    /// Waits for the next event; `None` when the hub is gone. After events were lost, the next one is
    /// [`LiveEvent::Skipped`] with their number. Safe to cancel.
    pub async fn next(&mut self) -> Option<Arc<LiveEvent>> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some(Arc::new(LiveEvent::Skipped { count })),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed_and_never_blocks_the_sender() {
        let hub = Hub::new();
        hub.publish(LiveEvent::Points { count: 1 });
        let mut reader = hub.subscribe();
        let sent = u64::try_from(LIVE_EVENTS_KEPT).unwrap() + 7;
        for count in 0..sent {
            hub.publish(LiveEvent::Points { count });
        }
        assert_eq!(*reader.next().await.unwrap(), LiveEvent::Skipped { count: 7 });
        for count in 7..sent {
            assert_eq!(*reader.next().await.unwrap(), LiveEvent::Points { count });
        }
        drop(hub);
        assert_eq!(reader.next().await, None);
    }
}
