//! OTLP/JSON of other writers into OTLP/JSON as the specification has it: ids from base64 to hex, old names to new ones.
//!
//! Libraries that write protobuf's own JSON give ids as base64 (Tempo's and Grafana's answers), OTLP before 1.0 said
//! `instrumentationLibrary`. Only strings beside such keys are touched; everything else passes byte for byte.

use std::borrow::Cow;

use base64::Engine as _;

use super::convert::BASE64;
use super::scan::{skip_space, value_end};

/// Keys that were renamed.
const RENAMED: [(&[u8], &[u8]); 8] = [
    (b"instrumentationLibrarySpans", b"scopeSpans"),
    (b"instrumentationLibraryLogs", b"scopeLogs"),
    (b"instrumentationLibraryMetrics", b"scopeMetrics"),
    (b"instrumentationLibrary", b"scope"),
    (b"instrumentation_library_spans", b"scope_spans"),
    (b"instrumentation_library_logs", b"scope_logs"),
    (b"instrumentation_library_metrics", b"scope_metrics"),
    (b"instrumentation_library", b"scope"),
];

/// Keys of ids, and the bytes of such an id.
const IDS: [(&[u8], usize); 6] = [
    (b"traceId", 16),
    (b"trace_id", 16),
    (b"spanId", 8),
    (b"span_id", 8),
    (b"parentSpanId", 8),
    (b"parent_span_id", 8),
];

/// Rewrites what has to be; text that is already as it should be is not copied.
pub(super) fn normal(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte != b'"' {
            at += 1;
            continue;
        }
        let Ok(key_end) = value_end(text, at) else { break };
        let colon = skip_space(text, key_end);
        if text.get(colon) != Some(&b':') {
            at = key_end;
            continue;
        }
        let key = text.get(at + 1..key_end - 1).unwrap_or_default();
        if let Some((_old, new)) = RENAMED.iter().find(|(old, _new)| *old == key) {
            out.extend_from_slice(text.get(copied..at + 1).unwrap_or_default());
            out.extend_from_slice(new);
            copied = key_end - 1;
        }
        at = colon + 1;
        if let Some((_key, length)) = IDS.iter().find(|(name, _length)| *name == key) {
            let value_at = skip_space(text, at);
            let Ok(value_end) = value_end(text, value_at) else { break };
            if let Some(hex) = text.get(value_at..value_end).and_then(|value| hex_of(value, *length)) {
                out.extend_from_slice(text.get(copied..value_at).unwrap_or_default());
                out.extend_from_slice(hex.as_bytes());
                copied = value_end;
            }
            at = value_end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Returns an id in quotes as hex in quotes, when it is base64 or has a `0x` in front; its length tells them apart.
fn hex_of(quoted: &[u8], length: usize) -> Option<String> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    // `0x` may as well be how base64 begins: one id in four thousand does.
    let is_hex = |digits: &&[u8]| digits.len() == length * 2 && digits.iter().all(u8::is_ascii_hexdigit);
    if let Some(digits) = inner.strip_prefix(b"0x").filter(is_hex) {
        return Some(format!("\"{}\"", String::from_utf8_lossy(digits)));
    }
    let (unpadded, padded) = ((length * 4).div_ceil(3), length.div_ceil(3) * 4);
    if inner.len() != unpadded && inner.len() != padded {
        return None;
    }
    let standard: Vec<u8> = inner
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let bytes = BASE64.decode(standard).ok().filter(|bytes| bytes.len() == length)?;
    let mut out = String::from("\"");
    // No parent is written as zeros by some: in OTLP/JSON it is an empty text.
    if bytes.iter().any(|byte| *byte != 0) {
        telltale_model::id::push_hex(&mut out, &bytes);
    }
    out.push('"');
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_ids_and_old_names_are_rewritten() {
        let text = br#"{"instrumentationLibrarySpans" : [{"instrumentationLibrary":{},"spans":[{"traceId": "CvdlGRbNQ92ESOshHIAxnA==",
            "spanId":"t61rcWkgMzE","parentSpanId":"AAAAAAAAAAA=","name":"spanId","attributes":[{"key":"traceId","value":{"stringValue":"CvdlGRbNQ92ESOshHIAxnA=="}}]}]}]}"#;
        let rewritten = normal(text).into_owned();
        let json: serde_json::Value = serde_json::from_slice(&rewritten).unwrap();
        let scope = &json["scopeSpans"][0];
        let span = &scope["spans"][0];
        assert!(scope["scope"].is_object());
        assert_eq!(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((span["spanId"].as_str(), span["parentSpanId"].as_str()), (Some("b7ad6b7169203331"), Some("")));
        assert_eq!(span["attributes"][0]["value"]["stringValue"], "CvdlGRbNQ92ESOshHIAxnA==", "values stay");
    }

    #[test]
    fn base64_that_begins_like_hex_is_base64() {
        let normal_of = |id: &str| {
            let rewritten = normal(format!("{{\"traceId\":\"{id}\"}}").as_bytes()).into_owned();
            String::from_utf8(rewritten).unwrap()
        };
        assert_eq!(normal_of("0xAAAAAAAAAAAAAAAAAAAA=="), r#"{"traceId":"d3100000000000000000000000000000"}"#);
        assert_eq!(
            normal_of("0x0af7651916cd43dd8448eb211c80319c"),
            r#"{"traceId":"0af7651916cd43dd8448eb211c80319c"}"#
        );
    }

    proptest! {
        /// Scenario: any id in base64 (standard, URL-safe, padded or not). Guarantees: its hex comes out; hex stays as it is.
        #[test]
        fn every_id_is_read(bytes in any::<[u8; 16]>(), padded in any::<bool>(), safe in any::<bool>()) {
            prop_assume!(bytes != [0; 16]);
            let mut text = base64::engine::general_purpose::STANDARD.encode(bytes);
            if !padded { text = text.trim_end_matches('=').to_owned() }
            if safe { text = text.replace('+', "-").replace('/', "_") }
            let mut hex = String::new();
            telltale_model::id::push_hex(&mut hex, &bytes);
            let json = format!("{{\"traceId\":\"{text}\"}}");
            let wanted = format!("{{\"traceId\":\"{hex}\"}}");
            prop_assert_eq!(normal(json.as_bytes()).into_owned(), wanted.as_bytes());
            prop_assert!(matches!(normal(wanted.as_bytes()), Cow::Borrowed(_)));
        }

        #[test]
        fn any_bytes_pass_without_a_panic(bytes in prop::collection::vec(prop::sample::select(&b"{}\":,\\ traceIdspan="[..]), 0..60)) {
            prop_assert!(normal(&bytes).len() <= bytes.len() * 2);
        }
    }
}
