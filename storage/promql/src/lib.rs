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

pub mod complete;
pub mod histogram;
pub mod labels;
pub mod limits;

mod annotations;
pub mod ast;
mod engine;
mod error;
pub mod format;
mod functions;
mod json;
mod matcher;
mod math;
mod parser;
mod source;
mod text;
mod value;

pub use ast::{Expr, ExprKind, PosRange, ValueType, VectorSelector};
pub use engine::{Engine, Interrupt};
pub use error::{Error, ErrorKind};
pub use format::pretty;
pub use histogram::Histogram;
pub use json::to_json;
pub use labels::{Label, Labels, LabelsBuilder};
pub use limits::Limits;
pub use matcher::{MatchOp, Matcher, Pattern};
pub use parser::{ParseError, ParseErrors, parse, parse_recovering, parse_selector};
pub use source::{SelectReport, Selection, SeriesView, Source};
pub use text::quote;
pub use value::{Answer, STALE_NAN_BITS, Sample, SampleValue, Series, Value, is_stale, stale_nan};
