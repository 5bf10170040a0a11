//! Named gaps: stretches of the critical path in which a span with calls below it made none, a call was on its way, or a
//! message waited. Time in which handed-over work ran is not a gap.

use std::cmp::Reverse;

use telltale_api::story::Gap;
use telltale_api::trace::{SpanRow, TraceView};
use telltale_api::{Nanos, SignedNanos};
use telltale_model::SpanKind;

use super::outcome::display_name;
use super::overlap::{Covered, Stretch, handed_over, length};
use super::{Analysis, span_at};
use crate::critical_path::Segment;
use crate::format::{duration, number};
use crate::limits::{GAP_NS, GAP_PERMILLE, GAPS};
use crate::outline::Notes;
use crate::self_time::end_of;

/// Finds the gaps of a trace, longest first.
pub(super) fn gaps(view: &TraceView, analysis: &Analysis) -> Vec<Gap> {
    let Some(root) = analysis.root.and_then(|root| span_at(view, root)) else { return Vec::new() };
    let whole = root.duration_ns.0;
    let least = |length: i64| length >= GAP_NS && number::permille(length, whole) >= GAP_PERMILLE;
    let notes = Notes::new(view);
    let work = analysis.root.map(|root| handed_over(view, analysis, root)).unwrap_or_default();
    let work = Covered::new(work.into_iter().map(|(_at, stretch)| stretch).collect());
    let mut found: Vec<(i64, Gap)> = Vec::new();
    for part in &analysis.critical_path {
        let stretch = (part.start_unix_nano, part.end_unix_nano);
        let free = length(stretch).saturating_sub(work.within(stretch));
        if !least(free) || !calls(view, analysis, part.span) {
            continue;
        }
        if let Some(gap) = name_gap(view, analysis, *part, free, whole, &notes) {
            found.push((free, gap));
        }
    }
    found.extend(queues(view, analysis, whole, &notes).into_iter().filter(|(length, _gap)| least(*length)));
    found.sort_by_key(|(length, gap)| (Reverse(*length), gap.start_unix_nano));
    found.truncate(GAPS);
    found.into_iter().map(|(_length, gap)| gap).collect()
}

/// Whether a span called anything while it ran. The own time of one that did not is its work, not a gap.
fn calls(view: &TraceView, analysis: &Analysis, span: u32) -> bool {
    let Some(end) = span_at(view, span).map(end_of) else { return false };
    let mut children = analysis.tree.children(span).iter().filter_map(|child| span_at(view, *child));
    children.any(|child| child.start_unix_nano.0 > 0 && child.start_unix_nano.0 < end && child.duration_ns.0 >= 0)
}

/// A gap in the making.
struct Place<'a> {
    kind: &'a str,
    text: String,
    span: &'a SpanRow,
    stretch: Stretch,
    /// Its length without what handed-over work covers.
    free_ns: i64,
}

fn build(place: &Place<'_>, whole: i64, note_count: usize) -> Gap {
    Gap {
        kind: place.kind.to_owned(),
        text: format!("{} {}", duration(place.free_ns), place.text),
        start_unix_nano: Nanos(place.stretch.0),
        duration_ns: SignedNanos(place.free_ns),
        share_permille: number::permille(place.free_ns, whole),
        span_id: place.span.span_id.clone(),
        note_count: u64::try_from(note_count).unwrap_or(u64::MAX),
    }
}

/// Names a stretch of a span's own time by what stands around it.
fn name_gap(
    view: &TraceView,
    analysis: &Analysis,
    part: Segment,
    free_ns: i64,
    whole: i64,
    notes: &Notes,
) -> Option<Gap> {
    let span = span_at(view, part.span)?;
    let children = || {
        let children = analysis.tree.children(part.span).iter().filter_map(|child| span_at(view, *child));
        children.filter(|child| child.start_unix_nano.0 > 0)
    };
    let before = children().filter(|child| end_of(child) <= part.start_unix_nano).max_by_key(|child| end_of(child));
    let after = children().find(|child| child.start_unix_nano.0 >= part.end_unix_nano);
    let called = children().find(|child| is_call(span, child));
    let here = named(span);
    if called.is_some_and(|called| called.start_unix_nano < span.start_unix_nano || end_of(called) > end_of(span)) {
        return None; // Clocks disagree: what looks like a way is their difference.
    }
    let (kind, text) = match (before, after, called) {
        (None, Some(after), Some(called)) if after.span_id == called.span_id => {
            ("to", format!("on the way from {here} to {}: network, queue or connection", named(after)))
        }
        (Some(before), None, Some(called)) if before.span_id == called.span_id => {
            ("back", format!("on the way back from {} to {here}", named(before)))
        }
        (None, Some(after), _) => ("before", format!("in {here} before its first call, {}", named_beside(after, span))),
        (Some(before), Some(after), _) => {
            ("between", format!("in {here} between {} and {}", named_beside(before, span), named_beside(after, span)))
        }
        (Some(before), None, _) => ("after", format!("in {here} after its last call, {}", named_beside(before, span))),
        (None, None, _) => ("between", format!("in {here} beside its calls")),
    };
    let stretch = (part.start_unix_nano, part.end_unix_nano);
    let inside = |time: &u64| (stretch.0..stretch.1).contains(time);
    let note_count = notes.of_span(part.span).iter().filter(|(time, _item)| inside(time)).count();
    let text = match note_count {
        0 => text,
        1 => format!("{text}; a log record or event in it"),
        count => {
            format!("{text}; {} log records and events in it", number::count(u64::try_from(count).unwrap_or(u64::MAX)))
        }
    };
    Some(build(&Place { kind, text, span, stretch, free_ns }, whole, note_count))
}

/// Whether two spans are the two sides of one call: what passes between them is the way.
fn is_call(caller: &SpanRow, called: &SpanRow) -> bool {
    let kinds = (SpanKind::from_otlp(caller.kind), SpanKind::from_otlp(called.kind));
    kinds == (SpanKind::Client, SpanKind::Server) && caller.service_name != called.service_name
}

/// Messages that waited: from the end of what sent them to the begin of what took them.
fn queues(view: &TraceView, analysis: &Analysis, whole: i64, notes: &Notes) -> Vec<(i64, Gap)> {
    let mut out = Vec::new();
    for (at, span) in (0_u32..).zip(&view.spans) {
        let sender = analysis.tree.parent(at).and_then(|parent| span_at(view, parent));
        let is_taken = SpanKind::from_otlp(span.kind) == SpanKind::Consumer;
        let Some(sender) = sender.filter(|sender| is_taken && SpanKind::from_otlp(sender.kind) == SpanKind::Producer)
        else {
            continue;
        };
        let stretch = (end_of(sender), span.start_unix_nano.0);
        let waited = length(stretch);
        let text = format!("in the queue between {} and {}", named(sender), named(span));
        let inside = notes.of_span(at).iter().filter(|(time, _item)| (stretch.0..stretch.1).contains(time)).count();
        out.push((waited, build(&Place { kind: "queue", text, span, stretch, free_ns: waited }, whole, inside)));
    }
    out
}

/// `shop › POST /orders`.
pub(super) fn named(span: &SpanRow) -> String {
    let name = display_name(span);
    span.service_name.as_deref().map_or_else(|| name.clone().into_owned(), |service| format!("{service} › {name}"))
}

/// The same without the service when it is that of `beside`.
pub(super) fn named_beside(span: &SpanRow, beside: &SpanRow) -> String {
    if span.service_name == beside.service_name { display_name(span).into_owned() } else { named(span) }
}
