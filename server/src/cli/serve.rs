//! `telltale serve`: settings in, exit code out.

use std::process::ExitCode;

use crate::app;
use crate::cli::{FAILED, USAGE, complain};
use crate::config::{Config, Flags};
use crate::pages;

/// Runs the server until it is told to stop.
pub(super) fn main(flags: &Flags) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let config = match Config::load(flags, &environment) {
        Ok(config) => config,
        Err(error) => {
            complain(&format!("telltale: {error}"));
            return ExitCode::from(USAGE);
        }
    };
    pages::keep_small();
    match app::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("telltale: {error}"));
            ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
        }
    }
}
