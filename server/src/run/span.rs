//! The run's own span: the root of everything that takes up `TRACEPARENT`.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use telltale_signals::results::RunFacts;

use super::identity::Identity;

/// Returns the export request that records the run.
pub(super) fn request(identity: &Identity, facts: &RunFacts) -> Bytes {
    let command = facts.command.first().map_or("run", String::as_str);
    let name = command.rsplit('/').next().unwrap_or(command).to_owned();
    let result = if facts.exit_code == 0 { "success" } else { "failure" };
    let arguments = facts.command.iter().map(|argument| AnyValue { value: Some(Value::StringValue(argument.clone())) });
    let status = (facts.exit_code != 0)
        .then(|| Status { code: 2, message: format!("{name} ended with exit code {}", facts.exit_code) });
    let span = Span {
        trace_id: bytes(&identity.trace_id),
        span_id: bytes(&identity.span_id),
        name,
        kind: 1,
        start_time_unix_nano: facts.start_unix_nano,
        end_time_unix_nano: facts.end_unix_nano,
        attributes: vec![
            pair("process.command_args", Value::ArrayValue(ArrayValue { values: arguments.collect() })),
            pair("process.exit.code", Value::IntValue(i64::from(facts.exit_code))),
            pair("cicd.pipeline.result", Value::StringValue(result.to_owned())),
            pair("telltale.run.id", Value::StringValue(identity.run_id.clone())),
        ],
        status,
        flags: 1,
        ..Span::default()
    };
    let service = pair("service.name", Value::StringValue(telltale_signals::runs::summary::OWN_SERVICE.to_owned()));
    let others = identity.attributes.iter().map(|(key, value)| pair(key, Value::StringValue(value.clone())));
    let scope = InstrumentationScope {
        name: "telltale".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let resource_spans = ResourceSpans {
        resource: Some(Resource {
            attributes: std::iter::once(service).chain(others).collect(),
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec().into()
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// The bytes of our own hex.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter_map(telltale_model::id::hex_digit).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect()
}
