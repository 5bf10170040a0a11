//! Search over a large store: as many log records as spans, then the questions of the search page, again and again.
//!
//! Among them lie a few needles: [`NEEDLES`] spans and records with a value and a word that nothing else has, sent when
//! half of the rest had come.

use std::path::Path;
use std::time::Instant;

use super::corpus::Shape;
use super::load::{self, Payloads, Plan, Progress};
use super::queries::Asked;
use super::sender::{Encoding, Protocol};
use super::{process, rest};
use crate::http::{Http, Signal};
use crate::otlp;
use crate::server::{Launch, Server};

/// Spans, and log records, with the rare value.
const NEEDLES: u64 = 20;
/// Items a request.
const BATCH: usize = 1_000;

/// What is asked, and the parameters of `GET /api/search`.
const QUESTIONS: [(&str, &str); 19] = [
    ("logs: a word of a fifth of the lines, first page", "kind=logs&q=accepted&include=rows"),
    ("logs: a rare word, first page", "kind=logs&q=needleword&include=rows"),
    ("logs: an absent word, first page", "kind=logs&q=zzzabsent&include=rows"),
    ("logs: a rare attribute value, first page", "kind=logs&q=needle.id%3Dneedle-7&include=rows"),
    ("logs: a rare whole number, first page", "kind=logs&q=needle.number%3D918273645&include=rows"),
    ("logs: an absent attribute value, first page", "kind=logs&q=app.tenant.id%3Dtenant-none&include=rows"),
    ("logs: exact count of a word of a fifth of the lines", "kind=logs&q=accepted&include=count"),
    ("logs: exact count of a phrase of frequent words", "kind=logs&q=%22of%20customer%22&include=count"),
    ("logs: count by level", "kind=logs&include=histogram"),
    ("logs: facets of a word", "kind=logs&q=accepted&include=facets"),
    ("logs: exact facet of the service", "kind=logs&include=&facet=service"),
    ("spans: a word of names, first page", "kind=spans&q=publish&include=rows"),
    ("spans: a rare attribute value, first page", "kind=spans&q=needle.id%3Dneedle-7&include=rows"),
    ("spans: a rare whole number, first page", "kind=spans&q=needle.number%3D918273645&include=rows"),
    ("spans: an absent attribute value, first page", "kind=spans&q=gateway.id%3Dnone-at-all&include=rows"),
    ("spans: errors, slowest first, first page", "kind=spans&q=status%3Aerror&order=slowest&include=rows"),
    ("spans: count by status", "kind=spans&include=histogram"),
    ("spans: facets of errors", "kind=spans&q=status%3Aerror&include=facets"),
    ("spans: exact facet of the service", "kind=spans&include=&facet=service"),
];

/// Fills a fresh server with `items` spans and as many log records, and asks each question `times` times.
///
/// # Panics
/// When the server does not start, refuses an item or fails a question.
pub async fn measure(program: &Path, items: u64, times: usize) -> Vec<Asked> {
    let server = Launch::new(program).start();
    for half in 0..2 {
        for (shape, name) in [(Shape::Fat, "spans"), (Shape::Log, "log records")] {
            let started = Instant::now();
            fill(&server, shape, items / 2, half).await;
            eprintln!("{} {name} in {:.0} s", items / 2, started.elapsed().as_secs_f64());
        }
        if half == 0 {
            needles(&server.http).await;
        }
    }
    server.http.flush_durable().await;
    rest::wait(&server).await;
    let mut asked = Vec::new();
    for (name, parameters) in QUESTIONS {
        let one = ask(&server.http, name, parameters, times.max(1)).await;
        eprintln!("{name}: {:?}", one.times.get(one.times.len() / 2));
        asked.push(one);
    }
    eprintln!(
        "{:.0} MB of memory, {:.0} MB on disk",
        mega(server.rss_bytes()),
        mega(process::disk_bytes(server.data_dir()))
    );
    asked
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

async fn fill(server: &Server, shape: Shape, items: u64, half: u64) {
    let plan = Plan {
        shape,
        protocol: Protocol::Http,
        encoding: Encoding::None,
        batch: BATCH,
        connections: 4,
        batches: items.div_ceil(BATCH as u64).max(1),
        rate: None,
        seed: half * 2 + u64::from(shape == Shape::Log) + 1,
    };
    let sent = load::run(&Payloads::new(plan), &server.ready.otlp_http, &Progress::default()).await;
    assert_eq!((sent.failed, sent.rejected), (0, 0), "{:?}", sent.reason);
}

/// Sends what is rare.
async fn needles(http: &Http) {
    let (mut spans, mut logs) = (Vec::new(), Vec::new());
    for number in 0..NEEDLES {
        let (trace, id) = (u128::from(number + 1).to_be_bytes(), (number + 1).to_be_bytes());
        let attributes = vec![
            otlp::text("needle.id", format!("needle-{number}")),
            otlp::attribute(
                "needle.number",
                opentelemetry_proto::tonic::common::v1::any_value::Value::IntValue(918_273_645),
            ),
        ];
        let mut span = otlp::span(trace, id, "needle");
        span.attributes.clone_from(&attributes);
        spans.push(span);
        let mut log = otlp::log(trace, id, &format!("found needleword {number}"));
        log.attributes = attributes;
        logs.push(log);
    }
    let _accepted = http.export(Signal::Traces, &otlp::traces("haystack", spans)).await.ok();
    let _accepted = http.export(Signal::Logs, &otlp::logs("haystack", logs)).await.ok();
}

async fn ask(http: &Http, name: &'static str, parameters: &str, times: usize) -> Asked {
    let path = format!("/api/search?{parameters}");
    // The first, cold one warms up.
    let answer = http.get_json(&path).await;
    let of_page = answer["rows"].as_array().map_or(0, Vec::len) as u64;
    let rows = answer["total"].as_u64().unwrap_or(of_page);
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        let _answer = http.get_json(&path).await;
        taken.push(started.elapsed());
    }
    taken.sort_unstable();
    Asked { name, rows, times: taken }
}
