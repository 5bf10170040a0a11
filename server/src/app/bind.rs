//! Binds the three listeners, all or none; a server that only shows what there is has one.

use telltale_api::live::Endpoints;

use crate::config::{Bind, Config};
use crate::listeners::bind::{self as one, BindError, Bound};

/// The sockets of a server.
#[derive(Debug)]
pub struct Sockets {
    /// User interface and API.
    pub ui: Bound,
    /// OTLP, gRPC first; none when nothing is taken.
    pub otlp_grpc: Option<Bound>,
    /// OTLP, HTTP first; none when nothing is taken, and when the setting names the same address as `otlp-grpc`, where both are understood.
    pub otlp_http: Option<Bound>,
}

impl Sockets {
    /// Returns the URLs; empty ones for what is not bound.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        let otlp_grpc = self.otlp_grpc.as_ref().map(Bound::url).unwrap_or_default();
        let otlp_http = self.otlp_http.as_ref().map_or_else(|| otlp_grpc.clone(), Bound::url);
        Endpoints { ui: self.ui.url(), otlp_grpc, otlp_http }
    }
}

/// Binds everything.
///
/// # Errors
/// The first address that cannot be had.
pub fn bind(config: &Config) -> Result<Sockets, BindError> {
    let is_shared = |left: &Bind, right: &Bind| left == right && left.port() != 0;
    let ui = one::bind("listen", &config.listen)?;
    if config.read_only {
        return Ok(Sockets { ui, otlp_grpc: None, otlp_http: None });
    }
    let otlp_grpc = Some(one::bind("otlp-grpc", &config.otlp_grpc)?);
    let otlp_http = match is_shared(&config.otlp_http, &config.otlp_grpc) {
        true => None,
        false => Some(one::bind("otlp-http", &config.otlp_http)?),
    };
    Ok(Sockets { ui, otlp_grpc, otlp_http })
}
