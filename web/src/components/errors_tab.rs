//! The errors of a trace: each once, with its stack trace, its count and the spans that carry it.

use std::collections::HashMap;

use leptos::prelude::*;
use telltale_api::trace::{AttributeRow, SpanRow};
use telltale_model::{Severity, semconv};

use crate::components::bits::{ClockTime, ServiceChip};
use crate::components::verdict::span_link;
use crate::pages::story::data::StoryData;
use crate::pages::story::state::StoryState;
use crate::{format, strings};
use telltale_story::story::is_error;

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

/// The tab's content.
#[component]
pub(crate) fn ErrorsTab() -> impl IntoView {
    let state = expect_context::<StoryState>();
    move || {
        let data = state.data.get()?;
        let failures = failures(&data);
        if failures.is_empty() {
            return Some(view! { <p class="list-empty muted">{strings::NO_ERRORS_HERE}</p> }.into_any());
        }
        let items = failures.into_iter().map(|failure| failure_view(state, failure)).collect_view();
        Some(view! { <ol class="errors">{items}</ol> }.into_any())
    }
}

/// Gathers exceptions, failed spans without one, and error logs; equal ones together, earliest first.
fn failures(data: &StoryData) -> Vec<Failure> {
    let mut found: Vec<Failure> = Vec::new();
    let mut places: HashMap<(Option<String>, String, String), usize> = HashMap::new();
    let mut add = |failure: Failure| {
        let key = (failure.service_name.clone(), failure.kind.clone(), failure.message.clone());
        let place = *places.entry(key).or_insert(found.len());
        match found.get_mut(place) {
            Some(known) => {
                known.count += 1;
                known.first_nanos = known.first_nanos.min(failure.first_nanos);
                known
                    .spans
                    .extend(failure.spans.into_iter().take(strings::CHIP_LINKS.saturating_sub(known.spans.len())));
            }
            None => found.push(failure),
        }
    };
    for span in &data.view.spans {
        of_span(span).into_iter().for_each(&mut add);
    }
    for log in &data.view.logs {
        if !matches!(Severity::from_number(log.severity_number), Some(Severity::Error | Severity::Fatal)) {
            continue;
        }
        let span = log.span_id.as_deref().and_then(|id| data.span(id));
        add(Failure {
            service_name: log.service_name.clone(),
            kind: strings::ENTRY_LOG_ERROR.to_owned(),
            message: log.body.clone(),
            stack: value_of(&log.attributes, semconv::EXCEPTION_STACKTRACE),
            first_nanos: log.time_unix_nano.0,
            spans: span.map(|(_, span)| (span.span_id.clone(), span.name.clone())).into_iter().collect(),
            count: 1,
        });
    }
    found.sort_by_key(|failure| failure.first_nanos);
    found
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

fn failure_view(state: StoryState, failure: Failure) -> impl IntoView {
    let look = state.waterfall.get_untracked().palette.look(failure.service_name.as_deref());
    let links =
        failure.spans.into_iter().map(|(span_id, name)| view! { <li>{span_link(state, span_id, "", name)}</li> });
    let stack = failure.stack.map(|stack| {
        view! {
            <details class="stack">
                <summary>{strings::STACK_TRACE}</summary>
                <pre tabindex="0"><code>{stack}</code></pre>
            </details>
        }
    });
    view! {
        <li class="error-item">
            <p class="error-kind">
                <span class="error-sign" aria-hidden="true">"✖"</span>
                <ServiceChip look/>
                <strong>{failure.kind}</strong>
                {(failure.count > 1).then(|| view! { <span class="tag">{format!("{}×", format::count(failure.count))}</span> })}
                <span class="muted"><ClockTime nanos=failure.first_nanos/></span>
            </p>
            <p class="error-message">{failure.message}</p>
            <ul class="error-spans">{links.collect_view()}</ul>
            {stack}
        </li>
    }
}
