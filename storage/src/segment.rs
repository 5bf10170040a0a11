//! Segments: immutable folders of Parquet with what finds rows in them.
//!
//! A segment holds the rows of one table and of a closed interval of WAL numbers, sorted. Beside the rows lie bloom
//! filters over ids, for spans one row a trace, for logs a full text index, and a manifest with every file's checksum.
//! Whatever is read for the first time is compared with the manifest; what differs takes the segment out of service
//! and names it in the status, while everything else goes on.
//!
//! Deliberately absent: anything that plans a query.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{TimestampNanosecondType, UInt64Type};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use telltale_model::TraceId;

use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::limits::METADATA_CACHE_BYTES_PRESSED;
use crate::remote::Remote;
use crate::schema::{Table, col};
use bloom::{Blooms, Key};
use manifest::Manifest;
use reader::{Detail, FileMetadata, MetadataCache};
use trace_rows::column;

pub(crate) mod attributes;
mod bloom;
mod files;
mod guarded;
mod layout;
mod log_index;
pub(crate) mod manifest;
mod possible_rows;
pub mod promoted;
mod reader;
mod series_rows;
pub(crate) mod sort;
pub mod terms;
mod trace_rows;
mod writer;

pub(crate) use files::Handles;
use log_index::ReadIndexes;
pub(crate) use log_index::awaits_log_index;
pub use log_index::{LogIndex, intersection};
pub use reader::RowStream;
pub use terms::visit::{ValueOrigin, Values};
pub use trace_rows::trace_rows_of;
pub(crate) use writer::{SegmentSpec, SegmentWriter, write_segment};

/// Where the rows of one trace lie in a span segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceRow {
    /// First row of the trace in the data file.
    pub row_start: u64,
    /// How many rows follow one another.
    pub row_count: u64,
    /// Start of the trace's earliest span here, in nanoseconds since the epoch.
    pub start_time_ns: i64,
    /// End of the trace's latest span here, in nanoseconds since the epoch.
    pub end_time_ns: i64,
}

/// What all segments share.
#[derive(Debug, Default)]
pub(crate) struct SegmentContext {
    cache: MetadataCache,
    read_indexes: ReadIndexes,
    /// The object store, when there is one.
    pub(crate) remote: Option<Arc<Remote>>,
    /// Damaged files, each with what was found.
    damage: Mutex<Vec<String>>,
}

impl SegmentContext {
    pub(crate) fn new(remote: Option<Arc<Remote>>) -> Self {
        Self { remote, ..Self::default() }
    }

    /// Notes damage, once.
    pub(crate) fn report(&self, damage: &str) {
        tracing::error!(damage, "damaged data");
        let mut all = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.iter().any(|known| known == damage) {
            all.push(damage.to_owned());
        }
    }

    /// Gives memory back that only makes look-ups faster.
    pub(crate) fn relieve(&self) {
        self.cache.shrink(METADATA_CACHE_BYTES_PRESSED);
    }

    /// Returns the bytes of Parquet metadata that are in memory.
    pub(crate) fn metadata_bytes(&self) -> u64 {
        self.cache.bytes() as u64
    }

    pub(crate) fn damage(&self) -> Vec<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An immutable unit of one table's rows on disk.
#[derive(Debug)]
pub struct Segment {
    entry: SegmentEntry,
    dir: PathBuf,
    data_path: PathBuf,
    context: Arc<SegmentContext>,
    damage: OnceLock<String>,
    manifest: OnceLock<Result<Manifest, Error>>,
    verified_data: OnceLock<Result<(), Error>>,
    verified_traces: OnceLock<Result<(), Error>>,
    verified_series: OnceLock<Result<(), Error>>,
    blooms: OnceLock<Blooms>,
    handles: Arc<Handles>,
    /// Where the object store has every file; not set as long as it has not.
    remote: OnceLock<String>,
    /// Held while a file comes from the store.
    fetching: Mutex<()>,
}

impl Segment {
    /// Returns the segment of a catalog entry. A missing folder is noted as damage; nothing is read yet.
    pub(crate) fn open(data_dir: &Path, entry: SegmentEntry, context: Arc<SegmentContext>) -> Self {
        Self::open_at(data_dir, entry, None, context)
    }

