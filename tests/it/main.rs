//! The black-box tests of the whole product. One binary, since every one of them would link the whole server again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::let_underscore_must_use,
    clippy::print_stderr,
    reason = "tests fail by panicking, say what they skipped, and need not look at every answer"
)]

mod bad_input;
mod checklist;
mod clients;
mod commands;
mod conformance;
mod crash;
mod damage;
mod filesystem;
mod fuzz;
mod limits;
mod live;
mod memory;
mod migrate;
mod power;
mod process;
mod promql;
mod run;
mod security;
mod service_graph;
mod share;
mod snippets;
mod soak;
mod store;
mod stories;
mod support;
mod telemetry;
mod tidy;
mod ui;
mod vectors;
