//! Puts a server together in four steps: bind, serve (with "starting" as the answer), open, and at the end shut down.
//!
//! Sockets come first, so that senders find somebody while stored data is read; the ready line comes when old data can
//! be queried.

use std::sync::Arc;
use std::time::{Duration, Instant};

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
use crate::state::{AppState, Shown};
use crate::telemetry::{Telemetry, logs};

/// Runs a server until SIGTERM or SIGINT.
///
/// # Errors
/// See [`AppError`].
pub fn run(config: Config) -> Result<(), AppError> {
    run_with(config, Shown::default())
}

/// Runs a server that shows something besides its store, until SIGTERM or SIGINT.
///
/// # Errors
/// See [`AppError`].
pub fn run_with(config: Config, shown: Shown) -> Result<(), AppError> {
    logs::start(&config.log)?;
    let telemetry = Arc::new(Telemetry::new());
    logs::watch_panics(&telemetry);
    shutdown::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("telltale").build();
    let runtime = runtime.map_err(AppError::Runtime)?;
    let result = runtime.block_on(async {
        let mut signals = shutdown::Signals::listen()?;
        let server = tokio::select! {
            server = Server::start_with(config, telemetry, shown) => server?,
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

/// Asks a listener for anything at all, on a connection of its own.
async fn knock(address: &str) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let place = address.strip_prefix("http://").unwrap_or(address);
    let mut stream = tokio::net::TcpStream::connect(place).await?;
    stream.write_all(format!("HEAD / HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await?;
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
        Self::start_with(config, telemetry, Shown::default()).await
    }

    /// The same, for a server that shows something besides its store.
    ///
    /// # Errors
    /// An address or the data folder cannot be had.
    pub async fn start_with(config: Config, telemetry: Arc<Telemetry>, shown: Shown) -> Result<Self, AppError> {
        let began = Instant::now();
        let bound = bind::bind(&config)?;
        let endpoints = bound.endpoints();
        let (running, receiver) = watch::channel(None);
        let serving = serve::serve(bound, &config, receiver, &telemetry)?;
        let (state, data) = open::open(config, telemetry, serving.stopping(), shown).await?;
        // Set once, here.
        drop(state.endpoints.set(endpoints.clone()));
        forward(&state)?;
        state.tasks.spawn(crate::quiet::run(Arc::clone(&state)));
        if !state.config.read_only {
            state.tasks.spawn(crate::board::watch(Arc::clone(&state)));
        }
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
        self.close().await?.remove_if_ephemeral()
    }

    /// Stops accepting, finishes what was accepted and flushes; the data folder is whole then, and the caller's.
    ///
    /// # Errors
    /// The last flush failed.
    pub async fn close(self) -> Result<open::DataDir, AppError> {
        let Self { state, serving, data, .. } = self;
        shutdown::stop(&state, serving).await?;
        Ok(data)
    }

    /// Waits until every connection that was made before the call has been read to its end, or as long as `within`;
    /// returns how many are still open then. When all senders have ended, nothing of theirs is on its way afterwards.
    pub async fn read_to_the_end(&self, within: Duration) -> Option<usize> {
        // Sockets are accepted in the order of their connections: once we are answered, all before us are accepted.
        for address in [&self.endpoints.otlp_http, &self.endpoints.otlp_grpc] {
            drop(tokio::time::timeout(within, knock(address)).await);
        }
        self.serving.quiet(within).await
    }
}
