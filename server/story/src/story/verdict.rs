//! The verdict: what happened, what failed first, where the time went. Every noun leads to its span.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use telltale_api::story::{Outcome, Phrase};
use telltale_api::trace::{SpanRow, TraceView};

use super::cause::{self, Cause, Repetition};
use super::message::{first_line, is_error_log};
use super::outcome::{Ending, display_name};
use super::{Analysis, is_error, overlap, span_at};
use crate::format::{duration, number};
use crate::self_time::end_of;

/// Share of the request's time, in thousandths, from which on an operation is named.
const NOTABLE_PERMILLE: u32 = 300;

/// Share of the request's time, in thousandths, that work after the answer must have to be told.
const LATE_PERMILLE: u32 = 100;

/// Writes sentences of linked phrases.
#[derive(Debug, Default)]
struct Writer {
    phrases: Vec<Phrase>,
}

impl Writer {
    fn text(&mut self, text: &str) -> &mut Self {
        self.push(text, None, false)
    }

    fn strong(&mut self, text: &str) -> &mut Self {
        self.push(text, None, true)
    }

    fn push(&mut self, text: &str, span_id: Option<&str>, strong: bool) -> &mut Self {
        let span_id = span_id.map(str::to_owned);
        self.phrases.push(Phrase { text: text.to_owned(), span_id, strong });
        self
    }

    /// Writes a span's name, with its service before it when that differs from the request's own.
    fn span(&mut self, span: &SpanRow, beside: Option<&SpanRow>) -> &mut Self {
        let service = span.service_name.as_deref();
        let known = beside.is_some_and(|beside| beside.service_name == span.service_name);
        if let Some(service) = service.filter(|_service| !known) {
            self.push(service, Some(&span.span_id), true).text(" › ");
        }
        self.push(&display_name(span), Some(&span.span_id), false)
    }

    /// Begins a new sentence.
    fn sentence(&mut self) -> &mut Self {
        if self.phrases.is_empty() { self } else { self.text(" ") }
    }
}

/// Writes the verdict.
pub(super) fn verdict(view: &TraceView, analysis: &Analysis, ending: &Ending) -> Vec<Phrase> {
    let mut writer = Writer::default();
    let Some((root, span)) = analysis.root.and_then(|root| Some((root, span_at(view, root)?))) else {
        of_logs(&mut writer, view, analysis);
        return writer.phrases;
    };
    if analysis.tree.is_orphan(root) {
        writer.text("The root span has not arrived; what is here begins with ").span(span, None).text(".");
    }
    ended(&mut writer, view, span, ending);
    if let Some(cause) = cause::first_error(view, analysis) {
        failed_first(&mut writer, view, analysis, &cause, ending);
    }
    time_went(&mut writer, view, analysis, root, span);
    if let Some(repetition) = cause::worst_repetition(view, analysis) {
        repeated(&mut writer, view, &repetition);
    }
    went_on(&mut writer, view, analysis, span);
    set_off(&mut writer, view, span);
    writer.phrases
}

/// `POST /orders failed with 500 after 2.31 s.`
fn ended(writer: &mut Writer, view: &TraceView, root: &SpanRow, ending: &Ending) {
    let status = ending.status.as_deref();
    let refused = status.is_some_and(|status| status.len() == 3 && status.starts_with('4'));
    let verb = match (ending.outcome, status) {
        (Outcome::Failed, _) => " failed",
        (_, Some(_)) if refused => " was answered",
        (_, Some(_)) => " succeeded",
        (_, None) if root.status_code == 1 => " succeeded",
        (_, None) => " finished",
    };
    writer.sentence().push(&ending.title, Some(&root.span_id), true).text(verb);
    if let Some(status) = status {
        writer.text(" with ").strong(status);
    }
    let preposition = if ending.outcome == Outcome::Failed { " after " } else { " in " };
    writer.text(preposition).strong(&duration(root.duration_ns.0));
    let errors = u64::try_from(view.spans.iter().filter(|span| is_error(span)).count()).unwrap_or(u64::MAX);
    match ending.outcome {
        Outcome::Recovered => {
            writer.text(&format!(", although {} failed on the way.", number::counted(errors, "span")))
        }
        Outcome::Ok => writer.text("; no span recorded an error."),
        Outcome::Failed | Outcome::Unknown => writer.text("."),
    };
}

