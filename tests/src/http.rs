//! A client of the HTTP addresses: OTLP/HTTP and telltale's own API.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// One of the three signals, with its OTLP/HTTP path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metric data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Returns the path of OTLP/HTTP.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }
}

/// Media type of OTLP's binary encoding.
pub const PROTOBUF: &str = "application/x-protobuf";
/// Media type of OTLP's JSON encoding.
pub const JSON: &str = "application/json";

/// A client for one server.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    ui: String,
    otlp: String,
    token: Option<String>,
}

/// An answer, body included.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("read the body of a {status}: {error}"));
        Self { status, headers, body }
    }

    /// Returns a header as text, empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.text()))
    }

    /// Returns the body as a protobuf message.
    ///
    /// # Panics
    /// When it is not one.
    #[must_use]
    pub fn protobuf<M: Message + Default>(&self) -> M {
        M::decode(self.body.clone())
            .unwrap_or_else(|error| panic!("not protobuf ({error}): {} {}", self.status, self.text()))
    }

    /// Returns itself when the status is 200.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self
    }
}

impl Http {
    /// Makes a client for the two base URLs.
    ///
    /// # Panics
    /// When the HTTP client cannot be made.
    #[must_use]
    pub fn new(ui: &str, otlp: &str, token: Option<&str>) -> Self {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().expect("an HTTP client");
        Self { client, ui: ui.to_owned(), otlp: otlp.to_owned(), token: token.map(str::to_owned) }
    }

    /// Returns the same client without a token.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Returns the base URL of UI and API.
    #[must_use]
    pub fn ui(&self) -> &str {
        &self.ui
    }

    /// Returns the base URL of the OTLP/HTTP listener.
    #[must_use]
    pub fn otlp(&self) -> &str {
        &self.otlp
    }

    /// Begins a request to the UI and API listener.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.begin(method, &self.ui, path)
    }

    /// Begins a request to the OTLP/HTTP listener.
    pub fn otlp_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.begin(method, &self.otlp, path)
    }

    fn begin(&self, method: Method, base: &str, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{base}{path}"));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        Answer::read(response).await
    }

    /// `GET` on the UI and API listener.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET` that must answer 200 with JSON.
    pub async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.ok().json()
    }

    /// Posts an export request as it is.
    pub async fn post(&self, signal: Signal, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let request = self.otlp_request(Method::POST, signal.path());
        self.send(request.header("content-type", content_type).body(body.into())).await
    }

    /// Posts an export request as it is, compressed by the caller.
    pub async fn post_encoded(
        &self,
        signal: Signal,
        content_type: &str,
        encoding: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        let request = self.otlp_request(Method::POST, signal.path()).header("content-encoding", encoding);
        self.send(request.header("content-type", content_type).body(body.into())).await
    }

    /// Posts a message in OTLP's binary encoding.
    pub async fn export(&self, signal: Signal, message: &impl Message) -> Answer {
        self.post(signal, PROTOBUF, message.encode_to_vec()).await
    }

    /// Posts a JSON value in OTLP's JSON encoding.
    pub async fn export_json(&self, signal: Signal, message: &Value) -> Answer {
        self.post(signal, JSON, message.to_string()).await
    }

    /// Runs SQL and returns whatever the server says.
    pub async fn sql_answer(&self, sql: &str) -> Answer {
        self.send(self.request(Method::POST, "/api/sql").json(&json!({ "sql": sql }))).await
    }

    /// Runs SQL that must succeed and returns its rows, each an object.
    ///
    /// # Panics
    /// When it does not succeed.
    pub async fn sql(&self, sql: &str) -> Vec<Value> {
        let answer = self.sql_answer(sql).await;
        assert_eq!(answer.status, StatusCode::OK, "{sql}: {}", answer.text());
        let Value::Object(mut body) = answer.json() else { panic!("{sql}: {}", answer.text()) };
        match body.remove("rows") {
            Some(Value::Array(rows)) => rows,
            other => panic!("{sql}: no rows but {other:?}"),
        }
    }

    /// Runs SQL that yields one integer.
    ///
    /// # Panics
    /// When it does not.
    pub async fn count(&self, sql: &str) -> u64 {
        let rows = self.sql(sql).await;
        let row = rows.first().and_then(Value::as_object).unwrap_or_else(|| panic!("{sql}: no row"));
        let value = row.values().next().unwrap_or_else(|| panic!("{sql}: no column"));
        integer(value).unwrap_or_else(|| panic!("{sql}: {value} is not a count"))
    }

    /// Asks what a paste means.
    pub async fn resolve(&self, paste: &str) -> Value {
        self.get_json(&format!("/api/resolve?q={}", percent(paste))).await
    }

    /// Returns the id of the one trace that a paste leads to.
    pub async fn resolve_trace(&self, paste: &str) -> Option<String> {
        let answer = self.resolve(paste).await;
        Some(answer.get("go")?.get("trace_id")?.as_str()?.to_owned())
    }

    /// Returns the issues that `/api/issues` lists.
    ///
    /// # Panics
    /// When there is no list.
    pub async fn issues(&self) -> Vec<Value> {
        self.get_json("/api/issues").await["issues"].as_array().expect("a list").clone()
    }

    /// Returns when everything acknowledged is in segments.
    pub async fn flush_durable(&self) {
        let _ = self.send(self.request(Method::POST, "/api/flush?durable=true")).await.ok();
    }

    /// Deletes a trace.
    pub async fn delete_trace(&self, trace_id: [u8; 16]) -> Answer {
        let body = format!(r#"{{"trace_id":"{}"}}"#, crate::otlp::hex(&trace_id));
        self.send(self.request(Method::POST, "/api/delete").body(body)).await.ok()
    }

    /// Returns telltale's own metrics.
    pub async fn metrics(&self) -> Metrics {
        Metrics(self.get("/metrics").await.ok().text())
    }
}

/// Percent-encodes a text for a query string.
#[must_use]
pub fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// An integer that JSON carries as a number or a string.
#[must_use]
pub fn integer(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Metrics in Prometheus text form.
#[derive(Debug, Clone)]
pub struct Metrics(pub String);

impl Metrics {
    /// Returns the sum over the samples of a name whose labels hold every given `key="value"`; none without a sample.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let mut found = None;
        for line in self.0.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let (metric, rest) = series.split_once('{').unwrap_or((series, ""));
            if metric == name && labels.iter().all(|label| rest.contains(label)) {
                *found.get_or_insert(0.0) += value.parse::<f64>().unwrap_or(f64::NAN);
            }
        }
        found
    }
}
