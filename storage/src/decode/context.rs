//! What the decoding of one request has counted and noted so far.

use telltale_model::{SignalKind, UnixNanos};

use super::issue::{Issue, IssueCode, Issues, Outcome};
use super::limits::{CLOCK_AHEAD, MAX_RECORDS, MAX_REPEATED_BYTES};
use super::wire::{Fault, FaultKind};
use super::{DecodeError, guess, repair};

/// Counters, issues and budgets of one request.
#[derive(Debug)]
pub(super) struct Context<'p> {
    pub(super) signal: SignalKind,
    payload: &'p [u8],
    pub(super) received: UnixNanos,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    repeated_bytes: usize,
    issues: Issues,
}

impl<'p> Context<'p> {
    pub(super) fn new(signal: SignalKind, payload: &'p [u8], received: UnixNanos) -> Self {
        Self { signal, payload, received, accepted: 0, rejected: 0, repeated_bytes: 0, issues: Issues::default() }
    }

    /// Turns a fault in the framing into the error that ends the request; `place` names the message.
    #[cold]
    pub(super) fn fatal(&self, fault: Fault, place: &'static str) -> DecodeError {
        let offset = fault.offset_in(self.payload);
        match fault.kind {
            FaultKind::Utf8 => DecodeError::InvalidUtf8 { offset },
            _ => DecodeError::Malformed { offset, what: format!("{place}: {fault}") },
        }
    }

    /// Judges a fault inside the bytes of `message`: an error when a repair of the text would help, else one rejection
    /// of `count` items, because the frame around them is intact.
    #[cold]
    pub(super) fn fault(
        &mut self,
        fault: Fault,
        (kind, message): (repair::Kind, &[u8]),
        service_name: Option<&str>,
        count: u64,
    ) -> Result<(), DecodeError> {
        let offset = fault.offset_in(self.payload);
        if let Some(signal) = guess::other_signal(self.signal, message) {
            self.wrong_signal(signal, service_name, count);
        } else if fault.kind == FaultKind::Utf8 && repair::is_intact(kind, message) {
            return Err(DecodeError::InvalidUtf8 { offset });
        } else {
            self.reject(IssueCode::MalformedRecord, service_name, count, || {
                format!("{} at byte {offset} of the request: {fault}", kind.name())
            });
        }
        Ok(())
    }

    #[cold]
    pub(super) fn wrong_signal(&mut self, signal: SignalKind, service_name: Option<&str>, count: u64) {
        let sent = self.signal;
        self.reject(IssueCode::WrongSignal, service_name, count, || {
            format!("these look like {signal}, sent as {sent}; send them to /v1/{signal}")
        });
    }

    #[cold]
    pub(super) fn reject(
        &mut self,
        code: IssueCode,
        service_name: Option<&str>,
        count: u64,
        message: impl FnOnce() -> String,
    ) {
        self.rejected += count;
        self.issues.add(code, Outcome::Rejected, service_name, count, message);
    }

    #[cold]
    pub(super) fn odd(&mut self, code: IssueCode, service_name: Option<&str>, message: impl FnOnce() -> String) {
        self.issues.add(code, Outcome::Odd, service_name, 1, message);
    }

    /// Takes a row and the bytes that it repeats from its envelope out of the budgets; `false`: reject the row.
    pub(super) fn admit(&mut self, service_name: Option<&str>, repeated_bytes: usize) -> bool {
        if self.accepted >= MAX_RECORDS {
            self.reject(IssueCode::TooManyRecords, service_name, 1, || {
                format!("a request may have {MAX_RECORDS} records; the rest was rejected")
            });
            return false;
        }
        let total = self.repeated_bytes.saturating_add(repeated_bytes);
        if total > MAX_REPEATED_BYTES {
            self.reject(IssueCode::TooMuchRepeatedText, service_name, 1, || {
                format!("names that every row repeats exceed {MAX_REPEATED_BYTES} bytes; the rest was rejected")
            });
            return false;
        }
        self.repeated_bytes = total;
        self.accepted += 1;
        true
    }

    /// Notes a time that the query column cannot hold, or that lies ahead of our clock.
    #[inline]
    pub(super) fn check_time(&mut self, time: u64, what: &'static str, service_name: Option<&str>) {
        let ahead = u64::try_from(CLOCK_AHEAD.as_nanos()).unwrap_or(u64::MAX);
        if time <= self.received.0.saturating_add(ahead) {
            return;
        }
        if i64::try_from(time).is_err() {
            self.odd(IssueCode::TimeOutOfRange, service_name, || {
                format!("{what} is {time}, which is {}", UnixNanos(time))
            });
        } else {
            let received = self.received;
            self.odd(IssueCode::ClockAhead, service_name, || {
                format!("{what} is {}, received at {received}", UnixNanos(time))
            });
        }
    }

    pub(super) fn into_issues(self) -> Vec<Issue> {
        self.issues.into_vec()
    }
}
