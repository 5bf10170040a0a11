//! Scenario: the artifacts of two runs, the second with another error and a lost log. Guarantees: `check`, `schema`, `diff`
//! and `report` answer from the files alone; a folder of them is one store in which each run has its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use telltale_api::Nanos;
use telltale_model::SignalKind;
use telltale_signals::junit::{Outcome, TestCase};
use telltale_signals::results::{Results, RunFacts, Test};

use super::harness::Server;
use super::sample;
use crate::artifact::gather;
use crate::artifact::read::OpenError;
use crate::artifact::write::{Contents, write};
use crate::cli::client::Failure;
use crate::cli::{check, diff, report, schema};
use crate::limits::RUN_FILE_PIECE_BYTES;
use crate::observe::{ALL, Scope, observe};

/// Writes what a server holds as the artifact of a run. The server is of no use afterwards.
async fn artifact(server: &Server, path: &Path, name: &str, outcome: Outcome) {
    let scope = Scope::default();
    let observed = observe(&server.state, &scope, ALL).await.unwrap();
    let now = server.state.now().0;
    let case = TestCase { name: "test_order".into(), outcome, ..TestCase::default() };
    let results = Results {
        run: RunFacts {
            name: name.into(),
            run_id: format!("id of {}", path.display()),
            start_unix_nano: now - 1_000_000_000,
            end_unix_nano: now,
            attributes: vec![("vcs.ref.head.revision".into(), "5d1c".into())],
            ..RunFacts::default()
        },
        counts: telltale_signals::runs::summary::counts(&observed),
        tests: vec![Test { case, trace: None }],
        ..Results::default()
    };
    server.state.storage.close().await.unwrap();
    let contents = Contents {
        results: &results,
        schema: telltale_signals::schema::schema(&observed),
        expectations: None,
        junit: &[],
        output: None,
        attachments: &[attachment()],
        store: &server.state.data_dir,
    };
    write(path, &contents).unwrap();
}

/// A page with a script, of a few pieces and a bit.
fn attachment() -> PathBuf {
    static PLACE: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    let path = PLACE.get_or_init(|| tempfile::tempdir().unwrap()).path().join("page \"1\".html");
    let text = "<script>alert(1)</script>\n".repeat(RUN_FILE_PIECE_BYTES * 5 / 26);
    std::fs::write(&path, text).unwrap();
    path
}

/// Scenario: an attachment that is larger than what is read at once, and would run in a browser. Guarantees: every byte
/// arrives; it is a text that nothing runs; its name cannot break out of a header.
#[tokio::test]
async fn an_attachment_is_given_whole_and_runs_nothing() {
    let (_folder, before, _) = two().await;
    let server = Server::showing(crate::cli::source::Opened::open(&before).await.unwrap());
    let files = server.get("/api/runs/show?run=main").await.json()["files"].clone();
    assert_eq!(files[0]["name"], "attachments/page \"1\".html");
    let answer = server.get("/api/runs/file?run=main&name=attachments/page%20%221%22.html").await;
    assert_eq!(answer.body, std::fs::read(attachment()).unwrap());
    assert_eq!(answer.header("content-length"), files[0]["bytes"].to_string());
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"page__1_.html\"");
}

/// A folder with the artifacts `before.telltale` and, deeper, `after.telltale`, an hour apart.
async fn two() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before.telltale"), folder.path().join("job/2/after.telltale"));
    artifact(&Server::with_sample().await, &before, "main", Outcome::Failed).await;
    let second = Server::new();
    (0..3_600).for_each(|_| second.tick());
    second.send(SignalKind::Traces, &sample::traces()).await;
    second.send(SignalKind::Metrics, &sample::metrics()).await;
    let lost = sample::one_span("1af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b1", "work", "lost 7");
    second.send(SignalKind::Traces, &lost).await;
    artifact(&second, &after, "main", Outcome::Passed).await;
    (folder, before, after)
}

#[derive(Debug, Parser)]
enum Command {
    Check(check::Args),
    Schema(schema::Args),
    Diff(diff::Args),
    Report(report::Args),
}

