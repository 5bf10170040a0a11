//! What a stored item costs on disk: `cargo run --release -p telltale-storage --example segment_size [ITEMS]`.
//!
//! Stores the load generator's items in a temporary folder, flushes, and prints bytes an item for each file and for the
//! largest columns.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "payloads/source.rs"]
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use telltale_storage::{Options, Storage};

use self::source::{BATCH, SHAPES, Shape, payloads, signal};

/// Items a shape unless the command line says otherwise.
const ITEMS: usize = 200_000;
/// Columns shown of each shape.
const COLUMNS: usize = 12;

fn main() {
    let items = std::env::args().nth(1).map_or(ITEMS, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for shape in SHAPES {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(Options::new(dir.path())).unwrap();
        for payload in payloads(shape).take(items / BATCH) {
            let stored = runtime.block_on(storage.append(signal(shape), payload)).unwrap();
            assert_eq!(stored.accepted, BATCH as u64);
        }
        runtime.block_on(storage.flush()).unwrap();
        runtime.block_on(storage.close()).unwrap();
        report(shape, &dir.path().join("segments"), items as f64);
    }
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
