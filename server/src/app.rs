//! Puts a server together in four steps: bind, serve (with "starting" as the answer), open, and at the end shut down.
//!
//! Sockets come first, so that senders find somebody while stored data is read; the ready line comes when old data can
//! be queried.

use std::sync::Arc;
use std::time::Instant;

use telltale_api::live::Endpoints;
use tokio::sync::watch;

pub mod bind;
pub mod error;
pub mod open;
pub mod ready;
pub mod serve;
pub mod shutdown;

pub use error::AppError;

use crate::config::Config;
use crate::edge::Running;
use crate::state::AppState;
use crate::telemetry::{Telemetry, logs};

/// Runs a server until SIGTERM or SIGINT.
///
/// # Errors
/// See [`AppError`].
pub fn run(config: Config) -> Result<(), AppError> {
    logs::start(&config.log)?;
    let telemetry = Arc::new(Telemetry::new());
    logs::watch_panics(&telemetry);
    shutdown::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("telltale").build();
    let runtime = runtime.map_err(AppError::Runtime)?;
    let result = runtime.block_on(async {
        let mut signals = shutdown::Signals::listen()?;
        let server = tokio::select! {
            server = Server::start(config, telemetry) => server?,
            // Nothing was acknowledged yet.
            () = signals.wait() => return Ok(()),
        };
        ready::announce(&server)?;
        let lost = tokio::select! {
            () = signals.wait() => false,
            () = server.serving.failed() => true,
        };
        server.stop().await?;
        if lost { Err(AppError::Panicked("a listener")) } else { Ok(()) }
    });
    // What is still running after the deadline is cut, not waited for.
    runtime.shutdown_background();
    result
}

/// Starts the task that sends on to another back end, when there is one.
fn forward(state: &Arc<AppState>) -> Result<(), AppError> {
    let (Some(forward), Some(target)) = (&state.forward, &state.config.forward) else { return Ok(()) };
    if state.endpoints.get().is_some_and(|endpoints| target.is_ours(endpoints)) {
        return Err(AppError::ForwardsToItself(target.clone()));
    }
    let task = crate::forward::run(Arc::clone(forward), target.clone(), state.stopping.clone());
    state.tasks.spawn(async move {
        if let Err(error) = task.await {
            tracing::error!(%error, "forwarding does not start");
        }
    });
    Ok(())
}

/// A server that accepts and answers.
#[derive(Debug)]
pub struct Server {
    /// Its parts.
    pub state: Arc<AppState>,
    /// Its addresses.
    pub endpoints: Endpoints,
    serving: serve::Serving,
    data: open::DataDir,
}

impl Server {
    /// Binds, serves and opens; returns when old data can be queried.
    ///
    /// # Errors
    /// An address or the data folder cannot be had.
    pub async fn start(config: Config, telemetry: Arc<Telemetry>) -> Result<Self, AppError> {
        let began = Instant::now();
        let bound = bind::bind(&config)?;
        let endpoints = bound.endpoints();
        let (running, receiver) = watch::channel(None);
        let serving = serve::serve(bound, &config, receiver, &telemetry)?;
        let (state, data) = open::open(config, telemetry, serving.stopping()).await?;
        // Set once, here.
        drop(state.endpoints.set(endpoints.clone()));
        forward(&state)?;
        state.tasks.spawn(crate::quiet::run(Arc::clone(&state)));
        running
            .send_replace(Some(Running { state: Arc::clone(&state), router: crate::http::router(Arc::clone(&state)) }));
        tracing::info!(ui = endpoints.ui, data_dir = %data.path().display(), start_ms = began.elapsed().as_millis(), "ready");
        Ok(Self { state, endpoints, serving, data })
    }

    /// Stops accepting, finishes what was accepted, flushes, and removes an ephemeral folder.
    ///
    /// # Errors
    /// The last flush failed; nothing acknowledged is lost, the log is read again at the next start.
    pub async fn stop(self) -> Result<(), AppError> {
        let Self { state, serving, data, .. } = self;
        shutdown::stop(&state, serving).await?;
        drop(state);
        data.remove_if_ephemeral()
    }
}
