//! Zipkin's v2 spans, as lists or lists of traces.
//!
//! The local endpoint becomes the resource's service and the span's `network.local.*`, the remote one `peer.service` and
//! `network.peer.*`; annotations become events; tags are texts, as Zipkin has them; the tag `error` is the status. A span
//! that client and server share keeps its id and says so (`zipkin.shared`): two halves of one id are a finding.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use serde_json::Value;

use super::convert::{
    Object, Reason, any_value, attribute, id, micros, optional_id, otlp, quoted, text, text_attribute,
};
use super::found::{Format, Place};
use super::jaeger::status;
use super::out::{Envelope, Out};

/// Converts one span.
pub(super) fn span(object: &Object, out: &mut Out<'_>, place: &Place) -> Result<(), Reason> {
    let start_time_unix_nano = object.get("timestamp").map_or(Ok(0), |value| micros(value, "timestamp"))?;
    let duration_ns = object.get("duration").map_or(Ok(0), |value| micros(value, "duration"))?;
    let mut span = Span {
        trace_id: id::<16>(object.get("traceId"), "traceId")?,
        span_id: id::<8>(object.get("id"), "id")?,
        parent_span_id: optional_id::<8>(object.get("parentId"), "parentId")?,
        name: text(object, "name").unwrap_or_default().to_owned(),
        kind: kind(object)?,
        start_time_unix_nano,
        end_time_unix_nano: start_time_unix_nano.saturating_add(duration_ns),
        events: events(object)?,
        ..Span::default()
    };
    let tags = object.get("tags").and_then(Value::as_object);
    span.attributes =
        tags.into_iter().flatten().map(|(key, value)| attribute(key.as_str(), any_value(value))).collect();
    span.status = status(&mut span.attributes);
    let mut envelope = Envelope::default();
    for (key, names) in [
        ("localEndpoint", ["service.name", "network.local.address", "network.local.port"]),
        ("remoteEndpoint", ["peer.service", "network.peer.address", "network.peer.port"]),
    ] {
        let Some(endpoint) = object.get(key).and_then(Value::as_object) else { continue };
        let mut found = endpoint_attributes(endpoint, names);
        if key == "localEndpoint" {
            envelope.resource.attributes.extend(found.extract_if(.., |pair| pair.key == "service.name"));
        }
        span.attributes.extend(found);
    }
    for flag in ["shared", "debug"] {
        if object.get(flag).and_then(Value::as_bool) == Some(true) {
            span.attributes.push(attribute(format!("zipkin.{flag}"), otlp(OtlpValue::BoolValue(true))));
        }
    }
    out.span(Format::Zipkin, envelope, span, place);
    Ok(())
}

fn kind(object: &Object) -> Result<i32, Reason> {
    match object.get("kind") {
        None | Some(Value::Null) => Ok(1),
        Some(Value::String(kind)) => match kind.as_str() {
            "SERVER" => Ok(2),
            "CLIENT" => Ok(3),
            "PRODUCER" => Ok(4),
            "CONSUMER" => Ok(5),
            other => Err(Reason::new("kind", format!("{} is no kind of span", quoted(other.as_bytes())))),
        },
        Some(other) => Err(Reason::new("kind", format!("{other} is no kind of span"))),
    }
}

fn events(object: &Object) -> Result<Vec<Event>, Reason> {
    let annotations = object.get("annotations").and_then(Value::as_array);
    let read = |(at, value): (usize, &Value)| {
        let path = format!("annotations[{at}]");
        let annotation = value.as_object().ok_or_else(|| Reason::new(path.as_str(), "this is no annotation"))?;
        let time = annotation.get("timestamp").unwrap_or(&Value::Null);
        Ok(Event {
            time_unix_nano: micros(time, &format!("{path}.timestamp"))?,
            name: text(annotation, "value").unwrap_or_default().to_owned(),
            ..Event::default()
        })
    };
    annotations.into_iter().flatten().enumerate().map(read).collect()
}

/// Returns service, address and port of an endpoint under the given names.
fn endpoint_attributes(endpoint: &Object, [service, address, port]: [&str; 3]) -> Vec<KeyValue> {
    let filled = |key| text(endpoint, key).filter(|text| !text.is_empty());
    let mut out = Vec::new();
    out.extend(filled("serviceName").map(|name| text_attribute(service, name)));
    out.extend(filled("ipv4").or_else(|| filled("ipv6")).map(|ip| text_attribute(address, ip)));
    let number = endpoint.get("port").and_then(Value::as_i64).filter(|number| *number != 0);
    out.extend(number.map(|number| attribute(port, otlp(OtlpValue::IntValue(number)))));
    out
}
