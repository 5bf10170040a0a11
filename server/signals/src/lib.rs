//! The signals that a feature promises (`signals.toml`), and whether a run kept the promise.
//!
//! ```text
//! signals.toml ─ file ─► rules ─┐
//!                               ├─ evaluate ─► Report ─ report ─► text, JSON, JUnit XML, annotations, summary
//! store ─► Observed ────────────┘
//!             ├─ bless ─► a signals.toml     ├─ schema ─► lock and diff     └─ runs ─► two runs compared
//! JUnit XML ─ junit ─► test cases ─ join ─► their traces
//! ```
//!
//! Pure: no I/O, no clocks, no store; native and wasm. What was seen comes in as plain values ([`observed::Observed`]),
//! whoever read them. Every bound stands in [`limits`]. Start reading at [`file`] for the language and at [`evaluate`]
//! for its meaning.

pub mod bless;
pub mod board;
pub mod comparison;
pub mod error;
pub mod evaluate;
pub mod file;
pub mod join;
pub mod junit;
pub mod limits;
pub mod observed;
pub mod pattern;
pub mod report;
pub mod results;
pub mod rule;
pub mod runs;
pub mod schema;
pub mod template;
mod toml_text;

pub use error::FileError;
pub use evaluate::{Report, Verdict, evaluate};
pub use file::parse;
pub use observed::Observed;
