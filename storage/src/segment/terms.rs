//! Which pages of a segment may hold a value: filters over attribute values and span ids, one a page of rows; of log records that have
//! no index yet also over the words of bodies and over trace ids.
//!
//! An id-like value (an order number, a device's serial) stands in one or two pages of millions; the filters name these
//! and perhaps one page in 400 more, so that a look-up reads a few pages instead of all attributes. Values that are
//! everywhere cost next to nothing here and narrow nothing. The layout is in `storage/FORMAT.md`.
//!
//! [`visit`] says what the values of a row are, for the builder here and for whoever looks at the rows afterwards: the two
//! cannot disagree.

use std::fs::File;
use std::ops::{ControlFlow, Range};
use std::os::unix::fs::FileExt;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::attributes::{AttributeRows, part};
use super::bloom::{BLOCK_BYTES, Block, place, read_block};
use super::trace_rows::column;
use crate::error::Error;
use crate::limits::{TERM_BUNDLE_PAGES, TERM_PAGE_ROWS};
use crate::schema::{Table, col};
use crate::text::for_each_token;

pub mod visit;

/// First bytes of the file.
const MAGIC: [u8; 8] = *b"telltTRM";
/// Version of the file.
const VERSION: u32 = 1;
/// Bytes before the first bundle.
const HEADER_BYTES: u64 = 16;
/// Bytes of a bundle's entry in the directory.
const ENTRY_BYTES: usize = 16;
/// Bits of a filter for each distinct term: a wrong page in about 400.
const BITS_PER_TERM: usize = 14;
/// Slots that remember the last terms of a page, so that those that repeat cost no memory.
const SEEN_SLOTS: usize = 4_096;

/// What a term is; the numbers are hash seeds on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The text of an attribute's value.
    Value = 1,
    /// The 8 bytes of a span id.
    Span = 2,
    /// A word of a log record's body, as [`crate::text`] cuts it; segments without a log index.
    Word = 3,
    /// The 16 bytes of a log record's trace id; segments without a log index.
    Trace = 4,
}

fn hash(kind: Kind, term: &[u8]) -> u64 {
    xxh3_64_with_seed(term, kind as u64)
}

/// Builds the file while a segment's rows come.
#[derive(Debug)]
pub(crate) struct TermsBuilder {
    table: Table,
    /// Whether words and trace ids are terms, too.
    has_words: bool,
    out: Vec<u8>,
    directory: Vec<u8>,
    /// Terms of the finished pages of the bundle, each sorted and once.
    pages: Vec<Vec<u64>>,
    page: Page,
}

/// The page that is being filled.
#[derive(Debug)]
struct Page {
    rows: usize,
    terms: Vec<u64>,
    seen: Vec<u64>,
}

impl Page {
    fn add(&mut self, kind: Kind, term: &[u8]) {
        let term = hash(kind, term);
        let slot = usize::try_from(term).unwrap_or(0) % SEEN_SLOTS;
        if let Some(seen) = self.seen.get_mut(slot).filter(|seen| **seen != term) {
            *seen = term;
            self.terms.push(term);
        }
    }

