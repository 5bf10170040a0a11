//! Dashboards and service level objectives, as far as they are text: no I/O, no clock, no store.
//!
//! ```text
//! TOML ─ file::read ─┐                           ┌─ file::write ─ TOML
//! Grafana's JSON ─ grafana::open ─ Dashboard + notes
//! names of metrics ─ builtin::all ─┘
//! [[slo]] ─ slo::Objective ─ PromQL ─ slo::judge ─ SloState
//! ```
//!
//! [`file`] is strict: an unknown key, a value of another type and a mistake in an expression are errors with line and column.
//! [`grafana`] takes what it can and names the rest, panel by panel. Deliberately absent: evaluating (telltale-promql), drawing (the browser).

pub mod builtin;
pub mod error;
pub mod file;
pub mod grafana;
pub mod limits;
pub mod slo;

mod check;

pub use error::FileError;