/// Runs a command with a server's address where nobody is.
async fn run(arguments: &[&str]) -> (String, Result<(), (ExitCode, String)>) {
    let command = Command::parse_from([&["telltale"], arguments, &["--url", "http://127.0.0.1:1"]].concat());
    let mut out = Vec::new();
    let outcome: Result<(), Failure> = match &command {
        Command::Check(args) => check::check(args, &|_| None, &mut out).await,
        Command::Schema(args) => schema::run(args, &mut out).await,
        Command::Diff(args) => diff::diff(args, &mut out).await,
        Command::Report(args) => report::report(args).await,
    };
    (String::from_utf8(out).unwrap(), outcome.map_err(|failure| (failure.exit_code(), failure.to_string())))
}

#[tokio::test]
async fn promises_and_schemas_are_judged_by_an_artifact() {
    let (folder, before, after) = two().await;
    let (before, after) = (before.display().to_string(), after.display().to_string());
    let file = folder.path().join("signals.toml").display().to_string();
    std::fs::write(&file, "[[span]]\nname = \"POST /orders\"\n[[log]]\nbody = \"order failed*\"\n").unwrap();
    let (text, outcome) = run(&["check", &file, "--artifact", &before]).await;
    assert_eq!(outcome, Ok(()), "{text}");
    assert!(text.contains("2 of 2 expectations met"), "{text}");
    let (text, outcome) = run(&["check", &file, "--artifact", &after]).await;
    assert_eq!(outcome.unwrap_err().0, ExitCode::from(3));
    assert!(text.contains("✗ log \"order failed*\""), "{text}");
    let blessed = folder.path().join("blessed.toml").display().to_string();
    run(&["check", "--bless", &blessed, "--artifact", &before]).await.1.unwrap();
    assert_eq!(run(&["check", &blessed, "--artifact", &before]).await.1, Ok(()));
    let lock = folder.path().join("lock.json").display().to_string();
    run(&["schema", "lock", &lock, "--artifact", &before]).await.1.unwrap();
    assert_eq!(run(&["schema", "diff", &lock, &before]).await, ("the schemas are the same\n".into(), Ok(())));
    let (text, outcome) = run(&["schema", "diff", &after, &before]).await;
    assert!(text.contains("\"work\" of work"), "{text}");
    assert_eq!(outcome.unwrap_err().0, ExitCode::from(3), "a lost span is a breaking change");
    let (code, message) = run(&["check", &file, "--artifact", "nowhere.telltale"]).await.1.unwrap_err();
    assert_eq!((code, message.as_str()), (ExitCode::from(4), "nowhere.telltale: there is no nowhere.telltale"));
}

#[tokio::test]
async fn artifacts_are_compared_and_reported() {
    let (folder, before, after) = two().await;
    let (before, after) = (before.display().to_string(), after.display().to_string());
    let (text, outcome) = run(&["diff", &before, &after]).await;
    assert_eq!(outcome, Ok(()));
    let start = "main → main\ntest mended: test_order\nnew error: 1× work work: lost * (/t/1af7";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains("error gone: 1× orders log: order failed: deadlock detected"), "{text}");
    let (json, _) = run(&["diff", &before, &after, "--json"]).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["new_errors"][0]["message"], "lost *");
    let page = folder.path().join("compare.html").display().to_string();
    run(&["report", &before, &after, "--html", &page]).await.1.unwrap();
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains("<h1>main → main</h1>") && page.contains("lost *"), "{page}");
    run(&["report", &before]).await.1.unwrap();
    let page = std::fs::read_to_string(folder.path().join("before.html")).unwrap();
    assert!(page.contains("POST /orders") && page.contains("Tests: 1 of 1 failed"), "{page}");
    let (code, message) = run(&["report", "what is this"]).await.1.unwrap_err();
    assert!(code == ExitCode::from(2) && message.contains("neither an artifact"), "{message}");
}

