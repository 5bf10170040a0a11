//! The text index of a segment against an exact match of every row.

use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryBuilder, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use proptest::prelude::*;

use super::*;
use crate::limits::{MAPPED_INDEXES_MAX, PREFIX_TERMS_MAX};
use crate::schema::{self, col};
use crate::text::TextQuery;

fn index_of(rows: &[(Option<String>, Option<u8>)]) -> (tempfile::TempDir, LogIndex) {
    let bodies: StringArray = rows.iter().map(|row| row.0.as_deref()).collect();
    let mut ids = FixedSizeBinaryBuilder::new(16);
    for (_, id) in rows {
        match id {
            Some(byte) => ids.append_value([*byte; 16]).unwrap(),
            None => ids.append_null(),
        }
    }
    let fields =
        vec![ArrowField::new(col::BODY, DataType::Utf8, true), ArrowField::new(col::TRACE_ID, schema::TRACE_ID, true)];
    let columns: Vec<ArrayRef> = vec![Arc::new(bodies), Arc::new(ids.finish())];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut builder = LogIndexBuilder::new().unwrap();
    builder.push(&batch).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in builder.finish().unwrap() {
        crate::io::write_file(&crate::io::RealDisk, &folder.path().join(name), &bytes).unwrap();
    }
    let index = LogIndex::open(folder.path(), rows.len() as u64).unwrap();
    (folder, index)
}

fn rows_of(texts: &[&str]) -> Vec<(Option<String>, Option<u8>)> {
    texts.iter().map(|text| (Some((*text).to_owned()), None)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn candidates_hold_every_exact_match(
        rows in prop::collection::vec(
            (prop::option::weighted(0.9, "([abAB失é]{1,3}[ .:]){0,6}"), prop::option::of(1_u8..4)),
            1..40,
        ),
        queries in prop::collection::vec("(-?[abé失]{1,2}[*]? |-?\"[ab]{1,2} [ab]{1,2}\" |a[.]b ){1,3}", 1..8),
    ) {
        let (_folder, index) = index_of(&rows);
        for query in queries {
            let query = TextQuery::parse(&query).unwrap();
            let exact: Vec<u32> = (0_u32..)
                .zip(&rows)
                .filter(|(_, row)| row.0.as_ref().is_some_and(|text| query.matches(text)))
                .map(|(row, _)| row)
                .collect();
            let terms = query.required_terms();
            match index.candidates(&terms).unwrap() {
                None => prop_assert!(terms.is_empty()),
                Some(candidates) => {
                    prop_assert!(candidates.is_sorted());
                    prop_assert!(exact.iter().all(|row| candidates.contains(row)), "{query:?}");
                }
            }
        }
        for byte in 1..4_u8 {
            let id = TraceId::new([byte; 16]).unwrap();
            let expected: Vec<u32> = (0_u32..).zip(&rows).filter(|(_, row)| row.1 == Some(byte)).map(|(row, _)| row).collect();
            prop_assert_eq!(index.rows_of_trace(&id).unwrap(), expected);
        }
    }
}

#[test]
fn single_words_are_found_exactly_and_nothing_narrows_nothing() {
    let (_folder, index) = index_of(&rows_of(&["Timeout after 5s", "retry", "timeout: retry"]));
    let candidates = |query| index.candidates(&TextQuery::parse(query).unwrap().required_terms()).unwrap();
    assert_eq!(candidates("timeout"), Some(vec![0, 2]));
    assert_eq!(candidates("timeout retry"), Some(vec![2]));
    assert_eq!(candidates("re*"), Some(vec![1, 2]));
    assert_eq!(candidates("nowhere"), Some(vec![]));
    assert_eq!(candidates("-timeout"), None);
}

/// Guarantees: words of any frequencies narrow to the rows that have all of them, whichever way their rows are looked for.
#[test]
fn rare_and_frequent_words_are_found_together() {
    let text = |at: u32| format!("all half{} seventh{} rare{}", at % 2, at % 7, at % 997);
    let rows: Vec<_> = (0..5_000).map(|at| (Some(text(at)), None)).collect();
    let (_folder, index) = index_of(&rows);
    for query in [
        "all",
        "all half1",
        "all rare5",
        "rare5 all half1",
        "seventh3 rare996 all",
        "half0 seventh6 rare14",
        "rare3 rare4",
        "all nowhere",
        "all half0 half1",
    ] {
        let words =
            query.split(' ').map(|word| RequiredTerm { text: word.into(), is_prefix: false }).collect::<Vec<_>>();
        let has_all = |at: &u32| words.iter().all(|word| text(*at).split(' ').any(|one| one == word.text));
        let expected: Vec<u32> = (0..5_000).filter(has_all).collect();
        assert_eq!(index.candidates(&words).unwrap(), Some(expected), "{query}");
    }
}

#[test]
fn a_prefix_of_too_many_words_does_not_narrow() {
    let word = |index: usize| format!("w{index}");
    let texts: Vec<_> = (0..=PREFIX_TERMS_MAX).map(word).collect();
    let rows: Vec<_> = texts.iter().map(|text| (Some(text.clone()), None)).collect();
    let (_folder, index) = index_of(&rows);
    let candidates = |query| index.candidates(&TextQuery::parse(query).unwrap().required_terms()).unwrap();
    assert_eq!(candidates("w*"), None);
    assert_eq!(candidates("w* w17"), Some(vec![17]));
    assert_eq!(candidates("w1*").unwrap().len(), texts.iter().filter(|text| text.starts_with("w1")).count());
}

#[test]
fn an_index_over_other_rows_is_refused() {
    let (folder, _) = index_of(&rows_of(&["a", "b"]));
    assert!(matches!(LogIndex::open(folder.path(), 3), Err(Error::Corrupt { .. })));
}

/// Returns the kibibytes of a folder's mapped files that are in this process's memory.
#[cfg(target_os = "linux")]
fn resident_kib(folder: &Path) -> u64 {
    let mut is_wanted = false;
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut kib = 0;
    for line in maps.lines() {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [range, _, _, _, _, path @ ..] if range.contains('-') => {
                is_wanted = path.first().is_some_and(|path| Path::new(path).starts_with(folder));
            }
            ["Rss:", value, "kB"] if is_wanted => kib += value.parse::<u64>().unwrap(),
            _ => {}
        }
    }
    kib
}

