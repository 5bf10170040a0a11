//! Caveats, each with its evidence: what a reader must know before believing the rest.

use std::collections::{BTreeMap, BTreeSet};

use telltale_api::SignedNanos;
use telltale_api::story::{Chip, ClockOffset};
use telltale_api::trace::{SpanRow, TraceView};
use telltale_model::SpanKind;

use super::{Analysis, span_at};
use crate::format::{duration, number};
use crate::limits::{ARRIVING_NS, CHIP_SPANS};
use crate::skew;

/// Returns the caveats that hold, the most important first.
pub(super) fn chips(view: &TraceView, analysis: &Analysis) -> Vec<Chip> {
    let all = [
        still_arriving(view),
        logs_only(view),
        not_sampled(view),
        missing_parent(view, analysis),
        many_roots(view, analysis),
        cycle(view, analysis),
        clock_skew(view, analysis),
        negative_duration(view),
        no_time(view),
        repeated_ids(view, analysis),
        duplicates(view),
        dropped(view),
    ];
    all.into_iter().flatten().collect()
}

/// Builds a chip; at most [`CHIP_SPANS`] spans are named.
fn chip<'a>(code: &str, text: String, spans: impl IntoIterator<Item = &'a SpanRow>) -> Chip {
    let span_ids = spans.into_iter().take(CHIP_SPANS).map(|span| span.span_id.clone()).collect();
    Chip { code: code.to_owned(), text, span_ids, clocks: Vec::new() }
}

fn size(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// `has` or `have`.
fn have(number: u64) -> &'static str {
    if number == 1 { "has" } else { "have" }
}

fn rows(view: &TraceView, positions: impl IntoIterator<Item = u32>) -> Vec<&SpanRow> {
    positions.into_iter().filter_map(|at| span_at(view, at)).collect()
}

fn still_arriving(view: &TraceView) -> Option<Chip> {
    let quiet = view.now_unix_nano.0.saturating_sub(view.last_ingest_unix_nano.0);
    if view.now_unix_nano.0 == 0 || quiet >= ARRIVING_NS {
        return None;
    }
    let quiet = duration(i64::try_from(quiet).unwrap_or(i64::MAX));
    Some(chip("still_arriving", format!("still arriving: the last item came {quiet} ago"), []))
}

fn logs_only(view: &TraceView) -> Option<Chip> {
    if !view.spans.is_empty() || view.logs.is_empty() {
        return None;
    }
    let text = "only log records have arrived: the spans were not sampled, not exported, or are on their way";
    Some(chip("logs_only", text.to_owned(), []))
}

fn missing_parent(view: &TraceView, analysis: &Analysis) -> Option<Chip> {
    let roots = analysis.tree.roots().iter().copied();
    let orphans = rows(view, roots.filter(|root| analysis.tree.is_orphan(*root)));
    let missing: BTreeSet<&str> = orphans.iter().filter_map(|span| span.parent_span_id.as_deref()).collect();
    let (first, count) = (missing.first()?, size(missing.len()));
    let only = missing.len() == 1;
    let named =
        if only { format!("span {first}") } else { format!("{} spans, {first} among them,", number::count(count)) };
    let mut text =
        format!("{named} {} not arrived, the parent of {}", have(count), number::counted(size(orphans.len()), "span"));
    text.push_str(&likely_cause(analysis, &orphans));
    Some(chip("missing_parent", text, orphans))
}

/// OTLP's flag bits of a span: whether its parent's place is known, and whether that is another process.
/// Source: `SpanFlags` of opentelemetry-proto.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;
/// W3C's sampled flag, the lowest of the eight trace flags.
const SAMPLED: u32 = 1;

/// Says what most likely became of parents that have not arrived, by where they ran.
fn likely_cause(analysis: &Analysis, orphans: &[&SpanRow]) -> String {
    let remote = |span: &&&SpanRow| match span.flags & HAS_IS_REMOTE {
        0 => matches!(SpanKind::from_otlp(span.kind), SpanKind::Server | SpanKind::Consumer),
        _ => span.flags & IS_REMOTE != 0,
    };
    let known =
        |span: &&&SpanRow| span.flags & HAS_IS_REMOTE != 0 || SpanKind::from_otlp(span.kind) != SpanKind::Unspecified;
    let away = orphans.iter().filter(remote).count();
    let told = orphans.iter().filter(known).count();
    let whole = analysis.root.is_some_and(|root| analysis.tree.is_orphan(root)) && orphans.len() == 1;
    let cause = if told == orphans.len() && away == orphans.len() {
        "it ran in another process, which sends its spans elsewhere or none"
    } else if told == orphans.len() && away == 0 {
        "it ran in the same process, and has not ended yet or was dropped by the sender"
    } else if whole {
        "the caller may send its spans elsewhere, or none"
    } else {
        "the sender may have dropped it, or it has not ended"
    };
    format!(": {cause}")
}

/// Spans that were recorded though their context says "not sampled".
///
/// Some SDKs never fill in the bit (Python's exporter sets only whether the parent is remote), so a service whose spans are
/// all without it says nothing.
fn not_sampled(view: &TraceView) -> Option<Chip> {
    let sampled = |span: &&SpanRow| span.flags & SAMPLED != 0;
    let fills_in: BTreeSet<Option<&str>> = view.spans.iter().filter(sampled).map(service).collect();
    let off = |span: &&SpanRow| span.flags & SAMPLED == 0 && fills_in.contains(&service(span));
    let spans: Vec<&SpanRow> = view.spans.iter().filter(off).collect();
    let first = spans.first()?;
    let text = format!(
        "not sampled upstream: {} of {} came with flags {:02x}, so that callers and other services may have recorded nothing",
        number::counted(size(spans.len()), "span"),
        number::count(size(view.spans.len())),
        first.flags & 0xff
    );
    Some(chip("not_sampled", text, spans))
}

