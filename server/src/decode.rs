//! OTLP/JSON: into the protobuf bytes that the storage takes, and back.
//!
//! The whole of telltale behind the receivers knows OTLP as protobuf only. Deliberately absent: any meaning of the
//! fields; ids, times and attributes are judged by telltale-storage's decoder, once, for both encodings.

pub mod json;

pub use json::{JsonError, json_to_protobuf, protobuf_to_json};
