//! Reads rows of a segment's Parquet files by their numbers: only the pages that hold them, without any planning.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::Error;
use crate::limits::METADATA_CACHE_BYTES;
use crate::segment::Segment;

/// Rows of a batch that a read returns.
const BATCH_ROWS: usize = 8_192;

/// A file that is read at positions, so that readers do not share a cursor.
#[derive(Debug, Clone)]
pub(crate) struct PositionedFile {
    file: Arc<File>,
    bytes: u64,
}

/// A cursor over a [`PositionedFile`].
#[derive(Debug)]
pub(crate) struct Cursor {
    file: Arc<File>,
    offset: u64,
}

impl PositionedFile {
    pub(crate) fn of(file: File) -> std::io::Result<Self> {
        let bytes = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), bytes })
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for PositionedFile {
    type T = Cursor;

    fn get_read(&self, start: u64) -> ParquetResult<Cursor> {
        Ok(Cursor { file: Arc::clone(&self.file), offset: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        // A damaged footer must not make us allocate more than the file has.
        if start.saturating_add(length as u64) > self.bytes {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.bytes)));
        }
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, start)?;
        Ok(buffer.into())
    }
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Loads a file's metadata with its page index; `path` names the file in errors.
pub(crate) fn load_metadata(file: &PositionedFile, path: &Path) -> Result<ArrowReaderMetadata, Error> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    ArrowReaderMetadata::load(file, options).map_err(|error| Error::corrupt(path, error))
}

/// Reads the named columns (all when `None`) of the row ranges (all when `None`).
pub(crate) fn read_rows(
    file: PositionedFile,
    path: &Path,
    metadata: ArrowReaderMetadata,
    columns: Option<&[&str]>,
    rows: Option<&[Range<u64>]>,
) -> Result<Vec<RecordBatch>, Error> {
    let projection = projection(&metadata, columns)?;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_projection(projection);
    let mut expected = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    if let Some(ranges) = rows {
        let (row_groups, ranges, total) = within_row_groups(&builder, ranges);
        expected = ranges.iter().map(ExactSizeIterator::len).sum();
        builder = builder
            .with_row_groups(row_groups)
            .with_row_selection(RowSelection::from_consecutive_ranges(ranges.into_iter(), total));
    }
    let reader = builder.with_batch_size(expected.clamp(1, BATCH_ROWS)).build();
    let reader = reader.map_err(|error| Error::corrupt(path, error))?;
    reader.collect::<Result<_, _>>().map_err(|error| Error::corrupt(path, error))
}

/// Returns a reader over all rows.
pub(crate) fn stream(
    file: PositionedFile,
    path: &Path,
    metadata: ArrowReaderMetadata,
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader, Error> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_batch_size(batch_rows);
    builder.build().map_err(|error| Error::corrupt(path, error))
}

/// The rows of a segment, batch by batch.
#[derive(Debug)]
pub(crate) struct RowStream {
    segment: Arc<Segment>,
    reader: ParquetRecordBatchReader,
}

impl RowStream {
    pub(crate) const fn new(segment: Arc<Segment>, reader: ParquetRecordBatchReader) -> Self {
        Self { segment, reader }
    }

    /// Returns the next rows; `None` at the end. Damage takes the segment out of service.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let next = self.reader.next().transpose();
        self.segment.noting(next.map_err(|error| Error::corrupt(self.segment.data_path(), error)))
    }
}

fn projection(metadata: &ArrowReaderMetadata, columns: Option<&[&str]>) -> Result<ProjectionMask, Error> {
    let Some(columns) = columns else { return Ok(ProjectionMask::all()) };
    let places = columns.iter().map(|name| metadata.schema().index_of(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(ProjectionMask::roots(metadata.parquet_schema(), places))
}

/// Returns the row groups that hold the ranges, the ranges counted in those alone, and their rows in all.
fn within_row_groups(
    builder: &ParquetRecordBatchReaderBuilder<PositionedFile>,
    ranges: &[Range<u64>],
) -> (Vec<usize>, Vec<Range<usize>>, usize) {
    let (mut groups, mut inside, mut total) = (Vec::new(), Vec::new(), 0);
    let mut group_start = 0;
    for (index, group) in builder.metadata().row_groups().iter().enumerate() {
        let group_rows = u64::try_from(group.num_rows()).unwrap_or(0);
        let group_end = group_start + group_rows;
        let before = inside.len();
        for range in ranges {
            let (start, end) = (range.start.max(group_start), range.end.min(group_end));
            if start < end {
                let place = |row: u64| total + usize::try_from(row - group_start).unwrap_or(0);
                inside.push(place(start)..place(end));
            }
        }
        if inside.len() > before {
            groups.push(index);
            total += usize::try_from(group_rows).unwrap_or(0);
        }
        group_start = group_end;
    }
    (groups, inside, total)
}

/// Metadata of recently read files; the least recently used goes first.
#[derive(Debug, Default)]
pub(crate) struct MetadataCache {
    state: Mutex<CacheState>,
}

/// A file: the segment's id and which of its files.
pub(crate) type CacheKey = (u64, &'static str);

#[derive(Debug, Default)]
struct CacheState {
    entries: HashMap<CacheKey, CacheEntry>,
    bytes: usize,
    tick: u64,
}

#[derive(Debug)]
struct CacheEntry {
    metadata: ArrowReaderMetadata,
    bytes: usize,
    used: u64,
}

impl MetadataCache {
    /// Returns a file's metadata, from memory or by `load`.
    pub(crate) fn get(
        &self,
        key: CacheKey,
        load: impl FnOnce() -> Result<ArrowReaderMetadata, Error>,
    ) -> Result<ArrowReaderMetadata, Error> {
        if let Some(metadata) = self.touch(key) {
            return Ok(metadata);
        }
        let metadata = load()?;
        let bytes = metadata.metadata().memory_size();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tick += 1;
        let entry = CacheEntry { metadata: metadata.clone(), bytes, used: state.tick };
        state.bytes += bytes;
        if let Some(replaced) = state.entries.insert(key, entry) {
            state.bytes -= replaced.bytes;
        }
        state.evict(METADATA_CACHE_BYTES);
        Ok(metadata)
    }

    fn touch(&self, key: CacheKey) -> Option<ArrowReaderMetadata> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tick += 1;
        let tick = state.tick;
        let entry = state.entries.get_mut(&key)?;
        entry.used = tick;
        Some(entry.metadata.clone())
    }
}

impl CacheState {
    fn evict(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max && self.entries.len() > 1 {
            let Some(key) = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key) else { break };
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes -= entry.bytes;
            }
        }
    }
}
