//! Everything that arrived in an interval of time, whole: what checks and comparisons of runs look at.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use telltale_storage::Snapshot;
use telltale_storage::limits::POINT_ARRIVAL_NS;
use telltale_storage::schema::{Table, col};

use super::{internal, ranges, scan, take};
use crate::error::QueryError;

/// An interval of arrival times, ns since the epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Earliest.
    pub start_ns: i64,
    /// Latest.
    pub end_ns: i64,
}

impl Arrival {
    /// All of time.
    pub const EVER: Self = Self { start_ns: i64::MIN, end_ns: i64::MAX };

    fn contains(self, time_ns: i64) -> bool {
        (self.start_ns..=self.end_ns).contains(&time_ns)
    }

    /// Returns the interval in the unit of a table's times of arrival: points that arrived in the second of its beginning count.
    fn of(self, table: Table) -> Self {
        if !table.holds_points() {
            return self;
        }
        let unit = POINT_ARRIVAL_NS.cast_signed();
        Self { start_ns: self.start_ns.saturating_sub(self.start_ns.rem_euclid(unit)), ..self }
    }
}

/// Gathers the rows of the tables that arrived in the interval, in the stored schemas and in no particular order.
pub(crate) fn arrived(
    snapshot: &Snapshot,
    tables: &[Table],
    arrival: Arrival,
    rows_max: usize,
) -> Result<Vec<(Table, RecordBatch)>, QueryError> {
    let mut out: Vec<(Table, RecordBatch)> = Vec::new();
    let mut left = rows_max;
    for table in tables {
        let arrival = arrival.of(*table);
        let mut keep = |batch: RecordBatch| {
            left = left.checked_sub(batch.num_rows()).ok_or(QueryError::Rows { limit: rows_max })?;
            out.push((*table, batch));
            Ok::<_, QueryError>(())
        };
        for batch in snapshot.batches(*table) {
            let rows = rows(&batch, arrival)?;
            if !rows.is_empty() {
                keep(take(&batch, rows)?)?;
            }
        }
        for segment in snapshot.segments(*table) {
            let rows = scan(segment, &[col::INGEST_TIME_UNIX_NANO], None, |batch| rows(batch, arrival))?;
            if rows.len() > rows_max {
                return Err(QueryError::Rows { limit: rows_max });
            }
            if rows.is_empty() {
                continue;
            }
            for batch in segment.read(None, Some(&ranges(rows)))? {
                keep(batch)?;
            }
        }
    }
    Ok(out)
}

fn rows(batch: &RecordBatch, arrival: Arrival) -> Result<Vec<u32>, QueryError> {
    let times = batch.column_by_name(col::INGEST_TIME_UNIX_NANO);
    let times = times.and_then(|array| array.as_primitive_opt::<TimestampNanosecondType>());
    let times = times.ok_or_else(|| internal("no time of arrival in a stored table".to_owned()))?;
    let all = 0..u32::try_from(times.len()).unwrap_or(u32::MAX);
    Ok(all.zip(times.values()).filter(|(_, time)| arrival.contains(**time)).map(|(row, _)| row).collect())
}
