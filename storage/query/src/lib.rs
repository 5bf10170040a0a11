//! Questions to the store: SQL through DataFusion over memory and segments together, and the direct look-ups that the
//! trace page lives on.
//!
//! * [`Query::sql`] answers one read-only statement within limits of time, memory, rows and bytes.
//! * [`Query::trace`], [`Query::find_traces`], [`Query::find_by_prefix`], [`Query::find_value`], [`Query::summaries`] and [`Query::recent`] go to the rows without
//!   planning anything.
//! * [`Query::stream`] answers one batch by batch; [`Exporter`] writes these as CSV, JSON lines or Parquet, [`Tally`]
//!   counts the keys and values of their attributes.
//! * [`json_rows`] turns an answer into JSON.
//!
//! Every question sees one snapshot: everything that was acknowledged before it began, each row once. Queries run on
//! threads of their own, so that ingest never waits for them; a question whose future is dropped is cancelled.
//! Deliberately absent: HTTP, deduplication of spans that were sent twice (the view does that), and any way to write.

mod counts;
mod error;
mod export;
mod functions;
mod json;
pub mod limits;
mod lookup;
mod otlp;
mod pool;
mod query;
mod sql;
mod table;
mod tally;
#[cfg(test)]
mod tests;

pub use counts::{AT, BAND, Counts, Groups, OverTime, Values};
pub use error::QueryError;
pub use export::{ExportForm, Exporter};
pub use json::{column_names, json_rows, type_name};
pub use limits::QueryLimits;
pub use lookup::{
    Arrival, Found, IdPrefix, Lookup, OperationHit, OperationKey, PrefixHit, TraceData, TraceSummaryRow, ValueHit,
};
pub use otlp::text_of as attribute_text;
pub use query::{Query, RowStream};
pub use sql::{QueryReport, SqlAnswer};
pub use tally::{KeyCounts, KeyOrigin, Tally, ValueCounts};
pub use telltale_storage::ValueOrigin;
