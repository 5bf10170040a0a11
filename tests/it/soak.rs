//! Long runs of mixed work: ingest of all signals, searches, stories and live readers together.
//!
//! In the gate for a short time; `TELLTALE_SOAK_SECONDS=2700 cargo test --workspace --test it soak -- --nocapture` is the long
//! run, whose figures are in docs/benchmarks.md.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use telltale_tests::bench::corpus::Shape;
use telltale_tests::bench::load::{self, Payloads, Plan, Progress};
use telltale_tests::bench::process::Memory;
use telltale_tests::bench::sender::{Encoding, Protocol};
use telltale_tests::server::Server;

use crate::support::server;

/// Variable with the length of long runs.
const SECONDS: &str = "TELLTALE_SOAK_SECONDS";
/// From this length on the memory of a run has to be flat; before, buffers are still filling up.
const FLAT_AFTER: u64 = 600;
/// What the server may hold at the end of a run of any length, in MiB.
const HELD_MIB_MAX: u64 = 512;

/// Returns how long a run takes: as the variable says, or so many seconds in the gate.
pub(crate) fn seconds(gate: u64) -> u64 {
    std::env::var(SECONDS)
        .ok()
        .map_or(gate, |text| text.parse().unwrap_or_else(|_| panic!("{SECONDS}={text} is no number")))
}

/// What is asked again and again.
const QUESTIONS: [&str; 9] = [
    "/api/search?kind=logs&q=accepted",
    "/api/search?kind=logs&q=rejected%20level%3Ainfo&include=rows,histogram",
    "/api/search?kind=logs&include=facets&from=5m",
    "/api/search?kind=spans&q=status%3Aerror&order=slowest",
    "/api/search?kind=spans&q=app.customer.id%3Dabsent",
    "/api/search?kind=traces&q=name%3A%22POST%20*%22&from=1m",
    "/api/search/patterns?q=order&from=1m",
    "/api/services?from=5m",
    "/api/recent",
];

/// Scenario: spans and logs at a steady rate while everything that a page asks is asked, and three live readers follow.
/// Guarantees: every request is acknowledged and every question answered, all the time; the memory that the server holds
/// stays below a bound, and after ten minutes it no longer grows. What it has mapped may: indices are read through the page
/// cache, which takes all the memory that nobody needs and gives it back by itself, so that these pages grow with the files
/// and are no leak.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_ingest_and_search_without_growth() {
    let seconds = seconds(120);
    let is_long = std::env::var_os(SECONDS).is_some();
    let (spans, logs) = if is_long { (2_000.0, 5_000.0) } else { (400.0, 1_000.0) };
    let server = server();
    let plan = Plan {
        shape: Shape::Semconv,
        protocol: Protocol::Http,
        encoding: Encoding::None,
        batch: 80,
        connections: 2,
        batches: (seconds as f64 * spans / 80.0).ceil() as u64,
        rate: Some(spans),
        seed: 3,
    };
    let is_over = AtomicBool::new(false);
    let base = server.ready.otlp_http.clone();
    let ingest = async {
        let (one, other) = (Payloads::new(plan), Payloads::new(plan.logs_beside(logs)));
        let (one_progress, other_progress) = (Progress::default(), Progress::default());
        let sent = tokio::join!(load::run(&one, &base, &one_progress), load::run(&other, &base, &other_progress));
        is_over.store(true, Ordering::Relaxed);
        sent
    };
    let readers = futures::future::join_all(
        ["kind=logs&q=rejected", "kind=spans&q=status%3Aerror", "kind=traces&q=status%3Aerror"]
            .map(|parameters| follow(&server, parameters, &is_over)),
    );
    let ((sent, sent_logs), asked, live) = tokio::join!(ingest, ask(&server, &is_over), readers);
    for sent in [&sent, &sent_logs] {
        assert_eq!((sent.failed, sent.rejected), (0, 0), "{:?}", sent.reason);
    }
    assert!(live.iter().all(|bytes| *bytes > 1_000), "live readers saw {live:?} bytes");
    assert_eq!(
        server.http.count("SELECT count(*) AS n FROM spans WHERE service_name = 'checkout'").await,
        sent.accepted
    );
    assert_eq!(
        server.http.count("SELECT count(*) AS n FROM logs WHERE service_name = 'checkout'").await,
        sent_logs.accepted
    );
    let third = asked.memory.len() / 3;
    let middle = most(asked.memory.get(third..2 * third).unwrap_or_default());
    let last = most(asked.memory.get(2 * third..).unwrap_or_default());
    eprintln!(
        "{seconds} s: {} spans, {} logs, {} questions (p50 {:?}, p99 {:?}, longest {:?}); the server in the second third at \
         most {middle}; in the last {last}",
        sent.accepted,
        sent_logs.accepted,
        asked.times.len(),
        asked.at(50),
        asked.at(99),
        asked.at(100)
    );
    let (before, after) = (middle.anonymous >> 20, last.anonymous >> 20);
    assert!(after <= HELD_MIB_MAX, "the server holds {after} MiB");
    if seconds >= FLAT_AFTER {
        let held: Vec<u64> = asked.memory.iter().map(|memory| memory.anonymous >> 20).collect();
        assert!(after <= before + before / 8 + 32, "held memory grows: {before} to {after} MiB; {held:?}");
    }
}

/// Returns the most of each kind.
fn most(samples: &[Memory]) -> Memory {
    let most = |kind: fn(&Memory) -> u64| samples.iter().map(kind).max().unwrap_or(0);
    Memory {
        resident: most(|memory| memory.resident),
        anonymous: most(|memory| memory.anonymous),
        files: most(|memory| memory.files),
    }
}

#[derive(Default)]
struct Asked {
    times: Vec<Duration>,
    memory: Vec<Memory>,
}

impl Asked {
    fn at(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// Asks until the load is over; every answer has to be one.
async fn ask(server: &Server, is_over: &AtomicBool) -> Asked {
    let mut asked = Asked::default();
    let mut sampled = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        for question in QUESTIONS {
            let started = Instant::now();
            let answer = server.http.get(question).await;
            assert!(answer.status.is_success(), "{question}: {} {}", answer.status, answer.text());
            asked.times.push(started.elapsed());
        }
        let recent = server.http.get("/api/recent").await.json();
        if let Some(id) = recent["traces"][0]["trace_id"].as_str() {
            let story = server.http.get(&format!("/t/{id}.md")).await;
            assert!(story.status.is_success(), "{id}: {}", story.text());
        }
        if asked.memory.is_empty() || sampled.elapsed() > Duration::from_secs(1) {
            sampled = Instant::now();
            asked.memory.push(server.memory());
        }
        // A reader, not a second load.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    asked.times.sort_unstable();
    asked
}

/// Reads a live stream until the load is over and returns how many bytes came.
async fn follow(server: &Server, parameters: &str, is_over: &AtomicBool) -> usize {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut stream = client.get(format!("{}/api/live?{parameters}", server.http.ui())).send().await.unwrap();
    let mut bytes = 0;
    while !is_over.load(Ordering::Relaxed) {
        match tokio::time::timeout(Duration::from_millis(500), stream.chunk()).await {
            Ok(chunk) => bytes += chunk.unwrap().unwrap_or_else(|| panic!("the stream of {parameters} ended")).len(),
            Err(_nothing_for_a_while) => {}
        }
    }
    bytes
}
