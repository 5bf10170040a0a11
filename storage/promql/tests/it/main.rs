//! PromQL from outside of its package: Prometheus's own test scripts, properties, limits.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skipped"
)]

mod limits;
mod memory;
mod naive;
mod own;
mod promqltest;
mod roundtrip;
mod script;
