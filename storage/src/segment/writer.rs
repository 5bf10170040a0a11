//! Writes one segment: a folder of files, each synced, whose name is its own only once all of them are.
//!
//! What happens around it, and in which order, is the business of the flush (`flush.rs`) and of the compaction
//! (`compaction.rs`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use parquet::file::metadata::KeyValue;

use super::attributes::{self, AttributeList, AttributeRows};
use super::layout::{self, data_properties, series_properties, trace_properties};
use super::log_index;
use super::manifest;
use super::promoted::choose::Chosen;
use super::promoted::split::Splitter;
use super::sort::{self, sort_columns};
use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::io::Disk;
use crate::limits::TRACE_ROWS_BUFFERED;
use crate::schema::{self, Table};
use contents::Contents;
use file::ParquetFile;
use output::Output;

mod contents;
mod file;
mod leaves;
mod output;

/// What a segment is.
#[derive(Debug, Clone)]
pub(crate) struct SegmentSpec {
    pub(crate) segment_id: u64,
    pub(crate) table: Table,
    /// See `Manifest::level`.
    pub(crate) level: u8,
    pub(crate) first_lsn: u64,
    pub(crate) last_lsn: u64,
    pub(crate) created_at_ns: u64,
    /// See `Manifest::replaces`.
    pub(crate) replaces: Vec<u64>,
}

impl SegmentSpec {
    /// Returns the segment's folder inside the data folder.
    pub(crate) fn path(&self) -> String {
        format!("segments/{}/{:010}", self.table.name(), self.segment_id)
    }

    /// Returns the segment's folder inside the folder of unfinished ones.
    pub(crate) fn tmp_name(&self) -> String {
        format!("{:010}", self.segment_id)
    }
}

/// Writes rows in memory as a segment into `dir`, which it creates, and syncs the files and the folder.
pub(crate) fn write_segment(
    disk: &dyn Disk,
    dir: &Path,
    spec: SegmentSpec,
    batches: &[Arc<RecordBatch>],
) -> Result<SegmentEntry, Error> {
    let table = spec.table;
    let empty = empty_columns(table, batches);
    let mut writer = SegmentWriter::create(disk, dir, spec, &empty, &[])?;
    push_sorted(table, batches, &mut writer)?;
    writer.finish()
}

/// Gives the writer the rows of all batches in the table's order. Attributes, most of the bytes, are not gathered: the writer reads
/// them where they lie.
fn push_sorted(table: Table, batches: &[Arc<RecordBatch>], writer: &mut SegmentWriter<'_>) -> Result<(), Error> {
    let lists = batches.iter().map(|batch| AttributeList::of(batch)).collect::<Result<Vec<_>, _>>()?;
    let rest = batches.iter().map(|batch| attributes::without(batch)).collect::<Result<Vec<_>, Error>>()?;
    let sources: Vec<&RecordBatch> = rest.iter().collect();
    for places in sort::sorted_places(table, batches)?.chunks(sort::GATHER_ROWS) {
        let attributes = attributes::parts(&lists, places.iter().map(|(batch, row)| (*batch as usize, *row as usize)))?;
        writer.push_parts(&sort::gather(&sources, places)?, &attributes)?;
    }
    Ok(())
}

/// A segment that is being written, batch by batch in its order. What an error leaves is the caller's to remove.
pub(crate) struct SegmentWriter<'a> {
    output: Output<'a>,
    spec: SegmentSpec,
    contents: Contents,
    data: ParquetFile,
    /// Where attributes get columns of their own.
    splitter: Option<Splitter>,
    traces: Option<ParquetFile>,
    series: Option<ParquetFile>,
}

