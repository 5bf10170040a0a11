//! Puts a server together: bind, open, serve, shut down.

use crate::config::Config;

/// Why a server did not start or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The runtime could not be started.
    #[error("the async runtime does not start: {0}")]
    Runtime(std::io::Error),
}

impl AppError {
    /// Says whether a setting is at fault: exit code 2.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        false
    }
}

/// Runs a server until SIGTERM or SIGINT.
///
/// # Errors
/// See [`AppError`].
#[expect(clippy::needless_pass_by_value, reason = "the server owns its settings")]
pub fn run(config: Config) -> Result<(), AppError> {
    tracing::info!(listen = %config.listen, "starting");
    Ok(())
}
