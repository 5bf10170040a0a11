//! Questions to the store: SQL through DataFusion over memory and segments together, and the direct look-ups that the
//! trace page lives on.
//!
//! * [`Query::sql`] answers one read-only statement within limits of time, memory, rows and bytes.
//! * [`Query::trace`], [`Query::find_traces`], [`Query::find_by_prefix`], [`Query::find_value`], [`Query::summaries`] and [`Query::recent`] go to the rows without
//!   planning anything.
//! * [`json_rows`] turns an answer into JSON.
//!
//! Every question sees one snapshot: everything that was acknowledged before it began, each row once. Queries run on
//! threads of their own, so that ingest never waits for them; a question whose future is dropped is cancelled.
//! Deliberately absent: HTTP, deduplication of spans that were sent twice (the view does that), and any way to write.

mod error;
mod functions;
mod json;
pub mod limits;
mod lookup;
mod otlp;
mod pool;
mod query;
mod sql;
mod table;
#[cfg(test)]
mod tests;

pub use error::QueryError;
pub use json::{column_names, json_rows, type_name};
pub use limits::QueryLimits;
pub use lookup::{
    Arrival, Found, IdPrefix, Lookup, OperationHit, OperationKey, PrefixHit, TraceData, TraceSummaryRow, ValueHit,
};
pub use query::Query;
pub use sql::{QueryReport, SqlAnswer};
pub use telltale_storage::ValueOrigin;
