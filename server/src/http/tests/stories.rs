//! The story with what only the server knows: what is usual in the store, plans read, facts alone.

use http::Method;
use telltale_api::story::Story;
use telltale_api::trace::TraceView;
use telltale_model::SignalKind;
use telltale_story::story::Analysis;

use super::harness::Server;
use super::sample::{self, TRACE};

#[tokio::test]
async fn the_head_of_a_story_is_the_story_without_its_list() {
    let server = Server::with_sample().await;
    let whole = server.get(&format!("/api/story/{TRACE}")).await.json();
    let mut head = server.get(&format!("/api/story/{TRACE}?entries=0")).await.json();
    assert_eq!(head["entries"], serde_json::json!([]));
    head["entries"] = whole["entries"].clone();
    assert_eq!(head, whole);
    assert_eq!(server.get(&format!("/api/story/{TRACE}?entries=some")).await.error(400), "bad_parameter");
}

/// Scenario: traces whose lists are as long as one piece, one longer, and of several pieces. Guarantees: the answer that is written piece by
/// piece is the story that is told at once, and the list alone stands after everything else.
#[tokio::test]
async fn a_long_list_is_sent_whole() {
    let server = Server::new();
    for (last, spans) in [('a', 3_413), ('b', 3_414), ('c', 10_000)] {
        let trace = format!("0af7651916cd43dd8448eb211c80aaa{last}");
        server.send(SignalKind::Traces, &sample::many_spans(&trace, 0..spans)).await;
        let answer = server.get(&format!("/api/story/{trace}")).await;
        let story: Story = serde_json::from_slice(&answer.body).unwrap();
        let view: TraceView = serde_json::from_value(server.get(&format!("/api/trace/{trace}")).await.json()).unwrap();
        let entries = telltale_story::story::entries(&view, &Analysis::new(&view));
        // Every fifth span has an event.
        assert_eq!(entries.len() as u64, spans + spans.div_ceil(5), "{trace}");
        assert_eq!(story.entries, entries, "{trace}");
        assert_eq!(answer.body, serde_json::to_vec(&story).unwrap(), "{trace}");
    }
}

#[tokio::test]
async fn a_span_that_is_slow_for_its_kind_is_named_with_what_is_usual() {
    let server = Server::with_sample().await;
    for number in 0..30_u64 {
        let (trace, span) = (format!("{:032x}", 0xffff + number), format!("{:016x}", 0xaaaa + number));
        // One millisecond each; the sample's takes two seconds.
        server.send(SignalKind::Traces, &sample::one_span_of("shop-api", &trace, &span, "POST /orders")).await;
    }
    let story = server.get(&format!("/api/story/{TRACE}?entries=0")).await.json();
    let unusual = &story["unusual"][0];
    assert_eq!(
        (&unusual["usual"]["name"], &unusual["usual"]["count"]),
        (&"POST /orders".into(), &31.into()),
        "{story:#}"
    );
    assert!(story["chips"].as_array().unwrap().iter().any(|chip| chip["code"] == "unusual"), "{story:#}");
    let text = server.get(&format!("/t/{TRACE}.txt")).await;
    assert!(text.text().contains("times as long as usual"), "{}", text.text());
}

#[tokio::test]
async fn the_facts_alone_are_markdown_to_copy() {
    let server = Server::with_sample().await;
    let answer = server.get(&format!("/t/{TRACE}.facts.md")).await;
    assert_eq!(answer.header("content-type"), "text/markdown; charset=utf-8");
    assert!(answer.text().contains("**Facts**") && !answer.text().contains("What happened"), "{}", answer.text());
}

#[tokio::test]
async fn a_plan_as_text_becomes_a_tree_and_anything_else_stays_text() {
    let server = Server::new();
    let text = "Limit  (cost=0.00..9.00 rows=1 width=1)\n  ->  Seq Scan on orders  (cost=0.00..8.00 rows=1 width=1)";
    let plan = server.post("/api/plan", text).await.json();
    assert_eq!((&plan["format"], &plan["worst"]), (&"postgresql".into(), &1.into()), "{plan:#}");
    assert_eq!(plan["nodes"][1]["target"], "orders");
    assert_eq!(server.post("/api/plan", "no plan").await.json()["format"], "text");
    assert_eq!(server.ask(Method::GET, "/api/plan", &[], "").await.error(405), "method_not_allowed");
}
