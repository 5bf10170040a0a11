//! The language: what texts mean, where faults are, and that no text gets out of its literal.

mod cases;
mod literals;
mod records;
