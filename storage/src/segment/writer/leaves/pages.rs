//! One column of a row group: pages as they are filled, and what the footer says of them.

use std::io::{Chain, Cursor, Write};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::bits::Levels;

/// A column in a list of structs.
pub(super) struct Leaf {
    column: ColumnDescPtr,
    compression: Compression,
    page_rows_max: usize,
    page_bytes_max: usize,
    pub(super) dictionary_bytes_max: usize,
    repetition: Levels,
    pub(super) definition: Levels,
    /// Values of the page at hand, encoded.
    pub(super) values: Vec<u8>,
    page_rows: usize,
    pages: TrackedWrite<Vec<u8>>,
    index: Vec<PageEntry>,
    rows: usize,
    levels: usize,
    uncompressed_bytes: usize,
    encodings: Vec<Encoding>,
}

/// A finished page.
#[derive(Debug, Clone, Copy)]
struct PageEntry {
    offset: u64,
    bytes: usize,
    rows: usize,
}

/// A compressor for all columns; making one costs more than a page.
#[derive(Default)]
pub(super) struct Zip {
    compressor: Option<(i32, Compressor<'static>)>,
    page: Vec<u8>,
    compressed: Vec<u8>,
}

impl Leaf {
    pub(super) fn new(column: &ColumnDescPtr, properties: &WriterPropertiesPtr) -> Self {
        let path = column.path();
        Self {
            compression: properties.compression(path),
            page_rows_max: properties.data_page_row_count_limit(),
            page_bytes_max: properties.column_data_page_size_limit(path),
            dictionary_bytes_max: properties.column_dictionary_page_size_limit(path),
            repetition: Levels::new(1),
            definition: Levels::new(if column.max_def_level() > 1 { 2 } else { 1 }),
            values: Vec::new(),
            page_rows: 0,
            pages: TrackedWrite::new(Vec::new()),
            index: Vec::new(),
            rows: 0,
            levels: 0,
            uncompressed_bytes: 0,
            encodings: vec![Encoding::RLE],
            column: ColumnDescPtr::clone(column),
        }
    }

    /// Begins a row of so many items; definition levels and values follow.
    #[inline]
    pub(super) fn begin_row(&mut self, items: usize) {
        self.repetition.push_row(items);
        self.page_rows += 1;
    }

    /// Tells whether the page is to end, given the bytes of its values.
    #[inline]
    pub(super) fn is_page_full(&self, bytes: usize) -> bool {
        self.page_rows >= self.page_rows_max || bytes >= self.page_bytes_max
    }

    pub(super) const fn is_page_empty(&self) -> bool {
        self.page_rows == 0
    }

    /// Returns about how many bytes the column has so far.
    pub(super) fn bytes(&self) -> usize {
        self.pages.bytes_written() + self.values.len()
    }

