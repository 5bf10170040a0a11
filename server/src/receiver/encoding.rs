//! Decompression with limits: what comes out is counted while it comes out, and a length that the input claims is never
//! believed.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::admission::Grant;
use super::media::Encoding;
use super::refusal::Refusal;
use crate::limits::{INFLATE_FREE_BYTES, INFLATE_RATIO, INFLATE_STEP_BYTES, ZSTD_WINDOW_LOG_MAX};

/// Returns the decompressed body. Memory is taken from `grant` as the output grows.
///
/// # Errors
/// Too large (the limit or the ratio), malformed (not what the encoding says), or no memory.
pub async fn decompress(
    encoding: Encoding,
    body: Bytes,
    limit_bytes: usize,
    grant: &mut Grant,
) -> Result<Bytes, Refusal> {
    if encoding == Encoding::Identity {
        return Ok(body);
    }
    let compressed_bytes = body.len();
    let consumed = Arc::new(AtomicUsize::new(0));
    let source = Counted { bytes: body.reader(), consumed: Arc::clone(&consumed) };
    let broken =
        |error: std::io::Error| Refusal::malformed(format!("the {} does not decompress: {error}", name(encoding)));
    let mut reader = reader(encoding, source).map_err(broken)?;
    let step = u64::try_from(INFLATE_STEP_BYTES).unwrap_or(u64::MAX);
    let mut out = Vec::new();
    loop {
        make_room(&mut out, limit_bytes);
        let read = reader.by_ref().take(step).read_to_end(&mut out).map_err(broken)?;
        if read == 0 {
            return Ok(Bytes::from(out));
        }
        if out.len() > limit_bytes {
            return Err(Refusal::over_limit(limit_bytes));
        }
        // What was read so far counts, not the whole: a large bomb is as dense at its start as a small one.
        if out.len() > INFLATE_FREE_BYTES && out.len() / INFLATE_RATIO > consumed.load(Ordering::Relaxed) {
            return Err(Refusal::too_large(format!(
                "the {} decompresses to more than {INFLATE_RATIO} times its size; send smaller batches, or without \
                 compression",
                name(encoding)
            )));
        }
        // A gate between steps also lets other tasks of this worker run.
        grant.grow_to(compressed_bytes + out.len()).await?;
        tokio::task::consume_budget().await;
    }
}

/// Makes room for one step. Doubling ends at the limit: beyond it nothing is kept, and twice of it is a lot of memory.
fn make_room(out: &mut Vec<u8>, limit_bytes: usize) {
    let wanted = out.len() + INFLATE_STEP_BYTES;
    if wanted > out.capacity() {
        let doubled = (out.capacity() * 2).min(limit_bytes.saturating_add(INFLATE_STEP_BYTES)).max(wanted);
        out.reserve_exact(doubled - out.len());
    }
}

/// Returns the name for messages.
const fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Identity => "body",
        Encoding::Gzip => "gzip body",
        Encoding::Zstd => "zstd body",
        Encoding::Deflate => "deflate body",
    }
}

/// Compressed bytes that know how many of them were read; decoders read ahead by at most their buffer.
struct Counted {
    bytes: Reader<Bytes>,
    consumed: Arc<AtomicUsize>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(out)?;
        self.consumed.fetch_add(read, Ordering::Relaxed);
        Ok(read)
    }
}

/// Opens a reader of decompressed bytes.
fn reader(encoding: Encoding, source: Counted) -> std::io::Result<Box<dyn Read + Send>> {
    Ok(match encoding {
        Encoding::Identity => Box::new(source),
        Encoding::Gzip => Box::new(MultiGzDecoder::new(source)),
        Encoding::Deflate if is_zlib(source.bytes.get_ref()) => Box::new(ZlibDecoder::new(source)),
        Encoding::Deflate => Box::new(DeflateDecoder::new(source)),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(source)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
    })
}

