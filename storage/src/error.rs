//! The errors of the storage engine, each with a kind that says who can do something about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::decode::DecodeError;

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller sent something that will never be accepted.
    Invalid,
    /// A limit, a full or a failed disk: worth trying again later.
    Exhausted,
    /// Stored bytes are damaged or of a newer version.
    Corrupt,
    /// A rule of the engine was broken.
    Bug,
}

/// What the storage engine could not do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The payload is not the OTLP message that it was sent as.
    #[error("{0}")]
    Decode(Arc<DecodeError>),
    /// A full text query that means nothing.
    #[error("the text query {query:?} {what}\nhint: {hint}")]
    TextQuery {
        /// The query as given.
        query: String,
        /// What is wrong with it.
        what: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A request beyond a bound of `limits.rs`.
    #[error("{what} of {value} bytes is over the limit of {limit} bytes ({name})\nhint: send smaller batches")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit's name in `limits.rs`.
        name: &'static str,
        /// The size found, in bytes.
        value: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// More of something than a bound of `limits.rs` allows.
    #[error("{what} are limited to {limit} ({name})\nhint: remove some that are not needed any more")]
    TooMany {
        /// What there would be too many of.
        what: &'static str,
        /// The limit's name in `limits.rs`.
        name: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The memory for data that is not in segments yet was full for longer than an append may wait.
    #[error(
        "memory for new data is full: {used_bytes} of {limit_bytes} bytes (memtable_budget_bytes) for {waited_ms} ms\n\
         hint: send again later; if it stays, the disk is slower than the senders"
    )]
    MemoryFull {
        /// Bytes in use.
        used_bytes: u64,
        /// Bytes allowed.
        limit_bytes: u64,
        /// How long the append waited, in milliseconds.
        waited_ms: u64,
    },
    /// The disk has no room.
    #[error("the disk of {} is full: {detail}\nhint: free space there; ingest resumes by itself", path.display())]
    DiskFull {
        /// The data folder or file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// An fsync or a write failed, so that nothing more is acknowledged until a restart.
    #[error("the write-ahead log stopped after a failed write: {0}\nhint: check the disk, then restart telltale")]
    Poisoned(Arc<str>),
    /// The storage was opened to be looked at.
    #[error(
        "the storage is read only\nhint: it shows an artifact; send to a server that `telltale` or `telltale run` starts"
    )]
    ReadOnly,
    /// The storage was closed.
    #[error("the storage is closed\nhint: the server is stopping, send again after its restart")]
    Closed,
    /// Another process has the data folder.
    #[error("the data folder {} is in use by another telltale\nhint: stop it or choose another --data-dir", path.display())]
    Locked {
        /// The data folder.
        path: PathBuf,
    },
    /// Written by a newer telltale.
    #[error(
        "{what} in {} has format {found}, this telltale reads up to {supported}\n\
         hint: use the newer telltale that wrote it, or another --data-dir", path.display()
    )]
    Newer {
        /// What is newer.
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version that is understood.
        supported: u64,
    },
    /// Stored bytes are not what was written.
    #[error("{} is damaged: {detail}\nhint: restore the file from a backup; everything else stays readable", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The catalog is not what was written.
    #[error("{} is damaged: {detail}\nhint: telltale rebuild-catalog makes it anew from the segments; pins are lost", path.display())]
    DamagedCatalog {
        /// The catalog.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The operating system refused a file operation.
    #[error("cannot {operation} {}: {message}\nhint: check the disk and the folder's permissions", path.display())]
    Io {
        /// The operation, as a verb.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's message.
        message: String,
    },
    /// The object store refused, did not answer, or has not what it should have.
    #[error("cannot {operation} {key} of {store}: {message}\nhint: {hint}")]
    Remote {
        /// What was to be done, as a verb.
        operation: &'static str,
        /// The object.
        key: String,
        /// The store's URL.
        store: String,
        /// What came back.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// The address of an object store that is none.
    #[error("the object store {url:?} cannot be used: {what}\nhint: {hint}")]
    StoreUrl {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        what: String,
        /// What to write instead.
        hint: &'static str,
    },
    /// The catalog refused a statement.
    #[error("the catalog failed to {operation}: {message}\nhint: check the disk of the data folder")]
    Catalog {
        /// The operation, as a verb.
        operation: &'static str,
        /// SQLite's message.
        message: String,
    },
    /// Something that cannot happen did.
    #[error("internal error: {0}\nhint: please report this, with the log lines around it")]
    Bug(String),
}

impl Error {
    /// Returns who can do something about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Decode(_)
            | Self::ReadOnly
            | Self::StoreUrl { .. }
            | Self::TextQuery { .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. } => ErrorKind::Invalid,
            Self::MemoryFull { .. }
            | Self::DiskFull { .. }
            | Self::Poisoned(_)
            | Self::Closed
            | Self::Locked { .. }
            | Self::Io { .. }
            | Self::Remote { .. }
            | Self::Catalog { .. } => ErrorKind::Exhausted,
            Self::Newer { .. } | Self::Corrupt { .. } | Self::DamagedCatalog { .. } => ErrorKind::Corrupt,
            Self::Bug(_) => ErrorKind::Bug,
        }
    }

    /// Wraps a failed file operation; a full disk becomes [`Error::DiskFull`].
    pub(crate) fn io(operation: &'static str, path: &Path, error: &std::io::Error) -> Self {
        let path = path.to_path_buf();
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, detail: format!("cannot {operation}: {error}") }
            }
            _ => Self::Io { operation, path, message: error.to_string() },
        }
    }

    /// Names a file that is not what was written.
    pub(crate) fn corrupt(path: &Path, detail: impl std::fmt::Display) -> Self {
        Self::Corrupt { path: path.to_path_buf(), detail: detail.to_string() }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(Arc::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Bug(format!("arrow: {error}"))
    }
}
