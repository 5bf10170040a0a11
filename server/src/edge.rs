//! The front door of every listener: what a request is, whether it may pass, and who answers it.
//!
//! In this order: host name, origin (with CORS for OTLP), token, start-up, and only then the receiver or the API. Every
//! refusal has the form that its asker understands: a gRPC status, a `google.rpc.Status`, our own error body, or a page.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use futures::FutureExt as _;
use http::header::{LOCATION, ORIGIN};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use telltale_api::live::Endpoints;
use tokio::sync::watch;
use tower::ServiceExt as _;

pub mod answer;
pub mod route;

use route::Route;

use crate::limits::HOLD;
use crate::listeners::Service;
use crate::receiver::refusal::{Reason, Refusal};
use crate::receiver::{self, media};
use crate::security::{self, Access, cors};
use crate::state::AppState;
use crate::telemetry::{Metric, Telemetry};

/// Which listener a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// User interface and API; OTLP too.
    Ui,
    /// OTLP, gRPC first.
    OtlpGrpc,
    /// OTLP, HTTP first.
    OtlpHttp,
}

impl Role {
    /// Returns the word that metrics show.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ui => "ui",
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
        }
    }
}

/// A server that can answer: its parts and its routes.
#[derive(Debug, Clone)]
pub struct Running {
    /// The parts.
    pub state: Arc<AppState>,
    /// The routes of the API and the user interface.
    pub router: Router,
}

/// The front door; it exists as soon as sockets do, before the store is open.
#[derive(Debug)]
pub struct Edge {
    access: Access,
    running: watch::Receiver<Option<Running>>,
    telemetry: Arc<Telemetry>,
    endpoints: Endpoints,
}

impl Edge {
    /// Creates the door; `running` brings the server when the store is open.
    #[must_use]
    pub fn new(
        access: Access,
        running: watch::Receiver<Option<Running>>,
        telemetry: Arc<Telemetry>,
        endpoints: Endpoints,
    ) -> Arc<Self> {
        Arc::new(Self { access, running, telemetry, endpoints })
    }

    /// Returns the service of one listener.
    #[must_use]
    pub fn service(self: &Arc<Self>, role: Role) -> Service {
        let edge = Arc::clone(self);
        Arc::new(move |request| {
            let edge = Arc::clone(&edge);
            async move { edge.handle(role, request).await }.boxed()
        })
    }

    /// Answers one request.
    async fn handle(&self, role: Role, request: Request<Body>) -> Response<Body> {
        let started = Instant::now();
        let route = Route::of(role, &request);
        let origin = request.headers().get(ORIGIN).cloned();
        let mut response = match self.check(role, route, &request) {
            Err(refusal) => self.refuse(role, route, &request, &refusal),
            Ok(()) => self.dispatch(role, route, request).await,
        };
        match (route.is_otlp(), origin) {
            (true, Some(origin)) if self.access.allows_origin(&origin) => cors::allow(response.headers_mut(), &origin),
            _ if role == Role::Ui => security::add_headers(response.headers_mut()),
            _ => {}
        }
        if !route.is_otlp() {
            self.telemetry.add(Metric::HttpRequests, [role.as_str(), class(response.status())], 1);
            self.telemetry.observe(Metric::HttpDuration, [], started.elapsed());
        }
        response
    }