/// Says whether deflate data has the zlib wrapper of RFC 1950: method 8, window up to 32 KiB, header divisible by 31.
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [first, second, ..] => {
            let header = u16::from_be_bytes([*first, *second]);
            first & 0x0f == 8 && first >> 4 <= 7 && header % 31 == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::super::admission::Admission;
    use super::super::refusal::Reason;
    use super::*;
    use crate::telemetry::Telemetry;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn run(encoding: Encoding, body: Vec<u8>, limit: usize) -> Result<Bytes, Refusal> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let admission = Admission::with_hold(256 << 20, Duration::from_millis(10), Arc::new(Telemetry::new()));
        let result = runtime.block_on(async {
            let mut grant = admission.begin();
            decompress(encoding, Bytes::from(body), limit, &mut grant).await
        });
        assert_eq!(admission.used_bytes(), 0, "memory is given back");
        result
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_encoding_gives_back_what_went_in(bytes in prop::collection::vec(any::<u8>(), 0..400_000), cut in any::<prop::sample::Index>()) {
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let two_members = [gzip(head), gzip(tail)].concat();
            prop_assert_eq!(run(Encoding::Gzip, two_members, usize::MAX).unwrap(), &bytes);
            let two_frames = [zstd::encode_all(head, 1).unwrap(), zstd::encode_all(tail, 1).unwrap()].concat();
            prop_assert_eq!(run(Encoding::Zstd, two_frames, usize::MAX).unwrap(), &bytes);
            let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
            zlib.write_all(&bytes).unwrap();
            prop_assert_eq!(run(Encoding::Deflate, zlib.finish().unwrap(), usize::MAX).unwrap(), &bytes);
            let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
            raw.write_all(&bytes).unwrap();
            prop_assert_eq!(run(Encoding::Deflate, raw.finish().unwrap(), usize::MAX).unwrap(), &bytes);
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_read_but_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Deflate] {
                if let Err(refusal) = run(encoding, bytes.clone(), 1 << 20) {
                    prop_assert!(matches!(refusal.reason, Reason::Malformed | Reason::TooLarge));
                }
            }
        }
    }

    /// Scenario: bombs of each kind, the output far beyond limit or ratio. Guarantees: 413, and the output stops there.
    #[test]
    fn bombs_are_refused_at_the_limit_and_at_the_ratio() {
        let zeros = vec![0_u8; 32 << 20];
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&zeros).unwrap();
        for (encoding, bomb) in [
            (Encoding::Gzip, encoder.finish().unwrap()),
            (Encoding::Zstd, zstd::encode_all(zeros.as_slice(), 1).unwrap()),
        ] {
            assert!(bomb.len() < 1 << 20);
            let by_ratio = run(encoding, bomb.clone(), 64 << 20).unwrap_err();
            assert_eq!(by_ratio.reason, Reason::TooLarge);
            assert!(by_ratio.message.contains("times"), "{}", by_ratio.message);
            let by_limit = run(encoding, bomb, 1 << 20).unwrap_err();
            assert_eq!(by_limit.reason, Reason::TooLarge);
            assert!(by_limit.message.contains("1 MiB"), "{}", by_limit.message);
        }
        let megabyte = vec![b'a'; 1 << 20];
        assert_eq!(run(Encoding::Gzip, gzip(&megabyte), 1 << 20).unwrap(), megabyte, "exactly at the limit");
        assert_eq!(
            run(Encoding::Gzip, gzip(&[&megabyte[..], b"a"].concat()), 1 << 20).unwrap_err().reason,
            Reason::TooLarge
        );
    }

    #[test]
    fn a_cut_stream_is_malformed_not_short() {
        let whole = gzip(&vec![7_u8; 100_000]);
        for keep in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
            let result = run(Encoding::Gzip, whole[..keep].to_vec(), 1 << 20);
            if keep == 0 {
                // No member at all is an empty body, as `cat /dev/null | gunzip` has it.
                assert!(result.is_err() || result.unwrap().is_empty());
            } else {
                assert_eq!(result.unwrap_err().reason, Reason::Malformed, "{keep}");
            }
        }
    }
}
