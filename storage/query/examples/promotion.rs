//! What columns of frequent attributes cost and save: `cargo run --release -p telltale-query --example promotion [ITEMS] [SHAPE]`.
//!
//! Stores the load generator's items in a temporary folder in eight flushes and compacts them, once with columns of attributes and once
//! without. Prints bytes an item on disk, the processor time of the compaction, and of questions the median time and the bytes read.
//! Both stores are asked in turn. Ratios are worth more than figures.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "../../examples/payloads/source.rs"]
mod source;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::AsArray as _;
use telltale_model::{TraceId, UnixNanos};
use telltale_query::{Query, QueryLimits};
use telltale_storage::clock::{Clock, ManualClock};
use telltale_storage::schema::Table;
use telltale_storage::{Options, Storage};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::source::{BATCH, SHAPES, Shape, payloads, signal};

/// Items a shape unless the command line says otherwise.
const ITEMS: usize = 200_000;
/// Segments that are compacted.
const FLUSHES: usize = 8;
/// How often each question is asked.
const ASKED: usize = 9;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let items: usize = arguments.next().map_or(ITEMS, |text| text.parse().unwrap());
    let only = arguments.next();
    for shape in SHAPES.into_iter().filter(|shape| !matches!(shape, Shape::Lean | Shape::Point)) {
        let name = format!("{shape:?}").to_lowercase();
        if only.as_ref().is_none_or(|only| *only == name) {
            compare(&name, shape, items);
        }
    }
}

fn compare(name: &str, shape: Shape, items: usize) {
    let runtime = Runtime::new().unwrap();
    let stores = [u64::MAX, 0].map(|rows_min| Store::fill(&runtime, shape, items, rows_min));
    for (store, what) in stores.iter().zip(["list", "columns"]) {
        let bytes = store.bytes as f64 / items as f64;
        let flushed = store.flushed_bytes as f64 / items as f64;
        let time = store.compaction.as_nanos() as f64 / items as f64;
        println!(
            "{name:8} {what:8} {flushed:6.1} B an item flushed, {bytes:6.1} B compacted in {time:6.0} ns of processor time an item"
        );
    }
    for sql in questions(shape) {
        let mut figures = [(Vec::new(), 0), (Vec::new(), 0)];
        for _ in 0..ASKED {
            for (store, (times, bytes)) in stores.iter().zip(&mut figures) {
                let start = Instant::now();
                let answer = runtime.block_on(store.query.sql(sql)).unwrap();
                times.push(start.elapsed());
                *bytes = answer.report.bytes_read;
            }
        }
        print_pair(name, &figures.map(|(times, bytes)| (median(times), Some(bytes))), sql);
    }
    if shape != Shape::Log {
        let mut figures = [Vec::new(), Vec::new()];
        let ids: Vec<TraceId> = stores.iter().map(|store| store.some_trace()).collect();
        for _ in 0..ASKED * 10 {
            for ((store, id), times) in stores.iter().zip(&ids).zip(&mut figures) {
                let start = Instant::now();
                assert!(runtime.block_on(store.query.trace(id)).unwrap().is_some());
                times.push(start.elapsed());
            }
        }
        print_pair(name, &figures.map(|times| (median(times), None)), "a trace by its id");
    }
}

fn print_pair(name: &str, figures: &[(Duration, Option<u64>); 2], what: &str) {
    let [(list, list_bytes), (columns, columns_bytes)] = figures;
    let bytes =
        list_bytes.zip(*columns_bytes).map_or(String::new(), |(list, columns)| format!(", {list} to {columns} bytes"));
    let ratio = columns.as_secs_f64() / list.as_secs_f64();
    println!("{name:8} {ratio:5.2} of the time: {list:.1?} to {columns:.1?}{bytes}: {what}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Questions about an attribute: one that few rows answer, one over all rows, one over whole rows.
const fn questions(shape: Shape) -> [&'static str; 5] {
    match shape {
        Shape::Fat | Shape::Wild => [
            "SELECT span_id FROM spans WHERE attr_int('messaging.message.body.size') > 5000",
            "SELECT count(*) FROM spans WHERE attr('gateway.firmware') = '3.2.1+8f3ac21'",
            "SELECT attr('cloud.region'), count(*), max(attr_int('messaging.message.body.size')) FROM spans GROUP BY 1",
            "SELECT count(*) FROM spans WHERE attr('gateway.id') LIKE '%77'",
            "SELECT attributes FROM spans LIMIT 100",
        ],
        Shape::Log => [
            "SELECT span_id FROM logs WHERE attr_int('thread.id') > 5000",
            "SELECT count(*) FROM logs WHERE attr('thread.name') = 'none'",
            "SELECT attr('thread.name'), count(*) FROM logs GROUP BY 1",
            "SELECT count(*) FROM logs WHERE attr('thread.name') LIKE '%77'",
            "SELECT attributes FROM logs LIMIT 100",
        ],
        _ => [
            "SELECT span_id FROM spans WHERE attr_int('http.response.status_code') > 500",
            "SELECT count(*) FROM spans WHERE attr_int('http.response.status_code') >= 500",
            "SELECT attr('http.route'), count(*), max(attr_int('http.response.body.size')) FROM spans GROUP BY 1",
            "SELECT count(*) FROM spans WHERE attr('app.customer.id') LIKE '%77'",
            "SELECT attributes FROM spans LIMIT 100",
        ],
    }
}

/// A compacted store.
struct Store {
    storage: Storage,
    query: Query,
    flushed_bytes: u64,
    bytes: u64,
    compaction: Duration,
    _folder: TempDir,
}

impl Store {
    fn fill(runtime: &Runtime, shape: Shape, items: usize, promotion_rows_min: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(UnixNanos(1_767_323_045_000_000_000)));
        let mut options = Options::new(folder.path());
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        options.limits.promotion_rows_min = promotion_rows_min;
        options.limits.compaction_tier_segments = usize::MAX;
        options.limits.maintenance_every = Duration::from_secs(3_600);
        let storage = runtime.block_on(async { Storage::open(options).unwrap() });
        let batches = items / BATCH;
        for (batch, payload) in payloads(shape).take(batches).enumerate() {
            runtime.block_on(storage.append(signal(shape), payload)).unwrap();
            if (batch + 1) % batches.div_ceil(FLUSHES) == 0 {
                runtime.block_on(storage.flush()).unwrap();
            }
        }
        runtime.block_on(storage.flush()).unwrap();
        let flushed_bytes = bytes(&storage);
        clock.advance(Duration::from_secs(30 * 3_600));
        let before = processor_time();
        runtime.block_on(storage.maintain()).unwrap();
        let compaction = processor_time() - before;
        let query = Query::new(storage.clone(), QueryLimits::default()).unwrap();
        Self { flushed_bytes, bytes: bytes(&storage), compaction, query, storage, _folder: folder }
    }

    /// Returns the id of a trace in the middle.
    fn some_trace(&self) -> TraceId {
        let snapshot = self.storage.snapshot();
        let segment = snapshot.segments(Table::Spans).next().unwrap();
        let row = segment.rows() / 2;
        let batches = segment.read(Some(&["trace_id"]), Some(&[std::ops::Range { start: row, end: row + 1 }])).unwrap();
        TraceId::from_slice(batches.first().unwrap().column(0).as_fixed_size_binary().value(0)).unwrap()
    }
}

fn bytes(storage: &Storage) -> u64 {
    let snapshot = storage.snapshot();
    snapshot.all_segments().map(|segment| segment.bytes()).sum()
}

/// Returns the processor time of the whole process.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|at| fields.get(*at).unwrap().parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
