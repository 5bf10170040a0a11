//! The handlers in process, over a real store in a temporary folder that was fed with OTLP.

mod around;
mod artifacts;
mod commands;
mod comparisons;
mod dashboards;
mod delete;
mod expect;
mod expect_commands;
mod formats;
mod harness;
mod import;
mod live;
mod lookup;
mod pages;
mod prometheus;
mod promql;
mod runs;
mod sample;
mod search;
mod services;
mod share;
mod snapshots;
mod sql;
mod stories;
