//! Prometheus's data model at the edges of telltale: how OTLP names become Prometheus names, and how Prometheus samples
//! become OTLP.
//!
//! ```text
//! text, OpenMetrics ─ text ─┐
//!                           ├─ Series ─ otlp ─ ExportMetricsServiceRequest      (on the way in)
//! remote write 1, 2 ─ remote┘
//! OTLP name, unit, attributes ─ name ─ __name__ and labels                     (when a query is answered)
//! ```
//!
//! What comes from Prometheus is stored as OTLP under the scope [`SCOPE`], whose names are Prometheus's already: nothing of it is
//! translated again, so the same labels and values come back bit for bit (docs/decisions say how each kind is kept).
//!
//! Pure: no I/O, no clock. Deliberately absent: PromQL, storage, HTTP.

pub mod escape;
pub mod limits;
pub mod name;
pub mod number;
pub mod otlp;
pub mod remote;
pub mod series;
pub mod text;

pub use series::{Exemplar, FamilyType, Metadata, NativeHistogram, Series};

/// Name of the instrumentation scope whose metrics carry Prometheus names: they are shown as they are.
pub const SCOPE: &str = "telltale.prometheus";
