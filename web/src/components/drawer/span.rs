//! A span's details: why it failed, what it did, attributes, events, logs, links, metrics, origin, raw.

use js_sys::Array;
use leptos::prelude::*;
use telltale_api::plan::PlanView;
use telltale_api::routes;
use telltale_api::trace::{EventRow, SpanRow};
use telltale_model::{SpanKind, semconv};
use telltale_story::pack::{Details, Structure};
use telltale_story::story::is_error;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::links::{back_links, links};
use super::parts::{attributes, folded, log_line, origin};
use super::plan::plan_el;
use super::viewers::{cards, figure, parameters, stack, statement};
use crate::client::{self, Failure};
use crate::components::bits::{service_chip, service_name, words};
use crate::components::copy_button::copy_button;
use crate::components::errors_tab::value_of;
use crate::components::raw_tab::{pretty, with_otlp};
use crate::dom::{El, el, sign, text_el};
use crate::pages::story::data::{Trace, at};
use crate::pages::story::state::StoryState;
use crate::route::Route;
use crate::{format, strings};

/// Attributes that hold a database statement or its plan, best first.
const STATEMENTS: [&str; 2] = ["db.query.text", "db.statement"];
const PLANS: [&str; 4] = ["db.query.plan", "db.plan", "db.plan_json", "db.explain"];

/// The details.
pub(super) fn span_details(state: StoryState, trace: &Trace, details: &Details, span_id: &str) -> Vec<El> {
    let structure = &trace.structure;
    let found = structure.row_of_hex(span_id).and_then(|row| Some((row, details.span(structure, row)?)));
    let Some((row, span)) = found else {
        return vec![text_el("h2", "", strings::SPAN_TITLE), text_el("p", "", &strings::no_such_span(span_id))];
    };
    let mut parts = vec![head(state, trace, row, &span)];
    parts.extend(why(&span));
    parts.extend(database(state, &span));
    parts.extend(cards(&span));
    parts.extend(parameters(&span));
    parts.push(text_el("h3", "", &strings::counted_part(strings::ATTRIBUTES, span.attributes.len())));
    parts.push(attributes(Some(state), &span.attributes, span.dropped_attributes_count));
    parts.extend(events(structure, &span));
    let logs: Vec<u32> = trace.logs_of(row).collect();
    if !logs.is_empty() {
        let lines = logs.iter().filter_map(|record| Some(log_line(state, *record, &details.log(structure, *record)?)));
        parts.push(text_el("h3", "", &strings::counted_part(strings::LOGS, logs.len())));
        parts.push(el("ul").class("drawer-list").add_all(lines));
    }
    parts.extend(links(&span));
    parts.extend(measurements(structure, span_id));
    parts.push(back_links(state, span_id));
    parts.extend(origin(structure, span.resource, span.scope));
    parts.push(raw_span(state, span_id));
    parts
}

fn head(state: StoryState, trace: &Trace, row: u32, span: &SpanRow) -> El {
    let look = trace.look(row);
    let address = Route::story(&state.trace_id.get_value(), Some(&span.span_id)).url();
    let link = move || format!("{}{address}", location().origin().unwrap_or_default());
    let id = span.span_id.clone();
    let number = |text: &str| text_el("span", "num", text);
    let self_ns = at(&trace.structure.rows.self_ns, row);
    let mut sub = vec![
        service_chip(&look),
        sign(&service_name(&look.name)),
        text_el("span", "", SpanKind::from_otlp(span.kind).name()),
        number(&format::duration(span.duration_ns.0)),
        number(&strings::self_time(&format::duration(self_ns))),
        number(&strings::starts(&format::offset(trace.start_ns(row)))),
    ];
    sub.extend(usual(state, span));
    let ids = el("p").class("drawer-id").add([
        text_el("code", "", &span.span_id),
        copy_button(move || id.clone(), strings::WHAT_SPAN_ID, None),
        copy_button(link, strings::WHAT_SPAN_LINK, Some(strings::COPY_LINK)),
    ]);
    el("header")
        .class("drawer-head")
        .add([text_el("h2", "", &span.name), el("p").class("drawer-sub").add(sub)])
        .add((span.duration_ns.0 < 0).then(|| text_el("p", "warn-text", strings::NEGATIVE_DURATION)))
        .add(ids)
}

/// What is usual for the span's operation in this store.
fn usual(state: StoryState, span: &SpanRow) -> Option<El> {
    let story = state.story.get()?.ok()?;
    let mut known = story.usual.iter();
    let usual = known.find(|usual| usual.name == span.name && usual.service_name == span.service_name)?;
    let words = strings::usual(&format::duration(usual.p50_ns.0), &format::duration(usual.p95_ns.0));
    let class = if span.duration_ns.0 > usual.p95_ns.0 { "num warn-text" } else { "num" };
    Some(text_el("span", class, &words).attr("title", &strings::usual_of(&format::count(usual.count))))
}

