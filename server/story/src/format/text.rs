//! The story for a terminal: verdict, caveats, facts, time, and the outline with durations, errors and logs.

use std::fmt::Write as _;

use telltale_api::story::{Fact, Outcome, Story};
use telltale_api::trace::{EventRow, SpanRow, TraceView};
use telltale_model::semconv::EXCEPTION_EVENT;

use super::duration::{duration, offset};
use super::escape::{lines, one_line};
use super::findings::{caveats, findings};
use super::number::{count, counted, percent};
use super::time::date_time;
use super::wrap::{pad, pad_left, shorten, wrap};
use crate::group::{Group, Line, fold};
use crate::limits::{INDENT_LEVELS, MESSAGE_LINES, TEXT_WIDTH};
use crate::outline::{Item, OutlineRow, outline};
use crate::story::{Analysis, display_name, event_text, is_error, level, log_text, status};

/// Width of the column with the time from the start.
const OFFSET_WIDTH: usize = 9;

/// Width of the column with the length.
const DURATION_WIDTH: usize = 8;

/// Widest column of labels and services.
const LABEL_WIDTH: usize = 24;

/// Returns the story as text of at most [`TEXT_WIDTH`] characters a line; the text ends with a line feed. `analysis` is the trace's.
#[must_use]
pub fn text(story: &Story, view: &TraceView, analysis: &Analysis) -> String {
    let mut out = String::new();
    heading(&mut out, story);
    verdict(&mut out, story);
    for chip in caveats(story) {
        hanging(&mut out, "! ", &chip.text);
    }
    facts(&mut out, &story.facts);
    time(&mut out, story);
    for (heading, sentences) in findings(story) {
        let _infallible = write!(out, "\n{heading}\n");
        for sentence in sentences {
            hanging(&mut out, "  - ", &sentence);
        }
    }
    what_happened(&mut out, story, view, analysis);
    out
}

/// Appends a line without spaces at its end.
fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// Appends wrapped text behind a marker, with later lines under the first.
fn hanging(out: &mut String, marker: &str, text: &str) {
    let indent = marker.chars().count();
    let mut marker = marker.to_owned();
    for part in wrap(&one_line(text), TEXT_WIDTH.saturating_sub(indent)) {
        line(out, &format!("{marker}{part}"));
        marker = " ".repeat(indent);
    }
}

/// Returns the sign of an outcome.
pub(super) const fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "✓",
        Outcome::Failed => "✗",
        Outcome::Recovered => "!",
        Outcome::Unknown => "?",
    }
}

/// Returns the figures under the title.
pub(super) fn figures(story: &Story) -> String {
    let counts = &story.counts;
    let mut parts = vec![
        date_time(story.start_unix_nano.0, 0),
        counted(counts.services, "service"),
        counted(counts.spans, "span"),
        counted(counts.logs, "log"),
    ];
    if counts.errors > 0 {
        parts.push(counted(counts.errors, "error"));
    }
    parts.join(" · ")
}

fn heading(out: &mut String, story: &Story) {
    let mut title = format!("{} {}", sign(story.outcome), one_line(&story.title));
    if let Some(status) = &story.status {
        let _infallible = write!(title, " · {}", one_line(status));
    }
    let _infallible = write!(title, " · {}", duration(story.duration_ns.0));
    line(out, &shorten(&title, TEXT_WIDTH));
    line(out, &story.trace_id);
    line(out, &figures(story));
}

fn verdict(out: &mut String, story: &Story) {
    out.push('\n');
    let said: String = story.verdict.iter().map(|phrase| phrase.text.as_str()).collect();
    hanging(out, "", &said);
}

fn facts(out: &mut String, facts: &[Fact]) {
    let recorded = || facts.iter().filter(|fact| !fact.values.is_empty());
    let missing: Vec<String> = facts
        .iter()
        .filter(|fact| fact.values.is_empty())
        .map(|fact| format!("{} ({})", fact.label, fact.expected_key))
        .collect();
    if facts.is_empty() {
        return;
    }
    out.push_str("\nFacts\n");
    let width = recorded().map(|fact| fact.label.chars().count()).max().unwrap_or(0).clamp(12, LABEL_WIDTH);
    for fact in recorded() {
        if fact.view == "text" {
            hanging(out, &format!("  {}  ", pad(&shorten(&fact.label, width), width)), &values(fact));
        } else {
            block_fact(out, fact);
        }
    }
    if !missing.is_empty() {
        hanging(out, &format!("  {}  ", pad("Not recorded", width)), &missing.join(", "));
    }
}

