//! The only module that asks the server.
//!
//! Answers are typed by `telltale-api`. A request is given up when its page goes away.

use std::sync::Arc;

use js_sys::{Reflect, Uint8Array};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use telltale_api::around::Around;
use telltale_api::dashboard::{Dashboard, DashboardAnswer, DashboardList};
use telltale_api::import::ImportAnswer;
use telltale_api::live::Recent;
use telltale_api::resolve::ResolveAnswer;
use telltale_api::share::{RedactionPreview, ShareCreated, ShareList, ShareRequest};
use telltale_api::sql::SqlAnswer;
use telltale_api::story::Story;
use telltale_api::{ErrorBody, ErrorDetail, routes};
use telltale_story::pack::{Details, PackError, Reader, Structure};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestInit, Response};

use crate::prometheus::{Answer, Problem};
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
    /// Returns whether the server refused for the reason with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused { detail: Some(detail), .. } if detail.code == code)
    }

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

/// Asks for a trace in columns. `draw` gets the structure as soon as it is whole; the details come at the end.
pub(crate) async fn pack(
    trace_id: &str,
    lifetime: Lifetime,
    draw: impl FnOnce(Arc<Structure>),
) -> Result<Details, Failure> {
    let response = send(&format!("{}{trace_id}/pack", routes::TRACE), lifetime).await?;
    let mut reader = Reader::new();
    let mut draw = Some(draw);
    let body = response.body().ok_or_else(|| Failure::Unreadable("the answer has no body".to_owned()))?;
    let stream: web_sys::ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let step = match JsFuture::from(stream.read()).await {
            Ok(step) => step,
            Err(_) if lifetime.is_over() => return Err(Failure::Aborted),
            Err(_) => return Err(Failure::Offline),
        };
        let piece = Reflect::get(&step, &"value".into()).map_err(unreadable)?;
        if piece.is_undefined() {
            break;
        }
        let piece = Uint8Array::new(&piece).to_vec();
        if let Some(structure) = reader.push(&piece).map_err(broken)?
            && let Some(draw) = draw.take()
        {
            draw(structure);
        }
    }
    reader.finish().map_err(broken)
}

fn broken(error: PackError) -> Failure {
    Failure::Unreadable(error.to_string())
}

/// Asks for a story, without the list of its entries: the page makes that itself.
pub(crate) async fn story(trace_id: &str, lifetime: Lifetime) -> Result<Story, Failure> {
    json(&format!("{}{trace_id}?entries=0", routes::STORY), lifetime).await
}

/// Returns the address of the comparison of two traces, or of a trace with what is usual.
pub(crate) fn diff_url(a: &str, b: &str) -> String {
    format!("{}?a={}&b={}", routes::DIFF, encode(a), encode(b))
}

/// Asks for a text: a story as Markdown.
pub(crate) async fn text(url: &str, lifetime: Lifetime) -> Result<String, Failure> {
    let response = send(url, lifetime).await?;
    Ok(String::from_utf8_lossy(&body(&response).await?).into_owned())
}

/// Runs a read-only statement.
pub(crate) async fn sql<Row: DeserializeOwned>(sql: &str, lifetime: Lifetime) -> Result<SqlAnswer<Row>, Failure> {
    let body = serde_json::json!({ "sql": sql }).to_string();
    post(routes::SQL, "application/json", &body, lifetime).await
}

/// Posts a text and reads the answer as JSON.
pub(crate) async fn post<T: DeserializeOwned>(
    url: &str,
    content_type: &str,
    text: &str,
    lifetime: Lifetime,
) -> Result<T, Failure> {
    send_text("POST", (url, content_type), text, lifetime).await
}

