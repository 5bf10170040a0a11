//! Senders in process: what they send through the receiver, and what the list then says of them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::prelude::*;
use prost::Message as _;
use telltale_api::sender::SenderView;
use telltale_storage::clock::ManualClock;
use telltale_tests::otlp;

use super::*;
use crate::limits::ISSUES_KEPT;
use crate::receiver::tests::{Fixture, bytes, fixture, request};
use crate::receiver::{Protocol, http};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// A span of a service whose resource names an SDK.
fn payload(service: &str, language: &str) -> Vec<u8> {
    let mut request = otlp::traces(service, vec![otlp::span([7; 16], [9; 8], "op")]);
    let parts = [("name", "opentelemetry"), ("language", language), ("version", "1.2.3")];
    if let Some(resource) = request.resource_spans.first_mut().and_then(|spans| spans.resource.as_mut()) {
        resource.attributes.extend(parts.map(|(key, value)| otlp::text(&format!("telemetry.sdk.{key}"), value)));
    }
    request.encode_to_vec()
}

/// The same span with a resource that says nothing.
fn unnamed() -> Vec<u8> {
    let mut request: ExportTraceServiceRequest = otlp::traces("x", vec![otlp::span([7; 16], [8; 8], "op")]);
    request.resource_spans.iter_mut().for_each(|spans| spans.resource = Some(Resource::default()));
    request.encode_to_vec()
}

async fn post(fixture: &Fixture, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
    let response = http::handle(&fixture.state, request("/v1/traces", headers, body)).await;
    let status = response.status().as_u16();
    let _ = bytes(response).await;
    status
}

fn list(fixture: &Fixture) -> SenderList {
    fixture.state.senders.list(fixture.state.issues.list(ISSUES_KEPT), fixture.state.now())
}

/// Scenario: two programs on one machine, one of them without a service name, and one that sends a wrong type. Guarantees: each is
/// an entry of its own with its SDK, its items and its own faults with their fix; metrics count the entries.
#[tokio::test]
async fn each_sender_has_its_numbers_its_sdk_and_its_own_faults() {
    // The clock stands still: rates do not depend on how fast this machine is.
    let clock = Arc::new(ManualClock::new(telltale_model::UnixNanos(1_763_716_500_000_000_000)));
    let fixture = fixture(&[], |state| state.clock = clock);
    let python = ("user-agent", "OTel-OTLP-Exporter-Python/1.40");
    assert_eq!(post(&fixture, &[PROTOBUF, python], payload("shop", "python")).await, 200);
    let zipped = telltale_tests::wire::gzip(&payload("stock", "python"));
    assert_eq!(post(&fixture, &[PROTOBUF, python, ("content-encoding", "gzip")], zipped).await, 200);
    assert_eq!(post(&fixture, &[PROTOBUF, ("user-agent", "home-made")], unnamed()).await, 200);
    assert_eq!(post(&fixture, &[("content-type", "text/plain")], b"hello".to_vec()).await, 415);
    let list = list(&fixture);
    assert_eq!((list.senders.len(), list.forgotten, list.others.len()), (3, 0, 0), "{list:#?}");
    let [nobody, home_made, python] = &list.senders[..] else { panic!("newest first: {list:#?}") };

    assert_eq!(
        (python.services.as_slice(), python.has_unnamed),
        (["shop".to_owned(), "stock".to_owned()].as_slice(), false)
    );
    let sdk = SdkView { name: "opentelemetry".into(), language: "python".into(), version: "1.2.3".into() };
    assert_eq!(
        (&python.sdks, python.compression.as_str(), python.protocol.as_str()),
        (&vec![sdk], "gzip", "http/protobuf")
    );
    assert_eq!((python.requests, python.spans, python.refused_requests, python.rejected_items), (2, 2, 0, 0));
    assert!(python.bytes > 100 && python.items_per_second > 0.0 && python.issues.is_empty(), "{python:?}");

    assert!(home_made.has_unnamed && home_made.services.is_empty());
    let told = &home_made.issues[0];
    assert_eq!((told.code.as_str(), home_made.issues.len()), ("service_name_missing", 1));
    assert!(told.hint.contains("OTEL_SERVICE_NAME"), "{}", told.hint);

    assert_eq!((nobody.requests, nobody.refused_requests, nobody.user_agent.as_deref()), (0, 1, None));
    let error = nobody.last_error.as_ref().unwrap();
    assert_eq!(error.code, "request_unsupported_media");
    assert!(error.message.contains("text/plain") && error.hint.contains("application/x-protobuf"), "{error:?}");
    let metrics = fixture.state.telemetry.render(&fixture.state.storage.status());
    assert!(metrics.contains("telltale_ingest_senders 3\n"), "{metrics}");
}

