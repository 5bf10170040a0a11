//! What happened in a request, told from its spans and logs.
//!
//! [`tell`] turns a trace into verdict, caveats, facts, shares of time and one merged list. It is a pure function: the
//! same trace gives the same story on the server, in the browser and in a file. Every claim names the spans that prove
//! it, and what is missing is said instead of guessed. The work grows with the trace like sorting does.

mod cause;
mod chips;
mod entries;
mod fact_config;
mod facts;
mod full;
mod gaps;
mod message;
mod outcome;
mod overlap;
mod repeats;
mod time_share;
mod unusual;
mod verdict;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use telltale_api::story::{Counts, Story};
use telltale_api::trace::{SpanRow, TraceView};
use telltale_api::{Nanos, SignedNanos};
use telltale_model::{StatusCode, UnixNanos};

pub use fact_config::{Condition, FactConfig, FactRule, FactView, Pick};
pub use facts::fits as key_fits;
pub use full::{tell_head_in_full, tell_in_full};
pub use message::first_message;
pub use unusual::{Baselines, Operation};

pub(crate) use entries::positions;
pub use entries::{Entries, entries, event_text, level, log_text};
pub use outcome::{display_name, status};

use crate::critical_path::{Segment, critical_path};
use crate::self_time::{end_of, self_times};
use crate::tree::Tree;

/// What is computed once from a trace and used by every part of a story and of a page.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Who called whom.
    pub tree: Tree,
    /// Self time of each span, in nanoseconds.
    pub self_times_ns: Vec<i64>,
    /// The span that stands for the request.
    pub root: Option<u32>,
    /// Earliest start of a span, or of a log when there is no span; 0 when there is neither.
    pub start_unix_nano: u64,
    /// Latest end.
    pub end_unix_nano: u64,
    /// What the request waited for, from the start to the end of its root.
    pub critical_path: Vec<Segment>,
}

impl Analysis {
    /// Analyses a trace.
    #[must_use]
    pub fn new(view: &TraceView) -> Self {
        let tree = Tree::build(&view.spans);
        let self_times_ns = self_times(&view.spans, &tree);
        let (start_unix_nano, end_unix_nano) = extent(view);
        let root = tree.main_root();
        let critical_path = root.map(|root| critical_path(&view.spans, &tree, root)).unwrap_or_default();
        Self { tree, self_times_ns, root, start_unix_nano, end_unix_nano, critical_path }
    }

    /// Returns the time from the trace's start; 0 for a time that was not recorded.
    #[must_use]
    pub fn offset_ns(&self, unix_nano: u64) -> i64 {
        if unix_nano == 0 { 0 } else { UnixNanos(unix_nano).since(UnixNanos(self.start_unix_nano)).0 }
    }
}

/// Returns the earliest start and the latest end; times of zero mean "unknown" and are left aside.
fn extent(view: &TraceView) -> (u64, u64) {
    let spans = view.spans.iter().map(|span| (span.start_unix_nano.0, end_of(span))).filter(|(start, _end)| *start > 0);
    let spans = spans.reduce(|(start, end), (other, other_end)| (start.min(other), end.max(other_end)));
    let logs = || {
        let times = view.logs.iter().map(|log| log.time_unix_nano.0).filter(|time| *time > 0);
        times.map(|time| (time, time)).reduce(|(start, end), (time, _same)| (start.min(time), end.max(time)))
    };
    spans.or_else(logs).unwrap_or((0, 0))
}

/// Returns the row of a span by position.
fn span_at(view: &TraceView, position: u32) -> Option<&SpanRow> {
    usize::try_from(position).ok().and_then(|position| view.spans.get(position))
}

/// Whether a span says that it failed.
#[must_use]
pub fn is_error(span: &SpanRow) -> bool {
    StatusCode::from_otlp(span.status_code) == StatusCode::Error
}

/// Tells the story of a trace.
#[must_use]
pub fn tell(view: &TraceView, config: &FactConfig) -> Story {
    tell_analysed(view, &Analysis::new(view), config)
}

/// Returns the caveats alone, the most important first.
#[must_use]
pub fn caveats(view: &TraceView, analysis: &Analysis) -> Vec<telltale_api::story::Chip> {
    chips::chips(view, analysis)
}

/// Tells the story of a trace whose analysis is at hand.
#[must_use]
pub fn tell_analysed(view: &TraceView, analysis: &Analysis, config: &FactConfig) -> Story {
    Story { entries: entries(view, analysis), ..head(view, analysis, config) }
}

/// Tells everything but the list of entries, which is as long as the trace.
fn head(view: &TraceView, analysis: &Analysis, config: &FactConfig) -> Story {
    let ending = outcome::Ending::of(view, analysis);
    Story {
        trace_id: view.trace_id.clone(),
        title: ending.title.clone(),
        outcome: ending.outcome,
        status: ending.status.clone(),
        verdict: verdict::verdict(view, analysis, &ending),
        start_unix_nano: Nanos(analysis.start_unix_nano),
        duration_ns: SignedNanos(analysis.offset_ns(analysis.end_unix_nano)),
        counts: counts(view),
        chips: chips::chips(view, analysis),
        facts: facts::facts(
            view,
            config,
            analysis.root.and_then(|root| span_at(view, root)).map(|root| root.span_id.as_str()),
        ),
        time_by_service: time_share::by_service(view, analysis),
        time_by_operation: time_share::by_operation(view, analysis),
        gaps: Vec::new(),
        repeats: Vec::new(),
        unusual: Vec::new(),
        usual: Vec::new(),
        plans: Vec::new(),
        entries: Vec::new(),
    }
}

fn counts(view: &TraceView) -> Counts {
    let of_spans = view.spans.iter().filter_map(|span| span.service_name.as_deref());
    let services: BTreeSet<&str> =
        of_spans.chain(view.logs.iter().filter_map(|log| log.service_name.as_deref())).collect();
    let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Counts {
        spans: size(view.spans.len()),
        errors: size(view.spans.iter().filter(|span| is_error(span)).count()),
        logs: size(view.logs.len()),
        events: view.spans.iter().map(|span| size(span.events.len())).sum(),
        services: size(services.len()),
    }
}