/// Guarantees: a look-up brings the pages around what it reads into memory, not megabytes, wherever the page cache has large pages.
#[cfg(target_os = "linux")]
#[test]
fn a_look_up_maps_little_of_a_large_index() {
    let word = |at: u64| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&at.to_le_bytes()));
    let rows: Vec<_> = (0..250_000).map(|at| (Some(word(at)), None)).collect();
    let (folder, index) = index_of(&rows);
    let files = std::fs::read_dir(folder.path()).unwrap();
    let terms_bytes = files.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap();
    assert!(terms_bytes > 4 << 20, "{terms_bytes} bytes are hardly more than a large page");
    index.let_go_of_pages();
    assert_eq!(index.candidates(&[RequiredTerm { text: word(17_017), is_prefix: false }]).unwrap(), Some(vec![17_017]));
    let resident = resident_kib(folder.path());
    // A dozen page faults of 64 KiB; one large page has 2 MiB.
    assert!(resident <= 1_024, "{resident} KiB for one word of an index of {} KiB", terms_bytes >> 10);
}

/// Scenario: more indexes are read, one after the other, than may have pages in memory. Guarantees: the first lets go of its pages, answers as
/// before, and takes the place of the next.
#[cfg(target_os = "linux")]
#[test]
fn pages_of_many_indexes_are_bounded() {
    let rows: Vec<_> = (0..20_000).map(|at| (Some(format!("word{at} everywhere")), None)).collect();
    let (folder, index) = index_of(&rows);
    drop(index);
    let open = || Arc::new(LogIndex::open(folder.path(), 20_000).unwrap());
    let read = ReadIndexes::default();
    let ask = |index: &Arc<LogIndex>| {
        read.note(index);
        index.candidates(&[RequiredTerm { text: "everywhere".into(), is_prefix: false }]).unwrap().unwrap().len()
    };
    let mut indexes = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..MAPPED_INDEXES_MAX + 8 {
        let index = open();
        index.let_go_of_pages();
        assert_eq!(ask(&index), 20_000);
        indexes.push(index);
        resident.push(resident_kib(folder.path()));
    }
    let at_bound = resident[MAPPED_INDEXES_MAX - 1];
    assert!(at_bound > resident[MAPPED_INDEXES_MAX / 2], "below the bound they stay: {resident:?}");
    assert!(resident.iter().all(|kib| *kib <= at_bound + at_bound / 8), "{resident:?}");
    assert_eq!(ask(&indexes[0]), 20_000);
    assert!(resident_kib(folder.path()) <= at_bound + at_bound / 8);
}

/// Guarantees: what was read of an index leaves the memory of the process when it is told so, and is found again.
#[cfg(target_os = "linux")]
#[test]
fn pages_that_were_read_are_let_go_and_come_back() {
    let rows: Vec<_> = (0..80_000).map(|at| (Some(format!("word{at} everywhere")), None)).collect();
    let (folder, index) = index_of(&rows);
    let ask = || {
        let terms = |text| TextQuery::parse(text).unwrap().required_terms();
        let everywhere = index.candidates(&terms("everywhere")).unwrap().unwrap().len();
        (everywhere, index.candidates(&terms("word17017")).unwrap())
    };
    let expected = (80_000, Some(vec![17_017]));
    assert_eq!(ask(), expected);
    let read = resident_kib(folder.path());
    index.let_go_of_pages();
    let left = resident_kib(folder.path());
    assert!(read >= 128 && left <= 16, "{read} KiB before, {left} after");
    assert_eq!(ask(), expected);
    assert!(resident_kib(folder.path()) > left, "it is read from the same files");
}
