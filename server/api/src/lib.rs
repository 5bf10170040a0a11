//! What travels between the server and whoever asks it: data transfer objects, named for what a page shows.
//!
//! The browser application, the command line and `curl` use the same public API, and these are its shapes. Storage
//! types never appear here; the server converts. Rules:
//!
//! * Ids are lower-case hex text.
//! * Nanoseconds travel as decimal strings ([`Nanos`]), since JavaScript's numbers end at 2^53.
//! * Fields are only ever added; readers ignore what they do not know.
//! * [`routes`] is the single table of paths.

pub mod area;
pub mod around;
pub mod dashboard;
pub mod delete;
pub mod diff;
pub mod error;
pub mod flush;
pub mod health;
pub mod import;
pub mod issue;
pub mod live;
pub mod nanos;
pub mod plan;
pub mod promql;
pub mod resolve;
pub mod routes;
pub mod run;
pub mod search;
pub mod sender;
pub mod services;
pub mod share;
pub mod snippets;
pub mod sql;
pub mod story;
pub mod trace;

pub use error::{ErrorBody, ErrorDetail};
pub use nanos::{Nanos, SignedNanos};