/// Returns the values of a fact in one line, each with its service when several services give one.
pub(super) fn values(fact: &Fact) -> String {
    let several = fact.values.windows(2).any(|pair| matches!(pair, [a, b] if a.service_name != b.service_name));
    let told = fact.values.iter().map(|value| match &value.service_name {
        Some(service) if several => format!("{} ({service})", value.value),
        _ => value.value.clone(),
    });
    let mut told: Vec<String> = told.collect();
    if fact.left_out > 0 {
        told.push(format!("and {} more", count(fact.left_out)));
    }
    told.join(" · ")
}

/// A fact whose values have lines: statements and plans.
fn block_fact(out: &mut String, fact: &Fact) {
    let more = if fact.left_out > 0 { format!(" (and {} more)", count(fact.left_out)) } else { String::new() };
    line(out, &format!("  {}{more}", one_line(&fact.label)));
    for value in &fact.values {
        let times = if value.count > 1 { format!("{} × ", count(value.count)) } else { String::new() };
        let mut marker = format!("    {times}");
        for part in lines(&value.value) {
            let spaces = part.len() - part.trim_start().len();
            let indent = format!("{marker}{}", " ".repeat(spaces));
            hanging(out, &indent, part.trim_start());
            marker = " ".repeat(marker.chars().count());
        }
    }
}

