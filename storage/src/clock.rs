//! Time as the engine sees it, so that tests can set it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use telltale_model::UnixNanos;

/// A source of time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Returns the wall clock's time. It may jump.
    fn now(&self) -> UnixNanos;

    /// Returns the time since some fixed point. It never goes back.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Returns a clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UnixNanos {
        // Before 1970 the system's clock is simply not set.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixNanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    wall_ns: AtomicU64,
    monotonic_ns: AtomicU64,
}

impl ManualClock {
    /// Returns a clock that stands at `now`.
    #[must_use]
    pub const fn new(now: UnixNanos) -> Self {
        Self { wall_ns: AtomicU64::new(now.0), monotonic_ns: AtomicU64::new(0) }
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        let by_ns = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.wall_ns.fetch_add(by_ns, Ordering::SeqCst);
        self.monotonic_ns.fetch_add(by_ns, Ordering::SeqCst);
    }

    /// Lets the wall clock jump, in either direction.
    pub fn set_wall(&self, now: UnixNanos) {
        self.wall_ns.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(self.wall_ns.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic_ns.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_jumps_back_leaves_the_monotonic_time_alone() {
        let clock = ManualClock::new(UnixNanos(1_000));
        clock.advance(Duration::from_nanos(5));
        clock.set_wall(UnixNanos(1));
        assert_eq!(clock.now(), UnixNanos(1));
        assert_eq!(clock.monotonic(), Duration::from_nanos(5));
    }
}
