//! The errors of a trace: each once, with its stack trace, its count and the spans that carry it.

use std::collections::HashMap;

use leptos::prelude::*;
use telltale_api::trace::{AttributeRow, LogRow, SpanRow};
use telltale_model::{Severity, semconv};
use telltale_story::pack::Details;
use telltale_story::story::is_error;

use crate::components::bits::{clock_time, service_chip, skeleton};
use crate::components::verdict::span_link;
use crate::dom::{El, el, sign, text_el};
use crate::pages::story::data::Trace;
use crate::pages::story::state::StoryState;
use crate::{format, strings};

/// One error, however often it happened.
struct Failure {
    service_name: Option<String>,
    kind: String,
    message: String,
    stack: Option<String>,
    first_nanos: u64,
    spans: Vec<(String, String)>,
    count: u64,
}

/// The view's content.
pub(crate) fn errors_tab(state: StoryState) -> El {
    el("div").children(move || {
        let (Some(trace), Some(details)) = (state.trace.get(), state.details.get()) else { return skeleton(6) };
        let failures = failures(&trace, &details);
        if failures.is_empty() {
            return text_el("p", "list-empty muted", strings::NO_ERRORS_HERE);
        }
        el("ol").class("errors").add_all(failures.into_iter().map(|failure| failure_el(state, &trace, failure)))
    })
}

/// Gathers exceptions, failed spans without one, and error logs; equal ones together, earliest first.
fn failures(trace: &Trace, details: &Details) -> Vec<Failure> {
    let mut found = Gathered::default();
    let structure = &trace.structure;
    details.for_each_span(structure, |_row, span| {
        of_span(span).into_iter().for_each(|failure| found.add(failure));
        true
    });
    details.for_each_log(structure, |record, log| {
        if matches!(Severity::from_number(log.severity_number), Some(Severity::Error | Severity::Fatal)) {
            let row = crate::pages::story::data::at(&structure.logs.row, record).checked_sub(1);
            let span = row.map(|row| (structure.id_hex(row), structure.name(row).to_owned()));
            found.add(of_log(log, span));
        }
    });
    let mut list = found.list;
    list.sort_by_key(|failure| failure.first_nanos);
    list
}

#[derive(Default)]
struct Gathered {
    list: Vec<Failure>,
    places: HashMap<(Option<String>, String, String), usize>,
}

impl Gathered {
    fn add(&mut self, failure: Failure) {
        let key = (failure.service_name.clone(), failure.kind.clone(), failure.message.clone());
        let place = *self.places.entry(key).or_insert(self.list.len());
        match self.list.get_mut(place) {
            Some(known) => {
                known.count += 1;
                known.first_nanos = known.first_nanos.min(failure.first_nanos);
                let free = strings::CHIP_LINKS.saturating_sub(known.spans.len());
                known.spans.extend(failure.spans.into_iter().take(free));
            }
            None => self.list.push(failure),
        }
    }
}

fn of_log(log: &LogRow, span: Option<(String, String)>) -> Failure {
    Failure {
        service_name: log.service_name.clone(),
        kind: strings::ENTRY_LOG_ERROR.to_owned(),
        message: log.body.clone(),
        stack: value_of(&log.attributes, semconv::EXCEPTION_STACKTRACE),
        first_nanos: log.time_unix_nano.0,
        spans: span.into_iter().collect(),
        count: 1,
    }
}

fn of_span(span: &SpanRow) -> Vec<Failure> {
    let base = |kind: String, message: String, stack, nanos| Failure {
        service_name: span.service_name.clone(),
        kind,
        message,
        stack,
        first_nanos: nanos,
        spans: vec![(span.span_id.clone(), span.name.clone())],
        count: 1,
    };
    let exceptions: Vec<Failure> = span
        .events
        .iter()
        .filter(|event| event.name == semconv::EXCEPTION_EVENT)
        .map(|event| {
            let kind =
                value_of(&event.attributes, semconv::EXCEPTION_TYPE).unwrap_or_else(|| strings::EXCEPTION.to_owned());
            let message = value_of(&event.attributes, semconv::EXCEPTION_MESSAGE).unwrap_or_default();
            base(kind, message, value_of(&event.attributes, semconv::EXCEPTION_STACKTRACE), event.time_unix_nano.0)
        })
        .collect();
    if !exceptions.is_empty() || !is_error(span) {
        return exceptions;
    }
    let kind = value_of(&span.attributes, semconv::ERROR_TYPE).unwrap_or_else(|| strings::FAILED_SPAN.to_owned());
    let message = if span.status_message.is_empty() { span.name.clone() } else { span.status_message.clone() };
    vec![base(kind, message, None, span.start_unix_nano.0)]
}

/// Returns the value of an attribute.
pub(crate) fn value_of(attributes: &[AttributeRow], key: &str) -> Option<String> {
    attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.clone())
}

fn failure_el(state: StoryState, trace: &Trace, failure: Failure) -> El {
    let look = trace.palette.look(failure.service_name.as_deref());
    let links = failure.spans.iter().map(|(span_id, name)| el("li").add(span_link(state, span_id, "", name)));
    let stack = failure.stack.map(|stack| {
        let text = el("pre").attr("tabindex", "0").add(text_el("code", "", &stack));
        el("details").class("stack").add([text_el("summary", "", strings::STACK_TRACE), text])
    });
    let count = format!("{}×", format::count(failure.count));
    let head = el("p")
        .class("error-kind")
        .add([sign("✖").class("error-sign"), service_chip(&look), text_el("strong", "", &failure.kind)])
        .add((failure.count > 1).then(|| text_el("span", "tag", &count)))
        .add(el("span").class("muted").add(clock_time(failure.first_nanos)));
    el("li")
        .class("error-item")
        .add([head, text_el("p", "error-message", &failure.message), el("ul").class("error-spans").add_all(links)])
        .add(stack)
}