/// `The first error is in payments › charge: “card_declined”. It failed 3 of 3 times.`
fn failed_first(writer: &mut Writer, view: &TraceView, analysis: &Analysis, cause: &Cause, ending: &Ending) {
    let Some(span) = span_at(view, cause.span) else { return };
    let itself = analysis.root == Some(cause.span);
    let status = cause.status.as_ref().filter(|status| !itself || Some(*status) != ending.status.as_ref());
    if itself && cause.message.is_none() {
        return;
    }
    writer.sentence();
    if itself {
        writer.text("It says");
    } else {
        writer.text("The first error is in ").span(span, None);
    }
    match (&cause.message, status) {
        (Some(message), _) => {
            let colon = if itself { " “" } else { ": “" };
            writer.text(colon).push(message, Some(&span.span_id), true).text("”.")
        }
        (None, Some(status)) => writer.text(", which ended with ").push(status, Some(&span.span_id), true).text("."),
        (None, None) => writer.text(", which does not say why."),
    };
    if cause.attempts > 1 {
        let (failed, attempts) = (cause.failed_attempts, cause.attempts);
        let told = if failed == attempts {
            format!(" It was tried {attempts} times and failed each time.")
        } else {
            format!(" It was run {attempts} times and failed {failed} of them.")
        };
        writer.text(&told);
    }
}

/// `76 % of the time (1.41 s) went to payments › POST /v1/charges.`
fn time_went(writer: &mut Writer, view: &TraceView, analysis: &Analysis, root: u32, root_span: &SpanRow) {
    if view.spans.len() < 2 {
        return;
    }
    let Some((longest, total_ns, spans)) = longest_operation(view, analysis) else { return };
    let share = number::permille(total_ns, root_span.duration_ns.0);
    let Some(span) = span_at(view, longest).filter(|_span| share > 0) else { return };
    if share < NOTABLE_PERMILLE {
        let told = format!(" of the time ({})", duration(total_ns));
        writer
            .sentence()
            .text("The time is spread out; the longest part, ")
            .strong(&number::percent(share))
            .text(&told);
        writer.text(", went to ").span(span, Some(root_span)).text(".");
        return;
    }
    writer.sentence().strong(&number::percent(share)).text(&format!(" of the time ({}) ", duration(total_ns)));
    if longest == root {
        writer.text("passed in ").span(span, Some(root_span));
        spent_itself(writer, view, analysis, root);
        return;
    }
    writer.text("went to ").span(span, None);
    if spans > 1 {
        writer.text(&format!(" and {} like it", number::count(spans - 1)));
    }
    writer.text(".");
}

/// `… itself, outside of any recorded call.`, less what was worked on behind it meanwhile.
fn spent_itself(writer: &mut Writer, view: &TraceView, analysis: &Analysis, root: u32) {
    let behind = overlap::behind(view, analysis, root);
    let Some(other) = behind.longest.and_then(|at| span_at(view, at)) else {
        writer.text(" itself, outside of any recorded call.");
        return;
    };
    writer.text(" itself, while ").span(other, None);
    if number::permille(behind.outside_ns, behind.own_ns) < LATE_PERMILLE {
        writer.text(" ran on behind it.");
        return;
    }
    writer.text(" ran on behind it for ").strong(&duration(behind.covered_ns)).text("; ");
    writer.strong(&duration(behind.outside_ns)).text(" are outside of any recorded call.");
}

/// How much of the critical path is an operation's.
#[derive(Debug, Default)]
struct Stretch {
    /// All of it together.
    total_ns: i64,
    /// In how many spans.
    spans: u64,
    /// The span with the most of it: length and position.
    longest: Option<(i64, Reverse<u32>)>,
}

