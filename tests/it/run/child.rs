//! Commands that misbehave: they ignore signals, leave children behind, cannot be started.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{Place, stderr, telltale};

/// Starts a shell script under `telltale run` and waits for its first line.
fn start(place: &Place, script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = telltale(place, &["run", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, out)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn end(mut child: Child) -> (Option<i32>, String) {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn signals_are_forwarded_and_the_commands_exit_code_stays() {
    let place = Place::new();
    for (sent, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP")] {
        // `read` from a fifo that nobody writes ends by the signal; no shell sleeps here.
        let script = format!("mkfifo p{name}; trap 'exit 7' {name}; exec 3<>p{name}; echo ready; read x <&3; exit 1");
        let (child, _out) = start(&place, &script);
        signal(&child, sent);
        let (code, screen) = end(child);
        assert_eq!(code, Some(7), "{name}: {screen}");
        assert!(screen.contains("failed with exit code 7"), "{screen}");
    }
}

#[test]
fn a_command_that_ignores_its_signal_is_killed_by_the_second() {
    let place = Place::new();
    let (child, mut out) =
        start(&place, "mkfifo p; trap 'echo told' TERM; exec 3<>p; echo ready; while :; do read x <&3; done");
    signal(&child, Signal::TERM);
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "told\n", "the first signal is the command's to handle");
    signal(&child, Signal::TERM);
    let (code, screen) = end(child);
    assert_eq!(code, Some(137), "128 and SIGKILL: {screen}");
    assert!(screen.contains("killed by a second signal"), "{screen}");
}

#[test]
fn a_time_limit_ends_a_command_that_never_would() {
    let place = Place::new();
    let script = "mkfifo p; exec 3<>p; read x <&3";
    let output = telltale(&place, &["run", "--time-limit", "200ms", "--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(143), "128 and SIGTERM: {}", stderr(&output));
    assert!(stderr(&output).contains("was told to end"), "{}", stderr(&output));
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let place = Place::new();
    let output = telltale(&place, &["run", "--", "no-such-program"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot run no-such-program"), "{}", stderr(&output));
    assert_eq!(telltale(&place, &["run"]).output().unwrap().status.code(), Some(2), "there is no command");
}

/// Scenario: a daemon that the command leaves behind holds its output open. Guarantees: the run ends all the same.
#[test]
fn something_left_behind_does_not_hold_the_run() {
    let place = Place::new();
    let script = "mkfifo p; (exec 3<>p; echo $$ >pid; read x <&3) & echo done";
    let output = telltale(&place, &["run", "--out", "run.telltale", "--", "sh", "-c", script])
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("still open and is not kept"), "{}", stderr(&output));
    assert!(place.path("run.telltale").exists());
    std::fs::OpenOptions::new()
        .write(true)
        .open(place.path("p"))
        .map(|mut fifo| std::io::Write::write_all(&mut fifo, b"\n"))
        .unwrap()
        .ok();
}

/// Scenario: the settings name an object store, which the command's own server could be told to bring everything to. Guarantee: a run
/// ignores it, since a place in a store belongs to one data folder and this one goes.
#[test]
fn a_run_leaves_the_object_store_of_the_settings_alone() {
    let place = Place::new();
    let store = place.path("store");
    std::fs::create_dir(&store).unwrap();
    let script = "curl -sSf --noproxy '*' -o sent -X POST -H 'content-type: application/json' -d @span.json \
                  $OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces && curl -sSf --noproxy '*' -X POST \"$TELLTALE_URL/api/flush?stored=true\"";
    let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":
        "b7ad6b7169203331","name":"s","startTimeUnixNano":"1795252443221000000","endTimeUnixNano":"1795252443263000000"}]}]}]}"#;
    std::fs::write(place.path("span.json"), span).unwrap();
    let mut command = telltale(&place, &["run", "--", "sh", "-ec", script]);
    command.env("TELLTALE_STORE", format!("file://{}", store.display())).env("TELLTALE_STORE_UPLOAD", "all");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(place.path("sent").exists(), "nothing was sent: {}", stderr(&output));
    assert_eq!(std::fs::read_dir(&store).unwrap().count(), 0, "something is in the store");
}
