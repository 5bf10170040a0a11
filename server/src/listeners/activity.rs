//! What a connection is doing and since when, and whether that has been going on for too long.
//!
//! The socket wrapper and the request guard write; the connection's task reads. [`Activity::verdict`] is a pure
//! function of the time that it is given.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use super::Timeouts;

/// Why a connection is closed by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// No complete request head in time.
    SlowHead,
    /// No request for long.
    Idle,
    /// The peer does not read its answer.
    SlowReader,
    /// Too many connections, and this one was idle for longest.
    Evicted,
}

impl CloseReason {
    /// Returns the word that metrics show.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SlowHead => "slow_head",
            Self::Idle => "idle",
            Self::SlowReader => "slow_reader",
            Self::Evicted => "evicted",
        }
    }
}

/// What to do with a connection now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing until then.
    LookAgain(Instant),
    /// Close it.
    Close(CloseReason),
}

#[derive(Debug, Clone, Copy)]
struct Times {
    /// Requests that are not answered completely.
    in_flight: usize,
    /// Requests so far.
    requests: u64,
    /// Whether the first bytes are those of HTTP/2.
    is_http2: bool,
    /// When the connection began or its last answer ended.
    quiet_since: Instant,
    /// First byte since then; none while quiet.
    bytes_since: Option<Instant>,
    /// Since when a write waits for the peer.
    write_since: Option<Instant>,
}

/// The state of one connection.
#[derive(Debug)]
pub struct Activity {
    times: Mutex<Times>,
}

impl Activity {
    /// Begins with a connection that was accepted at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        let times = Times {
            in_flight: 0,
            requests: 0,
            is_http2: false,
            quiet_since: now,
            bytes_since: None,
            write_since: None,
        };
        Self { times: Mutex::new(times) }
    }

    /// Runs `change` under the lock, which nobody holds for longer than a few assignments.
    fn with<T>(&self, change: impl FnOnce(&mut Times) -> T) -> T {
        change(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that bytes came in; the very first ones tell the protocol.
    pub fn read(&self, bytes: &[u8], now: Instant) {
        self.with(|times| {
            if times.requests == 0 && times.bytes_since.is_none() {
                times.is_http2 = bytes.starts_with(b"PRI");
            }
            times.bytes_since.get_or_insert(now);
        });
    }

    /// Notes whether a write waits for the peer.
    pub fn write(&self, is_blocked: bool, now: Instant) {
        self.with(|times| match is_blocked {
            true => _ = times.write_since.get_or_insert(now),
            false => times.write_since = None,
        });
    }

    /// Notes that a request's head is complete.
    pub fn begin(&self) {
        self.with(|times| {
            times.in_flight += 1;
            times.requests += 1;
        });
    }

    /// Notes that an answer is sent or given up.
    pub fn end(&self, now: Instant) {
        self.with(|times| {
            times.in_flight = times.in_flight.saturating_sub(1);
            times.quiet_since = now;
            times.bytes_since = None;
        });
    }

    /// Returns since when nothing is being asked, if so.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        self.with(|times| (times.in_flight == 0).then_some(times.quiet_since))
    }

    /// Judges the connection at `now`.
    #[must_use]
    pub fn verdict(&self, now: Instant, timeouts: &Timeouts) -> Verdict {
        let times = self.with(|times| *times);
        let write = times.write_since.map(|since| (since + timeouts.write, CloseReason::SlowReader));
        let read = (times.in_flight == 0).then(|| times.silence_deadline(timeouts));
        match write.into_iter().chain(read).min_by_key(|(deadline, _)| *deadline) {
            Some((deadline, reason)) if deadline <= now => Verdict::Close(reason),
            Some((deadline, _)) => Verdict::LookAgain(deadline),
            None => Verdict::LookAgain(now + timeouts.head),
        }
    }
}

impl Times {
    /// Says until when the next request has to come.
    fn silence_deadline(&self, timeouts: &Timeouts) -> (Instant, CloseReason) {
        match (self.requests, self.is_http2, self.bytes_since) {
            // Pings and window updates are bytes too, so that HTTP/2 has no "first byte of a head".
            (0, true, _) => (self.quiet_since + timeouts.first_request, CloseReason::SlowHead),
            (_, true, _) => (self.quiet_since + timeouts.idle, CloseReason::Idle),
            (0, false, _) => (self.quiet_since + timeouts.head, CloseReason::SlowHead),
            (_, false, Some(since)) => (since + timeouts.head, CloseReason::SlowHead),
            (_, false, None) => (self.quiet_since + timeouts.idle, CloseReason::Idle),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Scenario: one state of a connection after another. Guarantees: the deadline that the state has, and no other.
    #[test]
    fn every_state_has_its_own_deadline() {
        let timeouts = Timeouts::default();
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let fresh = Activity::new(start);
        assert_eq!(fresh.verdict(at(9), &timeouts), Verdict::LookAgain(at(10)), "silent from the start");
        assert_eq!(fresh.verdict(at(10), &timeouts), Verdict::Close(CloseReason::SlowHead));

        let one = Activity::new(start);
        one.read(b"GET / HT", at(1));
        one.read(b"T", at(9));
        assert_eq!(one.verdict(at(10), &timeouts), Verdict::Close(CloseReason::SlowHead), "a byte a time");

        let one = Activity::new(start);
        one.read(b"GET /", at(1));
        one.begin();
        assert!(matches!(one.verdict(at(1000), &timeouts), Verdict::LookAgain(_)), "an answer may take its time");
        one.write(true, at(1000));
        one.write(true, at(1029));
        assert_eq!(one.verdict(at(1030), &timeouts), Verdict::Close(CloseReason::SlowReader));
        one.write(false, at(1029));
        one.end(at(1030));
        assert_eq!(one.verdict(at(1050), &timeouts), Verdict::LookAgain(at(1105)), "kept alive");
        assert_eq!(one.verdict(at(1105), &timeouts), Verdict::Close(CloseReason::Idle));
        one.read(b"G", at(1100));
        assert_eq!(one.verdict(at(1109), &timeouts), Verdict::LookAgain(at(1110)), "the next head has begun");

        let two = Activity::new(start);
        two.read(b"PRI * HTTP/2.0", at(0));
        assert_eq!(two.verdict(at(29), &timeouts), Verdict::LookAgain(at(30)));
        two.begin();
        two.end(at(29));
        two.read(b"ping", at(60));
        assert_eq!(two.verdict(at(90), &timeouts), Verdict::LookAgain(at(104)), "pings neither help nor hurt");
    }
}
