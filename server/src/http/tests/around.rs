//! What stands around a request, and pastes that are values of attributes.

use telltale_model::SignalKind;

use super::harness::Server;
use super::sample::{self, TRACE};

const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn an_order_number_leads_to_its_trace() {
    let server = Server::with_sample().await;
    let answer = server.get("/api/resolve?q=A-17").await.json();
    assert_eq!(answer["go"]["trace_id"], TRACE, "{answer:#}");
    assert_eq!(answer["candidates"][0]["form"], "value of an attribute");
    let answer = server.get("/api/resolve?q=x-request-id%3A%20A-17").await.json();
    assert_eq!(answer["go"]["trace_id"], TRACE, "{answer:#}");
    let answer = server.get("/api/resolve?q=b7ad6b7").await.json();
    assert_eq!(answer["go"]["trace_id"], TRACE, "the first digits of a span: {answer:#}");
}

#[tokio::test]
async fn a_request_is_shown_among_its_neighbours() {
    let server = Server::with_sample().await;
    server.send(SignalKind::Traces, &sample::one_span_of("shop-api", OTHER, "00f067aa0ba902b7", "POST /orders")).await;
    let around = server.get(&format!("/api/around/{TRACE}")).await.json();
    assert_eq!(around["healthy"]["trace_id"], OTHER, "{around:#}");
    let traces = around["operation"]["traces"].as_array().unwrap();
    let this = usize::try_from(around["operation"]["this"].as_u64().unwrap()).unwrap();
    assert_eq!((traces.len(), &traces[this]["trace_id"]), (2, &TRACE.into()));
    let metrics = around["metrics"].as_array().unwrap();
    assert!(metrics.iter().any(|metric| !metric["exemplars"].as_array().unwrap().is_empty()), "{around:#}");
    assert!(metrics.iter().all(|metric| metric["point_count"] == 0 || metric["least"] != ""), "{around:#}");
    assert_eq!(server.get(&format!("/api/around/{OTHER}")).await.status, 200);
    assert_eq!(server.get("/api/around/00000000000000000000000000000001").await.error(404), "trace_not_found");
}

#[tokio::test]
async fn the_same_business_key_leads_to_other_requests() {
    let server = Server::with_sample().await;
    server
        .send(
            SignalKind::Traces,
            &sample::one_span_with(OTHER, "00f067aa0ba902b7", &[("order.id", "A-17"), ("user.id", "u-1")]),
        )
        .await;
    let later = "0af7651916cd43dd8448eb211c80ffff";
    server.send(SignalKind::Traces, &sample::one_span_with(later, "00f067aa0ba902b8", &[("user.id", "u-1")])).await;
    let around = server.get(&format!("/api/around/{TRACE}")).await.json();
    let same = &around["same_key"][0];
    assert_eq!(
        (&same["key"], &same["value"], &same["traces"][0]["trace_id"]),
        (&"order.id".into(), &"A-17".into(), &OTHER.into()),
        "{around:#}"
    );
    let around = server.get(&format!("/api/around/{OTHER}")).await.json();
    let neighbours = &around["neighbours"][0];
    assert_eq!((&neighbours["key"], &neighbours["next"]["trace_id"]), (&"user.id".into(), &later.into()), "{around:#}");
}
