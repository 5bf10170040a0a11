//! From a paste to the trace.

use http::Method;
use serde_json::Value;
use telltale_model::SignalKind;

use super::harness::Server;
use super::sample::{self, QUERY, ROOT, TRACE};

async fn resolve(server: &Server, paste: &str) -> Value {
    let mut url = reqwest::Url::parse("http://x/api/resolve").unwrap();
    url.query_pairs_mut().append_pair("q", paste);
    server.get(&format!("{}?{}", url.path(), url.query().unwrap())).await.json()
}

#[tokio::test]
async fn every_spelling_of_the_id_leads_to_the_trace() {
    let server = Server::with_sample().await;
    for paste in [
        TRACE,
        "0AF7651916CD43DD8448EB211C80319C",
        "0af76519-16cd-43dd-8448-eb211c80319c",
        "CvdlGRbNQ92ESOshHIAxnA==",
        "8448eb211c80319c",
        "0af7651",
        "1-0af76519-16cd43dd8448eb211c80319c",
        "https://grafana.example/trace/0af7651916cd43dd8448eb211c80319c?x=1",
        "2025-11-21 ERROR [shop] trace_id=0af7651916cd43dd8448eb211c80319c order failed",
    ] {
        let answer = resolve(&server, paste).await;
        assert_eq!(answer["go"]["trace_id"], TRACE, "{paste}: {answer}");
        assert_eq!(answer["candidates"][0]["traces"][0]["span_count"], 2, "{paste}");
        assert_eq!(answer["searched"]["spans"], 2);
    }
}

#[tokio::test]
async fn a_paste_that_names_a_span_leads_to_the_span() {
    let server = Server::with_sample().await;
    for paste in [QUERY.to_owned(), format!("00-{TRACE}-{QUERY}-01")] {
        let answer = resolve(&server, &paste).await;
        assert_eq!(answer["go"]["trace_id"], TRACE, "{paste}: {answer}");
        assert_eq!(answer["go"]["span_id"], QUERY, "{paste}: {answer}");
    }
}

#[tokio::test]
async fn several_traces_are_listed_and_none_is_picked() {
    let server = Server::with_sample().await;
    let twin = TRACE.replace("0af7651916cd43dd", "ffffffffffffffff");
    server.send(SignalKind::Traces, &sample::one_span(&twin, "00000000000000aa", "GET /", "")).await;
    let answer = resolve(&server, "8448eb211c80319c").await;
    assert_eq!(answer["go"], Value::Null, "{answer}");
    let ids: Vec<&str> =
        answer["candidates"][0]["traces"].as_array().unwrap().iter().map(|t| t["trace_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [TRACE, &twin]);
    let exact = resolve(&server, TRACE).await;
    assert_eq!(exact["go"]["trace_id"], TRACE, "the whole id is not ambiguous: {exact}");
}

#[tokio::test]
async fn what_is_not_stored_is_explained_not_refused() {
    let server = Server::with_sample().await;
    let answer = resolve(&server, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00").await;
    assert_eq!(answer["go"], Value::Null);
    assert_eq!(answer["candidates"][0]["id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(answer["candidates"][0]["note"].as_str().unwrap().contains("not sample"), "{answer}");
    assert_eq!(resolve(&server, "nothing here").await["candidates"].as_array().unwrap().len(), 0);
    assert_eq!(server.get("/api/resolve").await.error(400), "no_paste");
}

#[tokio::test]
async fn a_trace_of_logs_alone_is_found() {
    let server = Server::new();
    server.send(SignalKind::Logs, &sample::logs()).await;
    let answer = resolve(&server, TRACE).await;
    assert_eq!(answer["go"]["trace_id"], TRACE, "{answer}");
    assert_eq!(answer["candidates"][0]["traces"][0]["span_count"], 0);
    assert_eq!(server.get(&format!("/api/trace/{TRACE}")).await.json()["logs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_and_unknown_ids_get_the_fitting_answer_on_every_path() {
    let server = Server::with_sample().await;
    let unknown = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (before, after) in
        [("/api/trace/", ""), ("/api/trace/", "/otlp"), ("/api/story/", ""), ("/t/", ".json"), ("/t/", ".txt")]
    {
        let path = |id: &str| format!("{before}{id}{after}");
        assert_eq!(server.get(&path(unknown)).await.error(404), "trace_not_found", "{}", path(unknown));
        for bad in ["xyz", ROOT, "00000000000000000000000000000000", "%20", "0af7651916cd43dd8448eb211c80319g"] {
            let answer = server.get(&path(bad)).await;
            assert_eq!(answer.error(400), "bad_trace_id", "{}", path(bad));
            assert!(answer.text().contains("32 hex digits"), "{}", answer.text());
        }
    }
    assert_eq!(server.get("/api/trace/%ff").await.error(400), "bad_path");
}

#[tokio::test]
async fn a_store_that_changed_since_is_seen_at_once() {
    let server = Server::new();
    let path = format!("/api/trace/{TRACE}");
    assert_eq!(server.get(&path).await.error(404), "trace_not_found");
    server.send(SignalKind::Traces, &sample::traces()).await;
    assert_eq!(server.get(&path).await.json()["spans"].as_array().unwrap().len(), 2);
    server.send(SignalKind::Traces, &sample::traces()).await;
    let again = server.get(&path).await.json();
    assert_eq!((again["spans"].as_array().unwrap().len(), &again["duplicate_span_count"]), (2, &Value::from(2)));
}

#[tokio::test]
async fn the_barrier_passes_and_with_durable_everything_is_in_segments() {
    let server = Server::with_sample().await;
    let quick = server.post("/api/flush", "").await.json();
    assert_eq!((&quick["last_lsn"], &quick["durable"]), (&Value::from(3), &Value::from(false)));
    let durable = server.post("/api/flush?durable=true", "").await.json();
    assert_eq!(durable["durable"], true);
    let status = server.state.storage.status();
    assert!(status.tables.iter().all(|table| table.memory_rows == 0), "{:?}", status.tables);
    assert_eq!(server.get(&format!("/api/trace/{TRACE}")).await.json()["spans"].as_array().unwrap().len(), 2);
    assert_eq!(server.post("/api/flush?durable=maybe", "").await.error(400), "bad_parameter");
    assert_eq!(server.ask(Method::GET, "/api/flush", &[], "").await.error(405), "method_not_allowed");
}
