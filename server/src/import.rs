//! Files of this and other tools into the store: read by telltale-share, stored like any export request.
//!
//! ```text
//! file ─ telltale_share::open (a thread) ─ channel ─ receiver::ingest (append, announce, issues, metrics)
//! ```
//!
//! The channel is short, so that reading waits for storing. One fault never ends a file. Deliberately absent: how the file
//! came here, and any format.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use telltale_api::import::{ImportAnswer, ImportNote};
use telltale_model::{SignalKind, TraceId};
use telltale_share::open::{self, Fault, Format, Found, OpenLimits, Part, Payload, Skipped};
use telltale_storage::decode::Issue;
use tokio::sync::mpsc;

use crate::decode::json_to_protobuf;
use crate::limits::{IMPORT_FAULTS, IMPORT_PARTS_WAITING, IMPORT_PATIENCE, IMPORT_TRACES, RETRY_AFTER};
use crate::receiver::refusal::Reason;
use crate::receiver::{Acknowledged, Refusal, Sender, ingest};
use crate::state::AppState;
use crate::telemetry::Metric;

/// What the reading thread hands over.
enum Message {
    Ready(Ready),
    Fault(Fault),
    Skipped(Skipped),
}

/// A request that can be appended.
struct Ready {
    part: Part,
    payload: Bytes,
    issues: Vec<Issue>,
}