fn time(out: &mut String, story: &Story) {
    if story.time_by_service.is_empty() {
        return;
    }
    out.push_str("\nWhere the time went (self time)\n");
    let name = |name: &Option<String>| one_line(name.as_deref().unwrap_or("(no service.name)"));
    let names: Vec<String> = story.time_by_service.iter().map(|service| name(&service.service_name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(8, LABEL_WIDTH);
    for (service, name) in story.time_by_service.iter().zip(&names) {
        let bar = "█".repeat(usize::try_from(service.share_permille / 50).unwrap_or(0));
        let own = pad_left(&duration(service.self_time_ns.0), 10);
        let share = pad_left(&percent(service.share_permille), 6);
        let spans = counted(service.span_count, "span");
        line(out, &format!("  {}{own}{share}  {bar} {spans}", pad(&shorten(name, width), width)));
    }
    if story.time_by_operation.len() > 1 {
        out.push_str("  Longest operations\n");
        for operation in &story.time_by_operation {
            let own = pad_left(&duration(operation.self_time_ns.0), 10);
            let times =
                if operation.span_count > 1 { format!(" × {}", count(operation.span_count)) } else { String::new() };
            let told = format!("{} › {}{times}", name(&operation.service_name), one_line(&operation.name));
            line(out, &shorten(&format!("  {own}  {told}"), TEXT_WIDTH));
        }
    }
}

/// Appends the outline under its heading.
pub(super) fn what_happened(out: &mut String, story: &Story, view: &TraceView, analysis: &Analysis) {
    let rows = outline(view, analysis);
    if rows.is_empty() {
        return;
    }
    let _infallible = write!(out, "\nWhat happened, from {}\n", date_time(story.start_unix_nano.0, 0));
    for row in fold(view, &rows) {
        match row {
            Line::Row(row) => outline_row(out, view, analysis, row),
            Line::Group(group) => group_row(out, view, analysis, &group),
        }
    }
}

/// Returns the column of times and the indentation of a row.
fn margin(analysis: &Analysis, row: OutlineRow) -> (String, String) {
    let at = pad_left(&offset(analysis.offset_ns(row.time_unix_nano)), OFFSET_WIDTH);
    let levels = usize::try_from(row.depth.min(INDENT_LEVELS)).unwrap_or(0);
    let mut indent = "  ".repeat(levels);
    if row.depth > INDENT_LEVELS {
        let _infallible = write!(indent, "({}) ", row.depth);
    }
    (at, indent)
}

/// `+16.0 ms  52.8 ms    inventory › SELECT stock × 12, the longest 4.40 ms`.
fn group_row(out: &mut String, view: &TraceView, analysis: &Analysis, group: &Group) {
    let Item::Span(position) = group.first.item else { return };
    let Some(span) = usize::try_from(position).ok().and_then(|position| view.spans.get(position)) else { return };
    let (at, indent) = margin(analysis, group.first);
    let length = pad_left(&duration(group.total_ns), DURATION_WIDTH);
    let tail = format!(" × {}, the longest {}", count(group.count.into()), duration(group.longest_ns));
    let room = TEXT_WIDTH.saturating_sub(tail.chars().count());
    let told = shorten(&format!("{at} {length}  {indent}{}", span_label(span)), room);
    line(out, &format!("{told}{tail}"));
}

/// Returns service and name of a span.
fn span_label(span: &SpanRow) -> String {
    let name = one_line(&display_name(span));
    span.service_name.as_deref().map_or_else(|| name.clone(), |service| format!("{} › {name}", one_line(service)))
}

fn outline_row(out: &mut String, view: &TraceView, analysis: &Analysis, row: OutlineRow) {
    let (at, indent) = margin(analysis, row);
    let index = |position: u32| usize::try_from(position).unwrap_or(usize::MAX);
    let blank = " ".repeat(DURATION_WIDTH);
    match row.item {
        Item::Span(position) => {
            let Some(span) = view.spans.get(index(position)) else { return };
            let length = pad_left(&duration(span.duration_ns.0), DURATION_WIDTH);
            let mark = if is_error(span) { "✗ " } else { "" };
            let status = status(span).filter(|_status| is_error(span));
            let status = status.map(|status| format!(" · {}", one_line(&status))).unwrap_or_default();
            let told = format!("{mark}{}{status}", span_label(span));
            line(out, &shorten(&format!("{at} {length}  {indent}{told}"), TEXT_WIDTH));
            // What an exception says stands in its own row.
            let told_below = span.events.iter().any(|event| event.name == EXCEPTION_EVENT);
            if is_error(span) && !told_below {
                note(out, &format!("{} {blank}  {indent}  ", " ".repeat(OFFSET_WIDTH)), &span.status_message);
            }
        }
        Item::Event(position, event) => {
            let event = view.spans.get(index(position)).and_then(|span| span.events.get(index(event)));
            if let Some(event) = event {
                note(out, &format!("{at} {blank}  {indent}· "), &event_line(event));
            }
        }
        Item::Log(position) => {
            let Some(log) = view.logs.get(index(position)) else { return };
            let level = level(log.severity_number).to_uppercase();
            // A log inside of a span is of the span's service, unless it says otherwise.
            let span = row.owner.and_then(|owner| view.spans.get(index(owner)));
            let known = span.is_some_and(|span| span.service_name == log.service_name);
            let service = log.service_name.as_deref().filter(|_service| !known);
            let service = service.map(|service| format!("{service} › ")).unwrap_or_default();
            note(out, &format!("{at} {blank}  {indent}{level} "), &format!("{service}{}", log_text(log)));
        }
    }
}

/// Returns an event with its attributes; of an exception, what it says.
fn event_line(event: &EventRow) -> String {
    let mut out = event_text(event);
    if event.name != EXCEPTION_EVENT {
        for attribute in &event.attributes {
            let _infallible = write!(out, " {}={}", attribute.key, attribute.value);
        }
    }
    out
}

/// Appends text behind a marker, at most [`MESSAGE_LINES`] lines of it.
fn note(out: &mut String, marker: &str, text: &str) {
    let indent = marker.chars().count();
    let width = TEXT_WIDTH.saturating_sub(indent).max(20);
    // Only what can be shown is wrapped: a body may have a megabyte.
    let shown: String = text.chars().take(width * (MESSAGE_LINES + 1)).collect();
    let mut parts: Vec<String> = lines(&shown).flat_map(|part| wrap(&part, width)).collect();
    if parts.len() > MESSAGE_LINES || shown.len() < text.len() {
        parts.truncate(MESSAGE_LINES - 1);
        let shown: usize = parts.iter().map(|part| part.chars().count()).sum();
        let left = text.chars().count().saturating_sub(shown);
        parts.push(format!("… {} characters more", count(u64::try_from(left).unwrap_or(u64::MAX))));
    }
    let mut marker = marker.to_owned();
    for part in parts {
        line(out, &format!("{marker}{part}"));
        marker = " ".repeat(indent);
    }
}
