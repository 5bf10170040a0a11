//! The lines of the first-run page: those that can run here run as they stand and their span arrives; all others are well formed.
//!
//! Lines that install packages are not run as such: the packages of `tests/clients` are in their place, pinned.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use telltale_api::snippets::{Form, Part, SNIPPETS};
use telltale_tests::poll::until;
use telltale_tests::server::Server;

use crate::support::install::{node_instrument, python_instrument};
use crate::support::{PROGRAM, server};

/// How long a span may take from its program's end to an answer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Variables that the OpenTelemetry specification or a language's own tools define.
const VARIABLES: [&str; 4] =
    ["OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "NODE_OPTIONS"];

fn parts(name: &str) -> &'static [Part] {
    SNIPPETS.iter().find(|snippet| snippet.name == name).unwrap_or_else(|| panic!("no snippet {name}")).parts
}

/// Writes a program of that name into a folder.
fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs shell lines in a folder whose own programs come first, without the environment's proxies and settings.
fn shell(folder: &Path, lines: &str) -> String {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("sh");
    command.args(["-e", "-c", lines]).current_dir(folder).env("PATH", path).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.to_lowercase().ends_with("_proxy") || name.starts_with("OTEL_") || name.starts_with("TELLTALE_") {
            command.env_remove(name);
        }
    }
    let output = command.output().unwrap_or_else(|error| panic!("run a shell: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{lines}\n{}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// Runs the last part of a snippet: what is done each time.
fn run(name: &str, folder: &Path, server: &Server) -> String {
    let part = parts(name).last().unwrap();
    assert_eq!(part.form, Form::Shell, "{name}");
    shell(folder, &part.filled(&server.ready.otlp_http, &server.ready.ui))
}

/// Waits for spans of a service and returns their names.
async fn spans_of(server: &Server, service: &str) -> Vec<String> {
    let sql = format!("SELECT name FROM spans WHERE service_name = '{service}' ORDER BY name");
    let what = format!("spans of {service}");
    let rows = until(&what, DEADLINE, || async { Some(server.http.sql(&sql).await).filter(|rows| !rows.is_empty()) });
    let rows = rows.await;
    rows.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
}

/// A Python program that makes one span with the API alone: what it runs under decides where that goes.
const APP_PY: &str = "from opentelemetry import trace\nwith trace.get_tracer('app').start_as_current_span('hello from python'):\n    pass\n";

#[tokio::test]
async fn any_sdk_is_pointed_here_by_three_variables() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let instrument = python_instrument().with_file_name("opentelemetry-instrument");
    std::fs::write(folder.path().join("app.py"), APP_PY).unwrap();
    let start = format!("#!/bin/sh\nexec {} {} app.py\n", instrument.display(), python_instrument().display());
    program(folder.path(), "your-app", &start);
    run("Any SDK", folder.path(), &server);
    assert_eq!(spans_of(&server, "my-app").await, ["hello from python"]);
}

#[tokio::test]
async fn python_runs_as_it_stands() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), APP_PY).unwrap();
    // Not links: Python finds its packages by its own place.
    for name in ["opentelemetry-instrument", "python"] {
        let call = format!("#!/bin/sh\nexec {} \"$@\"\n", python_instrument().with_file_name(name).display());
        program(folder.path(), name, &call);
    }
    run("Python", folder.path(), &server);
    assert_eq!(spans_of(&server, "my-app").await, ["hello from python"]);
    // What it installs is what is installed here.
    let wanted =
        std::fs::read_to_string(crate::support::root().join("tests/clients/python/requirements-instrument.txt"));
    for package in ["opentelemetry-distro==", "opentelemetry-exporter-otlp=="] {
        assert!(wanted.as_ref().unwrap().contains(package));
        assert!(parts("Python")[0].text.contains(package.trim_end_matches("==")));
    }
}

