//! The files of a segment that is being written, each with its checksum.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use parquet::file::properties::WriterProperties;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::super::log_index::LogIndexBuilder;
use super::super::manifest::{self, FileEntry, Manifest, trace_id_text};
use super::SegmentSpec;
use super::contents::Summary;
use super::file::ParquetFile;
use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::io::{Appender, Disk, write_file};
use crate::schema;

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// The folder that is being written.
pub(super) struct Output<'a> {
    disk: &'a dyn Disk,
    dir: PathBuf,
    files: Vec<FileEntry>,
}

impl<'a> Output<'a> {
    pub(super) fn new(disk: &'a dyn Disk, dir: PathBuf) -> Self {
        Self { disk, dir, files: Vec::new() }
    }

    pub(super) fn parquet(
        &self,
        name: &'static str,
        schema: arrow::datatypes::SchemaRef,
        properties: WriterProperties,
    ) -> Result<ParquetFile, Error> {
        let path = self.dir.join(name);
        let file = self.disk.create(&path).map_err(|error| Error::io("create", &path, &error))?;
        let sink = HashingAppender::new(Appender::new(file));
        ParquetFile::new(name, path, BufWriter::with_capacity(BUFFER_BYTES, sink), schema, properties)
    }

    pub(super) fn finish(&mut self, file: ParquetFile) -> Result<(), Error> {
        let (name, path, buffered) = file.finish()?;
        let failed = |error: &std::io::Error| Error::io("write", &path, error);
        let mut sink = buffered.into_inner().map_err(|error| failed(error.error()))?;
        sink.appender.sync().map_err(|error| Error::io("sync", &path, &error))?;
        let xxh3 = manifest::hash_text(&sink.hash);
        self.files.push(FileEntry { name: name.into(), bytes: sink.bytes, xxh3 });
        Ok(())
    }

    pub(super) fn whole(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.dir.join(name);
        write_file(self.disk, &path, bytes).map_err(|error| Error::io("write", &path, &error))?;
        let xxh3 = format!("{:016x}", xxh3_64(bytes));
        self.files.push(FileEntry { name: name.into(), bytes: bytes.len() as u64, xxh3 });
        Ok(())
    }

    pub(super) fn log_index(&mut self, builder: LogIndexBuilder) -> Result<(), Error> {
        let dir = self.dir.join(manifest::LOG_INDEX);
        self.disk.create_dir(&dir).map_err(|error| Error::io("create", &dir, &error))?;
        for (name, bytes) in builder.finish()? {
            self.whole(&format!("{}/{}", manifest::LOG_INDEX, name.display()), &bytes)?;
        }
        self.disk.sync_dir(&dir).map_err(|error| Error::io("sync", &dir, &error))
    }

    pub(super) fn manifest(self, version: u32, spec: &SegmentSpec, summary: &Summary) -> Result<SegmentEntry, Error> {
        let Summary { rows, min_time_ns, max_time_ns, trace_ids } = *summary;
        let bytes = self.files.iter().map(|file| file.bytes).sum();
        let manifest = Manifest {
            version,
            segment_id: spec.segment_id,
            table: spec.table.name().into(),
            schema_version: schema::VERSION,
            rows,
            min_time_ns,
            max_time_ns,
            first_lsn: spec.first_lsn,
            last_lsn: spec.last_lsn,
            created_at_ns: spec.created_at_ns,
            level: spec.level,
            min_trace_id: trace_ids.map(|(min, _)| trace_id_text(&min)),
            max_trace_id: trace_ids.map(|(_, max)| trace_id_text(&max)),
            replaces: spec.replaces.clone(),
            check: String::new(),
            files: self.files,
        };
        let text = manifest.checked()?.text()?;
        let path = self.dir.join(manifest::MANIFEST);
        write_file(self.disk, &path, &text).map_err(|error| Error::io("write", &path, &error))?;
        self.disk.sync_dir(&self.dir).map_err(|error| Error::io("sync", &self.dir, &error))?;
        Ok(SegmentEntry {
            segment_id: spec.segment_id,
            table: spec.table,
            path: spec.path(),
            schema_version: schema::VERSION,
            rows,
            bytes,
            min_time_ns,
            max_time_ns,
            first_lsn: spec.first_lsn,
            last_lsn: spec.last_lsn,
            created_at_ns: spec.created_at_ns,
            level: spec.level,
            trace_ids,
        })
    }
}

/// Computes the checksum of what passes through.
pub(super) struct HashingAppender {
    appender: Appender,
    hash: Xxh3,
    bytes: u64,
}

impl HashingAppender {
    pub(super) fn new(appender: Appender) -> Self {
        Self { appender, hash: Xxh3::new(), bytes: 0 }
    }
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