/// Scenario: a request of which half is rejected. Guarantees: the sender's entry counts both halves and keeps the newest reason.
#[tokio::test]
async fn a_rejected_item_is_the_senders_last_error() {
    let fixture = fixture(&[], |_| {});
    let spans = vec![otlp::span([7; 16], [9; 8], "good"), otlp::span([7; 16], [0; 8], "bad")];
    assert_eq!(post(&fixture, &[PROTOBUF], otlp::traces("half", spans).encode_to_vec()).await, 200);
    let sender: SenderView = list(&fixture).senders.remove(0);
    assert_eq!((sender.requests, sender.spans, sender.rejected_items), (1, 1, 1));
    let error = sender.last_error.unwrap();
    assert_eq!((error.code.as_str(), sender.issues[0].outcome.as_str()), ("span_id_invalid", "rejected"));
}

/// Scenario: one collector that hands on more services than are listed. Guarantees: bounded, and what is left out is counted.
#[tokio::test]
async fn names_beyond_the_bound_are_counted() {
    let fixture = fixture(&[], |_| {});
    for number in 0..SENDER_NAMES + 3 {
        assert_eq!(post(&fixture, &[PROTOBUF], payload(&format!("service-{number:03}"), "go")).await, 200);
    }
    let sender = list(&fixture).senders.remove(0);
    assert_eq!((sender.services.len(), sender.sdks.len(), sender.names_left_out), (SENDER_NAMES, 1, 3));
    assert_eq!(post(&fixture, &[PROTOBUF], payload("service-000", "go")).await, 200);
    assert_eq!(list(&fixture).senders[0].names_left_out, 3, "a listed name is not left out");
}

fn sender(number: usize) -> Sender {
    Sender { peer: format!("10.0.0.{number}"), user_agent: None, protocol: Protocol::Grpc, compression: "none" }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whoever sends: the list is bounded, the newest are in it, and nobody is forgotten uncounted.
    #[test]
    fn the_list_is_bounded_and_nobody_is_forgotten_uncounted(seen in prop::collection::vec(0_usize..400, 0..900)) {
        let telemetry = Arc::new(Telemetry::new());
        let senders = Senders::new(Arc::clone(&telemetry));
        let refusal = Refusal::malformed("x");
        // A model: the order in which they were seen last.
        let (mut order, mut forgotten) = (Vec::new(), 0);
        for (at, number) in seen.iter().enumerate() {
            order.retain(|known| known != number);
            order.insert(0, *number);
            if order.len() > SENDERS_KEPT {
                order.pop();
                forgotten += 1;
            }
            senders.refused(&sender(*number), &refusal, Nanos(at as u64));
        }
        let issues = IssueList { issues: Vec::new(), forgotten: 0 };
        let list = senders.list(issues, Nanos(1_000));
        let peers: Vec<String> = list.senders.iter().map(|sender| sender.peer.clone()).collect();
        let expected: Vec<String> = order.iter().map(|number| sender(*number).peer).collect();
        prop_assert_eq!(peers, expected);
        prop_assert_eq!((list.forgotten, senders.count()), (forgotten, order.len()));
    }
}
