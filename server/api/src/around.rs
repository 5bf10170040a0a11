//! `GET /api/around/{id}`: what happened around a request.

use serde::{Deserialize, Serialize};

use crate::trace::TraceSummary;
use crate::{Nanos, SignedNanos};

/// Other requests and measurements that belong beside one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Around {
    /// The same business keys in other traces.
    pub same_key: Vec<SameKey>,
    /// The requests before and after this one of the same user, session or device.
    pub neighbours: Vec<Neighbours>,
    /// The newest requests of the same operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationAround>,
    /// The nearest request of the same operation without an error: what to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<TraceSummary>,
    /// What the services of the trace measured meanwhile: those with an exemplar of it first.
    pub metrics: Vec<MetricAround>,
    /// The times of the charts' values.
    #[serde(default)]
    pub chart: ChartTimes,
}

/// Times at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ChartTimes {
    /// The first one, from the start of the request.
    pub first_offset_ns: SignedNanos,
    /// From one to the next.
    pub step_ns: SignedNanos,
    /// How many there are.
    pub count: u32,
}

/// A value that other traces carry too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SameKey {
    /// The attribute.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Other traces with it, newest first.
    pub traces: Vec<TraceSummary>,
    /// Log records with it that belong to no trace.
    pub logs_without_trace: u64,
    /// Whether these are all.
    pub is_complete: bool,
}

/// The requests before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// The attribute that names user, session or device.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The request before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<TraceSummary>,
    /// The request after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<TraceSummary>,
}

/// Requests of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationAround {
    /// Service of the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Name of the root.
    pub name: String,
    /// The newest ones, newest first; this one is added when it is not among them.
    pub traces: Vec<TraceSummary>,
    /// Position of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub this: Option<u32>,
}

/// A metric while the request ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricAround {
    /// Its name.
    pub name: String,
    /// Its unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The service that measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// `gauge`, `counter`, `histogram`, `exponential_histogram`; empty for one that is known by its exemplars alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Points within half a minute around the request.
    pub point_count: u64,
    /// Least of them, as text; of what was counted where they are histograms.
    pub least: String,
    /// Average.
    pub average: String,
    /// Most.
    pub most: String,
    /// Exemplars of this metric that name the trace.
    pub exemplars: Vec<ExemplarAround>,
    /// Some minutes around the request as a chart: a gauge as it was, a counter by second, a histogram's percentiles. None for
    /// metrics beyond the first ones, and where nothing can be drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<MetricChart>,
    /// Why there is no chart, where one could not be worked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart_problem: Option<String>,
}

/// A metric over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricChart {
    /// The lines.
    pub lines: Vec<ChartLine>,
    /// Least value of all lines and exemplars.
    pub low: f64,
    /// Most of them.
    pub high: f64,
    /// The same as text.
    pub low_text: String,
    /// The same as text.
    pub high_text: String,
    /// The PromQL of the first line.
    pub expr: String,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartLine {
    /// `p95`, `per second`; empty for the value itself.
    pub name: String,
    /// A value for each time of [`ChartTimes`]; none where there is no number.
    pub values: Vec<Option<f64>>,
}

/// A measured value that names a span of the trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExemplarAround {
    /// The value as text.
    pub value: String,
    /// The same as a number, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// From the start of the request.
    pub offset_ns: SignedNanos,
    /// When.
    pub time_unix_nano: Nanos,
    /// The span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
}
