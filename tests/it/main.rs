//! The black-box tests of the whole product. One binary, since every one of them would link the whole server again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skipped"
)]

mod bad_input;
mod checklist;
mod clients;
mod conformance;
mod crash;
mod limits;
mod process;
mod security;
mod stories;
mod support;
mod telemetry;
mod tidy;
mod ui;
