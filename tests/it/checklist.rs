//! The server-side rules of the OTLP specification, one test a rule, named as in the checklist of the design notes.
//!
//! A 200 proves nothing: wherever something is accepted, the test reads the values back.

mod common;
mod grpc;
mod http;
mod json;
