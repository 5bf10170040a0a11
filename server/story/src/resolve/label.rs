//! The key that stands before an id: what turns sixteen digits into a span, or a decimal into a trace id.

use super::form::Form;
use super::work::looked_at;
use crate::limits::LABEL_BYTES;

/// What a key says of the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No key, or one that says nothing.
    None,
    /// A trace id.
    Trace,
    /// A span id.
    Span,
    /// The id of a parent span: weaker than a span id beside it.
    Parent,
    /// The upper half of a trace id in two numbers.
    High,
    /// The lower half.
    Low,
    /// Datadog's upper half, `_dd.p.tid`.
    DatadogHigh,
    /// A request or correlation id.
    Request,
    /// Whether the request was sampled.
    Sampled,
}

/// A key that was found before an id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    /// What it says.
    pub kind: Kind,
    /// The spelling that it belongs to.
    pub form: Option<Form>,
}

/// Bytes that may stand between a key and its value.
const BETWEEN: &[u8] = b" \t\r\n\"'`:=[({<>|";

/// Most bytes between a key and its value.
const BETWEEN_BYTES: usize = 12;

/// Returns what the key before offset `start` says.
pub(super) fn before(text: &str, start: usize) -> Label {
    let left = text.as_bytes().get(start.saturating_sub(LABEL_BYTES)..start).unwrap_or(&[]);
    looked_at(left.len());
    if let Some(path) = left.strip_suffix(b"/") {
        return of_path(&key(path));
    }
    if left.ends_with(b"span-") {
        return Label { kind: Kind::Span, form: None };
    }
    let gap = left.iter().rev().take(BETWEEN_BYTES).take_while(|byte| BETWEEN.contains(byte)).count();
    let (head, between) = left.split_at_checked(left.len() - gap).unwrap_or((left, &[]));
    let assigned = between.iter().any(|byte| matches!(byte, b':' | b'='));
    if gap == 0 || (!assigned && between.contains(&b'\n')) {
        return Label { kind: Kind::None, form: None };
    }
    let name = key(head);
    let in_link = between == b"=" && matches!(head.get(head.len().saturating_sub(name.raw_len + 1)), Some(b'?' | b'&'));
    let label = of_key(&name.text);
    match label.form {
        Some(Form::Field) if in_honeycomb(left) => Label { form: Some(Form::Honeycomb), ..label },
        Some(Form::Field) if in_link => Label { form: Some(Form::Link), ..label },
        _ => label,
    }
}

/// Whether the field stands in Honeycomb's header, whose fields have names that others use too.
fn in_honeycomb(left: &[u8]) -> bool {
    const NAME: &[u8] = b"x-honeycomb-trace";
    left.windows(NAME.len()).any(|window| window.eq_ignore_ascii_case(NAME))
}

/// A key without its punctuation.
struct KeyName {
    /// Lower case, without `_`, `.` and `-`.
    text: String,
    /// Bytes that it has in the text.
    raw_len: usize,
}

/// Reads the key that ends `bytes`.
fn key(bytes: &[u8]) -> KeyName {
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let raw_len = bytes.iter().rev().take_while(|byte| is_key(byte)).count();
    let raw = bytes.get(bytes.len() - raw_len..).unwrap_or(&[]);
    let text = raw
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    KeyName { text, raw_len }
}

/// Reads the part of a path before an id.
fn of_path(name: &KeyName) -> Label {
    match name.text.as_str() {
        "trace" | "traces" | "traceold" | "detail" | "t" => Label { kind: Kind::Trace, form: Some(Form::Link) },
        _ => Label { kind: Kind::None, form: None },
    }
}

/// Reads a key.
fn of_key(key: &str) -> Label {
    let (kind, form) = match key {
        "traceidhigh" | "tracehigh" => (Kind::High, None),
        "traceidlow" | "tracelow" => (Kind::Low, None),
        "ddptid" => (Kind::DatadogHigh, Some(Form::Datadog)),
        "ddtraceid" | "xdatadogtraceid" => (Kind::Trace, Some(Form::Datadog)),
        "ddspanid" | "xdatadogparentid" => (Kind::Span, Some(Form::Datadog)),
        "root" | "self" | "xamzntraceid" | "awsxraytraceid" => (Kind::Trace, Some(Form::XRay)),
        "xb3traceid" => (Kind::Trace, Some(Form::B3Headers)),
        "xinstanat" => (Kind::Trace, Some(Form::Instana)),
        "ottracertraceid" => (Kind::Trace, Some(Form::OpenTracing)),
        "ubertraceid" => (Kind::Trace, Some(Form::Jaeger)),
        "sentrytrace" | "sentrytraceid" => (Kind::Trace, Some(Form::Sentry)),
        "xcloudtracecontext" => (Kind::Trace, Some(Form::GoogleCloud)),
        "trace" | "traces" | "tid" | "operationid" => (Kind::Trace, Some(Form::Field)),
        "span" | "uifind" | "segmentid" | "xinstanas" => (Kind::Span, None),
        "parent" => (Kind::Parent, None),
        "cfray" => (Kind::Request, None),
        "xinstanal" => (Kind::Sampled, None),
        _ if key.ends_with("sampled") => (Kind::Sampled, None),
        _ if key.ends_with("traceid") => (Kind::Trace, Some(Form::Field)),
        _ if key.ends_with("parentid") || key.ends_with("parentspanid") => (Kind::Parent, None),
        _ if key.ends_with("spanid") => (Kind::Span, None),
        _ if key.ends_with("requestid") || key.ends_with("correlationid") => (Kind::Request, None),
        _ => (Kind::None, None),
    };
    Label { kind, form }
}
