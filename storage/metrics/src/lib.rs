//! Stored points as Prometheus series.
//!
//! ```text
//! Snapshot ─ index (series of a segment, of a batch) ─ select (matchers decide) ─ read (rows, in chunks) ─ samples ─ visit
//! ```
//!
//! OTLP points are kept as sent. What PromQL sees is a view made here: names and labels by Prometheus's rules, a histogram as its
//! `_bucket`, `_sum` and `_count`, an exponential histogram as a native one, delta as cumulative, a missing value as the staleness
//! marker, `target_info` from the resources. Matchers decide on series before any sample is read.
//!
//! * [`Metrics`] lives as long as the process and keeps what is known of immutable files.
//! * [`View`] is one question over one snapshot: a [`telltale_promql::Source`], and the lists that the HTTP API shows.
//!
//! Everything here blocks; nothing here knows HTTP, threads or SQL.

pub mod limits;

mod attribute;
mod cache;
mod columns;
mod delta;
mod derived;
mod exemplars;
mod family;
mod histogram;
mod index;
mod list;
mod meta;
mod read;
mod samples;
mod select;
mod target_info;
mod view;

pub use cache::Metrics;
pub use exemplars::{ExemplarSeries, QueryExemplar};
pub use list::FamilyMetadata;
pub use view::{Stop, View};

#[cfg(test)]
mod tests;