    /// Applies the access rules.
    fn check(&self, role: Role, route: Route, request: &Request<Body>) -> Result<(), Refusal> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let origin = headers.get(ORIGIN);
        // An application in a container calls this machine by names that we cannot know; pages always send an origin.
        let host_matters = role == Role::Ui || origin.is_some();
        if host_matters && !self.access.allows_host(uri, headers) {
            return Err(Refusal::new(
                Reason::Misdirected,
                "this host name is not one of telltale's; use localhost, or allow the name with --public-host",
            ));
        }
        let origin_passes = match origin {
            Some(origin) if route.is_otlp() => self.access.allows_origin(origin),
            _ if route.is_otlp() => true,
            _ => self.access.allows_page(method, uri, headers),
        };
        if !origin_passes {
            return Err(Refusal::new(
                Reason::ForbiddenOrigin,
                "pages of this origin may not send here; allow the origin of an application with --cors-origin",
            ));
        }
        // A preflight carries no token, the login link is where one is shown, and a shared link has its own.
        let is_open =
            matches!(route, Route::Login | Route::Shared) || (route.is_otlp() && cors::is_preflight(method, headers));
        let cookie_counts = role == Role::Ui && !route.is_otlp();
        if !is_open && !self.access.is_authenticated(headers, cookie_counts) {
            return Err(Refusal::new(
                Reason::Unauthenticated,
                "this server wants its token: send `Authorization: Bearer TOKEN`, or open the login link that it printed",
            ));
        }
        Ok(())
    }

    /// Answers a request that may not pass.
    fn refuse(&self, role: Role, route: Route, request: &Request<Body>, refusal: &Refusal) -> Response<Body> {
        self.telemetry.add(Metric::AccessRefused, [rule(refusal.reason)], 1);
        if route.is_otlp()
            && let Some(running) = &*self.running.borrow()
        {
            let signal = route.signal(request.uri().path());
            receiver::announce::refusal(&running.state, signal, refusal, &receiver::http::sender(request));
        }
        answer::refusal(role, route, request, refusal)
    }

    /// Hands a request to whoever answers it.
    async fn dispatch(&self, role: Role, route: Route, request: Request<Body>) -> Response<Body> {
        match route {
            Route::Grpc | Route::Otlp if cors::is_preflight(request.method(), request.headers()) => {
                let mut response = answer::empty(StatusCode::NO_CONTENT);
                cors::allow_preflight(response.headers_mut(), request.headers());
                response
            }
            Route::Grpc => match self.running_or_hold().await {
                Ok(running) => receiver::grpc::handle(&running.state, request).await,
                Err(refusal) => receiver::grpc::refused(&refusal),
            },
            Route::Otlp => match self.running_or_hold().await {
                Ok(running) => receiver::http::handle(&running.state, request).await,
                Err(refusal) => {
                    let is_protobuf = media::media_type(request.headers()) == Some(media::Media::Protobuf);
                    receiver::http::refused(&refusal, is_protobuf)
                }
            },
            Route::Login => self.login(&request),
            Route::Browser => self.to_ui(),
            Route::Shared | Route::Ui => {
                let running = self.running.borrow().clone();
                match running {
                    // A router answers every path: its error type has no values.
                    Some(running) => running.router.oneshot(request).await.unwrap_or_else(|never| match never {}),
                    None => answer::starting(role, route, &request),
                }
            }
        }
    }

    /// Returns the running server, after waiting for its start.
    async fn running_or_hold(&self) -> Result<Running, Refusal> {
        if let Some(running) = self.running.borrow().clone() {
            return Ok(running);
        }
        self.telemetry.add(Metric::AdmissionHeld, [], 1);
        let mut running = self.running.clone();
        let waited = tokio::time::timeout(HOLD, running.wait_for(Option::is_some)).await;
        let started = waited.ok().and_then(|result| result.ok().and_then(|running| running.clone()));
        started.ok_or_else(|| {
            self.telemetry.add(Metric::AdmissionRefused, [], 1);
            Refusal::unavailable("telltale is starting: stored data is being read")
        })
    }

    /// Answers the login link: the token becomes a cookie.
    fn login(&self, request: &Request<Body>) -> Response<Body> {
        let session = self.access.session();
        let now = Instant::now();
        if !self.access.needs_token() {
            return to_path("/");
        }
        if !session.allows_guess(now) {
            let refusal = Refusal::unavailable("too many wrong tokens; wait a minute");
            return answer::refusal(Role::Ui, Route::Login, request, &refusal);
        }
        let token = request.uri().query().and_then(route::token_of).unwrap_or_default();
        if !self.access.is_token(&token) {
            session.guessed_wrong(now);
            let refusal = Refusal::new(Reason::Unauthenticated, "this is not the token of this server");
            return self.refuse(Role::Ui, Route::Login, request, &refusal);
        }
        let mut response = to_path("/");
        if let Ok(cookie) = HeaderValue::try_from(session.set_cookie()) {
            response.headers_mut().insert(http::header::SET_COOKIE, cookie);
        }
        response
    }

    /// Sends a browser that opened an OTLP port to the user interface.
    fn to_ui(&self) -> Response<Body> {
        to_path(&self.endpoints.ui)
    }
}

/// Sends a browser elsewhere.
fn to_path(path: &str) -> Response<Body> {
    let mut response = answer::empty(StatusCode::SEE_OTHER);
    if let Ok(location) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Returns the rule that a refusal comes from, for metrics.
const fn rule(reason: Reason) -> &'static str {
    match reason {
        Reason::Misdirected => "host",
        Reason::ForbiddenOrigin => "origin",
        Reason::Unauthenticated => "token",
        _ => "other",
    }
}

/// Returns the class of an answer for metrics.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Says whether a request wants a page.
pub(crate) fn wants_html<B>(request: &Request<B>) -> bool {
    let accept = request.headers().get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}

#[cfg(test)]
pub(crate) mod tests;
