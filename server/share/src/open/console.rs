//! What Python's `ConsoleSpanExporter` and `ConsoleLogExporter` print: JSON with `0x…` ids, `SpanKind.SERVER` and RFC 3339.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::Value;

use super::convert::{Object, Reason, any_value, attributes, id, optional_id, rfc3339, text};
use super::found::{Format, Place};
use super::out::{Envelope, Out};

/// Converts one span.
pub(super) fn span(object: &Object, out: &mut Out<'_>, place: &Place) -> Result<(), Reason> {
    let context = object.get("context").and_then(Value::as_object);
    let context = context.ok_or_else(|| Reason::new("context", "this is no span context"))?;
    let span = Span {
        trace_id: id::<16>(context.get("trace_id"), "context.trace_id")?,
        span_id: id::<8>(context.get("span_id"), "context.span_id")?,
        trace_state: trace_state(text(context, "trace_state").unwrap_or_default()),
        parent_span_id: optional_id::<8>(object.get("parent_id"), "parent_id")?,
        name: text(object, "name").unwrap_or_default().to_owned(),
        kind: kind(text(object, "kind").unwrap_or_default()),
        start_time_unix_nano: rfc3339(object.get("start_time"), "start_time")?,
        end_time_unix_nano: rfc3339(object.get("end_time"), "end_time")?,
        attributes: member_attributes(object),
        events: each(object, "events", event)?,
        links: each(object, "links", link)?,
        status: status(object),
        ..Span::default()
    };
    out.span(Format::Console, envelope(object), span, place);
    Ok(())
}

/// Converts one log record.
pub(super) fn log(object: &Object, out: &mut Out<'_>, place: &Place) -> Result<(), Reason> {
    let flags = object.get("trace_flags").and_then(Value::as_u64).and_then(|flags| u32::try_from(flags).ok());
    let dropped = object.get("dropped_attributes").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
    let record = LogRecord {
        time_unix_nano: rfc3339(object.get("timestamp"), "timestamp")?,
        observed_time_unix_nano: rfc3339(object.get("observed_timestamp"), "observed_timestamp")?,
        severity_number: severity(object.get("severity_number")),
        severity_text: text(object, "severity_text").unwrap_or_default().to_owned(),
        body: object.get("body").filter(|body| !body.is_null()).map(any_value),
        attributes: member_attributes(object),
        dropped_attributes_count: dropped.unwrap_or(0),
        flags: flags.unwrap_or(0),
        trace_id: optional_id::<16>(object.get("trace_id"), "trace_id")?,
        span_id: optional_id::<8>(object.get("span_id"), "span_id")?,
        event_name: text(object, "event_name").unwrap_or_default().to_owned(),
    };
    out.log(Format::Console, envelope(object), record, place);
    Ok(())
}

fn member_attributes(object: &Object) -> Vec<opentelemetry_proto::tonic::common::v1::KeyValue> {
    object.get("attributes").and_then(Value::as_object).map(attributes).unwrap_or_default()
}

/// The resource: today an object with `attributes`, in older versions the attributes themselves.
fn envelope(object: &Object) -> Envelope {
    let mut envelope = Envelope::default();
    if let Some(resource) = object.get("resource").and_then(Value::as_object) {
        let inner = resource.get("attributes").and_then(Value::as_object);
        envelope.resource.attributes = attributes(inner.unwrap_or(resource));
        if inner.is_some() {
            text(resource, "schema_url").unwrap_or_default().clone_into(&mut envelope.schema_url);
        }
    }
    envelope
}

/// Converts every item of a list; none and null are empty.
fn each<T>(object: &Object, key: &str, convert: fn(&Object, &str) -> Result<T, Reason>) -> Result<Vec<T>, Reason> {
    let items = object.get(key).and_then(Value::as_array);
    let read = |(at, value): (usize, &Value)| {
        let path = format!("{key}[{at}]");
        let object = value.as_object().ok_or_else(|| Reason::new(path.as_str(), "this is no object"))?;
        convert(object, &path)
    };
    items.into_iter().flatten().enumerate().map(read).collect()
}

fn event(object: &Object, path: &str) -> Result<Event, Reason> {
    Ok(Event {
        time_unix_nano: rfc3339(object.get("timestamp"), &format!("{path}.timestamp"))?,
        name: text(object, "name").unwrap_or_default().to_owned(),
        attributes: member_attributes(object),
        ..Event::default()
    })
}

fn link(object: &Object, path: &str) -> Result<Link, Reason> {
    let context = object.get("context").and_then(Value::as_object);
    let context = context.ok_or_else(|| Reason::new(format!("{path}.context"), "this is no span context"))?;
    Ok(Link {
        trace_id: id::<16>(context.get("trace_id"), &format!("{path}.context.trace_id"))?,
        span_id: id::<8>(context.get("span_id"), &format!("{path}.context.span_id"))?,
        trace_state: trace_state(text(context, "trace_state").unwrap_or_default()),
        attributes: member_attributes(object),
        ..Link::default()
    })
}

/// `SpanKind.SERVER` → 2.
fn kind(text: &str) -> i32 {
    match text.strip_prefix("SpanKind.").unwrap_or(text) {
        "INTERNAL" => 1,
        "SERVER" => 2,
        "CLIENT" => 3,
        "PRODUCER" => 4,
        "CONSUMER" => 5,
        _ => 0,
    }
}

fn status(object: &Object) -> Option<Status> {
    let status = object.get("status").and_then(Value::as_object)?;
    let code = match text(status, "status_code").unwrap_or_default() {
        "OK" | "StatusCode.OK" => 1,
        "ERROR" | "StatusCode.ERROR" => 2,
        _ => 0,
    };
    let message = text(status, "description").unwrap_or_default().to_owned();
    (code != 0 || !message.is_empty()).then_some(Status { message, code })
}

/// `13`, or `<SeverityNumber.WARN: 13>` as some versions print it.
fn severity(value: Option<&Value>) -> i32 {
    match value {
        Some(Value::Number(number)) => number.as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or(0),
        Some(Value::String(text)) => text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0),
        _ => 0,
    }
}

/// `["{key=vendor, value=1}"]` as Python prints it → `vendor=1`; `[]` → nothing.
fn trace_state(printed: &str) -> String {
    let pairs = printed.split("{key=").skip(1).filter_map(|pair| {
        let (key, rest) = pair.split_once(", value=")?;
        Some(format!("{key}={}", rest.split('}').next().unwrap_or_default()))
    });
    pairs.collect::<Vec<_>>().join(",")
}
