//! Two traces side by side over HTTP and on the command line, links of other products, ids that are not stored, export.

use clap::Parser;
use http::Method;
use telltale_model::SignalKind;

use super::harness::Server;
use super::sample::{self, TRACE};
use crate::cli::{diff, export};

const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The sample, and a request of the same operation that went well.
async fn two() -> Server {
    let server = Server::with_sample().await;
    server.send(SignalKind::Traces, &sample::one_span_of("shop-api", OTHER, "00f067aa0ba902b7", "POST /orders")).await;
    server
}

#[tokio::test]
async fn two_traces_are_compared_in_every_form() {
    let server = two().await;
    let answer = server.get(&format!("/api/diff?a={OTHER}&b={TRACE}")).await.json();
    assert_eq!(
        (&answer["a"]["trace_ids"][0], &answer["b"]["outcome"]),
        (&OTHER.into(), &"failed".into()),
        "{answer:#}"
    );
    let changes: Vec<&str> =
        answer["rows"].as_array().unwrap().iter().map(|row| row["change"].as_str().unwrap()).collect();
    assert!(
        changes.contains(&"added") && answer["sentences"][0].as_str().unwrap().contains("longer than"),
        "{answer:#}"
    );
    let place = format!("/t/{OTHER}...{TRACE}");
    assert_eq!(server.get(&format!("{place}.json")).await.json(), answer);
    let text = server.get(&format!("{place}.txt")).await;
    assert!(text.text().contains("Operations that differ"), "{}", text.text());
    assert!(server.get_with(&place, "accept", "text/markdown").await.text().starts_with("### "));
    assert_eq!(server.get_with(&place, "accept", "text/html").await.status, 200);
    assert_eq!(server.get(&format!("/api/diff?a={TRACE}")).await.error(400), "bad_parameter");
    assert_eq!(
        server.get(&format!("/api/diff?a={TRACE}&b=00000000000000000000000000000001")).await.error(404),
        "trace_not_found"
    );
}

#[tokio::test]
async fn a_trace_is_compared_with_healthy_ones_of_its_operation() {
    let server = two().await;
    let answer = server.get(&format!("/api/diff?a={TRACE}&b=baseline")).await.json();
    assert_eq!(
        (&answer["a"]["is_baseline"], &answer["a"]["trace_ids"]),
        (&true.into(), &serde_json::json!([OTHER])),
        "{answer:#}"
    );
    assert_eq!(answer["b"]["trace_ids"][0], TRACE);
    let alone = Server::with_sample().await;
    assert_eq!(alone.get(&format!("/api/diff?a={TRACE}&b=baseline")).await.error(404), "no_baseline");
}

#[tokio::test]
async fn a_paste_of_two_ids_with_dots_asks_for_the_comparison() {
    let server = two().await;
    let answer = server.get(&format!("/api/resolve?q={TRACE}...{OTHER}")).await.json();
    assert_eq!(answer["diff"], serde_json::json!({"a": TRACE, "b": OTHER}), "{answer:#}");
    assert_eq!(answer["go"], serde_json::Value::Null);
    let list = server.get(&format!("/api/resolve?q={TRACE}%0A{OTHER}")).await.json();
    assert_eq!((list["candidates"].as_array().unwrap().len(), &list["diff"]), (2, &serde_json::Value::Null));
}

#[tokio::test]
async fn links_of_other_products_are_redirected() {
    let server = Server::new();
    for path in [
        format!("/trace/{TRACE}"),
        format!("/zipkin/traces/{TRACE}"),
        format!("/traces/detail/{TRACE}?spanId=b7ad6b7169203331"),
    ] {
        let answer = server.get_with(&path, "accept", "text/html").await;
        assert_eq!(answer.status, 302, "{path}");
        assert!(answer.header("location").starts_with(&format!("/t/{TRACE}")), "{path}: {}", answer.header("location"));
    }
    assert_eq!(server.ask(Method::POST, &format!("/trace/{TRACE}"), &[], "").await.status, 404);
    assert_eq!(server.get(&format!("/api/traces/{TRACE}")).await.error(404), "no_such_path");
}

