//! What the sample suite's artifact shows.

use serde_json::Value;

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
    }
    assert!(std::fs::read(&path).unwrap() == before, "the artifact has changed");
    check_by_file(place);
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
    let history = telltale(place, &["open", "."]).output().unwrap();
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
