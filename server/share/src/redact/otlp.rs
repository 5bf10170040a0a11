//! Every place of OTLP where a text can stand. Ids, times, numbers of enumerations and counts stay as they are.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};

use super::Redactor;
use super::report::{Site, hex};

/// Levels of nested values; the storage's decoder keeps no deeper ones.
const VALUE_DEPTH: usize = 128;

impl Redactor {
    /// Redacts spans in place. Their ids, and those of their links, are remembered first: none of them is ever replaced,
    /// in whatever text it stands.
    pub fn traces(&mut self, data: &mut TracesData) {
        for span in data.resource_spans.iter().flat_map(|resource| &resource.scope_spans).flat_map(|scope| &scope.spans)
        {
            self.remember([&span.trace_id, &span.span_id, &span.parent_span_id]);
            span.links.iter().for_each(|link| self.remember([&link.trace_id, &link.span_id]));
        }
        for resource in &mut data.resource_spans {
            self.resource(resource.resource.as_mut());
            self.text(&mut resource.schema_url, "schema URL", &[]);
            for scope in &mut resource.scope_spans {
                self.scope(scope.scope.as_mut());
                self.text(&mut scope.schema_url, "schema URL", &[]);
                scope.spans.iter_mut().for_each(|span| self.span(span));
            }
        }
    }

    /// Redacts log records in place; their ids stay.
    pub fn logs(&mut self, data: &mut LogsData) {
        for record in data.resource_logs.iter().flat_map(|one| &one.scope_logs).flat_map(|scope| &scope.log_records) {
            self.remember([&record.trace_id, &record.span_id]);
        }
        for resource in &mut data.resource_logs {
            self.resource(resource.resource.as_mut());
            self.text(&mut resource.schema_url, "schema URL", &[]);
            for scope in &mut resource.scope_logs {
                self.scope(scope.scope.as_mut());
                self.text(&mut scope.schema_url, "schema URL", &[]);
                scope.log_records.iter_mut().for_each(|record| self.record(record));
            }
        }
    }

    /// Remembers ids in the spellings that texts have.
    fn remember<const N: usize>(&mut self, ids: [&Vec<u8>; N]) {
        for id in ids.into_iter().filter(|id| !id.is_empty()) {
            let hex = hex(id);
            self.ids.insert(hex.to_uppercase());
            self.ids.insert(hex);
        }
    }

    fn resource(&mut self, resource: Option<&mut Resource>) {
        if let Some(resource) = resource {
            self.attributes(&mut resource.attributes, "resource attribute", &[]);
        }
    }

    fn scope(&mut self, scope: Option<&mut InstrumentationScope>) {
        if let Some(scope) = scope {
            self.text(&mut scope.name, "scope name", &[]);
            self.text(&mut scope.version, "scope version", &[]);
            self.attributes(&mut scope.attributes, "scope attribute", &[]);
        }
    }

    fn span(&mut self, span: &mut Span) {
        let id = span.span_id.clone();
        self.text(&mut span.name, "span name", &id);
        self.text(&mut span.trace_state, "trace state", &id);
        self.attributes(&mut span.attributes, "span attribute", &id);
        for event in &mut span.events {
            self.text(&mut event.name, "event name", &id);
            self.attributes(&mut event.attributes, "event attribute", &id);
        }
        for link in &mut span.links {
            self.text(&mut link.trace_state, "trace state", &id);
            self.attributes(&mut link.attributes, "link attribute", &id);
        }
        if let Some(status) = &mut span.status {
            self.text(&mut status.message, "status message", &id);
        }
    }

    fn record(&mut self, record: &mut LogRecord) {
        let id = record.span_id.clone();
        self.text(&mut record.severity_text, "severity text", &id);
        self.text(&mut record.event_name, "event name", &id);
        self.attributes(&mut record.attributes, "log attribute", &id);
        if let Some(body) = &mut record.body {
            self.value(body, Site { place: "log body", key: "", span_id: &id }, 0);
        }
    }

    fn text(&mut self, text: &mut String, place: &'static str, span_id: &[u8]) {
        if let Some(changed) = self.scrub(text, Site { place, key: "", span_id }) {
            *text = changed;
        }
    }

    fn attributes(&mut self, attributes: &mut [KeyValue], place: &'static str, span_id: &[u8]) {
        for pair in attributes {
            self.pair(pair, place, span_id, 0);
        }
    }

    /// Redacts one attribute: by its key as a whole, else by patterns; the key itself by patterns.
    fn pair(&mut self, pair: &mut KeyValue, place: &'static str, span_id: &[u8], depth: usize) {
        let key = pair.key.clone();
        let site = Site { place, key: &key, span_id };
        if let Some(value) = &mut pair.value {
            let is_number = matches!(value.value, Some(Value::IntValue(_) | Value::DoubleValue(_)));
            let is_flag = matches!(value.value, None | Some(Value::BoolValue(_)));
            match self.rule_of_key(&key, is_number) {
                Some(rule) if !is_flag => {
                    if let Some(token) = self.replace(rule, &written(value), site) {
                        value.value = Some(Value::StringValue(token));
                    }
                }
                _ => self.value(value, site, depth),
            }
        }
        if let Some(changed) = self.scrub(&key, Site { key: "", ..site }) {
            pair.key = changed;
        }
    }

    fn value(&mut self, value: &mut AnyValue, site: Site<'_>, depth: usize) {
        if depth > VALUE_DEPTH {
            // Deeper than anything that is stored: nobody can vouch for it.
            value.value = None;
            return;
        }
        match &mut value.value {
            Some(Value::StringValue(text)) => {
                if let Some(changed) = self.scrub(text, site) {
                    *text = changed;
                }
            }
            Some(Value::BytesValue(bytes)) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                if let Some(changed) = self.scrub(&text, site) {
                    *bytes = changed.into_bytes();
                }
            }
            Some(Value::IntValue(number)) => {
                if let Some(changed) = self.scrub(&number.to_string(), site) {
                    value.value = Some(Value::StringValue(changed));
                }
            }
            Some(Value::ArrayValue(list)) => list.values.iter_mut().for_each(|item| self.value(item, site, depth + 1)),
            Some(Value::KvlistValue(list)) => {
                list.values.iter_mut().for_each(|pair| self.pair(pair, site.place, site.span_id, depth + 1));
            }
            Some(Value::BoolValue(_) | Value::DoubleValue(_) | Value::StringValueStrindex(_)) | None => {}
        }
    }
}

/// Returns a value as one text, so that equal values have equal tokens.
fn written(value: &AnyValue) -> String {
    match &value.value {
        None => String::new(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BytesValue(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(other) => format!("{other:?}"),
    }
}
