//! Tells the world that the server is ready: one JSON line on stdout, and the login link on stderr.

use std::io::Write as _;

use serde::Serialize;

use super::{AppError, Server};
use crate::cli::complain;

/// The ready line; a public format.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    event: &'static str,
    ui: &'a str,
    otlp_grpc: &'a str,
    otlp_http: &'a str,
    data_dir: String,
    version: &'static str,
}

/// Writes the line.
pub(super) fn announce(server: &Server) -> Result<(), AppError> {
    let endpoints = &server.endpoints;
    let line = Ready {
        event: "ready",
        ui: &endpoints.ui,
        otlp_grpc: &endpoints.otlp_grpc,
        otlp_http: &endpoints.otlp_http,
        data_dir: server.data.path().display().to_string(),
        version: env!("CARGO_PKG_VERSION"),
    };
    if let Some(token) = &server.state.config.token {
        complain(&format!("log in: {}/login?token={}", endpoints.ui, percent_encode(token.reveal())));
    }
    let line = serde_json::to_string(&line).map_err(|error| AppError::Stdout(error.into()))?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(AppError::Stdout)
}

/// Writes a token so that it survives a query: what is not plain there is percent-encoded.
fn percent_encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::route::token_of;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_token_survives_its_login_link(token in "[A-Za-z0-9_.~+/=-]{8,40}") {
            prop_assert_eq!(token_of(&format!("token={}", percent_encode(&token))), Some(token));
        }
    }
}
