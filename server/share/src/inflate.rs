//! gzip and zstd, counted while they come out: a length that the input claims is never believed.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use crate::limits::{INFLATE_FREE_BYTES, INFLATE_RATIO, ZSTD_WINDOW_LOG_MAX};

/// A compression that is known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952, also of several members.
    Gzip,
    /// RFC 8878, also of several frames.
    Zstd,
}

impl Compression {
    /// Recognises compressed data by its magic number.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0x1f, 0x8b, 8]) {
            Some(Self::Gzip)
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Self::Zstd)
        } else {
            None
        }
    }

    /// Returns the name for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Returns a reader of the decompressed bytes, which fails at more than `limit_bytes` and at a bomb's ratio.
    ///
    /// # Errors
    /// zstd cannot be set up.
    pub fn reader<'a>(self, source: impl Read + 'a, limit_bytes: u64) -> io::Result<Box<dyn Read + 'a>> {
        let taken = Rc::new(Cell::new(0));
        let source = Counted { source, taken: Rc::clone(&taken) };
        let inner: Box<dyn Read + 'a> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(source)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(source)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        };
        Ok(Box::new(Guarded::new(inner, taken, limit_bytes)))
    }
}

/// Compressed bytes that know how many of them were taken; decoders read ahead by at most their buffer.
#[derive(Debug)]
pub(crate) struct Counted<R> {
    pub(crate) source: R,
    pub(crate) taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// Decompressed bytes that end with an error at a limit or at a ratio that only bombs have.
pub(crate) struct Guarded<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
    given: u64,
    limit_bytes: u64,
}

impl<R> Guarded<R> {
    /// Watches `inner`, whose compressed bytes are counted in `taken`.
    pub(crate) fn new(inner: R, taken: Rc<Cell<u64>>, limit_bytes: u64) -> Self {
        Self { inner, taken, given: 0, limit_bytes }
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.given += read as u64;
        if self.given > self.limit_bytes {
            return Err(refused(format!("it decompresses to more than {} MiB", self.limit_bytes >> 20)));
        }
        if self.given > INFLATE_FREE_BYTES && self.given / INFLATE_RATIO > self.taken.get() {
            return Err(refused(format!("it decompresses to more than {INFLATE_RATIO} times its size")));
        }
        Ok(read)
    }
}

fn refused(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(bytes: &[u8], limit: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Compression::of(bytes).expect("a known magic").reader(bytes, limit)?.read_to_end(&mut out)?;
        Ok(out)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// Scenario: two members or frames one after the other. Guarantees: what went in comes out, at exactly the limit.
        #[test]
        fn what_went_in_comes_out(head in prop::collection::vec(any::<u8>(), 0..50_000), tail in prop::collection::vec(any::<u8>(), 0..500)) {
            let whole = [head.clone(), tail.clone()].concat();
            let limit = whole.len() as u64;
            prop_assert_eq!(inflate(&[gzip(&head), gzip(&tail)].concat(), limit).unwrap(), &whole[..]);
            let frames = [zstd::encode_all(&head[..], 1).unwrap(), zstd::encode_all(&tail[..], 1).unwrap()].concat();
            prop_assert_eq!(inflate(&frames, limit).unwrap(), &whole[..]);
            if limit > 0 {
                prop_assert!(inflate(&gzip(&whole), limit - 1).is_err());
            }
        }
    }

    /// Scenario: 12 MiB of zeros. Guarantees: refused by its ratio, and by a limit below it, without holding it.
    #[test]
    fn bombs_are_refused() {
        let zeros = vec![0_u8; 12 << 20];
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&zeros).unwrap();
        for bomb in [encoder.finish().unwrap(), zstd::encode_all(&zeros[..], 1).unwrap()] {
            let error = inflate(&bomb, u64::MAX).map(|out| out.len()).unwrap_err();
            assert!(error.to_string().contains("times its size"), "{error}");
            let error = inflate(&bomb, 1 << 20).map(|out| out.len()).unwrap_err();
            assert!(error.to_string().contains("more than 1 MiB"), "{error}");
        }
    }
}
