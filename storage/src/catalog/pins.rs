//! Pins in the catalog.

use rusqlite::params;
use telltale_model::TraceId;

use super::{Catalog, failed};
use crate::error::Error;
use crate::retention::{Pin, PinKind};

impl Catalog {
    /// Returns every pin, by name.
    pub(crate) fn pins(&self) -> Result<Vec<Pin>, Error> {
        let read = || -> rusqlite::Result<Vec<Option<Pin>>> {
            let sql = "SELECT name, trace_id, start_ns, end_ns, created_at_ns FROM pins ORDER BY name";
            self.connection().prepare(sql)?.query_map([], pin)?.collect()
        };
        Ok(read().map_err(|error| failed("list the pins", &error))?.into_iter().flatten().collect())
    }

    /// Adds a pin, in the place of one of the same name.
    pub(crate) fn add_pin(&self, pin: &Pin) -> Result<(), Error> {
        let (trace_id, start_ns, end_ns) = match &pin.kind {
            PinKind::Trace(id) => (Some(id.as_bytes()), None, None),
            PinKind::Time { start_ns, end_ns } => (None, Some(start_ns), Some(end_ns)),
        };
        let values = params![pin.name, trace_id, start_ns, end_ns, pin.created_at_ns.cast_signed()];
        self.change("add a pin", |transaction| {
            transaction.execute("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?)", values).map(drop)
        })
    }

    /// Removes a pin; false when there is none of this name.
    pub(crate) fn remove_pin(&self, name: &str) -> Result<bool, Error> {
        self.change("remove a pin", |transaction| {
            transaction.execute("DELETE FROM pins WHERE name = ?", [name]).map(|count| count > 0)
        })
    }
}

fn pin(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Pin>> {
    let kind = match row.get::<_, Option<[u8; 16]>>(1)? {
        Some(id) => TraceId::new(id).map(PinKind::Trace),
        None => Some(PinKind::Time { start_ns: row.get(2)?, end_ns: row.get(3)? }),
    };
    let (name, created_at_ns) = (row.get(0)?, row.get::<_, i64>(4)?.cast_unsigned());
    Ok(kind.map(|kind| Pin { name, kind, created_at_ns }))
}
