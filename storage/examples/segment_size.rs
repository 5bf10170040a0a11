//! What a stored item costs on disk: `cargo run --release -p telltale-storage --example segment_size [ITEMS]`.
//!
//! Stores the load generator's items in a temporary folder, flushes, and prints bytes an item for each file and for the
//! largest columns.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "../../tests/src/bench/corpus.rs"]
#[expect(unreachable_pub, clippy::indexing_slicing, reason = "shared with the load generator")]
mod corpus;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use prost::Message as _;
use telltale_model::SignalKind;
use telltale_storage::{Options, Storage};

use self::corpus::{ITEMS_PER_TRACE, Shape};

/// Items a request.
const BATCH: usize = 1_000;
/// Items a shape unless the command line says otherwise.
const ITEMS: usize = 200_000;
/// Columns shown of each shape.
const COLUMNS: usize = 12;

fn main() {
    let items = std::env::args().nth(1).map_or(ITEMS, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    };
    for shape in [Shape::Semconv, Shape::Fat, Shape::Lean, Shape::Log, Shape::Point] {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(Options::new(dir.path())).unwrap();
        let signal = match shape {
            Shape::Log => SignalKind::Logs,
            Shape::Point => SignalKind::Metrics,
            _ => SignalKind::Traces,
        };
        for _ in 0..items / BATCH {
            let mut payload = corpus::request(shape, BATCH, &mut next);
            if signal == SignalKind::Traces {
                payload = with_ids(&payload, &mut next);
            }
            let stored = runtime.block_on(storage.append(signal, Bytes::from(payload))).unwrap();
            assert_eq!(stored.accepted, BATCH as u64);
        }
        runtime.block_on(storage.flush()).unwrap();
        runtime.block_on(storage.close()).unwrap();
        report(shape, &dir.path().join("segments"), items as f64);
    }
}

/// Gives every trace and span an id of its own, as the load generator does.
fn with_ids(payload: &[u8], next: &mut impl FnMut() -> u64) -> Vec<u8> {
    let mut request = ExportTraceServiceRequest::decode(payload).unwrap();
    let spans = request.resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans).flat_map(|of| &mut of.spans);
    let (mut trace_id, mut root) = (Vec::new(), Vec::new());
    for (index, span) in spans.enumerate() {
        span.span_id = (next() << 16 ^ next()).to_be_bytes().to_vec();
        if index % ITEMS_PER_TRACE == 0 {
            trace_id = [next() << 16 ^ next(), next() << 16 ^ next()].map(u64::to_be_bytes).concat();
            root.clone_from(&span.span_id);
        } else {
            span.parent_span_id.clone_from(&root);
        }
        span.trace_id.clone_from(&trace_id);
    }
    request.encode_to_vec()
}

/// Prints where the bytes are.
fn report(shape: Shape, segments: &Path, items: f64) {
    let mut files: BTreeMap<String, u64> = BTreeMap::new();
    let mut columns: BTreeMap<String, i64> = BTreeMap::new();
    for path in walk(segments) {
        let bytes = std::fs::metadata(&path).unwrap().len();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_index = path.parent().is_some_and(|parent| parent.ends_with("log_index"));
        *files.entry(if is_index { "log index".to_owned() } else { name.clone() }).or_default() += bytes;
        if name == "data.parquet" {
            let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
            for column in reader.metadata().row_groups().iter().flat_map(|group| group.columns()) {
                *columns.entry(column.column_path().string()).or_default() += column.compressed_size();
            }
        }
    }
    let total: u64 = files.values().sum();
    println!("{shape:?}: {:.1} B an item", total as f64 / items);
    for (name, bytes) in files {
        println!("    {:>7.2} {name}", bytes as f64 / items);
    }
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (name, bytes) in columns.into_iter().take(COLUMNS) {
        println!("        {:>7.2} {name}", bytes as f64 / items);
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
