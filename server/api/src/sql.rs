//! `POST /api/sql`.

use serde::{Deserialize, Serialize};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlRequest {
    /// One read-only statement.
    pub sql: String,
}

/// What a query read, for the reader who wonders why it took long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ScanReport {
    /// Segments that exist.
    pub segments_total: u64,
    /// Segments left out by time range, key range or bloom filter.
    pub segments_pruned: u64,
    /// Row groups read.
    pub row_groups_read: u64,
    /// Bytes read from segments.
    pub bytes_read: u64,
    /// Rows taken from memory.
    pub memtable_rows: u64,
    /// Milliseconds, planning included.
    pub elapsed_ms: u64,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type, as SQL users know it.
    #[serde(rename = "type")]
    pub data_type: String,
}

/// The answer as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlAnswer<Row> {
    /// The columns in order; their names are unique.
    pub columns: Vec<SqlColumn>,
    /// One JSON object a row, by column name: ids as hex, times as RFC 3339 with nanoseconds, NaN as a string.
    pub rows: Vec<Row>,
    /// What was read to answer.
    pub report: ScanReport,
}
