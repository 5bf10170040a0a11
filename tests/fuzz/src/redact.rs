//! Redaction of any text: no panic, and a second pass has nothing to do.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use telltale_share::redact::{Redactor, Rules};

/// The property.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let span = Span { name: text.into_owned(), trace_id: vec![1; 16], span_id: vec![2; 8], ..Span::default() };
    let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let resource = ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() };
    let mut data = TracesData { resource_spans: vec![resource] };
    let mut redactor = Redactor::new(&Rules::default(), [7; 32]).expect("the built-in rules");
    redactor.traces(&mut data);
    let once = data.clone();
    redactor.traces(&mut data);
    assert_eq!(data, once);
}
