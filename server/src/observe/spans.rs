//! Spans as plain values.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use telltale_model::span::{SpanKind, StatusCode};
use telltale_signals::observed::{Span, attributes};
use telltale_storage::encode::{EncodeError, SpanColumns};

use super::resources::Resources;
use crate::http::view::attribute_rows;

/// Appends the spans of a batch.
pub(super) fn read(batch: &RecordBatch, resources: &mut Resources<'_>, out: &mut Vec<Span>) -> Result<(), EncodeError> {
    let spans = SpanColumns::new(batch)?;
    for row in 0..spans.len() {
        let Some(resource) = resources.of_row(spans.tail(), row) else { continue };
        let (code, message) = spans.status(row).unwrap_or_default();
        out.push(Span {
            trace_id: spans.trace_id(row).map(|id| id.to_hex()).unwrap_or_default(),
            span_id: spans.span_id(row).map(|id| id.to_hex()).unwrap_or_default(),
            parent_span_id: spans.parent_span_id(row).map(|id| id.to_hex()),
            name: spans.name(row).to_owned(),
            service: spans.tail().service_name(row).unwrap_or_default().to_owned(),
            kind: SpanKind::from_otlp(spans.kind(row)),
            status: StatusCode::from_otlp(code),
            message: if message.is_empty() { exception(&spans, row) } else { message.to_owned() },
            start_unix_nano: spans.start_time_unix_nano(row).0,
            duration_ns: spans.duration_ns(row),
            attributes: attributes(&attribute_rows(spans.tail().attributes(row))),
            resource,
        });
    }
    Ok(())
}

/// The message of the first exception, for spans whose status has none.
fn exception(spans: &SpanColumns<'_>, row: usize) -> String {
    let mut found = spans.events(row).filter(|event| event.name == "exception").flat_map(|event| event.attributes());
    let message = found.find(|(key, _)| key == "exception.message");
    message.map(|(_, value)| value.display()).unwrap_or_default()
}

/// Orders spans by start and keeps one of those that were sent twice.
pub(super) fn without_duplicates(spans: &mut Vec<Span>) {
    spans.sort_by(|a, b| (a.start_unix_nano, &a.span_id).cmp(&(b.start_unix_nano, &b.span_id)));
    let mut seen = HashSet::with_capacity(spans.len());
    let key = |span: &Span| (span.trace_id.clone(), span.span_id.clone(), span.name.clone(), span.duration_ns);
    spans.retain(|span| seen.insert(key(span)));
}
