//! Every bound of a query in one place.

use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a statement's text.
pub const MAX_SQL_BYTES: usize = 256 * 1024;
/// Operators, set operations and joins in one statement: deep chains of them cost the planner stack and time.
pub const MAX_SQL_OPERATORS: usize = 600;
/// Nesting of parentheses and subqueries in one statement.
pub const MAX_SQL_DEPTH: usize = 50;
/// Stack of a query thread; planning recurses over the statement.
pub const THREAD_STACK_BYTES: usize = 64 * 1024 * 1024;
/// Rows that operators pass on at once. Rows of spans and logs are wide: with DataFusion's own 8,192, what is on its way between readers,
/// filters and sorts takes twice the memory, and no question is answered sooner (docs/benchmarks.md).
pub const BATCH_ROWS: usize = 2_048;
/// Least memory that all queries share.
pub const MIN_MEMORY_BYTES: usize = 128 * 1024 * 1024;
/// Most memory that all queries share unless a limit is given.
pub const MAX_MEMORY_BYTES: usize = 4 * 1024 * 1024 * 1024;
/// Share of the available memory that all queries get: one part in four.
pub const MEMORY_DIVISOR: usize = 4;
/// What an index only narrows is read by a scan of the segment when it leaves more than this share of its rows, in per cent; words of a
/// body, which it decides, never are.
pub const INDEX_MAX_HIT_PERCENT: usize = 35;
/// Traces that a condition names at most for their rows to be looked up in a segment of spans; with more it is scanned.
pub const INDEX_MAX_TRACES: usize = 1_024;
/// Look-ups by id that run at once; more wait.
pub const MAX_LOOKUPS: usize = 16;
/// Traces that [`crate::Query::recent`] keeps ready for each segment; a larger limit reads the segment again.
pub const RECENT_PER_SEGMENT: usize = 256;

/// Newest segments that [`crate::Query::baselines`] looks at.
pub const BASELINE_SEGMENTS: usize = 8;
/// Rows of each of them: the order of rows is that of trace ids, so these are a fair sample.
pub const BASELINE_SEGMENT_ROWS: u64 = 25_000;
/// Rows in memory that it looks at, the newest ones.
pub const BASELINE_MEMORY_ROWS: usize = 50_000;
/// Operations of which a segment's durations are kept.
pub const BASELINE_OPERATIONS: usize = 1_024;
/// Segments that [`crate::Query::of_operation`] looks at.
pub const OPERATION_SEGMENTS: usize = 16;
/// Requests of an operation that it returns.
pub const OPERATION_TRACES: usize = 1_000;
/// Answers that are streamed at once, such as exports; more are refused.
pub const MAX_STREAMS: usize = 4;
/// Batches of a streamed answer that wait for whoever takes them.
pub const STREAM_BATCHES: usize = 2;
/// Attribute keys that a [`crate::Tally`] counts; rows with further ones are counted as left out.
pub const TALLY_KEYS: usize = 512;
/// Values of one key that a [`crate::Tally`] counts one by one; further ones are counted together.
pub const TALLY_VALUES: usize = 1000;
/// Bytes of a value that a [`crate::Tally`] keeps; longer ones are counted together.
pub const TALLY_VALUE_BYTES: usize = 512;
/// Values of a column that [`crate::Query::count`] counts one by one, for each partition; a column with more is left to `GROUP BY`.
pub const COUNT_VALUES: usize = 100_000;
/// Bytes of these values.
pub const COUNT_BYTES: usize = 16 * 1024 * 1024;
/// Stretches of time in which it counts rows; with more they become longer.
pub const COUNT_BUCKETS: usize = 32_768;
/// Rows of a Parquet row group of an export, which is what an export holds in memory.
pub const EXPORT_ROW_GROUP_ROWS: usize = 8192;

/// What one query, and all of them together, may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryLimits {
    /// Longest run of one query, waiting included.
    pub time: Duration,
    /// Memory that all queries share; `None`: a quarter of what the machine or container has left.
    pub memory_bytes: Option<usize>,
    /// Disk that all queries share for what does not fit into memory.
    pub spill_bytes: u64,
    /// Folder for that; `None`: the system's folder for temporary files.
    pub spill_dir: Option<PathBuf>,
    /// Most rows of an answer.
    pub rows: usize,
    /// Most bytes of an answer, in memory.
    pub answer_bytes: usize,
    /// Queries that run at once.
    pub running: usize,
    /// Queries that may wait for their turn.
    pub waiting: usize,
    /// Threads for queries.
    pub threads: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            memory_bytes: None,
            spill_bytes: 1024 * 1024 * 1024,
            spill_dir: None,
            rows: 100_000,
            answer_bytes: 64 * 1024 * 1024,
            running: 2,
            waiting: 16,
            threads: std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 8),
        }
    }
}

impl QueryLimits {
    /// Returns the memory that all queries share: the given one, else a quarter of what is available.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory_bytes.unwrap_or_else(|| {
            let available = available_memory().unwrap_or(MIN_MEMORY_BYTES * MEMORY_DIVISOR);
            (available / MEMORY_DIVISOR).clamp(MIN_MEMORY_BYTES, MAX_MEMORY_BYTES)
        })
    }
}

/// Returns what the machine has available, or the container when it has less; `None` where neither tells.
fn available_memory() -> Option<usize> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| mem_available(&text));
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(container).min()
}

/// Reads `MemAvailable` of `/proc/meminfo`, in bytes.
fn mem_available(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Most hits of a look-up by prefix or value.
pub const FIND_HITS_MAX: usize = 1_000;

/// Rows that a look-up by value looks at in segments; beyond, its answer says that it is not complete.
pub const FIND_ROWS_MAX: u64 = 1 << 20;

/// Digits that a prefix of an id has at least: fewer are words.
pub const PREFIX_DIGITS_MIN: usize = 4;

/// Rows of segments whose span ids a look-up by prefix looks at; beyond, its answer says that it is not complete.
pub const PREFIX_ROWS_MAX: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_the_given_limit_or_bounded_by_what_is_there() {
        let given = QueryLimits { memory_bytes: Some(7), ..QueryLimits::default() };
        assert_eq!(given.memory(), 7);
        let found = QueryLimits::default().memory();
        assert!((MIN_MEMORY_BYTES..=MAX_MEMORY_BYTES).contains(&found));
        assert_eq!(mem_available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 * 1024 * 1024));
        assert_eq!(mem_available("MemTotal: 9 kB\n"), None);
    }
}
