//! PromQL, Prometheus's query language: a parser with source positions, a formatter, and an evaluator over columns.
//!
//! ```text
//! text ─ lexer ─ parser ─ Expr ─┬─ format, json          (also in the browser)
//!                               └─ Engine ─ Source::select ─ Answer
//! ```
//!
//! Pure: no I/O, no clock, no threads; everything compiles to wasm32. A store implements [`Source`]; the HTTP API asks [`Engine`].
//! Start reading at [`parse`] and [`Engine::range`].
//!
//! The semantics are those of Prometheus 3: ranges and lookback are left-open, the name of a metric is dropped at the end of the evaluation
//! only (so that `label_replace` can still read it), regular expressions are fully anchored.
//!
//! Deliberately absent: rules, recording, scraping, storage.

pub mod histogram;
pub mod labels;
pub mod limits;

mod error;
mod matcher;
mod source;
mod text;
mod value;

pub use error::{Error, ErrorKind};
pub use histogram::Histogram;
pub use labels::{Label, Labels, LabelsBuilder};
pub use limits::Limits;
pub use matcher::{MatchOp, Matcher, Pattern};
pub use source::{SelectReport, Selection, SeriesView, Source};
pub use value::{Answer, STALE_NAN_BITS, Sample, SampleValue, Series, Value, is_stale, stale_nan};
