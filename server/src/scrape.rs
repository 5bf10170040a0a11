//! Scrapes targets of the configuration file (`[[scrape]]`), so that applications without OTLP are seen too.
//!
//! Each target is asked at its interval for OpenMetrics or Prometheus text; its samples become OTLP and go through the one append
//! path. A series that was there before and is not any more ends with a staleness marker, and so do all of them when a scrape fails.
//! Every scrape, failed or not, adds `up`, `scrape_duration_seconds` and the other series that Prometheus makes up.
//!
//! Deliberately absent: discovery, relabelling, TLS.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use telltale_model::SignalKind;
use telltale_prometheus::text::{self, Format, Scrape};
use telltale_prometheus::{Series, otlp};
use tokio::time::MissedTickBehavior;

use crate::limits::SCRAPE_BYTES;
use crate::receiver::{Protocol, Sender, ingest};
use crate::state::AppState;
use crate::telemetry::Metric;

mod report;
mod samples;
pub mod target;

pub use report::Scrapes;
pub use target::Target;

/// What is asked for, best first.
const ACCEPTED: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.9,\
                        application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.7,\
                        text/plain;version=0.0.4;q=0.6,*/*;q=0.1";

/// Labels of the series that a target had at its last scrape.
type Present = BTreeSet<Vec<(String, String)>>;

/// Begins to scrape every target, until the server stops.
///
/// # Errors
/// The HTTP client does not start.
pub fn start(state: &Arc<AppState>, targets: Vec<Target>) -> Result<(), reqwest::Error> {
    if targets.is_empty() {
        return Ok(());
    }
    let agent = concat!("telltale/", env!("CARGO_PKG_VERSION"));
    let client = reqwest::Client::builder().user_agent(agent).build()?;
    state.scrapes.set(&targets);
    for (place, target) in targets.into_iter().enumerate() {
        let (state, client) = (Arc::clone(state), client.clone());
        tokio::spawn(async move {
            let stopping = state.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = keep_scraping(&state, &client, &target, place) => {}
            }
        });
    }
    Ok(())
}

async fn keep_scraping(state: &Arc<AppState>, client: &reqwest::Client, target: &Target, place: usize) {
    let mut ticks = tokio::time::interval(target.interval);
    // A scrape that took too long delays the next one; it never makes two at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut present = Present::new();
    loop {
        ticks.tick().await;
        scrape(state, client, target, place, &mut present).await;
    }
}

/// One scrape of one target.
async fn scrape(state: &Arc<AppState>, client: &reqwest::Client, target: &Target, place: usize, present: &mut Present) {
    let now_ms = i64::try_from(state.now().0 / 1_000_000).unwrap_or(i64::MAX);
    let started = Instant::now();
    let fetched = tokio::time::timeout(target.timeout, fetch(client, target)).await;
    let fetched = fetched.unwrap_or_else(|_| Err(format!("no whole answer within {} s", target.timeout.as_secs_f64())));
    let scraped = match fetched {
        Ok((format, text)) => {
            let read = move || text::parse(format, &text, now_ms).map_err(|error| error.to_string());
            tokio::task::spawn_blocking(read).await.unwrap_or_else(|panic| Err(panic.to_string()))
        }
        Err(error) => Err(error),
    };
    let outcome = if scraped.is_ok() { "ok" } else { "failed" };
    state.telemetry.add(Metric::Scrapes, [outcome], 1);
    state.telemetry.observe(Metric::ScrapeDuration, [], started.elapsed());
    let error = scraped.as_ref().err().cloned();
    let series = samples::all(target, scraped, present, (now_ms, started.elapsed()));
    let stored = store(state, target, series).await;
    if let Err(problem) = &stored {
        tracing::warn!(url = %target.url, problem, "a scrape could not be stored");
    }
    state.scrapes.note(place, (now_ms, started.elapsed()), error.or(stored.err()));
}

async fn fetch(client: &reqwest::Client, target: &Target) -> Result<(Format, String), String> {
    let seconds = target.timeout.as_secs_f64().to_string();
    let request = client.get(target.url.clone()).header(ACCEPT, ACCEPTED);
    let response = request.header("X-Prometheus-Scrape-Timeout-Seconds", seconds).send().await;
    let response = response.map_err(|error| root_cause(&error))?;
    if !response.status().is_success() {
        return Err(format!("server returned HTTP status {}", response.status()));
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::of_content_type(content_type);
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| root_cause(&error))?;
        if bytes.len() + chunk.len() > SCRAPE_BYTES {
            return Err(format!("the text is larger than {SCRAPE_BYTES} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(bytes).map_err(|error| format!("the text is not UTF-8: {error}"))?;
    Ok((format, text))
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

async fn store(state: &Arc<AppState>, target: &Target, series: Vec<Series>) -> Result<(), String> {
    use prost::Message as _;
    let payload = otlp::request(series).encode_to_vec().into();
    let sender =
        Sender { peer: target.url.to_string(), user_agent: None, protocol: Protocol::Scrape, compression: "none" };
    let stored = ingest(state, SignalKind::Metrics, payload, Vec::new(), &sender).await;
    match stored {
        Ok(acknowledged) if acknowledged.rejected > 0 => Err(acknowledged.message),
        Ok(_) => Ok(()),
        Err(refusal) => Err(refusal.message),
    }
}

/// Says how long a scrape took and when it was.
type When = (i64, Duration);

#[cfg(test)]
mod tests;