    /// Returns the segment of a catalog entry that may lie in the object store, at a URL; then nothing has to be on this disk.
    pub(crate) fn open_at(
        data_dir: &Path,
        entry: SegmentEntry,
        url: Option<String>,
        context: Arc<SegmentContext>,
    ) -> Self {
        let dir = data_dir.join(&entry.path);
        let data_path = dir.join(manifest::DATA);
        let segment = Self {
            entry,
            dir,
            data_path,
            context,
            damage: OnceLock::new(),
            manifest: OnceLock::new(),
            verified_data: OnceLock::new(),
            verified_traces: OnceLock::new(),
            verified_series: OnceLock::new(),
            blooms: OnceLock::new(),
            handles: Arc::default(),
            remote: url.map_or_else(OnceLock::new, OnceLock::from),
            fetching: Mutex::default(),
        };
        if segment.is_uploaded() {
            segment.cache_files();
        } else if let Err(error) = segment.data_path.metadata() {
            segment.take_out(&Error::corrupt(&segment.data_path, error));
        }
        segment
    }

    /// Returns what the catalog says of it.
    pub(crate) const fn entry(&self) -> &SegmentEntry {
        &self.entry
    }

    /// Returns its folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns all rows in the order of the file, batch by batch.
    pub(crate) fn stream(self: &Arc<Self>, batch_rows: usize) -> Result<RowStream, Error> {
        self.rows_of((None, None), batch_rows)
    }

    fn rows_of(
        self: &Arc<Self>,
        wanted: (Option<&[&str]>, Option<&[Range<u64>]>),
        batch_rows: usize,
    ) -> Result<RowStream, Error> {
        let metadata = self.reader_metadata(manifest::DATA, Detail::Places)?;
        let file = self.noting(self.open_parquet(manifest::DATA))?;
        let rows = self.noting(reader::rows(file, &self.data_path, metadata, wanted, batch_rows))?;
        Ok(RowStream::new(Arc::clone(self), rows))
    }

    /// Returns the columns that have no value in any row.
    pub(crate) fn empty_columns(&self) -> Result<BTreeSet<String>, Error> {
        Ok(layout::empty_columns(self.reader_metadata(manifest::DATA, Detail::Places)?.metadata()))
    }

    /// Returns about how many bytes all rows take in memory.
    pub(crate) fn memory_bytes(&self) -> Result<u64, Error> {
        let metadata = self.reader_metadata(manifest::DATA, Detail::Places)?;
        let bytes: i64 = metadata.metadata().row_groups().iter().map(RowGroupMetaData::total_byte_size).sum();
        Ok(bytes.cast_unsigned() + metadata.promoted_bytes())
    }

    /// Returns the number that names the segment; ids grow with time.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.entry.segment_id
    }

    /// Returns the table whose rows it holds.
    #[must_use]
    pub const fn table(&self) -> Table {
        self.entry.table
    }

