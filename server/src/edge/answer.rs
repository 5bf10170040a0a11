//! The edge's own answers, in the form that the asker understands.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER as RETRY_AFTER_HEADER, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use telltale_api::health::Health;
use telltale_api::{ErrorBody, ErrorDetail, routes};

use super::route::Route;
use super::{Role, wants_html};
use crate::limits::RETRY_AFTER;
use crate::receiver::media::{self, Media};
use crate::receiver::refusal::{Reason, Refusal};
use crate::receiver::{grpc, http as otlp_http};

/// Returns an answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Answers a refusal.
#[must_use]
pub fn refusal<B>(role: Role, route: Route, request: &Request<B>, refusal: &Refusal) -> Response<Body> {
    if route == Route::Grpc {
        return grpc::refused(refusal);
    }
    if route == Route::Otlp || role != Role::Ui {
        let is_protobuf = media::media_type(request.headers()) == Some(Media::Protobuf);
        return otlp_http::refused(refusal, is_protobuf);
    }
    let mut response = if wants_html(request) { page(refusal) } else { error_body(refusal) };
    *response.status_mut() = refusal.reason.http_status();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match refusal.reason {
        Reason::Unauthenticated => _ = headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        Reason::Unavailable => _ = headers.insert(RETRY_AFTER_HEADER, HeaderValue::from(RETRY_AFTER.as_secs())),
        _ => {}
    }
    response
}

/// Answers while the store is being opened. Health has its own form; a page tries again by itself.
#[must_use]
pub fn starting<B>(role: Role, route: Route, request: &Request<B>) -> Response<Body> {
    let reason = "stored data is being read";
    let mut response = refusal(role, route, request, &Refusal::unavailable(format!("telltale is starting: {reason}")));
    if request.uri().path() == routes::HEALTH {
        let health = Health {
            status: "starting".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            reason: Some(reason.to_owned()),
            quarantined: Vec::new(),
            store: None,
        };
        *response.body_mut() = Body::from(serde_json::to_vec(&health).unwrap_or_default());
    } else if wants_html(request) {
        response.headers_mut().insert("refresh", HeaderValue::from(RETRY_AFTER.as_secs()));
    }
    response
}

/// Builds our own paths' error.
fn error_body(refusal: &Refusal) -> Response<Body> {
    let code = match refusal.reason {
        Reason::Unavailable => "starting",
        reason => reason.as_str(),
    };
    let error = ErrorDetail {
        code: code.to_owned(),
        message: refusal.message.clone(),
        hint: Some(refusal.reason.hint().to_owned()),
    };
    let mut response = Response::new(Body::from(serde_json::to_vec(&ErrorBody { error }).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Builds a page without anything of the sender in it.
fn page(refusal: &Refusal) -> Response<Body> {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>telltale</title>\
         <h1>telltale</h1><p>{}</p></html>",
        refusal.message.replace('&', "&amp;").replace('<', "&lt;")
    );
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
