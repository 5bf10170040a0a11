//! Why a server did not start or did not end well.

use std::io;
use std::path::PathBuf;

use crate::forward::Target;
use crate::listeners::bind::BindError;
use crate::telemetry::logs::BadFilter;

/// A failure of the process as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The log filter cannot be understood.
    #[error(transparent)]
    Log(#[from] BadFilter),
    /// The runtime does not start.
    #[error("the async runtime does not start: {0}\nhint: the system may be short of threads")]
    Runtime(#[source] io::Error),
    /// Signals cannot be listened to.
    #[error("signals cannot be listened to: {0}")]
    Signals(#[source] io::Error),
    /// An address cannot be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// A temporary folder cannot be made or removed.
    #[error("the temporary data folder {}: {error}\nhint: set TMPDIR, or --data-dir", path.display())]
    Temporary {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The store does not open or close.
    #[error(transparent)]
    Storage(#[from] telltale_storage::Error),
    /// The query engine does not start.
    #[error("the query engine does not start: {0}")]
    Query(String),
    /// Every request would come back for ever.
    #[error(
        "setting `forward`: {0} is an address of this server, which would send every request to itself for ever\nhint: name another OTLP/HTTP receiver"
    )]
    ForwardsToItself(Target),
    /// Scraping cannot start.
    #[error("scraping does not start: {0}")]
    Scrape(String),
    /// A task of ours ended by a panic.
    #[error("{0} panicked\nhint: please report this, with the log lines around it")]
    Panicked(&'static str),
    /// The ready line cannot be written.
    #[error("the ready line cannot be written to stdout: {0}")]
    Stdout(#[source] io::Error),
}

impl AppError {
    /// Says whether a setting or the machine's state that a setting avoids is at fault: exit code 2.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Log(_)
                | Self::Bind(_)
                | Self::ForwardsToItself(_)
                | Self::Storage(telltale_storage::Error::Locked { .. })
        )
    }
}
