//! Help for a field of PromQL: mistakes with their places, and offers from what is stored.

use serde_json::Value;

use super::harness::Server;

async fn help(server: &Server, query: &str) -> Value {
    let cursor = query.find('|').unwrap();
    let query = query.replace('|', "");
    let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    server.get(&format!("/api/promql/complete?query={encoded}&cursor={cursor}")).await.json()
}

fn offers(help: &Value) -> Vec<(&str, &str)> {
    help["offers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["text"].as_str().unwrap()))
        .collect()
}

/// Scenario: metrics of the sample; names, functions, labels and values at the cursor, and a mistake.
#[tokio::test]
async fn what_can_stand_at_the_cursor_is_offered() {
    let server = Server::with_sample().await;
    let every = help(&server, "|").await;
    let names: Vec<&str> =
        offers(&every).into_iter().filter(|(kind, _)| *kind == "metric").map(|(_, text)| text).collect();
    let metric = names.iter().find(|name| **name != "target_info").copied().unwrap().to_owned();
    let found = help(&server, &format!("sum({}|", metric.get(..4).unwrap())).await;
    assert!(offers(&found).contains(&("metric", metric.as_str())), "{found}");
    assert_eq!((&found["start"], &found["end"]), (&Value::from(4), &Value::from(8)));
    assert!(offers(&help(&server, "histogram_q|").await).contains(&("function", "histogram_quantile")));
    assert!(offers(&help(&server, "su|").await).contains(&("aggregation", "sum")));
    assert!(offers(&help(&server, &format!("{metric}{{jo|")).await).contains(&("label", "job")));
    let values = help(&server, &format!("{metric}{{job=\"|\"}}")).await;
    assert!(offers(&values).iter().any(|(kind, text)| *kind == "value" && text.contains("shop")), "{values}");
    assert_eq!(offers(&help(&server, "rate(x[1|").await)[0], ("duration", "1m"));
    let wrong = help(&server, "rate(x)|").await;
    assert_eq!(wrong["errors"][0]["position"], "1:6");
    assert!(wrong["errors"][0]["message"].as_str().unwrap().contains("expected type range vector"), "{wrong}");
}
