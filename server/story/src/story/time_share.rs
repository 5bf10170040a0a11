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
    let mut services: BTreeMap<Option<&str>, (i64, u64, u64, i64)> = BTreeMap::new();
    for ((span, own), critical) in view.spans.iter().zip(&analysis.self_times_ns).zip(critical_times(view, analysis)) {
        let entry = services.entry(span.service_name.as_deref()).or_default();
        entry.0 = entry.0.saturating_add(*own);
        entry.1 += 1;
        entry.2 += u64::from(is_error(span));
        entry.3 = entry.3.saturating_add(critical);
    }
    let all = services.values().fold(0_i64, |sum, (own, ..)| sum.saturating_add(*own));
    let mut out: Vec<ServiceTime> = services
        .into_iter()
        .map(|(service_name, (own, span_count, error_count, critical))| ServiceTime {
            service_name: service_name.map(str::to_owned),
            self_time_ns: SignedNanos(own),
            span_count,
            error_count,
            share_permille: permille(own, all),
            critical_ns: SignedNanos(critical),
        })
        .collect();
    out.sort_by_key(|service| Reverse(service.self_time_ns));
    out
}

/// Returns how much of the critical path is each span's, in nanoseconds.
fn critical_times(view: &TraceView, analysis: &Analysis) -> Vec<i64> {
    let mut out = vec![0_i64; view.spans.len()];
    for part in &analysis.critical_path {
        let length = i64::try_from(part.end_unix_nano.saturating_sub(part.start_unix_nano)).unwrap_or(i64::MAX);
        if let Some(slot) = usize::try_from(part.span).ok().and_then(|span| out.get_mut(span)) {
            *slot = slot.saturating_add(length);
        }
    }
    out
}

/// What is summed up for an operation.
#[derive(Debug, Default)]
struct Sum {
    own_ns: i64,
    spans: u64,
    critical_ns: i64,
    /// Length and position of the slowest span.
    slowest: Option<(i64, usize)>,
}

/// Returns the operations with the most self time, most first.
pub(super) fn by_operation(view: &TraceView, analysis: &Analysis) -> Vec<OperationTime> {
    let mut operations: BTreeMap<(Option<&str>, &str), Sum> = BTreeMap::new();
    let parts = view.spans.iter().zip(&analysis.self_times_ns).zip(critical_times(view, analysis));
    for (at, ((span, own), critical)) in parts.enumerate() {
        let sum = operations.entry((span.service_name.as_deref(), &span.name)).or_default();
        sum.own_ns = sum.own_ns.saturating_add(*own);
        sum.spans += 1;
        sum.critical_ns = sum.critical_ns.saturating_add(critical);
        if sum.slowest.is_none_or(|(length, _at)| span.duration_ns.0 > length) {
            sum.slowest = Some((span.duration_ns.0, at));
        }
    }
    let mut sorted: Vec<_> = operations.into_iter().collect();
    sorted.sort_by_key(|(_operation, sum)| Reverse(sum.own_ns));
    sorted.truncate(TOP_OPERATIONS);
    let told = sorted.into_iter().map(|((service_name, name), sum)| OperationTime {
        service_name: service_name.map(str::to_owned),
        name: name.to_owned(),
        self_time_ns: SignedNanos(sum.own_ns),
        span_count: sum.spans,
        span_id: sum
            .slowest
            .and_then(|(_length, at)| view.spans.get(at))
            .map(|span| span.span_id.clone())
            .unwrap_or_default(),
        critical_ns: SignedNanos(sum.critical_ns),
    });
    told.collect()
}
