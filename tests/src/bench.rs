//! The load generator: how fast telltale takes telemetry in, how soon it is visible, and what that costs.
//!
//! Every request is encoded (and compressed) before the clock starts; with ids and times replaced in place, the
//! generator spends next to nothing beside the server that it measures. Closed loop: N connections with one request in
//! flight each. Open loop (`--rate`): requests are due at fixed times, and latency counts from when one was due, so that a
//! slow answer is not hidden by a late question. What the server says it accepted is counted again by a query.
//!
//! Series are measured beside Debian's Prometheus ([`ranges`]).
//!
//! Deliberately absent: comparison with other products than that, and pinning to cores (use `taskset`).

pub mod corpus;
pub mod load;
pub mod process;
pub mod queries;
pub mod ranges;
pub mod report;
pub mod rest;
pub mod run;
pub mod search;
pub mod sender;
pub mod series;
pub mod template;
pub mod yardstick;
