//! The commands that send and find, from outside: demo, search, tail and doctor --send against a real server.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{PROGRAM, server};

async fn run(arguments: &[&str], url: &str) -> (Output, String) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--url", url]).env_remove("TELLTALE_TOKEN");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{arguments:?}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    (output, text)
}

/// Scenario: the demo is sent once. Guarantees: its faults are found by search, its services and their calls are known, the
/// worker's wake-up has its CPU work, I/O work and calculation, and no sender is called odd.
#[tokio::test]
async fn the_demo_is_searchable_and_its_worker_really_worked() {
    let server = server();
    let url = server.ready.ui.clone();
    let (_, told) = run(&["demo"], &url).await;
    assert!(told.contains("primes below 200000") && told.contains("pi is about 3.14159"), "{told}");
    let (_, failed) = run(&["search", "-k", "traces", "has:exception", "--json"], &url).await;
    assert_eq!(failed.lines().count(), 5, "every other checkout failed: {failed}");
    let (_, logs) = run(&["search", "-k", "logs", "level>=warn \"timed out\"", "--json"], &url).await;
    assert_eq!(logs.lines().count(), 15, "{logs}");
    let (_, parts) = run(&["search", "service:demo-worker -is:root", "--json"], &url).await;
    let mut names: Vec<String> = parts
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["calculation", "cpu.work", "io.work"]);
    let map: Value = server.http.get_json("/api/services/map?from=1h").await;
    let edges: Vec<String> = map["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| format!("{} → {}", edge["from"].as_str().unwrap(), edge["to"].as_str().unwrap()))
        .collect();
    for call in [
        "gateway → checkout",
        "checkout → payments",
        "payments → external::api.stripe.example",
        "inventory → database:postgresql:stock",
    ] {
        assert!(edges.iter().any(|edge| edge == call), "{call} is not in {edges:?}");
    }
    let issues: Value = server.http.get_json("/api/issues").await;
    assert_eq!(issues["issues"].as_array().unwrap().len(), 0, "{issues}");
}

/// Scenario: `telltale doctor --send`. Guarantees: each signal's way is told, and each item is there once.
#[tokio::test]
async fn doctor_sends_a_canary_of_each_signal_and_reports_its_way() {
    let server = server();
    let (_, report) = run(&["doctor", "--send"], &server.ready.ui).await;
    for signal in ["traces", "logs", "metrics"] {
        let line = report.lines().find(|line| line.contains(&format!("{signal}: sent to"))).unwrap_or_default();
        assert!(
            line.starts_with("ok") && line.contains("acknowledged") && line.contains("found by a query"),
            "{report}"
        );
    }
    assert_eq!(server.http.count("SELECT count(*) FROM spans WHERE service_name = 'telltale-doctor'").await, 1);
}