impl<'a> SegmentWriter<'a> {
    /// Begins a segment in `dir`, which it creates; `empty` names columns that will have no value in any row, `promoted` are the
    /// attributes that get columns of their own.
    pub(crate) fn create(
        disk: &'a dyn Disk,
        dir: &Path,
        spec: SegmentSpec,
        empty: &[String],
        promoted: &[Chosen],
    ) -> Result<Self, Error> {
        disk.create_dir(dir).map_err(|error| Error::io("create", dir, &error))?;
        let output = Output::new(disk, PathBuf::from(dir));
        let notes = notes(&spec);
        let empty: Vec<&str> = empty.iter().map(String::as_str).collect();
        let mut properties = data_properties(spec.table, spec.level, sort_columns(spec.table), &empty, notes.clone());
        let splitter = (!promoted.is_empty()).then(|| Splitter::new(&spec.table.schema(), promoted));
        if splitter.is_some() {
            properties = layout::with_promoted(properties, promoted);
        }
        let schema = splitter.as_ref().map_or_else(|| spec.table.schema(), Splitter::schema);
        let data = output.parquet(manifest::DATA, schema, properties)?;
        let traces = (spec.table == Table::Spans)
            .then(|| output.parquet(manifest::TRACES, schema::trace_rows(), trace_properties(notes)))
            .transpose()?;
        let contents = Contents::new(spec.table, spec.level)?;
        let properties = || series_properties(spec.table, spec.level, self::notes(&spec));
        let series = contents.series.as_ref();
        let series = series.map(|_| output.parquet(manifest::SERIES, schema::series_rows(spec.table), properties()));
        let series = series.transpose()?;
        Ok(Self { output, spec, contents, data, splitter, traces, series })
    }

    /// Adds rows of points, with their attributes, that do not sort before those already added.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.contents.push(batch, &[])?;
        self.data.write(batch)?;
        self.write_derived()
    }

    /// Adds rows that do not sort before those already added. Their attributes stand elsewhere; the batch need not have this column. Points: only
    /// in a flush, because rows of series are made of what has them.
    pub(crate) fn push_parts(&mut self, batch: &RecordBatch, attributes: &[AttributeRows<'_>]) -> Result<(), Error> {
        self.contents.push(batch, attributes)?;
        match &mut self.splitter {
            Some(splitter) => self.data.write(&splitter.split(batch, attributes)?)?,
            None => self.data.write_parts(batch, attributes)?,
        }
        self.write_derived()
    }

    /// Writes the rows of traces and series that are complete.
    fn write_derived(&mut self) -> Result<(), Error> {
        if let (Some(file), Some(rows)) = (&mut self.traces, &mut self.contents.traces)
            && rows.len() >= TRACE_ROWS_BUFFERED
        {
            file.write(&rows.take_complete()?)?;
        }
        if let (Some(file), Some(rows)) = (&mut self.series, &mut self.contents.series) {
            rows.take_complete()?.iter().try_for_each(|batch| file.write(batch))?;
        }
        Ok(())
    }

    /// Returns about how large the data file is so far, in bytes.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.data.bytes()
    }

    /// Returns about how much memory is held until the end, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.contents.memory_bytes()
    }

    /// Returns the number of rows so far.
    pub(crate) const fn rows(&self) -> u64 {
        self.contents.rows
    }

    /// Writes what is left, the manifest last, and syncs the folder.
    pub(crate) fn finish(mut self) -> Result<SegmentEntry, Error> {
        let version = match &self.splitter {
            Some(_) => manifest::VERSION_PROMOTED,
            None if log_index::awaits_log_index(self.spec.table, self.spec.level) => manifest::VERSION,
            None => 1,
        };
        if let Some(splitter) = self.splitter {
            self.data.note(splitter.finish().note()?);
        }
        self.output.finish(self.data)?;
        let blooms = self.contents.take_blooms();
        let summary = self.contents.summary();
        if let (Some(mut file), Some(rows)) = (self.traces, self.contents.traces) {
            file.write(&rows.finish()?)?;
            self.output.finish(file)?;
        }
        if let (Some(mut file), Some(rows)) = (self.series, self.contents.series) {
            rows.finish()?.iter().try_for_each(|batch| file.write(batch))?;
            self.output.finish(file)?;
        }
        if let Some(index) = self.contents.log_index {
            self.output.log_index(index)?;
        }
        if let Some(terms) = self.contents.terms {
            self.output.whole(manifest::TERMS, &terms.finish())?;
        }
        self.output.whole(manifest::BLOOM, &blooms.encode())?;
        self.output.manifest(version, &self.spec, &summary)
    }
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

fn notes(spec: &SegmentSpec) -> Vec<KeyValue> {
    let order: Vec<_> = sort_columns(spec.table)
        .iter()
        .map(|(name, descending)| format!("{name}{}", if *descending { " desc" } else { "" }))
        .collect();
    vec![
        KeyValue::new("telltale.schema".into(), format!("{}.v{}", spec.table.name(), schema::VERSION)),
        KeyValue::new("telltale.segment".into(), spec.segment_id.to_string()),
        KeyValue::new("telltale.lsn".into(), format!("{}-{}", spec.first_lsn, spec.last_lsn)),
        KeyValue::new("telltale.sort".into(), order.join(",")),
    ]
}
