//! Every bound of this package in one file. All are defaults; callers may hand in smaller ones.

/// Bytes that one file may hold after decompression, all entries of an archive together.
pub const CONTENT_BYTES: u64 = 4 << 30;

/// Bytes of one JSON document that has to be in memory as a whole (an object around a list of spans).
pub const DOCUMENT_BYTES: usize = 256 << 20;

/// Bytes of one protobuf message of a file.
pub const MESSAGE_BYTES: usize = 64 << 20;

/// Output that compressed data may have whatever its ratio is.
pub const INFLATE_FREE_BYTES: u64 = 8 << 20;

/// Decompressed over compressed bytes; beyond [`INFLATE_FREE_BYTES`] more than this is refused as a bomb. Files hold much
/// repetition: a day of one service's JSON lines reaches 60.
pub const INFLATE_RATIO: u64 = 200;

/// Window of zstd input, as a power of two: 128 MiB, what `zstd --long` writes by default.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Entries of an archive.
pub const ARCHIVE_ENTRIES: usize = 10_000;

/// Archives and compressed files inside of each other.
pub const NESTING: usize = 3;

/// Lists inside of lists around a record: `{"data":[[…]]}` has three.
pub const LIST_DEPTH: usize = 6;

/// OTLP bytes that are gathered into one export request.
pub const PART_BYTES: usize = 2 << 20;

/// Converted spans and log records of one export request.
pub const PART_ITEMS: usize = 2_000;

/// Keys of an object that an error message quotes.
pub const KEYS_NAMED: usize = 6;

/// Bytes of a text of the file that an error message quotes.
pub const QUOTED_BYTES: usize = 60;

/// Spans that an exported page lists; the data in the page has all.
pub const PAGE_SPANS: usize = 5_000;

/// Lines of an exported page's list by time.
pub const PAGE_ENTRIES: usize = 5_000;
