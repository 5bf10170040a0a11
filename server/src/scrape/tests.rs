//! Scenario: scrapes of a target whose series come and go and whose labels collide with ours. Guarantees: what Prometheus would
//! store: labels, markers, made-up series.

use std::collections::BTreeMap;

use telltale_prometheus::series::is_stale;

use super::*;

fn target(honor_labels: bool) -> Target {
    Target {
        url: reqwest::Url::parse("http://app:8080/metrics").unwrap(),
        interval: Duration::from_secs(15),
        timeout: Duration::from_secs(10),
        job: "shop".into(),
        labels: BTreeMap::from([("zone".to_owned(), "a".to_owned())]),
        honor_labels,
    }
}

fn lines(target: &Target, text: Result<&str, &str>, present: &mut Present, now_ms: i64) -> Vec<String> {
    let scraped = text
        .map_err(str::to_owned)
        .and_then(|text| text::parse(Format::Text, text, now_ms).map_err(|error| error.to_string()));
    let series = samples::all(target, scraped, present, (now_ms, Duration::from_millis(500)));
    let line = |series: &Series| {
        let labels: Vec<_> = series.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (time, value) = series.samples[0];
        let value = if is_stale(value) { "stale".to_owned() } else { value.to_string() };
        format!("{} {value}@{time}", labels.join(","))
    };
    series.iter().map(line).collect()
}

#[test]
fn a_scrape_has_the_targets_labels_and_the_made_up_series() {
    let mut present = Present::new();
    let text = Ok("a{zone=\"own\",exported_zone=\"x\"} 1\na{zone=\"own\",exported_zone=\"x\"} 2\nb 3 77\n");
    let found = lines(&target(false), text, &mut present, 1_000);
    let ours = "instance=app:8080,job=shop,zone=a";
    let expected = [
        format!("__name__=a,exported_exported_zone=own,exported_zone=x,{ours} 1@1000"),
        format!("__name__=b,{ours} 3@77"),
        format!("__name__=up,{ours} 1@1000"),
        format!("__name__=scrape_duration_seconds,{ours} 0.5@1000"),
        format!("__name__=scrape_samples_scraped,{ours} 3@1000"),
        format!("__name__=scrape_samples_post_metric_relabeling,{ours} 2@1000"),
        format!("__name__=scrape_series_added,{ours} 1@1000"),
    ];
    assert_eq!(found, expected);
    let honored = lines(&target(true), Ok("a{zone=\"own\"} 1\n"), &mut Present::new(), 1_000);
    assert_eq!(honored[0], "__name__=a,instance=app:8080,job=shop,zone=own 1@1000");
}

#[test]
fn series_that_are_gone_end_and_all_of_them_when_a_scrape_fails() {
    let mut present = Present::new();
    let target = target(false);
    lines(&target, Ok("a 1\nb 2\nc 3 5\n"), &mut present, 1_000);
    let second = lines(&target, Ok("a 1\n"), &mut present, 2_000);
    assert_eq!(second[1], "__name__=b,instance=app:8080,job=shop,zone=a stale@2000");
    assert_eq!(second.len(), 7, "a series with a time of its own does not end by vanishing: {second:?}");
    let failed = lines(&target, Err("refused"), &mut present, 3_000);
    assert_eq!(failed[0], "__name__=a,instance=app:8080,job=shop,zone=a stale@3000");
    assert_eq!(failed[1], "__name__=up,instance=app:8080,job=shop,zone=a 0@3000");
    let again = lines(&target, Ok("a 1\n"), &mut present, 4_000);
    assert!(again.contains(&"__name__=scrape_series_added,instance=app:8080,job=shop,zone=a 1@4000".to_owned()));
}
