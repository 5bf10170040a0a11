//! Reading a WAL file: whole, damaged, cut, with its reserved rest.

use super::*;
use proptest::prelude::*;
use telltale_model::{SignalKind, UnixNanos};

fn file_of(payloads: &[Vec<u8>], zeros_after: usize) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = FileHeader { version: 1, first_lsn: 1, opened_lsn: 0, created: UnixNanos(9) }.encode().to_vec();
    let mut ends = Vec::new();
    for (index, payload) in payloads.iter().enumerate() {
        let lsn = index as u64 + 1;
        Record::encode_into(&mut bytes, lsn, lsn - 1, SignalKind::Traces, UnixNanos(lsn), payload);
        ends.push(bytes.len());
    }
    bytes.resize(bytes.len() + zeros_after, 0);
    (bytes, ends)
}

fn read(bytes: &[u8]) -> Vec<Item> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut reader = FileReader::open(file.path()).unwrap();
    std::iter::from_fn(|| reader.next_item().unwrap()).collect()
}

fn lsns(items: &[Item]) -> Vec<u64> {
    items.iter().filter_map(|item| if let Item::Record(record) = item { Some(record.lsn) } else { None }).collect()
}

fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..12)
}

proptest! {
    #[test]
    fn what_was_written_is_read(payloads in payloads(), zeros_after in 0_usize..5_000) {
        let (bytes, _) = file_of(&payloads, zeros_after);
        let items = read(&bytes);
        let found: Vec<_> = items
            .iter()
            .map(|item| if let Item::Record(record) = item { record.payload.to_vec() } else { panic!("{item:?}") })
            .collect();
        prop_assert_eq!(found, payloads);
    }

    #[test]
    fn a_cut_file_gives_exactly_the_records_before_the_cut(
        payloads in payloads(),
        cut in any::<prop::sample::Index>(),
        zeros_after in 0_usize..100,
    ) {
        let (mut bytes, ends) = file_of(&payloads, 0);
        bytes.truncate(cut.index(bytes.len()));
        let kept = bytes.len();
        bytes.resize(kept + zeros_after, 0);
        let expected: Vec<u64> = (1..).zip(&ends).filter(|(_, end)| **end <= kept).map(|(lsn, _)| lsn).collect();
        let items = read(&bytes);
        // Zeros may happen to be what was cut off.
        prop_assert!(lsns(&items).starts_with(&expected));
        prop_assert!(zeros_after > 0 || lsns(&items) == expected);
    }

    #[test]
    fn damage_costs_the_records_it_hits_and_no_other(
        payloads in payloads(),
        at in any::<prop::sample::Index>(),
        garbage in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let (mut bytes, ends) = file_of(&payloads, 0);
        let start = FILE_HEADER_BYTES + at.index(bytes.len() - FILE_HEADER_BYTES);
        let end = (start + garbage.len()).min(bytes.len());
        let before = bytes.clone();
        bytes[start..end].copy_from_slice(&garbage[..end - start]);
        let mut begin = FILE_HEADER_BYTES;
        let mut expected = Vec::new();
        for (lsn, record_end) in (1_u64..).zip(&ends) {
            if bytes[begin..*record_end] == before[begin..*record_end] {
                expected.push(lsn);
            }
            begin = *record_end;
        }
        prop_assert_eq!(lsns(&read(&bytes)), expected);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
    }
}

#[test]
fn a_record_across_the_window_and_one_larger_than_it_are_read_and_found_after_damage() {
    let payloads = vec![vec![1; WINDOW_BYTES - 100], vec![2; 3 * WINDOW_BYTES], vec![3; 10]];
    let (mut bytes, _) = file_of(&payloads, WINDOW_BYTES * 2);
    assert_eq!(lsns(&read(&bytes)), [1, 2, 3]);
    bytes[FILE_HEADER_BYTES + RECORD_HEADER_BYTES] ^= 1;
    assert_eq!(lsns(&read(&bytes)), [2, 3]);
    let end_of_first = (FILE_HEADER_BYTES + RECORD_HEADER_BYTES + WINDOW_BYTES - 100) as u64;
    assert_eq!(read(&bytes)[0], Item::Skipped(FILE_HEADER_BYTES as u64..end_of_first));
}

#[test]
fn records_behind_a_damaged_file_header_are_found_and_newer_files_are_refused() {
    let (mut bytes, _) = file_of(&[vec![1; 50]], 10);
    bytes[3] ^= 1;
    assert_eq!(lsns(&read(&bytes)), [1]);

    let file = tempfile::NamedTempFile::new().unwrap();
    let header = FileHeader { version: VERSION + 1, first_lsn: 1, opened_lsn: 0, created: UnixNanos(0) };
    std::fs::write(file.path(), header.encode()).unwrap();
    assert!(matches!(FileReader::open(file.path()), Err(Error::Newer { found: 2, supported: 1, .. })));
}
