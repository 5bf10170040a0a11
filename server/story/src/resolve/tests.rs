//! Every spelling in a table, and the properties that hold for any text.

use proptest::prelude::*;

use super::*;

const T: &str = "0af7651916cd43dd8448eb211c80319c";
const S: &str = "b7ad6b7169203331";

fn best(paste: &str) -> Candidate {
    parse(paste).into_iter().next().unwrap_or_else(|| panic!("nothing found in {paste:?}"))
}

/// Checks that the best reading of each paste is `form`, trace `T`, and the span as said.
fn check(form: Form, span: Option<&str>, pastes: &[&str]) {
    for paste in pastes {
        let got = best(paste);
        assert_eq!((got.form, got.key.to_string().as_str()), (form, T), "{paste:?}: {:#?}", parse(paste));
        assert_eq!(got.span.map(|span| span.to_hex()).as_deref(), span, "{paste:?}");
    }
}

#[test]
fn bare_hex_ids_are_read_in_any_case() {
    check(Form::Hex32, None, &[T, "0AF7651916CD43DD8448EB211C80319C", "  0aF7651916cd43dd8448eb211c80319C.\n"]);
    check(Form::Hex32, None, &["0x0af7651916cd43dd8448eb211c80319c", "\\x0af7651916cd43dd8448eb211c80319c"]);
    check(Form::Hex32, None, &["\"0af7651916cd43dd8448eb211c80319c\"", "(0af7651916cd43dd8448eb211c80319c)"]);
    check(Form::Hex32, None, &["0af76519 16cd43dd 8448eb21 1c80319c", "0af7651916cd43dd\n8448eb211c80319c"]);
}

#[test]
fn sixteen_digits_are_a_span_or_a_64_bit_trace() {
    let got = best("8448eb211c80319c");
    assert_eq!(got.form, Form::Hex16);
    assert_eq!(got.key.to_string(), "8448eb211c80319c");
    assert!(matches!(got.key, Key::Low64OrSpan(_)));
}

#[test]
fn lost_zeros_are_padded_and_short_forms_are_prefixes() {
    check(Form::ShortHex, None, &["af7651916cd43dd8448eb211c80319c"]);
    let got = best("0af7651");
    assert_eq!((got.form, got.key), (Form::Prefix, Key::Prefix("0af7651".into())));
    let padded = parse("0x448eb211c80319c");
    assert!(padded.iter().any(|candidate| candidate.key.to_string() == "0448eb211c80319c"), "{padded:?}");
}

#[test]
fn uuids_are_read_in_every_wrapping() {
    let dashed = "0af76519-16cd-43dd-8448-eb211c80319c";
    check(Form::Uuid, None, &[dashed, &format!("{{{dashed}}}"), &format!("urn:uuid:{dashed}"), &dashed.to_uppercase()]);
    let readings = parse("1965f70a-cd16-dd43-8448-eb211c80319c");
    let guid = readings.iter().find(|candidate| candidate.form == Form::DotNetGuid).unwrap();
    assert_eq!(guid.key.to_string(), T);
    assert!(guid.confidence < readings[0].confidence);
}

