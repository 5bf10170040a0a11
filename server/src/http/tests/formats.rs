//! The same trace in every form.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogsData;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, TracesData};
use prost::Message as _;
use serde_json::Value;
use telltale_model::SignalKind;

use super::harness::Server;
use super::sample::{self, TRACE};

/// Scenario: the trace is asked for as protobuf, from memory and from segments.
/// Guarantees: what was sent comes back, but for the order of envelopes.
#[tokio::test]
async fn protobuf_gives_back_what_was_sent() {
    let server = Server::with_sample().await;
    for _from in ["memory", "segments"] {
        let path = format!("/api/trace/{TRACE}/otlp");
        let traces = server.get_with(&path, "accept", "application/x-protobuf").await;
        assert_eq!(traces.header("content-type"), "application/x-protobuf");
        let mut got = TracesData::decode(traces.body).unwrap().resource_spans;
        let mut sent = sample::traces().resource_spans;
        for groups in [&mut got, &mut sent] {
            groups.sort_by_key(|group| format!("{:?}", group.resource));
        }
        assert_eq!(got, sent);
        let logs = server.get_with(&format!("{path}?signal=logs"), "accept", "application/x-protobuf").await;
        assert_eq!(LogsData::decode(logs.body).unwrap().resource_logs, sample::logs().resource_logs);
        server.state.storage.flush().await.unwrap();
    }
}

/// Scenario: the JSON answer is sent to another store as it is, one signal at a time.
/// Guarantees: our own OTLP/JSON reader reads it, and the second store answers with the same document.
#[tokio::test]
async fn json_can_be_sent_again_and_says_the_same() {
    let server = Server::with_sample().await;
    let path = format!("/api/trace/{TRACE}/otlp");
    let document = server.get(&path).await.json();
    let other = Server::new();
    for (signal, parameter) in [(SignalKind::Traces, "traces"), (SignalKind::Logs, "logs")] {
        let json = server.get(&format!("{path}?signal={parameter}")).await;
        let (payload, issues) = crate::decode::json::json_to_protobuf(signal, &json.body).unwrap();
        assert_eq!(issues, []);
        other.state.storage.append(signal, payload.into()).await.unwrap();
    }
    assert_eq!(other.get(&path).await.json(), document);
    assert_eq!(document["resourceLogs"].as_array().unwrap().len(), 1);
    let of_logs_alone = Server::new();
    of_logs_alone.send(SignalKind::Logs, &sample::logs()).await;
    assert_eq!(of_logs_alone.get(&path).await.json()["resourceSpans"], serde_json::json!([]));
    assert_eq!(server.get(&format!("{path}?signal=metrics")).await.error(400), "bad_signal");
}

#[tokio::test]
async fn the_story_is_the_same_with_and_without_a_browser() {
    let server = Server::with_sample().await;
    let story = server.get(&format!("/api/story/{TRACE}")).await.json();
    assert_eq!(story, server.get(&format!("/t/{TRACE}.json")).await.json());
    assert_eq!(story, server.get_with(&format!("/t/{TRACE}"), "accept", "application/json").await.json());
    assert_eq!(story["counts"]["spans"], 2);
    let text = server.get(&format!("/t/{TRACE}.txt")).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let by_accept = server.get_with(&format!("/t/{TRACE}"), "accept", "text/plain").await;
    assert_eq!(text.text(), by_accept.text());
    let markdown = server.get(&format!("/t/{TRACE}.md")).await;
    assert_eq!(markdown.header("content-type"), "text/markdown; charset=utf-8");
    for form in [&text, &markdown] {
        assert!(form.text().contains("POST /orders") && form.text().contains("deadlock detected"), "{}", form.text());
    }
}

#[tokio::test]
async fn an_exemplar_of_another_trace_in_the_same_point_is_left_out() {
    let server = Server::with_sample().await;
    let view = server.get(&format!("/api/trace/{TRACE}")).await.json();
    let exemplars = view["exemplars"].as_array().unwrap();
    assert_eq!(exemplars.len(), 1);
    assert_eq!((&exemplars[0]["metric"], &exemplars[0]["value"]), (&Value::from("orders.open"), &Value::from("17")));
}

/// The requests of the sample are what collectors send; the shapes of `Export…Request` and `…Data` are the same.
#[test]
fn data_and_export_requests_share_their_bytes() {
    let bytes = sample::traces().encode_to_vec();
    assert_eq!(TracesData::decode(&*bytes).unwrap().encode_to_vec(), bytes);
    assert_eq!(ExportTraceServiceRequest::decode(&*bytes).unwrap(), sample::traces());
    let bytes = sample::logs().encode_to_vec();
    assert_eq!(ExportLogsServiceRequest::decode(&*bytes).unwrap(), sample::logs());
}

