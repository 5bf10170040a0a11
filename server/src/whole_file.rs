//! Small files of the data folder that people change: each appears whole or not at all, and is durable when a change is answered.

use std::io::{self, Write as _};
use std::path::Path;

use serde::de::DeserializeOwned;

/// What the name of a file ends in that was set aside.
const DAMAGED: &str = "damaged";

/// Reads a file of JSON; the default where there is none. One that is not understood is set aside, so that the next change does not
/// overwrite it, and [`set_aside`] names it from then on. Blocks.
pub(crate) fn read<T: DeserializeOwned + Default>(path: &Path) -> T {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return T::default(),
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "a file cannot be read; what it lists is left out");
            return T::default();
        }
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        let aside = path.with_extension(format!("json.{DAMAGED}"));
        let moved = std::fs::rename(path, &aside).is_ok();
        tracing::error!(path = %path.display(), %error, moved, "a file is damaged; what it lists is left out");
        T::default()
    })
}

/// Names the files of a folder that [`read`] set aside, until somebody removes them. Blocks.
pub(crate) fn set_aside(folder: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut named: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == DAMAGED))
        .map(|path| {
            format!("{}: a damaged file, set aside; mend it and take the ending away, or delete it", path.display())
        })
        .collect();
    named.sort();
    named
}

/// Writes a file in place of an earlier one: beside it first, synced, renamed, its folder synced. The folder must be there. Blocks.
///
/// # Errors
/// What the system says; the earlier file is as it was, but for an error of the last step.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut file = tempfile::Builder::new().prefix(".saving").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(folder)?.sync_all()
}