fn service(span: &SpanRow) -> Option<&str> {
    span.service_name.as_deref()
}

fn many_roots(view: &TraceView, analysis: &Analysis) -> Option<Chip> {
    let tree = &analysis.tree;
    let looped: BTreeSet<u32> = tree.cycles().iter().copied().collect();
    let own = |root: &u32| !tree.is_orphan(*root) && !looped.contains(root);
    let roots = rows(view, tree.roots().iter().copied().filter(own));
    if roots.len() < 2 {
        return None;
    }
    let text = format!(
        "{} have no parent: several requests may share this trace id",
        number::counted(size(roots.len()), "span")
    );
    Some(chip("many_roots", text, roots))
}

fn cycle(view: &TraceView, analysis: &Analysis) -> Option<Chip> {
    let cut = rows(view, analysis.tree.cycles().iter().copied());
    if cut.is_empty() {
        return None;
    }
    let text = "parents form a loop; it is cut at its earliest span, which stands at the top".to_owned();
    Some(chip("cycle", text, cut))
}

fn clock_skew(view: &TraceView, analysis: &Analysis) -> Option<Chip> {
    let found = skew::find(&view.spans, &analysis.tree);
    let worst = found.first()?;
    let name = |service: &Option<String>| service.clone().unwrap_or_else(|| "an unnamed service".to_owned());
    let (child, parent) = (name(&worst.child_service), name(&worst.parent_service));
    let side = if worst.offset_ns < 0 { "behind" } else { "ahead of" };
    let by = duration(i64::try_from(worst.offset_ns.unsigned_abs()).unwrap_or(i64::MAX));
    let calls = number::counted(worst.calls, "call");
    let mut text = match worst.error_ns {
        Some(error) => format!(
            "clocks disagree: {child} is {by} {side} {parent}, give or take {} (measured on {calls})",
            duration(error)
        ),
        None => format!("clocks disagree: {child} is at least {by} {side} {parent}, which called it"),
    };
    if found.len() > 1 {
        text.push_str(&format!(", and {} more pairs of services", number::count(size(found.len() - 1))));
    }
    let clocks = found.iter().map(|skew| ClockOffset {
        service_name: skew.child_service.clone(),
        against: skew.parent_service.clone(),
        offset_ns: SignedNanos(skew.offset_ns),
        error_ns: skew.error_ns.map(SignedNanos),
    });
    let clocks = clocks.collect();
    Some(Chip { clocks, ..chip("clock_skew", text, rows(view, found.iter().map(|skew| skew.child))) })
}

fn negative_duration(view: &TraceView) -> Option<Chip> {
    let spans: Vec<&SpanRow> = view.spans.iter().filter(|span| span.duration_ns.0 < 0).collect();
    if spans.is_empty() {
        return None;
    }
    let count = size(spans.len());
    let end = if count == 1 { "ends before it begins" } else { "end before they begin" };
    let text = format!("{} {end}: the sender's clock was set back", number::counted(count, "span"));
    Some(chip("negative_duration", text, spans))
}

fn no_time(view: &TraceView) -> Option<Chip> {
    let spans: Vec<&SpanRow> = view.spans.iter().filter(|span| span.start_unix_nano.0 == 0).collect();
    if spans.is_empty() {
        return None;
    }
    let count = size(spans.len());
    Some(chip("no_time", format!("{} {} no start time", number::counted(count, "span"), have(count)), spans))
}

fn repeated_ids(view: &TraceView, analysis: &Analysis) -> Option<Chip> {
    let spans = rows(view, analysis.tree.repeated_ids().iter().copied());
    if spans.is_empty() {
        return None;
    }
    let count = size(spans.len());
    let text = format!("{} {} the id of another span with other content", number::counted(count, "span"), have(count));
    Some(chip("repeated_span_id", text, spans))
}

fn duplicates(view: &TraceView) -> Option<Chip> {
    let count = view.duplicate_span_count;
    let text = format!("{} came again unchanged and are shown once", number::counted(count, "span"));
    (count > 0).then(|| chip("duplicate_spans", text, []))
}

fn dropped(view: &TraceView) -> Option<Chip> {
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    let mut spans = Vec::new();
    for span in &view.spans {
        let of_events: u64 = span.events.iter().map(|event| u64::from(event.dropped_attributes_count)).sum();
        let counts = [
            ("attribute", u64::from(span.dropped_attributes_count) + of_events),
            ("event", span.dropped_events_count.into()),
            ("link", span.dropped_links_count.into()),
        ];
        if counts.iter().any(|(_kind, count)| *count > 0) {
            spans.push(span);
        }
        for (kind, count) in counts {
            *by_kind.entry(kind).or_default() += count;
        }
    }
    *by_kind.entry("attribute").or_default() +=
        view.logs.iter().map(|log| u64::from(log.dropped_attributes_count)).sum::<u64>();
    let told: Vec<String> = by_kind
        .into_iter()
        .filter(|(_kind, count)| *count > 0)
        .map(|(kind, count)| number::counted(count, kind))
        .collect();
    let text = format!("senders dropped {} before sending", told.join(" and "));
    (!told.is_empty()).then(|| chip("dropped", text, spans))
}
