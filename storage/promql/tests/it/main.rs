//! PromQL from outside of its package: Prometheus's own test scripts, properties, limits.

mod memory;
mod promqltest;
mod script;
