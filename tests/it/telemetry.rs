//! telltale tells about itself: each feature declares its signals, and here is what makes each of them move.

use std::time::Duration;

use reqwest::Method;
use telltale::telemetry::{Kind, Metric};
use telltale_tests::http::{Http, Metrics, PROTOBUF, Signal};
use telltale_tests::otlp;
use telltale_tests::poll::until;
use telltale_tests::rng::Rng;

use crate::support::{launch, server};

#[track_caller]
fn moved(before: &Metrics, after: &Metrics, name: &str, labels: &[&str]) -> f64 {
    let now = after.sum(name, labels).unwrap_or_else(|| panic!("no sample of {name} {labels:?} in\n{}", after.0));
    now - before.sum(name, labels).unwrap_or(0.0)
}

/// The text is what Prometheus expects: every sample belongs to a declared metric, and names are ours.
#[tokio::test]
async fn the_exposition_is_well_formed() {
    let server = server();
    let answer = server.http.get("/metrics").await.ok();
    assert!(answer.header("content-type").starts_with("text/plain"), "{:?}", answer.headers);
    let text = answer.text();
    let declared: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut samples = 0;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(
            declared.contains(&name) || base.is_some_and(|base| declared.contains(&base)),
            "{line} is not declared"
        );
        assert!(name.starts_with("telltale_") || name.starts_with("process_"), "{line}");
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        samples += 1;
    }
    assert!(samples > 10, "{text}");
    for name in &declared {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

/// Ingest, rejection, write-ahead log, flush, segments, queries, access: each moves the signals that it declares, and no
/// declared signal is forgotten here.
#[tokio::test]
async fn every_feature_moves_its_signals() {
    let server = server();
    let before = server.http.metrics().await;
    act(&server.http).await;
    let after = server.http.metrics().await;
    for (metric, labels, at_least) in SIGNALS {
        let suffix = if metric.kind() == Kind::Durations { "_count" } else { "" };
        let name = format!("{}{suffix}", metric.prometheus_name());
        let by = moved(&before, &after, &name, labels);
        assert!(by >= *at_least, "{name} {labels:?} moved by {by}, not {at_least}\n{}", after.0);
    }
    for metric in Metric::ALL {
        let name = metric.prometheus_name();
        assert!(after.0.contains(&format!("# TYPE {name} ")), "{name} is declared and not shown");
        let known = [
            SIGNALS,
            COMPACTION_SIGNALS,
            RETENTION_SIGNALS,
            FORWARD_SIGNALS,
            SCRAPE_SIGNALS,
            LIVE_SIGNALS,
            REMOTE_SIGNALS,
        ];
        let moved = known.into_iter().flatten().any(|(moved, ..)| moved == metric);
        assert!(
            moved || AT_REST.contains(metric),
            "{name}: say in SIGNALS what moves it, or in AT_REST why nothing does here"
        );
    }
}

/// Scenario: a server of its own gets eight small flushes, which it compacts by itself.
#[tokio::test]
async fn compaction_moves_its_signals() {
    let server = launch().start();
    for round in 0..8_u8 {
        let span = otlp::span([round + 1; 16], [round + 1; 8], "s");
        let _ = server.http.export(Signal::Traces, &otlp::traces("own", vec![span])).await.ok();
        server.http.flush_durable().await;
    }
    until("eight segments to become one", Duration::from_secs(30), async || {
        let metrics = server.http.metrics().await;
        has_moved(&metrics, COMPACTION_SIGNALS).then_some(())
    })
    .await;
    let metrics = server.http.metrics().await;
    let segments = metrics.sum(&Metric::StoreSegments.prometheus_name(), &["table=\"spans\""]);
    assert_eq!(segments, Some(1.0), "{}", metrics.0);
    assert_eq!(server.http.sql("SELECT count(*) AS n FROM spans").await, [serde_json::json!({"n": 8})]);
}

/// Scenario: one request forwarded to another server. Guarantees: it is counted as sent, and nothing waits any more.
#[tokio::test]
async fn forwarding_moves_its_signals() {
    let target = server();
    let tee = launch().arg(format!("--forward={}", target.ready.otlp_http)).start();
    let log = otlp::logs("tee", vec![otlp::log([1; 16], [1; 8], "l")]);
    let _ = tee.http.export(Signal::Logs, &log).await.ok();
    until("the request to be forwarded", Duration::from_secs(30), async || {
        let metrics = tee.http.metrics().await;
        let moved = |(metric, labels, at_least): &(Metric, &[&str], f64)| {
            metrics.sum(&metric.prometheus_name(), labels).is_some_and(|value| value >= *at_least)
        };
        let waiting = metrics.sum(&Metric::ForwardQueued.prometheus_name(), &[]);
        (FORWARD_SIGNALS.iter().all(moved) && waiting == Some(0.0)).then_some(())
    })
    .await;
}

/// What one forwarded request must show.
const FORWARD_SIGNALS: &[(Metric, &[&str], f64)] =
    &[(Metric::ForwardRequests, &["signal=\"logs\"", "outcome=\"sent\""], 1.0), (Metric::ForwardQueued, &[], 0.0)];
/// Scenario: a server that may keep one MiB gets three, which do not compress.
#[tokio::test]
async fn retention_moves_its_signals_and_keeps_the_newest() {
    let server = launch().arg("--keep-mib").arg("1").start();
    let mut rng = Rng::new(7);
    for round in 0..6_u8 {
        let body: String = (0..16_384).map(|_| otlp::hex(&rng.trace_id())).collect();
        let log = otlp::log([round + 1; 16], [1; 8], &body);
        let _ = server.http.export(Signal::Logs, &otlp::logs("own", vec![log])).await.ok();
        server.http.flush_durable().await;
    }
    until("the oldest segments to go", Duration::from_secs(30), async || {
        let metrics = server.http.metrics().await;
        has_moved(&metrics, RETENTION_SIGNALS).then_some(())
    })
    .await;
    let left = server.http.sql("SELECT trace_id FROM logs ORDER BY ingest_time_unix_nano DESC").await;
    assert!((1..6).contains(&left.len()), "{left:?}");
    assert_eq!(left[0], serde_json::json!({"trace_id": "06".repeat(16)}));
    let metrics = server.http.metrics().await;
    assert_eq!(metrics.sum(&Metric::RetentionLimit.prometheus_name(), &[]), Some(1_048_576.0));
}

/// What the removal of a segment of one row must show.
const RETENTION_SIGNALS: &[(Metric, &[&str], f64)] = &[
    (Metric::RetentionSegments, &["reason=\"bytes\""], 1.0),
    (Metric::RetentionRows, &[], 1.0),
    (Metric::RetentionBytes, &[], 100_000.0),
];

/// Scenario: a server scrapes another one, every second. Guarantees: scrapes are counted, and what was scraped answers PromQL.
#[tokio::test]
async fn scraping_moves_its_signals() {
    let target = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("telltale.toml");
    let text = format!("[[scrape]]\nurl = \"{}/metrics\"\ninterval = \"1s\"\njob = \"other\"\n", target.ready.ui);
    std::fs::write(&file, text).unwrap();
    let server = launch().arg("--config").arg(file.display().to_string()).start();
    until("a scrape to be stored", Duration::from_secs(30), async || {
        let answer = server.http.get_json("/api/v1/query?query=up%7Bjob=%22other%22%7D").await;
        (answer["data"]["result"][0]["value"][1] == "1").then_some(())
    })
    .await;
    assert!(has_moved(&server.http.metrics().await, SCRAPE_SIGNALS));
    let targets = server.http.get_json("/api/v1/targets").await;
    assert_eq!(targets["data"]["activeTargets"][0]["health"], "up", "{targets}");
    let metadata = server.http.get_json("/api/v1/metadata?metric=telltale_panics_total").await;
    assert_eq!(metadata["data"]["telltale_panics_total"][0]["type"], "counter", "{metadata}");
}

/// Scenario: a reader follows the logs that match. Guarantees: what was sent to it is counted.
#[tokio::test]
async fn following_moves_its_signals() {
    let server = server();
    let mut answer = server.http.request(Method::GET, "/api/live?kind=logs&q=followed").send().await.unwrap();
    let hello = answer.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&hello).contains("live"), "{hello:?}");
    let log = otlp::logs("own", vec![otlp::log([1; 16], [1; 8], "followed")]);
    let _ = server.http.export(Signal::Logs, &log).await.ok();
    let row = answer.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&row).contains("followed"), "{row:?}");
    assert!(has_moved(&server.http.metrics().await, LIVE_SIGNALS));
}

