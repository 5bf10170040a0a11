//! H1 to H11: rules of OTLP/HTTP.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::{Method, StatusCode};
use telltale_tests::http::{Answer, JSON, PROTOBUF, Signal};
use telltale_tests::rng::Rng;
use telltale_tests::wire::RpcStatus;
use telltale_tests::{otlp, wire};

use crate::support::{launch, server};

/// H2, H3: media types are compared without case and parameters; the answer has the request's type.
#[tokio::test]
async fn h2_h3_media_types() {
    let server = server();
    let mut rng = Rng::new(1);
    let types =
        [PROTOBUF, "Application/X-Protobuf", "application/x-protobuf; charset=utf-8", " application/x-protobuf ;a=b"];
    for content_type in types {
        let body = otlp::traces("types", vec![otlp::span(rng.trace_id(), rng.span_id(), "s")]).encode_to_vec();
        let answer = server.http.post(Signal::Traces, content_type, body).await.ok();
        assert_eq!(answer.header("content-type"), PROTOBUF, "{content_type}");
    }
    for content_type in [JSON, "APPLICATION/JSON", "application/json;charset=UTF-8"] {
        let answer = server.http.post(Signal::Traces, content_type, "{}").await.ok();
        assert!(answer.header("content-type").starts_with(JSON), "{content_type}");
    }
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 4);
}

/// H4, H5: undecodable is 400, and every error body is a `google.rpc.Status` in the request's encoding.
#[tokio::test]
async fn h4_h5_undecodable_is_400_with_a_status() {
    let server = server();
    for signal in Signal::ALL {
        let answer = server.http.post(signal, PROTOBUF, &b"\x0a\xff\xff\x01"[..]).await;
        let status = status_of(&answer, StatusCode::BAD_REQUEST, PROTOBUF);
        assert!(!status.message.is_empty(), "{signal:?}");
        assert!(
            status.details.iter().any(|detail| detail.type_url.ends_with("google.rpc.BadRequest")),
            "{signal:?}: {status:?}"
        );
        for body in ["{", "[]", "{\"resourceSpans\": 7, \"resourceLogs\": 7, \"resourceMetrics\": 7}", "nonsense"] {
            let answer = server.http.post(signal, JSON, body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{signal:?} {body}: {}", answer.text());
            assert!(answer.json()["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.text());
        }
    }
}

/// H1, H4, H10: other methods, types, encodings and paths: the fitting status, each with a Status body.
#[tokio::test]
async fn h10_refusals_have_the_fitting_status() {
    let server = server();
    let http = &server.http;
    let answer = http.send(http.otlp_request(Method::GET, "/v1/traces")).await;
    assert_eq!((answer.status, answer.header("allow").contains("POST")), (StatusCode::METHOD_NOT_ALLOWED, true));
    let answer = http.post(Signal::Traces, "text/plain", "hello").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let answer = http.send(http.otlp_request(Method::POST, "/v1/traces").body("hello")).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "no content type");
    let answer = http.post_encoded(Signal::Traces, PROTOBUF, "br", "hello").await;
    status_of(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, PROTOBUF);
    let answer = http.post_encoded(Signal::Traces, PROTOBUF, "gzip", "this is not gzip").await;
    status_of(&answer, StatusCode::BAD_REQUEST, PROTOBUF);
    let request = http.otlp_request(Method::POST, "/v1development/profiles").header("content-type", PROTOBUF).body("");
    status_of(&http.send(request).await, StatusCode::NOT_FOUND, PROTOBUF);
    let codes: Vec<String> = http.issues().await.iter().map(|issue| issue["code"].to_string()).collect();
    assert!(codes.len() >= 3, "refusals are issues: {codes:?}");
}

/// C3, H6: over the limit is 413, before and after decompression; the limit is a setting.
#[tokio::test]
async fn c3_h6_over_the_limit_is_413() {
    let server = launch().arg("--max-request-mib=1").start();
    let mut rng = Rng::new(2);
    let big = |bytes: usize, rng: &mut Rng| {
        let mut span = otlp::span(rng.trace_id(), rng.span_id(), "big");
        span.attributes.push(otlp::text("blob", "x".repeat(bytes)));
        otlp::traces("limits", vec![span]).encode_to_vec()
    };
    let over = big(1024 * 1024, &mut rng);
    status_of(&server.http.post(Signal::Traces, PROTOBUF, over.clone()).await, StatusCode::PAYLOAD_TOO_LARGE, PROTOBUF);
    for (encoding, body) in
        [("gzip", wire::gzip(&over)), ("zstd", wire::zstd(&over)), ("deflate", wire::deflate(&over))]
    {
        let answer = server.http.post_encoded(Signal::Traces, PROTOBUF, encoding, body).await;
        status_of(&answer, StatusCode::PAYLOAD_TOO_LARGE, PROTOBUF);
    }
    let _ = server.http.post(Signal::Traces, PROTOBUF, big(1024 * 1024 - 1000, &mut rng)).await.ok();
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1, "what just fits is taken");
}

/// H10: a chunked body without a length.
#[tokio::test]
async fn h10_chunked_bodies() {
    let server = server();
    let mut rng = Rng::new(3);
    let body = otlp::traces("chunked", vec![otlp::span(rng.trace_id(), rng.span_id(), "s")]).encode_to_vec();
    let parts: Vec<Result<Vec<u8>, std::io::Error>> = body.chunks(7).map(|part| Ok(part.to_vec())).collect();
    let stream = reqwest::Body::wrap_stream(futures::stream::iter(parts));
    let request = server.http.otlp_request(Method::POST, "/v1/traces").header("content-type", PROTOBUF).body(stream);
    let _ = server.http.send(request).await.ok();
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1);
}

