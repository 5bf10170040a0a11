//! `GET /api/recent` and `GET /api/live`: what arrived just now.

use serde::{Deserialize, Serialize};

use crate::issue::IssueView;
use crate::search::{FoundTrace, SearchRow};
use crate::trace::TraceSummary;
use crate::{Nanos, SignedNanos};

/// The start page in one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// Newest traces, newest first.
    pub traces: Vec<TraceSummary>,
    /// Newest traces with an error, newest first.
    pub errors: Vec<TraceSummary>,
    /// What the store holds.
    pub totals: Totals,
    /// Where senders should send to.
    pub endpoints: Endpoints,
    /// What senders did wrong or oddly, newest first; the first few.
    pub issues: Vec<IssueView>,
}

/// What the store holds and takes in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Totals {
    /// Stored spans.
    pub spans: u64,
    /// Stored log records.
    pub logs: u64,
    /// Stored metric data points of all kinds.
    pub points: u64,
    /// Services of the newest traces, at most a few hundred, sorted.
    pub services: Vec<String>,
    /// Bytes on disk: segments and write-ahead log.
    pub disk_bytes: u64,
    /// Items acknowledged a second, over the last ten seconds.
    pub items_per_second: f64,
    /// When the last item arrived; none when nothing arrived since the server's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ingest_unix_nano: Option<Nanos>,
}

/// The addresses that are bound, as URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Endpoints {
    /// UI and API.
    pub ui: String,
    /// OTLP, gRPC first.
    pub otlp_grpc: String,
    /// OTLP, HTTP first.
    pub otlp_http: String,
}

/// One server-sent event; its `event:` name is the tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "events are few and short-lived; a box would be in every reader's way")]
pub enum LiveEvent {
    /// Spans were acknowledged: the traces that they belong to, as far as this export request tells.
    Traces {
        /// One entry a trace; counts are of this request only.
        traces: Vec<LiveTrace>,
    },
    /// Log records were acknowledged.
    Logs {
        /// How many.
        count: u64,
        /// The traces that they belong to.
        trace_ids: Vec<String>,
    },
    /// Metric data points were acknowledged.
    Points {
        /// How many.
        count: u64,
    },
    /// A sender did something wrong or odd.
    Issue(IssueView),
    /// What promises are judged by has changed: the signals file, or a run began.
    Signals,
    /// The reader was too slow: this many events were left out.
    Skipped {
        /// How many.
        count: u64,
    },
}

impl LiveEvent {
    /// Returns the tag, which is also the event's name in the stream.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Traces { .. } => "traces",
            Self::Logs { .. } => "logs",
            Self::Points { .. } => "points",
            Self::Issue(_) => "issue",
            Self::Signals => "signals",
            Self::Skipped { .. } => "skipped",
        }
    }
}

/// What one export request says of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveTrace {
    /// The trace.
    pub trace_id: String,
    /// Spans of it in this request.
    pub span_count: u64,
    /// Of these, with an error.
    pub error_count: u64,
    /// Earliest start in this request.
    pub start_unix_nano: Nanos,
    /// From the earliest start to the latest end in this request.
    pub duration_ns: SignedNanos,
    /// Service of the root span, or of the earliest span when the root is not in this request.
    pub service_name: Option<String>,
    /// Name of that span.
    pub name: String,
    /// Whether the root span is in this request.
    pub has_root: bool,
}

/// One event of `GET /api/live?q=…`: `event: rows`, and as its `id:` the place to go on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct LiveRows {
    /// Spans or log records that match, oldest first.
    pub rows: Vec<SearchRow>,
    /// Traces of which spans arrived and in which a span matches, each as a whole, the last to arrive at the end; only of
    /// kind `traces`. A trace that was there before is to be replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<FoundTrace>,
    /// Rows that match but are too many for one event: the oldest of the burst. Of kind `traces`: traces that were not
    /// looked up, matching or not.
    #[serde(default)]
    pub left_out: u64,
    /// Rows (of kind `traces`: spans) that were gone before this reader could look at them, matching or not.
    #[serde(default)]
    pub missed: u64,
    /// Whether the server was started anew since the reader's last event: what came in between is in the store.
    #[serde(default)]
    pub is_restart: bool,
}
