//! `/api/import` and `telltale import`: a file's story is the story of what was sent, whatever the file's format is.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};

use super::harness::Server;
use super::sample::TRACE;
use crate::cli::import;
use crate::telemetry::Metric;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a reader of the story sees; times of arrival are not the file's.
async fn story(server: &Server) -> Value {
    server.get(&format!("/t/{TRACE}.json")).await.json()
}

async fn import_into(server: &Server, bytes: Vec<u8>) -> Value {
    server.post_bytes("/api/import?name=the+file", bytes).await.json()
}

/// Scenario: the sample trace is taken out as OTLP and opened in an empty server, in every OTLP form. Guarantees: two spans
/// and a log are stored and the story is the same.
#[tokio::test]
async fn what_was_taken_out_is_opened_again() {
    let first = Server::with_sample().await;
    let wanted = story(&first).await;
    let path = format!("/api/trace/{TRACE}/otlp");
    let json = first.get(&path).await.body.to_vec();
    let traces = first.get_with(&path, "accept", "application/x-protobuf").await.body.to_vec();
    let logs = first.get_with(&format!("{path}?signal=logs"), "accept", "application/x-protobuf").await.body.to_vec();
    let lines = [
        first.get(&format!("{path}?signal=traces")).await.body.to_vec(),
        first.get(&format!("{path}?signal=logs")).await.body.to_vec(),
    ];
    let framed =
        |message: &[u8]| [u32::try_from(message.len()).unwrap().to_be_bytes().to_vec(), message.to_vec()].concat();
    for (form, bytes) in [
        ("json", json.clone()),
        ("json.gz", gzip(&json)),
        ("json.zst", zstd::encode_all(json.as_slice(), 1).unwrap()),
        ("lines", lines.join(&b'\n')),
        ("protobuf", [traces.clone(), logs.clone()].concat()),
        ("lengths", [framed(&traces), framed(&logs)].concat()),
    ] {
        let server = Server::new();
        let answer = import_into(&server, bytes).await;
        assert_eq!(
            (&answer["spans"], &answer["logs"], &answer["faults"]),
            (&json!(2), &json!(1), &json!([])),
            "{form}"
        );
        assert_eq!(answer["trace_ids"], json!([TRACE]), "{form}");
        let mut told = story(&server).await;
        // The points with exemplars were not part of the document; nothing of the story depends on them.
        told["chips"] = wanted["chips"].clone();
        assert_eq!(told, wanted, "{form}");
    }
}

/// Scenario: the same request as Jaeger and Tempo tell it. Guarantees: it is found by its id, with its error and its tree.
#[tokio::test]
async fn other_tools_files_tell_their_story() {
    let jaeger = json!({"data": [{"traceID": TRACE, "processes": {"p1": {"serviceName": "shop-api", "tags": []}, "p2": {"serviceName": "orders", "tags": []}}, "spans": [
        {"traceID": TRACE, "spanID": "b7ad6b7169203331", "operationName": "POST /orders", "startTime": 1_763_716_443_221_000_i64, "duration": 2_310_000, "processID": "p1",
         "references": [], "tags": [{"key": "span.kind", "type": "string", "value": "server"}, {"key": "error", "type": "bool", "value": true}], "logs": []},
        {"traceID": TRACE, "spanID": "f067aa0ba902b7", "operationName": "INSERT orders", "startTime": 1_763_716_443_321_000_i64, "duration": 2_100_000, "processID": "p2",
         "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "b7ad6b7169203331"}],
         "tags": [{"key": "error", "type": "bool", "value": true}, {"key": "otel.status_description", "type": "string", "value": "deadlock detected"}], "logs": []}]}]});
    let tempo = json!({"batches": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]}, "instrumentationLibrarySpans": [{"spans": [
        {"traceId": "CvdlGRbNQ92ESOshHIAxnA==", "spanId": "t61rcWkgMzE=", "name": "INSERT orders", "kind": "SPAN_KIND_CLIENT",
         "startTimeUnixNano": "1763716443321000000", "endTimeUnixNano": "1763716445421000000", "status": {"code": "STATUS_CODE_ERROR", "message": "deadlock detected"}}]}]}]});
    for (format, file, spans) in [("Jaeger JSON", &jaeger, 2), ("Tempo JSON", &tempo, 1)] {
        let server = Server::new();
        let answer = import_into(&server, file.to_string().into_bytes()).await;
        assert_eq!((&answer["formats"], &answer["spans"]), (&json!([format]), &json!(spans)), "{answer}");
        assert_eq!(answer["faults"], json!([]));
        let told = server.get(&format!("/t/{TRACE}.txt")).await;
        assert!(told.text().contains("deadlock detected"), "{}", told.text());
        assert_eq!(story(&server).await["counts"]["errors"], spans);
    }
}

