//! One measurement: a fresh server, the load, the probes, the look-ups.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::corpus::{ITEMS_PER_TRACE, Shape};
use super::load::{self, Payloads, Plan, Progress, Sent};
use super::report::Row;
use super::sender::Protocol;
use super::{process, queries, rest, template, yardstick};
use crate::http::Http;
use crate::otlp::hex;
use crate::rng::Rng;
use crate::server::{Launch, Server};

/// How often a probe looks whether its trace is complete.
const PROBE_INTERVAL: Duration = Duration::from_millis(1);
/// Pause between two probes, so that they are no load.
const PROBE_PAUSE: Duration = Duration::from_millis(50);
/// A trace that is not complete after this counts as never visible.
const PROBE_DEADLINE: Duration = Duration::from_secs(30);

/// What does not change between measurements.
#[derive(Debug, Clone)]
pub struct Settings {
    /// When a request is acknowledged: `fsync` or `write`.
    pub ack: String,
    /// How long the idle server rests before its memory is read.
    pub idle: Duration,
    /// Traces to look up after the load.
    pub lookups: usize,
    /// Log records a second that are sent beside the plan's items (open loop); none: nothing beside.
    pub logs_rate: Option<f64>,
    /// Times that each question is asked of the flushed store; 0 leaves the questions out.
    pub queries: usize,
    /// Starts on an empty folder; the median counts.
    pub starts: usize,
    /// Whether the store is measured once more when compaction has nothing left to do.
    pub compacted: bool,
}

/// Measures one plan with a fresh server.
///
/// # Panics
/// When the server does not start or fails a query.
pub async fn measure(program: &Path, plan: Plan, settings: &Settings) -> Row {
    let payloads = Payloads::new(plan);
    let beside = settings.logs_rate.map(|rate| Payloads::new(plan.logs_beside(rate)));
    let mut ready: Vec<Duration> =
        (1..settings.starts).map(|_| ready_after(launch(program, settings).start())).collect();
    let folder = tempfile::tempdir().expect("create a data folder");
    let launch = launch(program, settings).data_dir(folder.path().join("data"));
    let server = launch.clone().start();
    ready.push(server.ready_after);
    ready.sort_unstable();
    tokio::time::sleep(settings.idle).await;
    let idle_rss_bytes = process::memory_bytes(server.pid(), "VmRSS");

    let base = match plan.protocol {
        Protocol::Http => server.ready.otlp_http.clone(),
        Protocol::Grpc => server.ready.otlp_grpc.clone(),
    };
    let yardstick_ns = yardstick::prost_ns_a_span();
    let (load_average, steal_before) = (process::load_average(), process::steal());
    let cpu_before = process::cpu_seconds(server.pid());
    let (sent, logs, visible) = load_and_probe(&server, &base, plan, &payloads, beside.as_ref()).await;
    let cpu_at_ack = process::cpu_seconds(server.pid()) - cpu_before;
    let stored = count(&server.http, plan.shape).await;
    let logs_stored = if logs.is_some() { count(&server.http, Shape::Log).await } else { 0 };
    let lookups = look_up(&server.http, plan, settings.lookups).await;
    server.http.flush_durable().await;
    let cpu_with_flush = process::cpu_seconds(server.pid()) - cpu_before;
    let after_flush = look_up(&server.http, plan, settings.lookups).await;
    let misses = look_up_absent(&server.http, plan, settings.lookups).await;
    let asked = queries::ask(&server.http, plan.shape, settings.queries).await;
    let peak_rss_bytes = process::memory_bytes(server.pid(), "VmHWM");
    let disk_bytes = process::disk_bytes(server.data_dir());
    let rested = match settings.compacted {
        true => Some(rest::measure(server, launch, plan, settings.lookups).await),
        false => None,
    };
    Row {
        plan,
        ack: settings.ack.clone(),
        item_bytes: payloads.item_bytes(),
        stored,
        logs,
        logs_stored,
        load_average,
        yardstick_ns,
        steal_percent: steal_percent(steal_before, process::steal()),
        ready_ms: millis(ready[ready.len() / 2]),
        idle_rss_bytes,
        peak_rss_bytes,
        cpu_at_ack,
        cpu_with_flush,
        disk_bytes,
        visible: visible.times,
        never_visible: visible.never,
        lookups,
        lookups_after_flush: after_flush,
        misses,
        asked,
        rested,
        sent,
    }
}

