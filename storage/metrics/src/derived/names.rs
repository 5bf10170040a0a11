//! The names, labels and bounds of derived metrics: Tempo's generator, the Collector's connector, and the service graph of both.

use telltale_promql::Labels;
use telltale_promql::labels::NAME;

use super::stats::Key;

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Count,
    Failed,
    Sum,
    Bucket,
}

/// Whose labels it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `service`, `span_name`, `span_kind`, `status_code`
    Tempo,
    /// `service_name`, `span_name`, `span_kind`, `status_code`
    Collector,
    /// `client`, `server`, `connection_type`, `virtual_node`; durations as the server saw them.
    Server,
    /// The same as the client saw them.
    Client,
    /// `client` or `server`: spans whose other side is missing.
    Unpaired,
}

/// A derived metric.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) scheme: Scheme,
    pub(super) part: Part,
    pub(super) bounds: &'static [f64],
    /// Nanoseconds of its unit.
    pub(super) unit_ns: f64,
}

const TEMPO: &[f64] =
    &[0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384];
const COLLECTOR: &[f64] =
    &[2.0, 4.0, 6.0, 8.0, 10.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1000.0, 1400.0, 2000.0, 5000.0, 10000.0, 15000.0];
const GRAPH: &[f64] = &[0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];

const SECOND: f64 = 1e9;
const MILLISECOND: f64 = 1e6;

const fn metric(name: &'static str, scheme: Scheme, part: Part, (bounds, unit_ns): (&'static [f64], f64)) -> Metric {
    Metric { name, scheme, part, bounds, unit_ns }
}

/// Every derived metric.
pub(super) const METRICS: &[Metric] = &[
    metric("traces_spanmetrics_calls_total", Scheme::Tempo, Part::Count, (TEMPO, SECOND)),
    metric("traces_spanmetrics_latency_bucket", Scheme::Tempo, Part::Bucket, (TEMPO, SECOND)),
    metric("traces_spanmetrics_latency_sum", Scheme::Tempo, Part::Sum, (TEMPO, SECOND)),
    metric("traces_spanmetrics_latency_count", Scheme::Tempo, Part::Count, (TEMPO, SECOND)),
    metric("traces_span_metrics_calls_total", Scheme::Collector, Part::Count, (COLLECTOR, MILLISECOND)),
    metric(
        "traces_span_metrics_duration_milliseconds_bucket",
        Scheme::Collector,
        Part::Bucket,
        (COLLECTOR, MILLISECOND),
    ),
    metric("traces_span_metrics_duration_milliseconds_sum", Scheme::Collector, Part::Sum, (COLLECTOR, MILLISECOND)),
    metric("traces_span_metrics_duration_milliseconds_count", Scheme::Collector, Part::Count, (COLLECTOR, MILLISECOND)),
    metric("traces_service_graph_request_total", Scheme::Server, Part::Count, (GRAPH, SECOND)),
    metric("traces_service_graph_request_failed_total", Scheme::Server, Part::Failed, (GRAPH, SECOND)),
    metric("traces_service_graph_request_server_seconds_bucket", Scheme::Server, Part::Bucket, (GRAPH, SECOND)),
    metric("traces_service_graph_request_server_seconds_sum", Scheme::Server, Part::Sum, (GRAPH, SECOND)),
    metric("traces_service_graph_request_server_seconds_count", Scheme::Server, Part::Count, (GRAPH, SECOND)),
    metric("traces_service_graph_request_client_seconds_bucket", Scheme::Client, Part::Bucket, (GRAPH, SECOND)),
    metric("traces_service_graph_request_client_seconds_sum", Scheme::Client, Part::Sum, (GRAPH, SECOND)),
    metric("traces_service_graph_request_client_seconds_count", Scheme::Client, Part::Count, (GRAPH, SECOND)),
    metric("traces_service_graph_unpaired_spans_total", Scheme::Unpaired, Part::Count, (GRAPH, SECOND)),
];

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUSES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

impl Metric {
    /// Says whether it is about requests between services.
    pub(super) fn is_of_graph(&self) -> bool {
        !matches!(self.scheme, Scheme::Tempo | Scheme::Collector)
    }

    /// Returns the labels of a key, but for `le`; `None` when the key is another scheme's.
    pub(super) fn labels(&self, key: &Key) -> Option<Labels> {
        let word = |words: &[&'static str], number: i32| {
            usize::try_from(number).ok().and_then(|at| words.get(at).copied()).unwrap_or("unknown")
        };
        let pairs: Vec<(&str, &str)> = match (self.scheme, key) {
            (Scheme::Tempo | Scheme::Collector, Key::Operation { service, name, kind, status }) => vec![
                (if self.scheme == Scheme::Tempo { "service" } else { "service_name" }, service),
                ("span_name", name),
                ("span_kind", word(&KINDS, *kind)),
                ("status_code", word(&STATUSES, *status)),
            ],
            (Scheme::Server, Key::Edge { client, server, kind, by_server: true })
            | (Scheme::Client, Key::Edge { client, server, kind, by_server: false }) => vec![
                ("client", client),
                ("server", server),
                ("connection_type", kind.connection),
                ("virtual_node", kind.virtual_node),
            ],
            (Scheme::Unpaired, Key::Unpaired { service, is_client }) => {
                vec![(if *is_client { "client" } else { "server" }, service)]
            }
            _ => return None,
        };
        Some(Labels::from_pairs(pairs.into_iter().chain([(NAME, self.name)])))
    }
}
