//! A sum over everything in the catalog, written with every change and compared at the start. SQLite notices when its pages do not fit
//! together, but not when a number in one of them is another one: rows would be left out without a word.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};
use xxhash_rust::xxh3::Xxh3;

/// The version from which on catalogs have the sum.
pub(super) const SINCE: usize = 4;

/// The tables that are summed up.
const TABLES: [&str; 7] =
    ["segments", "wal_state", "removed_segments", "pins", "tombstones", "removed_remote", "store_owner"];

/// Writes the sum; the last statement of every transaction that changes something.
pub(super) fn seal(connection: &Connection) -> rusqlite::Result<()> {
    let sum = sum(connection)?.cast_signed();
    connection.prepare_cached("INSERT OR REPLACE INTO content_check VALUES (1, ?)")?.execute([sum]).map(drop)
}

/// Tells whether everything is what was written.
pub(super) fn is_intact(connection: &Connection) -> rusqlite::Result<bool> {
    let written: Option<i64> =
        connection.query_row("SELECT sum FROM content_check WHERE id = 1", [], |row| row.get(0)).optional()?;
    Ok(written == Some(sum(connection)?.cast_signed()))
}

/// The hashes of all rows, added up, so that their order does not matter.
fn sum(connection: &Connection) -> rusqlite::Result<u64> {
    let mut sum = 0_u64;
    for table in TABLES {
        let mut statement = connection.prepare_cached(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut hash = Xxh3::new();
            hash.update(table.as_bytes());
            for column in 0..columns {
                add(&mut hash, row.get_ref(column)?);
            }
            sum = sum.wrapping_add(hash.digest());
        }
    }
    Ok(sum)
}

/// Adds a value: its type, then its bytes, those of a text or blob after their number.
fn add(hash: &mut Xxh3, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => hash.update(&[0]),
        ValueRef::Integer(value) => {
            hash.update(&[1]);
            hash.update(&value.to_le_bytes());
        }
        ValueRef::Real(value) => {
            hash.update(&[2]);
            hash.update(&value.to_le_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            hash.update(&[3]);
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
}
