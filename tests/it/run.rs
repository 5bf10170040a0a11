//! `telltale run`, `open` and `report` from outside: a real pytest suite with OpenTelemetry's SDK for Python, shells that
//! misbehave, runs inside runs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use telltale_tests::http::{Http, Signal};
use telltale_tests::otlp;

use crate::support::install::python;
use crate::support::{PROGRAM, program, root};

mod artifact;
mod child;
mod golden;
mod helper;

/// A folder for the files of one test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// The program with arguments; nothing of the tests' own environment leaks in.
fn telltale(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    for (key, _) in std::env::vars_os() {
        let key = key.to_string_lossy().into_owned();
        let leaks = ["TELLTALE_", "OTEL_", "GITHUB_", "CI_", "BUILDKITE"].iter().any(|start| key.starts_with(start));
        if leaks || key.to_lowercase().ends_with("_proxy") || key == "TRACEPARENT" {
            command.env_remove(key);
        }
    }
    command.args(arguments).current_dir(place.0.path()).stdin(Stdio::null());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn suite() -> PathBuf {
    root().join("tests/clients/pytest")
}

/// The words that run the sample suite, in a folder of its own.
fn pytest(place: &Place) -> Vec<String> {
    let junit = format!("--junitxml={}", place.path("junit.xml").display());
    let words = [python().display().to_string(), "-m".into(), "pytest".into(), "-q".into()];
    let options = ["-p".into(), "no:cacheprovider".into(), "-o".into(), "junit_logging=all".into(), junit];
    words.into_iter().chain(options).chain([suite().display().to_string()]).collect()
}

/// Runs the sample suite under `telltale run` with more options.
fn run_suite(place: &Place, options: &[&str], environment: &[(&str, &str)]) -> Output {
    let words = pytest(place);
    let mut arguments = vec!["run"];
    if !options.contains(&"--name") {
        arguments.extend(["--name", "sample"]);
    }
    arguments.extend(options);
    arguments.push("--");
    arguments.extend(words.iter().map(String::as_str));
    let mut command = telltale(place, &arguments);
    command.envs(environment.iter().copied()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An artifact that is being looked at; dropping it ends the server.
struct Opened {
    child: Child,
    http: Http,
}

impl Opened {
    fn new(place: &Place, path: &Path) -> Self {
        let path = path.display().to_string();
        let mut command = telltale(place, &["open", &path, "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(
            (&ready["otlp_http"], &ready["otlp_grpc"]),
            (&Value::from(""), &Value::from("")),
            "nothing is taken"
        );
        let ui = ready["ui"].as_str().unwrap();
        let http = Http::new(ui, ui, None);
        Self { child, http }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)
            .ok();
        self.child.wait().ok();
    }
}

/// Scenario: the sample suite, one of whose tests fails, in GitHub Actions. Guarantees: pytest's exit code and output;
/// the failing test leads to its trace; expectations are judged; the artifact shows it all, read only, and stays as it
/// was; the page opens without a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_suite_becomes_an_artifact_that_tells_why() {
    let place = Place::new();
    let signals = suite().join("signals.toml");
    let (signals, junit) = (signals.display().to_string(), place.path("junit.xml").display().to_string());
    let options =
        ["--out", "run.telltale", "--html", "run.html", "--junit", &junit, "--expect", &signals, "--attach", &signals];
    let summary = place.path("summary.md").display().to_string();
    let github = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_SHA", REVISION),
    ];
    let output = run_suite(&place, &options, &github);
    let (screen, printed) = (stderr(&output), String::from_utf8_lossy(&output.stdout).into_owned());
    assert_eq!(output.status.code(), Some(1), "{screen}\n{printed}");
    for part in [
        "✗ sample failed with exit code 1",
        "3 passed, 1 failed, 1 skipped",
        "test_an_expired_card_is_accepted",
        "expectations  4 of 4 met",
        "card_declined",
        "run.telltale",
        "run.html",
    ] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
    println!("{screen}");
    assert!(printed.contains("1 failed, 3 passed, 1 skipped"), "pytest's own output passes through: {printed}");
    assert!(printed.contains("::error ") && printed.contains("test_an_expired_card_is_accepted"), "{printed}");
    assert!(place.text("summary.md").contains("4 of 4 expectations met"));
    artifact::opens_read_only(&place).await;
    artifact::page_opens_from_a_file(&place).await;
    // The same revision once more, where the test passes: flaky, as far as anybody can tell.
    let options = ["--name", "fixed", "--out", "job-2/run.telltale", "--junit", &junit];
    let github = [("GITHUB_SHA", REVISION), ("GITHUB_ACTIONS", "true"), ("SHOP_TAKES_EXPIRED", "1")];
    let output = run_suite(&place, &options, &github);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    artifact::a_folder_is_shown_as_one(&place).await;
}

/// The revision that both runs of the sample suite are of.
const REVISION: &str = "5d1c9f0a7b3e4c2d8f6a1b0c9d8e7f6a5b4c3d2e";

/// Scenario: promises that are broken by a command that succeeds, and a file with a mistake.
#[test]
fn a_broken_promise_is_exit_code_3() {
    let place = Place::new();
    std::fs::write(place.path("signals.toml"), "[[span]]\nname = \"true\"\nservice = \"telltale-run\"\n").unwrap();
    let run = |arguments: &[&str]| {
        telltale(&place, &[&["run", "--expect", "signals.toml", "--"], arguments].concat()).output().unwrap()
    };
    let output = run(&["true"]);
    assert_eq!(output.status.code(), Some(0), "the run's own span is recorded: {}", stderr(&output));
    std::fs::write(place.path("signals.toml"), "[[span]]\nname = \"POST /orders\"\n").unwrap();
    let output = run(&["true"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("does not meet its expectations") && stderr(&output).contains("none seen"));
    assert!(stderr(&output).contains("no telemetry arrived"), "{}", stderr(&output));
    let output = run(&["sh", "-c", "exit 5"]);
    assert_eq!(output.status.code(), Some(5), "the command's own failure comes first");
    std::fs::write(place.path("signals.toml"), "[[span]]\nnme = \"a\"\n").unwrap();
    let output = run(&["touch", "started"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("signals.toml:2:1: a [[span]] has no \"nme\""), "{}", stderr(&output));
    assert!(!place.path("started").exists(), "a mistake is told before the command starts");
}

/// How long the verdict took, from the screen.
fn decided_ms(screen: &str) -> u64 {
    let text = screen.split("decided ").nth(1).and_then(|rest| rest.split(" ms").next());
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no time in\n{screen}"))
}

/// How often the sample suite is run: a number of the environment makes a long run of it, and one that measures.
fn repeats() -> Option<usize> {
    let text = std::env::var("TELLTALE_RUN_REPEATS").ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("TELLTALE_RUN_REPEATS is {text:?}: {error}")))
}

/// Scenario: the sample suite 20 times, four at a time; `TELLTALE_RUN_REPEATS=1000` makes it a long run. Guarantees:
/// parallel runs do not disturb each other, every one has the same verdict, and none gave up waiting for a connection to
/// end: presence and absence were decided by what happened, not by a time. How long that took is printed; the long run,
/// which is made on a machine that does nothing else, holds the median to 200 ms.
#[test]
fn every_run_has_the_same_verdict() {
    let _installed = python();
    let one = || {
        let place = Place::new();
        let signals = suite().join("signals.toml").display().to_string();
        let junit = place.path("junit.xml").display().to_string();
        let output = run_suite(&place, &["--expect", &signals, "--junit", &junit], &[]);
        let screen = stderr(&output);
        let lines = ["tests  ", "expectations  ", "note  "].map(|start| {
            let line = screen.lines().find(|line| line.trim_start().starts_with(start));
            line.unwrap_or_default().split(", decided").next().unwrap().to_owned()
        });
        ((output.status.code(), lines), decided_ms(&screen))
    };
    let all = repeats().unwrap_or(20);
    let mut found = Vec::new();
    while found.len() < all {
        let at_once = 4.min(all - found.len());
        let threads: Vec<_> = (0..at_once).map(|_| std::thread::spawn(one)).collect();
        found.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
    }
    let first = found[0].0.clone();
    assert_eq!(first.0, Some(1));
    assert!(first.1[1].contains("4 of 4 met") && first.1[2].is_empty(), "{first:?}");
    for (at, (verdict, _)) in found.iter().enumerate() {
        assert_eq!(*verdict, first, "run {at}");
    }
    let mut times: Vec<u64> = found.iter().map(|(_, ms)| *ms).collect();
    times.sort_unstable();
    let (median, p99) = (times[all / 2], times[all * 99 / 100]);
    println!(
        "{all} runs with the same verdict; decided {median} ms after the command's end in the median, {p99} ms in the 99th percentile"
    );
    assert!(repeats().is_none() || median < 200, "{times:?}");
}

/// Prints what `run` costs; `TELLTALE_RUN_REPEATS` makes it the best of more, and holds it to the target of 5 % and 300 ms.
#[test]
fn the_overhead_is_printed() {
    let place = Place::new();
    let words = pytest(&place);
    let mut bare = Command::new(&words[0]);
    bare.args(&words[1..]).current_dir(place.0.path()).env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
    let mut best = [Duration::MAX; 2];
    // Turn about, so that whatever else the machine does meets both.
    for _ in 0..repeats().unwrap_or(3).min(30) {
        let started = Instant::now();
        let without = bare.output().unwrap();
        best[0] = best[0].min(started.elapsed());
        let started = Instant::now();
        let with = run_suite(&place, &[], &[]);
        best[1] = best[1].min(started.elapsed());
        assert_eq!(with.status.code(), without.status.code(), "{}", stderr(&with));
    }
    let [without, with] = best;
    println!(
        "the sample suite, best of several: {without:?} without telltale run and without telemetry, {with:?} with both"
    );
    let target = without.mul_f64(1.05) + Duration::from_millis(300);
    assert!(repeats().is_none() || with <= target, "{with:?} is more than {target:?}");
}

/// Scenario: a run inside a run. Guarantees: the inner command's telemetry is the inner run's alone, the outer has its own
/// span and nothing else.
#[test]
fn runs_inside_runs_do_not_mix() {
    let place = Place::new();
    let script = "curl -sSf -o /dev/null -H 'content-type: application/json' \
                  \"$OTEL_EXPORTER_OTLP_ENDPOINT/v1/logs\" -d '{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"inner\"}}]},\
                  \"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"hello\"},\"timeUnixNano\":\"1795252443221000000\"}]}]}]}'; echo \"$OTEL_RESOURCE_ATTRIBUTES\"";
    let arguments = ["run", "--name", "outer", "--", PROGRAM, "run", "--name", "inner", "--", "sh", "-c", script];
    let output = telltale(&place, &arguments).env("OTEL_RESOURCE_ATTRIBUTES", "team=a").output().unwrap();
    let screen = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{screen}");
    let (inner, outer) = screen.split_once("outer is good").unwrap_or_else(|| panic!("{screen}"));
    assert!(inner.contains("inner is good") && inner.contains("1 span in 1 trace, 1 log,"), "{screen}");
    assert!(outer.contains("1 span in 1 trace, 0 logs,"), "{screen}");
    let attributes = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(attributes.matches("telltale.run.id=").count(), 1, "{attributes}");
    assert!(attributes.starts_with("team=a,") && attributes.contains("telltale.run.name=inner"), "{attributes}");
}

/// Sends a span, as an application that was started elsewhere would.
async fn send(http: &Http) -> reqwest::StatusCode {
    http.export(Signal::Traces, &otlp::traces("late", vec![otlp::span([1; 16], [1; 8], "late")])).await.status
}
