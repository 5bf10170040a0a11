//! Small files of the data folder that people change: each appears whole or not at all, and is durable when a change is answered.

use std::io::{self, Write as _};
use std::path::Path;

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
