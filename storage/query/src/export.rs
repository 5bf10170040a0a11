//! Streamed answers as files: CSV, JSON lines, Parquet, piece by piece in bounded memory.
//!
//! CSV and JSON lines show values as [`crate::json_rows`] does; nested values of CSV are JSON. Parquet has the types.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::error::QueryError;
use crate::json::{column_names, json_rows};
use crate::limits::EXPORT_ROW_GROUP_ROWS;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// RFC 4180 with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet, compressed with zstd.
    Parquet,
}

/// Writes batches as a file; what it returns, joined, is the file.
pub struct Exporter {
    form: Form,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

enum Form {
    Csv { names: Vec<String>, has_header: bool },
    JsonLines { names: Vec<String> },
    Parquet { writer: Box<ArrowWriter<Piece>>, piece: Piece },
}

/// What a writer has written and nobody has taken yet.
#[derive(Debug, Clone, Default)]
struct Piece(Arc<Mutex<Vec<u8>>>);

impl Piece {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Piece {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Exporter {
    /// Begins a file.
    ///
    /// # Errors
    /// [`QueryError::Internal`] for columns that the format cannot hold.
    pub fn new(form: ExportForm, schema: &SchemaRef) -> Result<Self, QueryError> {
        let names = column_names(schema);
        let form = match form {
            ExportForm::Csv => Form::Csv { names, has_header: false },
            ExportForm::JsonLines => Form::JsonLines { names },
            ExportForm::Parquet => {
                let piece = Piece::default();
                let properties = WriterProperties::builder()
                    .set_max_row_group_row_count(Some(EXPORT_ROW_GROUP_ROWS))
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .build();
                let writer = ArrowWriter::try_new(piece.clone(), Arc::clone(schema), Some(properties));
                Form::Parquet { writer: Box::new(writer.map_err(|error| internal(&error))?), piece }
            }
        };
        Ok(Self { form })
    }

    /// Returns the bytes that a batch adds; they may come with a later batch.
    ///
    /// # Errors
    /// [`QueryError::Internal`] for a value that has no form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, QueryError> {
        match &mut self.form {
            Form::Csv { names, has_header } => {
                let mut out = header(names, has_header);
                for row in json_rows(std::slice::from_ref(batch))? {
                    let cells = names.iter().map(|name| csv(row.get(name.as_str()).unwrap_or(&Value::Null)));
                    out.push_str(&cells.collect::<Vec<_>>().join(","));
                    out.push_str("\r\n");
                }
                Ok(out.into_bytes())
            }
            Form::JsonLines { names } => {
                let mut out = String::new();
                for row in json_rows(std::slice::from_ref(batch))? {
                    // In the order of the columns, which an object does not keep.
                    let members = names.iter().map(|name| {
                        format!("{}:{}", Value::from(name.as_str()), row.get(name.as_str()).unwrap_or(&Value::Null))
                    });
                    out.push('{');
                    out.push_str(&members.collect::<Vec<_>>().join(","));
                    out.push_str("}\n");
                }
                Ok(out.into_bytes())
            }
            Form::Parquet { writer, piece } => {
                writer.write(batch).map_err(|error| internal(&error))?;
                Ok(piece.take())
            }
        }
    }

    /// Ends the file and returns its last bytes.
    ///
    /// # Errors
    /// [`QueryError::Internal`] when the format cannot be ended.
    pub fn finish(self) -> Result<Vec<u8>, QueryError> {
        match self.form {
            Form::Csv { names, mut has_header } => Ok(header(&names, &mut has_header).into_bytes()),
            Form::JsonLines { .. } => Ok(Vec::new()),
            Form::Parquet { writer, piece } => {
                writer.close().map_err(|error| internal(&error))?;
                Ok(piece.take())
            }
        }
    }
}

/// Returns the header line the first time.
fn header(names: &[String], has_header: &mut bool) -> String {
    if std::mem::replace(has_header, true) {
        return String::new();
    }
    let cells: Vec<String> = names.iter().map(|name| field(name)).collect();
    cells.join(",") + "\r\n"
}

fn csv(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => field(text),
        other => field(&other.to_string()),
    }
}

/// Quotes a field when RFC 4180 asks for it.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn internal(error: &dyn std::fmt::Display) -> QueryError {
    QueryError::Internal { message: format!("cannot write the file: {error}") }
}
