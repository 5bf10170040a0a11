//! The only module that asks the server.
//!
//! Answers are typed by `telltale-api`. A request is given up when its page goes away.

use js_sys::Uint8Array;
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use telltale_api::live::Recent;
use telltale_api::resolve::ResolveAnswer;
use telltale_api::trace::TraceView;
use telltale_api::{ErrorBody, ErrorDetail, routes};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestInit, Response};

use crate::route::encode;

/// Bytes of a paste that are sent as a query; a longer one is reduced to the ids in it by the caller.
pub(crate) const QUERY_BYTES_MAX: usize = 4_000;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The page that asked went away.
    Aborted,
    /// The server cannot be reached.
    Offline,
    /// The server answered with an error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server says of it.
        detail: Option<ErrorDetail>,
    },
    /// The answer is not what it should be.
    Unreadable(String),
}

impl Failure {
    /// Returns whether the server says that the thing does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// Gives requests up when the component that made it goes away.
#[derive(Clone, Copy)]
pub(crate) struct Lifetime(StoredValue<Option<AbortController>, LocalStorage>);

impl Lifetime {
    /// Binds to the current component.
    pub(crate) fn of_component() -> Self {
        let controller = StoredValue::new_local(AbortController::new().ok());
        on_cleanup(move || {
            controller.try_with_value(|controller| {
                if let Some(controller) = controller {
                    controller.abort();
                }
            });
        });
        Self(controller)
    }

    /// Returns whether the component is still there.
    pub(crate) fn is_over(self) -> bool {
        self.0.is_disposed()
    }

    fn init(self) -> RequestInit {
        let init = RequestInit::new();
        self.0.try_with_value(|controller| {
            if let Some(controller) = controller {
                init.set_signal(Some(&controller.signal()));
            }
        });
        init
    }
}

/// Asks for the start page's content.
pub(crate) async fn recent(lifetime: Lifetime) -> Result<Recent, Failure> {
    json(routes::RECENT, lifetime).await
}

/// Asks what a paste means.
pub(crate) async fn resolve(paste: &str, lifetime: Lifetime) -> Result<ResolveAnswer, Failure> {
    json(&format!("{}?q={}", routes::RESOLVE, encode(paste)), lifetime).await
}

/// Asks for a trace.
pub(crate) async fn trace(trace_id: &str, lifetime: Lifetime) -> Result<TraceView, Failure> {
    json(&format!("{}{trace_id}", routes::TRACE), lifetime).await
}

/// Returns the address of a trace as OTLP.
pub(crate) fn otlp_url(trace_id: &str) -> String {
    format!("{}{trace_id}/otlp", routes::TRACE)
}

/// Asks for a trace as OTLP/JSON, as JavaScript reads it.
pub(crate) async fn otlp(trace_id: &str, lifetime: Lifetime) -> Result<JsValue, Failure> {
    let response = send(&otlp_url(trace_id), lifetime).await?;
    let promise = response.json().map_err(unreadable)?;
    JsFuture::from(promise).await.map_err(unreadable)
}

async fn json<T: DeserializeOwned>(url: &str, lifetime: Lifetime) -> Result<T, Failure> {
    let response = send(url, lifetime).await?;
    let body = body(&response).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Unreadable(error.to_string()))
}

async fn send(url: &str, lifetime: Lifetime) -> Result<Response, Failure> {
    let promise = window().fetch_with_str_and_init(url, &lifetime.init());
    let response: Response = match JsFuture::from(promise).await {
        Ok(response) => response.dyn_into().map_err(unreadable)?,
        Err(_) if lifetime.is_over() => return Err(Failure::Aborted),
        Err(_) => return Err(Failure::Offline),
    };
    if response.ok() {
        return Ok(response);
    }
    let text = body(&response).await.unwrap_or_default();
    let detail = serde_json::from_slice::<ErrorBody>(&text).ok().map(|body| body.error);
    Err(Failure::Refused { status: response.status(), detail })
}

async fn body(response: &Response) -> Result<Vec<u8>, Failure> {
    let promise = response.array_buffer().map_err(unreadable)?;
    let buffer = JsFuture::from(promise).await.map_err(unreadable)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes by value")]
fn unreadable(error: JsValue) -> Failure {
    Failure::Unreadable(format!("{error:?}"))
}
