//! One trace for other people's eyes: redacted, as a file or behind a link that ends.
//!
//! ```text
//! rows ─ encode ─ redact ─ decode ─ rows          (redacted: the only way out, whatever the form is)
//!                                    └ view ─ story ─ page, Markdown, text, OTLP
//! ```
//!
//! [`book`] keeps the links. Deliberately absent: HTTP.

use bytes::Bytes;
use prost::Message as _;
use telltale_model::{SignalKind, TraceId, UnixNanos};
use telltale_query::TraceData;
use telltale_share::redact::{CustomRule, Redactor, RuleError, RuleReport, Rules};
use telltale_storage::decode::{self, DecodeError};
use telltale_storage::encode::{self, EncodeError};
use telltale_storage::schema::Table;
use telltale_storage::{Pin, PinKind};

pub mod book;

pub use book::Book;

use crate::config::Config;
use crate::state::AppState;

/// The rule that stands for facts that a team marked with `redact = true`.
const FACT_RULE: &str = "fact";

/// Why a trace cannot be redacted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedactError {
    /// The rules cannot be used.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// What was redacted cannot be read any more: a fault of ours.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// What the pins of shared traces are named by, before the link's id.
const PIN_PREFIX: &str = "share-";

/// Keeps the trace of a link from retention as long as the link holds.
pub(crate) async fn pin(state: &AppState, link: &str, trace: TraceId) -> Result<(), telltale_storage::Error> {
    let name = format!("{PIN_PREFIX}{link}");
    state.storage.pin(Pin { name, kind: PinKind::Trace(trace), created_at_ns: state.now().0 }).await
}

/// Gives traces back to retention whose links have ended. What fails is tried again at the next call.
pub(crate) async fn unpin_ended(state: &AppState) {
    let live = state.shares.list(state.now());
    let pins = state.storage.pins().into_iter();
    let ended = pins.filter(|pin| {
        let link = pin.name.strip_prefix(PIN_PREFIX);
        link.is_some_and(|link| !live.iter().any(|live| live.id == link))
    });
    for pin in ended {
        if let Err(error) = state.storage.unpin(&pin.name).await {
            tracing::warn!(pin = pin.name, %error, "the pin of a link that has ended stays for now");
        }
    }
}

/// Returns the rules of the configuration, with those of the facts, less those that a caller leaves off.
pub(crate) fn rules(config: &Config, without: &[String]) -> Rules {
    let mut rules = config.redact.clone();
    let redacted = config.facts.facts.iter().filter(|fact| fact.redact);
    let keys: Vec<String> = redacted.flat_map(|fact| fact.keys.iter().cloned()).collect();
    if !keys.is_empty() {
        rules.rules.push(CustomRule { name: FACT_RULE.to_owned(), keys, pattern: None });
    }
    rules.rules.retain(|rule| !without.contains(&rule.name));
    let is_built_in =
        |name: &&String| !config.redact.rules.iter().any(|rule| rule.name == **name) && *name != FACT_RULE;
    rules.without.extend(without.iter().filter(is_built_in).cloned());
    rules
}

/// Redacts a trace. Metrics are left out: a data point belongs to no trace, and its labels are nobody's to show.
pub(crate) fn redact(data: &TraceData, redactor: &mut Redactor) -> Result<(TraceData, Vec<RuleReport>), RedactError> {
    let mut traces = encode::spans(&data.spans)?;
    let mut logs = encode::logs(&data.logs)?;
    redactor.traces(&mut traces);
    redactor.logs(&mut logs);
    let report = redactor.take_report();
    let rows = |signal, bytes: Vec<u8>, table| -> Result<Vec<_>, RedactError> {
        // The time of arrival is not the reader's business, and the trace is not arriving any more.
        let decoded = decode::decode(signal, &Bytes::from(bytes), UnixNanos(0))?;
        Ok(decoded.batches.into_iter().filter(|(of, _)| *of == table).map(|(_, batch)| batch).collect())
    };
    let spans = rows(SignalKind::Traces, traces.encode_to_vec(), Table::Spans)?;
    let logs = rows(SignalKind::Logs, logs.encode_to_vec(), Table::Logs)?;
    Ok((TraceData { spans, logs, ..TraceData::default() }, report))
}

/// Says what was redacted, for the page's head.
pub(crate) fn told(report: &[RuleReport]) -> String {
    if report.is_empty() {
        return "Looked through for secrets and personal data; nothing was found to redact.".to_owned();
    }
    let parts: Vec<String> = report.iter().map(|rule| format!("{} ×{}", rule.rule, rule.count)).collect();
    format!("Redacted: {}. Equal values have equal pseudonyms.", parts.join(", "))
}
