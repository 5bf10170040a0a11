//! Live traces from outside: the search's answer, sent again whenever spans arrive.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Server;

use crate::support::{measured_program, server};

/// Generous: the machine may be building beside.
const DEADLINE: Duration = Duration::from_secs(30);
/// What a reader waits after the acknowledgement at most, of a release build and in the middle.
const AT_ONCE: Duration = Duration::from_millis(250);

/// A reader of server-sent events.
struct Reader {
    response: reqwest::Response,
    text: String,
    /// Where to go on.
    id: String,
}

impl Reader {
    /// Begins to read, and waits until the stream stands.
    async fn open(server: &Server, parameters: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(format!("{}/api/live?{parameters}", server.http.ui())).send().await.unwrap();
        assert_eq!(response.status(), 200, "{parameters}");
        let mut reader = Self { response, text: String::new(), id: String::new() };
        assert_eq!(reader.next().await["rows"].as_array().map(Vec::len), Some(0), "the first event is empty");
        reader
    }

    /// Waits for the next event.
    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                self.id = line("id: ").map_or(std::mem::take(&mut self.id), str::to_owned);
                let data = line("data: ").map(|data| serde_json::from_str(data).unwrap());
                self.text = rest.to_owned();
                match data {
                    Some(data) => return data,
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(DEADLINE, self.response.chunk()).await.expect("an event in time");
            let chunk = chunk.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits for traces.
    async fn traces(&mut self) -> Vec<(String, u64, u64)> {
        let event = self.next().await;
        assert_eq!((&event["left_out"], &event["missed"]), (&0.into(), &0.into()), "{event}");
        let traces = event["traces"].as_array().unwrap_or_else(|| panic!("no traces in {event}"));
        traces.iter().map(totals).collect()
    }
}

/// Name of a found trace, number of its spans, number of those that match.
fn totals(found: &Value) -> (String, u64, u64) {
    let count = |value: &Value| value.as_u64().unwrap();
    let name = found["trace"]["name"].as_str().unwrap().to_owned();
    (name, count(&found["trace"]["span_count"]), count(&found["matched"]))
}

fn told(traces: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
    traces.iter().map(|(name, spans, matched)| ((*name).to_owned(), *spans, *matched)).collect()
}

/// A span of trace `trace`; the first is its root.
fn span(trace: u8, number: u8, name: &str) -> Span {
    let span = otlp::span([trace; 16], [number; 8], name);
    if number == 1 { span } else { otlp::child_of(span, [1; 8]) }
}

async fn send(server: &Server, spans: Vec<Span>) {
    let _ = server.http.export(Signal::Traces, &otlp::traces("shop", spans)).await.ok();
}

/// Scenario: readers follow the failed traces while spans come in any order, one in memory, one from a segment; one reader
/// goes away and comes back. Guarantees: a trace comes when a span of it matches, as a whole; it comes again when it grows,
/// also by spans that do not match; others never come; who comes back misses nothing; the search says the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_come_when_they_match_and_again_when_they_grow() {
    let server = server();
    let mut reader = Reader::open(&server, "kind=traces&q=status%3Aerror").await;
    send(&server, vec![span(1, 2, "pay")]).await;
    send(&server, vec![otlp::failed(span(2, 2, "reserve"), "sold out")]).await;
    assert_eq!(reader.traces().await, told(&[("reserve", 1, 1)]), "the one that does not match does not come");
    send(&server, vec![span(2, 1, "POST /orders")]).await;
    assert_eq!(reader.traces().await, told(&[("POST /orders", 2, 1)]), "its root does not match and belongs to it");
    server.http.flush_durable().await;
    send(&server, vec![otlp::failed(span(1, 3, "charge"), "declined")]).await;
    let grown = reader.traces().await;
    assert_eq!((grown.len(), grown[0].1, grown[0].2), (1, 2, 1), "with the span that came before: {grown:?}");
    let id = reader.id.clone();
    drop(reader);
    send(&server, vec![span(1, 1, "POST /pay"), span(3, 1, "GET /health")]).await;
    send(&server, vec![otlp::failed(span(4, 1, "GET /cart"), "no such cart"), span(2, 4, "log out")]).await;
    let mut reader = Reader::open(&server, &format!("kind=traces&q=status%3Aerror&after={id}")).await;
    let mut missed = reader.traces().await;
    missed.sort();
    assert_eq!(missed, told(&[("GET /cart", 1, 1), ("POST /orders", 3, 1), ("POST /pay", 3, 1)]));
    let found = server.http.get("/api/search?kind=traces&q=status%3Aerror").await.json();
    let mut same: Vec<(String, u64, u64)> = found["traces"].as_array().unwrap().iter().map(totals).collect();
    same.sort();
    assert_eq!(same, missed, "the stream says what the search says");
}

/// Scenario: one request brings more traces than one event holds. Guarantees: the last to arrive come, the others are
/// counted, and all of them are stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_traces_is_bounded_and_what_is_left_out_is_counted() {
    let most = telltale::limits::LIVE_TRACES;
    let server = server();
    let mut reader = Reader::open(&server, "kind=traces&q=name%3Aburst").await;
    let spans = (0..most + 7).map(|number| {
        let mut id = [9; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        otlp::span(id, [1; 8], "burst")
    });
    send(&server, spans.collect()).await;
    let event = reader.next().await;
    let traces = event["traces"].as_array().unwrap();
    assert_eq!((traces.len(), &event["left_out"], &event["missed"]), (most, &7.into(), &0.into()));
    let last = traces[most - 1]["trace"]["trace_id"].as_str().unwrap();
    assert!(last.starts_with(&format!("{:016x}", most + 6)), "the last to arrive is at the end: {last}");
    assert_eq!(server.http.count("SELECT count(DISTINCT trace_id) AS n FROM spans").await, most as u64 + 7);
}

/// Scenario: single traces come, each after the reader has seen the one before. Guarantees: each comes; how long after
/// its acknowledgement is printed, and bounded for a release build (`TELLTALE_TEST_PROGRAM`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_comes_at_once() {
    let server = server();
    let mut reader = Reader::open(&server, "kind=traces&q=name%3Aorder").await;
    let mut times = Vec::new();
    for number in 1..=20 {
        send(&server, vec![span(number, 1, "order")]).await;
        let acknowledged = Instant::now();
        assert_eq!(reader.traces().await, told(&[("order", 1, 1)]));
        times.push(acknowledged.elapsed());
    }
    times.sort_unstable();
    eprintln!("acknowledged to told: p50 {:?}, longest {:?}", times[10], times[19]);
    assert!(measured_program().is_none() || times[10] < AT_ONCE, "{times:?}");
}
