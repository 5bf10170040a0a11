//! Signals, and the end of a server: stop accepting, finish what was accepted, flush.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::AppError;
use super::serve::Serving;
use crate::limits::{CONNECTIONS_DRAIN, FORWARD_GRACE, SHUTDOWN};
use crate::state::AppState;

/// The signals that end a server.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen; from here on the default action of these signals does not happen.
    pub(super) fn listen() -> Result<Self, AppError> {
        let listen = |kind| signal(kind).map_err(AppError::Signals);
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the first.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _signal = self.terminate.recv() => {}
            _signal = self.interrupt.recv() => {}
        }
    }
}

/// Ends a server within [`SHUTDOWN`].
pub(super) async fn stop(state: &AppState, serving: Serving) -> Result<(), AppError> {
    tracing::info!("stopping: finishing what was accepted");
    state.stopping.cancel();
    if timeout(CONNECTIONS_DRAIN, serving.drain()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut; what they were told is stored");
    }
    // All end by themselves within FORWARD_GRACE.
    state.tasks.close();
    state.tasks.wait().await;
    match timeout(SHUTDOWN.saturating_sub(CONNECTIONS_DRAIN + FORWARD_GRACE), state.storage.close()).await {
        Ok(closed) => closed?,
        // The log has everything; the next start reads it again.
        Err(_elapsed) => tracing::warn!("the last flush did not end in time; the next start takes it up again"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Files that the process may open, where the system allows: connections, segments and the log.
const FILES_WANTED: u64 = 16 * 1024;

/// Asks for enough file descriptors; the usual soft limit of 1024 is less than [`crate::limits::CONNECTIONS`] need.
pub(crate) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES_WANTED, |maximum| maximum.min(FILES_WANTED));
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

const _: () = assert!(CONNECTIONS_DRAIN.as_millis() < Duration::from_secs(10).as_millis());
