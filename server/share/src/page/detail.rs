//! Everything that is known of one span: attributes, events, logs, links, resource.

use std::fmt::Write as _;

use telltale_api::trace::{AttributeRow, EventRow, LinkRow, LogRow, SpanRow, TraceView};
use telltale_model::{SpanKind, StatusCode};
use telltale_story::format::{duration, offset};
use telltale_story::outline::Item;
use telltale_story::story::level;

use super::markup::text;

/// Attributes whose values are shown as blocks: statements, plans and stacks have lines.
const BLOCKS: [&str; 3] = ["db.query.text", "db.statement", "exception.stacktrace"];

pub(super) fn span(
    out: &mut String,
    view: &TraceView,
    span: &SpanRow,
    notes: &[(u64, Item)],
    start_unix_nano: u64,
    self_time_ns: i64,
) {
    let after =
        |unix_nano: u64| offset(i64::try_from(i128::from(unix_nano) - i128::from(start_unix_nano)).unwrap_or(0));
    let _infallible = write!(
        out,
        "<div class=\"detail\"><p>{} · span <code>{}</code> · {} · {}, self {} · status {}{}</p>",
        SpanKind::from_otlp(span.kind).name(),
        text(&span.span_id),
        after(span.start_unix_nano.0),
        duration(span.duration_ns.0),
        duration(self_time_ns),
        StatusCode::from_otlp(span.status_code).name(),
        if span.status_message.is_empty() { String::new() } else { format!(": {}", text(&span.status_message)) },
    );
    table(out, "Attributes", &span.attributes);
    for (_time, item) in notes {
        match item {
            Item::Event(_span, at) => {
                let event = usize::try_from(*at).ok().and_then(|at| span.events.get(at));
                event.iter().for_each(|event| self::event(out, event, &after(event.time_unix_nano.0)));
            }
            Item::Log(at) => {
                let log = usize::try_from(*at).ok().and_then(|at| view.logs.get(at));
                log.iter().for_each(|log| self::log(out, log, &after(log.time_unix_nano.0)));
            }
            Item::Span(_) => {}
        }
    }
    span.links.iter().for_each(|link| self::link(out, link));
    let resource = usize::try_from(span.resource).ok().and_then(|at| view.resources.get(at));
    if let Some(resource) = resource {
        table(out, "Resource", &resource.attributes);
    }
    dropped(out, span);
    out.push_str("</div>");
}

fn table(out: &mut String, title: &str, attributes: &[AttributeRow]) {
    if attributes.is_empty() {
        return;
    }
    let _infallible = write!(out, "<table class=\"kv\"><caption>{title}</caption><tbody>");
    for row in attributes {
        let is_block = BLOCKS.contains(&row.key.as_str()) || row.value.contains('\n');
        let tag = if is_block { "pre" } else { "code" };
        let (key, value) = (text(&row.key), text(&row.value));
        let _infallible = write!(out, "<tr><th scope=\"row\">{key}</th><td><{tag}>{value}</{tag}></td></tr>");
    }
    out.push_str("</tbody></table>");
}

fn event(out: &mut String, event: &EventRow, after: &str) {
    let _infallible = write!(
        out,
        "<p class=\"note\"><span class=\"num\">{after}</span> event <strong>{}</strong></p>",
        text(&event.name)
    );
    table(out, "Event", &event.attributes);
}

fn log(out: &mut String, log: &LogRow, after: &str) {
    let level = level(log.severity_number);
    let _infallible = write!(
        out,
        "<p class=\"note {level}\"><span class=\"num\">{after}</span> log <span class=\"level\">{level}</span> {}</p>",
        text(&log.body)
    );
    table(out, "Log", &log.attributes);
}

fn link(out: &mut String, link: &LinkRow) {
    let _infallible = write!(
        out,
        "<p class=\"note\">link to span <code>{}</code> of trace <code>{}</code></p>",
        text(&link.span_id),
        text(&link.trace_id)
    );
    table(out, "Link", &link.attributes);
}

/// What the sender dropped is as much a fact as what it sent.
fn dropped(out: &mut String, span: &SpanRow) {
    let counts = [
        (span.dropped_attributes_count, "attributes"),
        (span.dropped_events_count, "events"),
        (span.dropped_links_count, "links"),
    ];
    let told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !told.is_empty() {
        let _infallible = write!(out, "<p class=\"muted\">Dropped by the sender: {}</p>", told.join(", "));
    }
}
