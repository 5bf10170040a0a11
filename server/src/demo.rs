//! What `telltale demo` sends: a shop with its faults over the last ten minutes, and a worker that really works.
//!
//! The shop is made up; the worker's spans, logs and numbers are measured. Each request is one OTLP payload of a signal.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use telltale_model::SignalKind;

pub(crate) mod shop;
pub(crate) mod worker;

/// One payload.
pub(crate) type Payload = (SignalKind, Vec<u8>);

pub(crate) const MILLI: u64 = 1_000_000;

/// Random numbers that need not be secret, such as ids and jitter.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (splitmix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn trace_id(&mut self) -> Vec<u8> {
        [self.next().to_be_bytes(), (self.next() | 1).to_be_bytes()].concat()
    }

    pub(crate) fn span_id(&mut self) -> Vec<u8> {
        (self.next() | 1).to_be_bytes().to_vec()
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

pub(crate) fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

pub(crate) fn resource(service: &str, version: &str) -> Option<Resource> {
    let attributes = vec![
        text("service.name", service),
        text("service.version", version),
        text("service.instance.id", &format!("{service}-1")),
        text("deployment.environment.name", "demo"),
        text("telemetry.sdk.name", "telltale-demo"),
        text("telemetry.sdk.language", "rust"),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

pub(crate) fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "telltale.demo".to_owned(), ..InstrumentationScope::default() })
}

pub(crate) fn spans(service: &str, version: &str, spans: Vec<Span>) -> Payload {
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: resource(service, version), scope_spans, ..ResourceSpans::default() }];
    (SignalKind::Traces, ExportTraceServiceRequest { resource_spans }.encode_to_vec())
}

pub(crate) fn logs(service: &str, version: &str, log_records: Vec<LogRecord>) -> Payload {
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: resource(service, version), scope_logs, ..ResourceLogs::default() }];
    (SignalKind::Logs, ExportLogsServiceRequest { resource_logs }.encode_to_vec())
}

/// A log record within a span.
pub(crate) fn log(span: &Span, time: u64, (level, number): (&str, i32), body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_text: level.to_owned(),
        severity_number: number,
        body: Some(AnyValue { value: Some(Value::StringValue(body.to_owned())) }),
        trace_id: span.trace_id.clone(),
        span_id: span.span_id.clone(),
        ..LogRecord::default()
    }
}

pub(crate) const INFO: (&str, i32) = ("INFO", 9);
pub(crate) const WARN: (&str, i32) = ("WARN", 13);
pub(crate) const ERROR: (&str, i32) = ("ERROR", 17);

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_storage::{Options, Storage};

    /// Every payload is stored whole, and nothing about it is odd.
    #[tokio::test]
    async fn what_the_demo_sends_is_stored_without_an_oddity() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(Options::new(folder.path())).unwrap();
        let now = 1_767_323_045_000_000_000;
        let mut payloads = shop::history(&mut Random::new(7), now);
        payloads.extend(worker::wake(&mut Random::new(8), 1, folder.path()).unwrap().payloads);
        let mut kinds = std::collections::BTreeSet::new();
        for (signal, payload) in payloads {
            let appended = storage.append(signal, payload.into()).await.unwrap();
            assert_eq!((appended.rejected, appended.issues.len()), (0, 0), "{:?}", appended.issues);
            assert!(appended.accepted > 0);
            kinds.insert(signal.name());
        }
        assert_eq!(kinds.len(), 3, "each signal is among it: {kinds:?}");
    }
}