/// What one row sent to a reader must show.
const LIVE_SIGNALS: &[(Metric, &[&str], f64)] = &[(Metric::LiveRows, &["outcome=\"sent\""], 1.0)];

/// Scenario: a server moves everything to a folder that stands for an object store, deletes a part of it, and is started again with an empty
/// disk. Guarantees: uploads, removals, fetches and the cache are counted, and the data is there.
#[tokio::test]
async fn an_object_store_moves_its_signals() {
    let (folder, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = format!("file://{}", store.path().display());
    let start = || launch().data_dir(folder.path()).arg("--store").arg(&url).arg("--store-upload=all").start();
    let server = start();
    for trace in 1..3_u8 {
        let span = otlp::span([trace; 16], [trace; 8], "s");
        let _ = server.http.export(Signal::Traces, &otlp::traces("own", vec![span])).await.ok();
        let _ = server.http.send(server.http.request(Method::POST, "/api/flush?stored=true")).await.ok();
    }
    let _ = server.http.delete_trace([1; 16]).await.ok();
    let _ = server.http.send(server.http.request(Method::POST, "/api/flush?stored=true")).await.ok();
    let health = server.http.get_json("/api/health").await;
    assert_eq!((&health["store"]["url"], &health["store"]["waiting"]), (&url.clone().into(), &0.into()), "{health}");
    assert!(has_moved(&server.http.metrics().await, REMOTE_SIGNALS.get(..5).unwrap()));
    server.stop();
    std::fs::remove_dir_all(folder.path().join("segments")).unwrap();
    let server = start();
    for _ in 0..2 {
        assert_eq!(server.http.sql("SELECT name, count(*) AS n FROM spans GROUP BY name").await.len(), 1);
    }
    let metrics = server.http.metrics().await;
    assert!(has_moved(&metrics, REMOTE_SIGNALS.get(5..).unwrap()), "{}", metrics.0);
    server.stop();
}

/// What the object store must show: while data goes there, and while it comes from there.
const REMOTE_SIGNALS: &[(Metric, &[&str], f64)] = &[
    (Metric::RemoteUploads, &["outcome=\"done\""], 2.0),
    (Metric::RemoteUploadBytes, &[], 1_000.0),
    (Metric::RemoteRemovals, &["outcome=\"done\""], 1.0),
    (Metric::RemoteCacheLimit, &[], 512.0 * 1_048_576.0),
    (Metric::RemoteCacheEvictions, &[], 0.0),
    (Metric::RemoteSegments, &["place=\"there\""], 1.0),
    (Metric::RemoteBytes, &["place=\"there\""], 100.0),
    (Metric::RemoteFetches, &["outcome=\"done\""], 1.0),
    (Metric::RemoteFetchBytes, &[], 100.0),
    (Metric::RemoteCacheHits, &[], 1.0),
    (Metric::RemoteCacheBytes, &[], 100.0),
];

/// What one scrape must show.
const SCRAPE_SIGNALS: &[(Metric, &[&str], f64)] =
    &[(Metric::Scrapes, &["outcome=\"ok\""], 1.0), (Metric::ScrapeDuration, &[], 1.0)];

fn has_moved(metrics: &Metrics, signals: &[(Metric, &[&str], f64)]) -> bool {
    signals.iter().all(|(metric, labels, at_least)| {
        let suffix = if metric.kind() == Kind::Durations { "_count" } else { "" };
        let name = format!("{}{suffix}", metric.prometheus_name());
        metrics.sum(&name, labels).is_some_and(|value| value >= *at_least)
    })
}

/// What a compaction of eight segments of one row each must show.
const COMPACTION_SIGNALS: &[(Metric, &[&str], f64)] = &[
    (Metric::Compactions, &["outcome=\"done\""], 1.0),
    (Metric::CompactedSegments, &[], 8.0),
    (Metric::CompactedRows, &[], 8.0),
    (Metric::CompactionBytes, &[], 100.0),
    (Metric::CompactionDuration, &[], 1.0),
];

/// One thing of each kind.
async fn act(http: &Http) {
    let mut rng = Rng::new(1);
    let mut spans: Vec<_> = (0..10).map(|_| otlp::span(rng.trace_id(), rng.span_id(), "s")).collect();
    spans[9].span_id.clear();
    let _ = http.export(Signal::Traces, &otlp::traces("own", spans)).await.ok();
    let _ = http.export(Signal::Logs, &otlp::logs("own", vec![otlp::log([1; 16], [1; 8], "l")])).await.ok();
    let _ =
        http.export(Signal::Metrics, &otlp::metrics("own", vec![otlp::gauge("g", vec![otlp::point(1.0)])])).await.ok();
    let _ = http.post(Signal::Traces, PROTOBUF, &b"\xff\xff"[..]).await;
    let _ = http.send(http.request(Method::GET, "/api/health").header("host", "evil.example.com")).await;
    let doomed = otlp::span([0xde; 16], [0xad; 8], "doomed");
    let _ = http.export(Signal::Traces, &otlp::traces("own", vec![doomed])).await.ok();
    http.flush_durable().await;
    let _ = http.delete_trace([0xde; 16]).await;
    let _ = http.sql("SELECT count(*) FROM spans").await;
    let _ = http.sql_answer("SELECT no_such_column FROM spans").await;
    let _ = http.get(&format!("/api/trace/{}", "01".repeat(16))).await;
    let file = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"stringValue":"mail ada@example.org"}}]}]}]}
