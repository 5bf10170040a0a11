//! Brings the catalog to the newest schema: numbered SQL files, forward only, one transaction each.
//!
//! The version is SQLite's `user_version`. A catalog that holds data is copied before it is changed.

use std::path::Path;

use rusqlite::Connection;

use super::failed;
use crate::error::Error;

/// The migrations, in order; the first brings an empty database to version 1.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../../migrations/sqlite/0001_init.sql"),
    include_str!("../../../migrations/sqlite/0002_compaction.sql"),
    include_str!("../../../migrations/sqlite/0003_remote.sql"),
];

/// The newest version.
pub(super) const NEWEST: u64 = MIGRATIONS.len() as u64;

/// Runs the migrations that the database does not have yet.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
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
    if version > 0 && version < MIGRATIONS.len() {
        let backup = path.with_extension(format!("v{version}.bak"));
        connection
            .execute("VACUUM INTO ?", [backup.to_string_lossy()])
            .map_err(|error| failed("back itself up before a migration", &error))?;
    }
    for (sql, target) in MIGRATIONS.iter().zip(1_usize..).skip(version) {
        run(connection, sql, target).map_err(|error| failed("migrate", &error))?;
    }
    Ok(())
}

fn run(connection: &mut Connection, sql: &str, target: usize) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", u32::try_from(target).unwrap_or(u32::MAX))?;
    transaction.commit()
}