#[tokio::test]
async fn a_folder_of_artifacts_is_one_store_with_both_runs() {
    let (folder, before, _after) = two().await;
    std::fs::write(folder.path().join("job/broken.telltale"), "no zip").unwrap();
    let gathered = gather::folder(folder.path()).unwrap();
    let names: Vec<_> = gathered.shown.runs.iter().map(|run| run.name.clone()).collect();
    assert_eq!(names, ["main (2)", "main"], "newest first; two of one name are told apart");
    assert_eq!(gathered.left_out.len(), 1, "{:?}", gathered.left_out);
    assert!(gathered.left_out[0].contains("broken.telltale: it is no zip"), "{:?}", gathered.left_out);
    let opened = crate::cli::source::Opened::open(folder.path()).await.unwrap();
    let server = Server::showing(opened);
    let rows = server.post("/api/sql", "{\"sql\":\"SELECT count(*) FROM spans\"}").await.json();
    assert_eq!(rows["rows"][0]["count(*)"], 5, "both runs together: {rows}");
    let list = server.get("/api/runs").await.json();
    assert_eq!((&list["takes_marks"], &list["runs"][1]["outcome"]["failed"]), (&false.into(), &1.into()));
    let shown = async |name: &str| server.get(&format!("/api/runs/show?run={name}")).await.json();
    let (older, newer) = (shown("main").await, shown("main%20(2)").await);
    assert_eq!((&older["summary"]["counts"]["spans"], &newer["summary"]["counts"]["spans"]), (&2.into(), &3.into()));
    let lost = |run: &serde_json::Value| run["summary"]["errors"].to_string().contains("lost *");
    assert_eq!((lost(&older), lost(&newer)), (false, true));
    assert_eq!(older["results"]["tests"][0]["outcome"], "failed");
    let tests = server.get("/api/runs/tests").await.json();
    assert_eq!((&tests["runs"], &tests["tests"][0]["is_flaky"]), (&2.into(), &true.into()));
    assert_eq!(tests["tests"][0]["failed_in"]["run"], "main");
    let diff = server.get("/api/runs/diff?a=main&b=main%20(2)").await.json();
    assert_eq!(
        (&diff["new_errors"][0]["message"], &diff["new_errors"][0]["example"]),
        (&"lost *".into(), &"lost 7".into())
    );
    assert_eq!(diff["tests"][0]["name"], "test_order");
    assert_eq!(server.get("/api/runs/show?run=never").await.error(404), "run_not_found");
    assert_eq!(server.get("/api/runs/show").await.error(400), "bad_parameter");
    assert_eq!(server.get("/api/runs/file?run=main&name=store/FORMAT").await.error(404), "no_such_file");
    assert_eq!(server.post("/api/runs", "{\"name\":\"x\"}").await.error(400), "run");
    assert!(before.exists());
    let one = gather::newest(folder.path(), 1).unwrap();
    assert_eq!(one.shown.runs[0].name, "main", "the newest");
    assert_eq!(one.left_out[1], "1 run older: the newest 1 are shown");
    let empty = tempfile::tempdir().unwrap();
    // As deep as the limit, and one deeper.
    for (place, found) in [("1/2/3/4", 0), ("1/2/3", 1)] {
        std::fs::create_dir_all(empty.path().join(place)).unwrap();
        std::fs::copy(&before, empty.path().join(place).join("run.telltale")).unwrap();
        let seen = gather::results_below(empty.path()).map_or(0, |(seen, _)| seen.len());
        assert_eq!(seen, found, "{place}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(gather::folder(empty.path()), Err(OpenError::Empty(_))));
}

/// Scenario: a signals file that is not there, has a mistake, and is right; a mark. Guarantees: the board says which, and
/// counts from the mark on.
#[tokio::test]
async fn the_board_says_what_is_wrong_and_counts_from_the_mark() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signals.toml");
    let server = Server::with_signals(&file);
    let board = server.get("/api/signals").await.json();
    assert_eq!((&board["problem"]["is_missing"], &board["is_live"]), (&true.into(), &true.into()));
    std::fs::write(&file, "[[span]]\nnme = 1\n").unwrap();
    let board = server.get("/api/signals").await.json();
    assert!(
        board["problem"]["message"].as_str().unwrap().contains("signals.toml:2:1: a [[span]] has no \"nme\""),
        "{board}"
    );
    std::fs::write(&file, "[[span]]\nname = \"POST /orders\"\n").unwrap();
    assert_eq!(server.get("/api/signals").await.json()["report"]["met"], 0);
    server.send(SignalKind::Traces, &sample::traces()).await;
    assert_eq!(server.get("/api/signals").await.json()["report"]["met"], 1);
    server.tick();
    server.post("/api/runs", "{\"name\":\"anew\"}").await.json();
    let board = server.get("/api/signals").await.json();
    assert_eq!((&board["run"], &board["report"]["met"]), (&"anew".into(), &0.into()));
    server.tick();
    server.send(SignalKind::Traces, &sample::traces()).await;
    assert_eq!(server.get("/api/signals").await.json()["report"]["met"], 1);
    assert_eq!(server.get("/api/signals?run=never").await.error(404), "run_not_found");
    assert_eq!(server.state.now(), Nanos(super::harness::NOW.0 + 2_000_000_000));
}