/// Scenario: a file with a good line, a broken one and a span without an id. Guarantees: the good spans are stored, each
/// fault has its place, issues and metrics know.
#[tokio::test]
async fn faults_are_told_with_their_place_and_cost_nothing_else() {
    let server = Server::new();
    let span = |id: &str| json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, "spanId": id, "name": "a", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]}]}]});
    let text = format!(
        "{}\n{{\"resourceSpans\":[\n{}\n{}\n",
        span("b7ad6b7169203331"),
        span("00f067aa0ba902b7"),
        span("oops")
    );
    let answer = import_into(&server, text.into_bytes()).await;
    assert_eq!((&answer["spans"], &answer["rejected"]), (&json!(2), &json!(1)), "{answer}");
    let faults: Vec<String> = answer["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| format!("{}: {}", fault["place"], fault["reason"]))
        .collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("\"line 2 (byte "), "{faults:?}");
    assert!(faults[1].contains("oops") || faults[1].contains("span"), "{faults:?}");
    let issues = server.get("/api/issues").await.json();
    assert_eq!(issues["issues"][0]["protocol"], "import", "{issues}");
    let metrics = server.get("/metrics").await;
    assert!(metrics.text().contains("telltale_import_files_total{outcome=\"with_faults\"} 1"), "{}", metrics.text());
    assert!(metrics.text().contains("telltale_import_faults_total 2"));
    assert_eq!(Metric::ImportFiles.labels(), ["outcome"]);
    let refused = server.post_bytes("/api/import?name=notes.txt", b"hello".to_vec()).await;
    assert_eq!(refused.error(400), "import_nothing");
    assert!(refused.text().contains("notes.txt") && refused.text().contains("it begins with"), "{}", refused.text());
}

/// Scenario: as many files as may be opened at once are being opened. Guarantees: the next one is told to come later.
#[tokio::test]
async fn files_at_once_are_bounded() {
    let server = Server::new();
    let held = server.state.imports.try_acquire_many(u32::try_from(crate::limits::IMPORTS_AT_ONCE).unwrap()).unwrap();
    assert_eq!(server.post_bytes("/api/import", b"{}".to_vec()).await.error(503), "import_busy");
    drop(held);
    assert_eq!(server.post_bytes("/api/import", b"".to_vec()).await.json()["skipped"][0]["reason"], "it is empty");
}

#[derive(Parser)]
struct Import {
    #[command(flatten)]
    args: import::Args,
}

/// Scenario: `telltale import` with a good file, one that is none, and one that is not there. Guarantees: the good one is
/// stored and told with its page, the exit code says that something was lost.
#[tokio::test]
async fn the_command_opens_files_and_says_what_was_lost() {
    let first = Server::with_sample().await;
    let json = first.get(&format!("/api/trace/{TRACE}/otlp")).await.body.to_vec();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("story.json"), json).unwrap();
    std::fs::write(path("notes.txt"), "hello").unwrap();
    let server = Server::new();
    let url = server.listen().await;
    let run = async |files: &[&str]| {
        let files: Vec<String> = files.iter().map(|file| path(file)).collect();
        let command =
            Import::parse_from(["import".to_owned(), "--url".to_owned(), url.clone()].into_iter().chain(files));
        let mut out = Vec::new();
        (import::import(&command.args, &mut out).await, String::from_utf8(out).unwrap())
    };
    let (outcome, told) = run(&["story.json"]).await;
    outcome.unwrap();
    assert!(told.contains(": OTLP JSON: 2 spans, 1 log record\n"), "{told}");
    assert!(told.contains(&format!("{url}/t/{TRACE}")), "{told}");
    let (outcome, told) = run(&["notes.txt", "missing", "story.json"]).await;
    let failure = outcome.unwrap_err();
    assert_eq!((failure.exit_code(), failure.to_string().as_str()), (ExitCode::from(1), "2 files not read whole"));
    assert!(told.contains("2 spans"), "the good one is stored all the same: {told}");
}
