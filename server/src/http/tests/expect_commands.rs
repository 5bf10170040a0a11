//! Scenario: `check`, `wait`, `schema`, `mark` and `diff` against a running server, over real connections.
//! Guarantees: what they write, the files that they make, and their exit codes.

use std::process::ExitCode;

use clap::Parser;

use super::harness::Server;
use crate::cli::client::Failure;
use crate::cli::{check, diff, mark, report, schema, wait};

#[derive(Debug, Parser)]
enum Command {
    Check(check::Args),
    Wait(wait::Args),
    Schema(schema::Args),
    Mark(mark::Args),
    Diff(diff::Args),
    Report(report::Args),
}

/// A folder and a server to run commands with.
struct Place {
    folder: tempfile::TempDir,
    server: Server,
    url: String,
}

impl Place {
    async fn new() -> Self {
        let server = Server::with_sample().await;
        let url = server.listen().await;
        Self { folder: tempfile::tempdir().unwrap(), server, url }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs a command and returns what it wrote, and its exit code with the complaint.
    async fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (String, Result<(), (ExitCode, String)>) {
        let command = Command::parse_from([&["telltale"], arguments, &["--url", &self.url]].concat());
        let environment =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let mut out = Vec::new();
        let outcome: Result<(), Failure> = match &command {
            Command::Check(args) => check::check(args, &environment, &mut out).await,
            Command::Wait(args) => wait::wait(args, &mut out).await,
            Command::Schema(args) => schema::run(args, &mut out).await,
            Command::Mark(args) => mark::mark(args, &mut out).await,
            Command::Diff(args) => diff::diff(args, &mut out).await,
            Command::Report(args) => report::report(args).await,
        };
        let outcome = outcome.map_err(|failure| (failure.exit_code(), failure.to_string()));
        (String::from_utf8(out).unwrap(), outcome)
    }
}

const NOT_MET: u8 = 3;

#[tokio::test]
async fn check_tells_people_machines_and_github() {
    let place = Place::new().await;
    let (file, junit, summary) = (place.path("signals.toml"), place.path("report.xml"), place.path("summary.md"));
    std::fs::write(&file, "[[span]]\nname = \"POST /orders\"\n[[never]]\nspan.status = \"error\"\n").unwrap();
    let (text, outcome) = place.run(&["check", &file, "--junit", &junit], &[]).await;
    assert!(text.contains("✓ span \"POST /orders\"") && text.contains("✗ never a span that failed"), "{text}");
    assert!(!text.contains("::error"));
    let (code, message) = outcome.unwrap_err();
    assert_eq!(code, ExitCode::from(NOT_MET));
    assert_eq!(message, format!("1 of 2 expectations of {file} are not met"));
    assert!(std::fs::read_to_string(&junit).unwrap().contains("failures=\"1\""));
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.as_str())];
    let (text, _) = place.run(&["check", &file], &github).await;
    assert!(
        text.contains(&format!("::error file={file},line=3,col=1,title=never a span that failed::2 seen")),
        "{text}"
    );
    assert!(std::fs::read_to_string(&summary).unwrap().starts_with("### ❌ 1 of 2 expectations met"));
    let (json, _) = place.run(&["check", &file, "--json"], &[]).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["not_met"], 1);
    std::fs::write(&file, "[[span]]\nname = \"POST /orders\"\nknd = 1\n").unwrap();
    let (_, outcome) = place.run(&["check", &file], &[]).await;
    let (code, message) = outcome.unwrap_err();
    assert_eq!(code, ExitCode::from(2));
    assert_eq!(message, format!("{file}:3:1: a [[span]] has no \"knd\"\nhint: did you mean kind?"));
}

#[tokio::test]
async fn bless_writes_a_file_that_is_met_and_replaces_none_unasked() {
    let place = Place::new().await;
    let file = place.path("signals.toml");
    let (text, outcome) = place.run(&["check", "--bless", &file], &[]).await;
    outcome.unwrap();
    assert_eq!(text, format!("wrote {file} with 4 rules; read it before you keep it\n"));
    place.run(&["check", &file], &[]).await.1.unwrap();
    let (_, outcome) = place.run(&["check", "--bless", &file], &[]).await;
    assert_eq!(outcome.unwrap_err().0, ExitCode::from(2));
    place.run(&["check", "--bless", "--force", &file], &[]).await.1.unwrap();
}

