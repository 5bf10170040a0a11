//! A span's details: why it failed, its statement, attributes, events, logs, links, metrics, origin, raw.

use js_sys::Array;
use leptos::prelude::*;
use telltale_api::trace::{EventRow, LinkRow, LogRow, SpanRow};
use telltale_model::{SpanKind, semconv};
use wasm_bindgen::JsValue;

use super::parts::{attributes, log_line, origin};
use crate::components::bits::{ServiceChip, words};
use crate::components::copy_button::CopyButton;
use crate::components::errors_tab::value_of;
use crate::components::raw_tab::{pretty, with_otlp};
use crate::pages::story::data::StoryData;
use crate::pages::story::state::StoryState;
use crate::route::Route;
use crate::{format, strings};
use telltale_story::story::is_error;

/// Attributes that hold a database statement or its plan, best first.
const STATEMENTS: [&str; 2] = ["db.query.text", "db.statement"];
const PLANS: [&str; 3] = ["db.query.plan", "db.plan", "db.plan_json"];

/// The details.
#[component]
pub(crate) fn SpanDetails(
    /// The span.
    span_id: String,
) -> impl IntoView {
    let state = expect_context::<StoryState>();
    let data = state.data.get_untracked()?;
    let Some((index, span)) = data.span(&span_id) else {
        return Some(view! { <h2>{strings::SPAN_TITLE}</h2><p>{strings::no_such_span(&span_id)}</p> }.into_any());
    };
    let logs: Vec<(usize, &LogRow)> = data.logs_of(&span_id).collect();
    let logs_view = (!logs.is_empty()).then(|| {
        let lines = logs.iter().map(|(index, log)| log_line(state, *index, log)).collect_view();
        view! { <h3>{strings::counted_part(strings::LOGS, logs.len())}</h3><ul class="drawer-list">{lines}</ul> }
    });
    let place = |position: u32| usize::try_from(position).unwrap_or(usize::MAX);
    Some(
        view! {
            {head(state, &data, index, span)}
            {why(span)}
            {statement(span)}
            <h3>{strings::counted_part(strings::ATTRIBUTES, span.attributes.len())}</h3>
            {attributes(&span.attributes, span.dropped_attributes_count)}
            {events(state, span)}
            {logs_view}
            {links(span)}
            {measurements(&data, &span_id)}
            {origin(data.view.resources.get(place(span.resource)), data.view.scopes.get(place(span.scope)))}
            <RawSpan span_id=span_id.clone()/>
        }
        .into_any(),
    )
}

fn head(state: StoryState, data: &StoryData, index: usize, span: &SpanRow) -> impl IntoView + use<> {
    let look = state.waterfall.get_untracked().palette.look(span.service_name.as_deref());
    let start = data.story.start_unix_nano.0;
    let offset = i64::try_from(span.start_unix_nano.0.saturating_sub(start)).unwrap_or(i64::MAX);
    let self_time = data.self_times_ns.get(index).map(|ns| strings::self_time(&format::duration(*ns)));
    let address = Route::story(&state.trace_id.get_value(), Some(&span.span_id)).url();
    let link = Signal::derive(move || format!("{}{address}", location().origin().unwrap_or_default()));
    let service = crate::components::bits::service_name(&look.name);
    let negative = (span.duration_ns.0 < 0).then(|| view! { <p class="warn-text">{strings::NEGATIVE_DURATION}</p> });
    view! {
        <header class="drawer-head">
            <h2>{span.name.clone()}</h2>
            <p class="drawer-sub">
                <ServiceChip look/>
                <span aria-hidden="true">{service}</span>
                <span>{SpanKind::from_otlp(span.kind).name()}</span>
                <span class="num">{format::duration(span.duration_ns.0)}</span>
                {self_time.map(|text| view! { <span class="num">{text}</span> })}
                <span class="num">{strings::starts(&format::offset(offset))}</span>
            </p>
            {negative}
            <p class="drawer-id">
                <code>{span.span_id.clone()}</code>
                <CopyButton text=span.span_id.clone() what=strings::WHAT_SPAN_ID/>
                <CopyButton text=link what=strings::WHAT_SPAN_LINK label=strings::COPY_LINK/>
            </p>
        </header>
    }
}

/// The status and every exception, first of all.
fn why(span: &SpanRow) -> Option<impl IntoView + use<>> {
    let exceptions: Vec<&EventRow> =
        span.events.iter().filter(|event| event.name == semconv::EXCEPTION_EVENT).collect();
    if exceptions.is_empty() && !is_error(span) {
        return None;
    }
    let status = is_error(span).then(|| {
        let message = if span.status_message.is_empty() { strings::NO_STATUS_MESSAGE.to_owned() } else { span.status_message.clone() };
        view! { <p><strong class="danger-text"><span aria-hidden="true">"✖ "</span>{strings::ERROR_WORD}</strong> " " {message}</p> }
    });
    let items = exceptions.iter().map(|event| {
        let kind =
            value_of(&event.attributes, semconv::EXCEPTION_TYPE).unwrap_or_else(|| strings::EXCEPTION.to_owned());
        let message = value_of(&event.attributes, semconv::EXCEPTION_MESSAGE);
        let stack = value_of(&event.attributes, semconv::EXCEPTION_STACKTRACE);
        view! {
            <p><strong>{kind}</strong>{message.map(|message| format!(": {message}"))}</p>
            {stack.map(|stack| view! { <pre class="stack-text" tabindex="0"><code>{stack}</code></pre> })}
        }
    });
    Some(view! { <section class="why" aria-label=strings::WHY_LABEL>{status}{items.collect_view()}</section> })
}

