//! How fast this machine is at this moment, in work that does not change with telltale: prost reads one request of 1,000 `fat` spans
//! into structs and drops them. Two figures of different machines or hours compare after both are divided by it.

use std::hint::black_box;
use std::time::Instant;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::corpus::{self, Shape};
use crate::rng::Rng;

const SPANS: usize = 1_000;
/// The quickest counts: what disturbs a part only makes it longer.
const PARTS: usize = 20;
/// Requests of a part.
const REQUESTS: u32 = 10;

/// Returns nanoseconds a span.
///
/// # Panics
/// When the corpus is not a request.
#[must_use]
pub fn prost_ns_a_span() -> f64 {
    let mut rng = Rng::new(1);
    let request = corpus::request(Shape::Fat, SPANS, &mut || rng.next_u64());
    let part = || {
        let start = Instant::now();
        for _ in 0..REQUESTS {
            black_box(ExportTraceServiceRequest::decode(black_box(&*request)).expect("a request"));
        }
        start.elapsed() / REQUESTS
    };
    let quickest = (0..PARTS).map(|_| part()).min().unwrap_or_default();
    quickest.as_secs_f64() * 1e9 / SPANS as f64
}