/// The status and every exception, first of all.
fn why(span: &SpanRow) -> Option<El> {
    let exceptions: Vec<&EventRow> =
        span.events.iter().filter(|event| event.name == semconv::EXCEPTION_EVENT).collect();
    if exceptions.is_empty() && !is_error(span) {
        return None;
    }
    let status = is_error(span).then(|| {
        let message = if span.status_message.is_empty() { strings::NO_STATUS_MESSAGE } else { &span.status_message };
        let word = el("strong").class("danger-text").add(sign("✖ ")).text(strings::ERROR_WORD);
        el("p").add(word).text(&format!(" {message}"))
    });
    let items = exceptions.iter().flat_map(|event| {
        let kind =
            value_of(&event.attributes, semconv::EXCEPTION_TYPE).unwrap_or_else(|| strings::EXCEPTION.to_owned());
        let message = value_of(&event.attributes, semconv::EXCEPTION_MESSAGE).map(|message| format!(": {message}"));
        let line = el("p").add(text_el("strong", "", &kind)).text(&message.unwrap_or_default());
        let trace = value_of(&event.attributes, semconv::EXCEPTION_STACKTRACE).map(|text| stack(&text));
        std::iter::once(line).chain(trace).collect::<Vec<_>>()
    });
    Some(el("section").class("why").label(strings::WHY_LABEL).add(status).add_all(items))
}

/// Statement and plan.
fn database(state: StoryState, span: &SpanRow) -> Vec<El> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| value_of(&span.attributes, key));
    let text = first(&STATEMENTS).map(|text| statement(&text));
    let plan = first(&PLANS).map(|text| plan_figure(state, text));
    text.into_iter().chain(plan).collect()
}

/// The plan: known from the story, or asked for; a plan that nobody understands is shown as it is.
fn plan_figure(state: StoryState, text: String) -> El {
    let plan = RwSignal::new(None::<PlanView>);
    let told = state.story.get().and_then(Result::ok);
    let known =
        told.and_then(|story| story.plans.iter().map(|plan| &plan.plan).find(|plan| plan.text == text).cloned());
    if known.is_some() {
        plan.set(known);
    } else {
        let text = text.clone();
        spawn_local(async move {
            let answer = client::post::<PlanView>(routes::PLAN, "text/plain", &text, state.lifetime).await;
            if let Ok(answer) = answer {
                plan.try_set(Some(answer));
            }
        });
    }
    let as_text = text.clone();
    let shown = el("div").children(move || match plan.get() {
        Some(plan) if !plan.nodes.is_empty() => plan_el(&plan, false),
        _ => el("pre").attr("tabindex", "0").add(text_el("code", "", &as_text)),
    });
    figure(strings::QUERY_PLAN, &text, shown)
}

fn events(structure: &Structure, span: &SpanRow) -> Vec<El> {
    if span.events.is_empty() && span.dropped_events_count == 0 {
        return Vec::new();
    }
    let mut parts = vec![text_el("h3", "", &strings::counted_part(strings::EVENTS, span.events.len()))];
    parts.extend(span.events.iter().map(|event| {
        let offset = event.time_unix_nano.0.wrapping_sub(structure.meta.start_unix_nano).cast_signed();
        let summary =
            el("summary").add(text_el("span", "num muted", &format!("{} ", format::offset(offset)))).text(&event.name);
        el("details")
            .class("drawer-part")
            .add([summary, attributes(None, &event.attributes, event.dropped_attributes_count)])
    }));
    if span.dropped_events_count > 0 {
        parts.push(text_el("p", "warn-text", &strings::dropped_events(span.dropped_events_count)));
    }
    parts
}

/// Exemplars that name this span.
fn measurements(structure: &Structure, span_id: &str) -> Vec<El> {
    let rows: Vec<_> = structure.exemplars.iter().filter(|row| row.span_id.as_deref() == Some(span_id)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let items = rows.iter().map(|row| {
        let value = text_el("span", "value value-typed", &format!("{} {}", row.value, row.unit));
        el("div").class("attribute").add([text_el("dt", "", &row.metric), el("dd").add(value)])
    });
    let title = text_el("h3", "", &strings::counted_part(strings::MEASUREMENTS, rows.len()));
    vec![title, el("dl").class("attributes").add_all(items)]
}

/// The span as OTLP/JSON, asked for when it is opened.
fn raw_span(state: StoryState, span_id: &str) -> El {
    let text = RwSignal::new(None::<Result<String, String>>);
    let span_id = span_id.to_owned();
    let open = move |_| {
        if text.with_untracked(Option::is_some) {
            return;
        }
        let span_id = span_id.clone();
        with_otlp(state, move |answer: Result<JsValue, Failure>| {
            let found = answer.map_err(|failure| words(&failure).0).and_then(|otlp| {
                find_span(&otlp, &span_id)
                    .map(|span| String::from(pretty(&span)))
                    .ok_or_else(|| strings::RAW_SPAN_MISSING.to_owned())
            });
            text.try_set(Some(found));
        });
    };
    let content = move || match text.get() {
        None => vec![text_el("p", "muted", strings::LOADING)],
        Some(Err(why)) => vec![text_el("p", "danger-text", &why)],
        Some(Ok(json)) => {
            let to_copy = json.clone();
            vec![
                copy_button(move || to_copy.clone(), strings::WHAT_JSON, Some(strings::COPY_JSON)),
                el("pre").class("raw").attr("tabindex", "0").add(text_el("code", "", &json)),
            ]
        }
    };
    folded(strings::RAW_SPAN).on("toggle", open).add(el("div").children(content))
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