/// H9: a client that would take a compressed answer gets one that it can read, in every encoding of the request and for
/// refusals too.
#[tokio::test]
async fn h9_a_client_that_accepts_gzip_can_read_the_answer() {
    let server = server();
    let mut rng = Rng::new(9);
    let mut broken = otlp::span(rng.trace_id(), rng.span_id(), "s");
    broken.span_id.clear();
    let body = otlp::traces("accept", vec![broken]).encode_to_vec();
    let request = |content_type: &str, body: Vec<u8>| {
        let request = server.http.otlp_request(Method::POST, "/v1/traces").header("content-type", content_type);
        server.http.send(request.header("accept-encoding", "gzip, zstd;q=0.5").body(body))
    };
    let plain = |answer: &Answer| match answer.header("content-encoding") {
        "gzip" => wire::gunzip(&answer.body),
        "" | "identity" => answer.body.to_vec(),
        other => panic!("an encoding that was not offered: {other}"),
    };
    let answer = request(PROTOBUF, body).await.ok();
    let response = ExportTraceServiceResponse::decode(plain(&answer).as_slice()).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_spans, 1);
    let answer = request(JSON, b"{\"resourceSpans\":[{}]}".to_vec()).await.ok();
    assert_eq!(plain(&answer), b"{}");
    let answer = request(PROTOBUF, b"\x0a\xff\xff\x01".to_vec()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!RpcStatus::decode(plain(&answer).as_slice()).unwrap().message.is_empty());
}

/// H11: logs sent to the path of traces are refused with a message that says where they belong.
#[tokio::test]
async fn h11_logs_on_the_path_of_traces() {
    let server = server();
    let body = otlp::logs("mixed up", vec![otlp::log([1; 16], [1; 8], "not a span")]).encode_to_vec();
    let answer = server.http.post(Signal::Traces, PROTOBUF, body).await;
    let text = match answer.status {
        StatusCode::OK => {
            let response: ExportTraceServiceResponse = answer.protobuf();
            response.partial_success.map(|partial| partial.error_message).unwrap_or_default()
        }
        _ => answer.protobuf::<RpcStatus>().message,
    };
    assert!(text.contains("/v1/logs"), "{text:?}");
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 0);
    let issues = server.http.issues().await;
    assert!(issues.iter().any(|issue| issue.to_string().contains("/v1/logs")), "{issues:?}");
}

/// The UI port takes OTLP/HTTP too.
#[tokio::test]
async fn h8_otlp_on_the_ui_port() {
    let server = server();
    let body = otlp::logs("ui port", vec![otlp::log([1; 16], [1; 8], "here too")]).encode_to_vec();
    let request = server.http.request(Method::POST, "/v1/logs").header("content-type", PROTOBUF).body(body);
    assert!(server.http.send(request).await.ok().body.is_empty());
    assert_eq!(server.http.count("SELECT count(*) FROM logs WHERE body = 'here too'").await, 1);
}

#[track_caller]
fn status_of(answer: &Answer, expected: StatusCode, content_type: &str) -> RpcStatus {
    assert_eq!(answer.status, expected, "{}", answer.text());
    assert!(answer.header("content-type").starts_with(content_type), "{:?}", answer.headers);
    answer.protobuf()
}
