//! What a stored sample costs on disk, and how long range queries over many series take:
//! `cargo run --release -p telltale-metrics --example series [SERIES] [SAMPLES] [SAMPLES_A_REQUEST] [FOLDER]`.
//!
//! Stores series as Prometheus's remote write sends them in a temporary folder, flushes, compacts until nothing is left to do, prints
//! bytes a sample of each file and of the largest columns, then asks. Everything in this process: the peak of its memory is printed too.
//! With a FOLDER, the same samples are written there as OpenMetrics and given to `promtool tsdb create-blocks-from openmetrics`: what
//! Prometheus needs for them.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "../../../tests/src/bench/series.rs"]
#[expect(unreachable_pub, clippy::indexing_slicing, reason = "shared with the load generator")]
mod series;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use prost::Message as _;
use telltale_metrics::{Metrics, Stop};
use telltale_model::SignalKind;
use telltale_prometheus::{Series, otlp};
use telltale_promql::{Engine, Limits, parse};
use telltale_storage::{Options, Storage};

use self::series::{Corpus, EVERY_MS};

/// When the first sample was taken.
const START_MS: i64 = 1_700_000_000_000;
/// Targets whose samples come in one request.
const TARGETS: usize = 10;
/// Columns shown.
const COLUMNS: usize = 14;
/// What is asked, each [`TIMES`] times.
const QUESTIONS: [&str; 3] = [
    "sum by (handler, code) (rate(http_requests_total[5m]))",
    "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
    "sum(rate(http_requests_total{instance=\"10.0.0.1:9090\"}[5m]))",
];
/// See [`QUESTIONS`].
const TIMES: usize = 3;

fn main() {
    let argument =
        |place: usize, otherwise: usize| std::env::args().nth(place).map_or(otherwise, |text| text.parse().unwrap());
    let (count, samples, batch) = (argument(1, 2_000), argument(2, 5_760), argument(3, 1));
    let mut blocks = std::env::args().nth(4).map(Blocks::new);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path());
    options.ack = telltale_storage::AckMode::Write;
    // Until one segment of each size is left, as at the end of a day.
    options.limits.compaction_tier_segments = 2;
    options.limits.compaction_fan_in = 2;
    let storage = runtime.block_on(async { Storage::open(options).unwrap() });
    let started = Instant::now();
    let mut corpus = Corpus::new(count, 1);
    let mut total = 0;
    for first in (0..samples).step_by(batch) {
        let now = batch.min(samples - first);
        for targets in (0..corpus.targets()).step_by(TARGETS) {
            let range = targets..(targets + TARGETS).min(corpus.targets());
            let series = corpus.next(range, START_MS + i64::try_from(first).unwrap() * EVERY_MS, now);
            if let Some(blocks) = &mut blocks {
                blocks.push(&series);
            }
            let payload = otlp::request(series).encode_to_vec().into();
            let appended = runtime.block_on(storage.append(SignalKind::Metrics, payload)).unwrap();
            assert_eq!(appended.rejected, 0);
            total += appended.accepted;
        }
    }
    println!("{total} samples stored in {:.1} s", started.elapsed().as_secs_f64());
    runtime.block_on(storage.flush()).unwrap();
    let started = Instant::now();
    runtime.block_on(storage.maintain()).unwrap();
    println!("compacted in {:.1} s; {} bytes of memory at the peak", started.elapsed().as_secs_f64(), peak());
    report(&folder.path().join("segments/points"), total as f64);
    if let Some(blocks) = blocks {
        blocks.report(total as f64);
    }
    let metrics = Metrics::default();
    let end_ms = START_MS + i64::try_from(samples).unwrap() * EVERY_MS;
    for question in QUESTIONS {
        let expression = parse(question).unwrap();
        for _ in 0..TIMES {
            let started = Instant::now();
            let view = metrics.view(storage.snapshot(), Stop::default(), telltale_model::UnixNanos(u64::MAX));
            let engine = Engine::new(Limits::default());
            let answer = engine.range(&view, &expression, question, START_MS, end_ms, 300_000).unwrap();
            let rows = format!("{:?}", answer.value).len();
            println!("{:>9.1} ms {question} ({rows} characters)", started.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!("{} bytes of memory at the peak, {} of them indexes", peak(), metrics.cached_bytes());
    runtime.block_on(storage.close()).unwrap();
}

/// The samples as Prometheus would keep them.
struct Blocks {
    folder: PathBuf,
    /// By family: OpenMetrics wants the samples of each together.
    families: BTreeMap<String, BufWriter<File>>,
}

impl Blocks {
    fn new(folder: String) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder: folder.into(), families: BTreeMap::new() }
    }

    fn push(&mut self, series: &[Series]) {
        for series in series {
            // Without a type: promtool then takes any name as it is.
            let folder = &self.folder;
            let file = self
                .families
                .entry(series.name().to_owned())
                .or_insert_with_key(|name| BufWriter::new(File::create(folder.join(format!("{name}.txt"))).unwrap()));
            let labels = series.labels.iter().filter(|(name, _)| name != "__name__");
            let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            for (time_ms, value) in &series.samples {
                let time = *time_ms as f64 / 1e3;
                writeln!(file, "{}{{{}}} {value} {time}", series.name(), labels.join(",")).unwrap();
            }
        }
    }

    fn report(self, samples: f64) {
        let (all, blocks) = (self.folder.join("all.txt"), self.folder.join("blocks"));
        let mut out = File::create(&all).unwrap();
        for (name, file) in self.families {
            file.into_inner().unwrap();
            std::io::copy(&mut File::open(self.folder.join(format!("{name}.txt"))).unwrap(), &mut out).unwrap();
        }
        out.write_all(b"# EOF\n").unwrap();
        let mut promtool = std::process::Command::new("promtool");
        promtool.args(["tsdb", "create-blocks-from", "--max-block-duration=24h", "--quiet", "openmetrics"]);
        assert!(promtool.arg(&all).arg(&blocks).status().unwrap().success());
        let bytes: u64 = walk(&blocks).iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
        println!("{:.3} B a sample in Prometheus's blocks", bytes as f64 / samples);
        for path in walk(&blocks) {
            println!("    {:>8.4} {}", std::fs::metadata(&path).unwrap().len() as f64 / samples, path.display());
        }
    }
}

/// Returns the largest amount of memory that this process had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1_024
}

/// Prints where the bytes are.
fn report(segments: &Path, samples: f64) {
    let mut files: BTreeMap<String, u64> = BTreeMap::new();
    let mut columns: BTreeMap<String, i64> = BTreeMap::new();
    let mut count = 0;
    for path in walk(segments) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        *files.entry(name.clone()).or_default() += std::fs::metadata(&path).unwrap().len();
        if name == "data.parquet" {
            count += 1;
            let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
            for column in reader.metadata().row_groups().iter().flat_map(|group| group.columns()) {
                *columns.entry(column.column_path().string()).or_default() += column.compressed_size();
            }
        }
    }
    let total: u64 = files.values().sum();
    println!("{:.3} B a sample in {count} segments", total as f64 / samples);
    for (name, bytes) in files {
        println!("    {:>8.4} {name}", bytes as f64 / samples);
    }
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (name, bytes) in columns.into_iter().take(COLUMNS) {
        println!("        {:>8.4} {name}", bytes as f64 / samples);
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
