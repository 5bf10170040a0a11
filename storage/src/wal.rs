//! The write-ahead log: the raw bytes of every append, on disk before it is acknowledged.
//!
//! The log is a folder of files; each is written once from front to back and deleted when segments cover it. There is
//! one writer. `storage/FORMAT.md` has every byte.
//!
//! Deliberately absent: compression and knowledge of what a payload means; replay decodes payloads with whatever
//! decoder is current.

mod reader;
mod record;
mod recovery;
mod writer;

pub use reader::{FileReader, Item};
pub use record::{FILE_HEADER_BYTES, FileHeader, RECORD_HEADER_BYTES, Record};
pub(crate) use recovery::{first_logged, recover};
pub(crate) use writer::{CommitError, Staged, Writer};
