//! Jaeger's traces: `{traceID, spans, processes}`, as the query API answers and the pages download them.
//!
//! Tags keep their types, logs become span events, the first reference to a span of the same trace becomes the parent and
//! the others become links, the process becomes the resource. What OTLP has a field for (kind, status, scope, tracestate)
//! moves there and is no attribute any more, as Jaeger's own translation has it.

use std::collections::HashMap;

use base64::Engine as _;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};
use serde_json::Value;

use super::convert::{
    BASE64, Object, Reason, any_value, attribute, id, micros, optional_id, otlp, quoted, text, text_attribute,
};
use super::document::Document;
use super::found::{Format, Place};
use super::out::{Envelope, Out};
use super::scan::Member;

/// Reads one trace.
pub(super) fn trace(document: &mut Document<'_, '_>, parts: &[Member<'_>], path: &str) {
    let find = |key: &str| parts.iter().find(|part| part.key == key);
    let processes = find("processes").and_then(|part| {
        let path = document.inside(path, "processes");
        document.parse::<Option<HashMap<String, Value>>>(&part.value, &path)
    });
    let processes = processes.flatten().unwrap_or_default();
    let Some(spans) = find("spans") else { return };
    let path = document.inside(path, "spans");
    if document.bytes(&spans.value).first() != Some(&b'[') {
        let place = document.place(spans.value.start, &path);
        return document.out.fault(place, "the spans are no list");
    }
    document.elements(&spans.value, &path, |document, range, path| {
        document.convert(&range, &path, |object, out, place| span(object, &processes, out, place));
    });
}

/// Converts one span.
fn span(object: &Object, processes: &HashMap<String, Value>, out: &mut Out<'_>, place: &Place) -> Result<(), Reason> {
    let mut span = Span {
        trace_id: id::<16>(object.get("traceID"), "traceID")?,
        span_id: id::<8>(object.get("spanID"), "spanID")?,
        parent_span_id: optional_id::<8>(object.get("parentSpanID"), "parentSpanID")?,
        name: text(object, "operationName").unwrap_or_default().to_owned(),
        flags: object
            .get("flags")
            .and_then(Value::as_u64)
            .and_then(|flags| u32::try_from(flags & 0xff).ok())
            .unwrap_or(0),
        ..Span::default()
    };
    span.start_time_unix_nano = micros(object.get("startTime").unwrap_or(&Value::Null), "startTime")?;
    let duration_ns = object.get("duration").map_or(Ok(0), |value| micros(value, "duration"))?;
    span.end_time_unix_nano = span.start_time_unix_nano.saturating_add(duration_ns);
    references(object, &mut span)?;
    for (at, entry) in list(object, "logs", "logs")?.iter().enumerate() {
        span.events.push(event(entry, &format!("logs[{at}]"))?);
    }
    let mut envelope = process(object, processes)?;
    span.attributes = key_values(list(object, "tags", "tags")?, "tags")?;
    take_fields(&mut span, &mut envelope);
    let warnings = list(object, "warnings", "warnings")?;
    if !warnings.is_empty() {
        span.attributes.push(attribute("jaeger.warnings", any_value(&Value::from(warnings.to_vec()))));
    }
    out.span(Format::Jaeger, envelope, span, place);
    Ok(())
}

/// Returns a list; none and null are empty.
fn list<'a>(object: &'a Object, key: &str, path: &str) -> Result<&'a [Value], Reason> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(other) => Err(Reason::new(path, format!("{} is no list", quoted(other.to_string().as_bytes())))),
    }
}

fn as_object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, Reason> {
    value.as_object().ok_or_else(|| Reason::new(path, format!("{} is no object", quoted(value.to_string().as_bytes()))))
}

/// Turns references into the parent and links.
fn references(object: &Object, span: &mut Span) -> Result<(), Reason> {
    let mut read = Vec::new();
    for (at, value) in list(object, "references", "references")?.iter().enumerate() {
        let path = format!("references[{at}]");
        let reference = as_object(value, &path)?;
        let trace_id = id::<16>(reference.get("traceID"), &format!("{path}.traceID"))?;
        let span_id = id::<8>(reference.get("spanID"), &format!("{path}.spanID"))?;
        read.push((text(reference, "refType").unwrap_or("CHILD_OF").to_owned(), trace_id, span_id));
    }
    let is_here = |trace_id: &Vec<u8>| *trace_id == span.trace_id;
    let child_of = read.iter().position(|(kind, trace, _span)| kind == "CHILD_OF" && is_here(trace));
    let parent = child_of.or_else(|| read.iter().position(|(_kind, trace, _span)| is_here(trace)));
    for (at, (kind, trace_id, span_id)) in read.into_iter().enumerate() {
        if Some(at) == parent && span.parent_span_id.is_empty() {
            span.parent_span_id = span_id;
            continue;
        }
        if Some(at) == parent && span.parent_span_id == span_id {
            continue;
        }
        let attributes = vec![text_attribute("opentracing.ref_type", kind.to_ascii_lowercase())];
        span.links.push(Link { trace_id, span_id, attributes, ..Link::default() });
    }
    Ok(())
}

/// Turns a log into a span event; its field `event` is the name.
fn event(value: &Value, path: &str) -> Result<Event, Reason> {
    let object = as_object(value, path)?;
    let time_unix_nano = micros(object.get("timestamp").unwrap_or(&Value::Null), &format!("{path}.timestamp"))?;
    let mut attributes = key_values(list(object, "fields", path)?, &format!("{path}.fields"))?;
    let name = take_text(&mut attributes, "event").unwrap_or_else(|| "log".to_owned());
    Ok(Event { time_unix_nano, name, attributes, ..Event::default() })
}

