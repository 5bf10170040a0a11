//! Storage of telltale: nothing that was acknowledged is lost, and what was acknowledged is visible.
//!
//! ```text
//! append → decode → WAL (fsync) → memtable → snapshot        acknowledged here
//!                                    └ flush → segments → catalog → snapshot → WAL files deleted
//!                                                 └ compaction, retention → fewer segments
//! ```
//!
//! [`Storage`] is the only door. `storage/ARCHITECTURE.md` has the write path, the read path and the invariants;
//! `storage/FORMAT.md` has every byte. This package knows neither SQL nor HTTP.

mod budget;
mod catalog;
pub mod clock;
mod compaction;
mod data_dir;
pub mod decode;
mod deletion;
pub mod encode;
pub mod error;
mod flush;
mod graveyard;
mod ingest;
mod install;
pub mod io;
pub mod limits;
mod maintenance;
mod memtable;
pub mod offline;
mod recovery;
pub mod remote;
mod reserve;
pub mod retention;
pub mod schema;
pub mod segment;
mod shared;
pub mod snapshot;
pub mod status;
pub mod storage;
#[cfg(test)]
mod testing;
pub mod text;
pub mod wal;

pub use deletion::{Deleted, Deletion};
pub use error::{Error, ErrorKind};
pub use remote::{RemoteStatus, RemoteStore, Upload};
pub use retention::{Pin, PinKind, Retention};
pub use segment::promoted::{Promoted, PromotedColumn, ValueType};
pub use segment::{LogIndex, RowStream, Segment, TraceRow, ValueOrigin, Values, intersection, trace_rows_of};
pub use snapshot::Snapshot;
pub use status::{Counters, DurationCounts, Status, TableStatus};
pub use storage::{AckMode, Appended, Options, Reading, Storage};
