//! What a query sees: every row that was acknowledged before it began, once.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::schema::Table;
use crate::segment::Segment;

/// An immutable view of all data: rows in memory and live segments.
///
/// A row is in exactly one of the two. Holding a snapshot keeps its rows in memory and its files readable; it is meant
/// to live as long as one query.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Rows in memory, oldest memtable first, by [`Table::ALL`]'s order.
    pub(crate) memory: [Vec<Arc<RecordBatch>>; 6],
    /// Live segments, oldest first, by [`Table::ALL`]'s order.
    pub(crate) segments: [Arc<[Arc<Segment>]>; 6],
}

/// Returns a table's place in arrays of all tables.
pub(crate) fn place(table: Table) -> usize {
    table as usize
}

impl Snapshot {
    /// Returns the rows of a table that are not in segments yet, in no particular order. Cheap: nothing is copied.
    #[must_use]
    pub fn batches(&self, table: Table) -> Vec<RecordBatch> {
        self.memory.get(place(table)).into_iter().flatten().map(|batch| RecordBatch::clone(batch)).collect()
    }

    /// Returns the table's segments, oldest first, without those that turned out to be damaged.
    pub fn segments(&self, table: Table) -> impl Iterator<Item = &Arc<Segment>> {
        self.segments
            .get(place(table))
            .into_iter()
            .flat_map(|segments| segments.iter())
            .filter(|segment| segment.damage().is_none())
    }

    /// Returns the segments of all tables, as [`Snapshot::segments`] gives them.
    pub fn all_segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        Table::ALL.into_iter().flat_map(|table| self.segments(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_the_place_of_its_position() {
        for (position, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(place(table), position);
        }
    }
}
