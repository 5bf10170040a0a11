//! Every bound of this package, by name.

/// Bytes of what is kept about the series of segments; the least recently used goes first and is read again when needed.
pub const INDEX_CACHE_BYTES: usize = 256 << 20;
/// Rows that are read at once; a query of any size holds about this many in memory, and as many for each of [`CHUNKS_AHEAD`], besides
/// what the evaluation keeps.
pub const CHUNK_ROWS: u64 = 256 << 10;
/// Chunks that wait, read, until the one before was looked at; one more is being read.
pub const CHUNKS_AHEAD: usize = 1;
/// Segments that a question keeps open from chunk to chunk, each with about a megabyte of pages and its metadata. Beyond: the smaller
/// ones are opened anew for each chunk.
pub const LANES_OPEN_MAX: usize = 64;
/// What a histogram's row weighs in [`CHUNK_ROWS`]: it is about as large as this many numbers.
pub const HISTOGRAM_ROW_WEIGHT: u64 = 16;
/// Series that one selector or list may touch. Beyond: an error that names it.
pub const SERIES_MAX: usize = 2_000_000;
/// Exemplars of one answer. Beyond: the newest are left out and the answer says so.
pub const EXEMPLARS_MAX: usize = 10_000;
/// Characters of an exemplar's labels, names and values together, as OpenMetrics has it; labels beyond are left out.
pub const EXEMPLAR_CHARACTERS_MAX: usize = 128;
/// How often `target_info` is repeated, in milliseconds: half of the usual lookback.
pub const TARGET_INFO_EVERY_MS: i64 = 150_000;
/// Rows between two looks at whether the question is still wanted.
pub const STOP_CHECK_SERIES: usize = 256;
/// Operations of one segment that are counted apart. Beyond: new ones count together as `(other)`.
pub const DERIVED_KEYS_MAX: usize = 20_000;
/// Bytes of what is kept about the spans of segments; the least recently used goes first.
pub const DERIVED_CACHE_BYTES: usize = 128 << 20;
/// Bytes of what is kept about the requests of segments, for the service graph; the least recently used goes first.
pub const GRAPH_CACHE_BYTES: usize = 128 << 20;
/// Stored spans among which the halves of requests are joined at once. Beyond: in several passes over them, each a share of the traces,
/// so that memory stays bounded and counts exact; the segments are then read anew for each question.
pub const GRAPH_SPANS_AT_ONCE: u64 = 4_000_000;
/// How long a call waits for the spans of the other side before it counts as one to a peer that sends none, in milliseconds: two
/// times what an SDK's exporter usually waits.
pub const GRAPH_WAIT_MS: i64 = 10_000;

/// Bounds of reading that tests make small.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimits {
    /// See [`CHUNK_ROWS`].
    pub(crate) chunk_rows: u64,
    /// See [`LANES_OPEN_MAX`].
    pub(crate) lanes_open: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { chunk_rows: CHUNK_ROWS, lanes_open: LANES_OPEN_MAX }
    }
}
