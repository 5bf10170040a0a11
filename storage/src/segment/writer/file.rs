//! A Parquet file that is being written, row group by row group: attributes by our own encoder ([`super::leaves`]), all other columns
//! by Parquet's.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::leaves::AttributeLeaves;
use super::output::HashingAppender;
use crate::error::Error;
use crate::limits::ROW_GROUP_ROWS;
use crate::schema::{attribute_list, col};
use crate::segment::attributes::{AttributeList, AttributeRows, part};

/// Where a file's bytes go.
type Sink = BufWriter<HashingAppender>;

/// See the module.
pub(super) struct ParquetFile {
    name: &'static str,
    path: PathBuf,
    schema: SchemaRef,
    writer: SerializedFileWriter<Sink>,
    columns: ArrowRowGroupWriterFactory,
    /// Rows at which a row group ends.
    group_rows_max: usize,
    groups: usize,
    group: Option<RowGroup>,
}

/// A row group that is being written.
struct RowGroup {
    rows: usize,
    /// In the order of the fields; `attributes` has none when they are encoded here.
    fields: Vec<Vec<ArrowColumnWriter>>,
    attributes: Option<AttributeLeaves>,
}

impl ParquetFile {
    pub(super) fn new(
        name: &'static str,
        path: PathBuf,
        sink: Sink,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, Error> {
        let group_rows_max = properties.max_row_group_row_count().unwrap_or(ROW_GROUP_ROWS);
        let parts = ArrowWriter::try_new(sink, SchemaRef::clone(&schema), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer);
        let (writer, columns) = parts.map_err(|error| failed(&path, error))?;
        Ok(Self { name, path, schema, writer, columns, group_rows_max, groups: 0, group: None })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let has_attributes = self.schema.field_with_name(col::ATTRIBUTES).is_ok_and(is_attributes);
        let list = has_attributes.then(|| AttributeList::of(batch)).transpose()?;
        let attributes: Vec<_> = list.iter().map(AttributeList::rows).collect();
        self.write_parts(batch, &attributes)
    }

    /// Adds rows whose attributes stand elsewhere; the batch need not have this column.
    pub(super) fn write_parts(&mut self, batch: &RecordBatch, attributes: &[AttributeRows<'_>]) -> Result<(), Error> {
        let mut start = 0;
        while start < batch.num_rows() {
            let before = self.group.as_ref().map_or(0, |group| group.rows);
            let end = batch.num_rows().min(start + self.group_rows_max.saturating_sub(before));
            let written = self.write_to_group(&batch.slice(start, end - start), part(attributes, start..end));
            written.map_err(|error| failed(&self.path, error))?;
            start = end;
        }
        Ok(())
    }

    fn write_to_group<'a>(
        &mut self,
        batch: &RecordBatch,
        attributes: impl Iterator<Item = AttributeRows<'a>>,
    ) -> ParquetResult<()> {
        let mut group = match self.group.take() {
            Some(group) => group,
            None => self.begin_group()?,
        };
        for (field, writers) in self.schema.fields().iter().zip(&mut group.fields) {
            if !writers.is_empty() {
                let missing = || ParquetError::General(format!("a batch without {}", field.name()));
                let column = batch.column_by_name(field.name()).ok_or_else(missing)?;
                for (leaf, writer) in compute_leaves(field, column)?.iter().zip(writers) {
                    writer.write(leaf)?;
                }
            }
        }
        if let Some(leaves) = &mut group.attributes {
            attributes.into_iter().try_for_each(|part| leaves.push(&part))?;
        }
        group.rows += batch.num_rows();
        let is_full = group.rows >= self.group_rows_max;
        self.group = Some(group);
        if is_full { self.end_group() } else { Ok(()) }
    }

    fn begin_group(&self) -> ParquetResult<RowGroup> {
        let mut writers = self.columns.create_column_writers(self.groups)?.into_iter();
        let mut columns = self.writer.schema_descr().columns();
        let (mut fields, mut attributes) = (Vec::new(), None);
        for field in self.schema.fields() {
            let count = columns.iter().take_while(|column| column.path().parts().first() == Some(field.name())).count();
            let Some((own, rest)) = columns.split_at_checked(count) else { break };
            columns = rest;
            let of_field: Vec<_> = writers.by_ref().take(count).collect();
            let leaves = if is_attributes(field) { AttributeLeaves::new(own, self.writer.properties()) } else { None };
            fields.push(if leaves.is_some() { Vec::new() } else { of_field });
            attributes = attributes.or(leaves);
        }
        Ok(RowGroup { rows: 0, fields, attributes })
    }

    fn end_group(&mut self) -> ParquetResult<()> {
        let Some(RowGroup { fields, mut attributes, .. }) = self.group.take() else { return Ok(()) };
        let mut group = self.writer.next_row_group()?;
        for writers in fields {
            if writers.is_empty()
                && let Some(leaves) = attributes.take()
            {
                leaves.finish(&mut group)?;
            }
            for writer in writers {
                writer.close()?.append_to_row_group(&mut group)?;
            }
        }
        group.close()?;
        self.groups += 1;
        Ok(())
    }

    /// Returns about how large the file is, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let open = self.group.as_ref().map_or(0, |group| {
            let own = group.attributes.as_ref().map_or(0, AttributeLeaves::bytes);
            own + group.fields.iter().flatten().map(ArrowColumnWriter::get_estimated_total_bytes).sum::<usize>()
        });
        (self.writer.bytes_written() + open) as u64
    }

    /// Adds a note to the file's metadata.
    pub(super) fn note(&mut self, note: KeyValue) {
        self.writer.append_key_value_metadata(note);
    }

    /// Writes the footer. Returns name and path and where the bytes went, some of which may wait there.
    pub(super) fn finish(mut self) -> Result<(&'static str, PathBuf, Sink), Error> {
        let ended = self.end_group().and_then(|()| self.writer.into_inner());
        Ok((self.name, self.path.clone(), ended.map_err(|error| failed(&self.path, error))?))
    }
}

/// Tells whether a field is the list of attributes.
fn is_attributes(field: &Field) -> bool {
    field.name() == col::ATTRIBUTES && *field.data_type() == attribute_list()
}

fn failed(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => Error::io("write", path, &error),
            Err(source) => Error::Bug(format!("writing {}: {source}", path.display())),
        },
        other => Error::Bug(format!("writing {}: {other}", path.display())),
    }
}
