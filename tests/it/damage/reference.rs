//! The undamaged data folder, what is in it, and the questions that are asked of its copies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric, Summary,
    SummaryDataPoint, metric::Data,
};
use prost::Message as _;
use telltale_model::{SignalKind, TraceId};
use telltale_query::Query;
use telltale_storage::Storage;
use telltale_storage::schema::Table;
use telltale_tests::otlp;
use telltale_tests::rng::Rng;

use super::{Lines, options};

#[path = "../../../storage/examples/golden/rows.rs"]
mod as_text;

/// Appends of each signal; the last ones are in the log alone.
const APPENDS: u64 = 8;
/// Appends that are in segments.
const FLUSHED: u64 = 5;
/// Items of one append.
const ITEMS: u64 = 12;

/// The folder and everything that is in it.
pub(super) struct Reference {
    place: tempfile::TempDir,
    pub(super) rows: Lines,
    /// Rows of each segment, by its folder.
    segments: BTreeMap<PathBuf, Lines>,
}

/// Makes the folder: five rounds in segments, the first of them compacted, and three in the log alone.
pub(super) async fn make() -> Reference {
    let place = folder();
    let data = place.path().join("data");
    let storage = Storage::open(options(&data)).unwrap();
    for number in 0..APPENDS {
        for (signal, payload) in payloads(number) {
            assert_eq!(storage.append(signal, Bytes::from(payload)).await.unwrap().rejected, 0);
        }
        if number < FLUSHED {
            storage.flush().await.unwrap();
        }
        if number == 2 {
            storage.maintain().await.unwrap();
        }
    }
    let snapshot = storage.snapshot();
    let mut segments = BTreeMap::new();
    for table in Table::ALL {
        for segment in snapshot.segments(table) {
            let lines = as_text::rows(&[(table.name(), segment.read(None, None).unwrap())]);
            let folder = segment.data_path().parent().unwrap().strip_prefix(&data).unwrap();
            segments.insert(folder.to_owned(), counted(&lines));
        }
    }
    let rows = rows(&storage);
    drop(snapshot);
    // Without a word of farewell, so that the log stays.
    drop(storage);
    Reference { place, rows, segments }
}

fn payloads(number: u64) -> [(SignalKind, Vec<u8>); 3] {
    let id = |item: u64| [number + 1, item + 1].map(u64::to_be_bytes).concat();
    let trace = |item: u64| <[u8; 16]>::try_from(id(item / 3 * 3)).unwrap();
    let span_id = |item: u64| (number * 1_000 + item + 1).to_be_bytes();
    let spans = (0..ITEMS).map(|item| {
        let mut span = otlp::span(trace(item), span_id(item), &format!("append-{number} GET /{item}"));
        span.attributes =
            vec![otlp::text("order.id", format!("order-{number}-{item}")), otlp::text("filler", "x".repeat(200))];
        span
    });
    let logs = (0..ITEMS)
        .map(|item| otlp::log(trace(item), span_id(item), &format!("append-{number} word{item} said golden")));
    let time_unix_nano = otlp::now();
    let metric =
        |name: &str, data| Metric { name: format!("append-{number} {name}"), data: Some(data), ..Metric::default() };
    let histogram = HistogramDataPoint {
        time_unix_nano,
        count: 3,
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        time_unix_nano,
        count: 3,
        scale: 3,
        zero_count: 3,
        ..ExponentialHistogramDataPoint::default()
    };
    let summary = SummaryDataPoint { time_unix_nano, count: 2, sum: 4.0, ..SummaryDataPoint::default() };
    let (h, e) = (vec![histogram], vec![exponential]);
    let metrics = vec![
        otlp::gauge(&format!("append-{number} g"), (0..ITEMS).map(|item| otlp::point(item as f64)).collect()),
        metric("h", Data::Histogram(Histogram { data_points: h, aggregation_temporality: 2 })),
        metric("e", Data::ExponentialHistogram(ExponentialHistogram { data_points: e, aggregation_temporality: 2 })),
        metric("s", Data::Summary(Summary { data_points: vec![summary] })),
    ];
    [
        (SignalKind::Traces, otlp::traces("shop", spans.collect()).encode_to_vec()),
        (SignalKind::Logs, otlp::logs("shop", logs.collect()).encode_to_vec()),
        (SignalKind::Metrics, otlp::metrics("shop", metrics).encode_to_vec()),
    ]
}

/// Reads all rows, memory and segments. A segment that turns out to be damaged has none, as for every query after that.
pub(super) fn rows(storage: &Storage) -> Lines {
    let read = || {
        let snapshot = storage.snapshot();
        let tables = Table::ALL.map(|table| {
            let mut batches = snapshot.batches(table);
            snapshot.segments(table).for_each(|segment| batches.extend(segment.read(None, None).unwrap_or_default()));
            (table.name(), batches)
        });
        counted(&as_text::rows(&tables))
    };
    read()
}

fn counted(text: &str) -> Lines {
    let mut lines = Lines::new();
    text.lines().for_each(|line| *lines.entry(line.to_owned()).or_default() += 1);
    lines
}

