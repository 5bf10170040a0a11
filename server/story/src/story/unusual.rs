//! How unusual each span is against the others of its operation in this store.
//!
//! What is usual comes from outside ([`Baselines`]): the store counts, this only compares. Nothing is called unusual
//! by few samples, by little, or within what one in twenty takes anyway.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use telltale_api::SignedNanos;
use telltale_api::story::{Unusual, Usual};
use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::DurationSketch;

use super::gaps::named;
use crate::format::{duration, number};
use crate::limits::{BASELINE_SPANS, UNUSUAL_NS, UNUSUAL_TENTHS, UNUSUAL_TOLD};

/// What spans of one kind share: service and name.
pub type Operation = (Option<String>, String);

/// How long operations usually take.
#[derive(Debug, Clone, Default)]
pub struct Baselines {
    /// Counts of durations by operation.
    pub operations: BTreeMap<Operation, DurationSketch>,
}

impl Baselines {
    /// Returns what is usual for the operations of a trace, in order of service and name.
    pub(super) fn usual(&self) -> Vec<Usual> {
        let told = |((service, name), sketch): (&Operation, &DurationSketch)| usual(service.clone(), name, sketch);
        self.operations.iter().filter_map(told).collect()
    }
}

fn usual(service_name: Option<String>, name: &str, sketch: &DurationSketch) -> Option<Usual> {
    let (p50, p95) = (sketch.percentile_ns(500)?, sketch.percentile_ns(950)?);
    let (p50_ns, p95_ns) = (SignedNanos(p50), SignedNanos(p95));
    Some(Usual { service_name, name: name.to_owned(), count: sketch.count(), p50_ns, p95_ns })
}

/// Finds the spans that took longer than nearly all of their kind, the furthest off first.
pub(super) fn unusual(view: &TraceView, all: &[Usual]) -> Vec<Unusual> {
    let by_operation: BTreeMap<(Option<&str>, &str), &Usual> =
        all.iter().map(|usual| ((usual.service_name.as_deref(), usual.name.as_str()), usual)).collect();
    let mut found: Vec<Unusual> = view
        .spans
        .iter()
        .filter_map(|span| {
            let usual = by_operation.get(&(span.service_name.as_deref(), span.name.as_str()))?;
            compare(span, usual)
        })
        .collect();
    found.sort_by_key(|unusual| (Reverse(unusual.duration_ns.0 - unusual.usual.p50_ns.0), unusual.span_id.clone()));
    found.truncate(UNUSUAL_TOLD);
    found
}

fn compare(span: &SpanRow, usual: &Usual) -> Option<Unusual> {
    let (length, middle) = (span.duration_ns.0, usual.p50_ns.0.max(1));
    let tenths = u64::try_from(i128::from(length) * 10 / i128::from(middle)).ok()?;
    let is_far = length > usual.p95_ns.0 && tenths >= UNUSUAL_TENTHS && length - middle >= UNUSUAL_NS;
    if usual.count < BASELINE_SPANS || !is_far {
        return None;
    }
    let times = if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { number::count(tenths / 10) };
    let text = format!(
        "{} took {}, {times} times as long as usual: of {} half take no more than {}, 95 % no more than {}",
        named(span),
        duration(length),
        number::count(usual.count),
        duration(usual.p50_ns.0),
        duration(usual.p95_ns.0)
    );
    Some(Unusual {
        span_id: span.span_id.clone(),
        duration_ns: span.duration_ns,
        factor_tenths: tenths,
        usual: usual.clone(),
        text,
    })
}