    /// Returns the number of rows.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.entry.rows
    }

    /// Returns the size of all its files, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.entry.bytes
    }

    /// Returns the smallest value of the table's time column, in nanoseconds since the epoch.
    #[must_use]
    pub const fn min_time(&self) -> i64 {
        self.entry.min_time_ns
    }

    /// Returns the largest value of the table's time column, in nanoseconds since the epoch.
    #[must_use]
    pub const fn max_time(&self) -> i64 {
        self.entry.max_time_ns
    }

    /// Returns the path of the Parquet file of its rows, for messages: [`Segment::open_data`] opens it.
    #[must_use]
    pub fn data_path(&self) -> &Path {
        &self.data_path
    }

    /// Returns what was found when a file turned out to be damaged; `None` as long as nothing was.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Returns the Parquet metadata of the data file with its page index, cached. The first call reads the whole file
    /// once to compare its checksum.
    ///
    /// # Errors
    /// `Error::Corrupt` for a missing or damaged file; the segment is then left out of every snapshot's `segments`.
    pub fn metadata(&self) -> Result<Arc<ParquetMetaData>, Error> {
        Ok(Arc::clone(self.reader_metadata(manifest::DATA, Detail::Values)?.metadata()))
    }

    /// Tells whether rows may belong to the trace (metrics: by their exemplars); never false when they do.
    #[must_use]
    pub fn may_contain_trace(&self, id: &TraceId) -> bool {
        let is_in_range = self.entry.trace_ids.is_none_or(|(min, max)| (min..=max).contains(id.as_bytes()));
        is_in_range && self.blooms().may_contain_trace(id.as_bytes())
    }

    /// Tells whether rows may belong to a trace with this right half; never false when they do.
    #[must_use]
    pub fn may_contain_low_64(&self, low_64: &[u8; 8]) -> bool {
        self.blooms().may_contain(Key::Low64, low_64)
    }

    /// Tells whether no row belongs to a trace (metrics: by their exemplars); false when that is not known.
    #[must_use]
    pub fn is_without_traces(&self) -> bool {
        self.blooms().is_empty(Key::Low64)
    }

    /// Reads the ids of the traces of a span segment that lie in a closed range, sorted.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file.
    pub fn trace_ids_between(&self, first: &[u8; 16], last: &[u8; 16]) -> Result<Vec<[u8; 16]>, Error> {
        if self.entry.trace_ids.is_some_and(|(min, max)| *last < min || *first > max) {
            return Ok(Vec::new());
        }
        let Some(path) = self.trace_rows_path() else { return Ok(Vec::new()) };
        let metadata = self.reader_metadata(manifest::TRACES, Detail::Values)?;
        let Some(rows) = pages_of_traces(metadata.metadata(), first, last) else { return Ok(Vec::new()) };
        let file = self.noting(self.open_parquet(manifest::TRACES))?;
        let batches = self.noting(reader::read_rows(file, &path, metadata, Some(&[col::TRACE_ID]), Some(&[rows])))?;
        let mut found = Vec::new();
        for batch in &batches {
            let ids = column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?;
            let ids = ids.iter().flatten().filter_map(|id| <[u8; 16]>::try_from(id).ok());
            found.extend(ids.filter(|id| (first..=last).contains(&id)));
        }
        Ok(found)
    }

    /// Returns where the rows of a trace lie; `None` when there are none, and for other tables than spans.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file.
    pub fn trace_rows(&self, id: &TraceId) -> Result<Option<TraceRow>, Error> {
        let Some(path) = self.trace_rows_path() else { return Ok(None) };
        let metadata = self.reader_metadata(manifest::TRACES, Detail::Values)?;
        let Some(rows) = pages_of_traces(metadata.metadata(), id.as_bytes(), id.as_bytes()) else { return Ok(None) };
        let columns =
            [col::TRACE_ID, col::START_TIME_UNIX_NANO, col::END_TIME_UNIX_NANO, col::ROW_START, col::ROW_COUNT];
        let file = self.noting(self.open_parquet(manifest::TRACES))?;
        let batches = self.noting(reader::read_rows(file, &path, metadata, Some(&columns), Some(&[rows])))?;
        for batch in &batches {
            if let Some(row) = find_trace(batch, id)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Returns the path of the Parquet file of [`crate::schema::trace_rows`], for messages: [`Segment::open_trace_rows`] opens
    /// it; `None` but for span segments.
    #[must_use]
    pub fn trace_rows_path(&self) -> Option<PathBuf> {
        (self.table() == Table::Spans).then(|| self.dir.join(manifest::TRACES))
    }

    /// Reads all trace rows, sorted by trace id; `None` but for span segments.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file.
    pub fn read_trace_rows(&self) -> Result<Option<Vec<RecordBatch>>, Error> {
        let Some(path) = self.trace_rows_path() else { return Ok(None) };
        let metadata = self.reader_metadata(manifest::TRACES, Detail::Values)?;
        let file = self.noting(self.open_parquet(manifest::TRACES))?;
        self.noting(reader::read_rows(file, &path, metadata, None, None)).map(Some)
    }

    /// Reads rows: the named columns (all when `None`) of the row ranges (all when `None`), in the order of the file.
    /// Only the pages that hold them are read. Ranges are ascending and do not overlap; columns come in the table's
    /// order.
    ///
    /// # Errors
    /// `Error::Corrupt` for a damaged file, `Error::Bug` for a column that does not exist.
    pub fn read(&self, columns: Option<&[&str]>, rows: Option<&[Range<u64>]>) -> Result<Vec<RecordBatch>, Error> {
        let metadata = self.reader_metadata(manifest::DATA, Detail::Places)?;
        let file = self.noting(self.open_parquet(manifest::DATA))?;
        self.noting(reader::read_rows(file, &self.data_path, metadata, columns, rows))
    }

    /// Reads what [`Segment::read`] reads batch by batch, so that memory does not grow with the number of rows.
    ///
    /// # Errors
    /// As [`Segment::read`].
    pub fn read_in_batches(self: &Arc<Self>, columns: &[&str], rows: &[Range<u64>]) -> Result<RowStream, Error> {
        self.rows_of((Some(columns), Some(rows)), reader::BATCH_ROWS)
    }

    /// Returns the index over log bodies; `None` for other tables, before the first compaction, and when the index is damaged, which costs
    /// speed only.
    #[must_use]
    pub fn log_index(&self) -> Option<Arc<LogIndex>> {
        if self.table() != Table::Logs {
            return None;
        }
        let prefix = format!("{}/", manifest::LOG_INDEX);
        let open = || {
            let manifest = self.manifest()?;
            if !manifest.has_log_index() {
                return Ok(None);
            }
            // None of these leaves the disk before the index is open.
            for file in manifest.files.iter().filter(|file| file.name.starts_with(&prefix)) {
                self.open_checked(&file.name)?;
            }
            LogIndex::open(&self.dir.join(manifest::LOG_INDEX), self.rows()).map(Some)
        };
        let index = files::open_once(&self.handles.log_index, &self.context, open);
        index.iter().for_each(|index| self.context.read_indexes.note(index));
        self.touch(&prefix);
        index
    }

    /// Returns the bytes of its filters over ids in memory; 0 until they are asked.
    pub(crate) fn filter_bytes(&self) -> u64 {
        self.blooms.get().map_or(0, Blooms::memory_bytes)
    }

    /// Returns the filters; without a readable file, ones that answer "possibly".
    fn blooms(&self) -> &Blooms {
        static POSSIBLY: LazyLock<Blooms> = LazyLock::new(Blooms::default);
        if let Some(blooms) = self.blooms.get() {
            return blooms;
        }
        let path = self.dir.join(manifest::BLOOM);
        let read = self.open_file(manifest::BLOOM).and_then(|mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(|error| Error::corrupt(&path, error))?;
            Blooms::decode(&bytes).map_err(|what| Error::corrupt(&path, what))
        });
        match read {
            // Asked again when the store answers again.
            Err(Error::Remote { .. } | Error::DiskFull { .. } | Error::Io { .. }) => &POSSIBLY,
            read => self.blooms.get_or_init(|| {
                read.unwrap_or_else(|error| {
                    self.context.report(&error.to_string());
                    Blooms::default()
                })
            }),
        }
    }

    /// Returns a file's metadata; before the first time, the file is compared with the manifest.
    fn reader_metadata(&self, name: &'static str, detail: Detail) -> Result<FileMetadata, Error> {
        let verified = match name {
            manifest::TRACES => &self.verified_traces,
            manifest::SERIES => &self.verified_series,
            _ => &self.verified_data,
        };
        self.noting(self.check_once(verified, name))?;
        let load = || reader::load_metadata(&self.open_parquet(name)?, &self.dir.join(name), detail);
        self.noting(self.context.cache.get((self.id(), name), detail, load))
    }

    /// Takes the segment out of service when a result says that it is damaged.
    pub(crate) fn noting<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error @ (Error::Corrupt { .. } | Error::Newer { .. })) = &result {
            self.take_out(error);
        }
        result
    }

    fn take_out(&self, error: &Error) {
        let text = error.to_string();
        if self.damage.set(text.clone()).is_ok() {
            self.context.report(&text);
        }
    }
}

