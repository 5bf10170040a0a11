//! Scenario: two named runs of the same work, the second with a new error. Guarantees: each run is what arrived while it
//! was open; compared, the error is told.

use std::sync::Arc;

use telltale_model::SignalKind;

use super::harness::Server;
use super::sample;

#[tokio::test]
async fn before_and_after_are_told_apart() {
    let server = Server::new();
    let mark = |name: &str| format!("{{\"name\":\"{name}\"}}");
    server.tick();
    server.post("/api/runs", &mark("before")).await.json();
    server.tick();
    server
        .send(
            SignalKind::Traces,
            &sample::one_span("1af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b1", "work", "slow"),
        )
        .await;
    server.tick();
    server.post("/api/runs", &mark("after")).await.json();
    server.tick();
    server
        .send(
            SignalKind::Traces,
            &sample::one_span("2af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b2", "work", "lost 7"),
        )
        .await;
    let runs = server.get("/api/runs").await.json();
    let names: Vec<_> = runs["runs"].as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["after", "before"]);
    let seen = |run: &'static str| {
        let server = Arc::clone(&server.state);
        async move {
            let scope = server.runs.scope(run).unwrap();
            crate::observe::observe(&server, &scope, crate::observe::ALL).await.unwrap().spans.len()
        }
    };
    assert_eq!((seen("before").await, seen("after").await), (1, 1));
    let diff = server.get("/api/runs/diff?a=before&b=after").await.json();
    assert_eq!(diff["new_errors"][0]["message"], "lost *");
    assert_eq!(diff["gone_errors"][0]["message"], "slow");
    let text = server.get("/api/runs/diff?a=before&b=after&format=text").await;
    assert!(text.text().starts_with("before → after\nnew error: 1× work work: lost * (/t/2af7"), "{}", text.text());
    assert_eq!(server.get("/api/runs/diff?a=before").await.error(400), "bad_parameter");
    assert_eq!(server.post("/api/runs", &mark("")).await.error(400), "run");
    assert_eq!(server.post("/api/runs", "{").await.error(400), "bad_json");
}
