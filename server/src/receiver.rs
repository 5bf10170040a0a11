//! OTLP in: from an export request to its acknowledgement.
//!
//! ```text
//! body → admission (memory) → encoding (decompress) → decode (JSON only) → Storage::append → announce → answer
//! ```
//!
//! [`grpc`] and [`http`] speak the two transports and are otherwise thin; what both do alike is here. Rules: a request
//! is acknowledged only after [`telltale_storage::Storage::append`] returned; one bad record never costs its neighbours;
//! what is refused for want of memory or for start-up waits first; an internal error is answered as "send again",
//! never as 500, because senders drop data on that. Nothing here understands telemetry.

use std::sync::Arc;

use bytes::Bytes;
use telltale_model::SignalKind;
use telltale_storage::decode::{DecodeError, Issue};
use telltale_storage::{Appended, Error, ErrorKind};

pub mod admission;
pub mod announce;
pub mod body;
pub mod encoding;
pub mod grpc;
pub mod http;
pub mod media;
pub mod partial_success;
pub mod refusal;
pub mod remote_write;
pub mod status;

pub use admission::Admission;
pub use refusal::Refusal;

use crate::senders::Stored;
use crate::state::AppState;
use crate::telemetry::Metric;

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with binary protobuf.
    HttpProtobuf,
    /// OTLP/HTTP with JSON.
    HttpJson,
    /// A file that was opened (`/api/import`).
    Import,
    /// Prometheus remote write.
    RemoteWrite,
    /// Scraped by ourselves.
    Scrape,
}

impl Protocol {
    /// Returns the word that metrics and issues show.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Import => "import",
            Self::RemoteWrite => "remote_write",
            Self::Scrape => "scrape",
        }
    }
}

/// Who sent a request.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Address without the port.
    pub peer: String,
    /// `User-Agent`, as sent.
    pub user_agent: Option<String>,
    /// How the request came.
    pub protocol: Protocol,
    /// How its body was compressed, in a word.
    pub compression: &'static str,
}

/// What an acknowledgement says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acknowledged {
    /// Items that were stored.
    pub accepted: u64,
    /// Items that were not stored.
    pub rejected: u64,
    /// Why items were rejected or changed; empty when all is well.
    pub message: String,
}

/// Stores one export request and tells everybody who wants to know.
///
/// `issues` are those that were found before, by the JSON decoder or the edge. Runs to its end even when the caller is
/// dropped, so that what became visible is also announced.
///
/// # Errors
/// The refusal to answer with.
pub async fn ingest(
    state: &Arc<AppState>,
    signal: SignalKind,
    payload: Bytes,
    issues: Vec<Issue>,
    sender: &Sender,
) -> Result<Acknowledged, Refusal> {
    let (state, sender) = (Arc::clone(state), sender.clone());
    let task = tokio::spawn(async move { store(&state, signal, payload, issues, &sender).await });
    // A panic in there is a bug of ours, and the sender should try again.
    task.await.unwrap_or_else(|_panicked| Err(Refusal::unavailable("an internal error occurred; it is in the log")))
}

/// Does the work of [`ingest`].
async fn store(
    state: &AppState,
    signal: SignalKind,
    payload: Bytes,
    mut issues: Vec<Issue>,
    sender: &Sender,
) -> Result<Acknowledged, Refusal> {
    let payload_bytes = payload.len();
    let rejected_before: u64 = partial_success::rejected(&issues);
    let forwarded = state.forward.as_ref().map(|forward| (forward, payload.clone()));
    let (appended, repaired) = append(state, signal, payload).await.map_err(|error| refusal_of(&error))?;
    issues.extend(repaired);
    issues.extend(appended.issues.iter().cloned());
    let rejected = appended.rejected.saturating_add(rejected_before);
    if let Some((forward, payload)) = forwarded {
        forward.offer(signal, payload);
    }
    count(state, signal, &appended, payload_bytes, &issues);
    let stored = Stored { signal, appended: &appended, payload_bytes, issues: &issues };
    state.senders.stored(sender, stored, state.now());
    announce::announce(state, signal, &appended);
    state.quiet.note(&appended, sender);
    for issue in &issues {
        announce::issue(state, signal, issue, sender);
    }
    Ok(Acknowledged { accepted: appended.accepted, rejected, message: partial_success::message(&issues) })
}

/// Appends, after one repair of texts that are not UTF-8.
async fn append(state: &AppState, signal: SignalKind, payload: Bytes) -> Result<(Appended, Option<Issue>), Error> {
    match state.storage.append(signal, payload.clone()).await {
        Err(Error::Decode(error)) if matches!(*error, DecodeError::InvalidUtf8 { .. }) => {
            let repair = move || telltale_storage::decode::repair_utf8(signal, &payload);
            let repaired = tokio::task::spawn_blocking(repair).await.ok().flatten();
            let repaired = repaired.ok_or(Error::Decode(error))?;
            Ok((state.storage.append(signal, repaired).await?, Some(Issue::repaired_utf8())))
        }
        result => Ok((result?, None)),
    }
}

/// Counts what was acknowledged and what was not.
fn count(state: &AppState, signal: SignalKind, appended: &Appended, payload_bytes: usize, issues: &[Issue]) {
    let (telemetry, name) = (&state.telemetry, signal.name());
    telemetry.add(Metric::IngestItems, [name], appended.accepted);
    telemetry.add(Metric::IngestBytes, [name], u64::try_from(payload_bytes).unwrap_or(u64::MAX));
    telemetry.ingested(appended.accepted);
    for issue in issues {
        telemetry.add(Metric::IngestIssues, [issue.outcome.as_str(), issue.code.as_str()], issue.count);
        if partial_success::is_rejected(issue) {
            telemetry.add(Metric::IngestRejectedItems, [name, issue.code.as_str()], issue.count);
        }
    }
}

/// Says how a failed append is answered.
fn refusal_of(error: &Error) -> Refusal {
    match (error, error.kind()) {
        (Error::TooLarge { .. }, _) => Refusal::too_large(error.to_string()),
        (Error::Decode(error), _) => Refusal::malformed(error.to_string()),
        (_, ErrorKind::Invalid) => Refusal::malformed(error.to_string()),
        (_, ErrorKind::Exhausted) => Refusal::unavailable(error.to_string()),
        (_, _) => {
            tracing::error!(%error, "an export request could not be stored");
            Refusal::unavailable(error.to_string())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
