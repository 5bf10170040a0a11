//! Writes one segment: a folder of files, each synced, whose name is its own only once all of them are.
//!
//! What happens around it, and in which order, is the flush's business (`flush.rs`).

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::TimestampNanosecondType;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::bloom::{Blooms, Key};
use super::layout::{data_properties, trace_properties};
use super::log_index::LogIndexBuilder;
use super::manifest::{self, FileEntry, Manifest};
use super::sort::{for_each_sorted, sort_columns};
use super::trace_rows::{TraceRowsBuilder, column};
use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::io::{Appender, Disk, write_file};
use crate::schema::{self, Table, col};

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// What a segment is to hold.
#[derive(Debug)]
pub(crate) struct SegmentPlan<'a> {
    pub(crate) segment_id: u64,
    pub(crate) table: Table,
    pub(crate) batches: &'a [Arc<RecordBatch>],
    pub(crate) first_lsn: u64,
    pub(crate) last_lsn: u64,
    pub(crate) created_at_ns: u64,
}

impl SegmentPlan<'_> {
    /// Returns the segment's folder inside the data folder.
    pub(crate) fn path(&self) -> String {
        format!("segments/{}/{:010}", self.table.name(), self.segment_id)
    }

    /// Returns the segment's folder inside the folder of unfinished ones.
    pub(crate) fn tmp_name(&self) -> String {
        format!("{:010}", self.segment_id)
    }
}

/// Writes all files of a segment into `dir`, which it creates, and syncs them and the folder.
pub(crate) fn write_segment(disk: &dyn Disk, dir: &Path, plan: &SegmentPlan<'_>) -> Result<SegmentEntry, Error> {
    disk.create_dir(dir).map_err(|error| Error::io("create", dir, &error))?;
    let mut output = Output { disk, dir, files: Vec::new() };
    let mut contents = Contents::new(plan.table)?;
    let notes = notes(plan);
    let empty = empty_columns(plan.table, plan.batches);
    let empty: Vec<&str> = empty.iter().map(String::as_str).collect();
    let properties = data_properties(plan.table, sort_columns(plan.table), &empty, notes.clone());
    let mut writer = output.parquet(manifest::DATA, plan.table.schema(), properties)?;
    for_each_sorted(plan.table, plan.batches, |batch| {
        contents.push(batch)?;
        writer.writer.write(batch).map_err(|error| writer.failed(error))
    })?;
    output.finish(writer)?;
    let mut blooms = contents.blooms();
    let summary = (contents.rows, contents.min_time_ns, contents.max_time_ns);
    if let Some(traces) = contents.traces {
        let ids: HashSet<[u8; 16]> = traces.trace_ids().copied().collect();
        insert_trace_ids(&mut blooms, &ids);
        let mut writer = output.parquet(manifest::TRACES, schema::trace_rows(), trace_properties(notes))?;
        writer.writer.write(&traces.finish()?).map_err(|error| writer.failed(error))?;
        output.finish(writer)?;
    }
    if let Some(index) = contents.log_index {
        output.log_index(index)?;
    }
    output.whole(manifest::BLOOM, &blooms.encode())?;
    output.manifest(plan, summary)
}

/// What is learnt about the rows while they are written.
struct Contents {
    rows: u64,
    min_time_ns: i64,
    max_time_ns: i64,
    table: Table,
    traces: Option<TraceRowsBuilder>,
    log_index: Option<LogIndexBuilder>,
    trace_ids: HashSet<[u8; 16]>,
    span_ids: HashSet<[u8; 8]>,
}