/// A Node program that asks itself over HTTP once: its instrumentation makes the spans.
const APP_JS: &str = "const http = require('http');\n\
                      const server = http.createServer((ask, answer) => answer.end('ok'));\n\
                      server.listen(0, '127.0.0.1', () => http.get({host: '127.0.0.1', port: server.address().port, path: '/'}, (answer) => {\n\
                      answer.resume(); answer.on('end', () => server.close());\n}));\n";

#[tokio::test]
async fn node_runs_as_it_stands() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(node_instrument(), folder.path().join("node_modules")).unwrap();
    std::fs::write(folder.path().join("app.js"), APP_JS).unwrap();
    run("Node", folder.path(), &server);
    let names = spans_of(&server, "my-app").await;
    assert!(names.iter().any(|name| name.starts_with("GET")), "{names:?}");
    let package =
        std::fs::read_to_string(crate::support::root().join("tests/clients/node-instrument/package.json")).unwrap();
    let package: Value = serde_json::from_str(&package).unwrap();
    for name in package["dependencies"].as_object().unwrap().keys() {
        assert!(parts("Node")[0].text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn curl_sends_a_span_and_names_its_story() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let said = run("curl", folder.path(), &server);
    assert_eq!(spans_of(&server, "curl").await, ["hello"]);
    let link = said.lines().last().unwrap();
    let trace = link.strip_prefix(&format!("{}/t/", server.ready.ui)).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(server.http.resolve_trace(trace).await.as_deref(), Some(trace));
}

#[tokio::test]
async fn telltales_own_lines_run() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(PROGRAM, folder.path().join("telltale")).unwrap();
    // Once is enough here; how long it goes on is tested with the command.
    let lines = parts("telltale")[0].filled(&server.ready.otlp_http, &server.ready.ui).replace(" --for 1m", "");
    let said = shell(folder.path(), &lines);
    assert!(said.contains("wake 1:"), "{said}");
    let work = spans_of(&server, "demo-worker").await;
    assert_eq!(work, ["calculation", "cpu.work", "io.work", "worker.wake"]);

    program(folder.path(), "your-test-command", "#!/bin/sh\nexit 0\n");
    run_ci(folder.path());
}

/// The line for any CI, with a command that sends nothing: both files are there.
fn run_ci(folder: &Path) {
    shell(folder, parts("CI")[0].text);
    for file in ["run.telltale", "run.html"] {
        assert!(folder.join(file).metadata().is_ok_and(|file| file.len() > 0), "{file}");
    }
}

/// Every part of every snippet: no place is left open, addresses are this server's, variables exist, and the text parses as what it
/// says it is.
#[test]
fn every_snippet_is_well_formed() {
    let (endpoint, ui) = ("http://shop.example:14318", "http://shop.example:13000");
    for snippet in SNIPPETS {
        let mut whole = String::new();
        for part in snippet.parts {
            let text = part.filled(endpoint, ui);
            let at = format!("{}, {}:\n{text}", snippet.name, part.place);
            for open in ["{endpoint}", "{port}", "{ui}"] {
                assert!(!text.contains(open), "{at}");
            }
            addresses(&text, &at);
            variables(&text, &at);
            parses(part.form, &text, &at);
            whole.push_str(&text);
        }
        let says_where = ["14318", "13000", "telltale run"].iter().any(|place| whole.contains(place));
        assert!(says_where, "{} does not say where to send", snippet.name);
    }
    let names: Vec<&str> = SNIPPETS.iter().map(|snippet| snippet.name).collect();
    for wanted in [
        "Any SDK", "Rust", "Python", "Node", "Go", "Java", ".NET", "Elixir", "Browser", "Docker", "CI", "curl",
        "telltale",
    ] {
        assert!(names.contains(&wanted), "{wanted} is missing");
    }
}

