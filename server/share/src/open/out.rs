//! Gathers what readers find into export requests of a fair size.
//!
//! Requests of one signal are put together up to [`PART_BYTES`], since each append costs a disk flush; converted records are
//! grouped by resource and scope, as an exporter would have sent them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use prost::Message as _;
use telltale_model::SignalKind;

use super::found::{Fault, Format, Found, Part, Payload, Place, Skipped};
use crate::limits::{PART_BYTES, PART_ITEMS};

/// Where records of a format belong.
#[derive(Debug, Clone, Default)]
pub(super) struct Envelope {
    pub(super) resource: Resource,
    pub(super) schema_url: String,
    pub(super) scope: InstrumentationScope,
}

/// The receiver of everything that is found.
pub(super) struct Out<'a> {
    sink: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    stopped: bool,
    entry: Option<String>,
    /// Envelopes in JSON, by signal and format.
    json: Vec<Gathered>,
    spans: Groups<ResourceSpans>,
    logs: Groups<ResourceLogs>,
}

/// Envelopes of one request that is being gathered.
struct Gathered {
    signal: SignalKind,
    format: Format,
    elements: Vec<u8>,
    places: Vec<Place>,
}

/// Converted records by envelope.
struct Groups<T> {
    groups: Vec<T>,
    known: HashMap<Vec<u8>, usize>,
    items: usize,
    first: Option<(Format, Place)>,
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self { groups: Vec::new(), known: HashMap::new(), items: 0, first: None }
    }
}

impl<T> Groups<T> {
    /// Returns the group of an envelope, made when it is new.
    fn of(
        &mut self,
        envelope: Envelope,
        format: Format,
        place: &Place,
        make: impl FnOnce(Envelope) -> T,
    ) -> Option<&mut T> {
        self.items += 1;
        self.first.get_or_insert_with(|| (format, place.clone()));
        let mut key = envelope.resource.encode_length_delimited_to_vec();
        key.extend(envelope.scope.encode_length_delimited_to_vec());
        key.extend(envelope.schema_url.as_bytes());
        let at = *self.known.entry(key).or_insert(self.groups.len());
        if at == self.groups.len() {
            self.groups.push(make(envelope));
        }
        self.groups.get_mut(at)
    }
}

impl<'a> Out<'a> {
    pub(super) fn new(sink: &'a mut dyn FnMut(Found) -> ControlFlow<()>) -> Self {
        Self { sink, stopped: false, entry: None, json: Vec::new(), spans: Groups::default(), logs: Groups::default() }
    }

    /// Whether nobody wants more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The archive's entry that is being read.
    pub(super) fn entry(&self) -> Option<String> {
        self.entry.clone()
    }

    pub(super) fn enter(&mut self, entry: String) {
        self.entry = Some(entry);
    }

    pub(super) fn leave(&mut self, outer: Option<String>) {
        self.entry = outer;
    }

    pub(super) fn fault(&mut self, place: Place, reason: impl Into<String>) {
        self.send(Found::Fault(Fault { place, reason: reason.into() }));
    }

    pub(super) fn skipped(&mut self, place: Place, reason: impl Into<String>) {
        self.send(Found::Skipped(Skipped { place, reason: reason.into() }));
    }

    /// Something that is no telemetry: in an archive it is one file among others, alone it is a fault.
    pub(super) fn unknown(&mut self, place: Place, reason: &str) {
        if self.entry.is_some() { self.skipped(place, reason) } else { self.fault(place, reason) }
    }

    /// Adds one envelope in OTLP/JSON.
    pub(super) fn json(&mut self, signal: SignalKind, format: Format, element: &[u8], place: Place) {
        let known = self.json.iter().position(|one| one.signal == signal && one.format == format);
        let at = known.unwrap_or(self.json.len());
        if known.is_none() {
            self.json.push(Gathered { signal, format, elements: Vec::new(), places: Vec::new() });
        }
        let Some(gathered) = self.json.get_mut(at) else { return };
        if !gathered.elements.is_empty() {
            gathered.elements.push(b',');
        }
        gathered.elements.extend_from_slice(element);
        gathered.places.push(place);
        if gathered.elements.len() >= PART_BYTES {
            let full = self.json.swap_remove(at);
            self.send_json(full);
        }
    }

