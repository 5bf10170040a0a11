//! A server without listeners, and answers that are easy to look at.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use prost::Message;
use serde_json::Value;
use telltale_model::{SignalKind, UnixNanos};
use telltale_query::{Query, QueryLimits};
use telltale_storage::clock::ManualClock;
use telltale_storage::{Options, Storage};
use tower::ServiceExt as _;

use crate::config::{Config, Flags};
use crate::runs::Runs;
use crate::share::Book;
use crate::state::AppState;
use crate::telemetry::Telemetry;

/// When everything in these tests arrives.
pub(super) const NOW: UnixNanos = UnixNanos(1_763_716_500_000_000_000);

pub(super) struct Server {
    pub(super) state: Arc<AppState>,
    router: Router,
    clock: Arc<ManualClock>,
    _folder: Box<dyn std::any::Any + Send + Sync>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Server {
    pub(super) fn new() -> Self {
        Self::configured(|_| {})
    }

    /// A server that shows an artifact.
    pub(super) fn showing(opened: crate::cli::source::Opened) -> Self {
        let crate::cli::source::Opened { state, gathered } = opened;
        let (clock, router) = (Arc::new(ManualClock::new(NOW)), crate::http::router(Arc::clone(&state)));
        Self { router, state, clock, _folder: Box::new(gathered) }
    }

    /// A server whose board watches this file.
    pub(super) fn with_signals(signals: &std::path::Path) -> Self {
        Self::configured(|config| config.signals = signals.display().to_string())
    }

    /// A server with settings of its own.
    pub(super) fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path());
        let clock = Arc::new(ManualClock::new(NOW));
        options.clock = Arc::<ManualClock>::clone(&clock);
        let storage = Storage::open(options).unwrap();
        let query = Query::new(storage.clone(), QueryLimits::default()).unwrap();
        let mut config =
            Config::load(&Flags::default(), &|name| (name == "TELLTALE_EPHEMERAL").then(|| "true".to_owned())).unwrap();
        change(&mut config);
        let mut state = AppState::new(storage, query, Arc::new(Telemetry::new()), config);
        state.clock = Arc::<ManualClock>::clone(&clock);
        state.started = state.now();
        state.runs = Runs::open(folder.path());
        state.shares = Arc::new(Book::open(folder.path()));
        folder.path().clone_into(&mut state.data_dir);
        let state = Arc::new(state);
        Self { router: crate::http::router(Arc::clone(&state)), state, clock, _folder: Box::new(folder) }
    }

    /// Lets a second pass.
    pub(super) fn tick(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    /// A server that holds the sample trace.
    pub(super) async fn with_sample() -> Self {
        let server = Self::new();
        server.send(SignalKind::Traces, &super::sample::traces()).await;
        server.send(SignalKind::Logs, &super::sample::logs()).await;
        server.send(SignalKind::Metrics, &super::sample::metrics()).await;
        server
    }

    pub(super) async fn send(&self, signal: SignalKind, request: &impl Message) {
        let appended = self.state.storage.append(signal, request.encode_to_vec().into()).await.unwrap();
        assert_eq!((appended.rejected, appended.issues.len()), (0, 0), "{:?}", appended.issues);
    }

    /// Serves on a free port until the test ends, and returns the address.
    pub(super) async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, self.router.clone()).into_future());
        url
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    pub(super) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        self.ask(Method::GET, path, &[(name, value)], "").await
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(Method::POST, path, &[("content-type", "application/json")], body).await
    }

    pub(super) async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Answer {
        let request = Request::builder().method(Method::POST).uri(path).body(Body::from(body)).unwrap();
        Self::answer(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(super) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        Self::answer(self.response(method, path, headers, body).await).await
    }

    async fn answer(response: http::Response<Body>) -> Answer {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(super) async fn response(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body of a good answer.
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of an error in our form.
    pub(super) fn error(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        let body: telltale_api::ErrorBody = serde_json::from_slice(&self.body).unwrap();
        assert!(!body.error.message.is_empty() && !body.error.message.ends_with('.'), "{}", body.error.message);
        body.error.code
    }
}
