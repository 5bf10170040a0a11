//! Deletions that are not carried out yet, in the catalog.

use rusqlite::params;
use telltale_model::TraceId;

use super::{Catalog, failed};
use crate::deletion::{Deletion, Tombstone};
use crate::error::Error;

impl Catalog {
    /// Adds a deletion of rows in segments up to an id.
    pub(crate) fn add_tombstone(
        &self,
        deletion: &Deletion,
        max_segment_id: u64,
        now_ns: u64,
    ) -> Result<Tombstone, Error> {
        let sql = "INSERT INTO tombstones (trace_id, service_name, start_ns, end_ns, max_segment_id, created_at_ns) \
                   VALUES (?, ?, ?, ?, ?, ?)";
        let values = params![
            deletion.trace_id.as_ref().map(TraceId::as_bytes),
            deletion.service_name,
            deletion.start_ns,
            deletion.end_ns,
            max_segment_id.cast_signed(),
            now_ns.cast_signed(),
        ];
        let tombstone_id = self.change("add a deletion", |transaction| {
            transaction.execute(sql, values)?;
            Ok(transaction.last_insert_rowid().cast_unsigned())
        })?;
        Ok(Tombstone { tombstone_id, deletion: deletion.clone(), max_segment_id })
    }

    /// Returns the deletions that are not carried out yet, oldest first.
    pub(crate) fn tombstones(&self) -> Result<Vec<Tombstone>, Error> {
        let read = || -> rusqlite::Result<Vec<Tombstone>> {
            let sql = "SELECT tombstone_id, trace_id, service_name, start_ns, end_ns, max_segment_id FROM tombstones \
                       ORDER BY tombstone_id";
            self.connection().prepare(sql)?.query_map([], tombstone)?.collect()
        };
        read().map_err(|error| failed("list the deletions", &error))
    }

    /// Removes a deletion that is carried out.
    pub(crate) fn remove_tombstone(&self, tombstone_id: u64) -> Result<(), Error> {
        let id = tombstone_id.cast_signed();
        self.change("remove a deletion", |transaction| {
            transaction.execute("DELETE FROM tombstones WHERE tombstone_id = ?", [id]).map(drop)
        })
    }
}

fn tombstone(row: &rusqlite::Row<'_>) -> rusqlite::Result<Tombstone> {
    let deletion = Deletion {
        trace_id: row.get::<_, Option<[u8; 16]>>(1)?.and_then(TraceId::new),
        service_name: row.get(2)?,
        start_ns: row.get(3)?,
        end_ns: row.get(4)?,
    };
    let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
    Ok(Tombstone { tombstone_id: number(0)?, deletion, max_segment_id: number(5)? })
}
