//! The page of senders: empty, with senders that do well and badly, live, and when the server goes away.

use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use reqwest::Method;
use telltale_tests::http::{PROTOBUF, Signal};
use telltale_tests::otlp;
use telltale_tests::server::Server;

use super::Browser;
use crate::support::server;

/// Requests that were sent.
static SENT: AtomicU64 = AtomicU64::new(0);

/// Sends as an SDK would that names itself.
async fn send(server: &Server, agent: &str, service: &str, language: &str) {
    let request = server.http.otlp_request(Method::POST, "/v1/traces").header("content-type", PROTOBUF);
    let body = otlp_bytes(service, language);
    let _ = server.http.send(request.header("user-agent", agent).body(body)).await.ok();
}

fn otlp_bytes(service: &str, language: &str) -> Vec<u8> {
    // Nothing is odd about the spans themselves.
    let trace = (1 + u128::from(SENT.fetch_add(1, Ordering::Relaxed))).to_be_bytes();
    let mut request = otlp::traces(service, vec![otlp::span(trace, [1; 8], "op")]);
    let sdk = [("name", "opentelemetry"), ("language", language), ("version", "1.40.0")];
    let resource = request.resource_spans[0].resource.get_or_insert_with(Resource::default);
    resource.attributes.extend(sdk.map(|(key, value)| otlp::text(&format!("telemetry.sdk.{key}"), value)));
    if service.is_empty() {
        resource.attributes.retain(|attribute| attribute.key != "service.name");
    }
    request.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_appear_with_what_they_did_wrong_and_the_fix() {
    let server = server();
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/ingest").await;
    browser.until_text("Nobody has sent anything").await;
    let port = server.ready.otlp_http.rsplit_once(':').unwrap().1.to_owned();
    browser.until_text(&port).await;
    browser.looked_at_in_its_width("ingest-empty").await;

    // The page is open: everything below appears by itself.
    send(&server, "OTel-OTLP-Exporter-Python/1.40.0", "shop", "python").await;
    for text in [
        "shop",
        "opentelemetry python 1.40.0",
        "OTel-OTLP-Exporter-Python/1.40.0",
        "http/protobuf",
        "1 span",
        "nothing refused",
    ] {
        browser.until_text(text).await;
    }
    send(&server, "home-made/1", "", "go").await;
    for text in ["Without service.name", "set OTEL_SERVICE_NAME", "1 has a problem"] {
        browser.until_text(text).await;
    }
    let _ = server.http.post(Signal::Traces, "text/plain", "oops").await;
    for text in ["text/plain", "Nothing stored yet", "1 request refused", "2 have problems"] {
        browser.until_text(text).await;
    }
    browser.looked_at_in_its_width("ingest").await;

    // Only those with problems, by key.
    browser.script("document.querySelector('.panel-tools input[type=checkbox]').focus(); return true").await;
    browser.press(" ").await;
    browser
        .until_true(
            "two cards",
            "return document.querySelectorAll('.sender').length === 2 && location.search === '?problems=1'",
        )
        .await;

    // The server goes away: what was there stays, and the page says that it is old.
    drop(server);
    browser.until_text("This list is not current").await;
    browser.until_text("Without service.name").await;
    browser.looked_at_in_its_width("ingest-error").await;
}

/// A name of 300 letters and markup in a user agent: text stays text, and the page does not scroll sideways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_senders_stay_readable() {
    let server = server();
    send(&server, "<script>window.hacked=1</script>", &"long-name-".repeat(30), "rust").await;
    for at in 0..40 {
        send(&server, "collector/1", &format!("service-{at:02}-behind-a-collector"), "java").await;
    }
    let browser = Browser::open(server.http.ui()).await;
    browser.goto("/ingest").await;
    for text in ["<script>window.hacked=1</script>", "long-name-long-name", "service-05-behind-a-collector and 34 more"]
    {
        browser.until_text(text).await;
    }
    browser.click_text("summary", "All its services").await;
    browser.until_text("service-39-behind-a-collector").await;
    assert_eq!(browser.script("return window.hacked === undefined").await, true);
    browser.looked_at_in_its_width("ingest-odd").await;
    browser.close().await;
}
