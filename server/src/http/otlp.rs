//! `GET /api/trace/{id}/otlp`: the trace as OTLP, lossless but for the order of envelopes.
//!
//! JSON is one object with `resourceSpans` and `resourceLogs`. Protobuf has no message that holds both signals, so
//! `Accept: application/x-protobuf` gives `TracesData`, and `LogsData` with `?signal=logs`; `?signal=` narrows JSON in
//! the same way. Every span is there as often as it was sent. Metrics are not: a point belongs to no trace, only its
//! exemplars name one.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use prost::Message as _;
use serde::Deserialize;
use telltale_model::SignalKind;
use telltale_query::TraceData;
use telltale_storage::encode::{self, EncodeError};

use super::extract::{Parameters, Path};
use super::pieces::{self, Pieces};
use super::problem::{Kind, Problem};
use super::{answer, negotiate, trace};
use crate::decode::json::protobuf_to_json;
use crate::limits::OTLP_ROWS_AT_ONCE;
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

impl Signals {
    const ALL: [SignalKind; 2] = [SignalKind::Traces, SignalKind::Logs];

    /// Returns the signals in the order of the document. Protobuf has no message for both: it holds one.
    const fn kinds(self, protobuf: bool) -> &'static [SignalKind] {
        match self {
            Self::Both if !protobuf => &Self::ALL,
            Self::Both | Self::Traces => &[SignalKind::Traces],
            Self::Logs => &[SignalKind::Logs],
        }
    }
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

/// Returns the document of a trace; a large one is written while it is sent.
pub(super) fn document(data: &TraceData, signals: Signals, protobuf: bool) -> Result<Response, Problem> {
    let content_type = if protobuf { PROTOBUF } else { answer::JSON };
    let mut document = Document::of(data, signals, protobuf);
    if document.parts.len() > Signals::ALL.len() {
        return Ok(pieces::answer(content_type, Vec::new(), document));
    }
    Ok(answer::body(content_type, document.whole()?))
}

/// Returns a whole trace as OTLP/JSON.
pub(super) fn json(data: &TraceData) -> Result<String, Problem> {
    let bytes = Document::of(data, Signals::Both, false).whole()?;
    String::from_utf8(bytes).map_err(|error| Problem::new(Kind::Bug, "internal", error.to_string()))
}

/// A document in parts, each a message of its own: protobuf puts them together by standing one after the other, and the lists of
/// JSON by a comma between what they hold.
struct Document {
    /// Rows of one signal each, signal by signal.
    parts: VecDeque<(SignalKind, Vec<RecordBatch>)>,
    protobuf: bool,
    /// The signal whose list is open in JSON.
    open: Option<SignalKind>,
}

impl Document {
    fn of(data: &TraceData, signals: Signals, protobuf: bool) -> Self {
        let parts = signals.kinds(protobuf).iter().flat_map(|signal| {
            let batches = if *signal == SignalKind::Logs { &data.logs } else { &data.spans };
            parts(batches).into_iter().map(|rows| (*signal, rows))
        });
        Self { parts: parts.collect(), protobuf, open: None }
    }

    /// Returns all of it.
    fn whole(&mut self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        while !self.parts.is_empty() {
            self.add_next(&mut out)?;
        }
        Ok(out)
    }

    fn add_next(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let Some((signal, rows)) = self.parts.pop_front() else { return Ok(()) };
        let (message, name) = match signal {
            SignalKind::Logs => (encode::logs(&rows)?.encode_to_vec(), "resourceLogs"),
            _ => (encode::spans(&rows)?.encode_to_vec(), "resourceSpans"),
        };
        if self.protobuf {
            out.extend_from_slice(&message);
            return Ok(());
        }
        let before = match self.open.replace(signal) {
            None => format!("{{\"{name}\":["),
            Some(open) if open == signal => ",".to_owned(),
            Some(_) => format!("],\"{name}\":["),
        };
        out.extend_from_slice(before.as_bytes());
        let json = protobuf_to_json(signal, &message);
        // An empty message is written without its list.
        debug_assert!(message.is_empty() || json.starts_with(&format!("{{\"{name}\":[")), "{json}");
        let members = json.strip_prefix(&format!("{{\"{name}\":[")).and_then(|rest| rest.strip_suffix("]}"));
        out.extend_from_slice(members.unwrap_or_default().as_bytes());
        if self.parts.is_empty() {
            out.extend_from_slice(b"]}");
        }
        Ok(())
    }
}

impl Pieces for Document {
    fn write(&mut self) -> io::Result<(Vec<u8>, bool)> {
        let mut out = Vec::new();
        self.add_next(&mut out).map_err(io::Error::other)?;
        Ok((out, self.parts.is_empty()))
    }
}

/// Cuts a signal's rows into parts of at most [`OTLP_ROWS_AT_ONCE`]; a signal that was asked for has one even when it has no rows.
fn parts(batches: &[RecordBatch]) -> Vec<Vec<RecordBatch>> {
    let slices = batches.iter().flat_map(|batch| {
        let starts = (0..batch.num_rows()).step_by(OTLP_ROWS_AT_ONCE);
        starts.map(|start| batch.slice(start, OTLP_ROWS_AT_ONCE.min(batch.num_rows() - start)))
    });
    let (mut parts, mut last, mut rows) = (Vec::new(), Vec::new(), 0);
    for slice in slices {
        if rows + slice.num_rows() > OTLP_ROWS_AT_ONCE {
            parts.push(std::mem::take(&mut last));
            rows = 0;
        }
        rows += slice.num_rows();
        last.push(slice);
    }
    parts.push(last);
    parts
}
