//! The same as a user sees it: the program on a damaged folder, its health, its answers, and `telltale doctor --offline`.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use telltale_tests::http::{Answer, Http, JSON, Signal};
use telltale_tests::otlp;
use telltale_tests::rng::Rng;

use super::damages::Damage;
use super::reference::{copy_folder, folder, kind};
use crate::support::{PROGRAM, launch};

/// What lies in the data folder beside the data, with the path that tells of it.
const SETTINGS: [(&str, &str); 4] = [
    ("saved-searches.json", "/api/searches"),
    ("shares.json", "/api/health"),
    ("runs.json", "/api/health"),
    ("golden.toml", "/api/dashboards"),
];

async fn send(http: &Http, id: u8) {
    let span = otlp::span([id; 16], [id; 8], "kept");
    let _ = http.export(Signal::Traces, &otlp::traces("shop", vec![span])).await.ok();
    let _ =
        http.export(Signal::Logs, &otlp::logs("shop", vec![otlp::log([id; 16], [id; 8], "a line kept")])).await.ok();
    let _ =
        http.export(Signal::Metrics, &otlp::metrics("shop", vec![otlp::gauge("g", vec![otlp::point(1.0)])])).await.ok();
}

/// Fills a folder with data in a segment, data in the log, and one of each setting that people make.
async fn fill(data: &Path) {
    let server = launch().data_dir(data).start();
    send(&server.http, 1).await;
    server.http.flush_durable().await;
    let http = &server.http;
    let json =
        |method, path: &str, body: &str| http.request(method, path).header("content-type", JSON).body(body.to_owned());
    let dashboard =
        r#"{"title":"golden","panels":[{"type":"timeseries","title":"g","targets":[{"refId":"A","expr":"g"}]}]}"#;
    for request in [
        json(Method::PUT, "/api/searches/mine", r#"{"query":"level>=error","kind":"logs"}"#),
        json(Method::POST, &format!("/api/share/{}", "01".repeat(16)), "{}"),
        json(Method::POST, "/api/runs", r#"{"name":"before"}"#),
        http.request(Method::POST, "/api/dashboards?name=golden.json").body(dashboard),
    ] {
        let answer = http.send(request).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }
    // What was in the catalog's own log is in its file then.
    server.stop();
    let server = launch().data_dir(data).start();
    send(&server.http, 2).await;
    server.kill();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Makes a page of a file garbage: of the log its first record, of the catalog its head, of anything else any.
fn spoil(path: &Path, kind: &str, rng: &mut Rng) {
    let fixed = match kind {
        "wal" => 60..80,
        "catalog" => 0..512,
        _ => return assert!(Damage::Garbage.apply(path, &[], rng), "{kind}"),
    };
    let mut bytes = std::fs::read(path).unwrap();
    bytes[fixed].fill(0xa5);
    std::fs::write(path, bytes).unwrap();
}

/// Asks for everything. Every answer has to be one, but for the first that meets the damaged segment, which names it.
async fn ask(http: &Http, is_first: bool) {
    for path in [
        "/",
        "/api/recent",
        "/api/searches",
        "/api/shares",
        "/api/runs",
        "/api/dashboards",
        "/api/services",
        "/metrics",
    ] {
        check(path, &http.get(path).await, is_first);
    }
    for id in ["01", "02"] {
        let answer = http.get(&format!("/api/trace/{}", id.repeat(16))).await;
        assert!(answer.status == 404 || is_named(&answer, is_first), "{id}: {}", answer.text());
    }
    for sql in [
        "SELECT count(*) AS n FROM spans WHERE service_name = 'shop'",
        "SELECT count(*) AS n FROM logs WHERE service_name = 'shop'",
        "SELECT count(*) AS n FROM points WHERE service_name = 'shop'",
        "SELECT body FROM logs WHERE match(body, 'kept')",
        "SELECT name FROM spans WHERE attr('order.id') = 'nothing'",
        "SELECT body FROM logs WHERE attr('order.id') = 'nothing'",
    ] {
        check(sql, &http.sql_answer(sql).await, is_first);
    }
}

fn check(asked: &str, answer: &Answer, is_first: bool) {
    // A list that nobody can read is no list.
    let is_fine = asked == "/api/searches" || is_named(answer, is_first);
    assert!(is_fine, "{asked}: {} {}", answer.status, answer.text());
}

fn is_named(answer: &Answer, is_first: bool) -> bool {
    answer.status.is_success() || (is_first && answer.text().contains(" is damaged: "))
}

/// Scenario: one page of each kind of file is garbage. Guarantees: the program starts, or refuses by the file's name where nothing can be read
/// without it; it answers, takes new data, never panics, and its health or the list that the file belongs to names it; so does `telltale doctor`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_names_what_is_damaged_and_serves_the_rest() {
    let place = folder();
    let whole = place.path().join("whole");
    fill(&whole).await;
    let mut kinds = std::collections::BTreeMap::new();
    for path in files(&whole).into_iter().filter(|path| !path.ends_with("LOCK") && !path.ends_with("RESERVE")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kind = if name.starts_with("catalog.sqlite-") { name } else { kind(&path) };
        kinds.entry(kind).or_insert_with(|| path.strip_prefix(&whole).unwrap().to_owned());
    }
    kinds.retain(|kind, _| !kind.starts_with("catalog.sqlite-"));
    for (name, _) in SETTINGS {
        assert!(kinds.contains_key(name), "no {name} in {kinds:?}");
    }
    let mut rng = Rng::new(3);
    for (kind, file) in kinds {
        let data = place.path().join("damaged");
        copy_folder(&whole, &data);
        spoil(&data.join(&file), &kind, &mut rng);
        if matches!(kind.as_str(), "catalog" | "FORMAT") {
            let (code, stderr) = launch().data_dir(&data).refuse();
            let name = file.to_string_lossy().into_owned();
            assert!(code == Some(1) || code == Some(2), "{kind}: {code:?} {stderr}");
            assert!(
                stderr.contains(&name) && stderr.contains("hint:") && !stderr.contains("panicked"),
                "{kind}: {stderr}"
            );
            std::fs::remove_dir_all(&data).unwrap();
            continue;
        }
        let server = launch().data_dir(&data).start();
        ask(&server.http, true).await;
        ask(&server.http, false).await;
        send(&server.http, 3).await;
        let new = server.http.get_json(&format!("/api/trace/{}", "03".repeat(16))).await;
        assert_eq!(new["spans"].as_array().map(Vec::len), Some(1), "{kind}: {new}");
        let health = server.http.get("/api/health").await;
        let teller = SETTINGS.iter().find(|(name, _)| *name == kind).map_or("/api/health", |(_, path)| path);
        let told = if teller == "/api/health" { health.text() } else { server.http.get(teller).await.text() };
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let needle = if kind == "log_index" { "log_index" } else { &name };
        assert!(told.contains(needle), "{kind}: {teller} does not name {needle}: {told:.600}");
        assert!(health.status.is_success(), "{kind}: {}", health.text());
        server.stop();
        if file.starts_with("segments") {
            let doctor = Command::new(PROGRAM).args(["doctor", "--offline", "--data-dir"]).arg(&data).output().unwrap();
            let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
            assert_eq!(doctor.status.code(), Some(1), "{kind}: {said}");
            assert!(said.contains("damaged: ") && said.contains(needle), "{kind}: {said}");
        }
        std::fs::remove_dir_all(&data).unwrap();
    }
}
