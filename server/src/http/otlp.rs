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
use telltale_query::TraceData;
use telltale_storage::encode;

use super::extract::{Parameters, Path};
use super::problem::{Kind, Problem};
use super::{answer, negotiate, trace};
use crate::state::AppState;

mod json;

/// Protobuf's media type in OTLP.
const PROTOBUF: &str = "application/x-protobuf";

/// `?signal=`.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    signal: Option<String>,
}

/// Which signals the document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signals {
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

fn signals(parameter: Option<&str>) -> Result<Signals, Problem> {
    match parameter {
        None => Ok(Signals::Both),
        Some("traces") => Ok(Signals::Traces),
        Some("logs") => Ok(Signals::Logs),
        Some(other) => Err(Problem::new(Kind::Invalid, "bad_signal", format!("a trace has no signal {other:?}"))
            .hint("signal takes traces or logs")),
    }
}

fn document(data: &TraceData, signals: Signals, protobuf: bool) -> Result<Response, Problem> {
    if protobuf {
        let bytes = match signals {
            Signals::Logs => encode::logs(&data.logs)?.encode_to_vec(),
            Signals::Both | Signals::Traces => encode::spans(&data.spans)?.encode_to_vec(),
        };
        return Ok(answer::body(PROTOBUF, bytes));
    }
    let traces = (signals != Signals::Logs).then(|| encode::spans(&data.spans)).transpose()?;
    let logs = (signals != Signals::Traces).then(|| encode::logs(&data.logs)).transpose()?;
    Ok(answer::body(answer::JSON, json::document(traces.as_ref(), logs.as_ref())))
}