oops"#;
    let _ = http.send(http.request(Method::POST, "/api/import").body(&file[..])).await.ok();
    let shared = otlp::log([2; 16], [1; 8], "mail ada@example.org");
    let _ = http.export(Signal::Logs, &otlp::logs("own", vec![shared])).await.ok();
    let _ = http.get(&format!("/api/share/{}/story.md", "02".repeat(16))).await.ok();
    let _ = http.get("/s/none").await;
    let dashboard = http.request(Method::POST, "/api/dashboards").body("title = \"t\"");
    let _ = http.send(dashboard).await.ok();
    let _ = http.get("/api/wait?span=s&timeout=10s").await.ok();
    let _ = http.get("/api/wait?span=none&timeout=1ms").await.ok();
}

/// What the actions above must move, by how much at least.
const SIGNALS: &[(Metric, &[&str], f64)] = &[
    (Metric::IngestRequests, &["signal=\"traces\"", "outcome=\"partial\""], 1.0),
    (Metric::IngestRequests, &["signal=\"logs\"", "outcome=\"accepted\""], 1.0),
    (Metric::IngestRequests, &["signal=\"metrics\"", "outcome=\"accepted\""], 1.0),
    (Metric::IngestSenders, &[], 1.0),
    (Metric::DashboardOpens, &["format=\"toml\"", "outcome=\"whole\""], 1.0),
    (Metric::DashboardSaves, &[], 1.0),
    (Metric::ImportFiles, &["outcome=\"with_faults\""], 1.0),
    (Metric::ImportFaults, &[], 1.0),
    (Metric::ImportDuration, &[], 1.0),
    (Metric::ShareFiles, &["form=\"markdown\""], 1.0),
    (Metric::ShareRedacted, &[], 1.0),
    (Metric::ShareOpens, &["outcome=\"unknown\""], 1.0),
    (Metric::ExpectWaits, &["end=\"met\""], 1.0),
    (Metric::ExpectWaits, &["end=\"timeout\""], 1.0),
    (Metric::ExpectVerdicts, &["outcome=\"met\""], 1.0),
    (Metric::ExpectVerdicts, &["outcome=\"not_met\""], 1.0),
    (Metric::ExpectDuration, &[], 2.0),
    (Metric::IngestItems, &["signal=\"traces\""], 9.0),
    (Metric::IngestItems, &["signal=\"logs\""], 1.0),
    (Metric::IngestItems, &["signal=\"metrics\""], 1.0),
    (Metric::IngestRejectedItems, &["signal=\"traces\""], 1.0),
    (Metric::IngestIssues, &["outcome=\"rejected\"", "code=\"span_id_invalid\""], 1.0),
    (Metric::IngestBytes, &["signal=\"traces\""], 100.0),
    (Metric::IngestDuration, &[], 3.0),
    (Metric::ConnectionsAccepted, &[], 1.0),
    (Metric::HttpRequests, &[], 3.0),
    (Metric::HttpDuration, &[], 3.0),
    (Metric::AccessRefused, &["reason=\"host\""], 1.0),
    (Metric::QueryDuration, &[], 2.0),
    (Metric::QueryFailures, &[], 1.0),
    (Metric::LiveEvents, &[], 3.0),
    (Metric::StoreRows, &["table=\"spans\"", "place=\"segments\""], 9.0),
    (Metric::StoreSegments, &["table=\"logs\""], 1.0),
    (Metric::StoreSegmentBytes, &["table=\"spans\""], 100.0),
    (Metric::StoreDiskBytes, &[], 100.0),
    (Metric::WalSyncDuration, &[], 1.0),
    (Metric::Appends, &[], 3.0),
    (Metric::Flushes, &[], 1.0),
    (Metric::FlushedRows, &[], 11.0),
    (Metric::DeletedRows, &[], 1.0),
    (Metric::FlushDuration, &[], 1.0),
    (Metric::StoreMemory, &["part=\"metadata\""], 1_000.0),
    (Metric::StoreMemory, &["part=\"filters\""], 32.0),
];

/// Declared and shown, but not moved by an idle and healthy server.
const AT_REST: &[Metric] = &[
    // More senders than are remembered.
    Metric::IngestSendersForgotten,
    // Gauges of the moment.
    Metric::IngestRate,
    Metric::AdmissionUsed,
    Metric::AdmissionLimit,
    Metric::AdmissionWaiting,
    Metric::ConnectionsOpen,
    Metric::LiveReaders,
    Metric::ExpectWaiting,
    Metric::WalBytes,
    Metric::WalLag,
    Metric::MemtableBytes,
    Metric::ProcessUptime,
    Metric::ProcessMemory,
    Metric::ProcessFiles,
    Metric::StoreFreeBytes,
    Metric::RetentionLimit,
    Metric::RetentionPinned,
    Metric::StoreHealthy,
    Metric::StoreQuarantined,
    // Moves seconds after a trace; bad_input::shapes waits for it.
    Metric::QuietTraces,
    // Overload, bugs and restarts.
    Metric::AdmissionHeld,
    Metric::AdmissionRefused,
    Metric::ConnectionsRefused,
    Metric::ConnectionsClosed,
    Metric::Panics,
    Metric::WalReplayed,
    Metric::AppendWaits,
    Metric::AppendRefusals,
];
