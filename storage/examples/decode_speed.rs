//! How long decoding takes: `cargo run --release -p telltale-storage --example decode_speed`.
//!
//! Decodes the load generator's requests again and again and prints nanoseconds an item, beside what prost's generated
//! decoder needs for the same bytes.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

#[path = "../../tests/src/bench/corpus.rs"]
#[expect(unreachable_pub, clippy::indexing_slicing, reason = "shared with the load generator")]
mod corpus;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use telltale_model::{SignalKind, UnixNanos};
use telltale_storage::decode::decode;

use self::corpus::Shape;

/// Items a request.
const ITEMS: usize = 1_000;
/// How long each measurement runs.
const LENGTH: Duration = Duration::from_millis(1_500);

/// Runs `work` until the time is over and returns the best of ten parts, in nanoseconds an item.
fn measure(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let started = Instant::now();
        let mut runs = 0_u32;
        while started.elapsed() < LENGTH / 10 {
            work();
            runs += 1;
        }
        best = best.min(started.elapsed().as_nanos() as f64 / f64::from(runs) / ITEMS as f64);
    }
    best
}

fn main() {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    };
    println!("| shape | bytes an item | decode ns | prost ns |\n|---|---|---|---|");
    for shape in [Shape::Semconv, Shape::Fat, Shape::Wild, Shape::Lean, Shape::Log, Shape::Point] {
        let request = corpus::request(shape, ITEMS, &mut next);
        let signal = match shape {
            Shape::Log => SignalKind::Logs,
            Shape::Point => SignalKind::Metrics,
            _ => SignalKind::Traces,
        };
        let payload = Bytes::from(request);
        let received = UnixNanos(1_000_000_000_000_000);
        assert_eq!(decode(signal, &payload, received).unwrap().accepted, ITEMS as u64);
        let ours = measure(|| drop(black_box(decode(signal, &payload, received))));
        let theirs = measure(|| match signal {
            SignalKind::Traces => drop(black_box(ExportTraceServiceRequest::decode(payload.clone()))),
            SignalKind::Logs => drop(black_box(ExportLogsServiceRequest::decode(payload.clone()))),
            SignalKind::Metrics => drop(black_box(ExportMetricsServiceRequest::decode(payload.clone()))),
        });
        println!("| {shape:?} | {} | {ours:.0} | {theirs:.0} |", payload.len() / ITEMS);
    }
}
