//! Reads rows of a segment's Parquet files by their numbers: only the pages that hold them, without any planning.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetStatisticsPolicy};
use parquet::file::reader::{ChunkReader, Length};

use crate::error::Error;
use crate::limits::METADATA_CACHE_BYTES;
use crate::schema::col;
use crate::segment::Segment;
use crate::segment::guarded::guarded;
use crate::segment::promoted::{ORDER, Promoted};

/// Rows of a batch that a read returns.
pub(crate) const BATCH_ROWS: usize = 8_192;

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

/// What a file says of itself.
#[derive(Debug, Clone)]
pub(crate) struct FileMetadata {
    arrow: ArrowReaderMetadata,
    /// Attributes with columns of their own.
    promoted: Option<Arc<Promoted>>,
}

impl FileMetadata {
    pub(crate) fn metadata(&self) -> &Arc<ParquetMetaData> {
        self.arrow.metadata()
    }

    /// Returns the bytes of rows beyond what the file says: those of values that stand in a dictionary once.
    pub(crate) fn promoted_bytes(&self) -> u64 {
        self.promoted.as_ref().map_or(0, |promoted| promoted.value_bytes())
    }
}

/// How much of a file's metadata is in memory: the greater holds what the smaller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Detail {
    /// Where row groups and pages lie: what reading rows by their numbers takes.
    Places,
    /// Also what values they have, which queries leave out pages by: about half as much again.
    Values,
}

impl Detail {
    fn options(self) -> ArrowReaderOptions {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        match self {
            Self::Values => options,
            Self::Places => options
                .with_column_index_policy(PageIndexPolicy::Skip)
                .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
                .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
                .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll),
        }
    }
}

/// Loads a file's metadata with its page index; `path` names the file in errors.
pub(crate) fn load_metadata(file: &PositionedFile, path: &Path, detail: Detail) -> Result<FileMetadata, Error> {
    let options = detail.options();
    let loaded = guarded(|| ArrowReaderMetadata::load(file, options)).map_err(|why| Error::corrupt(path, why))?;
    let arrow = loaded.map_err(|error| Error::corrupt(path, error))?;
    let promoted = Promoted::of_notes(arrow.metadata().file_metadata().key_value_metadata());
    let promoted = promoted.map_err(|error| Error::corrupt(path, error))?.map(Arc::new);
    Ok(FileMetadata { arrow, promoted })
}

/// Reads the named columns (all when `None`) of the row ranges (all when `None`).
pub(crate) fn read_rows(
    file: PositionedFile,
    path: &Path,
    metadata: FileMetadata,
    columns: Option<&[&str]>,
    ranges: Option<&[Range<u64>]>,
) -> Result<Vec<RecordBatch>, Error> {
    let rows = rows(file, path, metadata, (columns, ranges), BATCH_ROWS)?;
    rows.collect::<Result<_, _>>().map_err(|error| Error::corrupt(path, error))
}

/// Returns a batch of the file as one of the table.
fn restored(batch: RecordBatch, promoted: Option<&Promoted>) -> Result<RecordBatch, ArrowError> {
    match promoted {
        Some(promoted) => promoted.restore_batch(&batch),
        None => Ok(batch),
    }
}

/// Returns a reader over the named columns (all when `None`) of the row ranges (all when `None`), with at most so many rows a batch.
pub(crate) fn rows(
    file: PositionedFile,
    path: &Path,
    metadata: FileMetadata,
    (columns, ranges): (Option<&[&str]>, Option<&[Range<u64>]>),
    batch_rows: usize,
) -> Result<FileRows, Error> {
    let projection = projection(&metadata, columns)?;
    let FileMetadata { arrow, promoted } = metadata;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, arrow).with_projection(projection);
    let mut expected = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    if let Some(ranges) = ranges {
        let (row_groups, ranges, total) = within_row_groups(&builder, ranges);
        expected = ranges.iter().map(ExactSizeIterator::len).sum();
        builder = builder
            .with_row_groups(row_groups)
            .with_row_selection(RowSelection::from_consecutive_ranges(ranges.into_iter(), total));
    }
    let builder = builder.with_batch_size(expected.clamp(1, batch_rows.max(1)));
    let reader = guarded(|| builder.build()).map_err(|why| Error::corrupt(path, why))?;
    Ok(FileRows { reader: Some(reader.map_err(|error| Error::corrupt(path, error))?), promoted })
}

/// The rows of a file, batch by batch.
#[derive(Debug)]
pub(crate) struct FileRows {
    /// None when it failed: what is half read is not read on.
    reader: Option<ParquetRecordBatchReader>,
    promoted: Option<Arc<Promoted>>,
}

