//! Operations that ran again and again under one span, and which of them are N+1: one call for each of many rows, one
//! after another, where one call for all of them would do.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use telltale_api::SignedNanos;
use telltale_api::story::Repeat;
use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::SpanKind;

use super::gaps::{named, named_beside};
use super::outcome::{attribute, display_name};
use super::{Analysis, span_at};
use crate::format::{duration, number};
use crate::limits::{REPEATS, REPEATS_TOLD};
use crate::self_time::end_of;

/// Attributes of a call to a database.
const DATABASE: [&str; 4] = ["db.system.name", "db.system", "db.query.text", "db.statement"];

/// Runs of one operation under one span, which it names by position.
#[derive(Debug, Default)]
struct Runs {
    first: u32,
    count: u32,
    total_ns: i64,
    longest_ns: i64,
    /// When the latest run so far ended.
    last_end: u64,
    /// Runs that began before an earlier one had ended.
    overlapping: u32,
}

/// Finds the repetitions, those that took longest first.
pub(super) fn repeats(view: &TraceView, analysis: &Analysis) -> Vec<Repeat> {
    let mut found: Vec<(i64, u32, Repeat)> = Vec::new();
    for parent in analysis.tree.order() {
        let children = analysis.tree.children(*parent);
        if u32::try_from(children.len()).is_ok_and(|count| count < REPEATS) {
            continue;
        }
        let Some(row) = span_at(view, *parent) else { continue };
        for runs in runs(view, children).into_iter().filter(|runs| runs.count >= REPEATS) {
            found.extend(told(view, row, &runs).map(|repeat| (runs.total_ns, runs.first, repeat)));
        }
    }
    found.sort_by_key(|(total, first, _repeat)| (Reverse(*total), *first));
    found.truncate(REPEATS_TOLD);
    found.into_iter().map(|(_total, _first, repeat)| repeat).collect()
}

/// Sums up children by operation, in order of their first run.
fn runs(view: &TraceView, children: &[u32]) -> Vec<Runs> {
    let mut by_operation: HashMap<(Option<&str>, Cow<'_, str>), usize> = HashMap::new();
    let mut out: Vec<Runs> = Vec::new();
    for child in children {
        let Some(span) = span_at(view, *child) else { continue };
        let operation = (span.service_name.as_deref(), display_name(span));
        let slot = *by_operation.entry(operation).or_insert(out.len());
        if slot == out.len() {
            out.push(Runs { first: *child, ..Runs::default() });
        }
        let Some(runs) = out.get_mut(slot) else { continue };
        let length = span.duration_ns.0.max(0);
        runs.overlapping += u32::from(runs.count > 0 && span.start_unix_nano.0 < runs.last_end);
        runs.count += 1;
        runs.total_ns = runs.total_ns.saturating_add(length);
        runs.longest_ns = runs.longest_ns.max(length);
        runs.last_end = runs.last_end.max(end_of(span));
    }
    out
}

fn told(view: &TraceView, parent: &SpanRow, runs: &Runs) -> Option<Repeat> {
    let first = span_at(view, runs.first)?;
    let is_call = SpanKind::from_otlp(first.kind) == SpanKind::Client
        || DATABASE.into_iter().any(|key| attribute(&first.attributes, key).is_some());
    let is_n_plus_one = is_call && runs.overlapping * 5 <= runs.count;
    let how = if is_n_plus_one { " one after another" } else { "" };
    let text = format!(
        "under {}, {} ran {} times{how}, {} in all",
        named(parent),
        named_beside(first, parent),
        number::count(runs.count.into()),
        duration(runs.total_ns)
    );
    Some(Repeat {
        parent_span_id: parent.span_id.clone(),
        span_id: first.span_id.clone(),
        service_name: first.service_name.clone(),
        name: display_name(first).into_owned(),
        count: runs.count,
        total_ns: SignedNanos(runs.total_ns),
        longest_ns: SignedNanos(runs.longest_ns),
        is_n_plus_one,
        text,
    })
}
