//! The part of OTLP/JSON that the stories use, as a `TraceView`. The server has the whole; this is for tests alone.

use serde_json::Value;
use telltale_api::trace::{AttributeRow, EventRow, LinkRow, LogRow, ResourceView, SpanRow, TraceView, ValueType};
use telltale_api::{Nanos, SignedNanos};
use telltale_model::AttributeValue;

use crate::story::Baselines;

/// What the requests of a document hold: the view of the trace that they name last, and what is usual in all of them.
pub(super) fn store<'a>(requests: impl Iterator<Item = &'a str>) -> (TraceView, Baselines) {
    let mut all: Vec<(String, TraceView)> = Vec::new();
    let mut last = String::new();
    for request in requests {
        let request: Value = serde_json::from_str(request).unwrap_or_else(|error| panic!("{error} in {request}"));
        for group in list(&request["resourceSpans"]) {
            for item in list(&group["scopeSpans"]).iter().flat_map(|scope| list(&scope["spans"])) {
                let view = view_of(&mut all, &mut last, &text(&item["traceId"]));
                let (resource, service) = resource(view, group);
                view.spans.push(span(item, resource, service));
            }
        }
        for group in list(&request["resourceLogs"]) {
            for item in list(&group["scopeLogs"]).iter().flat_map(|scope| list(&scope["logRecords"])) {
                let view = view_of(&mut all, &mut last, &text(&item["traceId"]));
                let (resource, service) = resource(view, group);
                view.logs.push(log(item, resource, service));
            }
        }
    }
    let mut spans: Vec<SpanRow> = all.iter().flat_map(|(_id, view)| view.spans.clone()).collect();
    let mut view = all.into_iter().find(|(id, _view)| *id == last).map(|(_id, view)| view).unwrap_or_default();
    without_repetitions(&mut view);
    let mine = |span: &SpanRow| {
        view.spans.iter().any(|own| (&own.service_name, &own.name) == (&span.service_name, &span.name))
    };
    spans.retain(mine);
    let mut baselines = Baselines::default();
    for span in spans {
        baselines.operations.entry((span.service_name, span.name)).or_default().add(span.duration_ns.0);
    }
    (view, baselines)
}

/// Returns the view of a trace; it is the last one named from now on.
fn view_of<'a>(all: &'a mut Vec<(String, TraceView)>, last: &mut String, id: &str) -> &'a mut TraceView {
    id.clone_into(last);
    let at = all.iter().position(|(known, _view)| known == id).unwrap_or_else(|| {
        all.push((id.to_owned(), TraceView { trace_id: id.to_owned(), ..TraceView::default() }));
        all.len() - 1
    });
    &mut all[at].1
}

/// Does what the server does with spans that came twice, and puts rows in order.
fn without_repetitions(view: &mut TraceView) {
    let before = view.spans.len();
    let mut seen = std::collections::HashSet::new();
    let resources = view.resources.clone();
    let resource = |span: &SpanRow| resources[usize::try_from(span.resource).unwrap()].clone();
    view.spans.retain(|span| seen.insert((SpanRow { resource: 0, ..span.clone() }, resource(span))));
    view.duplicate_span_count = u64::try_from(before - view.spans.len()).unwrap();
    view.spans.sort_by_key(|span| span.start_unix_nano);
    view.logs.sort_by_key(|log| log.time_unix_nano);
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn nanos(value: &Value) -> Nanos {
    Nanos(value.as_str().and_then(|digits| digits.parse().ok()).unwrap_or(0))
}

fn number(value: &Value) -> i32 {
    value.as_i64().and_then(|number| number.try_into().ok()).unwrap_or(0)
}

fn count(value: &Value) -> u32 {
    value.as_u64().and_then(|number| number.try_into().ok()).unwrap_or(0)
}

/// Adds a resource; returns its position and its service.
fn resource(view: &mut TraceView, group: &Value) -> (u32, Option<String>) {
    let attributes = attributes(&group["resource"]);
    let service = attributes.iter().find(|row| row.key == "service.name").map(|row| row.value.clone());
    let position = u32::try_from(view.resources.len()).unwrap();
    view.resources.push(ResourceView { attributes, ..ResourceView::default() });
    (position, service)
}

fn attributes(owner: &Value) -> Vec<AttributeRow> {
    list(&owner["attributes"]).iter().map(attribute).collect()
}

fn attribute(row: &Value) -> AttributeRow {
    let (value, value_type) = any(&row["value"]);
    AttributeRow { key: text(&row["key"]), value: value.display(), value_type }
}

fn any(value: &Value) -> (AttributeValue, ValueType) {
    let Some((kind, value)) = value.as_object().and_then(|members| members.iter().next()) else {
        return (AttributeValue::Empty, ValueType::Empty);
    };
    match kind.as_str() {
        "stringValue" => (AttributeValue::String(text(value)), ValueType::String),
        "boolValue" => (AttributeValue::Bool(value.as_bool().unwrap()), ValueType::Bool),
        "intValue" => (AttributeValue::Int(text(value).parse().unwrap()), ValueType::Int),
        "doubleValue" => (AttributeValue::Double(value.as_f64().unwrap()), ValueType::Double),
        other => panic!("the stories use no {other}"),
    }
}

fn span(item: &Value, resource: u32, service_name: Option<String>) -> SpanRow {
    let (start, end) = (nanos(&item["startTimeUnixNano"]), nanos(&item["endTimeUnixNano"]));
    SpanRow {
        span_id: text(&item["spanId"]),
        parent_span_id: item["parentSpanId"].as_str().map(str::to_owned),
        name: text(&item["name"]),
        kind: number(&item["kind"]),
        start_unix_nano: start,
        duration_ns: SignedNanos(end.0.cast_signed() - start.0.cast_signed()),
        status_code: number(&item["status"]["code"]),
        status_message: text(&item["status"]["message"]),
        service_name,
        attributes: attributes(item),
        events: list(&item["events"]).iter().map(event).collect(),
        links: list(&item["links"]).iter().map(link).collect(),
        resource,
        flags: count(&item["flags"]),
        dropped_attributes_count: count(&item["droppedAttributesCount"]),
        dropped_events_count: count(&item["droppedEventsCount"]),
        dropped_links_count: count(&item["droppedLinksCount"]),
        ..SpanRow::default()
    }
}

fn event(item: &Value) -> EventRow {
    EventRow {
        time_unix_nano: nanos(&item["timeUnixNano"]),
        name: text(&item["name"]),
        attributes: attributes(item),
        dropped_attributes_count: 0,
    }
}

fn link(item: &Value) -> LinkRow {
    LinkRow { trace_id: text(&item["traceId"]), span_id: text(&item["spanId"]), ..LinkRow::default() }
}

fn log(item: &Value, resource: u32, service_name: Option<String>) -> LogRow {
    let (body, body_type) = any(&item["body"]);
    LogRow {
        time_unix_nano: nanos(&item["timeUnixNano"]),
        severity_number: number(&item["severityNumber"]),
        severity_text: text(&item["severityText"]),
        body: body.display(),
        body_type,
        span_id: item["spanId"].as_str().map(str::to_owned),
        service_name,
        attributes: attributes(item),
        resource,
        ..LogRow::default()
    }
}