async fn send_text<T: DeserializeOwned>(
    method: &str,
    (url, content_type): (&str, &str),
    text: &str,
    lifetime: Lifetime,
) -> Result<T, Failure> {
    let init = lifetime.init();
    init.set_method(method);
    init.set_body(&JsValue::from_str(text));
    let headers = web_sys::Headers::new().map_err(unreadable)?;
    headers.set("content-type", content_type).map_err(unreadable)?;
    init.set_headers(&headers);
    let response = answer(url, &init, lifetime).await?;
    let body = body(&response).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Puts or deletes something.
pub(crate) async fn change(method: &str, url: &str, json: &str, lifetime: Lifetime) -> Result<(), Failure> {
    let init = lifetime.init();
    init.set_method(method);
    if !json.is_empty() {
        init.set_body(&JsValue::from_str(json));
        let headers = web_sys::Headers::new().map_err(unreadable)?;
        headers.set("content-type", "application/json").map_err(unreadable)?;
        init.set_headers(&headers);
    }
    answer(url, &init, lifetime).await.map(|_| ())
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

/// Returns the address of a trace for others; `without` names the redaction rules that are left off.
pub(crate) fn share_url(trace_id: &str, file: &str, without: &[String]) -> String {
    let names = without.iter().map(|name| encode(name)).collect::<Vec<_>>().join(",");
    let query = if names.is_empty() { String::new() } else { format!("?without={names}") };
    format!("{}{trace_id}/{file}{query}", routes::SHARE)
}

/// Asks what redaction would change.
pub(crate) async fn share_preview(
    trace_id: &str,
    without: &[String],
    lifetime: Lifetime,
) -> Result<RedactionPreview, Failure> {
    json(&share_url(trace_id, "preview", without), lifetime).await
}

/// Makes a link to one trace.
pub(crate) async fn share_link(
    trace_id: &str,
    seconds: u64,
    without: Vec<String>,
    lifetime: Lifetime,
) -> Result<ShareCreated, Failure> {
    let request = ShareRequest { expires_in_seconds: Some(seconds), without };
    let body = serde_json::to_string(&request).map_err(|error| Failure::Unreadable(error.to_string()))?;
    post(&format!("{}{trace_id}", routes::SHARE), "application/json", &body, lifetime).await
}

/// Asks for the links that hold.
pub(crate) async fn shares(lifetime: Lifetime) -> Result<ShareList, Failure> {
    json(routes::SHARES, lifetime).await
}

/// Ends a link.
pub(crate) async fn end_share(id: &str, lifetime: Lifetime) -> Result<(), Failure> {
    let init = lifetime.init();
    init.set_method("DELETE");
    answer(&format!("{}/{}", routes::SHARES, encode(id)), &init, lifetime).await.map(drop)
}

/// Opens a file of telemetry, of this or another tool.
pub(crate) async fn import(file: &web_sys::File, lifetime: Lifetime) -> Result<ImportAnswer, Failure> {
    let init = lifetime.init();
    init.set_method("POST");
    init.set_body(file);
    let url = format!("{}?name={}", routes::IMPORT, encode(&file.name()));
    let body = body(&answer(&url, &init, lifetime).await?).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Asks what happened around a request.
pub(crate) async fn around(trace_id: &str, lifetime: Lifetime) -> Result<Around, Failure> {
    json(&format!("{}{trace_id}", routes::AROUND), lifetime).await
}

/// Asks the Prometheus API; the path begins behind `/api/v1/`.
pub(crate) async fn prometheus<T: DeserializeOwned>(path: &str, lifetime: Lifetime) -> Result<Answer<T>, Failure> {
    json(&format!("/api/v1/{path}"), lifetime).await
}

/// An error as the Prometheus API writes it.
fn problem(text: &[u8]) -> Option<ErrorDetail> {
    let problem = serde_json::from_slice::<Problem>(text).ok()?;
    Some(ErrorDetail { code: problem.kind, message: problem.error, hint: None })
}

/// Asks for JSON.
pub(crate) async fn json<T: DeserializeOwned>(url: &str, lifetime: Lifetime) -> Result<T, Failure> {
    let response = send(url, lifetime).await?;
    let body = body(&response).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Unreadable(error.to_string()))
}

async fn send(url: &str, lifetime: Lifetime) -> Result<Response, Failure> {
    answer(url, &lifetime.init(), lifetime).await
}

async fn answer(url: &str, init: &RequestInit, lifetime: Lifetime) -> Result<Response, Failure> {
    let promise = window().fetch_with_str_and_init(url, init);
    let response: Response = match JsFuture::from(promise).await {
        Ok(response) => response.dyn_into().map_err(unreadable)?,
        Err(_) if lifetime.is_over() => return Err(Failure::Aborted),
        Err(_) => return Err(Failure::Offline),
    };
    if response.ok() {
        return Ok(response);
    }
    let text = body(&response).await.unwrap_or_default();
    let detail = serde_json::from_slice::<ErrorBody>(&text).ok().map(|body| body.error).or_else(|| problem(&text));
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

fn dashboard_url(name: &str) -> String {
    format!("{}/{}", routes::DASHBOARDS, encode(name))
}

/// Asks for a dashboard.
pub(crate) async fn dashboard(name: &str, lifetime: Lifetime) -> Result<DashboardAnswer, Failure> {
    json(&dashboard_url(name), lifetime).await
}

/// Opens Grafana's JSON or TOML and saves it; `file` is its name in errors.
pub(crate) async fn open_dashboard(file: &str, text: &str, lifetime: Lifetime) -> Result<DashboardAnswer, Failure> {
    post(&format!("{}?name={}", routes::DASHBOARDS, encode(file)), "text/plain", text, lifetime).await
}

/// Saves a dashboard under a name.
pub(crate) async fn save_dashboard(
    name: &str,
    dashboard: &Dashboard,
    lifetime: Lifetime,
) -> Result<DashboardAnswer, Failure> {
    let text = serde_json::to_string(dashboard).map_err(|error| Failure::Unreadable(error.to_string()))?;
    send_text("PUT", (&dashboard_url(name), "application/json"), &text, lifetime).await
}

/// Saves a dashboard's TOML under a name.
pub(crate) async fn save_dashboard_text(
    name: &str,
    text: &str,
    lifetime: Lifetime,
) -> Result<DashboardAnswer, Failure> {
    send_text("PUT", (&dashboard_url(name), "application/toml"), text, lifetime).await
}

/// Deletes a saved dashboard.
pub(crate) async fn delete_dashboard(name: &str, lifetime: Lifetime) -> Result<DashboardList, Failure> {
    let init = lifetime.init();
    init.set_method("DELETE");
    let response = answer(&dashboard_url(name), &init, lifetime).await?;
    let body = body(&response).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Unreadable(error.to_string()))
}