/// A compaction's inputs would otherwise fill the cache that all segments share, until what is asked has no room.
impl Drop for Segment {
    fn drop(&mut self) {
        self.context.cache.forget(self.id());
    }
}

/// Returns the rows of the pages that may hold traces of a closed range of ids, by the page index of the id column.
fn pages_of_traces(metadata: &ParquetMetaData, first: &[u8; 16], last: &[u8; 16]) -> Option<Range<u64>> {
    let mut found: Option<Range<u64>> = None;
    let mut group_start = 0;
    let (column_index, offset_index) = (metadata.column_index()?, metadata.offset_index()?);
    for ((group, columns), offsets) in metadata.row_groups().iter().zip(column_index).zip(offset_index) {
        let group_rows = u64::try_from(group.num_rows()).unwrap_or(0);
        let ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) = columns.first()? else { return None };
        let starts: Vec<u64> =
            offsets.first()?.page_locations().iter().map(|page| page.first_row_index.cast_unsigned()).collect();
        for (page, start) in starts.iter().enumerate() {
            let (min, max) = (index.min_value(page)?, index.max_value(page)?);
            if min <= last.as_slice() && first.as_slice() <= max {
                let end = starts.get(page + 1).copied().unwrap_or(group_rows);
                let rows = group_start + start..group_start + end;
                found = Some(found.map_or_else(|| rows.clone(), |before| before.start..rows.end));
            }
        }
        group_start += group_rows;
    }
    found
}

fn find_trace(batch: &RecordBatch, id: &TraceId) -> Result<Option<TraceRow>, Error> {
    let ids = column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?;
    let Some(row) = (0..ids.len()).find(|row| ids.value(*row) == id.as_bytes()) else { return Ok(None) };
    let time = |name| column(batch, name, |array| array.as_primitive_opt::<TimestampNanosecondType>());
    let count = |name| column(batch, name, |array| array.as_primitive_opt::<UInt64Type>());
    Ok(Some(TraceRow {
        row_start: count(col::ROW_START)?.value(row),
        row_count: count(col::ROW_COUNT)?.value(row),
        start_time_ns: time(col::START_TIME_UNIX_NANO)?.value(row),
        end_time_ns: time(col::END_TIME_UNIX_NANO)?.value(row),
    }))
}

#[cfg(test)]
mod tests;