/// Returns the operation with the longest stretch of the critical path: its longest span, its time, its spans.
fn longest_operation(view: &TraceView, analysis: &Analysis) -> Option<(u32, i64, u64)> {
    let mut by_span: HashMap<u32, i64> = HashMap::new();
    for part in &analysis.critical_path {
        let length = i64::try_from(part.end_unix_nano - part.start_unix_nano).unwrap_or(i64::MAX);
        let total = by_span.entry(part.span).or_default();
        *total = total.saturating_add(length);
    }
    let mut by_operation: HashMap<(Option<&str>, Cow<'_, str>), Stretch> = HashMap::new();
    for (at, length) in by_span {
        let Some(span) = span_at(view, at) else { continue };
        let operation = (span.service_name.as_deref(), display_name(span));
        let stretch = by_operation.entry(operation).or_default();
        stretch.total_ns = stretch.total_ns.saturating_add(length);
        stretch.spans += 1;
        // Of equal lengths the earlier span, whatever the order in which a hash map gives them.
        stretch.longest = stretch.longest.max(Some((length, Reverse(at))));
    }
    let most = by_operation.into_values().max_by_key(|stretch| (stretch.total_ns, stretch.longest))?;
    let (_length, Reverse(at)) = most.longest?;
    Some((at, most.total_ns, most.spans))
}

/// `Under POST /checkout, inventory › SELECT stock ran 38 times (168 ms in all).`
fn repeated(writer: &mut Writer, view: &TraceView, repetition: &Repetition) {
    let Some((first, parent)) = span_at(view, repetition.first).zip(span_at(view, repetition.parent)) else { return };
    writer.sentence().text("Under ").span(parent, None).text(", ").span(first, Some(parent)).text(" ran ");
    let times = format!("{} times", number::count(repetition.count.into()));
    writer.strong(&times).text(&format!(" ({} in all).", duration(repetition.total_ns)));
}

/// `Work went on for 3.20 s after the answer, in worker › send mail.`
fn went_on(writer: &mut Writer, view: &TraceView, analysis: &Analysis, root: &SpanRow) {
    let late = analysis.end_unix_nano.saturating_sub(end_of(root));
    let late = i64::try_from(late).unwrap_or(i64::MAX);
    if root.start_unix_nano.0 == 0 || number::permille(late, root.duration_ns.0.max(1)) < LATE_PERMILLE {
        return;
    }
    let last = view.spans.iter().find(|span| end_of(span) == analysis.end_unix_nano);
    let Some(last) = last else { return };
    writer
        .sentence()
        .text("Work went on for ")
        .strong(&duration(late))
        .text(" after that, in ")
        .span(last, None)
        .text(".");
}

/// `It was set off by trace 4bf9….`
fn set_off(writer: &mut Writer, view: &TraceView, root: &SpanRow) {
    let Some(link) = root.links.iter().find(|link| link.trace_id != view.trace_id) else { return };
    writer.sentence().text("It is linked to trace ").push(&link.trace_id, Some(&root.span_id), true).text(".");
}

/// A trace of which only logs have arrived.
fn of_logs(writer: &mut Writer, view: &TraceView, analysis: &Analysis) {
    let logs = u64::try_from(view.logs.len()).unwrap_or(u64::MAX);
    if logs == 0 {
        writer.text("Nothing of this trace has arrived yet.");
        return;
    }
    let services = super::counts(view).services;
    let length = analysis.offset_ns(analysis.end_unix_nano);
    writer.text("No span of this trace has arrived; ").strong(&number::counted(logs, "log record"));
    // Whoever gives no name is not told as none.
    let from = if services > 0 { format!(" from {}", number::counted(services, "service")) } else { String::new() };
    writer.text(&format!("{from} over {} name it.", duration(length)));
    let error = view.logs.iter().find(|log| is_error_log(log.severity_number));
    if let Some((error, line)) = error.and_then(|log| Some((log, first_line(&log.body)?))) {
        let service = error.service_name.as_deref().unwrap_or("an unnamed service");
        writer.text(" The first error is logged by ").strong(service).text(": “").strong(&line).text("”.");
    }
}
