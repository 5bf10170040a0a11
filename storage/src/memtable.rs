//! Rows that are acknowledged and not yet in segments.
//!
//! A memtable has the rows of all tables of a closed interval of WAL numbers. It is a list of Arrow batches a table;
//! small ones are merged as they come (see [`coalesce`]), so that a hundred thousand requests of one span cost little
//! more than one of a hundred thousand.
//!
//! Deliberately absent: any index. A look-up scans at most `limits::MEMTABLE_BUDGET_BYTES`.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array as _, ArrayData, RecordBatch};
use arrow::buffer::{Buffer, NullBuffer};

use crate::decode::is_shared_zeros;
use crate::schema::Table;
use crate::snapshot::place;

mod coalesce;

pub(crate) use coalesce::merge;

/// The rows of one closed interval of WAL numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memtable {
    pub(crate) tables: [TableRows; 6],
    /// First and last WAL number; 0 and 0 when empty.
    pub(crate) first_lsn: u64,
    pub(crate) last_lsn: u64,
    /// Bytes of its records in the WAL.
    pub(crate) wal_bytes: u64,
    /// Monotonic time of the first insert.
    pub(crate) born: Option<Duration>,
}

/// The rows of one table.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableRows {
    pub(crate) batches: Vec<Arc<RecordBatch>>,
    /// Arrow bytes of each batch.
    bytes: Vec<u64>,
    pub(crate) rows: u64,
}

impl Memtable {
    /// Adds the rows of one WAL record, the next one.
    pub(crate) fn insert(&mut self, lsn: u64, wal_bytes: u64, now: Duration, batches: &[(Table, RecordBatch)]) {
        if self.is_empty() {
            self.first_lsn = lsn;
            self.born = Some(now);
        }
        self.last_lsn = lsn;
        self.wal_bytes += wal_bytes;
        for (table, batch) in batches.iter().filter(|(_, batch)| batch.num_rows() > 0) {
            if let Some(rows) = self.tables.get_mut(place(*table)) {
                rows.push(batch.clone());
            }
        }
    }

    /// Tells whether no WAL number is covered.
    pub(crate) fn is_empty(&self) -> bool {
        self.last_lsn == 0
    }

    /// Returns the Arrow bytes of all rows.
    pub(crate) fn bytes(&self) -> u64 {
        self.tables.iter().flat_map(|table| &table.bytes).sum()
    }
}

impl TableRows {
    fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows() as u64;
        self.add(Arc::new(batch));
        while let Some(count) = coalesce::mergeable(&self.batches) {
            let start = self.batches.len() - count;
            let Some(tail) = self.batches.get(start..) else { return };
            match merge(tail) {
                Ok(merged) => {
                    self.batches.truncate(start);
                    self.bytes.truncate(start);
                    self.add(Arc::new(merged));
                }
                // Merging only saves memory: the rows stay as they are.
                Err(error) => return tracing::error!(%error, "small batches could not be merged"),
            }
        }
    }

    fn add(&mut self, batch: Arc<RecordBatch>) {
        self.bytes.push(batch_bytes(&batch));
        self.batches.push(batch);
    }
}

/// Returns the memory that a batch holds on to: everything that was allocated for it, filled or not.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> u64 {
    batch.columns().iter().map(|column| data_bytes(&column.to_data())).sum::<usize>() as u64
}

fn data_bytes(data: &ArrayData) -> usize {
    let own = |buffer: &&Buffer| !is_shared_zeros(buffer);
    let buffers = data.buffers().iter().chain(data.nulls().map(NullBuffer::buffer)).filter(own).map(Buffer::capacity);
    size_of::<ArrayData>() + buffers.sum::<usize>() + data.child_data().iter().map(data_bytes).sum::<usize>()
}