impl Contents {
    fn new(table: Table) -> Result<Self, Error> {
        Ok(Self {
            rows: 0,
            min_time_ns: i64::MAX,
            max_time_ns: i64::MIN,
            table,
            traces: (table == Table::Spans).then(TraceRowsBuilder::default),
            log_index: (table == Table::Logs).then(LogIndexBuilder::new).transpose()?,
            trace_ids: HashSet::new(),
            span_ids: HashSet::new(),
        })
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        let times =
            column(batch, self.table.time_column(), |array| array.as_primitive_opt::<TimestampNanosecondType>())?;
        self.min_time_ns = self.min_time_ns.min(min(times).unwrap_or(i64::MAX));
        self.max_time_ns = self.max_time_ns.max(max(times).unwrap_or(i64::MIN));
        match self.table {
            Table::Spans => {
                let ids = column(batch, col::SPAN_ID, AsArray::as_fixed_size_binary_opt)?;
                collect_ids(ids, &mut self.span_ids);
                if let Some(traces) = &mut self.traces {
                    traces.push(batch)?;
                }
            }
            Table::Logs => {
                let ids = column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?;
                collect_ids(ids, &mut self.trace_ids);
                if let Some(index) = &mut self.log_index {
                    index.push(batch)?;
                }
            }
            _ => self.push_exemplars(batch)?,
        }
        Ok(())
    }

    fn push_exemplars(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        // Summaries have none.
        let Some(exemplars) = batch.column_by_name(col::EXEMPLARS) else { return Ok(()) };
        let members = exemplars.as_list_opt::<i32>().and_then(|list| list.values().as_struct_opt());
        let ids = members.and_then(|members| members.column_by_name(col::TRACE_ID)?.as_binary_opt::<i32>());
        let ids = ids.ok_or_else(|| Error::Bug("a batch without proper exemplars".into()))?;
        self.trace_ids.extend(ids.iter().flatten().filter_map(|id| <[u8; 16]>::try_from(id).ok()));
        Ok(())
    }

    fn blooms(&mut self) -> Blooms {
        let mut blooms = Blooms::default();
        if self.table == Table::Spans {
            blooms.insert(Key::Span, &std::mem::take(&mut self.span_ids));
        } else {
            insert_trace_ids(&mut blooms, &std::mem::take(&mut self.trace_ids));
        }
        blooms
    }
}

fn collect_ids<const N: usize>(array: &FixedSizeBinaryArray, ids: &mut HashSet<[u8; N]>) {
    ids.extend(array.iter().flatten().filter_map(|id| <[u8; N]>::try_from(id).ok()));
}

fn insert_trace_ids(blooms: &mut Blooms, ids: &HashSet<[u8; 16]>) {
    let low_64 = |id: &[u8; 16]| id.last_chunk::<8>().copied();
    blooms.insert(Key::Trace, ids);
    blooms.insert(Key::Low64, &ids.iter().filter_map(low_64).collect());
}

/// Returns the columns that have no value in any row: only nulls, only empty lists.
fn empty_columns(table: Table, batches: &[Arc<RecordBatch>]) -> Vec<String> {
    let is_empty = |array: &ArrayRef| match array.as_list_opt::<i32>() {
        Some(list) => list.value_offsets().first() == list.value_offsets().last(),
        None => array.null_count() == array.len(),
    };
    let schema = table.schema();
    let names = schema.fields().iter().map(|field| field.name());
    names.filter(|name| batches.iter().all(|batch| batch.column_by_name(name).is_some_and(is_empty))).cloned().collect()
}

fn notes(plan: &SegmentPlan<'_>) -> Vec<KeyValue> {
    let order: Vec<_> = sort_columns(plan.table)
        .iter()
        .map(|(name, descending)| format!("{name}{}", if *descending { " desc" } else { "" }))
        .collect();
    vec![
        KeyValue::new("telltale.schema".into(), format!("{}.v{}", plan.table.name(), schema::VERSION)),
        KeyValue::new("telltale.segment".into(), plan.segment_id.to_string()),
        KeyValue::new("telltale.lsn".into(), format!("{}-{}", plan.first_lsn, plan.last_lsn)),
        KeyValue::new("telltale.sort".into(), order.join(",")),
    ]
}

/// The folder that is being written.
struct Output<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    files: Vec<FileEntry>,
}

/// A Parquet file that is being written.
struct ParquetFile {
    name: &'static str,
    path: PathBuf,
    writer: ArrowWriter<BufWriter<HashingAppender>>,
}

impl ParquetFile {
    fn failed(&self, error: parquet::errors::ParquetError) -> Error {
        parquet_failed(&self.path, error)
    }
}

