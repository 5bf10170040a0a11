//! One list by time: spans, span events and log records.

use std::collections::HashMap;
use std::ops::Range;

use telltale_api::story::{Entry, EntryKind};
use telltale_api::trace::{EventRow, LogRow, SpanRow, TraceView};
use telltale_api::{Nanos, SignedNanos};
use telltale_model::Severity;
use telltale_model::semconv::{EXCEPTION_EVENT, EXCEPTION_MESSAGE, EXCEPTION_TYPE};

use super::outcome::{attribute, display_name};
use super::{Analysis, is_error};

/// The merged list of a trace: what stands where. An entry is made when it is asked for, because all of them are as large as the trace.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    places: Vec<Place>,
}

/// What an entry is; numbers are positions.
#[derive(Debug, Clone, Copy)]
struct Place {
    time_unix_nano: u64,
    of: Of,
}

/// As [`EntryKind`].
#[derive(Debug, Clone, Copy)]
enum Of {
    Span(u32),
    /// The span, the event inside it.
    Event(u32, u32),
    /// The record, and the span that it names.
    Log(u32, Option<u32>),
}

impl Entries {
    /// Orders the list; what happened at the same moment stands in the order spans, events, logs.
    #[must_use]
    pub fn of(view: &TraceView, analysis: &Analysis) -> Self {
        let events: usize = view.spans.iter().map(|span| span.events.len()).sum();
        let mut places = Vec::with_capacity(view.spans.len() + events + view.logs.len());
        let place = |time: Nanos, of| Place { time_unix_nano: time.0, of };
        // Spans in the order of rows, so that a parent stands before a child that began at the same moment.
        for at in analysis.tree.order() {
            places.extend(super::span_at(view, *at).map(|span| place(span.start_unix_nano, Of::Span(*at))));
        }
        for (at, span) in (0_u32..).zip(&view.spans) {
            let events = (0_u32..).zip(&span.events);
            places.extend(events.map(|(index, event)| place(event.time_unix_nano, Of::Event(at, index))));
        }
        let by_id = if view.logs.is_empty() { HashMap::new() } else { positions(view) };
        for (index, log) in (0_u32..).zip(&view.logs) {
            let span = log.span_id.as_deref().and_then(|id| by_id.get(id)).copied();
            places.push(place(log.time_unix_nano, Of::Log(index, span)));
        }
        places.sort_by_key(|place| place.time_unix_nano);
        Self { places }
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Tells whether nothing happened at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Makes the entries of a range of the list. `view` and `analysis` are those that the list was ordered by.
    pub fn make<'a>(
        &'a self,
        range: Range<usize>,
        view: &'a TraceView,
        analysis: &'a Analysis,
    ) -> impl Iterator<Item = Entry> + 'a {
        let places = self.places.get(range).unwrap_or_default();
        places.iter().filter_map(|place| entry(view, analysis, place.of))
    }
}

fn entry(view: &TraceView, analysis: &Analysis, of: Of) -> Option<Entry> {
    let index = |position: u32| usize::try_from(position).ok();
    match of {
        Of::Span(at) => Some(of_span(analysis, at, super::span_at(view, at)?)),
        Of::Event(at, event) => {
            let span = super::span_at(view, at)?;
            Some(of_event(analysis, at, span, event, span.events.get(index(event)?)?))
        }
        Of::Log(at, span) => Some(of_log(analysis, span, at, view.logs.get(index(at)?)?)),
    }
}

/// Returns the whole list.
#[must_use]
pub fn entries(view: &TraceView, analysis: &Analysis) -> Vec<Entry> {
    let list = Entries::of(view, analysis);
    list.make(0..list.len(), view, analysis).collect()
}

/// Returns the position of each span id's first span.
pub(crate) fn positions(view: &TraceView) -> HashMap<&str, u32> {
    let mut out = HashMap::with_capacity(view.spans.len());
    for (at, span) in (0_u32..).zip(&view.spans) {
        out.entry(span.span_id.as_str()).or_insert(at);
    }
    out
}

fn of_span(analysis: &Analysis, at: u32, span: &SpanRow) -> Entry {
    Entry {
        kind: EntryKind::Span,
        time_unix_nano: span.start_unix_nano,
        offset_ns: SignedNanos(analysis.offset_ns(span.start_unix_nano.0)),
        depth: analysis.tree.depth(at),
        text: display_name(span).into_owned(),
        span_id: Some(span.span_id.clone()),
        service_name: span.service_name.clone(),
        duration_ns: Some(span.duration_ns),
        level: if is_error(span) { "error" } else { "info" }.to_owned(),
        index: at,
        span_index: Some(at),
    }
}

fn of_event(analysis: &Analysis, at: u32, span: &SpanRow, index: u32, event: &EventRow) -> Entry {
    Entry {
        kind: EntryKind::Event,
        time_unix_nano: event.time_unix_nano,
        offset_ns: SignedNanos(analysis.offset_ns(event.time_unix_nano.0)),
        depth: analysis.tree.depth(at) + 1,
        text: event_text(event),
        span_id: Some(span.span_id.clone()),
        service_name: span.service_name.clone(),
        duration_ns: None,
        level: if event.name == EXCEPTION_EVENT { "error" } else { "info" }.to_owned(),
        index,
        span_index: Some(at),
    }
}

/// Returns an event's name; of an exception, what it says.
#[must_use]
pub fn event_text(event: &EventRow) -> String {
    if event.name != EXCEPTION_EVENT {
        return event.name.clone();
    }
    let class = attribute(&event.attributes, EXCEPTION_TYPE);
    match (class, attribute(&event.attributes, EXCEPTION_MESSAGE)) {
        (Some(class), Some(message)) => format!("{class}: {message}"),
        (Some(said), None) | (None, Some(said)) => said.to_owned(),
        (None, None) => event.name.clone(),
    }
}

fn of_log(analysis: &Analysis, span: Option<u32>, index: u32, log: &LogRow) -> Entry {
    Entry {
        kind: EntryKind::Log,
        time_unix_nano: log.time_unix_nano,
        offset_ns: SignedNanos(analysis.offset_ns(log.time_unix_nano.0)),
        depth: span.map_or(0, |span| analysis.tree.depth(span) + 1),
        text: log_text(log),
        span_id: log.span_id.clone(),
        service_name: log.service_name.clone(),
        duration_ns: None,
        level: level(log.severity_number).to_owned(),
        index,
        span_index: span,
    }
}

/// Returns a log's body; of a record without one, its event name.
#[must_use]
pub fn log_text(log: &LogRow) -> String {
    if log.body.is_empty() || log.body == "null" { log.event_name.clone() } else { log.body.clone() }
}

/// Returns what colours a log line; without a severity it is information.
#[must_use]
pub fn level(severity_number: i32) -> &'static str {
    match Severity::from_number(severity_number) {
        Some(Severity::Error | Severity::Fatal) => "error",
        Some(Severity::Warn) => "warn",
        Some(Severity::Debug | Severity::Trace) => "debug",
        Some(Severity::Info) | None => "info",
    }
}
