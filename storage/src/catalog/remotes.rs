//! Which segments the object store has, in the catalog.
//!
//! A segment's place there is noted before its first byte is uploaded, and moves to `removed_remote` in the transaction that takes
//! the segment out. So the catalog knows every object that telltale ever wrote, whatever was cut off: nothing has to be
//! guessed from a listing.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Catalog, failed};
use crate::error::Error;

/// What [`Catalog::begin_upload`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Nothing was there.
    New,
    /// An earlier upload to this place did not end.
    Again,
    /// The segment is not live any more, or it is uploaded.
    NotDue,
}

impl Catalog {
    /// Returns where uploaded segments are in the store, by segment id.
    pub(crate) fn uploaded(&self) -> Result<BTreeMap<u64, String>, Error> {
        let sql = "SELECT segment_id, remote FROM segments WHERE is_uploaded = 1 AND remote IS NOT NULL";
        self.places(sql).map(|places| places.into_iter().collect())
    }

    /// Notes where a segment is about to be uploaded to.
    pub(crate) fn begin_upload(&mut self, segment_id: u64, url: &str) -> Result<Begun, Error> {
        let id = segment_id.cast_signed();
        self.change("note an upload", |transaction| {
            let mut found = transaction.prepare("SELECT remote, is_uploaded FROM segments WHERE segment_id = ?")?;
            let mut rows = found.query([id])?;
            let begun = match rows.next()? {
                None => Begun::NotDue,
                Some(row) if row.get::<_, bool>(1)? => Begun::NotDue,
                Some(row) if row.get::<_, Option<String>>(0)?.as_deref() == Some(url) => Begun::Again,
                Some(_) => Begun::New,
            };
            if begun == Begun::New {
                transaction.execute("UPDATE segments SET remote = ? WHERE segment_id = ?", params![url, id])?;
            }
            Ok(begun)
        })
    }

    /// Notes that everything of a segment is in the store; false when the segment is not live any more.
    pub(crate) fn finish_upload(&self, segment_id: u64) -> Result<bool, Error> {
        let sql = "UPDATE segments SET is_uploaded = 1 WHERE segment_id = ? AND remote IS NOT NULL";
        self.change("note an upload's end", |transaction| {
            transaction.execute(sql, [segment_id.cast_signed()]).map(|rows| rows == 1)
        })
    }

    /// Notes where segments are in the store, when a catalog is made anew; of those that are not in the catalog, that they are to go.
    pub(crate) fn set_uploaded(&mut self, places: &BTreeMap<u64, String>, owner: &str) -> Result<(), Error> {
        self.change("note what the store has", |transaction| {
            for (id, url) in places {
                let sql = "UPDATE segments SET remote = ?, is_uploaded = 1 WHERE segment_id = ?";
                if transaction.execute(sql, params![url, id.cast_signed()])? == 0 {
                    let sql = "INSERT OR REPLACE INTO removed_remote VALUES (?, ?)";
                    transaction.execute(sql, params![id.cast_signed(), url])?;
                }
            }
            transaction.execute("INSERT OR REPLACE INTO store_owner VALUES (1, ?)", [owner]).map(drop)
        })
    }

    /// Returns places in the store that are not needed any more: their segments are gone, their folders too.
    pub(crate) fn removed_remote(&self) -> Result<Vec<(u64, String)>, Error> {
        self.places(
            "SELECT segment_id, remote FROM removed_remote \
             WHERE segment_id NOT IN (SELECT segment_id FROM removed_segments) ORDER BY segment_id",
        )
    }

    /// Returns the largest segment id that has a place in the store which is not needed any more.
    pub(crate) fn largest_removed_remote(&self) -> Result<Option<u64>, Error> {
        let read = self
            .connection()
            .query_row("SELECT max(segment_id) FROM removed_remote", [], |row| row.get::<_, Option<i64>>(0));
        read.map(|id| id.map(i64::cast_unsigned)).map_err(|error| failed("list what the store must lose", &error))
    }

    /// Forgets a place that is empty.
    pub(crate) fn forget_removed_remote(&self, segment_id: u64) -> Result<(), Error> {
        let sql = "DELETE FROM removed_remote WHERE segment_id = ?";
        self.change("forget what the store has lost", |transaction| {
            transaction.execute(sql, [segment_id.cast_signed()]).map(drop)
        })
    }

    /// Returns what tells this data folder's objects from another one's; made by `make` the first time.
    pub(crate) fn owner(&self, make: impl FnOnce() -> String) -> Result<String, Error> {
        let read = || self.connection().query_row("SELECT owner FROM store_owner", [], |row| row.get(0)).optional();
        match read().map_err(|error| failed("read the owner of the store", &error))? {
            Some(owner) => Ok(owner),
            None => self.change("note the owner of the store", |transaction| {
                let owner = make();
                transaction.execute("INSERT INTO store_owner VALUES (1, ?)", [&owner])?;
                Ok(owner)
            }),
        }
    }

    fn places(&self, sql: &str) -> Result<Vec<(u64, String)>, Error> {
        let read = || -> rusqlite::Result<Vec<(u64, String)>> {
            let mut statement = self.connection().prepare(sql)?;
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?.collect()
        };
        read().map_err(|error| failed("list what the store has", &error))
    }
}

/// Notes that a segment's place in the store is not needed any more, if it has one.
pub(super) fn note_removed(transaction: &Transaction<'_>, segment_id: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO removed_remote \
               SELECT segment_id, remote FROM segments WHERE segment_id = ? AND remote IS NOT NULL";
    transaction.execute(sql, [segment_id]).map(drop)
}
