//! Brings the catalog to the newest schema: numbered SQL files, forward only, one transaction each.
//!
//! The version is SQLite's `user_version`. A catalog that holds data is copied before it is changed; the copy has its name once it is
//! whole. A migration that is cut off anywhere leaves the old version or the new one, and the next start goes on from there.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;

use super::{content_check, failed};
use crate::error::Error;
use crate::io::{Disk as _, RealDisk};

/// The migrations, in order; the first brings an empty database to version 1.
const MIGRATIONS: [&str; 4] = [
    include_str!("../../../migrations/sqlite/0001_init.sql"),
    include_str!("../../../migrations/sqlite/0002_compaction.sql"),
    include_str!("../../../migrations/sqlite/0003_remote.sql"),
    include_str!("../../../migrations/sqlite/0004_content_check.sql"),
];

/// The newest version.
pub(super) const NEWEST: u64 = MIGRATIONS.len() as u64;

/// What a migration is about to do, for tests that cut it off there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Copy the catalog.
    Copy,
    /// Bring the copy to the device.
    SyncCopy,
    /// Give the copy its name.
    NameCopy,
    /// Begin the transaction that brings this version.
    Begin(usize),
    /// Commit it.
    Commit(usize),
    /// Nothing more.
    End,
}

/// Runs the migrations that the database does not have yet.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    migrate_by_steps(connection, path, &mut |_step| Ok(()))
}

fn migrate_by_steps(
    connection: &mut Connection,
    path: &Path,
    before: &mut dyn FnMut(Step) -> rusqlite::Result<()>,
) -> Result<(), Error> {
    let version: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))
        .map_err(|error| failed("read its version", &error))? as usize;
    if version > MIGRATIONS.len() {
        return Err(Error::Newer {
            what: "the catalog",
            path: path.to_path_buf(),
            found: version as u64,
            supported: MIGRATIONS.len() as u64,
        });
    }
    if version >= content_check::SINCE
        && !content_check::is_intact(connection).map_err(|error| failed("compare its contents", &error))?
    {
        let detail = "its contents are not what was written".to_owned();
        return Err(Error::DamagedCatalog { path: path.to_path_buf(), detail });
    }
    if version > 0 && version < MIGRATIONS.len() {
        back_up(connection, path, version, before)?;
    }
    for (sql, target) in MIGRATIONS.iter().zip(1_usize..).skip(version) {
        run(connection, sql, target, before).map_err(|error| failed("migrate", &error))?;
    }
    before(Step::End).map_err(|error| failed("migrate", &error))
}

/// Copies the catalog beside itself. What an earlier attempt left of a copy is replaced.
fn back_up(
    connection: &Connection,
    path: &Path,
    version: usize,
    before: &mut dyn FnMut(Step) -> rusqlite::Result<()>,
) -> Result<(), Error> {
    let copy = path.with_extension(format!("v{version}.bak"));
    let unfinished = path.with_extension(format!("v{version}.bak.new"));
    let mut step = |step| before(step).map_err(|error| failed("back itself up before a migration", &error));
    if unfinished.exists() {
        RealDisk.remove_file(&unfinished).map_err(|error| Error::io("remove", &unfinished, &error))?;
    }
    step(Step::Copy)?;
    connection
        .execute("VACUUM INTO ?", [unfinished.to_string_lossy()])
        .map_err(|error| failed("back itself up before a migration", &error))?;
    step(Step::SyncCopy)?;
    let sync = || File::open(&unfinished)?.sync_all();
    sync().map_err(|error| Error::io("sync", &unfinished, &error))?;
    step(Step::NameCopy)?;
    let name = || {
        RealDisk.rename(&unfinished, &copy)?;
        path.parent().map_or(Ok(()), |folder| RealDisk.sync_dir(folder))
    };
    name().map_err(|error| Error::io("rename", &unfinished, &error))
}

fn run(
    connection: &mut Connection,
    sql: &str,
    target: usize,
    before: &mut dyn FnMut(Step) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    before(Step::Begin(target))?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", u32::try_from(target).unwrap_or(u32::MAX))?;
    if target >= content_check::SINCE {
        content_check::seal(&transaction)?;
    }
    before(Step::Commit(target))?;
    transaction.commit()
}

#[cfg(test)]
mod tests;
