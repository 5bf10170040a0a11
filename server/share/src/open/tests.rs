//! Files as other tools write them, whole and damaged: what is found, where faults are, what neighbours survive.

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};
use telltale_model::SignalKind;

use super::*;
use crate::archive::tests::zip_of;

mod formats;
mod jaeger;

/// Everything that is found in bytes.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) parts: Vec<Part>,
    pub(super) faults: Vec<String>,
    pub(super) skipped: Vec<String>,
}

pub(super) fn open(bytes: &[u8]) -> Opened {
    open_within(bytes, &OpenLimits::default())
}

fn open_within(bytes: &[u8], limits: &OpenLimits) -> Opened {
    let mut opened = Opened::default();
    let mut sink = |found: Found| {
        match found {
            Found::Part(part) => opened.parts.push(part),
            Found::Fault(Fault { place, reason }) => opened.faults.push(format!("{place}: {reason}")),
            Found::Skipped(Skipped { place, reason }) => opened.skipped.push(format!("{place}: {reason}")),
        }
        ControlFlow::Continue(())
    };
    read(Cursor::new(bytes), limits, &mut sink).unwrap();
    opened
}

impl Opened {
    /// The JSON envelopes of all parts.
    fn envelopes(&self) -> Vec<Value> {
        let mut out = Vec::new();
        for part in &self.parts {
            let Payload::Json(bytes) = &part.payload else { continue };
            let json: Value = serde_json::from_slice(bytes).unwrap();
            let envelopes = json.as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
            assert_eq!(envelopes.len(), part.places.len(), "every envelope has its place");
            out.extend(envelopes);
        }
        out
    }

    /// The spans of all protobuf parts with their resource and scope.
    pub(super) fn spans(&self) -> Vec<(ResourceSpans, Span)> {
        let mut out = Vec::new();
        for part in self.parts.iter().filter(|part| part.signal == SignalKind::Traces) {
            let Payload::Protobuf(bytes) = &part.payload else { continue };
            for resource in TracesData::decode(bytes.as_slice()).unwrap().resource_spans {
                let bare = ResourceSpans {
                    scope_spans: vec![ScopeSpans { spans: vec![], ..resource.scope_spans[0].clone() }],
                    ..resource.clone()
                };
                out.extend(resource.scope_spans.into_iter().flat_map(|s| s.spans).map(|span| (bare.clone(), span)));
            }
        }
        out
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).unwrap()
}

/// An envelope that is told apart by its number.
fn envelope(number: usize) -> Value {
    let span = json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{:016x}", number + 1),
        "name": format!("span {number} {{]\"\n"), "startTimeUnixNano": "1763716443221000000"});
    json!({"resource": {"attributes": []}, "scopeSpans": [{"spans": [span]}]})
}

