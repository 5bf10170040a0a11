//! Memory for requests that are being read and decoded, given out before the bytes are taken in.
//!
//! A request that finds no memory is held for up to [`HOLD`] and refused only then: some senders never send
//! again, and a refusal is data lost. Memory is asked for as bytes arrive, never for a size that a sender merely claims.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::Refusal;
use crate::limits::{ADMISSION_REQUESTS, ADMISSION_UNIT_BYTES, HOLD};
use crate::telemetry::{Metric, Telemetry};

/// The memory that all requests share.
#[derive(Debug)]
pub struct Admission {
    units: Arc<Semaphore>,
    units_total: usize,
    waiting: AtomicUsize,
    hold: std::time::Duration,
    telemetry: Arc<Telemetry>,
}

/// The memory of one request; dropping it gives it back.
#[derive(Debug)]
pub struct Grant {
    admission: Arc<Admission>,
    permit: Option<OwnedSemaphorePermit>,
    units: usize,
    /// Set when the request first has to wait: it waits [`HOLD`] in all, not each time.
    deadline: Option<Instant>,
}

impl Admission {
    /// Creates an account that lets [`ADMISSION_REQUESTS`] requests of the largest size in at once.
    #[must_use]
    pub fn new(max_request_bytes: usize, telemetry: Arc<Telemetry>) -> Arc<Self> {
        Self::with_hold(max_request_bytes.saturating_mul(ADMISSION_REQUESTS), HOLD, telemetry)
    }

    /// Creates an account of `total_bytes` whose requests are held for at most `hold`.
    #[must_use]
    pub fn with_hold(total_bytes: usize, hold: std::time::Duration, telemetry: Arc<Telemetry>) -> Arc<Self> {
        let units_total = total_bytes.div_ceil(ADMISSION_UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        let units = Arc::new(Semaphore::new(units_total));
        Arc::new(Self { units, units_total, waiting: AtomicUsize::new(0), hold, telemetry })
    }

    /// Begins with a request, which has no memory yet.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Grant {
        Grant { admission: Arc::clone(self), permit: None, units: 0, deadline: None }
    }

    /// Returns the bytes that are given out.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        (self.units_total - self.units.available_permits().min(self.units_total)) * ADMISSION_UNIT_BYTES
    }

    /// Returns the bytes that there are.
    #[must_use]
    pub fn limit_bytes(&self) -> usize {
        self.units_total * ADMISSION_UNIT_BYTES
    }

    /// Returns the requests that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Grant {
    /// Makes sure that the request has at least `bytes`; waits for them if need be. Safe to cancel.
    ///
    /// # Errors
    /// [`super::refusal::Reason::Unavailable`] when the request has been held for long enough.
    pub async fn grow_to(&mut self, bytes: usize) -> Result<(), Refusal> {
        let wanted = bytes.div_ceil(ADMISSION_UNIT_BYTES);
        let more = wanted.saturating_sub(self.units);
        if more == 0 {
            return Ok(());
        }
        let more_permits = u32::try_from(more).unwrap_or(u32::MAX);
        let taken = match Arc::clone(&self.admission.units).try_acquire_many_owned(more_permits) {
            Ok(permit) => Some(permit),
            Err(_full) => self.wait(more_permits).await,
        };
        let permit = taken.ok_or_else(|| {
            self.admission.telemetry.add(Metric::AdmissionRefused, [], 1);
            Refusal::unavailable(format!(
                "no memory for this request after waiting {} s: {} of {} bytes are in use",
                self.admission.hold.as_secs_f32(),
                self.admission.used_bytes(),
                self.admission.limit_bytes(),
            ))
        })?;
        self.units += more;
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        Ok(())
    }

    /// Waits for memory until this request's deadline.
    async fn wait(&mut self, units: u32) -> Option<OwnedSemaphorePermit> {
        let admission = &self.admission;
        if self.deadline.is_none() {
            admission.telemetry.add(Metric::AdmissionHeld, [], 1);
        }
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + admission.hold);
        let _waiting = Waiting::begin(&admission.waiting);
        timeout_at(deadline, Arc::clone(&admission.units).acquire_many_owned(units)).await.ok()?.ok()
    }
}

/// Counts a waiting request until it is dropped, also by cancellation.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn account(units: usize, hold: Duration) -> Arc<Admission> {
        Admission::with_hold(units * ADMISSION_UNIT_BYTES, hold, Arc::new(Telemetry::new()))
    }

    /// Scenario: all memory is taken, then given back while another request waits. Guarantees: it gets in.
    #[tokio::test]
    async fn a_held_request_goes_on_as_soon_as_there_is_room() {
        let admission = account(2, Duration::from_secs(60));
        let mut first = admission.begin();
        first.grow_to(2 * ADMISSION_UNIT_BYTES).await.unwrap();
        assert_eq!(admission.used_bytes(), admission.limit_bytes());
        let mut second = admission.begin();
        let waiting = tokio::spawn(async move { second.grow_to(1).await.map(|()| second) });
        while admission.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        drop(first);
        let second = waiting.await.unwrap().unwrap();
        assert_eq!((admission.used_bytes(), admission.waiting()), (ADMISSION_UNIT_BYTES, 0));
        drop(second);
        assert_eq!(admission.used_bytes(), 0);
    }

    #[tokio::test]
    async fn a_request_is_refused_once_it_was_held_in_all() {
        let admission = account(1, Duration::from_millis(20));
        let mut first = admission.begin();
        first.grow_to(1).await.unwrap();
        let mut second = admission.begin();
        let refusal = second.grow_to(1).await.unwrap_err();
        assert_eq!(refusal.reason, super::super::refusal::Reason::Unavailable);
        let again = Instant::now();
        second.grow_to(1).await.unwrap_err();
        assert!(again.elapsed() < Duration::from_secs(5), "the second wait has no time left");
        assert_eq!(admission.waiting(), 0);
        drop(first);
        second.grow_to(1).await.unwrap();
    }
}
