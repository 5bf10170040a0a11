//! Many series over a long time, on telltale and on Debian's Prometheus: the same samples by remote write, the same questions.
//!
//! Both get every request in turn, one in flight. Then each is left alone until it is quiet (compacted), and asked in turn. Memory is
//! the process's resident set: at rest, and the peak while questions run (the peak is reset before).

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prost::Message as _;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use telltale_prometheus::Series;
use telltale_prometheus::remote::v1;

use super::series::{Corpus, EVERY_MS};
use super::{process, rest};
use crate::http::{Http, percent};
use crate::prometheus::{Prometheus, WRITE_HEADERS};
use crate::server::Launch;

/// What is asked over the whole time.
pub const QUESTIONS: [&str; 4] = [
    "sum by (handler, code) (rate(http_requests_total[5m]))",
    "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
    "sum by (job) (rate(http_request_duration_seconds_count{region=\"eu-north\"}[5m]))",
    "max_over_time(process_gauge_5{instance=\"10.0.0.1:9090\"}[5m])",
];
/// Steps of a question.
const STEPS: i64 = 288;
/// Targets whose samples come in one request.
const TARGETS: usize = 20;
/// Looks at a server, each of which must find that it has nothing to do ([`rest::quiet`]).
const QUIET_LOOKS: usize = 4;
/// A server that is not quiet by then is measured as it is, and the table says so.
const QUIET_DEADLINE: Duration = Duration::from_secs(3_600);
/// How far answers may differ: sums of the same numbers in another order.
const TOLERANCE: f64 = 1e-6;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Series, rounded up to whole targets.
    pub series: usize,
    /// Samples of each.
    pub samples: usize,
    /// Samples of a series in one request.
    pub batch: usize,
    /// Times that each question is asked.
    pub times: usize,
    /// Seed of the values.
    pub seed: u64,
}

/// What one server needed.
#[derive(Debug, Default)]
struct Figures {
    ingest: Duration,
    cpu_ingest: f64,
    cpu_quiet: f64,
    is_quiet: bool,
    disk_bytes: u64,
    rest_bytes: u64,
    peak_bytes: u64,
    answers: Vec<Vec<Duration>>,
}

/// Loads both, asks both, and returns the figures as Markdown tables.
///
/// # Panics
/// When a server refuses, or the answers differ.
pub async fn measure(program: &Path, plan: Plan) -> String {
    let ours = Launch::new(program).start();
    let limits = ["--query.max-samples=1000000000", "--query.timeout=10m", "--web.enable-admin-api"];
    let theirs = Prometheus::start(&limits).await;
    let (mut mine, mut reference) = (Figures::default(), Figures::default());
    let load_average = process::load_average();
    let span_ms = i64::try_from(plan.samples).expect("samples") * EVERY_MS;
    let start_ms = (now_ms() - span_ms) / EVERY_MS * EVERY_MS;
    let mut corpus = Corpus::new(plan.series, plan.seed);
    let mut samples = 0;
    for first in (0..plan.samples).step_by(plan.batch) {
        let count = plan.batch.min(plan.samples - first);
        for targets in (0..corpus.targets()).step_by(TARGETS) {
            let range = targets..(targets + TARGETS).min(corpus.targets());
            let first_ms = start_ms + i64::try_from(first).expect("samples") * EVERY_MS;
            let series = corpus.next(range, first_ms, count);
            samples += series.len() * count;
            let body = body(series);
            let started = Instant::now();
            write(&ours.http, ours.http.request(Method::POST, "/api/v1/write"), &body).await;
            mine.ingest += started.elapsed();
            let started = Instant::now();
            write(&ours.http, theirs.post("/api/v1/write"), &body).await;
            reference.ingest += started.elapsed();
        }
        eprint!("\r{samples} samples sent");
    }
    eprintln!();
    ours.http.flush_durable().await;
    for (figures, pid) in [(&mut mine, ours.pid()), (&mut reference, theirs.pid())] {
        figures.cpu_ingest = process::cpu_seconds(pid);
        figures.is_quiet = rest::quiet(pid, QUIET_LOOKS, QUIET_DEADLINE).await;
        figures.cpu_quiet = process::cpu_seconds(pid);
        figures.rest_bytes = process::memory_bytes(pid, "VmRSS");
        process::reset_peak(pid);
    }
    mine.disk_bytes = process::disk_bytes(&ours.data_dir().join("segments"));
    // Its newest hours are in memory and in a log only: a snapshot writes them as a block too.
    let snapshot = theirs.post("/api/v1/admin/tsdb/snapshot").send().await.expect("a snapshot");
    assert!(snapshot.status().is_success(), "no snapshot: {}", snapshot.status());
    reference.disk_bytes = process::disk_bytes(&theirs.data_dir().join("snapshots"));
    process::reset_peak(theirs.pid());
    let (start, end) = ((start_ms - 1) as f64 / 1e3 + 300.0, (start_ms + span_ms - 1) as f64 / 1e3);
    let step = (span_ms / STEPS / EVERY_MS).max(1) * EVERY_MS / 1_000;
    for question in QUESTIONS {
        let path = format!("/api/v1/query_range?query={}&start={start}&end={end}&step={step}", percent(question));
        let (mut own, mut other) = (Vec::new(), Vec::new());
        for _ in 0..plan.times {
            let started = Instant::now();
            let answer = ours.http.get(&path).await.json();
            own.push(started.elapsed());
            let started = Instant::now();
            let expected = theirs.get_json(&path).await;
            other.push(started.elapsed());
            same(question, &answer, &expected);
        }
        own.sort_unstable();
        other.sort_unstable();
        mine.answers.push(own);
        reference.answers.push(other);
    }
    mine.peak_bytes = process::memory_bytes(ours.pid(), "VmHWM");
    reference.peak_bytes = process::memory_bytes(theirs.pid(), "VmHWM");
    ours.stop();
    report(plan, samples as f64, load_average, [("telltale", &mine), ("Prometheus", &reference)])
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(now.as_millis()).expect("a clock before the year 292 million")
}

