//! Every bound of the server in one file; the store's own are in `telltale_storage::limits`.

use std::time::Duration;

/// Live events that a slow reader may be behind before it loses some; a power of two.
pub const LIVE_EVENTS_KEPT: usize = 1024;

/// Kinds of issue that are remembered; the one not seen for longest is forgotten first.
pub const ISSUES_KEPT: usize = 512;

/// Bytes of an issue's texts (message, user agent, service name) that are remembered.
pub const ISSUE_TEXT_BYTES: usize = 1024;

/// Bytes of an error message or of a partial-success message (OTLP 1.11 allows to shorten it).
pub const ERROR_MESSAGE_BYTES: usize = 1024;

/// Reasons that a partial-success message names before it says how many others there are.
pub const REASONS_NAMED: usize = 3;

/// How long a request waits for memory or for start-up before it is refused (reliability: hold first, refuse second).
pub const HOLD: Duration = Duration::from_secs(5);

/// What a refused sender is told to wait: more is data lost with clients whose export ends after ten seconds.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// From the first byte of a request's head (or from the connection) to its end.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// From the first to the last byte of a request's body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Length of the window in which a body has to bring [`BODY_WINDOW_BYTES`].
pub const BODY_WINDOW: Duration = Duration::from_secs(10);

/// Least number of body bytes a window: 1 KiB/s.
pub const BODY_WINDOW_BYTES: usize = 10 * 1024;

/// How long a connection may be without a request once it had one.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long an HTTP/2 connection may wait with its first request.
pub const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a peer may leave an answer unread.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Open connections of the process.
pub const CONNECTIONS: usize = 1000;

/// Open connections of one address; loopback has only the limit of the process.
pub const CONNECTIONS_PER_ADDRESS: usize = 200;

/// Requests at once on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION: u32 = 256;

/// Bytes of a request's head.
pub const HEAD_BYTES: u32 = 64 * 1024;

/// Default of `max-request-mib`: what OTLP 1.11 recommends, counted after decompression.
pub const REQUEST_MIB: u64 = 64;

/// Output a compressed body may have whatever its ratio is.
pub const INFLATE_FREE_BYTES: usize = 8 * 1024 * 1024;

/// Decompressed over compressed bytes; beyond [`INFLATE_FREE_BYTES`] more than this is refused as a bomb.
pub const INFLATE_RATIO: usize = 250;

/// How long shutting down may take before what is still open is cut.
pub const SHUTDOWN: Duration = Duration::from_secs(8);

/// Largest value of `max-request-mib`: a request has to fit into memory several times.
pub const REQUEST_MIB_MAX: u64 = 1024;

/// Shortest token; catches an empty or forgotten placeholder, strength is the owner's business.
pub const TOKEN_BYTES_MIN: usize = 8;
