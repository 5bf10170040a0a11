//! Every bound of this crate, once, with what happens at it.

/// Bytes of a paste that are read; the rest is left alone and each candidate's note says so.
pub const PASTE_BYTES: usize = 64 * 1024;

/// Candidates that one paste yields; the last one's note says how many were left out.
pub const CANDIDATES: usize = 100;

/// Rounds of percent-decoding: links inside links inside links.
pub const PERCENT_ROUNDS: usize = 3;

/// Bytes of base64 that are decoded to look inside (New Relic's header); longer runs are only read as they stand.
pub const NESTED_BASE64_BYTES: usize = 8 * 1024;

/// Bytes to the left of an id in which its key is looked for.
pub const LABEL_BYTES: usize = 80;
