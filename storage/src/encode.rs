//! Rows back into OTLP, and readers of the columns that hold OTLP bytes.
//!
//! [`spans()`], [`logs()`] and [`metrics()`] give back what was sent, but for the order of the envelopes (rows with equal
//! envelopes are put together) and envelopes without records. [`SpanColumns`], [`LogColumns`] and [`PointColumns`] read
//! batches of the stored schemas row by row, whether they come from the memtable or from Parquet.
//!
//! Deliberately absent: JSON, and any judgement on what is stored.

mod columns;
mod envelope;
mod logs;
mod metrics;
mod spans;
mod values;

use arrow::array::{ListArray, RecordBatch};
use opentelemetry_proto::tonic::logs::v1::LogsData;
use opentelemetry_proto::tonic::metrics::v1::MetricsData;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use telltale_model::AttributeValue;

use self::columns::AttributeColumns;
pub use self::columns::{EncodeError, TailColumns};
pub use self::envelope::{ResourceParts, ScopeParts, resource, scope};
pub use self::logs::LogColumns;
pub use self::metrics::{ExemplarRow, PointColumns};
pub use self::spans::{EventRow, LinkRow, SpanColumns};
pub use self::values::{any_value, key_values};
use crate::schema::Table;

/// Turns batches of the `spans` table into OTLP.
pub fn spans(batches: &[RecordBatch]) -> Result<TracesData, EncodeError> {
    spans::encode(batches)
}

/// Turns batches of the `logs` table into OTLP.
pub fn logs(batches: &[RecordBatch]) -> Result<LogsData, EncodeError> {
    logs::encode(batches)
}

/// Turns batches of the tables of points into OTLP; batches of other tables are an error.
pub fn metrics(batches: &[(Table, RecordBatch)]) -> Result<MetricsData, EncodeError> {
    metrics::encode(batches)
}

/// Reads the attributes of one row of an `attributes` column, in the order sent.
///
/// `row` must be less than the column's length.
pub fn attributes(column: &ListArray, row: usize) -> Result<Vec<(String, AttributeValue)>, EncodeError> {
    let values = AttributeColumns::of_list(column)?;
    Ok(columns::range(column, row).map(|item| values.attribute(item)).collect())
}
