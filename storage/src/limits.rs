//! Every bound of the storage engine, in one place.
//!
//! The constants are the defaults; [`Limits`] carries those that a setting or a test may change. What happens at a
//! bound stands with it, and nothing is ever cut short silently.

use std::time::Duration;

/// Largest payload of one append, in bytes: the receivers' limit after decompression. Beyond: `Error::TooLarge`.
pub const PAYLOAD_BYTES_MAX: u64 = 64 << 20;
/// Size of a WAL file, in bytes. A larger record gets a file of its own.
pub const WAL_FILE_BYTES: u64 = 64 << 20;
/// WAL bytes since the last flush at which one begins.
pub const WAL_FLUSH_BYTES: u64 = 256 << 20;
/// Most bytes that one write to the WAL gathers from waiting appends.
pub const WAL_GROUP_BYTES_MAX: usize = 8 << 20;
/// Arrow bytes of the memtable at which a flush begins.
pub const MEMTABLE_FLUSH_BYTES: u64 = 32 << 20;
/// Bytes of all memtables and of the appends under way. Beyond: appends wait, then `Error::MemoryFull`.
pub const MEMTABLE_BUDGET_BYTES: u64 = 96 << 20;
/// Priority of the flush as `nice` counts it: below the threads that acknowledge, which it would otherwise keep waiting.
pub const FLUSH_NICE: i32 = 5;
/// Priority of compaction and retention, below everything else.
pub const MAINTENANCE_NICE: i32 = 10;
/// Age of the oldest row in the memtable at which a flush begins.
pub const FLUSH_AGE: Duration = Duration::from_secs(600);
/// How long an append waits for memory.
pub const APPEND_WAIT: Duration = Duration::from_secs(5);
/// How long a failed flush waits before it is tried again.
pub const FLUSH_RETRY: Duration = Duration::from_secs(5);
/// Free bytes on the data folder's disk below which appends are refused with `Error::DiskFull`.
pub const FREE_BYTES_MIN: u64 = 256 << 20;
/// Bytes that are set aside on the disk, so that a start succeeds when somebody else has filled it.
pub const RESERVE_BYTES: u64 = 16 << 20;
/// Payload bytes from which decoding leaves the caller's thread.
pub const DECODE_INLINE_BYTES_MAX: usize = 256 << 10;
/// Rows of a memtable batch from which it is not merged with others any more.
pub const COALESCE_ROWS_MAX: usize = 512;
/// Ratio of the sizes to which small batches are merged, beginning with itself.
pub const COALESCE_FAN_IN: usize = 8;
/// Rows of a Parquet row group.
pub const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a Parquet row group of numbers: two or three bytes each, so that a group is a few megabytes and the description of a segment
/// of forty million rows, which every question needs, is not larger than what it reads.
pub const ROW_GROUP_ROWS_POINTS: usize = 524_288;
/// Rows of a Parquet data page; a page is what a look-up reads of a column.
pub const PAGE_ROWS: usize = 4_096;
/// Bytes of a Parquet data page before compression at which it ends early.
pub const PAGE_BYTES: usize = 128 << 10;
/// The same in what a flush writes. A compaction holds a page of every column of up to [`COMPACTION_FAN_IN`] of these.
pub const PAGE_BYTES_FLUSHED: usize = 64 << 10;
/// Rows of a Parquet data page of logs.
pub const PAGE_ROWS_LOGS: usize = 8_192;
/// Rows of a Parquet data page of points: a series of a day is a part of one, and the values of a few series compress together.
pub const PAGE_ROWS_POINTS: usize = 16_384;
/// Bytes of a Parquet data page of points before compression at which it ends early.
pub const PAGE_BYTES_POINTS: usize = 1 << 20;
/// Unit in which the time of arrival of points is kept, in nanoseconds: nanoseconds of a scraper's jitter are three bytes a sample.
pub const POINT_ARRIVAL_NS: u64 = 1_000_000_000;
/// Rows of a data page of a segment's trace rows.
pub const PAGE_ROWS_TRACES: usize = 1_024;
/// Bytes that are written at once to files that are mapped when they are read: as many as a page fault brings into memory anyway.
pub const MAPPED_PIECE_BYTES: usize = 64 << 10;
/// Indexes of log records with pages in memory: a look-up brings some 600 KiB of a large one, and a filter sends it in vain into one of 760.
pub const MAPPED_INDEXES_MAX: usize = 64;
/// Longest token of the full text index, in bytes; longer ones are cut, in texts and in queries alike.
pub const TOKEN_BYTES_MAX: usize = 64;
/// Most terms that a prefix may stand for in one index; beyond, the index does not narrow.
pub const PREFIX_TERMS_MAX: usize = 4_096;
/// Compression of Parquet pages, zstd.
pub const ZSTD_LEVEL: i32 = 1;
/// Compression of the pages of sealed points, zstd. Of spans and logs it would save 5 % of the bytes (level 3: none) and cost a fifth of the
/// compaction.
pub const ZSTD_LEVEL_SEALED_POINTS: i32 = 6;
/// Level of segments that compaction leaves alone from then on.
pub const SEALED_LEVEL: u8 = 2;
/// Segments that one compaction reads at once: as many as a flush under the fleet's load needs to fill a segment, so that its rows are
/// rewritten once.
pub const COMPACTION_FAN_IN: usize = 32;
/// Segments of about the same size, of one table and day, at which they are compacted, or up to [`COMPACTION_FAN_IN`] where
/// that saves rewriting their rows once more.
pub const COMPACTION_TIER_SEGMENTS: usize = 8;
/// Size of a compacted segment's data file, in bytes, at which the next one begins.
pub const COMPACTION_CUT_BYTES: u64 = 256 << 20;
/// Size of a compacted segment of spans, in bytes, at which it is full: larger ones would cost a rewrite more. What looks for an id asks a filter in
/// memory of each segment.
pub const COMPACTION_FULL_BYTES: u64 = 32 << 20;
/// The same for log records: their index in memory is then about three quarters of [`COMPACTION_OUTPUT_BYTES`]. At 32 MiB it was a tenth more, so
/// that every merge left a second segment of a tenth of its rows, which nothing is merged with any more.
pub const COMPACTION_FULL_BYTES_LOGS: u64 = 24 << 20;
/// Rows that a compaction holds in memory from all its inputs together, in bytes; half of it waits to be written.
pub const COMPACTION_BATCH_BYTES: u64 = 24 << 20;
/// Memory for what a compacted segment's filters and log index need until it is finished, in bytes; the next segment
/// begins at it.
pub const COMPACTION_OUTPUT_BYTES: u64 = 40 << 20;
/// Rows that a compaction writes at once.
pub const COMPACTION_BATCH_ROWS: usize = 1_024;
/// How long after its end a day is open to what is still on its way.
pub const DAY_GRACE: Duration = Duration::from_secs(2 * 3_600);
/// Time that log records wait for enough others to be merged with, until they get their index alone.
pub const LOG_INDEX_AFTER: Duration = Duration::from_secs(30);
/// How often compaction and retention look for work by themselves.
pub const MAINTENANCE_EVERY: Duration = Duration::from_secs(30);
/// How long a compaction waits for ingest and queries after each batch, at most.
pub const COMPACTION_YIELD_MAX: Duration = Duration::from_millis(100);
/// Segments of one table that are not sealed, in full tiers ([`COMPACTION_TIER_SEGMENTS`]), from which on a compaction waits for shorter; with
/// twice as many it does not wait any more. A table at rest has about so many at most, and every one more costs every query and memory.
pub const COMPACTION_CALM_TIERS: usize = 5;
/// How far the wall clock may be off the monotonic one between two looks, and ahead of the newest data, before retention
/// doubts it.
pub const CLOCK_JUMP: Duration = Duration::from_secs(24 * 3_600);
/// How long a doubted clock has to go steadily before data is deleted on its word.
pub const CLOCK_STEADY: Duration = Duration::from_secs(3_600);
/// Share of all data, in percent, beyond which a deletion by age needs a steady clock.
pub const RETENTION_SHARE_PERCENT: u64 = 25;
/// Most bytes on disk where no setting says another number and the disk is not smaller than five times that.
pub const RETENTION_BYTES: u64 = 20 << 30;
/// Most pins. Beyond: `Error::TooMany`.
pub const PINS_MAX: usize = 10_000;
/// Rows that share a filter over values and span ids.
pub const TERM_PAGE_ROWS: usize = 4_096;
/// Filters that lie side by side, so that one read answers for all of them.
pub const TERM_BUNDLE_PAGES: usize = 32;
/// Trace rows that wait to be written.
pub const TRACE_ROWS_BUFFERED: usize = 8_192;
/// Working memory of building a log index, in bytes.
pub const LOG_INDEX_BUILD_BYTES: usize = 16 << 20;
/// Rows of a compaction's inputs from which frequent attributes get columns of their own: below, the columns cost more than they save.
pub const PROMOTION_ROWS_MIN: u64 = 4_096;
/// Rows of the inputs that are looked at to choose these attributes.
pub const PROMOTION_SAMPLE_ROWS: u64 = 8_192;
/// Share of the rows, in percent, that have an attribute with a column of its own.
pub const PROMOTION_PERCENT_MIN: u64 = 1;
/// Keys that are counted to choose; further ones have no column.
pub const PROMOTION_KEYS_MAX: usize = 16_384;
/// Attributes with columns of their own in one segment: each costs a look-up a page. At most 64: a byte says which, a bit of 64
/// whether a row has had it.
pub const PROMOTED_COLUMNS_MAX: usize = 64;
/// Longest key of such an attribute, in bytes.
pub const PROMOTED_KEY_BYTES_MAX: usize = 256;
/// Longest text in such a column, in bytes; longer ones stay in the list, because a look-up would read a page of them.
pub const PROMOTED_VALUE_BYTES_MAX: usize = 4_096;
/// Distinct values of such a column, in the sample, up to which it may have a dictionary, which a look-up reads whole.
pub const PROMOTED_DISTINCT_MAX: usize = 1_024;
/// Distinct values of such a column up to which it is not compressed: four bits a row are little, and each compressed page costs a
/// look-up a decompressor's context.
pub const PROMOTED_TINY_MAX: usize = 16;
/// Bytes of Parquet metadata that stay cached: a day of 100,000 series, or what look-ups among a hundred million spans and as many log
/// records need.
pub const METADATA_CACHE_BYTES: usize = 96 << 20;
/// What stays of it when an append has to wait for memory: look-ups then read more of files, so that all of the process stays small.
pub const METADATA_CACHE_BYTES_PRESSED: usize = 32 << 20;
/// Bytes of files on the local disk that the object store has too, where no setting says another number. Beyond: the least
/// recently used go.
pub const REMOTE_CACHE_BYTES: u64 = 4 << 30;
/// Bytes of a part in which larger files go to the object store and come from it.
pub const REMOTE_PART_BYTES: u64 = 8 << 20;
/// Parts of one file that come at once.
pub const REMOTE_PARTS_AT_ONCE: usize = 4;
/// How long the object store may take for one request; a query that needs the answer then fails with `Error::Remote`.
pub const REMOTE_REQUEST_WAIT: Duration = Duration::from_secs(30);
/// How long a connection to the object store may take to open.
pub const REMOTE_CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long the object store may take for the list of all objects of a place, which is many requests.
pub const REMOTE_LIST_WAIT: Duration = Duration::from_secs(600);
/// Wait after the first failed round of uploads; each further one doubles it.
pub const REMOTE_RETRY_MIN: Duration = Duration::from_secs(1);
/// Longest wait between two rounds of uploads.
pub const REMOTE_RETRY_MAX: Duration = Duration::from_secs(300);

