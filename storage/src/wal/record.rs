//! The bytes of a WAL file's header and of a record. All numbers are little-endian.

use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};

/// First bytes of a WAL file.
const FILE_MAGIC: [u8; 8] = *b"telltWAL";
/// Version of the file and of its records.
pub(crate) const VERSION: u32 = 1;
/// First bytes of a record. 0xF5 never occurs in UTF-8, which keeps payloads from looking like records.
pub(crate) const RECORD_MAGIC: [u8; 4] = [0xf5, b'R', b'E', b'C'];
/// Bytes of a file's header.
pub const FILE_HEADER_BYTES: usize = 40;
/// Bytes of a record before its payload.
pub const RECORD_HEADER_BYTES: usize = 40;

/// The header of a WAL file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Version of the format.
    pub version: u32,
    /// Number of the first record.
    pub first_lsn: u64,
    /// Newest number when the writing process opened the log. Gaps at or before it were seen, and judged, then.
    pub opened_lsn: u64,
    /// When the file was created, in nanoseconds since the epoch.
    pub created: UnixNanos,
}

/// One append in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The append's number; every record's is one more than its predecessor's.
    pub lsn: u64,
    /// The newest number that was acknowledged, or could have been, when this record was written. It tells a torn write, which
    /// lost nothing that was acknowledged, from damage.
    pub committed_lsn: u64,
    /// The signal of the payload.
    pub signal: SignalKind,
    /// When the append arrived.
    pub received: UnixNanos,
    /// The OTLP export request, protobuf.
    pub payload: Bytes,
}

/// What the first 40 bytes of a record say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) payload_bytes: u32,
    crc: u32,
    pub(crate) lsn: u64,
    pub(crate) committed_lsn: u64,
    pub(crate) received: UnixNanos,
    pub(crate) signal: SignalKind,
}

impl FileHeader {
    /// Returns the header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; FILE_HEADER_BYTES] {
        let mut out = Vec::with_capacity(FILE_HEADER_BYTES);
        out.extend_from_slice(&FILE_MAGIC);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.first_lsn.to_le_bytes());
        out.extend_from_slice(&self.opened_lsn.to_le_bytes());
        out.extend_from_slice(&self.created.0.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out.try_into().unwrap_or([0; FILE_HEADER_BYTES])
    }

    /// Reads a header; `None` when the bytes are not one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(FILE_HEADER_BYTES - 4)?;
        let mut fields = Fields(body);
        let is_ours = fields.take()? == FILE_MAGIC && Fields(crc).u32()? == crc32c::crc32c(body);
        let (version, first_lsn, opened_lsn) = (fields.u32()?, fields.u64()?, fields.u64()?);
        is_ours.then_some(Self { version, first_lsn, opened_lsn, created: UnixNanos(fields.u64()?) })
    }
}

impl Record {
    /// Appends a record's bytes to `out`.
    pub(crate) fn encode_into(
        out: &mut Vec<u8>,
        lsn: u64,
        committed_lsn: u64,
        signal: SignalKind,
        received: UnixNanos,
        payload: &[u8],
    ) {
        // The limit on payloads is far below 4 GiB.
        let payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let mut rest = [0_u8; RECORD_HEADER_BYTES - 12];
        let fields = [lsn.to_le_bytes(), committed_lsn.to_le_bytes(), received.0.to_le_bytes()].concat();
        rest.split_at_mut(fields.len()).0.copy_from_slice(&fields);
        let [.., signal_byte, _flags, _reserved_0, _reserved_1] = &mut rest;
        *signal_byte = signal_code(signal);
        let crc = record_crc(payload_bytes, &rest, payload);
        out.reserve(RECORD_HEADER_BYTES + payload.len());
        out.extend_from_slice(&RECORD_MAGIC);
        out.extend_from_slice(&payload_bytes.to_le_bytes());
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&rest);
        out.extend_from_slice(payload);
    }
}