/// A request in protobuf with one span.
fn request(number: u64) -> TracesData {
    let span = Span {
        trace_id: vec![7; 16],
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: format!("span {number}"),
        start_time_unix_nano: 1_763_716_443_221_000_000,
        end_time_unix_nano: 1_763_716_443_231_000_000,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    TracesData { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}

/// Every shape that OTLP/JSON comes in.
fn shapes(envelopes: &[Value], pretty: bool) -> Vec<Vec<u8>> {
    let text = |value: &Value| {
        if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() }
    };
    let one = |value: &Value| json!({ "resourceSpans": [value] });
    let lines: Vec<String> = envelopes.iter().map(|envelope| text(&one(envelope))).collect();
    vec![
        text(&json!({"resourceSpans": envelopes})).into_bytes(),
        text(&json!({"resource_spans": envelopes, "resourceLogs": []})).into_bytes(),
        text(&envelopes.iter().map(one).collect()).into_bytes(),
        text(&json!({"data": envelopes.iter().map(one).collect::<Vec<_>>()})).into_bytes(),
        text(&json!({"data": {"resourceSpans": envelopes}})).into_bytes(),
        text(&json!({"batches": envelopes})).into_bytes(),
        text(&json!({"trace": {"resourceSpans": envelopes}, "metrics": {}})).into_bytes(),
        lines.join("\n").into_bytes(),
        lines.concat().into_bytes(),
        [b"\xef\xbb\xbf".to_vec(), lines.join("\r\n").into_bytes()].concat(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Scenario: the same envelopes in every shape of OTLP/JSON, bare, compressed, in a zip, and compressed in a zip.
    /// Guarantees: all are found once, in order, with nothing to complain about.
    #[test]
    fn every_shape_of_otlp_json_gives_the_same(count in 1_usize..6, pretty in any::<bool>()) {
        let envelopes: Vec<Value> = (0..count).map(envelope).collect();
        for shape in shapes(&envelopes, pretty) {
            let zip = zip_of(&[("../t.json", &shape)]);
            for bytes in [shape.clone(), gzip(&shape), zstd(&shape), zip.clone(), zip_of(&[("a", &gzip(&shape))]), gzip(&zip)] {
                let opened = open(&bytes);
                prop_assert_eq!(&opened.faults, &Vec::<String>::new(), "{}", String::from_utf8_lossy(&shape));
                prop_assert_eq!(opened.envelopes(), envelopes.clone());
            }
        }
    }

    /// Scenario: requests in every framing, also compressed one by one. Guarantees: every span is found once, in order.
    #[test]
    fn every_framing_of_protobuf_gives_the_same(count in 1_u64..40) {
        let requests: Vec<Vec<u8>> = (0..count).map(|at| request(at).encode_to_vec()).collect();
        let plain = requests.concat();
        let varint: Vec<u8> = (0..count).flat_map(|at| request(at).encode_length_delimited_to_vec()).collect();
        let prefix = |message: Vec<u8>| [u32::try_from(message.len()).unwrap().to_be_bytes().to_vec(), message].concat();
        let prefixed: Vec<u8> = requests.iter().flat_map(|one| prefix(one.clone())).collect();
        let squeezed: Vec<u8> = requests.iter().flat_map(|one| prefix(zstd(one))).collect();
        for bytes in [plain.clone(), varint, prefixed, squeezed, gzip(&plain), zip_of(&[("traces.binpb", &plain)])] {
            let opened = open(&bytes);
            prop_assert_eq!(&opened.faults, &Vec::<String>::new());
            let names: Vec<String> = opened.spans().into_iter().map(|(_, span)| span.name).collect();
            prop_assert_eq!(names, (0..count).map(|at| format!("span {at}")).collect::<Vec<_>>());
        }
    }

    /// Scenario: JSON lines, one of them replaced by something broken. Guarantees: one or more faults on that line, and every
    /// other line is found.
    #[test]
    fn a_broken_line_costs_itself(count in 2_usize..8, at in any::<prop::sample::Index>(), broken in prop::sample::select(vec![
        "{", "{\"resourceSpans\":[", "{\"resourceSpans\":[{\"a\":\"", "oops", "}", "]", "{\"resourceSpans\":[{]}]}", "{\"resourceSpans\":5}", "\"text\"", "12",
    ])) {
        let at = at.index(count);
        let line = |number: usize| if number == at { broken.to_owned() } else { json!({"resourceSpans": [envelope(number)]}).to_string() };
        let text = (0..count).map(line).collect::<Vec<_>>().join("\n");
        let opened = open(text.as_bytes());
        let wanted: Vec<Value> = (0..count).filter(|number| *number != at).map(envelope).collect();
        prop_assert_eq!(opened.envelopes(), wanted, "{}", text);
        prop_assert!(!opened.faults.is_empty());
        let first = format!("line {} (byte ", at + 1);
        prop_assert!(opened.faults.iter().all(|fault| fault.starts_with(&first)), "{:?} in {}", opened.faults, text);
    }

    /// Scenario: one document that breaks off anywhere. Guarantees: every whole envelope before the cut, one fault, no panic.
    #[test]
    fn a_document_that_breaks_off_gives_what_is_whole(cut in any::<prop::sample::Index>(), pretty in any::<bool>()) {
        let envelopes: Vec<Value> = (0..4).map(envelope).collect();
        let shape = &shapes(&envelopes, pretty)[0];
        let kept = &shape[..cut.index(shape.len() - 1) + 1];
        let opened = open(kept);
        let found = opened.envelopes();
        prop_assert_eq!(&found[..], &envelopes[..found.len()]);
        let whole = envelopes.iter().filter(|one| {
            let text = if pretty { serde_json::to_string_pretty(&json!({"resourceSpans": [one]})).unwrap() } else { one.to_string() };
            let inner = text.trim_start_matches("{\n  \"resourceSpans\": [\n").trim_end_matches("\n  ]\n}");
            String::from_utf8_lossy(kept).contains(inner)
        });
        prop_assert_eq!(found.len(), whole.count());
        prop_assert!(!opened.faults.is_empty() || kept.trim_ascii().len() <= 1 , "{:?}", String::from_utf8_lossy(kept));
    }

    /// Scenario: any bytes, and any bytes behind a magic number. Guarantees: no panic, an end.
    #[test]
    fn any_bytes_are_read(magic in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{", b"[{", b"\x0a\x10\x12"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        open(&[magic, &bytes].concat());
    }
}

/// Scenario: an archive with telemetry, other files, a broken entry, and names that would leave the folder. Guarantees: the
/// telemetry is found, other files are skipped by name, the fault names its entry.
#[test]
fn an_archive_is_read_entry_by_entry() {
    let good = json!({"resourceSpans": [envelope(1)]}).to_string();
    let bytes = zip_of(&[
        ("consolelogs/shop.txt", b"2025-11-21 hello\n"),
        ("traces/shop.json", good.as_bytes()),
        ("../../etc/x.json", br#"{"resourceSpans":[{"a":tru}]}"#),
        ("resources/shop.json", br#"{"name":"shop","state":"Running"}"#),
    ]);
    let opened = open(&bytes);
    assert_eq!(opened.envelopes(), [envelope(1)]);
    assert_eq!(opened.faults.len(), 1);
    let fault = &opened.faults[0];
    assert!(
        fault.starts_with("entry \"../../etc/x.json\", line 1 (byte 18), resourceSpans[0]: the record is no JSON"),
        "{fault}"
    );
    assert_eq!(opened.skipped.len(), 2);
    assert!(
        opened.skipped[0].starts_with("entry \"consolelogs/shop.txt\", byte 0: it begins with"),
        "{:?}",
        opened.skipped
    );
    assert!(opened.skipped[1].contains("an object with name, state"), "{:?}", opened.skipped);
}

/// Scenario: bombs and nests. Guarantees: each is a fault that says which bound, none is unpacked.
#[test]
fn bombs_are_faults() {
    let zeros = vec![b' '; 12 << 20];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&zeros).unwrap();
    let bomb = encoder.finish().unwrap();
    for (bytes, reason) in [
        (bomb, "more than 200 times its size"),
        (zstd(&zeros), "more than 200 times its size"),
        (zip_of(&[("a.json", &[b"{", &zeros[..]].concat())]), "more than 200 times its size"),
        (gzip(&gzip(&gzip(&gzip(b"{}")))), "nested deeper than 3 levels"),
    ] {
        let opened = open(&bytes);
        assert!(opened.parts.is_empty() && opened.faults[0].contains(reason), "{:?}", opened.faults);
    }
    let limits = OpenLimits { content_bytes: 1_000, document_bytes: 500, message_bytes: 100 };
    let large = json!({"resourceSpans": (0..800).map(envelope).collect::<Vec<_>>()}).to_string();
    let opened = open_within(large.as_bytes(), &limits);
    assert!(opened.faults[0].contains("larger than 0 MiB; write JSON lines"), "{:?}", opened.faults);
    let opened = open_within(&gzip(&vec![b'{'; 2_000]), &limits);
    assert!(opened.faults[0].contains("decompresses to more than 0 MiB"), "{:?}", opened.faults);
    let mut long = request(1);
    long.resource_spans[0].schema_url = "x".repeat(200);
    let two = [long.encode_to_vec(), request(2).encode_to_vec()].concat();
    let opened = open_within(&two, &limits);
    assert!(opened.faults[0].contains("a message is larger"), "{:?}", opened.faults);
    assert_eq!(opened.spans().len(), 1, "the neighbour is read");
}

/// Scenario: what is no telemetry at all. Guarantees: the fault says what it begins with and what is known.
#[test]
fn what_is_no_telemetry_is_said() {
    for (bytes, needle) in [
        (&b"hello world"[..], "it begins with \"hello world\" and is no telemetry"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"{\"a\":1,\"b\":2}", "an object with a, b is no telemetry"),
        (b"[1, 2]", "1, 2]\" is no JSON object"),
        (br#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#, "an object with data, errors"),
        (
            br#"{"data":[],"errors":[{"code":404,"msg":"trace not found"}]}"#,
            "its own query failed: \"[{\\\"code\\\":404",
        ),
    ] {
        let opened = open(bytes);
        assert!(opened.parts.is_empty(), "{:?}", String::from_utf8_lossy(bytes));
        assert!(opened.faults.iter().any(|fault| fault.contains(needle)), "{needle}: {:?}", opened.faults);
    }
    assert_eq!(open(b" \n ").skipped, ["byte 0: it is empty"]);
}

/// Scenario: the receiver wants no more. Guarantees: reading ends.
#[test]
fn reading_ends_when_nobody_listens() {
    let text = "oops\n{}\n".repeat(1_000);
    let mut calls = 0;
    let mut sink = |_found| {
        calls += 1;
        ControlFlow::Break(())
    };
    read(Cursor::new(text.as_bytes()), &OpenLimits::default(), &mut sink).unwrap();
    assert_eq!(calls, 1);
}