/// The bounds that settings and tests may change.
#[derive(Debug, Clone)]
pub struct Limits {
    /// See [`PAYLOAD_BYTES_MAX`].
    pub payload_bytes_max: u64,
    /// See [`WAL_FILE_BYTES`].
    pub wal_file_bytes: u64,
    /// See [`WAL_FLUSH_BYTES`].
    pub wal_flush_bytes: u64,
    /// See [`MEMTABLE_FLUSH_BYTES`].
    pub memtable_flush_bytes: u64,
    /// See [`MEMTABLE_BUDGET_BYTES`].
    pub memtable_budget_bytes: u64,
    /// See [`FLUSH_AGE`].
    pub flush_age: Duration,
    /// See [`APPEND_WAIT`].
    pub append_wait: Duration,
    /// See [`FLUSH_RETRY`].
    pub flush_retry: Duration,
    /// See [`FREE_BYTES_MIN`].
    pub free_bytes_min: u64,
    /// See [`COMPACTION_TIER_SEGMENTS`].
    pub compaction_tier_segments: usize,
    /// See [`COMPACTION_FAN_IN`]; not more than it.
    pub compaction_fan_in: usize,
    /// See [`COMPACTION_CUT_BYTES`].
    pub compaction_cut_bytes: u64,
    /// See [`COMPACTION_BATCH_BYTES`].
    pub compaction_batch_bytes: u64,
    /// See [`PROMOTION_ROWS_MIN`].
    pub promotion_rows_min: u64,
    /// See [`MAINTENANCE_EVERY`].
    pub maintenance_every: Duration,
    /// See [`REMOTE_CACHE_BYTES`].
    pub remote_cache_bytes: u64,
    /// See [`REMOTE_PART_BYTES`].
    pub remote_part_bytes: u64,
    /// See [`REMOTE_REQUEST_WAIT`].
    pub remote_request_wait: Duration,
    /// See [`REMOTE_LIST_WAIT`].
    pub remote_list_wait: Duration,
    /// See [`REMOTE_RETRY_MIN`].
    pub remote_retry_min: Duration,
    /// See [`REMOTE_RETRY_MAX`].
    pub remote_retry_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            wal_file_bytes: WAL_FILE_BYTES,
            wal_flush_bytes: WAL_FLUSH_BYTES,
            memtable_flush_bytes: MEMTABLE_FLUSH_BYTES,
            memtable_budget_bytes: MEMTABLE_BUDGET_BYTES,
            flush_age: FLUSH_AGE,
            append_wait: APPEND_WAIT,
            flush_retry: FLUSH_RETRY,
            free_bytes_min: FREE_BYTES_MIN,
            compaction_tier_segments: COMPACTION_TIER_SEGMENTS,
            compaction_fan_in: COMPACTION_FAN_IN,
            compaction_cut_bytes: COMPACTION_CUT_BYTES,
            compaction_batch_bytes: COMPACTION_BATCH_BYTES,
            promotion_rows_min: PROMOTION_ROWS_MIN,
            maintenance_every: MAINTENANCE_EVERY,
            remote_cache_bytes: REMOTE_CACHE_BYTES,
            remote_part_bytes: REMOTE_PART_BYTES,
            remote_request_wait: REMOTE_REQUEST_WAIT,
            remote_list_wait: REMOTE_LIST_WAIT,
            remote_retry_min: REMOTE_RETRY_MIN,
            remote_retry_max: REMOTE_RETRY_MAX,
        }
    }
}