/// Reads a file and stores what it holds.
///
/// # Errors
/// The file itself cannot be read.
pub async fn import(state: &Arc<AppState>, file: File, name: String, sender: &Sender) -> std::io::Result<ImportAnswer> {
    let began = Instant::now();
    let (messages, mut received) = mpsc::channel(IMPORT_PARTS_WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let limits = OpenLimits::default();
        open::read(std::io::BufReader::new(file), &limits, &mut |found| {
            let sent = messages.blocking_send(understand(found));
            if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    });
    let mut account = Account { answer: ImportAnswer { name, ..ImportAnswer::default() }, ..Account::default() };
    while let Some(message) = received.recv().await {
        match message {
            Message::Ready(ready) => store(state, ready, sender, &mut account).await,
            Message::Fault(fault) => account.fault(fault.place.to_string(), fault.reason),
            Message::Skipped(skipped) => account.skipped(&skipped),
        }
    }
    reading.await.map_err(std::io::Error::other)??;
    let answer = account.finish();
    let outcome = match (answer.spans + answer.logs + answer.points, answer.faults.len()) {
        (0, _) => "nothing",
        (_, 0) => "whole",
        _ => "with_faults",
    };
    state.telemetry.add(Metric::ImportFiles, [outcome], 1);
    state.telemetry.add(Metric::ImportFaults, [], answer.faults.len() as u64 + answer.faults_left_out);
    state.telemetry.observe(Metric::ImportDuration, [], began.elapsed());
    Ok(answer)
}

/// Turns JSON into protobuf, on the reading thread.
fn understand(found: Found) -> Message {
    let mut part = match found {
        Found::Part(part) => part,
        Found::Fault(fault) => return Message::Fault(fault),
        Found::Skipped(skipped) => return Message::Skipped(skipped),
    };
    match std::mem::replace(&mut part.payload, Payload::Protobuf(Vec::new())) {
        Payload::Protobuf(bytes) => Message::Ready(Ready { part, payload: Bytes::from(bytes), issues: Vec::new() }),
        Payload::Json(text) => match json_to_protobuf(part.signal, &text) {
            Ok((bytes, issues)) => Message::Ready(Ready { part, payload: Bytes::from(bytes), issues }),
            Err(error) => {
                let envelope = envelope_of(&error.path).unwrap_or(0);
                let path = within_envelope(&error.path);
                Message::Fault(Fault { place: part.place(envelope).inside(path), reason: error.message })
            }
        },
    }
}

/// Returns `3` of `resourceSpans[3].scopeSpans[0]`.
fn envelope_of(path: &str) -> Option<usize> {
    let (head, rest) = path.split_once('[')?;
    let is_envelope = head.contains("resource");
    is_envelope.then(|| rest.split(']').next().and_then(|digits| digits.parse().ok())).flatten()
}

/// Returns `scopeSpans[0]` of `resourceSpans[3].scopeSpans[0]`.
fn within_envelope(path: &str) -> &str {
    path.split_once("].").map_or("", |(_envelope, inside)| inside)
}

/// Stores one request; waits while the store has no room.
async fn store(state: &Arc<AppState>, ready: Ready, sender: &Sender, account: &mut Account) {
    let Ready { part, payload, issues } = ready;
    account.formats.insert(part.format);
    let deadline = Instant::now() + IMPORT_PATIENCE;
    let stored = loop {
        match ingest(state, part.signal, payload.clone(), issues.clone(), sender).await {
            Err(refusal) if refusal.reason == Reason::Unavailable && Instant::now() < deadline => {
                tokio::time::sleep(RETRY_AFTER.min(Duration::from_secs(1))).await;
            }
            outcome => break outcome,
        }
    };
    match stored {
        Ok(acknowledged) => {
            account.stored(&part, &acknowledged);
            if part.signal == SignalKind::Traces {
                account.traces(&payload);
            }
        }
        Err(refusal) => account.refused(&part, &refusal),
    }
}

/// The answer while it grows.
#[derive(Default)]
struct Account {
    answer: ImportAnswer,
    formats: BTreeSet<Format>,
    trace_ids: Vec<TraceId>,
}

impl Account {
    fn fault(&mut self, place: String, reason: String) {
        if self.answer.faults.len() < IMPORT_FAULTS {
            self.answer.faults.push(ImportNote { place, reason });
        } else {
            self.answer.faults_left_out += 1;
        }
    }

    fn skipped(&mut self, skipped: &Skipped) {
        if self.answer.skipped.len() < IMPORT_FAULTS {
            let note = ImportNote { place: skipped.place.to_string(), reason: skipped.reason.clone() };
            self.answer.skipped.push(note);
        } else {
            self.answer.skipped_left_out += 1;
        }
    }

    fn stored(&mut self, part: &Part, acknowledged: &Acknowledged) {
        let count = match part.signal {
            SignalKind::Traces => &mut self.answer.spans,
            SignalKind::Logs => &mut self.answer.logs,
            SignalKind::Metrics => &mut self.answer.points,
        };
        *count += acknowledged.accepted;
        self.answer.rejected += acknowledged.rejected;
        if acknowledged.rejected > 0 {
            self.fault(around(part, &acknowledged.message), acknowledged.message.clone());
        }
    }

    fn refused(&mut self, part: &Part, refusal: &Refusal) {
        self.fault(around(part, &refusal.message), format!("it could not be stored: {}", refusal.message));
    }

    /// Notes the first traces.
    fn traces(&mut self, payload: &Bytes) {
        if self.trace_ids.len() >= IMPORT_TRACES {
            return;
        }
        // What does not decode here was judged by the store already.
        let data = TracesData::decode(payload.clone()).unwrap_or_default();
        let scopes = data.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        for id in scopes.flat_map(|scope| &scope.spans).filter_map(|span| TraceId::from_slice(&span.trace_id)) {
            if self.trace_ids.len() < IMPORT_TRACES && !self.trace_ids.contains(&id) {
                self.trace_ids.push(id);
            }
        }
    }

    fn finish(mut self) -> ImportAnswer {
        self.answer.formats = self.formats.iter().map(|format| format.name().to_owned()).collect();
        self.answer.trace_ids = self.trace_ids.iter().map(TraceId::to_hex).collect();
        self.answer
    }
}

/// Returns where in the file a message about a request belongs: at its envelope when the message names it, else at the
/// stretch of the file that became the request.
fn around(part: &Part, message: &str) -> String {
    let named =
        message.find("resource").and_then(|at| message.split_at_checked(at)).and_then(|(_, path)| envelope_of(path));
    match (named, part.places.len()) {
        (Some(envelope), _) => part.place(envelope).to_string(),
        (None, 0 | 1) => format!("from {}", part.place(0)),
        (None, count) => format!("from {} to {}", part.place(0), part.place(count - 1)),
    }
}
