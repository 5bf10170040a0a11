//! The commands that ask a running server, over real connections.

use std::process::ExitCode;

use clap::Parser;
use telltale_api::live::Endpoints;
use telltale_model::SignalKind;

use super::harness::Server;
use super::sample::{self, TRACE};
use crate::cli::client::Failure;
use crate::cli::{doctor, query, search, story, tail};

#[derive(Parser)]
struct Query {
    #[command(flatten)]
    args: query::Args,
}

#[derive(Parser)]
struct Story {
    #[command(flatten)]
    args: story::Args,
}

#[derive(Parser)]
struct Doctor {
    #[command(flatten)]
    args: doctor::Args,
}

#[derive(Parser)]
struct Search {
    #[command(flatten)]
    args: search::Args,
}

#[derive(Parser)]
struct Tail {
    #[command(flatten)]
    args: tail::Args,
}

async fn search(arguments: &[&str]) -> Result<String, Failure> {
    let command = Search::parse_from([&["search"], arguments].concat());
    let mut out = Vec::new();
    text(search::find(&command.args, &mut out).await, out)
}

#[tokio::test]
async fn search_writes_a_table_csv_and_json_lines_and_says_when_nothing_matches() {
    let server = Server::with_sample().await;
    let url = server.listen().await;
    let table = search(&["duration>2s", "--slowest", "--url", &url]).await.unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("time") && lines[1].contains("POST /orders"), "{table}");
    let csv = search(&["INSERT", "--csv", "--url", &url]).await.unwrap();
    assert!(csv.starts_with("time,service,state,duration,what,trace\r\n") && csv.contains(TRACE), "{csv}");
    let json = search(&["--kind", "logs", "--json", "--url", &url]).await.unwrap();
    let row: serde_json::Value = serde_json::from_str(json.trim_end()).unwrap();
    assert_eq!(row["trace_id"], TRACE);
    let traces = search(&["-k", "traces", "is:root", "-n", "1", "--url", &url]).await.unwrap();
    assert!(traces.lines().nth(1).unwrap().ends_with(TRACE), "{traces}");
    let none = search(&["absent", "--url", &url]).await.unwrap_err();
    assert_eq!(none.exit_code(), ExitCode::from(4));
    let wrong = search(&["\"open", "--url", &url]).await.unwrap_err();
    assert_eq!(wrong.exit_code(), ExitCode::from(2));
    assert!(wrong.to_string().contains("not closed") && wrong.to_string().contains("\nhint: "), "{wrong}");
}

#[tokio::test]
async fn tail_follows_what_matches_until_its_limit() {
    let server = Server::new();
    let url = server.listen().await;
    let command = Tail::parse_from(["tail", "-k", "spans", "INSERT", "-n", "2", "--json", "--url", &url]);
    let mut out = Vec::new();
    let payload = prost::Message::encode_to_vec(&sample::traces());
    let appended = server.state.storage.append(SignalKind::Traces, payload.into()).await.unwrap();
    {
        let mut following = std::pin::pin!(tail::follow(&command.args, &mut out));
        // Published again and again, because nobody says when the reader has begun to listen.
        loop {
            let pause = std::pin::pin!(tokio::time::sleep(std::time::Duration::from_millis(20)));
            match futures::future::select(&mut following, pause).await {
                futures::future::Either::Left((done, _)) => break done.unwrap(),
                futures::future::Either::Right(_) => server.state.tail.publish(&appended),
            }
        }
    }
    let text = String::from_utf8(out).unwrap();
    let names: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].clone()).collect();
    assert_eq!(names, ["INSERT orders", "INSERT orders"]);
}

fn text(outcome: Result<(), Failure>, out: Vec<u8>) -> Result<String, Failure> {
    outcome.map(|()| String::from_utf8(out).unwrap())
}

async fn query(arguments: &[&str]) -> Result<String, Failure> {
    let command = Query::parse_from([&["query"], arguments].concat());
    let mut out = Vec::new();
    text(query::ask(&command.args, &mut out).await, out)
}

