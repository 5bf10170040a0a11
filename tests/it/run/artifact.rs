//! What the sample suite's artifact shows.

use serde_json::Value;
use telltale_tests::http::Http;

use super::{Opened, Place, send, telltale};
use crate::ui::browser::Browser;

/// Guarantees: tests, traces and expectations are there; the failing test's story says why; nothing can be sent, and
/// the file is the same afterwards.
pub(super) async fn opens_read_only(place: &Place) {
    let path = place.path("run.telltale");
    let before = std::fs::read(&path).unwrap();
    {
        let opened = Opened::new(place, &path);
        let results = opened.http.get_json("/api/results").await;
        let tests = results["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 5, "{results}");
        let how = |name: &str| {
            let test = tests.iter().find(|test| test["name"] == name).unwrap();
            (test["outcome"].as_str().unwrap().to_owned(), test["trace"]["how"].as_str().map(str::to_owned))
        };
        assert_eq!(how("test_an_order_is_accepted"), ("passed".into(), Some("property".into())));
        assert_eq!(how("test_an_expired_card_is_accepted"), ("failed".into(), Some("attribute".into())));
        assert_eq!(how("test_that_prints_its_trace"), ("passed".into(), Some("output".into())));
        assert_eq!(how("test_later").0, "skipped");
        assert_eq!(results["report"]["not_met"], 0);
        let story = opened.http.get(&format!("/t/{}.txt", failed_trace(&results))).await.ok().text();
        assert!(story.contains("POST /orders") && story.contains("card_declined"), "{story}");
        let runs = opened.http.get_json("/api/runs").await;
        assert_eq!(runs["runs"][0]["name"], "sample");
        assert!(
            opened.http.count("SELECT count(*) FROM spans WHERE resource_attr('telltale.run.name') = 'sample'").await
                > 10
        );
        assert!(send(&opened.http).await.is_client_error(), "an artifact takes nothing");
        assert_eq!(opened.http.count("SELECT count(*) FROM spans WHERE name = 'late'").await, 0);
        run_is_read_in_the_browser(&opened.http).await;
    }
    assert!(std::fs::read(&path).unwrap() == before, "the artifact has changed");
    check_by_file(place);
}

/// Guarantees: the list leads to the run, its failing test in one click to the story that says why; the output and the
/// attachments are there; expectations are the board.
async fn run_is_read_in_the_browser(http: &Http) {
    let browser = Browser::open(http.ui()).await;
    browser.goto("/runs").await;
    browser.until_text("1 of 5 failed").await;
    browser.accessible("runs-artifact").await;
    browser.screenshot("runs-artifact").await;
    browser.click_text(".runs-table a", "sample").await;
    for text in ["failed with exit code 1", "Tests: 1 of 5 failed", "4 of 4 met", "card_declined", "stdout/stdout.log"]
    {
        browser.until_text(text).await;
    }
    browser.click_text("summary", "stdout/stdout.log").await;
    browser.until_text("1 failed, 3 passed, 1 skipped").await;
    browser.looked_at("run-artifact").await;
    // The screenshot's scrolling may have left the link below the header.
    browser.script("window.scrollTo(0, 0); return true").await;
    browser.click(".runs-test-bad a").await;
    browser.until_text("card_declined: the card has expired").await;
    browser.goto("/signals").await;
    browser.until_text("4 of 4 met").await;
    browser.close().await;
    let file = http.get("/api/runs/file?run=sample&name=attachments/signals.toml").await.ok();
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        file.header("content-security-policy").starts_with("sandbox"),
        "{}",
        file.header("content-security-policy")
    );
    assert!(file.text().contains("max_db_children = 2"));
    for name in ["results.json", "../run.telltale", "stdout/../results.json", "store/FORMAT", "stdout"] {
        let name = telltale_tests::http::percent(name);
        let answer = http.get(&format!("/api/runs/file?run=sample&name={name}")).await;
        assert_eq!(answer.status, 404, "{name}");
    }
}

