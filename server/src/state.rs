//! What request handlers share, by `Arc`. Composition only: every member has its own module and its own rules.

use std::sync::{Arc, OnceLock};

use telltale_api::live::Endpoints;

use crate::config::Config;
use crate::issues::Registry;
use crate::live::Hub;
use crate::telemetry::Telemetry;

/// The parts of a running server.
#[derive(Debug)]
pub struct AppState {
    /// What was just acknowledged, for live readers.
    pub live: Hub,
    /// What senders did wrong or oddly.
    pub issues: Registry,
    /// telltale's own metrics; exists before the store does.
    pub telemetry: Arc<Telemetry>,
    /// The settings that this process runs with.
    pub config: Config,
    /// The addresses that are bound; empty before the listeners are.
    pub endpoints: OnceLock<Endpoints>,
}

impl AppState {
    /// Puts the parts together; nothing is started.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>, config: Config) -> Self {
        Self { live: Hub::new(), issues: Registry::new(), telemetry, config, endpoints: OnceLock::new() }
    }
}
