//! The harness of the black-box tests: the real `telltale` executable as a child process, real clients in front of it.
//!
//! * [`server`] starts, stops and kills the executable and reads what it prints.
//! * [`http`] and [`grpc`] speak to it; both can also send bytes that no honest client would.
//! * [`otlp`] builds export requests, [`wire`] builds broken ones.
//! * [`prometheus`] starts Debian's Prometheus, to compare with.
//! * [`normal`] makes OTLP/JSON comparable, whoever wrote it.
//! * [`bench`] measures: the load generator behind the `bench` executable.
//! * [`poll`] waits for a condition until a deadline. Nothing here sleeps for a fixed time and hopes.
//!
//! The tests themselves are `it/main.rs`. That binary is declared by the package `telltale` (server/Cargo.toml), so that
//! cargo builds the executable first and says where it is. Nothing here knows the inside of the product.

pub mod bench;
pub mod grpc;
pub mod http;
pub mod normal;
pub mod otlp;
pub mod poll;
pub mod prometheus;
pub mod rng;
pub mod server;
pub mod wire;