    /// Writes the page at hand, when it has rows.
    pub(super) fn end_page(&mut self, encoding: Encoding, zip: &mut Zip) -> Result<()> {
        if self.page_rows == 0 {
            return Ok(());
        }
        let levels = self.repetition.len();
        zip.page.clear();
        self.repetition.finish(&mut zip.page);
        self.definition.finish(&mut zip.page);
        zip.page.append(&mut self.values);
        let uncompressed = zip.page.len();
        let page = Page::DataPage {
            buf: zip.compress(self.compression)?,
            num_values: count(levels)?,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let written = SerializedPageWriter::new(&mut self.pages).write_page(CompressedPage::new(page, uncompressed))?;
        self.uncompressed_bytes += written.uncompressed_size;
        self.index.push(PageEntry { offset: written.offset, bytes: written.compressed_size, rows: self.page_rows });
        self.levels += levels;
        self.rows += self.page_rows;
        self.page_rows = 0;
        if !self.encodings.contains(&encoding) {
            self.encodings.push(encoding);
        }
        Ok(())
    }

    /// Ends the column and appends it to its row group. `dictionary`: how many values it has, and these in plain encoding.
    pub(super) fn finish<W: Write + Send>(
        mut self,
        encoding: Encoding,
        dictionary: Option<(usize, Vec<u8>)>,
        zip: &mut Zip,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        self.end_page(encoding, zip)?;
        let first = self.dictionary_page(dictionary, zip)?;
        let start = first.as_ref().map_or(0, Vec::len);
        let mut offsets = OffsetIndexBuilder::new();
        for page in &self.index {
            offsets.append_row_count(page.rows as i64);
            let bytes = i32::try_from(page.bytes).map_err(|error| ParquetError::General(error.to_string()))?;
            offsets.append_offset_and_size((start as u64 + page.offset).cast_signed(), bytes);
        }
        let bytes = start + self.pages.bytes_written();
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(self.compression)
            .set_encodings(self.encodings)
            .set_num_values(self.levels as i64)
            .set_total_compressed_size(bytes as i64)
            .set_total_uncompressed_size(self.uncompressed_bytes as i64)
            .set_data_page_offset(start as i64)
            .set_dictionary_page_offset(first.is_some().then_some(0))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(offsets.build()),
        };
        let chunk = Chunk { dictionary: first.unwrap_or_default().into(), pages: self.pages.into_inner()?.into() };
        group.append_column(&chunk, close)
    }

    fn dictionary_page(&mut self, dictionary: Option<(usize, Vec<u8>)>, zip: &mut Zip) -> Result<Option<Vec<u8>>> {
        let Some((values, plain)) = dictionary else { return Ok(None) };
        zip.page = plain;
        let uncompressed = zip.page.len();
        let page = Page::DictionaryPage {
            buf: zip.compress(self.compression)?,
            num_values: count(values)?,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let mut out = TrackedWrite::new(Vec::new());
        let written = SerializedPageWriter::new(&mut out).write_page(CompressedPage::new(page, uncompressed))?;
        self.uncompressed_bytes += written.uncompressed_size;
        self.encodings.push(Encoding::PLAIN);
        out.into_inner().map(Some)
    }
}

fn count(values: usize) -> Result<u32> {
    u32::try_from(values).map_err(|error| ParquetError::General(error.to_string()))
}

impl Zip {
    /// Returns the page at hand, compressed.
    fn compress(&mut self, compression: Compression) -> Result<Bytes> {
        let level = match compression {
            Compression::UNCOMPRESSED => return Ok(Bytes::copy_from_slice(&self.page)),
            Compression::ZSTD(level) => level.compression_level(),
            other => return Err(ParquetError::General(format!("pages are not compressed with {other}"))),
        };
        if self.compressor.as_ref().is_none_or(|(of, _)| *of != level) {
            self.compressor = Some((level, Compressor::new(level)?));
        }
        let Some((_, compressor)) = &mut self.compressor else {
            return Err(ParquetError::General("no compressor".into()));
        };
        self.compressed.clear();
        self.compressed.reserve(compress_bound(self.page.len()));
        compressor.compress_to_buffer(&self.page, &mut self.compressed)?;
        Ok(Bytes::copy_from_slice(&self.compressed))
    }
}

/// A finished column: the dictionary's page, which is known last, stands first.
struct Chunk {
    dictionary: Bytes,
    pages: Bytes,
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        (self.dictionary.len() + self.pages.len()) as u64
    }
}

impl ChunkReader for Chunk {
    type T = Chain<Cursor<Bytes>, Cursor<Bytes>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let dictionary = self.dictionary.len() as u64;
        let mut parts = (Cursor::new(self.dictionary.clone()), Cursor::new(self.pages.clone()));
        parts.0.set_position(start.min(dictionary));
        parts.1.set_position(start.saturating_sub(dictionary));
        Ok(std::io::Read::chain(parts.0, parts.1))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = vec![0; length];
        std::io::Read::read_exact(&mut self.get_read(start)?, &mut bytes)?;
        Ok(bytes.into())
    }
}