#[test]
fn base64_is_read_padded_bare_and_url_safe() {
    check(Form::Base64, None, &["CvdlGRbNQ92ESOshHIAxnA==", "CvdlGRbNQ92ESOshHIAxnA"]);
    check(Form::Base64, None, &["{\"traceId\":\"CvdlGRbNQ92ESOshHIAxnA==\"}", "/api/traces/CvdlGRbNQ92ESOshHIAxnA"]);
    check(Form::Base64, None, &["https://x.example/trace/CvdlGRbNQ92ESOshHIAxnA%3D%3D"]);
    assert_eq!(best("S_kvNXezTaajzpKdDg5HNg").key.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(best("S/kvNXezTaajzpKdDg5HNg==").key.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    let low = best("hEjrIRyAMZw=");
    assert_eq!((low.form, low.key.to_string().as_str()), (Form::Base64Low64, "8448eb211c80319c"));
}

#[test]
fn words_are_not_taken_for_base64() {
    for word in
        ["performance", "Performance", "internationalizations", "HttpRequest", "counterrevolutionaries", "a b c"]
    {
        assert_eq!(parse(word), [], "{word}");
    }
}

#[test]
fn decimals_are_read_as_64_and_128_bit_ids() {
    assert_eq!(best("9532127138774266268").key.to_string(), "8448eb211c80319c");
    check(Form::Decimal128, None, &["14576827793038113322513871894673895836"]);
    check(
        Form::HighLow,
        None,
        &["790211418057950173/-8914616934935285348", "790211418057950173, -8914616934935285348"],
    );
    check(
        Form::HighLow,
        None,
        &[
            r#"{"traceIdLow":-8914616934935285348,"traceIdHigh":790211418057950173}"#,
            "traceIdHigh=790211418057950173 traceIdLow=9532127138774266268",
        ],
    );
}

#[test]
fn lists_of_bytes_are_read() {
    check(
        Form::ByteList,
        None,
        &[
            "[10 247 101 25 22 205 67 221 132 72 235 33 28 128 49 156]",
            "TraceId([10, 247, 101, 25, 22, 205, 67, 221, 132, 72, 235, 33, 28, 128, 49, 156])",
            "[0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c]",
        ],
    );
}

#[test]
fn xray_ids_are_read_with_their_header() {
    check(
        Form::XRay,
        None,
        &["1-0af76519-16cd43dd8448eb211c80319c", "#xray:traces/1-0af76519-16cd43dd8448eb211c80319c"],
    );
    check(
        Form::XRay,
        Some(S),
        &[
            "1-0af76519-16cd43dd8448eb211c80319c@b7ad6b7169203331",
            "X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1",
            "X-Amzn-Trace-Id: Self=1-67891233-abcdef012345678912345678;Parent=b7ad6b7169203331;Root=1-0af76519-16cd43dd8448eb211c80319c",
            "XRAY TraceId: 1-0af76519-16cd43dd8448eb211c80319c\tSegmentId: b7ad6b7169203331",
        ],
    );
    let adot = best("AWS-XRAY-TRACE-ID=1-58406520-a006649127e371903a2de979@1ce7df03252d99e1");
    assert_eq!(adot.key.to_string(), "58406520a006649127e371903a2de979");
}

#[test]
fn foreign_ids_are_text_to_search_for() {
    let got = parse("a4ec6fc8ccab4bb4b682064698cc97e6.74.16218381104550009");
    assert_eq!(got[0].key.to_string(), "a4ec6fc8ccab4bb4b682064698cc97e6");
    assert_eq!(got[1].key, Key::Text("a4ec6fc8ccab4bb4b682064698cc97e6.74.16218381104550009".into()));
    for (paste, text) in [
        ("|7fb5e16a-41c8f23bbfc34908.", "7fb5e16a-41c8f23bbfc34908"),
        ("0HLU50UEM3M9F:00000001", "0HLU50UEM3M9F:00000001"),
        ("cf-ray: 230b030023ae2822-SJC", "230b030023ae2822-SJC"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("0ujtsYcgvSTl8PAuAdqWYSMnLOv", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"),
        ("x-request-id: order-77/retry-2", "order-77/retry-2"),
    ] {
        assert_eq!(best(paste).key, Key::Text(text.into()), "{paste}: {:?}", parse(paste));
    }
}

#[test]
fn traceparent_is_read_wherever_it_stands() {
    check(
        Form::TraceParent,
        Some(S),
        &[
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "Server-Timing: traceparent;desc=\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"",
            "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00 ./job",
            "elastic-apm-traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "Request-Id: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later",
            r#"{"title":"Bad Gateway","status":500,"traceId":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}"#,
            r#""{\"traceId\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\"}""#,
        ],
    );
    let unsampled = best("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    assert_eq!(unsampled.note.as_deref(), Some("the caller did not sample this request (flags 00)"));
    assert_eq!(best("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").note, None);
    let note = best("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").note;
    assert_eq!(note.as_deref(), Some("version ff is invalid"));
}

#[test]
fn b3_is_read_from_one_header_and_from_many() {
    check(
        Form::B3,
        Some(S),
        &[
            "b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1-05e3ac9a4f6e3b90",
            "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d",
            "2026-11-21 INFO [0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331] o.s.web : done",
            "2026-11-21 INFO [shop,0af7651916cd43dd8448eb211c80319c,b7ad6b7169203331] done",
        ],
    );
    check(
        Form::B3Headers,
        Some(S),
        &[
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-ParentSpanId: 05e3ac9a4f6e3b90\r\nX-B3-SpanId: b7ad6b7169203331\r\nX-B3-Sampled: 1",
            "x-b3-spanid=b7ad6b7169203331; x-b3-traceid=0af7651916cd43dd8448eb211c80319c",
        ],
    );
    let short = best("b3: 8448eb211c80319c-b7ad6b7169203331-0");
    assert_eq!((short.form, short.key.to_string().as_str()), (Form::B3, "8448eb211c80319c"));
    assert_eq!(short.note.as_deref(), Some("the caller did not sample this request (state 0)"));
    let short = best("X-B3-TraceId: 8448eb211c80319c\nX-B3-SpanId: b7ad6b7169203331");
    assert_eq!((short.key.to_string(), short.span.unwrap().to_hex()), ("8448eb211c80319c".into(), S.into()));
}

#[test]
fn headers_of_other_systems_are_read() {
    check(
        Form::Jaeger,
        Some(S),
        &[
            "uber-trace-id: af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1",
            "uber-trace-id: af7651916cd43dd8448eb211c80319c%3Ab7ad6b7169203331%3A0%3A1",
        ],
    );
    check(
        Form::GoogleCloud,
        Some(S),
        &["X-Cloud-Trace-Context: 0af7651916cd43dd8448eb211c80319c/13235353014750950193;o=1"],
    );
    check(
        Form::Datadog,
        Some(S),
        &[
            "x-datadog-trace-id: 9532127138774266268\nx-datadog-parent-id: 13235353014750950193\nx-datadog-tags: _dd.p.tid=0af7651916cd43dd",
        ],
    );
    check(Form::Sentry, Some(S), &["sentry-trace: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"]);
    check(Form::Sentry, None, &["baggage: sentry-trace_id=0af7651916cd43dd8448eb211c80319c,sentry-release=1"]);
    check(
        Form::Instana,
        Some(S),
        &["X-INSTANA-T: 0af7651916cd43dd8448eb211c80319c\nX-INSTANA-S: b7ad6b7169203331\nX-INSTANA-L: 1"],
    );
    check(
        Form::OpenTracing,
        Some(S),
        &["ot-tracer-traceid: 0af7651916cd43dd8448eb211c80319c\not-tracer-spanid: b7ad6b7169203331"],
    );
    check(
        Form::Honeycomb,
        Some(S),
        &[
            "X-Honeycomb-Trace: 1;trace_id=0af7651916cd43dd8448eb211c80319c,parent_id=b7ad6b7169203331,dataset=shop,context=e30=",
        ],
    );
    check(Form::GrpcBinary, Some(S), &["grpc-trace-bin: AAAK92UZFs1D3YRI6yEcgDGcAbeta3FpIDMxAgE="]);
    check(
        Form::Field,
        None,
        &["dt.trace_id=0af7651916cd43dd8448eb211c80319c", "operation_Id: 0af7651916cd43dd8448eb211c80319c"],
    );
}

#[test]
fn ids_inside_base64_payloads_are_read() {
    let payload =
        r#"{"v":[0,1],"d":{"ty":"App","ac":"1","tr":"0af7651916cd43dd8448eb211c80319c","id":"b7ad6b7169203331"}}"#;
    check(Form::NewRelic, Some(S), &[&format!("newrelic: {}", encode(payload.as_bytes()))]);
    let id = "a4ec6fc8ccab4bb4b682064698cc97e6.74.16218381104550009";
    let header = format!("sw8: 1-{}-{}-3-{}-x-y-z", encode(id.as_bytes()), encode(b"segment"), encode(b"service"));
    let got = parse(&header);
    assert_eq!((got[0].form, got[0].key.to_string().as_str()), (Form::SkyWalking, "a4ec6fc8ccab4bb4b682064698cc97e6"));
    assert_eq!(got[1].key, Key::Text(id.into()));
}

#[test]
fn log_lines_give_the_trace_and_its_span() {
    check(
        Form::Field,
        Some(S),
        &[
            "INFO trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331 resource.service.name=shop",
            "{\"span_id\":\"b7ad6b7169203331\",\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"}",
            "SpanId:b7ad6b7169203331, TraceId:0af7651916cd43dd8448eb211c80319c, ParentId:0000000000000000",
            "{\n  \"trace.id\" : \"0AF7651916CD43DD8448EB211C80319C\",\n  \"span.id\" : \"b7ad6b7169203331\"\n}",
            "otelTraceID=0af7651916cd43dd8448eb211c80319c otelSpanID=b7ad6b7169203331 otelTraceSampled=True",
            "\u{1b}[3mtrace_id\u{1b}[0m=0af7651916cd43dd8448eb211c80319c \u{1b}[3mspan_id\u{1b}[0m=b7ad6b7169203331",
        ],
    );
    check(
        Form::Field,
        None,
        &[
            "request{trace_id: 0af7651916cd43dd8448eb211c80319c}: handled",
            "\"trace\":\"projects/my-proj/traces/0af7651916cd43dd8448eb211c80319c\"",
            "\"logging.googleapis.com/trace\": \"0af7651916cd43dd8448eb211c80319c\"",
            "mdc.trace_id=“0af7651916cd43dd8448eb211c80319c”",
        ]
        .map(|line| line.replace("traces/", "traceId: "))
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>(),
    );
    check(Form::Link, None, &["\"trace\":\"projects/my-proj/traces/0af7651916cd43dd8448eb211c80319c\""]);
    let datadog = best("dd.trace_id=9532127138774266268 dd.span_id=13235353014750950193 GET /");
    assert_eq!((datadog.key.to_string(), datadog.span.unwrap().to_hex()), ("8448eb211c80319c".into(), S.into()));
}

#[test]
fn several_lines_keep_their_own_spans() {
    let other = "4bf92f3577b34da6a3ce929d0e0e4736";
    let got = parse(&format!("trace_id={T} span_id={S}\ntrace_id={other} span_id=00f067aa0ba902b7\n"));
    assert_eq!(got.len(), 2, "{got:?}");
    assert_eq!((got[0].key.to_string(), got[0].span.unwrap().to_hex()), (T.into(), S.into()));
    assert_eq!((got[1].key.to_string(), got[1].span.unwrap().to_hex()), (other.into(), "00f067aa0ba902b7".into()));
    let got = parse(&format!("trace_id={T} span_id={S}\ntrace_id={T} span_id=00f067aa0ba902b7\n"));
    assert_eq!((got.len(), got[0].span), (1, None), "{got:?}");
    assert_eq!(got[0].note.as_deref(), Some("the paste names several spans of it"));
}

#[test]
fn links_of_other_products_are_read() {
    let grafana = "https://g.example/explore?panes=%7B%22a%22%3A%7B%22queries%22%3A%5B%7B%22queryType%22%3A%22traceql%22%2C%22query%22%3A%220af7651916cd43dd8448eb211c80319c%22%7D%5D%7D%7D";
    assert_eq!(best(grafana).key.to_string(), T);
    check(
        Form::Link,
        None,
        &[
            "http://localhost:16686/trace/0af7651916cd43dd8448eb211c80319c",
            "http://z.example/zipkin/traces/0af7651916cd43dd8448eb211c80319c",
            "/api/v2/traces/0af7651916cd43dd8448eb211c80319c",
            "https://o.example/web/traces/trace-details?stream=x&trace_id=0af7651916cd43dd8448eb211c80319c&from=1732181643221000&to=1732181653221000",
            "https://console.cloud.google.com/traces/list?tid=0af7651916cd43dd8448eb211c80319c",
            "https://k.example/app/apm/link-to/trace/0af7651916cd43dd8448eb211c80319c",
            "https://v.example/select/jaeger/api/traces/0af7651916cd43dd8448eb211c80319c",
            "http://127.0.0.1:8000/t/0af7651916cd43dd8448eb211c80319c",
        ],
    );
    check(
        Form::Link,
        Some(S),
        &[
            "http://localhost:16686/trace/0af7651916cd43dd8448eb211c80319c?uiFind=b7ad6b7169203331",
            "https://localhost:18888/traces/detail/0af7651916cd43dd8448eb211c80319c?spanId=b7ad6b7169203331",
            "https://ui.honeycomb.io/acme/environments/e/trace?trace_id=0af7651916cd43dd8448eb211c80319c&span=b7ad6b7169203331&trace_start_ts=1732181643",
            "http://localhost:8000/traces/0af7651916cd43dd8448eb211c80319c?span=b7ad6b7169203331&event=1",
            "https://s.example/explore/traces/trace/0af7651916cd43dd8448eb211c80319c/?node=span-b7ad6b7169203331",
            "http://127.0.0.1:8000/t/0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331",
            "https://app.datadoghq.com/apm/trace/0af7651916cd43dd8448eb211c80319c?spanID=13235353014750950193",
        ],
    );
    assert_eq!(best("https://app.datadoghq.com/apm/trace/9532127138774266268").key.to_string(), "8448eb211c80319c");
    let two = parse("http://j/trace/0af7651916cd43dd8448eb211c80319c...4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(
        two.iter().map(|candidate| candidate.key.to_string()).collect::<Vec<_>>(),
        [T, "4bf92f3577b34da6a3ce929d0e0e4736"]
    );
}

#[test]
fn mail_and_word_processors_do_not_hide_ids() {
    check(
        Form::Field,
        None,
        &[
            "> trace_id=3D0af7651916cd43dd=\r\n> 8448eb211c80319c\r\n> thanks",
            "trace_id: 0af7651916cd43dd=\n8448eb211c80319c",
            "trace id\u{a0}traceId:\u{a0}\u{200b}0af7651916cd43dd\u{200b}8448eb211c80319c\u{feff}",
        ],
    );
    check(Form::TraceParent, Some(S), &["00–0af7651916cd43dd8448eb211c80319c–b7ad6b7169203331–01"]);
    check(Form::Field, None, &["“traceId” : ‘0af7651916cd43dd8448eb211c80319c’,"]);
}

#[test]
fn times_and_hashes_in_a_line_do_not_come_first() {
    let line = "1732181643221000000 1732181643221000 sha=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 build 4f2a91c trace_id=0af7651916cd43dd8448eb211c80319c 10:41:07:31";
    check(Form::Field, None, &[line]);
}

#[test]
fn zero_ids_and_plain_text_give_nothing() {
    for paste in [
        "",
        " ",
        "00000000000000000000000000000000",
        "0000000000000000",
        "order 4711 failed at 10:41:07",
        "POST /checkout",
        "🙂🙂🙂",
    ] {
        assert_eq!(parse(paste), [], "{paste:?}");
    }
}

#[test]
fn a_long_paste_is_read_to_its_bound_and_says_so() {
    let filler = "no ids here, only words. ";
    let mut paste = format!("{T} ");
    while paste.len() < crate::limits::PASTE_BYTES {
        paste.push_str(filler);
    }
    paste.push_str("4bf92f3577b34da6a3ce929d0e0e4736");
    let got = parse(&paste);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].note.as_deref(), Some("only the first 64 KiB of the paste were read"));
    let many: String = (1..=150_u32).map(|number| format!("{number:032x}\n")).collect();
    let got = parse(&many);
    assert_eq!(got.len(), crate::limits::CANDIDATES);
    assert_eq!(got.last().unwrap().note.as_deref(), Some("50 further readings of this paste are left out"));
}

#[test]
fn every_form_has_its_own_words() {
    let forms = [
        Form::Hex32,
        Form::Uuid,
        Form::Base64,
        Form::TraceParent,
        Form::XRay,
        Form::Link,
        Form::Field,
        Form::SpanField,
    ];
    let labels: std::collections::BTreeSet<&str> = forms.iter().map(|form| form.label()).collect();
    assert_eq!(labels.len(), forms.len());
}

/// Standard base64 with padding.
fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(word >> (18 - 6 * place) & 63).unwrap();
            out.push(if place <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    out
}

/// Returns a part of an ASCII text.
fn cut(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap()
}

/// Writes an id in spelling `form`, so that the id must be found again.
fn spell(form: usize, id: TraceId, span: SpanId) -> String {
    let (hex, span_hex) = (id.to_hex(), span.to_hex());
    let (a, b, c, d, e) = (cut(&hex, 0, 8), cut(&hex, 8, 12), cut(&hex, 12, 16), cut(&hex, 16, 20), cut(&hex, 20, 32));
    match form {
        0 => hex,
        1 => hex.to_uppercase(),
        2 => format!("{a}-{b}-{c}-{d}-{e}"),
        3 => format!("{{{a}-{b}-{c}-{d}-{e}}}"),
        4 => format!("0x{hex}"),
        5 => encode(id.as_bytes()),
        6 => format!("00-{hex}-{span_hex}-01"),
        7 => format!("1-{a}-{}", cut(&hex, 8, 32)),
        8 => format!("Root=1-{a}-{};Parent={span_hex};Sampled=1", cut(&hex, 8, 32)),
        9 => format!("{hex}-{span_hex}-1"),
        10 => format!("uber-trace-id: {}:{}:0:1", hex.trim_start_matches('0'), span_hex.trim_start_matches('0')),
        11 => format!("{hex}/{};o=1", u64::from_be_bytes(*span.as_bytes())),
        12 => format!("\"trace_id\":\"{hex}\",\"span_id\":\"{span_hex}\""),
        13 => format!("http://h.example/trace/{hex}?uiFind={span_hex}"),
        14 => format!("trace_id%3D{hex}%26x"),
        15 => format!("\\x{hex}"),
        16 => format!("traceId={}", u128::from_be_bytes(*id.as_bytes())),
        17 => format!("{:?}", id.as_bytes()),
        _ => format!("traceId={}=\n{}", cut(&hex, 0, 20), cut(&hex, 20, 32)),
    }
}

/// The number of spellings in [`spell`].
const SPELLINGS: usize = 19;

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        let first = parse(&text);
        prop_assert_eq!(first, parse(&text), "the same text reads the same twice");
    }

    #[test]
    fn any_text_of_id_like_pieces_is_read_without_a_panic(text in "([0-9a-fA-F]{1,34}|[-:=/%;,.|@\\\\\"\\[ \n]|0x|%3[0-9A-F]|trace_id=|span-|1-|sw8: 1-|[A-Za-z0-9+/]{20,24}={0,2}){0,40}") {
        for candidate in parse(&text) {
            prop_assert!(candidate.confidence <= 100);
            prop_assert!(!candidate.key.to_string().is_empty());
        }
    }

    #[test]
    fn any_id_in_any_spelling_is_found_in_noise(
        bytes in any::<[u8; 16]>(), span in any::<[u8; 8]>(), form in 0..SPELLINGS,
        before in "[ a-zéß🙂.,;()<>\n]{0,40}", after in "[ a-zéß🙂.,;()<>\n]{0,40}",
    ) {
        prop_assume!(bytes[0] != 0 && span[0] != 0);
        let (id, span) = (TraceId::new(bytes).unwrap(), SpanId::new(span).unwrap());
        let paste = format!("{before} {} {after}", spell(form, id, span));
        let found = parse(&paste);
        prop_assert!(found.iter().any(|candidate| candidate.key == Key::Trace(id)), "{:?} gave {:?}", paste, found);
    }

    #[test]
    fn the_id_is_the_best_reading_of_a_paste_with_nothing_else(bytes in any::<[u8; 16]>(), span in any::<[u8; 8]>(), form in 0..SPELLINGS) {
        prop_assume!(bytes[0] != 0 && span[0] != 0);
        let (id, span) = (TraceId::new(bytes).unwrap(), SpanId::new(span).unwrap());
        let paste = spell(form, id, span);
        prop_assert_eq!(&best(&paste).key, &Key::Trace(id), "{:?}", parse(&paste));
    }
}
