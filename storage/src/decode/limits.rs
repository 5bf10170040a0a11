//! Every bound of decoding. What happens at each is tested beside its use.

use std::time::Duration;

/// Levels of `AnyValue` inside each other, the outermost counted; a deeper one costs its record.
pub const MAX_ANY_VALUE_DEPTH: usize = 64;
/// Levels of protobuf groups that are stepped over; OTLP has none.
pub const MAX_GROUP_DEPTH: usize = 64;
/// Spans, log records or data points of one request; what follows is rejected and counted.
pub const MAX_RECORDS: u64 = 1 << 20;
/// Bytes that names of services and metrics may take in the rows of one request. They are sent once and stored in every
/// row, so that a small request could otherwise fill the memory; rows beyond it are rejected and counted.
pub const MAX_REPEATED_BYTES: usize = 256 << 20;
/// Different (code, service) pairs that one request reports; further ones are counted without their service.
pub const MAX_ISSUES: usize = 64;
/// Bytes of an issue's message; a longer one is cut at a character and marked.
pub const MAX_ISSUE_MESSAGE_BYTES: usize = 400;
/// Zeros that all batches share for the columns of attributes that have no value; columns of more get their own.
pub const SHARED_ZERO_BYTES: usize = 1 << 20;
/// The smallest of the buffers that hold them.
pub const SHARED_ZERO_BYTES_MIN: usize = 256;
/// An attribute value of this size or more is reported as odd, and kept.
pub const HUGE_ATTRIBUTE_BYTES: usize = 1_000_000;
/// A span that takes longer is reported as odd, and kept.
pub const LONG_SPAN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A time that lies further ahead of our clock is reported as odd, and kept.
pub const CLOCK_AHEAD: Duration = Duration::from_secs(60 * 60);
