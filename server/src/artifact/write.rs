//! Writes an artifact: beside its place first, so that it appears whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use telltale_signals::results::Results;
use telltale_signals::schema::{self, Schema};
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{FORMAT, MANIFEST, Manifest, RESULTS, SCHEMA, SIGNALS, STORE};
use crate::run::child::Kept;

/// What goes into an artifact.
#[derive(Debug)]
pub struct Contents<'a> {
    /// What the run came to.
    pub results: &'a Results,
    /// The shape of its telemetry.
    pub schema: Schema,
    /// The expectations: name and text.
    pub expectations: Option<&'a (String, String)>,
    /// Files of test results.
    pub junit: &'a [PathBuf],
    /// Standard output and standard error.
    pub output: Option<&'a [Kept; 2]>,
    /// Files to keep.
    pub attachments: &'a [PathBuf],
    /// The closed data folder.
    pub store: &'a Path,
}

/// Files of a data folder that belong to it when it is closed and flushed; the write-ahead log is empty then.
const STORE_FILES: [&str; 3] = ["FORMAT", "catalog.sqlite", "catalog.sqlite-wal"];

/// Writes the artifact and returns its size in bytes.
///
/// # Errors
/// What the system says; the place is as it was before.
pub fn write(path: &Path, contents: &Contents<'_>) -> io::Result<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let file = NamedTempFile::new_in(folder)?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    entries(&mut zip, contents)?;
    let file = zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    let size = file.as_file().metadata()?.len();
    // A temporary file is its owner's alone; an artifact is read by whoever collects it.
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable)?;
    file.persist(path)?;
    Ok(size)
}

fn entries<W: Write + io::Seek>(zip: &mut ZipWriter<W>, contents: &Contents<'_>) -> io::Result<()> {
    let results = contents.results;
    let manifest = Manifest {
        format: FORMAT,
        telltale: env!("CARGO_PKG_VERSION").to_owned(),
        name: results.run.name.clone(),
        run_id: results.run.run_id.clone(),
        created_unix_nano: results.run.end_unix_nano,
        attributes: results.run.attributes.clone(),
        counts: results.counts.clone(),
    };
    text(zip, MANIFEST, &json(&manifest)?)?;
    text(zip, RESULTS, &json(results)?)?;
    text(zip, SCHEMA, schema::write(&contents.schema).as_bytes())?;
    if let Some((_, expectations)) = contents.expectations {
        text(zip, SIGNALS, expectations.as_bytes())?;
    }
    for (index, path) in contents.junit.iter().enumerate() {
        copy_if_there(zip, &format!("junit/{index}-{}", name_of(path)), path)?;
    }
    if let Some([out, err]) = contents.output {
        copy(zip, "stdout/stdout.log", out.file.path())?;
        copy(zip, "stdout/stderr.log", err.file.path())?;
    }
    let mut names = Vec::new();
    for path in contents.attachments {
        let mut name = name_of(path);
        while names.contains(&name) {
            name.insert(0, '_');
        }
        copy_if_there(zip, &format!("attachments/{name}"), path)?;
        names.push(name);
    }
    for name in STORE_FILES {
        copy_if_there(zip, &format!("{STORE}{name}"), &contents.store.join(name))?;
    }
    folder(zip, &format!("{STORE}segments"), &contents.store.join("segments"))
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    serde_json::to_vec_pretty(value).map_err(io::Error::from)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.chars()
        .map(|character| if character.is_control() || "\\/:".contains(character) { '_' } else { character })
        .collect()
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true).unix_permissions(0o644)
}

fn text<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, bytes: &[u8]) -> io::Result<()> {
    zip.start_file(name, options())?;
    zip.write_all(bytes)
}

fn copy<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    zip.start_file(name, options())?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer)?;
        match buffer.get(..count) {
            Some(bytes) if !bytes.is_empty() => zip.write_all(bytes)?,
            _ => return Ok(()),
        }
    }
}

fn copy_if_there<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, path: &Path) -> io::Result<()> {
    if path.is_file() { copy(zip, name, path) } else { Ok(()) }
}

/// Everything below a folder, in the order of names, so that the same run gives the same file.
fn folder<W: Write + io::Seek>(zip: &mut ZipWriter<W>, name: &str, path: &Path) -> io::Result<()> {
    let Ok(listed) = std::fs::read_dir(path) else { return Ok(()) };
    let mut paths = listed.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() { folder(zip, &name, &path)? } else { copy(zip, &name, &path)? }
    }
    Ok(())
}
