//! Every spelling of an id that a person may paste leads to the trace.

use serde_json::Value;
use telltale_tests::http::Http;

use super::recorded;

/// Pastes a trace id and a span id in every form that a log, a header or another tool may have written.
pub(crate) async fn found(http: &Http, trace_id: &str, shop: &Value) {
    let spans = recorded(shop, "spans", "span", trace_id);
    let span_id = spans[0]["span"]["spanId"].as_str().unwrap();
    let dashed = format!(
        "{}-{}-{}-{}-{}",
        &trace_id[..8],
        &trace_id[8..12],
        &trace_id[12..16],
        &trace_id[16..20],
        &trace_id[20..]
    );
    let pastes = [
        trace_id.to_owned(),
        trace_id.to_uppercase(),
        format!("  {trace_id}\n"),
        dashed.clone(),
        dashed.to_uppercase(),
        base64(trace_id),
        format!("00-{trace_id}-{span_id}-01"),
        format!("traceparent: 00-{trace_id}-{span_id}-01"),
        format!("2026-11-21T10:00:00Z ERROR [shop,{trace_id},{span_id}] order failed user=7"),
        format!("http://127.0.0.1:3000/t/{trace_id}?tab=logs"),
        format!("https://jaeger.example.com/trace/{trace_id}/{span_id}"),
        format!("{{\"trace_id\":\"{trace_id}\",\"level\":\"error\"}}"),
        span_id.to_owned(),
    ];
    for paste in pastes {
        let answer = http.resolve(&paste).await;
        assert_eq!(answer["go"]["trace_id"], trace_id, "pasted {paste:?}: {answer}");
    }
}

/// The standard alphabet with padding: how Tempo and protobuf's JSON write the 16 bytes.
fn base64(hex: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0_u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}
