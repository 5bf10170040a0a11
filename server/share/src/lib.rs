//! Telemetry in and out of files: opens what other tools wrote, takes secrets out, and writes a page that needs no server.
//!
//! ```text
//! file ─ open (archive, inflate, JSON, protobuf) ─ OTLP requests            → the server appends them like any other
//! trace ─ redact (rules by key and by pattern) ─ OTLP ─ story ─ page        → one HTML file
//! ```
//!
//! * [`open`]: recognises a file by its content and turns it into OTLP export requests, record by record.
//! * [`redact`]: rules by key and by pattern, with pseudonyms and a report.
//! * [`page`]: one HTML file with a story and its data.
//! * [`archive`], [`inflate`]: zip, gzip and zstd with bounds; the one place for their guards.
//!
//! Deliberately absent: sockets, clocks, randomness, the store. Files are never named by what they hold: an entry of an
//! archive is read, not unpacked.

pub mod archive;
pub mod inflate;
pub mod limits;

pub mod open;
pub mod page;
pub mod redact;