    /// Adds the words of bodies, and trace ids.
    fn add_words(&mut self, batch: &RecordBatch, rows: Range<usize>) -> Result<(), Error> {
        let bodies = column(batch, col::BODY, AsArray::as_string_opt::<i32>)?;
        let ids = column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?;
        for row in rows {
            if bodies.is_valid(row) {
                for_each_token(bodies.value(row), |word| {
                    self.add(Kind::Word, word.as_bytes());
                    ControlFlow::Continue(())
                });
            }
            if ids.is_valid(row) {
                self.add(Kind::Trace, ids.value(row));
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Vec<u64> {
        self.rows = 0;
        self.seen.fill(0);
        let mut terms = std::mem::take(&mut self.terms);
        terms.sort_unstable();
        terms.dedup();
        terms
    }
}

impl TermsBuilder {
    /// `has_words`: for log records that get no log index.
    pub(crate) fn new(table: Table, has_words: bool) -> Self {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&u32::try_from(TERM_PAGE_ROWS).unwrap_or(u32::MAX).to_le_bytes());
        let page = Page { rows: 0, terms: Vec::new(), seen: vec![0; SEEN_SLOTS] };
        Self { table, has_words, out, directory: Vec::new(), pages: Vec::new(), page }
    }

    /// Adds rows, in the segment's order. Their attributes are those of `attributes`.
    pub(crate) fn push(&mut self, batch: &RecordBatch, attributes: &[AttributeRows<'_>]) -> Result<(), Error> {
        let values = visit::Values::beside_attributes(self.table, batch)?;
        let spans = batch.column_by_name(col::SPAN_ID).and_then(|array| array.as_fixed_size_binary_opt());
        let mut start = 0;
        while start < batch.num_rows() {
            let end = batch.num_rows().min(start + TERM_PAGE_ROWS - self.page.rows);
            let page = &mut self.page;
            for part in part(attributes, start..end) {
                for row in part.rows.clone() {
                    let before = row.checked_sub(1).filter(|before| *before >= part.rows.start);
                    visit::visit_new_attributes(part.list, row, before, |value| page.add(Kind::Value, value));
                }
            }
            values.visit_rows(start..end, |_, _, _, value| page.add(Kind::Value, value));
            values.visit_envelopes(start..end, |_, _, _, value| page.add(Kind::Value, value));
            for span in spans
                .iter()
                .flat_map(|spans| (start..end).filter(|row| spans.is_valid(*row)).map(|row| spans.value(row)))
            {
                page.add(Kind::Span, span);
            }
            if self.has_words {
                page.add_words(batch, start..end)?;
            }
            page.rows += end - start;
            if page.rows >= TERM_PAGE_ROWS {
                let terms = page.take();
                self.pages.push(terms);
                if self.pages.len() >= TERM_BUNDLE_PAGES {
                    self.end_bundle();
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Writes the filters of the pages so far: as many blocks for each, the first block of all pages first.
    fn end_bundle(&mut self) {
        let pages = std::mem::take(&mut self.pages);
        let most = pages.iter().map(Vec::len).max().unwrap_or(0);
        let blocks = (most * BITS_PER_TERM).div_ceil(BLOCK_BYTES * 8).max(1);
        let mut filters: Vec<Block> = vec![Block::default(); blocks * pages.len()];
        for (page, terms) in pages.iter().enumerate() {
            for term in terms {
                let (block, mask) = place(*term, blocks);
                if let Some(words) = filters.get_mut(block * pages.len() + page) {
                    words.iter_mut().zip(mask).for_each(|(word, bit)| *word |= bit);
                }
            }
        }
        self.directory.extend_from_slice(&(self.out.len() as u64).to_le_bytes());
        self.directory.extend_from_slice(&u32::try_from(pages.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.directory.extend_from_slice(&u32::try_from(blocks).unwrap_or(u32::MAX).to_le_bytes());
        self.out.extend(filters.into_iter().flatten().flat_map(u32::to_le_bytes));
    }

    /// Returns the memory taken so far, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let terms: usize = self.pages.iter().map(Vec::len).sum();
        self.out.len() + (terms + self.page.terms.len()) * size_of::<u64>()
    }

    /// Returns the bytes of the file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.page.rows > 0 {
            let terms = self.page.take();
            self.pages.push(terms);
        }
        if !self.pages.is_empty() {
            self.end_bundle();
        }
        let bundles = u32::try_from(self.directory.len() / ENTRY_BYTES).unwrap_or(u32::MAX);
        self.directory.extend_from_slice(&bundles.to_le_bytes());
        self.directory.extend_from_slice(&crc32c::crc32c(&self.directory).to_le_bytes());
        self.out.extend_from_slice(&self.directory);
        self.out
    }
}

/// The file of a segment, open for questions; its directory is in memory, filters are read as they are asked.
#[derive(Debug)]
pub(crate) struct Terms {
    file: File,
    rows: u64,
    page_rows: u64,
    bundles: Vec<Bundle>,
}

#[derive(Debug, Clone, Copy)]
struct Bundle {
    offset: u64,
    pages: u32,
    blocks: u32,
}

impl Bundle {
    /// Returns the offset behind its filters; `None` when it has none or there is no such offset.
    fn end(&self) -> Option<u64> {
        let bytes = u64::from(self.pages).checked_mul(u64::from(self.blocks))?.checked_mul(BLOCK_BYTES as u64)?;
        self.offset.checked_add(bytes).filter(|_| self.pages > 0 && self.blocks > 0)
    }
}

impl Terms {
    /// Takes the open file of a segment of so many rows; `path` names it in errors.
    pub(crate) fn open(file: File, path: &Path, rows: u64) -> Result<Self, Error> {
        let damaged = |what: &str| Error::corrupt(path, what);
        let failed = |error: std::io::Error| Error::corrupt(path, error);
        let bytes = file.metadata().map_err(failed)?.len();
        let mut header = [0; 16];
        file.read_exact_at(&mut header, 0).map_err(failed)?;
        let ([magic, _], [_, _, version, page_rows]) = (header.as_chunks::<8>().0, header.as_chunks::<4>().0) else {
            return Err(damaged("too short"));
        };
        if *magic != MAGIC {
            return Err(damaged("not a file of terms"));
        }
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            let (found, supported) = (u64::from(version), u64::from(VERSION));
            return Err(Error::Newer { what: "the index of values", path: path.to_path_buf(), found, supported });
        }
        let page_rows = u64::from(u32::from_le_bytes(*page_rows)).max(1);
        let mut trailer = [0; 8];
        file.read_exact_at(&mut trailer, bytes.saturating_sub(8)).map_err(failed)?;
        let [count, crc] = trailer.as_chunks::<4>().0 else { return Err(damaged("too short")) };
        let length = usize::try_from(u32::from_le_bytes(*count)).unwrap_or(usize::MAX).saturating_mul(ENTRY_BYTES);
        let start =
            bytes.checked_sub(8).and_then(|end| end.checked_sub(length as u64)).filter(|at| *at >= HEADER_BYTES);
        let start = start.ok_or_else(|| damaged("its directory is damaged"))?;
        let mut directory = vec![0; length];
        file.read_exact_at(&mut directory, start).map_err(failed)?;
        if crc32c::crc32c_append(crc32c::crc32c(&directory), count) != u32::from_le_bytes(*crc) {
            return Err(damaged("the checksum of its directory is wrong"));
        }
        let bundles: Vec<Bundle> = directory.as_chunks::<ENTRY_BYTES>().0.iter().filter_map(bundle).collect();
        if !bundles.iter().all(|bundle| bundle.end().is_some_and(|end| end <= start)) {
            return Err(damaged("its directory names what is not there"));
        }
        let pages: u64 = bundles.iter().map(|bundle| u64::from(bundle.pages)).sum();
        if pages != rows.div_ceil(page_rows) {
            return Err(damaged(&format!("{pages} pages for {rows} rows")));
        }
        Ok(Self { file, rows, page_rows, bundles })
    }

    /// Returns the rows, as ascending ranges, that may hold a term.
    pub(crate) fn rows_of(&self, kind: Kind, term: &[u8]) -> std::io::Result<Vec<Range<u64>>> {
        let term = hash(kind, term);
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut first = 0;
        for bundle in &self.bundles {
            let (block, mask) = place(term, bundle.blocks as usize);
            let stride = bundle.pages as usize * BLOCK_BYTES;
            let mut buffer = vec![0; stride];
            self.file.read_exact_at(&mut buffer, bundle.offset + (block * stride) as u64)?;
            for (page, bytes) in (first..).zip(buffer.as_chunks::<BLOCK_BYTES>().0) {
                if read_block(bytes).iter().zip(mask).all(|(word, bit)| word & bit != 0) {
                    let rows = page * self.page_rows..((page + 1) * self.page_rows).min(self.rows);
                    match found.last_mut() {
                        Some(last) if last.end == rows.start => last.end = rows.end,
                        _ => found.push(rows),
                    }
                }
            }
            first += u64::from(bundle.pages);
        }
        Ok(found)
    }
}

fn bundle(entry: &[u8; ENTRY_BYTES]) -> Option<Bundle> {
    let (offset, rest) = entry.split_first_chunk::<8>()?;
    let (pages, rest) = rest.split_first_chunk::<4>()?;
    let (blocks, _) = rest.split_first_chunk::<4>()?;
    let (pages, blocks) = (u32::from_le_bytes(*pages), u32::from_le_bytes(*blocks));
    Some(Bundle { offset: u64::from_le_bytes(*offset), pages, blocks })
}

#[cfg(test)]
mod tests;