/// Questions, each with the table and the text that a row has to hold to be counted.
fn questions() -> Vec<(String, &'static str, String)> {
    let mut all: Vec<_> = Table::ALL
        .map(|table| (format!("SELECT count(*) AS n FROM {}", table.name()), table.name(), String::new()))
        .into();
    for number in [0, 2, 4, 7] {
        all.push((
            format!("SELECT count(*) AS n FROM logs WHERE match(body, '\"append {number} word3\"')"),
            "logs",
            format!("append-{number} word3 "),
        ));
        all.push((
            format!("SELECT count(*) AS n FROM spans WHERE attr('order.id') = 'order-{number}-5'"),
            "spans",
            format!("order-{number}-5"),
        ));
    }
    all
}

/// Asks every question, by SQL and by trace id; `None` for those that fail.
pub(super) async fn answers(query: &Query) -> Vec<Option<usize>> {
    let mut found = Vec::new();
    for (sql, _, _) in questions() {
        found.push(count(query, &sql).await);
    }
    for number in 0..APPENDS {
        let data = query.trace(&trace(number)).await.ok();
        found.push(data.map(|data| data.map_or(0, |data| data.spans.iter().map(|batch| batch.num_rows()).sum())));
    }
    found
}

async fn count(query: &Query, sql: &str) -> Option<usize> {
    let answer = query.sql(sql).await.ok()?;
    let [batch] = answer.batches.as_slice() else { return None };
    let text = arrow::util::display::array_value_to_string(batch.column(0), 0).ok()?;
    text.parse().ok()
}

fn trace(number: u64) -> TraceId {
    let id = [number + 1, 4].map(u64::to_be_bytes).concat();
    TraceId::from_slice(&id).unwrap()
}

/// Returns the answers that are not what the rows say.
pub(super) async fn disagreements(query: &Query, rows: &Lines) -> Vec<String> {
    let having = |table: &str, text: &str| -> usize {
        let is_meant = |line: &str| line.starts_with(&format!("{table} ")) && line.contains(text);
        rows.iter().filter(|(line, _)| is_meant(line)).map(|(_, count)| count).sum()
    };
    let mut expected: Vec<_> = questions().into_iter().map(|(sql, table, text)| (having(table, &text), sql)).collect();
    for number in 0..APPENDS {
        let id = trace(number);
        expected.push((having("spans", &format!("trace_id=\"{}\"", id.to_hex())), format!("trace {id}")));
    }
    let found = answers(query).await;
    let differs = found.into_iter().zip(expected).filter(|(found, (expected, _))| *found != Some(*expected));
    differs.map(|(found, (expected, question))| format!("{question}: {found:?} instead of {expected}")).collect()
}

impl Reference {
    pub(super) fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Returns every file, relative to the folder.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        list(&self.data(), &mut files);
        let mut files: Vec<_> = files.iter().map(|path| path.strip_prefix(self.data()).unwrap().to_owned()).collect();
        files.retain(|path| !path.ends_with("LOCK"));
        files.sort();
        files
    }

    /// Chooses a file: each kind as often as any other.
    pub(super) fn pick(&self, rng: &mut Rng) -> PathBuf {
        let mut kinds: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        self.files().into_iter().for_each(|file| kinds.entry(kind(&file)).or_default().push(file));
        let mut one = |count: usize| usize::try_from(rng.range(0, count as u64)).unwrap();
        let files = kinds.values().nth(one(kinds.len())).unwrap();
        files[one(files.len())].clone()
    }

    /// Returns the other files of the same name or kind in a copy.
    pub(super) fn others(&self, file: &Path, data: &Path) -> Vec<PathBuf> {
        let is_other = |other: &PathBuf| other != file && kind(other) == kind(file);
        self.files().into_iter().filter(is_other).map(|other| data.join(other)).collect()
    }

    /// Returns the rows of the segment that a file belongs to.
    pub(super) fn segment_of(&self, file: &Path) -> Option<&Lines> {
        file.ancestors().find_map(|folder| self.segments.get(folder))
    }

    /// Tells whether rows are those of the last appends: nothing in the log says that there was more.
    pub(super) fn is_end_of_log(&self, missing: &[&String]) -> bool {
        let order = |line: &str| -> Option<(u64, usize)> {
            let number = line.split_once("append-")?.1.chars().next()?.to_digit(10)?;
            let signal = if line.starts_with("spans ") { 0 } else { 1 + usize::from(!line.starts_with("logs ")) };
            Some((u64::from(number), signal))
        };
        let first = missing.iter().filter_map(|line| order(line)).min();
        let after: usize = self.rows.keys().filter(|line| order(line) >= first).count();
        first.is_some_and(|first| first.0 >= FLUSHED) && after == missing.len()
    }
}

/// Tells whether rows may be lost with a file.
pub(super) fn is_needed(file: &Path) -> bool {
    matches!(kind(file).as_str(), "data.parquet" | "traces.parquet" | "series.parquet" | "manifest.json")
}

/// Returns what a file is.
pub(super) fn kind(file: &Path) -> String {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    match () {
        () if file.components().any(|part| part.as_os_str() == "log_index") => "log_index".to_owned(),
        () if name.ends_with(".wal") => "wal".to_owned(),
        () if name.starts_with("catalog.sqlite") => "catalog".to_owned(),
        () => name,
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}

/// A temporary folder, in memory where the system has that.
pub(super) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Copies a folder with everything in it.
pub(super) fn copy_folder(from: impl AsRef<Path>, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy_folder(&path, &target) } else { assert!(std::fs::copy(&path, &target).is_ok()) }
    }
}
