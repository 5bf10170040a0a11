//! `GET /api/services` and `GET /api/services/map`: what services do and whom they call, from their spans.
//!
//! Numbers are of requests: a span that stands for several, because its tracer sampled (`ot=th:` in its trace state),
//! counts as that many.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// All services of a range of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Services {
    /// Start of the range.
    pub from_unix_nano: Nanos,
    /// Its end, exclusive. What is compared with is the range of the same length before it.
    pub to_unix_nano: Nanos,
    /// By requests, most first.
    pub services: Vec<ServiceView>,
    /// Length of one step of [`ServiceView::trend`].
    pub trend_step_ns: Nanos,
    /// Whether all spans were looked at; else only the first ones.
    pub is_complete: bool,
}

/// Requests with their errors and durations. Entry spans count: of kind server or consumer, and roots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Red {
    /// Requests.
    pub requests: f64,
    /// Requests a second.
    pub rate: f64,
    /// Requests that failed.
    pub errors: f64,
    /// Share of these, 0 to 1.
    pub error_share: f64,
    /// The duration that half of the requests do not exceed, to 2 in 100.
    pub p50_ns: Nanos,
    /// Of 95 in 100.
    pub p95_ns: Nanos,
    /// Of 99 in 100.
    pub p99_ns: Nanos,
    /// Spans that this was counted from.
    pub spans: u64,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct ServiceView {
    /// Its name; none for spans without `service.name`.
    pub name: Option<String>,
    /// In the range.
    pub now: Red,
    /// In the range before; none without requests then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Red>,
    /// Requests over the range, step by step.
    pub trend: Vec<f64>,
    /// Errors over the range, step by step.
    pub error_trend: Vec<f64>,
    /// The duration that half of the requests do not exceed, step by step, 0 in a step without requests; only where one service
    /// is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p50_trend_ns: Vec<Nanos>,
    /// Of 95 in 100, alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p95_trend_ns: Vec<Nanos>,
    /// Its operations, by requests, most first; only the first ones unless one service is asked for.
    pub operations: Vec<OperationView>,
    /// Spans of operations that are not listed, of the range and the range before together.
    #[serde(default)]
    pub operations_left_out: u64,
}

/// An operation of a service: the entry spans of one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct OperationView {
    /// Name of the spans.
    pub name: String,
    /// In the range.
    pub now: Red,
    /// In the range before; none without requests then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Red>,
    /// A trace of the slowest request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_trace_id: Option<String>,
    /// A trace of a failed request, the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_trace_id: Option<String>,
    /// A trace of the newest request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_trace_id: Option<String>,
}

/// Who calls whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct ServiceMap {
    /// Start of the range.
    pub from_unix_nano: Nanos,
    /// Its end, exclusive.
    pub to_unix_nano: Nanos,
    /// Services and what they call, by name.
    pub nodes: Vec<MapNode>,
    /// Calls, by number, most first.
    pub edges: Vec<MapEdge>,
    /// Calls whose other side sent no spans and has no name.
    pub unnamed_calls: f64,
    /// Spans that were looked at.
    pub spans: u64,
    /// Whether these are all.
    pub is_complete: bool,
}

/// What stands at an end of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct MapNode {
    /// Unique in the map.
    pub id: String,
    /// Shown name; empty for spans without `service.name`.
    pub name: String,
    /// `service`, or, for what sends no spans itself, `database`, `queue` or `external`.
    pub kind: String,
    /// Such as `postgresql` or `kafka`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// Calls from one node to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct MapEdge {
    /// Id of the caller.
    pub from: String,
    /// Id of what is called.
    pub to: String,
    /// The calls; durations as the called side saw them, or the caller where that sends no spans.
    pub calls: Red,
    /// A trace with the slowest call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_trace_id: Option<String>,
    /// A trace with a failed call, the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_trace_id: Option<String>,
    /// A trace with the newest call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_trace_id: Option<String>,
}