/// Scenario: a folder with the artifacts of two jobs of one revision. Guarantees: their telemetry is one store and two
/// runs; the test that failed in one of them is called flaky and leads to its story; the runs are compared.
pub(super) async fn a_folder_is_shown_as_one(place: &Place) {
    let opened = Opened::new(place, &place.path("."));
    let http = &opened.http;
    let runs = http.get_json("/api/runs").await;
    let names: Vec<&str> = runs["runs"].as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["fixed", "sample"], "the newest first");
    let shown = async |name: &str| http.get_json(&format!("/api/runs/show?run={name}")).await;
    let (fixed, sample) = (shown("fixed").await, shown("sample").await);
    for run in [&fixed, &sample] {
        let told = run["results"]["counts"]["spans"].as_u64();
        assert_eq!(run["summary"]["counts"]["spans"].as_u64(), told, "each run has its own spans and no others");
    }
    let all =
        fixed["summary"]["counts"]["spans"].as_u64().unwrap() + sample["summary"]["counts"]["spans"].as_u64().unwrap();
    assert_eq!(http.count("SELECT count(*) FROM spans").await, all);
    let browser = Browser::open(http.ui()).await;
    browser.goto("/runs").await;
    browser.until_text("Tests of 2 runs").await;
    browser.until_text("flaky").await;
    browser.until_text("1 / 2").await;
    browser.accessible("runs-folder").await;
    browser.screenshot("runs-folder").await;
    browser.click("#runs-compare").await;
    browser.until_text("1 test mended or gone, 2 errors gone").await;
    browser.until_text("mended").await;
    browser.goto("/runs").await;
    browser.until_text("Tests of 2 runs").await;
    browser.click(".runs-last a").await;
    browser.until_text("card_declined: the card has expired").await;
    browser.close().await;
}

fn failed_trace(results: &Value) -> String {
    let failed = results["tests"].as_array().unwrap().iter().find(|test| test["outcome"] == "failed").unwrap();
    failed["trace"]["trace_id"].as_str().unwrap().to_owned()
}

/// The same artifact, unpacked by whatever unpacks zips, and as the history of its tests.
fn check_by_file(place: &Place) {
    let unpacked = place.path("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let status = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(place.path("run.telltale"))
        .arg(&unpacked)
        .status();
    assert!(status.unwrap().success());
    for name in [
        "manifest.json",
        "results.json",
        "schema.json",
        "signals.toml",
        "junit/0-junit.xml",
        "stdout/stdout.log",
        "attachments/signals.toml",
        "store/FORMAT",
        "store/segments/spans",
    ] {
        assert!(unpacked.join(name).exists(), "{name} is not in the artifact");
    }
    let opened = Opened::new(place, &unpacked);
    drop(opened);
    let history = telltale(place, &["open", "--history", "."]).output().unwrap();
    let text = String::from_utf8_lossy(&history.stdout).into_owned();
    assert!(text.starts_with("1 runs\nfailing  1/1 failed"), "{text}");
    let report = telltale(place, &["report", "run.telltale", "--out", "again.html"]).output().unwrap();
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    assert!(place.text("again.html").contains("card_declined"));
}

/// Guarantees: the page works from `file://`, asks nobody for anything, and the failing test leads to its story.
pub(super) async fn page_opens_from_a_file(place: &Place) {
    let browser = Browser::open("file://").await;
    browser.goto(&place.path("run.html").display().to_string()).await;
    browser.until_text("sample failed with exit code 1").await;
    browser.until_text("Tests: 1 of 5 failed").await;
    browser.until_text("4 of 4 met").await;
    browser.screenshot("run-page").await;
    browser.click("tr.bad td:last-child a").await;
    browser.until_text("card_declined: the card has expired").await;
    browser.screenshot("run-page-story").await;
    let asked = browser.script("return performance.getEntriesByType('resource').length").await;
    assert_eq!(asked, 0, "the page asked for something");
    browser.close().await;
}
