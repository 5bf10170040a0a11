//! What commands share that ask a running server: its address, the token, and errors in words.
//!
//! Plain HTTP only: the server itself speaks no TLS. Nothing here knows a command's output.

use std::io::{self, Write as _};
use std::process::ExitCode;

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use telltale_api::ErrorBody;

/// Where the server is and how to be let in.
#[derive(Debug, Clone, clap::Args)]
pub struct Server {
    /// Address of the running server
    #[arg(long, env = "TELLTALE_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    pub url: String,
    /// Access token of a server that asks for one
    #[arg(long, env = "TELLTALE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
}

/// What part of the store a command looks at.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Part {
    /// Only what belongs to this run
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
    /// Only what arrived since: how long ago (10m) or a time in RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

impl Part {
    /// Returns the address of a path with the part as its parameters.
    pub(crate) fn address(&self, server: &Server, path: &str) -> Result<Url, Failure> {
        let mut address = server.at(path)?;
        for (key, value) in [("run", &self.run), ("since", &self.since)] {
            if let Some(value) = value {
                address.query_pairs_mut().append_pair(key, value);
            }
        }
        Ok(address)
    }
}

/// Why a command did not do what it was asked, with the exit code that says so.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Exit code 1: the server is not there, or could not answer.
    #[error("{0}")]
    Failed(String),
    /// Exit code 2: the question, the address or the token is wrong.
    #[error("{0}")]
    Usage(String),
    /// Exit code 3: an expectation is not met.
    #[error("{0}")]
    NotMet(String),
    /// Exit code 4: the server has no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Writing the answer failed; a reader that went away (`| head`) is no failure.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Returns the exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Failed(_) | Self::Output(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(super::USAGE),
            Self::NotMet(_) => ExitCode::from(super::NOT_MET),
            Self::NotFound(_) => ExitCode::from(super::NOT_FOUND),
        }
    }
}

/// Runs a command to its end and says on stderr why it failed.
pub fn run(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(Failure::Output).and_then(|runtime| runtime.block_on(command));
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    let code = failure.exit_code();
    if code != ExitCode::SUCCESS {
        // A closed stderr leaves nothing to say it with.
        drop(writeln!(io::stderr(), "error: {failure}"));
    }
    code
}

impl Server {
    /// Returns the address of a path of the server.
    pub(crate) fn at(&self, path: &str) -> Result<Url, Failure> {
        let base = Url::parse(&self.url)
            .map_err(|error| Failure::Usage(format!("{:?} is not an address: {error}\n{URL_HINT}", self.url)))?;
        if base.scheme() != "http" {
            return Err(Failure::Usage(format!("{:?} does not begin with http://\n{URL_HINT}", self.url)));
        }
        base.join(path).map_err(|error| Failure::Usage(format!("{path:?} is not a path: {error}")))
    }

    /// Asks and returns an answer with a good status.
    pub(crate) async fn ask(&self, request: Request) -> Result<Response, Failure> {
        let address = request.url.to_string();
        let response = self.build(request)?.send().await.map_err(|error| self.unreachable(&address, &error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    /// Sends one OTLP payload as protobuf; fails when anything of it was rejected.
    pub(crate) async fn send_otlp(&self, url: Url, payload: Vec<u8>) -> Result<(), Failure> {
        let address = url.to_string();
        let body = Some(("application/x-protobuf", payload.into()));
        let request = Request { method: Method::POST, url, body, accept: None };
        let response = self.build(request)?.send().await.map_err(|error| self.unreachable(&address, &error))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let answer = response.bytes().await.map_err(|error| self.unreachable(&address, &error))?;
        // An answer without a partial success is empty.
        if answer.is_empty() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("{address} rejected a part of what was sent")))
        }
    }

    fn build(&self, request: Request) -> Result<RequestBuilder, Failure> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("telltale-cli/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::Failed(format!("cannot make an HTTP client: {error}")))?;
        let mut builder = client.request(request.method, request.url);
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        if let Some(media_type) = request.accept {
            builder = builder.header(reqwest::header::ACCEPT, media_type);
        }
        Ok(match request.body {
            Some((content_type, body)) => builder.header(reqwest::header::CONTENT_TYPE, content_type).body(body),
            None => builder,
        })
    }

