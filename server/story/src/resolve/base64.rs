//! Ids in base64: bare, in gRPC's binary header, and inside the payloads of New Relic and SkyWalking.
//!
//! Only runs of the exact length count: any word is base64 of something.

use telltale_model::{SpanId, TraceId};

use super::form::Form;
use super::found::Found;
use super::label::{self, Kind};
use super::work::looked_at;
use super::{Candidate, Key};
use crate::limits::NESTED_BASE64_BYTES;

/// A run of base64's digits.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    /// The digits, without padding.
    digits: &'a str,
    /// Padding signs behind them.
    padding: usize,
    /// Offset in the text.
    start: usize,
    /// Line in the text.
    line: u32,
}

/// Reads every run of base64 in `text`.
pub(super) fn read(text: &str, found: &mut Found) {
    read_sw8(text, found);
    let bytes = text.as_bytes();
    looked_at(bytes.len());
    let mut offset = 0;
    let mut line = 0;
    while let Some(byte) = bytes.get(offset) {
        line += u32::from(*byte == b'\n');
        if !is_digit(*byte) {
            offset += 1;
            continue;
        }
        let rest = bytes.get(offset..).unwrap_or(&[]);
        let length = rest.iter().take_while(|byte| is_digit(**byte)).count();
        let padding = rest.iter().skip(length).take_while(|byte| **byte == b'=').count();
        let digits = text.get(offset..offset + length).unwrap_or("");
        let run = Run { digits, padding, start: offset, line };
        if !read_run(text, run, found) && digits.contains('/') {
            read_parts(text, run, found);
        }
        offset += length + padding;
    }
}

/// In a path the slash is no digit: reads the parts between slashes.
fn read_parts(text: &str, run: Run<'_>, found: &mut Found) {
    let mut start = run.start;
    for digits in run.digits.split('/') {
        let last = start + digits.len() == run.start + run.digits.len();
        let padding = if last { run.padding } else { 0 };
        read_run(text, Run { digits, padding, start, line: run.line }, found);
        start += digits.len() + 1;
    }
}

/// Reads one run; returns whether it was an id.
fn read_run(text: &str, run: Run<'_>, found: &mut Found) -> bool {
    match (run.digits.len(), run.padding) {
        (22, 0 | 2) => read_128(text, run, found),
        (11, 0 | 1) => read_64(text, run, found),
        (39, 0 | 1) => read_grpc(run, found),
        (40..=NESTED_BASE64_BYTES, _) => read_nested(run, found),
        _ => false,
    }
}

/// Whether the digits look like more than a word: a change of case, or padding, or a key before them.
fn is_likely(run: Run<'_>, labelled: bool) -> bool {
    let upper = run.digits.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = run.digits.bytes().any(|byte| byte.is_ascii_lowercase());
    labelled || run.padding > 0 || (upper && lower)
}

fn read_128(text: &str, run: Run<'_>, found: &mut Found) -> bool {
    let labelled = label::before(text, run.start).kind == Kind::Trace;
    let id = decode(run.digits).filter(|_bytes| is_likely(run, labelled)).and_then(|bytes| TraceId::from_slice(&bytes));
    let Some(id) = id else { return false };
    let confidence = match (labelled, run.padding) {
        (true, _) => 93,
        (false, 0) => 62,
        (false, _) => 80,
    };
    let candidate = Candidate { form: Form::Base64, key: Key::Trace(id), span: None, confidence, note: None };
    found.add(run.start, run.line, candidate);
    true
}

fn read_64(text: &str, run: Run<'_>, found: &mut Found) -> bool {
    let kind = label::before(text, run.start).kind;
    let labelled = matches!(kind, Kind::Trace | Kind::Span | Kind::Parent);
    let bytes = decode(run.digits).filter(|_bytes| is_likely(run, labelled));
    let Some(span) = bytes.and_then(|bytes| SpanId::from_slice(&bytes)) else { return false };
    if matches!(kind, Kind::Span | Kind::Parent) {
        found.add_span(run.start, run.line, span, kind == Kind::Parent);
        return true;
    }
    let confidence = match (labelled, run.padding) {
        (true, _) => 80,
        (false, 0) => 20,
        (false, _) => 55,
    };
    let key = Key::Low64OrSpan(*span.as_bytes());
    let candidate = Candidate { form: Form::Base64Low64, key, span: None, confidence, note: None };
    found.add(run.start, run.line, candidate);
    true
}

/// `grpc-trace-bin`: version, then numbered fields of fixed length.
fn read_grpc(run: Run<'_>, found: &mut Found) -> bool {
    let Some(bytes) = decode(run.digits) else { return false };
    let [0, 0, rest @ ..] = bytes.as_slice() else { return false };
    let Some((trace, rest)) = rest.split_at_checked(16) else { return false };
    let Some((span, rest)) = rest.strip_prefix(&[1]).and_then(|rest| rest.split_at_checked(8)) else { return false };
    let [2, flags] = rest else { return false };
    let Some(id) = TraceId::from_slice(trace) else { return false };
    let note = (flags & 1 == 0).then(|| "the caller did not sample this request (flags 00)".to_owned());
    let (key, span) = (Key::Trace(id), SpanId::from_slice(span));
    found.add(run.start, run.line, Candidate { form: Form::GrpcBinary, key, span, confidence: 97, note });
    true
}

/// Looks inside a long run: New Relic's JSON.
fn read_nested(run: Run<'_>, found: &mut Found) -> bool {
    let text = decode(run.digits).and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = text.filter(|text| text.starts_with('{') && text.contains("\"tr\"")) else { return false };
    // Its keys are too short to mean anything elsewhere.
    let text = text.replace("\"tr\"", "\"traceId\"").replace("\"id\"", "\"spanId\"");
    super::scan_nested(&text, Form::NewRelic, found);
    true
}

/// Reads SkyWalking's header, `1-base64(trace)-…`: the second part is the trace id.
fn read_sw8(text: &str, found: &mut Found) {
    let at = text.to_ascii_lowercase().find("sw8").filter(|at| text.is_char_boundary(*at));
    let value = at.and_then(|at| text.get(at + 3..)).map(|rest| rest.trim_start_matches(['"', '\'', ':', '=', ' ']));
    let Some(part) = value.and_then(|value| value.strip_prefix("1-").or_else(|| value.strip_prefix("0-"))) else {
        return;
    };
    let encoded = part.split('-').next().unwrap_or("").trim_end_matches('=');
    let decoded = decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(id) = decoded.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())) else {
        return;
    };
    if let Some(Ok(trace)) = id.get(..32).map(str::parse::<TraceId>) {
        let note = Some("SkyWalking's ids are longer than a trace id; this is the first part".to_owned());
        let key = Key::Trace(trace);
        found.add(0, 0, Candidate { form: Form::SkyWalking, key, span: None, confidence: 62, note });
    }
    found.add(0, 0, Candidate { form: Form::SkyWalking, key: Key::Text(id), span: None, confidence: 58, note: None });
}

/// Whether a byte is a digit of standard or URL-safe base64.
const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Decodes base64 of either alphabet without padding; `None` when the last digit carries bits that do not count.
fn decode(digits: &str) -> Option<Vec<u8>> {
    looked_at(digits.len());
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let mut pending = 0_u32;
    let mut bits = 0_u32;
    for byte in digits.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        pending = pending << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(pending >> bits & 0xff).ok()?);
            pending &= (1 << bits) - 1;
        }
    }
    (pending == 0 && bits < 6).then_some(out)
}
