//! An artifact that the first format wrote, kept in the repository: every later telltale opens it.
//!
//! `TELLTALE_WRITE_ARTIFACT=1 cargo test --test it run::golden` writes it anew, by `telltale run` over a script that sends
//! the requests below with curl. That is for a new format alone, under a new name; the file of the old one stays.

use serde_json::{Value, json};

use super::{Opened, Place, stderr, telltale};
use crate::support::root;

const FILE: &str = "tests/artifacts/format-1.telltale";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
/// 2026-11-21 09:14:03 UTC.
const START: u64 = 1_795_252_443_000_000_000;

const JUNIT: &str = r#"<testsuite name="shop"><testcase classname="shop" name="takes an order" time="0.1"/>
<testcase classname="shop" name="takes a card" time="0.2"><properties><property name="trace_id" value="TRACE"/></properties>
<failure message="402 instead of 201">card_declined</failure></testcase></testsuite>"#;

fn payload(path: &str) -> Value {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let resource = json!({"attributes": [text("service.name", "shop"), text("service.version", "1.9.0")]});
    let at = |ms: u64| (START + ms * 1_000_000).to_string();
    match path {
        "traces" => json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [
            {"traceId": TRACE, "spanId": SPAN, "name": "POST /orders", "kind": 2, "startTimeUnixNano": at(0), "endTimeUnixNano": at(40),
             "attributes": [text("http.route", "/orders")], "status": {"code": 2, "message": "card_declined: the card has expired"}},
            {"traceId": TRACE, "spanId": "00f067aa0ba902b7", "parentSpanId": SPAN, "name": "SELECT stock", "kind": 3,
             "startTimeUnixNano": at(3), "endTimeUnixNano": at(9), "attributes": [text("db.system.name", "sqlite")]}]}]}]}),
        "logs" => json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [
            {"timeUnixNano": at(30), "severityNumber": 17, "body": {"stringValue": "the bank said no to order 17"}, "traceId": TRACE,
             "spanId": SPAN}]}]}]}),
        _ => {
            json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [{"name": "orders.failed", "unit": "{order}",
            "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [
                {"startTimeUnixNano": at(0), "timeUnixNano": at(50), "asInt": "1"}]}}]}]}]})
        }
    }
}

/// Runs the script that makes the artifact; `name` is the file in the folder.
fn make(place: &Place, name: &str) {
    std::fs::write(place.path("junit.source"), JUNIT.replace("TRACE", TRACE)).unwrap();
    std::fs::write(place.path("note.txt"), "kept beside the run\n").unwrap();
    std::fs::write(place.path("signals.toml"), "[[span]]\nname = \"POST /orders\"\nerrors = 0\n").unwrap();
    let mut script = String::from("set -e; cat junit.source >junit.xml; echo the output;");
    for path in ["traces", "logs", "metrics"] {
        std::fs::write(place.path(path), payload(path).to_string()).unwrap();
        script.push_str(&format!(
            "curl -sSf -o /dev/null -H 'content-type: application/json' \"$OTEL_EXPORTER_OTLP_ENDPOINT/v1/{path}\" -d @{path};"
        ));
    }
    let options = ["run", "--name", "golden", "--out", name, "--junit", "junit.xml", "--expect", "signals.toml"];
    let output = telltale(place, &[&options[..], &["--attach", "note.txt", "--", "sh", "-c", &script]].concat());
    let output = { output }.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

/// Everything of the artifact that is the same whoever wrote it and whenever.
async fn shown(place: &Place, path: &std::path::Path) -> Value {
    let opened = Opened::new(place, path);
    let http = &opened.http;
    let page = http.get_json("/api/runs/show?run=golden").await;
    let story = http.get(&format!("/t/{TRACE}.txt")).await.ok().text();
    assert!(story.contains("POST /orders failed") && story.contains("the bank said no to order 17"), "{story}");
    let file = async |name: &str| http.get(&format!("/api/runs/file?run=golden&name={name}")).await.ok().text();
    let verdicts: Vec<Value> = page["results"]["report"]["verdicts"].as_array().unwrap().clone();
    json!({
        "tests": page["results"]["tests"],
        "verdicts": verdicts,
        "errors": page["summary"]["errors"],
        "counts": page["summary"]["counts"],
        "files": [file("stdout/stdout.log").await, file("attachments/note.txt").await, file("junit/0-junit.xml").await],
        "words": http.sql("SELECT body FROM logs WHERE match(body, 'bank')").await,
        "points": http.sql("SELECT name, value_int FROM points").await,
        "signals": http.get_json("/api/signals").await["report"]["not_met"],
    })
}

/// Serves some bytes once, as any server of files does, and returns their address.
fn serve(bytes: Vec<u8>) -> String {
    use std::io::{BufRead as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/job/7/run.telltale", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = std::io::BufReader::new(stream.try_clone().unwrap()).lines();
        let _head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len()).unwrap();
        stream.write_all(&bytes).unwrap();
    });
    url
}

/// Scenario: the artifact of the first format, and one that today's program makes of the same requests. Guarantees: the old
/// one opens, and shows what the new one shows: tests with their traces, expectations, errors, output, logs by words, points.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_artifact_of_the_first_format_opens() {
    let place = Place::new();
    make(&place, "new.telltale");
    let kept = root().join(FILE);
    if std::env::var_os("TELLTALE_WRITE_ARTIFACT").is_some() {
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::copy(place.path("new.telltale"), &kept).unwrap();
    }
    let before = std::fs::read(&kept).unwrap();
    let (old, new) = (shown(&place, &kept).await, shown(&place, &place.path("new.telltale")).await);
    assert_eq!(old, new);
    assert_eq!(old["tests"][1]["trace"], json!({"trace_id": TRACE, "how": "property"}), "{old}");
    assert_eq!(old["words"], json!([{"body": "the bank said no to order 17"}]), "{old}");
    let url = serve(before.clone());
    assert_eq!(shown(&place, std::path::Path::new(&url)).await, old, "the same from an address");
    let kept_name = kept.display().to_string();
    let told = |arguments: &[&str]| {
        let output = telltale(&place, arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output))
    };
    let (code, text) = told(&["check", "signals.toml", "--artifact", &kept_name]);
    assert!(
        code == Some(3) && text.contains("1 failed, asked for 0 (the first: \"card_declined: the card has expired\")"),
        "{text}"
    );
    assert_eq!(told(&["schema", "diff", &kept_name, "new.telltale"]), (Some(0), "the schemas are the same\n".into()));
    let (code, text) = told(&["diff", &kept_name, "new.telltale"]);
    assert_eq!((code, text.as_str()), (Some(0), "golden → golden\nno difference beyond chance\n"));
    let (code, text) = told(&["report", &kept_name, "--out", "old.html"]);
    assert!(code == Some(0) && place.text("old.html").contains("card_declined"), "{text}");
    assert!(std::fs::read(&kept).unwrap() == before, "opening changed the artifact");
}
