//! Where the time went: self time by service and by operation.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use telltale_api::SignedNanos;
use telltale_api::story::{OperationTime, ServiceTime};
use telltale_api::trace::TraceView;

use super::{Analysis, is_error};
use crate::format::number::permille;
use crate::limits::TOP_OPERATIONS;

/// Returns the self time of every service, most first.
pub(super) fn by_service(view: &TraceView, analysis: &Analysis) -> Vec<ServiceTime> {
    let mut services: BTreeMap<Option<&str>, (i64, u64, u64)> = BTreeMap::new();
    for (span, own) in view.spans.iter().zip(&analysis.self_times_ns) {
        let entry = services.entry(span.service_name.as_deref()).or_default();
        entry.0 = entry.0.saturating_add(*own);
        entry.1 += 1;
        entry.2 += u64::from(is_error(span));
    }
    let all = services.values().fold(0_i64, |sum, (own, ..)| sum.saturating_add(*own));
    let mut out: Vec<ServiceTime> = services
        .into_iter()
        .map(|(service_name, (own, span_count, error_count))| ServiceTime {
            service_name: service_name.map(str::to_owned),
            self_time_ns: SignedNanos(own),
            span_count,
            error_count,
            share_permille: permille(own, all),
        })
        .collect();
    out.sort_by_key(|service| Reverse(service.self_time_ns));
    out
}

/// What is summed up for an operation: self time, spans, and the slowest span's length and position.
type Sum = (i64, u64, i64, usize);

/// Returns the operations with the most self time, most first.
pub(super) fn by_operation(view: &TraceView, analysis: &Analysis) -> Vec<OperationTime> {
    let mut operations: BTreeMap<(Option<&str>, &str), Sum> = BTreeMap::new();
    for (at, (span, own)) in view.spans.iter().zip(&analysis.self_times_ns).enumerate() {
        let entry = operations.entry((span.service_name.as_deref(), &span.name)).or_insert((0, 0, i64::MIN, at));
        entry.0 = entry.0.saturating_add(*own);
        entry.1 += 1;
        if span.duration_ns.0 > entry.2 {
            (entry.2, entry.3) = (span.duration_ns.0, at);
        }
    }
    let mut sorted: Vec<_> = operations.into_iter().collect();
    sorted.sort_by_key(|(_operation, sum)| Reverse(sum.0));
    sorted.truncate(TOP_OPERATIONS);
    let told = sorted.into_iter().map(|((service_name, name), (own, span_count, _slowest, at))| OperationTime {
        service_name: service_name.map(str::to_owned),
        name: name.to_owned(),
        self_time_ns: SignedNanos(own),
        span_count,
        span_id: view.spans.get(at).map(|span| span.span_id.clone()).unwrap_or_default(),
    });
    told.collect()
}
