//! Identifiers, times and values that every other part of telltale shares.
//!
//! Everything here is plain data: std only, no I/O, safe to compile to wasm32. The server, the browser
//! application and the storage engine agree on these types and on nothing else.
//!
//! * [`id`]: trace, span and run ids, their hex text and the rule that zero is invalid.
//! * [`time`]: nanoseconds since the Unix epoch and durations in nanoseconds.
//! * [`signal`]: traces, metrics and logs.
//! * [`span`], [`severity`]: the enumerations of OTLP with their display names.
//! * [`sketch`]: how long something usually takes, in few bytes.
//! * [`attribute`]: the value of an attribute (OTLP `AnyValue`).
//! * [`semconv`]: every attribute key that telltale itself reads.
//! * [`peer`]: who stands at the other side of a call that only one side tells of.
//!
//! Deliberately absent: serialisation (each boundary owns its own), clocks, and anything async.

pub mod attribute;
pub mod id;
pub mod peer;
pub mod semconv;
pub mod severity;
pub mod signal;
pub mod sketch;
pub mod span;
pub mod time;

pub use attribute::AttributeValue;
pub use id::{ParseIdError, SpanId, TraceId};
pub use peer::{Peer, PeerKind};
pub use severity::Severity;
pub use signal::SignalKind;
pub use sketch::DurationSketch;
pub use span::{SpanKind, StatusCode};
pub use time::{DurationNanos, TimeRange, UnixNanos};