async fn story(arguments: &[&str]) -> Result<String, Failure> {
    let command = Story::parse_from([&["story"], arguments].concat());
    let mut out = Vec::new();
    text(story::tell(&command.args, &mut out).await, out)
}

#[tokio::test]
async fn query_writes_a_table_csv_and_json_lines() {
    let server = Server::with_sample().await;
    let url = server.listen().await;
    let sql = "SELECT name, kind FROM spans ORDER BY kind";
    let table = query(&[sql, "--url", &url]).await.unwrap();
    assert_eq!(table, "name           kind\nPOST /orders      2\nINSERT orders     3\n");
    let csv = query(&[sql, "--url", &url, "--csv"]).await.unwrap();
    assert_eq!(csv, "name,kind\r\nPOST /orders,2\r\nINSERT orders,3\r\n");
    let json = query(&[sql, "--url", &url, "--json"]).await.unwrap();
    assert_eq!(json, "{\"name\":\"POST /orders\",\"kind\":2}\n{\"name\":\"INSERT orders\",\"kind\":3}\n");
    let wrong = query(&["SELECT nope FROM spans", "--url", &url]).await.unwrap_err();
    assert_eq!(wrong.exit_code(), ExitCode::from(2));
    assert!(wrong.to_string().contains("nope") && wrong.to_string().contains("\nhint: "), "{wrong}");
}

#[tokio::test]
async fn story_takes_any_paste_and_tells_it_in_three_forms() {
    let server = Server::with_sample().await;
    let url = server.listen().await;
    let paste = format!("2025-11-21 ERROR trace_id={TRACE} order failed");
    let told = story(&[&paste, "--url", &url]).await.unwrap();
    assert_eq!(told, server.get(&format!("/t/{TRACE}.txt")).await.text());
    assert!(told.contains("deadlock detected"), "{told}");
    let markdown = story(&[TRACE, "--url", &url, "--markdown"]).await.unwrap();
    assert_eq!(markdown.trim_end(), server.get(&format!("/t/{TRACE}.md")).await.text().trim_end());
    let json = story(&[TRACE, "--url", &url, "--json"]).await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["trace_id"], TRACE);
    let missing = story(&["4bf92f3577b34da6a3ce929d0e0e4736", "--url", &url]).await.unwrap_err();
    assert_eq!(missing.exit_code(), ExitCode::from(4));
    assert!(missing.to_string().contains("searched 2 spans"), "{missing}");
}

#[tokio::test]
async fn what_telemetry_says_cannot_drive_a_terminal() {
    let server = Server::new();
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    server.send(SignalKind::Traces, &sample::one_span(id, "00000000000000aa", "a\u{1b}[2J\u{7}", "b\u{1b}]0;x")).await;
    let url = server.listen().await;
    for told in [
        story(&[id, "--url", &url]).await.unwrap(),
        story(&[id, "--url", &url, "--markdown"]).await.unwrap(),
        story(&[id, "--url", &url, "--json"]).await.unwrap(),
        query(&["SELECT name FROM spans", "--url", &url]).await.unwrap(),
        query(&["SELECT name FROM spans", "--url", &url, "--json"]).await.unwrap(),
    ] {
        assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
    }
}

#[tokio::test]
async fn doctor_tells_what_is_reachable_and_fails_when_something_is_not() {
    let server = Server::with_sample().await;
    let url = server.listen().await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let endpoints = Endpoints { ui: url.clone(), otlp_grpc: url.clone(), otlp_http: closed.clone() };
    server.state.endpoints.set(endpoints).unwrap();
    let command = Doctor::parse_from(["doctor", "--url", &url]);
    let mut out = Vec::new();
    let outcome = doctor::examine(&command.args, &mut out).await;
    let report = String::from_utf8(out).unwrap();
    assert_eq!(outcome.unwrap_err().exit_code(), ExitCode::from(1), "{report}");
    assert!(report.contains(&format!("ok      OTLP/gRPC {url}")), "{report}");
    assert!(report.contains(&format!("broken  OTLP/HTTP {closed}")), "{report}");
    assert!(report.contains("2 spans, 1 log record, 1 data point stored"), "{report}");
}