impl Iterator for FileRows {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        match guarded(|| reader.next()) {
            Ok(batch) => Some(batch?.and_then(|batch| restored(batch, self.promoted.as_deref()))),
            Err(why) => {
                self.reader = None;
                Some(Err(ArrowError::ParquetError(why.to_string())))
            }
        }
    }
}

/// Rows of a segment, batch by batch, in the order of the file.
#[derive(Debug)]
pub struct RowStream {
    segment: Arc<Segment>,
    rows: FileRows,
}

impl RowStream {
    pub(crate) const fn new(segment: Arc<Segment>, rows: FileRows) -> Self {
        Self { segment, rows }
    }

    /// Returns the next rows; `None` at the end.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file; the segment is then left out of every snapshot's `segments`.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let next = self.rows.next().transpose();
        self.segment.noting(next.map_err(|error| Error::corrupt(self.segment.data_path(), error)))
    }
}

fn projection(metadata: &FileMetadata, columns: Option<&[&str]>) -> Result<ProjectionMask, Error> {
    let Some(columns) = columns else { return Ok(ProjectionMask::all()) };
    let place = |name: &str| metadata.arrow.schema().index_of(name);
    let mut places = columns.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;
    if let Some(promoted) = metadata.promoted.as_ref().filter(|_| columns.contains(&col::ATTRIBUTES)) {
        places.push(place(ORDER)?);
        for column in promoted.columns() {
            places.push(place(&column.name())?);
        }
    }
    Ok(ProjectionMask::roots(metadata.arrow.parquet_schema(), places))
}

/// Returns the row groups that hold the ascending ranges, the ranges counted in those alone, and their rows in all.
fn within_row_groups(
    builder: &ParquetRecordBatchReaderBuilder<PositionedFile>,
    ranges: &[Range<u64>],
) -> (Vec<usize>, Vec<Range<usize>>, usize) {
    let (mut groups, mut inside, mut total) = (Vec::new(), Vec::new(), 0);
    let (mut group_start, mut rest) = (0, ranges);
    for (index, group) in builder.metadata().row_groups().iter().enumerate() {
        let group_rows = u64::try_from(group.num_rows()).unwrap_or(0);
        let group_end = group_start + group_rows;
        // A range that goes on beyond the group is looked at again in the next.
        rest = rest.get(rest.partition_point(|range| range.end <= group_start)..).unwrap_or_default();
        let before = inside.len();
        for range in rest.iter().take_while(|range| range.start < group_end) {
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

/// Metadata of recently read files, each in one detail; the least recently used goes first.
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
    metadata: FileMetadata,
    detail: Detail,
    bytes: usize,
    used: u64,
}

impl MetadataCache {
    /// Returns a file's metadata in this detail or a greater one, from memory or by `load`.
    pub(crate) fn get(
        &self,
        key: CacheKey,
        detail: Detail,
        load: impl FnOnce() -> Result<FileMetadata, Error>,
    ) -> Result<FileMetadata, Error> {
        if let Some(metadata) = self.touch(key, detail) {
            return Ok(metadata);
        }
        let metadata = load()?;
        let bytes = metadata.metadata().memory_size();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Two that ask at once load twice; the greater detail stays.
        if state.touch(key, detail).is_none() {
            let entry = CacheEntry { metadata: metadata.clone(), detail, bytes, used: state.tick };
            state.bytes += bytes;
            if let Some(replaced) = state.entries.insert(key, entry) {
                state.bytes -= replaced.bytes;
            }
            state.evict(METADATA_CACHE_BYTES);
        }
        Ok(metadata)
    }

    /// Forgets what is known of a segment's files.
    pub(crate) fn forget(&self, segment_id: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: usize = state.entries.extract_if(|key, _| key.0 == segment_id).map(|(_, entry)| entry.bytes).sum();
        state.bytes -= gone;
    }

    /// Lets go of what was used least recently until so many bytes are held at most.
    pub(crate) fn shrink(&self, bytes_max: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).evict(bytes_max);
    }

    /// Returns the bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    fn touch(&self, key: CacheKey, detail: Detail) -> Option<FileMetadata> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).touch(key, detail)
    }
}

impl CacheState {
    fn touch(&mut self, key: CacheKey, detail: Detail) -> Option<FileMetadata> {
        self.tick += 1;
        let tick = self.tick;
        let entry = self.entries.get_mut(&key).filter(|entry| entry.detail >= detail)?;
        entry.used = tick;
        Some(entry.metadata.clone())
    }

    fn evict(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max && self.entries.len() > 1 {
            let Some(key) = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key) else { break };
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes -= entry.bytes;
            }
        }
    }
}