#[tokio::test]
async fn wait_says_what_came_or_what_was_nearest() {
    let place = Place::new().await;
    let (text, outcome) = place.run(&["wait", "--span", "POST /orders", "--where", "kind=server"], &[]).await;
    outcome.unwrap();
    assert!(text.starts_with("✓ span \"POST /orders\" (server): 1 seen, asked for >=1 ("), "{text}");
    let (text, outcome) =
        place.run(&["wait", "--log", "*", "--service", "nobody", "--absent", "--quiet", "1ms"], &[]).await;
    outcome.unwrap();
    assert!(text.contains("none seen") && text.contains("nothing arrived for 1ms"), "{text}");
    let arguments = ["wait", "--span", "POST /order", "--attr", "http.route=/orders", "--timeout", "1ms"];
    let (code, message) = place.run(&arguments, &[]).await.1.unwrap_err();
    assert_eq!(code, ExitCode::from(NOT_MET));
    assert!(
        message.contains("nearest: SERVER \"POST /orders\" of shop-api: got the name \"POST /orders\""),
        "{message}"
    );
}

#[tokio::test]
async fn a_schema_is_locked_and_what_breaks_it_is_named() {
    let place = Place::new().await;
    let (lock, newer) = (place.path("telemetry.lock.json"), place.path("newer.json"));
    let (text, _) = place.run(&["schema", "lock", &lock], &[]).await;
    assert_eq!(text, format!("wrote {lock}: 2 operations, 1 metrics\n"));
    let (text, outcome) = place.run(&["schema", "diff", &lock], &[]).await;
    outcome.unwrap();
    assert_eq!(text, "the schemas are the same\n");
    let changed =
        std::fs::read_to_string(&lock).unwrap().replace("{order}", "1").replace("orders.open", "orders.opened");
    std::fs::write(&newer, changed).unwrap();
    let (text, outcome) = place.run(&["schema", "diff", &lock, &newer], &[]).await;
    assert!(text.contains("metric \"orders.open\" of shop-api: renamed to \"orders.opened\""), "{text}");
    assert!(text.contains("the unit changed from \"{order}\" to \"1\""), "{text}");
    assert_eq!(outcome.unwrap_err(), (ExitCode::from(NOT_MET), "2 breaking changes of the telemetry".to_owned()));
}

#[tokio::test]
async fn runs_are_marked_and_compared() {
    let place = Place::new().await;
    for name in ["before", "after"] {
        place.server.tick();
        let (text, outcome) = place.run(&["mark", name], &[]).await;
        outcome.unwrap();
        assert_eq!(text, format!("{name} begins; end it with the next mark\n"));
    }
    let (text, _) = place.run(&["diff", "before", "after"], &[]).await;
    assert_eq!(text, "before → after\nno difference beyond chance\n");
    let (code, message) = place.run(&["diff", "before", "never"], &[]).await.1.unwrap_err();
    assert_eq!(code, ExitCode::from(4));
    assert_eq!(message, "there is no run \"never\"\nhint: the runs are: after, before");
}

/// Guarantees: a trace, two traces, and two named runs of a running server are one page each.
#[tokio::test]
async fn traces_and_comparisons_are_reported() {
    let place = Place::new().await;
    for name in ["before", "after"] {
        place.server.tick();
        place.run(&["mark", name], &[]).await.1.unwrap();
    }
    let (page, trace) = (place.path("page.html"), super::sample::TRACE);
    let read = || std::fs::read_to_string(&page).unwrap();
    place.run(&["report", trace, "--out", &page], &[]).await.1.unwrap();
    assert!(read().contains("POST /orders") && read().starts_with("<!doctype html>"), "{}", read());
    place.run(&["report", trace, trace, "--html", &page], &[]).await.1.unwrap();
    assert!(read().contains(&format!("<h1>{trace} → {trace}</h1>")), "{}", read());
    place.run(&["report", "before", "after", "--out", &page], &[]).await.1.unwrap();
    assert!(read().contains("No difference beyond chance"), "{}", read());
    let (code, message) = place.run(&["report", "before", "never", "--out", &page], &[]).await.1.unwrap_err();
    assert_eq!((code, message.contains("there is no run \"never\"")), (ExitCode::from(4), true), "{message}");
}