    fn unreachable(&self, address: &str, error: &reqwest::Error) -> Failure {
        let mut causes = vec![error.to_string()];
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let reason = causes.last().map_or("", String::as_str);
        Failure::Failed(format!(
            "no answer from {address}: {reason}\nhint: start the server with `telltale`, or name its address with --url \
             (now {})",
            self.url
        ))
    }
}

/// What goes with every wrong address.
const URL_HINT: &str = "hint: --url and TELLTALE_URL take addresses such as http://127.0.0.1:3000";

/// One question to the server.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Its media type and its bytes.
    pub(crate) body: Option<(&'static str, reqwest::Body)>,
    /// The media type that is asked for; none: whatever the path gives.
    pub(crate) accept: Option<&'static str>,
}

impl Request {
    pub(crate) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, body: None, accept: None }
    }

    pub(crate) fn post(url: Url, body: String) -> Self {
        Self { method: Method::POST, url, body: Some(("application/json", body.into())), accept: None }
    }

    /// Asks for a media type.
    pub(crate) fn accepting(self, media_type: &'static str) -> Self {
        Self { accept: Some(media_type), ..self }
    }
}

/// The error form of the Prometheus API.
#[derive(serde::Deserialize)]
struct PrometheusError {
    error: String,
}

/// Turns an answer with a bad status into words; an answer that is not ours is quoted.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let address = response.url().to_string();
    let text = response.text().await.unwrap_or_default();
    let message = match serde_json::from_str::<ErrorBody>(&text) {
        Ok(ErrorBody { error }) => match error.hint {
            Some(hint) => format!("{}\nhint: {hint}", error.message),
            None => error.message,
        },
        Err(_not_ours) => {
            serde_json::from_str::<PrometheusError>(&text).map(|error| error.error).unwrap_or_else(|_| {
                format!(
                    "{address} answered {status}: {}\nhint: is that a telltale server?",
                    text.chars().take(200).collect::<String>()
                )
            })
        }
    };
    let message = visible(&message, true);
    match status {
        StatusCode::NOT_FOUND => Failure::NotFound(message),
        StatusCode::BAD_REQUEST => Failure::Usage(message),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Failure::Usage(format!("{message}\nhint: --token and TELLTALE_TOKEN take the server's access token"))
        }
        _ => Failure::Failed(message),
    }
}

/// Reads the body as text.
pub(crate) async fn text(response: Response) -> Result<String, Failure> {
    response.text().await.map_err(|error| Failure::Failed(format!("the answer broke off: {error}")))
}

/// Reads the body as JSON.
pub(crate) async fn json<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let address = response.url().to_string();
    let unreadable = |error: String| Failure::Failed(format!("the answer of {address} is not understood: {error}"));
    let text = response.text().await.map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
}

/// Says whether a terminal may be sent colours: `NO_COLOR`, when set to anything, forbids it (no-color.org).
pub(crate) fn may_colour(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Makes telemetry safe for a terminal: control characters become visible escapes, so that a log line cannot move the
/// cursor, change the title or hide text. Line ends stay when `lines` says so.
pub(crate) fn visible(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !(lines && character == '\n') {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        Server { url: url.into(), token: None }
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_an_example() {
        for url in ["", "localhost:3000", "https://example.org", "ftp://x"] {
            let failure = server(url).at("/api/health").unwrap_err();
            assert_eq!(failure.exit_code(), ExitCode::from(2), "{url}");
            assert!(failure.to_string().contains("http://127.0.0.1:3000"), "{failure}");
        }
        assert_eq!(server("http://[::1]:4/").at("/api/sql").unwrap().as_str(), "http://[::1]:4/api/sql");
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(visible("a\u{1b}[2J\u{7}b\u{9b}\n", false), "a\\u{1b}[2J\\u{7}b\\u{9b}\\n");
        assert_eq!(visible("a\nb", true), "a\nb");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_the_way_out() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let server = server(&url);
        let failure = server.ask(Request::get(server.at("/api/health").unwrap())).await.unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::from(1));
        let text = failure.to_string();
        assert!(text.contains(&url) && text.contains("--url") && text.contains("refused"), "{text}");
    }
}