#[tokio::test]
async fn an_id_that_is_not_stored_is_explained() {
    let server = Server::with_sample().await;
    let typo = TRACE.replace("319c", "319d");
    let answer = server.get(&format!("/api/resolve?q=00-{typo}-b7ad6b7169203331-00")).await.json();
    let found = &answer["not_found"];
    assert_eq!(
        (&found["near"][0]["why"], &found["near"][0]["trace"]["trace_id"]),
        (&"differs in one digit".into(), &TRACE.into()),
        "{answer:#}"
    );
    assert_eq!(found["sampled"], false);
    assert_eq!(
        found["services"][0]["service_name"].as_str().map(|name| ["orders", "shop-api"].contains(&name)),
        Some(true)
    );
    let words = found["sentences"].to_string();
    assert!(words.contains("did not sample") && words.contains("2 spans in 0 segments"), "{words}");
    assert!(found["from_unix_nano"].is_string() && found["to_unix_nano"].is_string(), "{found:#}");
    let answer = server.get("/api/resolve?q=order%20failed").await.json();
    let line = &answer["not_found"]["elsewhere"][0];
    assert_eq!((&line["place"], &line["trace_id"]), (&"log".into(), &TRACE.into()), "{answer:#}");
    let hit = server.get(&format!("/api/resolve?q={TRACE}")).await.json();
    assert_eq!(hit["not_found"], serde_json::Value::Null);
    let nothing = Server::new().get("/api/resolve?q=%22%27;%20--").await.json();
    assert_eq!(nothing["not_found"]["elsewhere"], serde_json::json!([]), "{nothing:#}");
}

#[derive(Parser)]
struct Diff {
    #[command(flatten)]
    args: diff::Args,
}

#[derive(Parser)]
struct Export {
    #[command(flatten)]
    args: export::Args,
}

#[tokio::test]
async fn the_terminal_compares_and_exports() {
    let server = two().await;
    let url = server.listen().await;
    let mut out = Vec::new();
    diff::diff(&Diff::parse_from(["diff", OTHER, TRACE, "--url", &url]).args, &mut out).await.unwrap();
    assert!(String::from_utf8(out).unwrap().contains("Operations that differ"));
    let mut out = Vec::new();
    diff::diff(&Diff::parse_from(["diff", TRACE, "baseline", "--json", "--url", &url]).args, &mut out).await.unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap()["a"]["is_baseline"], true);
    let export = async |format: &str| {
        let mut out = Vec::new();
        // Any spelling of the id will do.
        let arguments = ["export", "0af76519-16cd-43dd-8448-eb211c80319c", "--format", format, "--url", &url];
        export::export(&Export::parse_from(arguments).args, &mut out).await.unwrap();
        out
    };
    let page = String::from_utf8(export("html").await).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("deadlock detected"), "{page}");
    let document: serde_json::Value = serde_json::from_slice(&export("otlp-json").await).unwrap();
    assert!(document["resourceSpans"].is_array() && document["resourceLogs"].is_array());
    let traces: opentelemetry_proto::tonic::trace::v1::TracesData =
        prost::Message::decode(export("otlp-traces").await.as_slice()).unwrap();
    assert_eq!(traces.resource_spans.len(), 2);
    let logs: opentelemetry_proto::tonic::logs::v1::LogsData =
        prost::Message::decode(export("otlp-logs").await.as_slice()).unwrap();
    assert_eq!(logs.resource_logs.len(), 1);
    assert!(String::from_utf8(export("markdown").await).unwrap().starts_with("### "));
    assert!(String::from_utf8(export("text").await).unwrap().contains("What happened"));
    assert!(export("story-json").await.starts_with(b"{"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.json");
    let arguments = Export::parse_from(["export", TRACE, "--out", &file.display().to_string(), "--url", &url]).args;
    export::export(&arguments, &mut Vec::new()).await.unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&std::fs::read(&file).unwrap()).unwrap(), document);
    let unknown = Export::parse_from(["export", "00000000000000000000000000000001", "--url", &url]).args;
    let failure = export::export(&unknown, &mut Vec::new()).await.unwrap_err();
    assert!(failure.to_string().contains("were searched"), "{failure}");
}
