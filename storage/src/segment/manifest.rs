//! The manifest of a segment: what its files must be. It is the last file written and the first one believed.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use telltale_model::TraceId;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::catalog::SegmentEntry;
use crate::error::Error;
use crate::schema::Table;

/// Name of the manifest in a segment's folder.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Name of the rows' file.
pub(crate) const DATA: &str = "data.parquet";
/// Name of the trace rows' file.
pub(crate) const TRACES: &str = "traces.parquet";
/// Name of the file of series.
pub(crate) const SERIES: &str = "series.parquet";
/// Name of the filters' file.
pub(crate) const BLOOM: &str = "bloom.bin";
/// Name of the file of terms.
pub(crate) const TERMS: &str = "terms.bin";
/// Name of the folder of the log index.
pub(crate) const LOG_INDEX: &str = "log_index";
/// Version of a segment's layout where attributes have columns of their own, which a program that does not know them would leave out.
pub(crate) const VERSION_PROMOTED: u32 = 2;
/// Newest version of a segment's layout: of log records without a log index, which a program that expects one would call damaged. All
/// others have version 1.
pub(crate) const VERSION: u32 = 3;

/// The manifest; everything that is needed to enter a segment into a catalog again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) version: u32,
    pub(crate) segment_id: u64,
    pub(crate) table: String,
    pub(crate) schema_version: u32,
    pub(crate) rows: u64,
    pub(crate) min_time_ns: i64,
    pub(crate) max_time_ns: i64,
    pub(crate) first_lsn: u64,
    pub(crate) last_lsn: u64,
    pub(crate) created_at_ns: u64,
    /// How often its rows were compacted: 0 a flush, 1 inside the open day, 2 sealed.
    #[serde(default)]
    pub(crate) level: u8,
    /// Smallest and largest trace id of a span segment, hex.
    #[serde(default)]
    pub(crate) min_trace_id: Option<String>,
    #[serde(default)]
    pub(crate) max_trace_id: Option<String>,
    /// The segments whose rows these are; none for a flush.
    #[serde(default)]
    pub(crate) replaces: Vec<u64>,
    /// The xxh3-64 of this manifest with an empty text here, 16 hex digits; empty in manifests of telltale 0.1.
    #[serde(default)]
    pub(crate) check: String,
    pub(crate) files: Vec<FileEntry>,
}

/// One file of the segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// Path inside the segment's folder.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// The xxh3-64 of the whole file, 16 hex digits.
    pub(crate) xxh3: String,
}

impl Manifest {
    /// Reads the manifest of a segment and checks that it is the one that the catalog means.
    pub(crate) fn read(dir: &Path, entry: &SegmentEntry) -> Result<Self, Error> {
        let path = dir.join(MANIFEST);
        let bytes = std::fs::read(&path).map_err(|error| Error::corrupt(&path, error))?;
        let manifest = Self::parse(&path, &bytes)?;
        if manifest.version > VERSION {
            let (found, supported) = (u64::from(manifest.version), u64::from(VERSION));
            return Err(Error::Newer { what: "the segment", path, found, supported });
        }
        if (manifest.segment_id, manifest.rows) != (entry.segment_id, entry.rows) {
            return Err(Error::corrupt(&path, "it belongs to another segment than the catalog says"));
        }
        Ok(manifest)
    }

    /// Reads the bytes of a manifest and checks that they are what was written.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| Error::corrupt(path, error))?;
        if manifest.version > VERSION {
            return Ok(manifest);
        }
        if !manifest.check.is_empty() && manifest.clone().checked()?.check != manifest.check {
            return Err(Error::corrupt(path, "its checksum is wrong"));
        }
        manifest.check_keys(path, bytes)?;
        Ok(manifest)
    }

    /// The checksum is of what was understood. A damaged key of what may be absent, or of the checksum itself, is none of a manifest.
    fn check_keys(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        type Keys = serde_json::Map<String, serde_json::Value>;
        let found: Keys = serde_json::from_slice(bytes).map_err(|error| Error::corrupt(path, error))?;
        let known: Keys = serde_json::from_slice(&self.text()?).map_err(|error| Error::corrupt(path, error))?;
        match found.keys().find(|key| !known.contains_key(*key)) {
            Some(key) => Err(Error::corrupt(path, format!("the key {key:?} is none of a manifest"))),
            None => Ok(()),
        }
    }

    /// Tells whether the segment has an index over the words of log records.
    pub(crate) fn has_log_index(&self) -> bool {
        self.files.iter().any(|file| file.name.starts_with(LOG_INDEX))
    }

    /// Puts the checksum in.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        self.check.clear();
        self.check = format!("{:016x}", xxh3_64(&self.text()?));
        Ok(self)
    }

    /// Returns the bytes of the file.
    pub(crate) fn text(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec_pretty(self).map_err(|error| Error::Bug(format!("manifest: {error}")))
    }

    /// Returns the catalog's entry of the segment in the folder `path`; `None` for a table or an id that is not understood.
    pub(crate) fn entry(&self, path: String) -> Option<SegmentEntry> {
        let id = |text: &Option<String>| {
            text.as_deref().map(|text| text.parse::<TraceId>().map(|id| *id.as_bytes())).transpose().ok()
        };
        Some(SegmentEntry {
            segment_id: self.segment_id,
            table: Table::from_name(&self.table)?,
            path,
            schema_version: self.schema_version,
            rows: self.rows,
            bytes: self.files.iter().map(|file| file.bytes).sum(),
            min_time_ns: self.min_time_ns,
            max_time_ns: self.max_time_ns,
            first_lsn: self.first_lsn,
            last_lsn: self.last_lsn,
            created_at_ns: self.created_at_ns,
            level: self.level,
            trace_ids: id(&self.min_trace_id)?.zip(id(&self.max_trace_id)?),
        })
    }

    /// Reads one whole file and compares it with the manifest.
    pub(crate) fn verify(&self, dir: &Path, name: &str) -> Result<(), Error> {
        let path = dir.join(name);
        let file = File::open(&path).map_err(|error| Error::corrupt(&path, error))?;
        self.verify_open(&path, &file, name)
    }

    /// Reads one whole open file from its begin, without moving its cursor, and compares it with the manifest.
    pub(crate) fn verify_open(&self, path: &Path, file: &File, name: &str) -> Result<(), Error> {
        let expected = self.files.iter().find(|file| file.name == name);
        let expected = expected.ok_or_else(|| Error::corrupt(path, "the manifest does not name it"))?;
        let (bytes, xxh3) = file_hash(file).map_err(|error| Error::corrupt(path, error))?;
        if bytes != expected.bytes {
            return Err(Error::corrupt(path, format!("it has {bytes} bytes instead of {}", expected.bytes)));
        }
        if xxh3 != expected.xxh3 {
            return Err(Error::corrupt(path, format!("its checksum is {xxh3} instead of {}", expected.xxh3)));
        }
        Ok(())
    }
}

fn file_hash(file: &File) -> std::io::Result<(u64, String)> {
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        let count = file.read_at(&mut buffer, bytes)?;
        let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
        hash.update(chunk);
        bytes += count as u64;
    }
    Ok((bytes, hash_text(&hash)))
}

/// Returns a trace id as it stands in the manifest.
pub(crate) fn trace_id_text(id: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}

/// Returns the hash as it stands in the manifest.
pub(crate) fn hash_text(hash: &Xxh3) -> String {
    format!("{:016x}", hash.digest())
}