/// Sends everything, and what is sent beside, and looks meanwhile how soon it is visible.
async fn load_and_probe(
    server: &Server,
    base: &str,
    plan: Plan,
    payloads: &Payloads,
    beside: Option<&Payloads>,
) -> (Sent, Option<Sent>, Visible) {
    let (progress, stop) = (Progress::default(), AtomicBool::new(false));
    let load = async {
        let sent = load::run(payloads, base, &progress).await;
        stop.store(true, Ordering::Relaxed);
        sent
    };
    let logs = async {
        match beside {
            Some(payloads) => Some(load::run(payloads, base, &Progress::default()).await),
            None => None,
        }
    };
    tokio::join!(load, logs, probe(&server.http, plan, &progress, &stop))
}

fn launch(program: &Path, settings: &Settings) -> Launch {
    Launch::new(program).arg("--ack").arg(&settings.ack)
}

fn ready_after(server: Server) -> Duration {
    let ready_after = server.ready_after;
    server.stop();
    ready_after
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// How long after their acknowledgement traces were complete.
#[derive(Debug, Default)]
struct Visible {
    times: Vec<Duration>,
    never: u64,
}

/// Looks, again and again, when the trace that was acknowledged last becomes complete. Points have no trace.
async fn probe(http: &Http, plan: Plan, progress: &Progress, stop: &AtomicBool) -> Visible {
    let mut visible = Visible::default();
    while plan.shape != Shape::Point && !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(PROBE_PAUSE).await;
        let last = progress.last.lock().expect("no panic under the lock").take();
        let Some((batch, acknowledged)) = last else { continue };
        let id = hex(&template::trace_id(plan.seed, batch, 0));
        loop {
            if items_of(http, &id, plan.shape).await == plan.batch.min(ITEMS_PER_TRACE) {
                visible.times.push(acknowledged.elapsed());
                break;
            }
            if acknowledged.elapsed() > PROBE_DEADLINE {
                visible.never += 1;
                break;
            }
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
    }
    visible.times.sort_unstable();
    visible
}

/// Returns how many items of a trace the server shows; none for a trace that it does not know.
async fn items_of(http: &Http, trace_id: &str, shape: Shape) -> usize {
    let answer = http.get(&format!("/api/trace/{trace_id}")).await;
    if !answer.status.is_success() {
        return 0;
    }
    let list = if shape == Shape::Log { "logs" } else { "spans" };
    answer.json().get(list).and_then(|items| items.as_array().map(Vec::len)).unwrap_or(0)
}

/// Looks up random traces of the run, one after the other; the answer is read whole.
pub(super) async fn look_up(http: &Http, plan: Plan, lookups: usize) -> Vec<Duration> {
    let mut rng = Rng::new(plan.seed);
    let mut times = Vec::new();
    if plan.shape == Shape::Point {
        return times;
    }
    let traces = (plan.batch / ITEMS_PER_TRACE).max(1) as u64;
    for _ in 0..lookups {
        let (batch, trace) = (rng.range(0, plan.batches), rng.range(0, traces) as usize);
        let id = hex(&template::trace_id(plan.seed, batch, trace));
        let started = Instant::now();
        let answer = http.get(&format!("/api/trace/{id}")).await;
        times.push(started.elapsed());
        assert!(answer.status.is_success(), "trace {id} of batch {batch}: {}", answer.text());
    }
    times.sort_unstable();
    times
}

/// Looks up traces that were never sent, in the flushed store.
pub(super) async fn look_up_absent(http: &Http, plan: Plan, lookups: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    if plan.shape == Shape::Point {
        return times;
    }
    for number in 0..lookups as u64 {
        // Another seed: other ids.
        let id = hex(&template::trace_id(plan.seed ^ 0x5bd1_e995, number, 0));
        let started = Instant::now();
        let answer = http.get(&format!("/api/trace/{id}")).await;
        times.push(started.elapsed());
        assert_eq!(answer.status.as_u16(), 404, "{id}: {}", answer.text());
    }
    times.sort_unstable();
    times
}

/// Returns the stolen share of the time between two readings.
fn steal_percent(before: (f64, f64), after: (f64, f64)) -> f64 {
    let all = after.1 - before.1;
    if all > 0.0 { (after.0 - before.0) / all * 100.0 } else { 0.0 }
}

/// Counts what a query sees; an acknowledgement proves nothing.
async fn count(http: &Http, shape: Shape) -> u64 {
    let table = match shape {
        Shape::Log => "logs",
        Shape::Point => "points",
        _ => "spans",
    };
    http.count(&format!("select count(*) as n from {table}")).await
}
