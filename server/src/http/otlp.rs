//! `GET /api/trace/{id}/otlp`: the trace as OTLP, lossless but for the order of envelopes.
//!
//! JSON is one object with `resourceSpans` and `resourceLogs`. Protobuf has no message that holds both signals, so
//! `Accept: application/x-protobuf` gives `TracesData`, and `LogsData` with `?signal=logs`; `?signal=` narrows JSON in
//! the same way. Every span is there as often as it was sent. Metrics are not: a point belongs to no trace, only its
//! exemplars name one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use prost::Message as _;
use serde::Deserialize;
use telltale_model::SignalKind;
use telltale_query::TraceData;
use telltale_storage::encode;

use super::extract::{Parameters, Path};
use super::problem::{Kind, Problem};
use super::{answer, negotiate, trace};
use crate::decode::json::protobuf_to_json;
use crate::state::AppState;

/// Protobuf's media type in OTLP.
const PROTOBUF: &str = "application/x-protobuf";

/// `?signal=`.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    signal: Option<String>,
}

/// Which signals the document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signals {
    Both,
    Traces,
    Logs,
}

/// Answers with the document.
pub(super) async fn otlp(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Parameters(wish): Parameters<Wish>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let signals = signals(wish.signal.as_deref())?;
    let (_id, data) = trace::load(&state, &id).await?;
    let protobuf = negotiate::media_type(&headers, &[answer::JSON, PROTOBUF]) == PROTOBUF;
    let mut response = answer::work(move || document(&data, signals, protobuf)).await?;
    response.headers_mut().insert(http::header::VARY, http::HeaderValue::from_static("accept"));
    Ok(response)
}

pub(super) fn signals(parameter: Option<&str>) -> Result<Signals, Problem> {
    match parameter {
        None => Ok(Signals::Both),
        Some("traces") => Ok(Signals::Traces),
        Some("logs") => Ok(Signals::Logs),
        Some(other) => Err(Problem::new(Kind::Invalid, "bad_signal", format!("a trace has no signal {other:?}"))
            .hint("signal takes traces or logs")),
    }
}

/// Returns the document of a trace.
pub(super) fn document(data: &TraceData, signals: Signals, protobuf: bool) -> Result<Response, Problem> {
    if protobuf {
        let bytes = if signals == Signals::Logs { logs(data)? } else { traces(data)? };
        return Ok(answer::body(PROTOBUF, bytes));
    }
    Ok(answer::body(answer::JSON, json_of(data, signals)?))
}

/// Returns a whole trace as OTLP/JSON.
pub(super) fn json(data: &TraceData) -> Result<String, Problem> {
    json_of(data, Signals::Both)
}

fn json_of(data: &TraceData, signals: Signals) -> Result<String, Problem> {
    let traces = (signals != Signals::Logs).then(|| traces(data)).transpose()?;
    let logs = (signals != Signals::Traces).then(|| logs(data)).transpose()?;
    let members: Vec<String> = [
        traces.map(|bytes| member(SignalKind::Traces, "resourceSpans", &bytes)),
        logs.map(|bytes| member(SignalKind::Logs, "resourceLogs", &bytes)),
    ]
    .into_iter()
    .flatten()
    .collect();
    Ok(format!("{{{}}}", members.join(",")))
}

fn traces(data: &TraceData) -> Result<Vec<u8>, Problem> {
    Ok(encode::spans(&data.spans)?.encode_to_vec())
}

fn logs(data: &TraceData) -> Result<Vec<u8>, Problem> {
    Ok(encode::logs(&data.logs)?.encode_to_vec())
}

/// Returns the one member of a signal's document; a signal that was asked for stands there even when it is empty.
fn member(signal: SignalKind, name: &str, protobuf: &[u8]) -> String {
    let json = protobuf_to_json(signal, protobuf);
    match json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(inner) if !inner.is_empty() => inner.to_owned(),
        _ => format!("\"{name}\":[]"),
    }
}
