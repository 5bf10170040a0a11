//! OTLP requests into rows: a hand-written walker over the protobuf bytes, straight into Arrow builders.
//!
//! One record never costs its neighbours: what does not parse, has no valid id or no time where OTLP demands one is
//! rejected alone and counted, as long as the frame around it is intact. What is only odd is kept and noted. Unknown
//! fields are ignored, unknown numbers of enumerations kept.
//!
//! Differences from prost's generated decoder, all on purpose: a bad record is not a bad request; `AnyValue` may be
//! nested up to 64 levels (prost: 47); where a sender sets `KeyValue.value` or `LogRecord.body` twice, the last one counts
//! instead of being merged with the first.
//!
//! Deliberately absent: JSON (the server transcodes it first) and decompression.

mod any;
mod attributes;
mod canonical;
mod columns;
mod context;
mod envelope;
mod guess;
mod issue;
pub mod limits;
mod logs;
mod metrics;
mod odd;
mod repair;
mod spans;
#[cfg(test)]
mod tests;
pub mod wire;
mod zeros;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};

use self::context::Context;
pub use self::issue::{Issue, IssueCode, Outcome};
pub use self::repair::repair_utf8;
pub(crate) use self::zeros::is_shared_zeros;
use crate::schema::Table;

/// What one request became.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// One batch a table that got rows, in the table's schema.
    pub batches: Vec<(Table, RecordBatch)>,
    /// Spans, log records or data points that are in the batches.
    pub accepted: u64,
    /// Spans, log records or data points that are not.
    pub rejected: u64,
    /// Why items were rejected, and what was odd about those that were not.
    pub issues: Vec<Issue>,
}

/// Why a request could not be decoded at all. Nothing of it is kept.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A text is not UTF-8. Run [`repair_utf8`] once and decode again.
    #[error("the text at byte {offset} is not UTF-8; send UTF-8")]
    InvalidUtf8 {
        /// Where in the request.
        offset: usize,
    },
    /// The framing of the request is broken.
    #[error("this is not an OTLP request: at byte {offset}, {what}; encode requests with the official definitions")]
    Malformed {
        /// Where in the request.
        offset: usize,
        /// The message and what was expected there.
        what: String,
    },
    /// The rows do not fit into Arrow arrays: a column of one request would exceed 2 GiB.
    #[error("the request cannot be held in memory; send smaller batches")]
    Rows(#[source] Arc<ArrowError>),
}

impl From<ArrowError> for DecodeError {
    fn from(error: ArrowError) -> Self {
        Self::Rows(Arc::new(error))
    }
}

/// Decodes an `Export…ServiceRequest` of `signal`, protobuf, decompressed, that arrived at `received`.
///
/// Batches hold rows in the order sent. The whole request fails only when its framing is broken.
pub fn decode(signal: SignalKind, payload: &Bytes, received: UnixNanos) -> Result<Decoded, DecodeError> {
    let mut context = Context::new(signal, payload, received);
    let batches = match signal {
        SignalKind::Traces => {
            let mut spans = spans::Spans::new();
            envelope::walk(&mut context, &mut spans, payload)?;
            spans.finish(received)?.map(|batch| (Table::Spans, batch)).into_iter().collect()
        }
        SignalKind::Logs => {
            let mut logs = logs::Logs::new();
            envelope::walk(&mut context, &mut logs, payload)?;
            logs.finish(received)?.map(|batch| (Table::Logs, batch)).into_iter().collect()
        }
        SignalKind::Metrics => {
            let mut metrics = metrics::Metrics::new();
            envelope::walk(&mut context, &mut metrics, payload)?;
            metrics.finish(received)?
        }
    };
    let (accepted, rejected) = (context.accepted, context.rejected);
    Ok(Decoded { batches, accepted, rejected, issues: context.into_issues() })
}
