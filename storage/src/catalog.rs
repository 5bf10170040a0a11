//! The durable list of live segments and of how much of the WAL they cover: a small SQLite database.
//!
//! It is read once, at the start; queries use the snapshot in memory. Flush, compaction and retention write it in turn,
//! one transaction a step. SQLite does its own file I/O and is trusted to be atomic.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};

use crate::error::Error;
use crate::schema::Table;

mod content_check;
mod migration;
mod pins;
mod remotes;
mod tombstones;

pub(crate) use remotes::Begun;

/// A segment as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentEntry {
    pub(crate) segment_id: u64,
    pub(crate) table: Table,
    /// Folder, relative to the data folder.
    pub(crate) path: String,
    pub(crate) schema_version: u32,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) min_time_ns: i64,
    pub(crate) max_time_ns: i64,
    pub(crate) first_lsn: u64,
    pub(crate) last_lsn: u64,
    /// When the newest of its rows was flushed.
    pub(crate) created_at_ns: u64,
    /// See `Manifest::level`.
    pub(crate) level: u8,
    /// Smallest and largest trace id, for segments of spans; `None` when not known.
    pub(crate) trace_ids: Option<([u8; 16], [u8; 16])>,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Catalog {
    connection: Connection,
}

impl Catalog {
    /// Opens the catalog, creating or migrating it as needed.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", "ON")?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            Ok(connection)
        };
        let opened = open().map_err(|error| failed("open", &error)).and_then(|mut connection| {
            migration::migrate(&mut connection, path)?;
            Ok(Self { connection })
        });
        // SQLite does not say which file it means.
        opened.map_err(|error| match error {
            Error::DamagedCatalog { detail, .. } => Error::DamagedCatalog { path: path.to_path_buf(), detail },
            Error::Catalog { operation, message } => {
                Error::Catalog { operation, message: format!("{}: {message}", path.display()) }
            }
            other => other,
        })
    }

    /// Returns the version of a catalog, 0 when there is none, and the newest that is understood. Changes nothing.
    pub(crate) fn version(path: &Path) -> Result<(u64, u64), Error> {
        let newest = migration::NEWEST;
        if !path.exists() {
            return Ok((0, newest));
        }
        let read = || -> rusqlite::Result<u32> {
            let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.pragma_query_value(None, "user_version", |row| row.get(0))
        };
        read().map(|version| (u64::from(version), newest)).map_err(|error| failed("read its version", &error))
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the WAL number up to which everything is in segments.
    pub(crate) fn flushed_lsn(&self) -> Result<u64, Error> {
        self.connection
            .query_row("SELECT flushed_lsn FROM wal_state WHERE id = 1", [], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .map_err(|error| failed("read the WAL state", &error))
    }

    /// Returns every live segment, oldest first. Segments of tables that this version does not know are left out.
    pub(crate) fn segments(&self) -> Result<Vec<SegmentEntry>, Error> {
        let read = || -> rusqlite::Result<Vec<Option<SegmentEntry>>> {
            let mut statement = self.connection.prepare(
                "SELECT segment_id, table_name, path, schema_version, rows, bytes, min_time_ns, max_time_ns, \
                 first_lsn, last_lsn, created_at_ns, level, min_trace_id, max_trace_id FROM segments ORDER BY segment_id",
            )?;
            statement.query_map([], entry)?.collect()
        };
        Ok(read().map_err(|error| failed("list the segments", &error))?.into_iter().flatten().collect())
    }

    /// Changes the catalog in one transaction, and the sum over its contents with it.
    fn change<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let write = || -> rusqlite::Result<T> {
            let transaction = self.connection.unchecked_transaction()?;
            let done = work(&transaction)?;
            content_check::seal(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        write().map_err(|error| failed(operation, &error))
    }

    /// Adds segments and moves the WAL number forward, in one transaction.
    pub(crate) fn commit_flush(&mut self, segments: &[SegmentEntry], flushed_lsn: u64) -> Result<(), Error> {
        self.change("commit a flush", |transaction| {
            segments.iter().try_for_each(|entry| insert(transaction, entry))?;
            transaction.execute("UPDATE wal_state SET flushed_lsn = ? WHERE id = 1", [flushed_lsn.cast_signed()])?;
            Ok(())
        })
    }

    /// Puts segments in the place of others, in one transaction. The others' folders are noted as still to be removed, here
    /// and in the object store.
    pub(crate) fn commit_swap(&mut self, removed: &[SegmentEntry], added: &[SegmentEntry]) -> Result<(), Error> {
        self.change("replace segments", |transaction| {
            for entry in removed {
                let id = entry.segment_id.cast_signed();
                remotes::note_removed(transaction, id)?;
                if transaction.execute("DELETE FROM segments WHERE segment_id = ?", [id])? != 1 {
                    return Err(rusqlite::Error::StatementChangedRows(0));
                }
                transaction.execute("INSERT INTO removed_segments VALUES (?, ?)", params![id, entry.path])?;
            }
            added.iter().try_for_each(|entry| insert(transaction, entry))
        })
    }

    /// Returns the folders that [`Catalog::commit_swap`] noted, with their segments' ids.
    pub(crate) fn removed(&self) -> Result<Vec<(u64, String)>, Error> {
        let read = || -> rusqlite::Result<Vec<(u64, String)>> {
            let mut statement = self.connection.prepare("SELECT segment_id, path FROM removed_segments")?;
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?.collect()
        };
        read().map_err(|error| failed("list the removed segments", &error))
    }

    /// Forgets folders that are gone.
    pub(crate) fn forget_removed(&mut self, segment_ids: &[u64]) -> Result<(), Error> {
        self.change("forget removed segments", |transaction| {
            for id in segment_ids {
                transaction.execute("DELETE FROM removed_segments WHERE segment_id = ?", [id.cast_signed()])?;
            }
            Ok(())
        })
    }
}

fn insert(transaction: &Transaction<'_>, entry: &SegmentEntry) -> rusqlite::Result<()> {
    let sql = "INSERT INTO segments (segment_id, table_name, path, schema_version, rows, bytes, min_time_ns, \
               max_time_ns, first_lsn, last_lsn, created_at_ns, level, min_trace_id, max_trace_id) \
               VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    transaction.prepare_cached(sql)?.execute(params![
        entry.segment_id.cast_signed(),
        entry.table.name(),
        entry.path,
        entry.schema_version,
        entry.rows.cast_signed(),
        entry.bytes.cast_signed(),
        entry.min_time_ns,
        entry.max_time_ns,
        entry.first_lsn.cast_signed(),
        entry.last_lsn.cast_signed(),
        entry.created_at_ns.cast_signed(),
        entry.level,
        entry.trace_ids.map(|(min, _)| min),
        entry.trace_ids.map(|(_, max)| max),
    ])?;
    Ok(())
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<SegmentEntry>> {
    let Some(table) = Table::from_name(&row.get::<_, String>(1)?) else { return Ok(None) };
    let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
    Ok(Some(SegmentEntry {
        segment_id: number(0)?,
        table,
        path: row.get(2)?,
        schema_version: row.get(3)?,
        rows: number(4)?,
        bytes: number(5)?,
        min_time_ns: row.get(6)?,
        max_time_ns: row.get(7)?,
        first_lsn: number(8)?,
        last_lsn: number(9)?,
        created_at_ns: number(10)?,
        level: row.get(11)?,
        trace_ids: row.get::<_, Option<[u8; 16]>>(12)?.zip(row.get::<_, Option<[u8; 16]>>(13)?),
    }))
}

/// Wraps SQLite's error; a full disk becomes [`Error::DiskFull`].
fn failed(operation: &'static str, error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => {
            Error::DiskFull { path: PathBuf::from("the catalog"), detail: format!("cannot {operation}: {error}") }
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Error::DamagedCatalog {
            path: PathBuf::from("catalog.sqlite"),
            detail: format!("cannot {operation}: {error}"),
        },
        _ => Error::Catalog { operation, message: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(segment_id: u64, table: Table) -> SegmentEntry {
        SegmentEntry {
            segment_id,
            table,
            path: format!("segments/{}/{segment_id}", table.name()),
            schema_version: 1,
            rows: 3,
            bytes: 1_000,
            min_time_ns: i64::MIN,
            max_time_ns: i64::MAX,
            first_lsn: 1,
            last_lsn: u64::MAX >> 1,
            created_at_ns: 5,
            level: 0,
            trace_ids: (table == Table::Spans).then_some(([1; 16], [segment_id.to_le_bytes()[0]; 16])),
        }
    }

    #[test]
    fn a_flush_is_committed_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.sqlite");
        let mut catalog = Catalog::open(&path).unwrap();
        let first = [entry(1, Table::Spans), entry(2, Table::Logs)];
        catalog.commit_flush(&first, 9).unwrap();
        // The second entry's id is taken, so that the third must not stay either.
        let refused = catalog.commit_flush(&[entry(3, Table::Points), entry(1, Table::Spans)], 20).unwrap_err();
        assert!(refused.to_string().starts_with("the catalog failed to commit a flush"), "{refused}");
        drop(catalog);
        let catalog = Catalog::open(&path).unwrap();
        assert_eq!((catalog.flushed_lsn().unwrap(), catalog.segments().unwrap()), (9, first.to_vec()));
    }

    #[test]
    fn a_swap_is_committed_whole_or_not_at_all_and_folders_are_remembered_until_they_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.sqlite");
        let mut catalog = Catalog::open(&path).unwrap();
        let (one, two, three) = (entry(1, Table::Spans), entry(2, Table::Spans), entry(3, Table::Spans));
        catalog.commit_flush(&[one.clone(), two.clone()], 9).unwrap();
        // The second input is not live, so that the first must stay.
        catalog.commit_swap(&[one.clone(), three.clone()], &[]).unwrap_err();
        assert_eq!((catalog.segments().unwrap().len(), catalog.removed().unwrap().len()), (2, 0));
        catalog.commit_swap(&[one.clone(), two.clone()], std::slice::from_ref(&three)).unwrap();
        drop(catalog);
        let mut catalog = Catalog::open(&path).unwrap();
        assert_eq!(catalog.segments().unwrap(), [three]);
        assert_eq!(catalog.removed().unwrap(), [(1, one.path), (2, two.path.clone())]);
        catalog.forget_removed(&[1]).unwrap();
        assert_eq!(catalog.removed().unwrap(), [(2, two.path)]);
        assert_eq!(catalog.flushed_lsn().unwrap(), 9);
    }

    /// Scenario: a catalog of telltale 0.1, before compaction existed.
    #[test]
    fn a_catalog_of_the_first_version_is_copied_and_brought_forward() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(include_str!("../../migrations/sqlite/0001_init.sql")).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute_batch(
            "INSERT INTO segments VALUES (7, 'spans', 'segments/spans/0000000007', 1, 3, 1000, -5, 9, 1, 4, 5); \
             UPDATE wal_state SET flushed_lsn = 4;",
        )
        .unwrap();
        drop(old);
        assert_eq!(Catalog::version(&path).unwrap(), (1, 4));
        let catalog = Catalog::open(&path).unwrap();
        let [segment] = catalog.segments().unwrap().try_into().unwrap();
        assert_eq!((segment.segment_id, segment.level, segment.trace_ids), (7, 0, None));
        assert_eq!(
            (catalog.flushed_lsn().unwrap(), catalog.removed().unwrap(), catalog.pins().unwrap()),
            (4, vec![], vec![])
        );
        assert_eq!(Catalog::version(&path).unwrap(), (4, 4));
        assert_eq!(Catalog::version(&path.with_extension("v1.bak")).unwrap(), (1, 4));
    }

    /// Scenario: a number in the catalog is another one, which SQLite does not notice. Guarantee: it is noticed, with the way back.
    #[test]
    fn a_changed_value_is_noticed() {
        for sql in
            ["UPDATE wal_state SET flushed_lsn = 8", "UPDATE segments SET max_time_ns = 1", "DELETE FROM segments"]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("catalog.sqlite");
            let mut catalog = Catalog::open(&path).unwrap();
            catalog.commit_flush(&[entry(1, Table::Spans)], 9).unwrap();
            assert!(Catalog::open(&path).is_ok());
            catalog.connection.execute(sql, []).unwrap();
            let error = Catalog::open(&path).unwrap_err().to_string();
            assert!(error.contains("catalog.sqlite") && error.contains("telltale rebuild-catalog"), "{sql}: {error}");
        }
    }

    #[test]
    fn a_newer_catalog_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.sqlite");
        Catalog::open(&path).unwrap().connection.pragma_update(None, "user_version", 99).unwrap();
        let error = Catalog::open(&path).unwrap_err();
        assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("catalog.sqlite has format 99, this telltale reads up to 4"), "{error}");
    }
}
