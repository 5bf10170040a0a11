//! What the spans of one segment or batch add up to, by key and slot of time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Int32Type, Int64Type, TimestampNanosecondType};
use telltale_promql::Error;
use telltale_storage::Segment;
use telltale_storage::schema::col;

use crate::columns::{ids, number, numbers, text, texts};
use crate::exemplars::QueryExemplar;
use crate::index::for_each_batch;
use crate::limits::DERIVED_KEYS_MAX;

/// Milliseconds of a slot; a span counts in the slot that its end lies in.
pub(crate) const SLOT_MS: i64 = 15_000;
/// Spans that take longer than this may be missing from the first slots of a question.
pub(crate) const LONG_MS: i64 = 3_600_000;

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Spans of an operation.
    Operation { service: Arc<str>, name: Arc<str>, kind: i32, status: i32 },
    /// Requests from one service to another.
    Edge { client: Arc<str>, server: Arc<str>, kind: EdgeKind, by_server: bool },
    /// Spans whose other side is missing, with nothing that says who it is: of the service that called, or was called.
    Unpaired { service: Arc<str>, is_client: bool },
}

/// What an edge's labels say of it besides its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EdgeKind {
    /// `virtual_node`, `database`, `messaging_system`, or nothing for a plain call.
    pub(crate) connection: &'static str,
    /// Which end sends no spans: `client`, `server`, or nothing.
    pub(crate) virtual_node: &'static str,
}

/// Cells by key and slot.
pub(crate) type Totals = BTreeMap<Key, BTreeMap<i64, Cell>>;

/// Upper bounds of all schemes together, in nanoseconds: what a cell's counts are kept by.
const BOUNDS_NS: [f64; 34] = [
    2e6, 4e6, 6e6, 8e6, 1e7, 1.6e7, 3.2e7, 5e7, 6.4e7, 1e8, 1.28e8, 2e8, 2.56e8, 4e8, 5.12e8, 8e8, 1e9, 1.024e9, 1.4e9,
    1.6e9, 2e9, 2.048e9, 3.2e9, 4.096e9, 5e9, 6.4e9, 8.192e9, 1e10, 1.28e10, 1.5e10, 1.6384e10, 1e11, 1e12, 1e13,
];

/// The spans of one key that ended in one slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) count: u64,
    pub(crate) failed: u64,
    pub(crate) sum_ns: f64,
    buckets: [u32; BOUNDS_NS.len() + 1],
    slowest: Option<Counted>,
}

/// A span as it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Counted {
    pub(crate) duration_ns: i64,
    pub(crate) end_ms: i64,
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
}

impl Counted {
    /// Takes a span's start and duration, in nanoseconds.
    pub(crate) fn new(trace: [u8; 16], span: [u8; 8], start_ns: i64, duration_ns: i64) -> Self {
        let duration_ns = duration_ns.max(0);
        Self { duration_ns, end_ms: start_ns.saturating_add(duration_ns).div_euclid(1_000_000), trace, span }
    }

    /// Returns the slot that its end lies in.
    pub(crate) fn slot(&self) -> i64 {
        (self.end_ms - 1).div_euclid(SLOT_MS) + 1
    }
}

impl Default for Cell {
    fn default() -> Self {
        Self { count: 0, failed: 0, sum_ns: 0.0, buckets: [0; BOUNDS_NS.len() + 1], slowest: None }
    }
}

/// What spans add up to.
#[derive(Debug, Default)]
pub(crate) struct SpanStats {
    operations: HashMap<Key, BTreeMap<i64, Cell>>,
}

/// The columns that are read.
const COLUMNS: [&str; 8] = [
    col::TRACE_ID,
    col::SPAN_ID,
    col::NAME,
    col::KIND,
    col::START_TIME_UNIX_NANO,
    col::DURATION_NS,
    col::STATUS_CODE,
    col::SERVICE_NAME,
];

/// The status "error".
pub(crate) const ERROR: i32 = 2;

/// Gives equal texts one place in memory.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashMap<String, Arc<str>>);

impl Texts {
    pub(crate) fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(text.to_owned(), Arc::clone(&new));
        new
    }
}

impl SpanStats {
    /// Adds the spans of a batch up. Spans that came twice count twice, as they were sent.
    pub(crate) fn of(batch: &RecordBatch) -> Result<Self, Error> {
        let mut stats = Self::default();
        stats.add(batch, &mut Texts::default())?;
        Ok(stats)
    }