/// Scenario: a trace of several blocks from two requests, a part of it sent twice, with a parent that never arrived, events and
/// links. Guarantees: the blocks that are made one by one hold every span whole, under the right row.
#[tokio::test]
async fn a_pack_of_many_blocks_holds_every_span() {
    let server = Server::with_sample().await;
    let spans = |range: std::ops::Range<u64>| sample::many_spans("0af7651916cd43dd8448eb211c80aaaa", range);
    server.send(SignalKind::Traces, &spans(0..3_000)).await;
    server.send(SignalKind::Traces, &spans(2_900..5_000)).await;
    let path = "/api/trace/0af7651916cd43dd8448eb211c80aaaa";
    let packed = server.get(&format!("{path}/pack")).await;
    let view: telltale_api::trace::TraceView = serde_json::from_value(server.get(path).await.json()).unwrap();
    assert_eq!((view.spans.len(), view.duplicate_span_count), (5_000, 100));
    let mut reader = telltale_story::pack::Reader::new();
    let mut structure = None;
    for piece in packed.body.chunks(10_000) {
        structure = reader.push(piece).unwrap().or(structure);
    }
    let (structure, details) = (structure.unwrap(), reader.finish().unwrap());
    let rows = 0..u32::try_from(structure.rows.len()).unwrap();
    assert_eq!(rows.len(), 5_001, "every span, and the parent that never arrived");
    let mut spans: Vec<_> = rows.filter_map(|row| details.span(&structure, row)).collect();
    spans.sort_by(|a, b| a.span_id.cmp(&b.span_id));
    let mut expected = view.spans;
    expected.sort_by(|a, b| a.span_id.cmp(&b.span_id));
    assert_eq!(spans.len(), expected.len());
    for (span, expected) in spans.iter().zip(&expected) {
        assert_eq!(span, expected);
    }
    assert_eq!(structure.meta.duplicate_span_count, 100);
}

/// Scenario: a trace of several parts from two requests, a part of it sent twice, from memory and from segments. Guarantees: what is
/// written while it is sent is what was sent, and the same as what is written at once.
#[tokio::test]
async fn a_large_trace_is_sent_whole_in_every_form() {
    let server = Server::new();
    let trace = "0af7651916cd43dd8448eb211c80aaaa";
    let requests = [sample::many_spans(trace, 0..12_000), sample::many_spans(trace, 11_900..20_000)];
    for request in &requests {
        server.send(SignalKind::Traces, request).await;
    }
    let spans = |groups: Vec<ResourceSpans>| {
        let mut spans: Vec<Span> =
            groups.into_iter().flat_map(|group| group.scope_spans).flat_map(|group| group.spans).collect();
        spans.sort_by(|a, b| a.span_id.cmp(&b.span_id));
        spans
    };
    let sent = spans(requests.into_iter().flat_map(|request| request.resource_spans).collect());
    let (path, id) = (format!("/api/trace/{trace}"), trace.parse().unwrap());
    for _from in ["memory", "segments"] {
        let protobuf = server.get_with(&format!("{path}/otlp"), "accept", "application/x-protobuf").await;
        assert!(spans(TracesData::decode(protobuf.body).unwrap().resource_spans) == sent);
        let json = server.get(&format!("{path}/otlp?signal=traces")).await;
        let (payload, issues) = crate::decode::json::json_to_protobuf(SignalKind::Traces, &json.body).unwrap();
        assert_eq!(issues, []);
        assert!(spans(ExportTraceServiceRequest::decode(&*payload).unwrap().resource_spans) == sent);
        let both = server.get(&format!("{path}/otlp")).await.json();
        assert_eq!(
            (both["resourceSpans"].as_array().unwrap().len(), &both["resourceLogs"]),
            (3, &serde_json::json!([]))
        );
        let data = server.state.query.trace(&id).await.unwrap().unwrap();
        let whole = crate::http::view::trace(&id, &data, server.state.now()).unwrap();
        assert_eq!((whole.spans.len(), whole.duplicate_span_count), (20_000, 100));
        assert!(server.get(&path).await.body == serde_json::to_vec(&whole).unwrap());
        server.state.storage.flush().await.unwrap();
    }
}

/// Scenario: the page's form of a trace, columns instead of rows.
/// Guarantees: it holds the same spans and log records as the JSON.
#[tokio::test]
async fn the_pack_holds_what_the_json_holds() {
    let server = Server::with_sample().await;
    let packed = server.get(&format!("/api/trace/{TRACE}/pack")).await;
    assert_eq!(packed.header("content-type"), telltale_story::pack::MEDIA_TYPE);
    let view: telltale_api::trace::TraceView =
        serde_json::from_value(server.get(&format!("/api/trace/{TRACE}")).await.json()).unwrap();
    let mut reader = telltale_story::pack::Reader::new();
    let structure = reader.push(&packed.body).unwrap().unwrap();
    let details = reader.finish().unwrap();
    let rows = 0..u32::try_from(structure.rows.len()).unwrap();
    let mut spans: Vec<_> = rows.filter_map(|row| details.span(&structure, row)).collect();
    spans.sort_by_key(|span| span.start_unix_nano);
    assert_eq!(spans, view.spans);
    let mut logs = Vec::new();
    details.for_each_log(&structure, |_, log| logs.push(log.clone()));
    assert_eq!(logs, view.logs);
    assert_eq!(structure.meta.trace_id, TRACE);
    assert_eq!(server.get("/api/trace/4bf92f3577b34da6a3ce929d0e0e4736/pack").await.error(404), "trace_not_found");
}
