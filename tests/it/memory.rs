//! A limit on memory that the system enforces: full-speed ingest, a very large trace and very many series end no process.
//!
//! `TELLTALE_TEST_MEMORY_SECONDS=600` is the long run, with a trace of a million spans and a hundred thousand series.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use telltale_tests::bench::corpus::Shape;
use telltale_tests::bench::load::{self, Payloads, Plan, Progress};
use telltale_tests::bench::sender::{Encoding, Protocol};
use telltale_tests::http::{Http, Signal};
use telltale_tests::otlp;
use telltale_tests::server::Launch;

use crate::support::program;

const SECONDS: u64 = 5;
const SECONDS_VARIABLE: &str = "TELLTALE_TEST_MEMORY_SECONDS";
/// What the program may have, page cache and all.
const LIMIT_BYTES: u64 = 768 << 20;
/// Items of one request.
const BATCH: u64 = 1_000;

/// A group of processes with a limit; it goes with this.
struct Group(PathBuf);

impl Group {
    /// Makes a group; says why there is none.
    fn make() -> Result<Self, String> {
        let name = format!("telltale-test-{}", std::process::id());
        let (first, second) = (Path::new("/sys/fs/cgroup/memory"), Path::new("/sys/fs/cgroup"));
        let (group, limit) = if first.is_dir() {
            (first.join(name), "memory.limit_in_bytes")
        } else {
            (second.join(name), "memory.max")
        };
        let group = Self(group);
        let make = || {
            std::fs::create_dir(&group.0)?;
            std::fs::write(group.0.join(limit), LIMIT_BYTES.to_string())
        };
        make().map_err(|error| format!("{}: {error}", group.0.display()))?;
        Ok(group)
    }

    /// The program, started inside of the group.
    fn launch(&self) -> Launch {
        let script = format!("echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"", self.0.display());
        Launch::new("/bin/sh").program_arg("-c").program_arg(script).program_arg(program())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel takes the last process out after it has ended; a folder that stays is empty.
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Sends one trace of so many spans, each the child of the first.
async fn large_trace(http: &Http, spans: u64) {
    for start in (0..spans).step_by(usize::try_from(BATCH).unwrap()) {
        let span =
            |number: u64| otlp::child_of(otlp::span([7; 16], (number + 1).to_be_bytes(), "part"), 1_u64.to_be_bytes());
        let batch = (start..spans.min(start + BATCH)).map(span).collect();
        let _ = http.export(Signal::Traces, &otlp::traces("large", batch)).await.ok();
    }
}

/// Sends one point of each of so many series.
async fn many_series(http: &Http, series: u64) {
    for start in (0..series).step_by(usize::try_from(BATCH).unwrap()) {
        let points = (start..series.min(start + BATCH)).map(|number| {
            let mut point = otlp::point(number as f64);
            point.attributes = vec![otlp::text("device", format!("device-{number}"))];
            point
        });
        let request = otlp::metrics("many", vec![otlp::gauge("level", points.collect())]);
        let _ = http.export(Signal::Metrics, &request).await.ok();
    }
}

/// Sends spans as fast as they are taken, until the time is over; returns how many.
async fn at_full_speed(base: &str, until: Instant) -> u64 {
    let mut sent = 0;
    for seed in 1.. {
        let plan = Plan {
            shape: Shape::Semconv,
            protocol: Protocol::Http,
            encoding: Encoding::None,
            batch: 200,
            connections: 4,
            batches: 50,
            rate: None,
            seed,
        };
        let payloads = Payloads::new(plan);
        let report = load::run(&payloads, base, &Progress::default()).await;
        assert_eq!((report.failed, report.rejected), (0, 0), "{:?}", report.reason);
        sent += report.accepted;
        if Instant::now() > until {
            break;
        }
    }
    sent
}

/// Scenario: all of it at once, in a group with 768 MiB. Guarantees: every request is acknowledged, every answer comes, and the process is
/// the same one at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_memory_ends_no_process() {
    let asked = std::env::var(SECONDS_VARIABLE).ok().map(|text| text.parse().expect("a number of seconds"));
    let (seconds, spans, series) = asked.map_or((SECONDS, 20_000, 5_000), |seconds| (seconds, 1_000_000, 100_000));
    let group = match Group::make() {
        Ok(group) => group,
        Err(why) => return eprintln!("skipped: {why}; the budget's own tests are in telltale-storage"),
    };
    let server = group.launch().start();
    let until = Instant::now() + Duration::from_secs(seconds);
    let (http, base) = (server.http.clone(), server.ready.otlp_http.clone());
    let (sent, (), ()) =
        tokio::join!(at_full_speed(&base, until), large_trace(&http, spans), many_series(&http, series));
    let trace = "07".repeat(16);
    let forms = ["/api/story/{}", "/api/trace/{}", "/api/trace/{}/pack", "/api/trace/{}/otlp", "/t/{}.txt", "/t/{}.md"];
    for path in forms.into_iter().chain(["/api/recent", "/metrics"]) {
        let answer = http.get(&path.replace("{}", &trace)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        println!("{path}: {} bytes, at most {} MiB resident", answer.body.len(), server.rss_peak_bytes() >> 20);
    }
    assert_eq!(http.count("SELECT count(*) AS n FROM spans WHERE service_name = 'checkout'").await, sent);
    assert_eq!(http.count("SELECT count(*) AS n FROM spans WHERE service_name = 'large'").await, spans);
    // Their one point is older than what an instant looks back to when the run is a long one.
    let count = http.get("/api/v1/query?query=count(last_over_time(level%5B1h%5D))").await;
    assert!(count.text().contains(&format!("\"{series}\"")), "{}", count.text());
    println!(
        "{seconds} s in {} MiB: {sent} spans, a trace of {spans}, {series} series; at most {} MiB resident",
        LIMIT_BYTES >> 20,
        server.rss_peak_bytes() >> 20
    );
    // Says so when the process had ended by itself.
    server.kill();
}