    /// Adds the spans of a segment up.
    pub(crate) fn read(segment: &Arc<Segment>) -> Result<Self, Error> {
        let mut stats = Self::default();
        let mut shared = Texts::default();
        for_each_batch(segment, &COLUMNS, &mut |batch| stats.add(batch, &mut shared))?;
        Ok(stats)
    }

    fn add(&mut self, batch: &RecordBatch, shared: &mut Texts) -> Result<(), Error> {
        let (traces, spans) = (ids(batch, col::TRACE_ID)?, ids(batch, col::SPAN_ID)?);
        let (names, services) = (texts(batch, col::NAME)?, texts(batch, col::SERVICE_NAME)?);
        let (kinds, statuses) =
            (numbers::<Int32Type>(batch, col::KIND)?, numbers::<Int32Type>(batch, col::STATUS_CODE)?);
        let starts = numbers::<TimestampNanosecondType>(batch, col::START_TIME_UNIX_NANO)?;
        let durations = numbers::<Int64Type>(batch, col::DURATION_NS)?;
        for row in 0..batch.num_rows() {
            let (kind, status) = (kinds.value(row), number(statuses, row).unwrap_or(0));
            let (trace, span) = (fixed(traces.value(row)), fixed(spans.value(row)));
            let one = Counted::new(trace, span, starts.value(row), durations.value(row));
            let service = shared.share(text(services, row).unwrap_or_default());
            let name = shared.share(text(names, row).unwrap_or_default());
            let key = self.key(Key::Operation { service, name, kind, status }, shared);
            self.operations.entry(key).or_default().entry(one.slot()).or_default().count_one(one, status == ERROR);
        }
        Ok(())
    }

    /// Beyond the bound, operations that are new count together under one name, so that nothing is missing from sums.
    fn key(&self, key: Key, shared: &mut Texts) -> Key {
        match &key {
            Key::Operation { service, kind, status, .. }
                if self.operations.len() >= DERIVED_KEYS_MAX && !self.operations.contains_key(&key) =>
            {
                Key::Operation {
                    service: Arc::clone(service),
                    name: shared.share("(other)"),
                    kind: *kind,
                    status: *status,
                }
            }
            _ => key,
        }
    }

    /// What it keeps in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let cells: usize = self.operations.values().map(BTreeMap::len).sum();
        cells * (size_of::<Cell>() + 16)
    }

    /// Adds the operations to those of others.
    pub(crate) fn add_to(&self, all: &mut Totals) {
        for (key, slots) in &self.operations {
            let into = all.entry(key.clone()).or_default();
            for (slot, cell) in slots {
                into.entry(*slot).or_default().merge(cell);
            }
        }
    }
}

impl Cell {
    /// Counts a span.
    pub(crate) fn count_one(&mut self, one: Counted, failed: bool) {
        self.count += 1;
        self.failed += u64::from(failed);
        self.sum_ns += one.duration_ns as f64;
        let place = BOUNDS_NS.partition_point(|bound| *bound < one.duration_ns as f64);
        if let Some(count) = self.buckets.get_mut(place) {
            *count += 1;
        }
        if self.slowest.is_none_or(|slowest| slowest.duration_ns < one.duration_ns) {
            self.slowest = Some(one);
        }
    }

    /// Adds another cell of the same key and slot.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.sum_ns += other.sum_ns;
        for (count, more) in self.buckets.iter_mut().zip(other.buckets) {
            *count = count.saturating_add(more);
        }
        let slowest = self.slowest.into_iter().chain(other.slowest);
        self.slowest = slowest.max_by_key(|slowest| slowest.duration_ns);
    }

    /// Returns how many took at most so long; `bound_ns` is one of the bounds, or infinite.
    pub(crate) fn at_most(&self, bound_ns: f64) -> u64 {
        // A bound that was computed from seconds may miss the one that is meant by a rounding.
        let counted = BOUNDS_NS.iter().zip(self.buckets).filter(|(bound, _)| **bound <= bound_ns * (1.0 + 1e-9));
        if bound_ns.is_finite() { counted.map(|(_, count)| u64::from(count)).sum() } else { self.count }
    }

    /// Returns the slowest span.
    pub(crate) fn exemplar(&self, unit_ns: f64) -> Option<QueryExemplar> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.slowest.map(|slowest| QueryExemplar {
            labels: vec![("trace_id".to_owned(), hex(&slowest.trace)), ("span_id".to_owned(), hex(&slowest.span))],
            value: slowest.duration_ns as f64 / unit_ns,
            timestamp_ms: slowest.end_ms,
        })
    }
}

/// Returns an id of a column as its bytes.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}