/// Every address is the server's, seen from here or from a container, or a download of OpenTelemetry.
fn addresses(text: &str, at: &str) {
    for start in text.match_indices("http").map(|(start, _)| start) {
        let rest = &text[start..];
        let Some(rest) = rest.strip_prefix("http://").or_else(|| rest.strip_prefix("https://")) else { continue };
        let host = rest.split(['/', '"', '\'', ' ', '\n']).next().unwrap_or_default();
        let known = ["shop.example:14318", "shop.example:13000", "host.docker.internal:14318", "github.com"];
        assert!(known.contains(&host), "{host} in {at}");
        if host == "github.com" {
            assert!(rest.starts_with("github.com/open-telemetry/"), "{at}");
        }
    }
}

fn variables(text: &str, at: &str) {
    for word in text.split(|c: char| !(c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())) {
        if word.starts_with("OTEL_") || word.starts_with("NODE_") {
            assert!(VARIABLES.contains(&word), "{word} in {at}");
        }
    }
    for line in text.lines().filter_map(|line| line.split_once("OTEL_EXPORTER_OTLP_PROTOCOL=")) {
        let value = line.1.trim_end_matches(" \\");
        assert!(["http/protobuf", "http/json", "grpc"].contains(&value), "{value} in {at}");
    }
}

fn parses(form: Form, text: &str, at: &str) {
    match form {
        Form::Shell => checked(Command::new("sh").args(["-n", "-c", text]), at),
        Form::JavaScript => {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("page.mjs");
            std::fs::write(&file, text).unwrap();
            checked(Command::new("node").arg("--check").arg(&file), at);
        }
        Form::Toml => {
            let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error} in {at}"));
            assert!(table["dependencies"].as_table().is_some_and(|all| all.len() == 3), "{at}");
        }
        Form::Yaml => yaml(text, at),
        Form::Rust | Form::Go | Form::CSharp | Form::Elixir => assert!(is_balanced(text), "{at}"),
    }
    if let Some((_, rest)) = text.split_once(" -d '{") {
        let json =
            rest.split_once("}' ").map_or_else(|| rest.rsplit_once("}'").map(|(json, _)| json), |(json, _)| Some(json));
        let json = format!("{{{}}}", json.unwrap_or_else(|| panic!("{at}")));
        let json = ["'$trace'", "'$span'", "'$now'"].iter().fold(json, |json, name| json.replace(name, "00"));
        serde_json::from_str::<Value>(&json).unwrap_or_else(|error| panic!("{error}: {json} in {at}"));
    }
}

fn checked(command: &mut Command, at: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("run {command:?}: {error}"));
    assert!(output.status.success(), "{}{at}", String::from_utf8_lossy(&output.stderr));
}

/// The YAML that snippets use: list items and maps of plain values, two blanks a level.
fn yaml(text: &str, at: &str) {
    let mut allowed = 0;
    for line in text.lines() {
        let depth = line.len() - line.trim_start_matches(' ').len();
        assert!(depth.is_multiple_of(2) && depth <= allowed && !line.contains('\t'), "{line} in {at}");
        let (item, line) = line.trim_start().strip_prefix("- ").map_or((false, line.trim_start()), |rest| (true, rest));
        let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{line} in {at}"));
        assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{key} in {at}");
        assert!(value.is_empty() || (value.starts_with(' ') && !value[1..].contains(": ")), "{line} in {at}");
        allowed = depth + if item || value.is_empty() { 2 } else { 0 };
    }
}

/// Whether brackets match, outside of texts.
fn is_balanced(text: &str) -> bool {
    let (mut open, mut in_text) = (Vec::new(), false);
    for c in text.chars() {
        match c {
            '"' => in_text = !in_text,
            _ if in_text => {}
            '(' | '[' | '{' => open.push(c),
            ')' if open.pop() != Some('(') => return false,
            ']' if open.pop() != Some('[') => return false,
            '}' if open.pop() != Some('{') => return false,
            _ => {}
        }
    }
    open.is_empty() && !in_text
}