/// Returns series as the body of a request of remote write 1.0.
fn body(series: Vec<Series>) -> Vec<u8> {
    let timeseries = series.into_iter().map(|series| v1::TimeSeries {
        labels: series.labels.into_iter().map(|(name, value)| v1::Label { name, value }).collect(),
        samples: series.samples.into_iter().map(|(timestamp, value)| v1::Sample { value, timestamp }).collect(),
        ..v1::TimeSeries::default()
    });
    let request = v1::WriteRequest { timeseries: timeseries.collect(), ..v1::WriteRequest::default() };
    snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).expect("a compressed body")
}

/// Sends a body; what is refused for now is sent again, as a sender does.
async fn write(http: &Http, request: RequestBuilder, body: &[u8]) {
    let request = WRITE_HEADERS.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    loop {
        let again = request.try_clone().expect("a request without a stream");
        let answer = http.send(again.body(body.to_vec())).await;
        match answer.status.as_u16() {
            200..300 => return,
            429 | 503 => tokio::time::sleep(Duration::from_millis(100)).await,
            other => panic!("a write is refused with {other}: {}", answer.text()),
        }
    }
}

/// Compares two answers: the same series, each with as many samples and about the same sum.
fn same(question: &str, answer: &Value, expected: &Value) {
    let summed = |answer: &Value| -> Vec<(String, usize, f64)> {
        let series = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{question}: {answer}"));
        let mut summed: Vec<_> = series
            .iter()
            .map(|series| {
                let values = series["values"].as_array().map_or(&[][..], Vec::as_slice);
                let numbers = values.iter().filter_map(|pair| pair[1].as_str()?.parse::<f64>().ok());
                (series["metric"].to_string(), values.len(), numbers.filter(|number| number.is_finite()).sum())
            })
            .collect();
        summed.sort_by(|left, right| left.0.cmp(&right.0));
        summed
    };
    let (answer, expected) = (summed(answer), summed(expected));
    assert!(!expected.is_empty(), "{question}: no answer");
    assert_eq!(answer.len(), expected.len(), "{question}: series");
    for (own, other) in answer.iter().zip(&expected) {
        assert_eq!((&own.0, own.1), (&other.0, other.1), "{question}");
        let room = TOLERANCE * own.2.abs().max(other.2.abs()).max(1.0);
        assert!((own.2 - other.2).abs() <= room, "{question}: {own:?} instead of {other:?}");
    }
}

fn report(plan: Plan, samples: f64, load_average: f64, servers: [(&str, &Figures); 2]) -> String {
    let mut out = format!(
        "{samples} samples: {} series, one each {} s, {} samples of a series in a request; load average {load_average:.1}\n\n",
        plan.series,
        EVERY_MS / 1_000,
        plan.batch
    );
    out.push_str(
        "| | samples/s | CPU s: sent / compacted | B a sample | RSS MB: at rest / asked |\n|---|---|---|---|---|\n",
    );
    for (name, figures) in servers {
        let name = if figures.is_quiet { name.to_owned() } else { format!("{name} (still busy)") };
        let _ = writeln!(
            out,
            "| {name} | {:.0} | {:.1} / {:.1} | {:.3} | {:.0} / {:.0} |",
            samples / figures.ingest.as_secs_f64(),
            figures.cpu_ingest,
            figures.cpu_quiet,
            figures.disk_bytes as f64 / samples,
            figures.rest_bytes as f64 / 1e6,
            figures.peak_bytes as f64 / 1e6,
        );
    }
    out.push_str("\n| question, 288 steps over all of it | telltale p50 / p99 ms | Prometheus p50 / p99 ms | ratio of p50 |\n|---|---|---|---|\n");
    let millis = |times: &[Duration], share: f64| {
        let place = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1)) - 1;
        times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    let [(_, mine), (_, reference)] = servers;
    for ((question, own), other) in QUESTIONS.iter().zip(&mine.answers).zip(&reference.answers) {
        let (median, theirs) = (millis(own, 0.5), millis(other, 0.5));
        let (worst, their_worst) = (millis(own, 0.99), millis(other, 0.99));
        let _ = writeln!(
            out,
            "| `{question}` | {median:.1} / {worst:.1} | {theirs:.1} / {their_worst:.1} | {:.2} |",
            median / theirs
        );
    }
    out
}
