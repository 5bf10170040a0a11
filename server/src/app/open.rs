//! Opens the store and the query engine, away from the async workers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use telltale_query::{Query, QueryLimits};
use telltale_storage::io::disk_bytes;
use telltale_storage::limits::RETENTION_BYTES;
use telltale_storage::{Options, Retention, Storage};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::config::Config;
use crate::runs::Runs;
use crate::share::Book;
use crate::state::{AppState, Shown};
use crate::telemetry::Telemetry;

/// The data folder; an ephemeral one is removed when this is dropped.
#[derive(Debug)]
pub enum DataDir {
    /// Stays.
    Kept(PathBuf),
    /// Goes.
    Ephemeral(TempDir),
}

impl DataDir {
    /// Takes the folder of the settings, or makes a temporary one.
    fn of(config: &Config) -> Result<Self, AppError> {
        match &config.data_dir {
            Some(path) => Ok(Self::Kept(path.clone())),
            None => {
                let made = tempfile::Builder::new().prefix("telltale-").tempdir();
                made.map(Self::Ephemeral).map_err(|error| AppError::Temporary { path: std::env::temp_dir(), error })
            }
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Ephemeral(folder) => folder.path(),
        }
    }

    /// Removes an ephemeral folder, and says so when it cannot.
    pub(crate) fn remove_if_ephemeral(self) -> Result<(), AppError> {
        match self {
            Self::Kept(_) => Ok(()),
            Self::Ephemeral(folder) => {
                let path = folder.path().to_owned();
                folder.close().map_err(|error| AppError::Temporary { path, error })
            }
        }
    }
}

/// Returns how long data is kept; where no setting says how much, the smaller of a fifth of the disk and 20 GiB. An object store
/// has no such end: its disk here is bounded by the cache, and by the free bytes below which appends are refused.
fn retention(config: &Config, path: &Path) -> Retention {
    if config.read_only {
        // What was kept is shown, however old it is.
        return Retention::default();
    }
    let mut retention = config.retention;
    if !config.is_size_set && config.store.is_none() {
        // A system that does not tell has no small disk.
        let disk = disk_bytes(path).unwrap_or(u64::MAX);
        retention.bytes_max = Some((disk / 5).min(RETENTION_BYTES));
    }
    retention
}

/// Opens a store that nobody can reach, for a command that only looks at it.
///
/// # Errors
/// The store or the query engine does not open.
pub async fn alone(config: Config, telemetry: Arc<Telemetry>, shown: Shown) -> Result<Arc<AppState>, AppError> {
    open(config, telemetry, CancellationToken::new(), shown).await.map(|(state, _data)| state)
}

/// Opens everything that lives on the disk.
pub(super) async fn open(
    config: Config,
    telemetry: Arc<Telemetry>,
    stopping: CancellationToken,
    shown: Shown,
) -> Result<(Arc<AppState>, DataDir), AppError> {
    let data = DataDir::of(&config)?;
    let mut options = Options::new(data.path());
    options.ack = config.ack;
    options.retention = retention(&config, data.path());
    options.limits.free_bytes_min = config.free_bytes_min;
    options.read_only = config.read_only;
    if let Some(store) = config.store.as_ref().filter(|_| !config.read_only) {
        options.remote = Some(store.open()?);
        options.limits.remote_cache_bytes = store.cache_bytes;
    }
    options.limits.payload_bytes_max = u64::try_from(config.max_request_bytes).unwrap_or(u64::MAX);
    let opened = tokio::task::spawn_blocking(move || Storage::open(options)).await;
    let storage = opened.map_err(|_panic| AppError::Panicked("opening the store"))??;
    // What does not fit into a query's memory goes beside the data; the storage empties this folder when it opens.
    let spill_dir = Some(data.path().join("tmp").join("query"));
    let query = Query::new(storage.clone(), QueryLimits { spill_dir, ..QueryLimits::default() });
    let query = query.map_err(|error| AppError::Query(error.to_string()))?;
    let targets = config.scrapes.clone();
    let mut state = AppState::new(storage, query, telemetry, config);
    state.stopping = stopping;
    state.runs = if state.config.read_only { Runs::read_only(shown.runs) } else { Runs::open(data.path()) };
    state.artifacts = Arc::new(shown.artifacts);
    state.shares = Arc::new(Book::open(data.path()));
    data.path().clone_into(&mut state.data_dir);
    crate::share::unpin_ended(&state).await;
    let state = Arc::new(state);
    crate::scrape::start(&state, targets).map_err(|error| AppError::Scrape(error.to_string()))?;
    Ok((state, data))
}
