//! Where `--forward` sends: the base address of an OTLP/HTTP receiver.

use std::fmt;

use reqwest::Url;
use telltale_api::live::Endpoints;
use telltale_api::routes;
use telltale_model::SignalKind;

/// The base address of another OTLP/HTTP receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads `http://HOST:PORT`, perhaps with a path before `/v1/traces`.
    ///
    /// # Errors
    /// What is wrong with the text and what to write instead.
    pub fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        const EXAMPLE: &str = "write the base address of an OTLP/HTTP receiver, such as http://127.0.0.1:14318";
        let url = Url::parse(text).map_err(|_not_a_url| ("not an address", EXAMPLE))?;
        match url.scheme() {
            "http" if url.has_host() && url.query().is_none() && url.fragment().is_none() => Ok(Self(url)),
            "https" => Err(("https is not spoken here", "forward to a Collector beside telltale, which adds TLS")),
            _ => Err(("not the base address of an OTLP/HTTP receiver", EXAMPLE)),
        }
    }

    /// Returns the address of a signal.
    #[must_use]
    pub fn of(&self, signal: SignalKind) -> Url {
        let path = match signal {
            SignalKind::Traces => routes::OTLP_TRACES,
            SignalKind::Metrics => routes::OTLP_METRICS,
            SignalKind::Logs => routes::OTLP_LOGS,
        };
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }

    /// Says whether this is one of our own addresses, where every request would come back for ever.
    #[must_use]
    pub fn is_ours(&self, endpoints: &Endpoints) -> bool {
        let is_loopback = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            host == "localhost" || host == "[::1]" || host.starts_with("127.")
        };
        let ours = [&endpoints.ui, &endpoints.otlp_grpc, &endpoints.otlp_http];
        ours.into_iter().filter_map(|text| Url::parse(text).ok()).any(|own| {
            let same_host = own.host_str() == self.0.host_str() || (is_loopback(&own) && is_loopback(&self.0));
            same_host && own.port_or_known_default() == self.0.port_or_known_default()
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
