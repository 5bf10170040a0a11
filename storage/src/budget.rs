//! Memory for rows that are not in segments yet: appends take from it in the order in which they came.
//!
//! An append reserves its payload's size before it is decoded and corrects that to what its rows take. When nothing is
//! left it waits, first come, first served, for a flush to give memory back. One append always fits into an empty
//! budget, however large it is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::Error;

/// See the module.
#[derive(Debug)]
pub(crate) struct Budget {
    limit_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used_bytes: u64,
    waiters: VecDeque<Waiter>,
    waits: u64,
    refusals: u64,
}

#[derive(Debug)]
struct Waiter {
    bytes: u64,
    granted: oneshot::Sender<Reservation>,
}

/// A reserved part of the budget; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    pub(crate) fn new(limit_bytes: u64) -> Arc<Self> {
        Arc::new(Self { limit_bytes, state: Mutex::default() })
    }

    /// Reserves memory, waiting up to `wait` for it; `on_wait` is called before a wait.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        bytes: u64,
        wait: Duration,
        on_wait: impl FnOnce(),
    ) -> Result<Reservation, Error> {
        let granted = match self.reserve_or_queue(bytes) {
            Ok(reservation) => return Ok(reservation),
            Err(granted) => granted,
        };
        on_wait();
        // A reservation that is granted while the time runs out is dropped and thereby given back.
        match tokio::time::timeout(wait, granted).await {
            Ok(Ok(reservation)) => Ok(reservation),
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => {
                let mut state = self.lock();
                state.refusals += 1;
                let waited_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                Err(Error::MemoryFull { used_bytes: state.used_bytes, limit_bytes: self.limit_bytes, waited_ms })
            }
        }
    }

    fn reserve_or_queue(self: &Arc<Self>, bytes: u64) -> Result<Reservation, oneshot::Receiver<Reservation>> {
        let mut state = self.lock();
        state.waiters.retain(|waiter| !waiter.granted.is_closed());
        if state.waiters.is_empty() && state.fits(bytes, self.limit_bytes) {
            state.used_bytes += bytes;
            return Ok(Reservation { budget: Arc::clone(self), bytes });
        }
        let (granted, receiver) = oneshot::channel();
        state.waiters.push_back(Waiter { bytes, granted });
        state.waits += 1;
        Err(receiver)
    }

    /// Replaces `before` bytes by `after` bytes.
    pub(crate) fn adjust(self: &Arc<Self>, before: u64, after: u64) {
        let mut grants = Vec::new();
        {
            let mut state = self.lock();
            state.used_bytes = (state.used_bytes + after).saturating_sub(before);
            while let Some(waiter) = state.waiters.front() {
                if !waiter.granted.is_closed() && !state.fits(waiter.bytes, self.limit_bytes) {
                    break;
                }
                let Some(waiter) = state.waiters.pop_front() else { break };
                if !waiter.granted.is_closed() {
                    state.used_bytes += waiter.bytes;
                    grants.push(waiter);
                }
            }
        }
        // Outside of the lock: a waiter that has just gone away drops its reservation, which takes the lock.
        for Waiter { bytes, granted } in grants {
            drop(granted.send(Reservation { budget: Arc::clone(self), bytes }));
        }
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.lock().used_bytes
    }

    /// Returns how many reservations had to wait and how many were refused.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.waits, state.refusals)
    }

    /// Tells whether appends are waiting now.
    pub(crate) fn has_waiters(&self) -> bool {
        self.lock().waiters.iter().any(|waiter| !waiter.granted.is_closed())
    }

    /// Turns all waiting appends away.
    pub(crate) fn close(&self) {
        let waiters = std::mem::take(&mut self.lock().waiters);
        drop(waiters);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fits(&self, bytes: u64, limit_bytes: u64) -> bool {
        self.used_bytes == 0 || self.used_bytes + bytes <= limit_bytes
    }
}

impl Reservation {
    /// Corrects the size to what turned out to be needed. Never waits.
    pub(crate) fn resize(&mut self, bytes: u64) {
        self.budget.adjust(self.bytes, bytes);
        self.bytes = bytes;
    }

    /// Hands the memory over: from now on the caller accounts for the returned bytes.
    pub(crate) fn into_bytes(mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.adjust(self.bytes, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn reservations_are_granted_in_order_and_none_overtakes() {
        runtime().block_on(async {
            let budget = Budget::new(100);
            let first = budget.reserve(80, LONG, || ()).await.unwrap();
            let mut large = Box::pin(budget.reserve(90, LONG, || ()));
            let mut small = Box::pin(budget.reserve(10, LONG, || ()));
            assert!(futures_poll(&mut large).await.is_none());
            // It would fit, but the large one came first.
            assert!(futures_poll(&mut small).await.is_none());
            drop(first);
            let large = futures_poll(&mut large).await.unwrap().unwrap();
            let small = futures_poll(&mut small).await.unwrap().unwrap();
            assert_eq!(budget.used_bytes(), 100);
            drop((large, small));
            assert_eq!(budget.used_bytes(), 0);
            assert_eq!(budget.counts(), (2, 0));
        });
    }

    #[test]
    fn a_wait_that_is_given_up_leaves_nothing_behind() {
        runtime().block_on(async {
            let budget = Budget::new(10);
            let held = budget.reserve(10, LONG, || ()).await.unwrap();
            let mut waiting = Box::pin(budget.reserve(5, LONG, || ()));
            assert!(futures_poll(&mut waiting).await.is_none());
            drop(waiting);
            let mut other = Box::pin(budget.reserve(3, LONG, || ()));
            assert!(futures_poll(&mut other).await.is_none());
            drop(held);
            let other = futures_poll(&mut other).await.unwrap().unwrap();
            assert_eq!(budget.used_bytes(), 3);
            drop(other);
            assert_eq!(budget.used_bytes(), 0);
        });
    }

    #[test]
    fn a_full_budget_refuses_after_the_wait_and_says_so() {
        runtime().block_on(async {
            let budget = Budget::new(10);
            let _held = budget.reserve(10, LONG, || ()).await.unwrap();
            let error = budget.reserve(1, Duration::from_millis(3), || ()).await.unwrap_err();
            assert!(matches!(error, Error::MemoryFull { used_bytes: 10, limit_bytes: 10, waited_ms: 3 }), "{error:?}");
            assert_eq!(budget.counts(), (1, 1));
        });
    }

    #[test]
    fn one_oversized_reservation_fits_into_an_empty_budget() {
        runtime().block_on(async {
            let budget = Budget::new(10);
            let mut huge = budget.reserve(1_000, LONG, || ()).await.unwrap();
            huge.resize(5);
            assert_eq!(budget.used_bytes(), 5);
            assert_eq!(huge.into_bytes(), 5);
            assert_eq!(budget.used_bytes(), 5);
        });
    }

    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
