//! A data folder with a file that nobody wrote but whose checksums are right, as in an artifact from elsewhere: no panic, an end, and
//! whatever can be read of it is as long as the catalog says.
//!
//! The first byte chooses the file among those of the newest golden folder; each four bytes after it change it once.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use telltale_model::{SpanId, TraceId};
use telltale_storage::schema::Table;
use telltale_storage::text::TextQuery;
use telltale_storage::{Options, Segment, Storage};
use xxhash_rust::xxh3::xxh3_64;

/// Changes of one file.
const CHANGES_MAX: usize = 16;

/// The property.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, changes)) = data.split_first() else { return };
    // In memory where the system has that: nothing here depends on the disk.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a temporary folder");
    let root = folder.path().join("data");
    let mut files = Vec::new();
    copy(golden(), &root, &mut files);
    files.retain(|path| {
        path.starts_with(root.join("segments")) && path.file_name() != Some(OsStr::new("manifest.json"))
    });
    files.sort();
    let Some(path) = files.get(usize::from(*choice) % files.len().max(1)) else { return };
    let mut bytes = std::fs::read(path).expect("a file of the folder");
    changes.as_chunks::<4>().0.iter().take(CHANGES_MAX).for_each(|change| apply(&mut bytes, *change));
    std::fs::write(path, &bytes).expect("a file that can be written");
    correct(path, &bytes);
    let mut options = Options::new(&root);
    options.limits.free_bytes_min = 0;
    let Ok(storage) = Storage::open(options) else { return };
    let snapshot = storage.snapshot();
    for table in Table::ALL {
        snapshot.segments(table).for_each(|segment| ask(segment));
    }
    assert_eq!(storage.status().poisoned, None);
}

/// Asks everything that a segment can be asked.
fn ask(segment: &Segment) {
    if let Ok(batches) = segment.read(None, None) {
        assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), segment.rows());
    }
    let mut id = [0; 16];
    (id[7], id[14], id[15]) = (2, 0xfe, 0xed);
    let (trace, span) = (TraceId::new(id).expect("an id"), SpanId::new([0, 0, 0, 0, 0, 0, 0, 11]).expect("an id"));
    let _possible = (segment.may_contain_trace(&trace), segment.may_contain_low_64(&trace.low_64()));
    for rows in
        [segment.rows_of_span(&span), segment.rows_of_value("order-1"), segment.rows_of_value("nobody wrote this")]
    {
        let rows = rows.unwrap_or_default();
        assert!(rows.iter().all(|range| range.start < range.end && range.end <= segment.rows()), "{rows:?}");
        let _read = segment.read(None, Some(&rows));
    }
    let _row = segment.trace_rows(&trace).map(|row| {
        row.filter(|row| row.row_start.checked_add(row.row_count).is_some_and(|end| end <= segment.rows()))
            .map(|row| row.row_start..row.row_start + row.row_count)
            .map(|rows| segment.read(None, Some(std::slice::from_ref(&rows))))
    });
    let _ids = (segment.trace_ids_between(&[0; 16], &[0xff; 16]), segment.read_trace_rows(), segment.series_rows());
    let Some(index) = segment.log_index() else { return };
    for words in ["golden refused", "gol*", "\"golden\""] {
        let words = TextQuery::parse(words).expect("a query").required_terms();
        let _rows = index.candidates(&words);
    }
    let _ids = (index.rows_of_trace(&trace), index.trace_ids_between(&[0; 16], &[0xff; 16], 10));
}

/// One change: the first byte says which, the next two where, the last one what.
fn apply(bytes: &mut Vec<u8>, [kind, high, low, value]: [u8; 4]) {
    let place = usize::from(u16::from_be_bytes([high, low])) * bytes.len() / (1 << 16);
    let Some(byte) = bytes.get_mut(place) else { return };
    match kind % 6 {
        0 => *byte ^= 1 << (value % 8),
        1 => *byte = value,
        // Lengths stand at the end of these files as often as in front.
        2 => bytes.truncate(place),
        3 => bytes.insert(place, value),
        4 => {
            let back = bytes.len() - 1 - place.min(64) % bytes.len();
            bytes[back] = value;
        }
        _ => {
            let end = (place + usize::from(value)).min(bytes.len());
            bytes[place..end].fill(if kind & 8 == 0 { 0 } else { 0xff });
        }
    }
}

/// Writes the size and the checksum of a file into the manifest of its segment, and the manifest's own.
fn correct(path: &Path, bytes: &[u8]) {
    let segment = path.ancestors().find(|folder| folder.join("manifest.json").exists()).expect("a manifest");
    let name = path.strip_prefix(segment).expect("a file of the segment").to_string_lossy().into_owned();
    let manifest = segment.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let (before, entry) = text.split_once(&format!("\"name\": \"{name}\"")).expect("an entry");
    let (_, after) = entry.split_once('}').expect("the end of the entry");
    let (size, hash) = (bytes.len(), xxh3_64(bytes));
    let text = format!(
        "{before}\"name\": \"{name}\",\n      \"bytes\": {size},\n      \"xxh3\": \"{hash:016x}\"\n    }}{after}"
    );
    let (before, check) = text.split_once("\"check\": \"").expect("a checksum of the manifest");
    let (_, after) = check.split_once('"').expect("the end of the checksum");
    let hash = xxh3_64(format!("{before}\"check\": \"\"{after}").as_bytes());
    std::fs::write(&manifest, format!("{before}\"check\": \"{hash:016x}\"{after}"))
        .expect("a manifest that can be written");
}

/// The newest golden folder's data.
fn golden() -> &'static Path {
    static GOLDEN: OnceLock<PathBuf> = OnceLock::new();
    GOLDEN.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let all = here.ancestors().map(|folder| folder.join("storage/golden")).find(|folder| folder.is_dir());
        let all = std::fs::read_dir(all.expect("the golden folders")).expect("a folder");
        let newest = all.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).max();
        newest.expect("a golden folder").join("data")
    })
}

fn copy(from: &Path, to: &Path, files: &mut Vec<PathBuf>) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target, files);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
            files.push(target);
        }
    }
}
