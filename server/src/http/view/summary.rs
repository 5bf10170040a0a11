//! One line about a trace.

use telltale_api::trace::TraceSummary;
use telltale_api::{Nanos, SignedNanos};
use telltale_model::TraceId;
use telltale_query::TraceSummaryRow;

/// Converts a row of the list of traces.
pub(crate) fn summary(row: TraceSummaryRow) -> TraceSummary {
    TraceSummary {
        trace_id: row.trace_id.to_hex(),
        start_unix_nano: Nanos(u64::try_from(row.start_time_ns).unwrap_or(0)),
        duration_ns: SignedNanos(row.end_time_ns.saturating_sub(row.start_time_ns)),
        name: row.root_name.unwrap_or_default(),
        service_name: row.root_service_name,
        has_root: row.root_span_id.is_some(),
        span_count: row.span_count,
        error_count: row.error_count,
        first_error: row.first_error_message,
        services: row.service_names,
    }
}

/// Returns the line of a trace of which only log records or exemplars are stored.
pub(crate) fn summary_without_spans(id: TraceId) -> TraceSummary {
    TraceSummary {
        trace_id: id.to_hex(),
        start_unix_nano: Nanos(0),
        duration_ns: SignedNanos(0),
        name: "no spans yet, only logs or exemplars".to_owned(),
        service_name: None,
        has_root: false,
        span_count: 0,
        error_count: 0,
        first_error: None,
        services: Vec::new(),
    }
}