fn parquet_failed(path: &Path, error: parquet::errors::ParquetError) -> Error {
    match error {
        parquet::errors::ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => Error::io("write", path, &error),
            Err(source) => Error::Bug(format!("writing {}: {source}", path.display())),
        },
        other => Error::Bug(format!("writing {}: {other}", path.display())),
    }
}

impl Output<'_> {
    fn parquet(
        &self,
        name: &'static str,
        schema: arrow::datatypes::SchemaRef,
        properties: WriterProperties,
    ) -> Result<ParquetFile, Error> {
        let path = self.dir.join(name);
        let file = self.disk.create(&path).map_err(|error| Error::io("create", &path, &error))?;
        let sink = HashingAppender { appender: Appender::new(file), hash: Xxh3::new(), bytes: 0 };
        let writer = ArrowWriter::try_new(BufWriter::with_capacity(BUFFER_BYTES, sink), schema, Some(properties));
        let writer = writer.map_err(|error| parquet_failed(&path, error))?;
        Ok(ParquetFile { name, path, writer })
    }

    fn finish(&mut self, file: ParquetFile) -> Result<(), Error> {
        let ParquetFile { name, path, writer } = file;
        let buffered = writer.into_inner().map_err(|error| parquet_failed(&path, error))?;
        let failed = |error: &std::io::Error| Error::io("write", &path, error);
        let mut sink = buffered.into_inner().map_err(|error| failed(error.error()))?;
        sink.appender.sync().map_err(|error| Error::io("sync", &path, &error))?;
        let xxh3 = manifest::hash_text(&sink.hash);
        self.files.push(FileEntry { name: name.into(), bytes: sink.bytes, xxh3 });
        Ok(())
    }

    fn whole(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.dir.join(name);
        write_file(self.disk, &path, bytes).map_err(|error| Error::io("write", &path, &error))?;
        let xxh3 = format!("{:016x}", xxh3_64(bytes));
        self.files.push(FileEntry { name: name.into(), bytes: bytes.len() as u64, xxh3 });
        Ok(())
    }

    fn log_index(&mut self, builder: LogIndexBuilder) -> Result<(), Error> {
        let dir = self.dir.join(manifest::LOG_INDEX);
        self.disk.create_dir(&dir).map_err(|error| Error::io("create", &dir, &error))?;
        for (name, bytes) in builder.finish()? {
            self.whole(&format!("{}/{}", manifest::LOG_INDEX, name.display()), &bytes)?;
        }
        self.disk.sync_dir(&dir).map_err(|error| Error::io("sync", &dir, &error))
    }

    fn manifest(self, plan: &SegmentPlan<'_>, summary: (u64, i64, i64)) -> Result<SegmentEntry, Error> {
        let (rows, min_time_ns, max_time_ns) = summary;
        let bytes = self.files.iter().map(|file| file.bytes).sum();
        let manifest = Manifest {
            version: manifest::VERSION,
            segment_id: plan.segment_id,
            table: plan.table.name().into(),
            schema_version: schema::VERSION,
            rows,
            min_time_ns,
            max_time_ns,
            first_lsn: plan.first_lsn,
            last_lsn: plan.last_lsn,
            created_at_ns: plan.created_at_ns,
            files: self.files,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Bug(format!("manifest: {error}")))?;
        let path = self.dir.join(manifest::MANIFEST);
        write_file(self.disk, &path, &text).map_err(|error| Error::io("write", &path, &error))?;
        self.disk.sync_dir(self.dir).map_err(|error| Error::io("sync", self.dir, &error))?;
        Ok(SegmentEntry {
            segment_id: plan.segment_id,
            table: plan.table,
            path: plan.path(),
            schema_version: schema::VERSION,
            rows,
            bytes,
            min_time_ns,
            max_time_ns,
            first_lsn: plan.first_lsn,
            last_lsn: plan.last_lsn,
            created_at_ns: plan.created_at_ns,
        })
    }
}

/// Computes the checksum of what passes through.
struct HashingAppender {
    appender: Appender,
    hash: Xxh3,
    bytes: u64,
}

impl Write for HashingAppender {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.appender.write(bytes)?;
        self.hash.update(bytes);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.appender.flush()
    }
}
