//! Log files of any bytes: no panic, an end, and every item lies behind the one before, inside of the file.
//!
//! The first byte says whether the rest is a file as it is, or a list of records whose checksums are made right, so that what lies
//! behind the checksum is reached too.

use telltale_storage::wal::{FILE_HEADER_BYTES, FileReader, Item, RECORD_HEADER_BYTES};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let bytes = if choice % 2 == 0 { bytes.to_vec() } else { with_checksums(bytes) };
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), &bytes).expect("a file that can be written");
    let Ok(mut reader) = FileReader::open(file.path()) else { return };
    let mut behind = if reader.header().is_some() { FILE_HEADER_BYTES as u64 } else { 0 };
    while let Some(item) = reader.next_item().expect("a file that can be read") {
        match item {
            Item::Skipped(range) => {
                assert!(range.start == behind && range.end > range.start, "{range:?} behind {behind}");
                behind = range.end;
            }
            Item::Record(record) => behind += (RECORD_HEADER_BYTES + record.payload.len()) as u64,
        }
        assert!(behind <= bytes.len() as u64, "{behind} of {} bytes", bytes.len());
        assert!(reader.offset() >= behind, "{} before {behind}", reader.offset());
    }
}

/// Walks over what looks like records and puts the right checksum into each.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = FILE_HEADER_BYTES;
    if let Some(head) = out.get_mut(..FILE_HEADER_BYTES) {
        let crc = crc32c::crc32c(&head[..36]).to_le_bytes();
        head[36..].copy_from_slice(&crc);
    }
    while let Some(record) = out.get_mut(at..).filter(|rest| rest.len() >= RECORD_HEADER_BYTES) {
        let length = u32::from_le_bytes([record[4], record[5], record[6], record[7]]) as usize;
        let Some(end) = RECORD_HEADER_BYTES.checked_add(length).filter(|end| *end <= record.len()) else { return out };
        let crc = crc32c::crc32c_append(crc32c::crc32c(&record[4..8]), &record[12..end]);
        record[8..12].copy_from_slice(&crc.to_le_bytes());
        at += end;
    }
    out
}