/// Returns the resource that a span's process is.
fn process(object: &Object, processes: &HashMap<String, Value>) -> Result<Envelope, Reason> {
    let named = text(object, "processID").and_then(|name| processes.get(name));
    let found = match object.get("process") {
        Some(Value::Object(process)) => Some(process),
        _ => named.and_then(Value::as_object),
    };
    let mut envelope = Envelope::default();
    let Some(process) = found else { return Ok(envelope) };
    if let Some(service) = text(process, "serviceName").filter(|name| !name.is_empty()) {
        envelope.resource.attributes.push(text_attribute("service.name", service));
    }
    let tags = key_values(list(process, "tags", "process.tags")?, "process.tags")?;
    envelope.resource.attributes.extend(tags.into_iter().filter(|tag| tag.key != "service.name").map(|tag| KeyValue {
        // The one name of Jaeger's own clients that has a name in OpenTelemetry's conventions.
        key: if tag.key == "hostname" { "host.name".to_owned() } else { tag.key },
        ..tag
    }));
    Ok(envelope)
}

/// Reads tags with their types.
fn key_values(tags: &[Value], path: &str) -> Result<Vec<KeyValue>, Reason> {
    let read = |(at, tag): (usize, &Value)| {
        let path = format!("{path}[{at}]");
        let object = as_object(tag, &path)?;
        let key = text(object, "key").ok_or_else(|| Reason::new(format!("{path}.key"), "the key is missing"))?;
        let value = object.get("value").unwrap_or(&Value::Null);
        Ok(attribute(key, typed(text(object, "type").unwrap_or_default(), value, &path)?))
    };
    tags.iter().enumerate().map(read).collect()
}

/// Reads a tag's value: some stores give every value as text beside its type.
fn typed(kind: &str, value: &Value, path: &str) -> Result<AnyValue, Reason> {
    let Value::String(text) = value else {
        return Ok(match (kind, value) {
            // A whole number that is called a float keeps its type.
            ("float64" | "double", Value::Number(number)) => {
                otlp(OtlpValue::DoubleValue(number.as_f64().unwrap_or(0.0)))
            }
            _ => any_value(value),
        });
    };
    let parsed = match kind {
        "bool" => text.parse().ok().map(OtlpValue::BoolValue),
        "int64" | "int" | "long" => text.parse().ok().map(OtlpValue::IntValue),
        "float64" | "double" => text.parse().ok().map(OtlpValue::DoubleValue),
        "binary" => BASE64.decode(text).ok().map(OtlpValue::BytesValue),
        _ => Some(OtlpValue::StringValue(text.clone())),
    };
    parsed
        .map(otlp)
        .ok_or_else(|| Reason::new(format!("{path}.value"), format!("{} is no {kind}", quoted(text.as_bytes()))))
}

/// Removes a text attribute and returns it.
fn take_text(attributes: &mut Vec<KeyValue>, key: &str) -> Option<String> {
    let is_text = |pair: &KeyValue| matches!(pair.value, Some(AnyValue { value: Some(OtlpValue::StringValue(_)) }));
    let at = attributes.iter().position(|pair| pair.key == key && is_text(pair))?;
    match attributes.remove(at).value?.value? {
        OtlpValue::StringValue(text) => Some(text),
        _ => None,
    }
}

/// Moves tags into the fields that OTLP has for them.
fn take_fields(span: &mut Span, envelope: &mut Envelope) {
    let tags = &mut span.attributes;
    span.kind = match take_text(tags, "span.kind").as_deref() {
        Some("internal") => 1,
        Some("server") => 2,
        Some("client") => 3,
        Some("producer") => 4,
        Some("consumer") => 5,
        Some(other) => {
            tags.push(text_attribute("span.kind", other));
            0
        }
        None => 0,
    };
    for (name, version) in [("otel.scope.name", "otel.scope.version"), ("otel.library.name", "otel.library.version")] {
        if let Some(name) = take_text(tags, name) {
            envelope.scope.name = name;
        }
        if let Some(version) = take_text(tags, version) {
            envelope.scope.version = version;
        }
    }
    span.trace_state = take_text(tags, "w3c.tracestate").unwrap_or_default();
    span.status = status(tags);
}

/// Returns the status that tags tell. A tag that is a plain flag is gone then; one that says more stays.
pub(super) fn status(tags: &mut Vec<KeyValue>) -> Option<Status> {
    let message = take_text(tags, "otel.status_description").unwrap_or_default();
    let code = match take_text(tags, "otel.status_code").as_deref() {
        Some("ERROR" | "Error" | "error") => Some(StatusCode::Error),
        Some("OK" | "Ok" | "ok") => Some(StatusCode::Ok),
        _ => None,
    };
    let mut failed = false;
    let mut said = String::new();
    tags.retain(|tag| {
        let value = tag.value.as_ref().and_then(|value| value.value.as_ref());
        match (tag.key.as_str(), value) {
            ("error", Some(OtlpValue::BoolValue(flag))) => {
                failed |= *flag;
                false
            }
            ("error", Some(OtlpValue::StringValue(text))) => match text.as_str() {
                "true" | "" => {
                    failed = true;
                    false
                }
                "false" => false,
                text => {
                    failed = true;
                    text.clone_into(&mut said);
                    true
                }
            },
            _ => true,
        }
    });
    let code = code.or(failed.then_some(StatusCode::Error));
    let message = if message.is_empty() { said } else { message };
    match code {
        Some(code) => Some(Status { message, code: code.into() }),
        None if message.is_empty() => None,
        None => Some(Status { message, code: 0 }),
    }
}