    /// Adds a whole request in protobuf.
    pub(super) fn protobuf(&mut self, signal: SignalKind, request: Vec<u8>, place: Place) {
        let (payload, places) = (Payload::Protobuf(request), vec![place]);
        self.send(Found::Part(Part { signal, payload, format: Format::OtlpProtobuf, places }));
    }

    /// Adds a converted span.
    pub(super) fn span(&mut self, format: Format, envelope: Envelope, span: Span, place: &Place) {
        let make = |envelope: Envelope| ResourceSpans {
            resource: Some(envelope.resource),
            scope_spans: vec![ScopeSpans { scope: Some(envelope.scope), ..ScopeSpans::default() }],
            schema_url: envelope.schema_url,
        };
        let group = self.spans.of(envelope, format, place, make).and_then(|group| group.scope_spans.first_mut());
        if let Some(scope) = group {
            scope.spans.push(span);
        }
        if self.spans.items >= PART_ITEMS {
            self.flush_spans();
        }
    }

    /// Adds a converted log record.
    pub(super) fn log(&mut self, format: Format, envelope: Envelope, record: LogRecord, place: &Place) {
        let make = |envelope: Envelope| ResourceLogs {
            resource: Some(envelope.resource),
            scope_logs: vec![ScopeLogs { scope: Some(envelope.scope), ..ScopeLogs::default() }],
            schema_url: envelope.schema_url,
        };
        let group = self.logs.of(envelope, format, place, make).and_then(|group| group.scope_logs.first_mut());
        if let Some(scope) = group {
            scope.log_records.push(record);
        }
        if self.logs.items >= PART_ITEMS {
            self.flush_logs();
        }
    }

    /// Hands out what is still being gathered.
    pub(super) fn flush(&mut self) {
        for gathered in std::mem::take(&mut self.json) {
            self.send_json(gathered);
        }
        self.flush_spans();
        self.flush_logs();
    }

    fn flush_spans(&mut self) {
        let Groups { groups, first, .. } = std::mem::take(&mut self.spans);
        if let Some((format, place)) = first {
            let bytes = TracesData { resource_spans: groups }.encode_to_vec();
            self.send_converted(SignalKind::Traces, bytes, format, place);
        }
    }

    fn flush_logs(&mut self) {
        let Groups { groups, first, .. } = std::mem::take(&mut self.logs);
        if let Some((format, place)) = first {
            let bytes = LogsData { resource_logs: groups }.encode_to_vec();
            self.send_converted(SignalKind::Logs, bytes, format, place);
        }
    }

    fn send_converted(&mut self, signal: SignalKind, bytes: Vec<u8>, format: Format, place: Place) {
        let payload = Payload::Protobuf(bytes);
        self.send(Found::Part(Part { signal, payload, format, places: vec![place] }));
    }

    fn send_json(&mut self, gathered: Gathered) {
        let name = match gathered.signal {
            SignalKind::Traces => "resourceSpans",
            SignalKind::Metrics => "resourceMetrics",
            SignalKind::Logs => "resourceLogs",
        };
        let mut bytes = format!("{{\"{name}\":[").into_bytes();
        bytes.extend_from_slice(&gathered.elements);
        bytes.extend_from_slice(b"]}");
        let Gathered { signal, format, places, .. } = gathered;
        self.send(Found::Part(Part { signal, payload: Payload::Json(bytes), format, places }));
    }

    fn send(&mut self, found: Found) {
        if !self.stopped {
            self.stopped = (self.sink)(found).is_break();
        }
    }
}
