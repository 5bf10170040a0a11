//! Dashboards and objectives through the API: opened, saved, exported, removed; offered by what arrived; judged by what is stored.

use http::Method;
use serde_json::{Value, json};
use telltale_dashboards::slo::{Objective, Written};
use telltale_model::SignalKind;

use super::harness::{NOW, Server};
use crate::cli::client::Failure;
use crate::cli::dashboard;

const GRAFANA: &str = r#"{"title":"Orders","panels":[
    {"type":"timeseries","title":"Rate","targets":[{"refId":"A","expr":"rate(orders_total[$__rate_interval])"}]},
    {"type":"geomap","title":"Where"}]}"#;

/// Scenario: Grafana's JSON is opened, found in the list, exported, opened again as TOML, changed by PUT and deleted.
#[tokio::test]
async fn a_dashboard_is_opened_saved_exported_and_removed() {
    let server = Server::new();
    let text = [("content-type", "text/plain")];
    let opened = server.ask(Method::POST, "/api/dashboards?name=orders.json", &text, GRAFANA).await.json();
    assert_eq!(opened["name"], "Orders");
    assert_eq!(opened["notes"], json!([{"panel": "Where", "reason": "panels of type \"geomap\" are not drawn"}]));
    let path = opened["path"].as_str().unwrap();
    assert!(path.starts_with(&server.state.data_dir.display().to_string()) && path.ends_with("Orders.toml"), "{path}");
    let list = server.get("/api/dashboards").await.json();
    assert_eq!(list["dashboards"][0]["origin"], "saved");
    assert_eq!((&list["dashboards"][0]["panels"], &list["dashboards"][0]["notes"]), (&json!(1), &json!(1)));

    let toml = server.get("/api/dashboards/Orders/toml").await;
    assert_eq!(toml.header("content-type"), "application/toml");
    let again = server.ask(Method::POST, "/api/dashboards", &text, toml.text()).await.json();
    assert_eq!((&again["name"], &again["dashboard"]), (&json!("Orders-2"), &opened["dashboard"]));
    let only_looked_at = server.ask(Method::POST, "/api/dashboards?save=false", &text, GRAFANA).await.json();
    assert_eq!(only_looked_at["path"], Value::Null);

    let mut changed = opened["dashboard"].clone();
    changed["title"] = json!("Mine");
    let put = server.ask(Method::PUT, "/api/dashboards/Orders", &text, &changed.to_string()).await.json();
    assert_eq!(put["dashboard"]["title"], "Mine");
    assert_eq!(server.get("/api/dashboards/Orders").await.json()["dashboard"]["title"], "Mine");
    let list = server.ask(Method::DELETE, "/api/dashboards/Orders", &[], "").await.json();
    assert_eq!(list["dashboards"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/dashboards/Orders").await.error(404), "dashboard_not_found");
    assert_eq!(server.ask(Method::DELETE, "/api/dashboards/Orders", &[], "").await.error(404), "dashboard_not_found");

    let metrics = server.get("/metrics").await.text().to_owned();
    for line in [
        r#"telltale_dashboard_opens_total{format="grafana",outcome="with_notes"} 2"#,
        r#"telltale_dashboard_opens_total{format="toml",outcome="whole"} 1"#,
        "telltale_dashboard_saves_total 3",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

/// Scenario: bodies that are no dashboards; the place of the mistake is told.
#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let server = Server::new();
    let text = [("content-type", "text/plain")];
    for (method, path, body, code, part) in [
        (Method::POST, "/api/dashboards?name=x.toml", "title = \"a\"\ntitel = 1\n", "bad_dashboard", "x.toml:2:1: "),
        (Method::POST, "/api/dashboards", "{\"panels\":", "bad_dashboard", "this is no JSON"),
        (Method::PUT, "/api/dashboards/a", "title = 1", "bad_dashboard", "a:1:9: "),
        (Method::PUT, "/api/dashboards/a", "{\"title\":\"\"}", "bad_dashboard", "needs a title"),
        (Method::PUT, "/api/dashboards/a%20b", "title = \"x\"", "bad_name", "a b"),
    ] {
        let answer = server.ask(method, path, &text, body).await;
        assert!(answer.text().contains(part), "{body}: {}", answer.text());
        assert_eq!(answer.error(400), code);
    }
    let large = format!("title = \"a\"\n#{}", "x".repeat(2 << 20));
    let answer = server.ask(Method::POST, "/api/dashboards?save=false", &text, &large).await.json();
    assert_eq!(answer["dashboard"]["title"], "a", "Grafana's files are larger than questions");
}

/// Scenario: nothing, then spans: the dashboard of services is there.
#[tokio::test]
async fn built_in_ones_are_offered_by_what_arrived() {
    let empty = Server::new();
    assert_eq!(empty.get("/api/dashboards").await.json()["dashboards"], json!([]));
    let server = Server::with_sample().await;
    let list = server.get("/api/dashboards").await.json();
    let names: Vec<&str> =
        list["dashboards"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"service-red"), "{names:?}");
    let red = server.get("/api/dashboards/service-red").await.json();
    assert_eq!((&red["origin"], &red["path"]), (&json!("built_in"), &Value::Null));
    let end = NOW.0 / 1_000_000_000;
    for panel in red["dashboard"]["panels"].as_array().unwrap() {
        for query in panel["queries"].as_array().unwrap() {
            let expr = query["expr"].as_str().unwrap().replace("$service", ".*").replace("$kind", ".*");
            let expr = expr.replace("$__rate_interval", "240s").replace("$__interval", "60s");
            let encoded: String = form_urlencoded::byte_serialize(expr.as_bytes()).collect();
            let answer = server.get(&format!("/api/v1/query?query={encoded}&time={end}")).await.json();
            assert_eq!(answer["status"], "success", "{expr}");
        }
    }
}

fn objective(text: &str) -> Objective {
    Objective::understand(toml::from_str::<Written>(text).unwrap()).unwrap()
}

/// Scenario: spans of which some failed; objectives by spans, by PromQL, by a service without events, and one that cannot be evaluated.
#[tokio::test]
async fn objectives_are_judged_by_what_is_stored() {
    let slos = vec![
        objective("name = \"spans\"\nservice = \"shop\"\nobjective = 75\nwindow = \"6h\"\nspans = {}"),
        objective(
            "name = \"promql\"\nservice = \"other\"\nobjective = 99\nwindow = \"30d\"\ngood = 'sum(increase(traces_spanmetrics_calls_total{status_code!=\"STATUS_CODE_ERROR\"}[$window]))'\ntotal = 'sum(increase(traces_spanmetrics_calls_total[$window]))'",
        ),
        objective("name = \"none\"\nobjective = 99\nspans = { service = \"nobody\" }"),
        objective("name = \"many\"\nobjective = 99\ngood = 'up[$window]'\ntotal = 'up[$window]'"),
    ];
    let server = Server::configured(|config| config.slos = slos);
    server.send(SignalKind::Traces, &super::sample::outcomes("shop", 8, 2)).await;
    let answer = server.get("/api/slos").await.json();
    let of = |name: &str| answer["slos"].as_array().unwrap().iter().find(|slo| slo["name"] == name).unwrap();
    let spans = of("spans");
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((number(&spans["ratio"]) - 0.8).abs() < 1e-6, "{spans}");
    assert!((number(&spans["budget_left"]) - 0.2).abs() < 1e-6 && spans["status"] == "good", "{spans}");
    assert!(spans["burns"].as_array().unwrap().len() == 4, "{spans}");
    let promql = of("promql");
    assert!(promql["status"] == "spent" && number(&promql["budget_left"]) < -10.0, "{promql}");
    assert_eq!(of("none")["status"], "no_data");
    assert!(of("none")["note"].as_str().unwrap().contains("kept for 7d"), "{}", of("none"));
    assert_eq!(of("many")["status"], "failed");
    assert!(of("many")["problem"].as_str().unwrap().contains("no numbers"), "{}", of("many"));
    let only = server.get("/api/slos?service=shop").await.json();
    assert_eq!(only["slos"].as_array().unwrap().len(), 1);
    let metrics = server.get("/metrics").await.text().to_owned();
    assert!(
        metrics.contains(r#"telltale_query_duration_seconds_count{kind="slo"} 1"#),
        "one evaluation serves both: {metrics}"
    );
}

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: dashboard::Args,
}

async fn command(arguments: &[&str]) -> Result<String, Failure> {
    let command = <Command as clap::Parser>::parse_from([&["dashboard"], arguments].concat());
    let mut out = Vec::new();
    dashboard::ask(&command.args, &mut out).await.map(|()| String::from_utf8(out).unwrap())
}

/// Scenario: the command opens Grafana's JSON, checks without saving, lists and exports; a broken file is told.
#[tokio::test]
async fn the_command_opens_lists_and_exports() {
    let server = Server::new();
    let url = server.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.json");
    std::fs::write(&file, GRAFANA).unwrap();
    let file = file.display().to_string();
    let checked = command(&["open", &file, "--check", "--url", &url]).await.unwrap();
    assert_eq!(checked, "Orders: 2 panels; nothing was saved\n");
    let opened = command(&["open", &file, "--url", &url]).await.unwrap();
    assert!(opened.contains("saved as") && opened.contains("/dashboards/Orders"), "{opened}");
    assert_eq!(command(&["list", "--url", &url]).await.unwrap(), "Orders  saved     Orders\n");
    let toml = command(&["export", "Orders", "--url", &url]).await.unwrap();
    assert!(toml.starts_with("title = \"Orders\"\n") && telltale_dashboards::file::read(&toml).is_ok(), "{toml}");
    assert!(matches!(command(&["export", "none", "--url", &url]).await, Err(Failure::NotFound(_))));
    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "titel = 1\n").unwrap();
    let error = command(&["open", &broken.display().to_string(), "--url", &url]).await.unwrap_err().to_string();
    assert!(error.contains("broken.toml:1:1"), "{error}");
}
