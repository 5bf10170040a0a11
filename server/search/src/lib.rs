//! The search language: what is typed into the search box, as a tree, as SQL and as a test of one record.
//!
//! * [`parse`]: text → [`Query`], with every fault's place and what to do about it; what can be understood stays.
//! * [`Query::to_sql`]: the condition over the `spans` or `logs` table that means the same.
//! * [`Query::filter`]: the same meaning for one record in memory, for live streams and as the reference of tests.
//! * [`complete`]: what the cursor stands on, for completion.
//! * [`pattern`]: templates of log lines.
//!
//! A condition is two-valued: a record that lacks a key fails every comparison with it, and passes `not` of it.
//! Deliberately absent: I/O, clocks, the engines for words and regular expressions (the caller brings these).

pub mod complete;
pub mod eval;
pub mod field;
mod lexer;
pub mod limits;
mod parser;
pub mod pattern;
mod sql;
pub mod tree;
pub mod value;

#[cfg(test)]
mod tests;

pub use eval::{Engine, Filter, Record};
pub use field::Target;
pub use parser::parse;
pub use sql::{key_sql, text_literal};
pub use tree::{Expr, Problem, Query};
