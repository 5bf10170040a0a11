//! Sends the batches of a run over N connections, closed or open loop.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::future::join_all;

use super::corpus::Shape;
use super::sender::{Encoding, Outcome, Protocol, Sender};
use super::template::Template;

/// Different requests of a run; attribute values repeat after so many batches, ids and times never.
const TEMPLATES: u64 = 32;
/// How long a refused request waits before it is sent again.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// What to send.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What the items look like.
    pub shape: Shape,
    /// How requests travel.
    pub protocol: Protocol,
    /// How bodies are compressed.
    pub encoding: Encoding,
    /// Items a request.
    pub batch: usize,
    /// Connections with one request in flight each.
    pub connections: usize,
    /// Requests in total.
    pub batches: u64,
    /// Items a second; none: as fast as the answers come.
    pub rate: Option<f64>,
    /// Seed of all values.
    pub seed: u64,
}

impl Plan {
    /// Returns a plan of log records that lasts as long as this open-loop plan.
    ///
    /// # Panics
    /// When this plan has no rate.
    #[must_use]
    pub fn logs_beside(&self, logs_rate: f64) -> Self {
        let rate = self.rate.expect("logs beside a load need --rate");
        let seconds = (self.batches * self.batch as u64) as f64 / rate;
        let batches = ((seconds * logs_rate / self.batch as f64).ceil() as u64).max(1);
        // Other ids than the spans' own: the traces of one plan are looked up by what it sent itself.
        Self { shape: Shape::Log, batches, rate: Some(logs_rate), seed: self.seed.wrapping_add(1), ..*self }
    }
}

/// The requests of a run, ready to send.
#[derive(Debug)]
pub struct Payloads {
    plan: Plan,
    templates: Vec<Template>,
    /// Compressed requests cannot be patched: they are made in advance.
    ready: Vec<Bytes>,
}

impl Payloads {
    /// Encodes (and compresses) everything; the clock must not run yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let mut rng = crate::rng::Rng::new(plan.seed);
        let count = TEMPLATES.min(plan.batches);
        let templates = (0..count).map(|_| Template::new(plan.shape, plan.batch, &mut || rng.next_u64())).collect();
        let mut payloads = Self { plan, templates, ready: Vec::new() };
        if plan.encoding != Encoding::None {
            payloads.ready = (0..plan.batches).map(|batch| payloads.encode(batch)).collect();
        }
        payloads
    }

    /// Returns the size of an item in bytes before compression.
    #[must_use]
    pub fn item_bytes(&self) -> usize {
        self.templates.first().map_or(0, Template::len) / self.plan.batch
    }

    fn encode(&self, batch: u64) -> Bytes {
        let template = &self.templates[(batch % self.templates.len() as u64) as usize];
        let request = template.patched(self.plan.seed, batch, now_unix_nano());
        Sender::framed(self.plan.protocol, self.plan.encoding, self.plan.encoding.encode(request))
    }

    fn body(&self, batch: u64) -> Bytes {
        self.ready.get(batch as usize).cloned().unwrap_or_else(|| self.encode(batch))
    }
}

fn now_unix_nano() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// What a run showed.
#[derive(Debug, Default)]
pub struct Sent {
    /// Items acknowledged and not rejected.
    pub accepted: u64,
    /// Items that answers say were rejected.
    pub rejected: u64,
    /// Requests that were refused for a while.
    pub busy: u64,
    /// Requests that failed, with the first reason.
    pub failed: u64,
    /// The first reason.
    pub reason: Option<String>,
    /// Time from the first request to the last answer.
    pub elapsed: Duration,
    /// Time of each acknowledgement, from sending it or from when it was due.
    pub acks: Vec<Duration>,
}

/// What other tasks may watch while the load runs.
#[derive(Debug, Default)]
pub struct Progress {
    next: AtomicU64,
    /// The batch that was acknowledged last, and when.
    pub last: Mutex<Option<(u64, Instant)>>,
}

/// Sends everything and returns what came of it.
pub async fn run(payloads: &Payloads, base: &str, progress: &Progress) -> Sent {
    let plan = payloads.plan;
    let started = Instant::now();
    let workers = (0..plan.connections).map(|_| worker(payloads, base, progress, started));
    let mut total = Sent::default();
    for sent in join_all(workers).await {
        total.accepted += sent.accepted;
        total.rejected += sent.rejected;
        total.busy += sent.busy;
        total.failed += sent.failed;
        total.reason = total.reason.or(sent.reason);
        total.acks.extend(sent.acks);
    }
    total.elapsed = started.elapsed();
    total.acks.sort_unstable();
    total
}

async fn worker(payloads: &Payloads, base: &str, progress: &Progress, started: Instant) -> Sent {
    let plan = payloads.plan;
    let sender = Sender::new(base, plan.shape, plan.protocol, plan.encoding);
    let mut sent = Sent::default();
    loop {
        let batch = progress.next.fetch_add(1, Ordering::Relaxed);
        if batch >= plan.batches {
            return sent;
        }
        let mut since = Instant::now();
        if let Some(rate) = plan.rate {
            since = started + Duration::from_secs_f64((batch * plan.batch as u64) as f64 / rate);
            tokio::time::sleep_until(since.into()).await;
        }
        let body = payloads.body(batch);
        if plan.rate.is_none() {
            since = Instant::now();
        }
        loop {
            match sender.send(body.clone()).await {
                Outcome::Accepted { rejected } => {
                    let now = Instant::now();
                    sent.acks.push(now - since);
                    sent.accepted += plan.batch as u64 - rejected;
                    sent.rejected += rejected;
                    *progress.last.lock().expect("no panic under the lock") = Some((batch, now));
                }
                Outcome::Busy => {
                    sent.busy += 1;
                    tokio::time::sleep(BUSY_PAUSE).await;
                    continue;
                }
                Outcome::Failed(reason) => {
                    sent.failed += 1;
                    sent.reason.get_or_insert(reason);
                }
            }
            break;
        }
    }
}