impl RecordHeader {
    /// Reads a header; `None` when the bytes cannot be one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let is_record = fields.take()? == RECORD_MAGIC;
        let (payload_bytes, crc) = (fields.u32()?, fields.u32()?);
        let (lsn, committed_lsn, received) = (fields.u64()?, fields.u64()?, UnixNanos(fields.u64()?));
        let signal = signal_of(u8::from_le_bytes(fields.take()?))?;
        is_record.then_some(Self { payload_bytes, crc, lsn, committed_lsn, received, signal })
    }

    /// Tells whether header and payload are what was written.
    pub(crate) fn is_intact(&self, header: &[u8], payload: &[u8]) -> bool {
        header
            .split_at_checked(12)
            .and_then(|(_, rest)| rest.split_at_checked(RECORD_HEADER_BYTES - 12))
            .is_some_and(|(rest, _)| record_crc(self.payload_bytes, rest, payload) == self.crc)
    }
}

/// The checksum covers the length, the rest of the header and the payload.
fn record_crc(payload_bytes: u32, rest: &[u8], payload: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&payload_bytes.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(crc, rest), payload)
}

const fn signal_code(signal: SignalKind) -> u8 {
    match signal {
        SignalKind::Traces => 1,
        SignalKind::Metrics => 2,
        SignalKind::Logs => 3,
    }
}

const fn signal_of(code: u8) -> Option<SignalKind> {
    match code {
        1 => Some(SignalKind::Traces),
        2 => Some(SignalKind::Metrics),
        3 => Some(SignalKind::Logs),
        _ => None,
    }
}

/// Reads numbers from the front of a slice.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*value)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(bytes: &[u8]) -> String {
        let mut out = String::new();
        telltale_model::id::push_hex(&mut out, bytes);
        out
    }

    #[test]
    fn the_bytes_of_version_1_stay_as_they_are() {
        let header = FileHeader { version: 1, first_lsn: 0x0102, opened_lsn: 0x0101, created: UnixNanos(0x0304) };
        assert_eq!(
            hex(&header.encode()),
            "74656c6c7457414c01000000020100000000000001010000000000000403000000000000b279e8ad"
        );
        let mut record = Vec::new();
        Record::encode_into(&mut record, 7, 6, SignalKind::Logs, UnixNanos(5), b"abc");
        assert_eq!(
            hex(&record),
            "f552454303000000fd50df1307000000000000000600000000000000050000000000000003000000616263"
        );
    }

    proptest! {
        #[test]
        fn headers_survive_and_any_changed_bit_is_noticed(
            lsn in any::<u64>(),
            committed_lsn in any::<u64>(),
            received in any::<u64>(),
            payload in prop::collection::vec(any::<u8>(), 0..64),
            flip in any::<prop::sample::Index>(),
        ) {
            let mut bytes = Vec::new();
            Record::encode_into(&mut bytes, lsn, committed_lsn, SignalKind::Metrics, UnixNanos(received), &payload);
            let read = RecordHeader::decode(&bytes).unwrap();
            prop_assert_eq!((read.lsn, read.committed_lsn, read.received), (lsn, committed_lsn, UnixNanos(received)));
            prop_assert_eq!(read.payload_bytes as usize, payload.len());
            prop_assert!(read.is_intact(&bytes, &payload));

            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let payload = &bytes[RECORD_HEADER_BYTES..];
            prop_assert!(RecordHeader::decode(&bytes).is_none_or(|read| !read.is_intact(&bytes, payload)));

            let header = FileHeader { version: VERSION, first_lsn: lsn, opened_lsn: committed_lsn, created: UnixNanos(received) };
            let mut encoded = header.encode();
            prop_assert_eq!(FileHeader::decode(&encoded), Some(header));
            let bit = flip.index(encoded.len() * 8);
            encoded[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(FileHeader::decode(&encoded), None);
        }
    }
}
