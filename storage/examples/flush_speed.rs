//! What a stored item costs the processor, apart: `cargo run --release -p telltale-storage --example flush_speed [ITEMS] [SHAPE]`.
//!
//! Appends the load generator's items to a storage in a temporary folder, flushes once, and prints processor time (user and
//! system, of the whole process) an item for appending (decode, log, memtable) and for the flush, and what memory peaked at in each.
//! Ratios are worth more than figures: run two builds in turn.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "payloads/source.rs"]
mod source;

use std::time::Duration;

use bytes::Bytes;
use telltale_storage::{Options, Storage};

use self::source::{BATCH, SHAPES, Shape, payloads, signal};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Items a shape unless the command line says otherwise: about a memtable.
const ITEMS: usize = 50_000;
/// Passes, of which the best counts.
const PASSES: usize = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let items: usize = arguments.next().map_or(ITEMS, |text| text.parse().unwrap());
    let only = arguments.next();
    for shape in SHAPES {
        let name = format!("{shape:?}").to_lowercase();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let payloads: Vec<Bytes> = payloads(shape).take(items / BATCH).collect();
        let passes: Vec<Figures> = (0..PASSES).map(|_| pass(shape, &payloads)).collect();
        let best = |of: fn(&Figures) -> Duration| passes.iter().map(of).min().unwrap().as_nanos() as f64 / items as f64;
        let most = |of: fn(&Figures) -> u64| passes.iter().map(of).max().unwrap() as f64 / f64::from(1 << 20);
        println!(
            "{name:8} append {:6.0} ns, flush {:6.0} ns an item; memory at most {:5.0} MiB appending, {:5.0} MiB flushing; {:.1} B on disk",
            best(|figures| figures.append),
            best(|figures| figures.flush),
            most(|figures| figures.append_memory),
            most(|figures| figures.flush_memory),
            most(|figures| figures.disk) * f64::from(1 << 20) / items as f64,
        );
    }
}

/// What one pass cost.
struct Figures {
    append: Duration,
    flush: Duration,
    append_memory: u64,
    flush_memory: u64,
    disk: u64,
}

fn pass(shape: Shape, payloads: &[Bytes]) -> Figures {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::new(dir.path());
    (options.limits.memtable_flush_bytes, options.limits.wal_flush_bytes) = (u64::MAX, u64::MAX);
    options.limits.memtable_budget_bytes = u64::MAX;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let storage = Storage::open(options).unwrap();
    let (append, append_memory) = measured(|| {
        for payload in payloads {
            runtime.block_on(storage.append(signal(shape), payload.clone())).unwrap();
        }
    });
    let (flush, flush_memory) = measured(|| runtime.block_on(storage.flush()).unwrap());
    runtime.block_on(storage.close()).unwrap();
    let disk = storage.status().tables.iter().map(|table| table.segment_bytes).sum();
    Figures { append, flush, append_memory, flush_memory, disk }
}

/// Returns the processor time of `work` and the largest memory of the process meanwhile.
fn measured(work: impl FnOnce()) -> (Duration, u64) {
    // Begins a new peak of resident memory.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = processor_time();
    work();
    let time = processor_time() - before;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (time, peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10)
}

/// Returns what all threads of the process have used so far.
fn processor_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    // A thread that ends meanwhile has nothing to say.
    let times = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("schedstat")).ok());
    Duration::from_nanos(times.map(|text| text.split(' ').next().unwrap().parse::<u64>().unwrap()).sum())
}