fn statement(span: &SpanRow) -> Option<impl IntoView + use<>> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| value_of(&span.attributes, key));
    let (text, plan) = (first(&STATEMENTS), first(&PLANS));
    if text.is_none() && plan.is_none() {
        return None;
    }
    let block = |title: &'static str, text: String| {
        view! {
            <figure class="fact-block">
                <figcaption>{title}<CopyButton text=text.clone() what=strings::WHAT_VALUE/></figcaption>
                <pre tabindex="0"><code>{text}</code></pre>
            </figure>
        }
    };
    Some(view! {
        {text.map(|text| block(strings::STATEMENT, text))}
        {plan.map(|plan| block(strings::QUERY_PLAN, plan))}
    })
}

fn events(state: StoryState, span: &SpanRow) -> Option<impl IntoView + use<>> {
    if span.events.is_empty() && span.dropped_events_count == 0 {
        return None;
    }
    let start = state.waterfall.get_untracked().start_unix_nano;
    let items = span.events.iter().map(|event| {
        let offset = i64::try_from(i128::from(event.time_unix_nano.0) - i128::from(start)).unwrap_or(i64::MAX);
        view! {
            <details class="drawer-part">
                <summary><span class="num muted">{format::offset(offset)}</span> " " {event.name.clone()}</summary>
                {attributes(&event.attributes, event.dropped_attributes_count)}
            </details>
        }
    });
    let dropped = (span.dropped_events_count > 0)
        .then(|| view! { <p class="warn-text">{strings::dropped_events(span.dropped_events_count)}</p> });
    Some(view! { <h3>{strings::counted_part(strings::EVENTS, span.events.len())}</h3>{items.collect_view()}{dropped} })
}

fn links(span: &SpanRow) -> Option<impl IntoView + use<>> {
    if span.links.is_empty() && span.dropped_links_count == 0 {
        return None;
    }
    let items = span.links.iter().map(|link: &LinkRow| {
        let address = Route::story(&link.trace_id, Some(&link.span_id)).url();
        let more = (!link.attributes.is_empty()).then(|| attributes(&link.attributes, link.dropped_attributes_count));
        view! {
            <li>
                <a href=address data-go=""><code>{link.trace_id.clone()}</code> " / " <code>{link.span_id.clone()}</code></a>
                {more}
            </li>
        }
    });
    let dropped = (span.dropped_links_count > 0)
        .then(|| view! { <p class="warn-text">{strings::dropped_links(span.dropped_links_count)}</p> });
    Some(view! {
        <h3>{strings::counted_part(strings::LINKS, span.links.len())}</h3>
        <ul class="drawer-list">{items.collect_view()}</ul>
        {dropped}
    })
}

/// Exemplars that name this span.
fn measurements(data: &StoryData, span_id: &str) -> Option<impl IntoView + use<>> {
    let rows: Vec<_> = data.view.exemplars.iter().filter(|row| row.span_id.as_deref() == Some(span_id)).collect();
    if rows.is_empty() {
        return None;
    }
    let items = rows.iter().map(|row| {
        view! {
            <div class="attribute">
                <dt>{row.metric.clone()}</dt>
                <dd><span class="value value-typed">{row.value.clone()} " " {row.unit.clone()}</span></dd>
            </div>
        }
    });
    Some(
        view! { <h3>{strings::counted_part(strings::MEASUREMENTS, rows.len())}</h3><dl class="attributes">{items.collect_view()}</dl> },
    )
}

/// The span as OTLP/JSON, asked for when it is opened.
#[component]
fn RawSpan(
    /// The span.
    span_id: String,
) -> impl IntoView {
    let state = expect_context::<StoryState>();
    let text = RwSignal::new(None::<Result<String, String>>);
    let span_id = StoredValue::new(span_id);
    let open = move |_| {
        if text.with_untracked(Option::is_some) {
            return;
        }
        with_otlp(state, move |answer| {
            let found = answer.map_err(|failure| words(&failure).0).and_then(|otlp| {
                span_id
                    .try_with_value(|id| find_span(&otlp, id))
                    .flatten()
                    .map(|span| String::from(pretty(&span)))
                    .ok_or_else(|| strings::RAW_SPAN_MISSING.to_owned())
            });
            text.try_set(Some(found));
        });
    };
    let content = move || match text.get() {
        None => view! { <p class="muted">{strings::LOADING}</p> }.into_any(),
        Some(Err(why)) => view! { <p class="danger-text">{why}</p> }.into_any(),
        Some(Ok(json)) => view! {
            <CopyButton text=json.clone() what=strings::WHAT_JSON label=strings::COPY_JSON/>
            <pre class="raw" tabindex="0"><code>{json}</code></pre>
        }
        .into_any(),
    };
    view! {
        <details class="drawer-part" on:toggle=open>
            <summary>{strings::RAW_SPAN}</summary>
            {content}
        </details>
    }
}

/// Finds a span in OTLP/JSON.
fn find_span(otlp: &JsValue, span_id: &str) -> Option<JsValue> {
    for resource_spans in members(otlp, "resourceSpans") {
        for scope_spans in members(&resource_spans, "scopeSpans") {
            let mut spans = members(&scope_spans, "spans");
            let found = spans
                .find(|span| member(span, "spanId").as_string().is_some_and(|id| id.eq_ignore_ascii_case(span_id)));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

fn member(value: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(value, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn members(value: &JsValue, name: &str) -> impl Iterator<Item = JsValue> + use<> {
    let list = member(value, name);
    let list = if Array::is_array(&list) { Array::from(&list) } else { Array::new() };
    (0..list.length()).map(move |index| list.get(index))
}
