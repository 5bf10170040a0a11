//! The load generator's requests, for programs that store them in this process.

#[path = "../../../tests/src/bench/corpus.rs"]
#[expect(unreachable_pub, clippy::indexing_slicing, reason = "shared with the load generator")]
mod corpus;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use telltale_model::SignalKind;

use self::corpus::ITEMS_PER_TRACE;
pub(crate) use self::corpus::Shape;

/// Items a request.
pub(crate) const BATCH: usize = 1_000;
/// Every shape of item.
pub(crate) const SHAPES: [Shape; 6] = [Shape::Semconv, Shape::Fat, Shape::Wild, Shape::Lean, Shape::Log, Shape::Point];

/// Returns which signal items of a shape are.
pub(crate) fn signal(shape: Shape) -> SignalKind {
    match shape {
        Shape::Log => SignalKind::Logs,
        Shape::Point => SignalKind::Metrics,
        _ => SignalKind::Traces,
    }
}

/// Returns requests without end, the same ones in each run.
pub(crate) fn payloads(shape: Shape) -> impl Iterator<Item = Bytes> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 16
    };
    std::iter::repeat_with(move || {
        let payload = corpus::request(shape, BATCH, &mut next);
        let is_spans = signal(shape) == SignalKind::Traces;
        Bytes::from(if is_spans { with_ids(&payload, &mut next) } else { payload })
    })
}

/// Gives every trace and span an id of its own, as the load generator does.
fn with_ids(payload: &[u8], next: &mut impl FnMut() -> u64) -> Vec<u8> {
    let mut request = ExportTraceServiceRequest::decode(payload).unwrap();
    let spans = request.resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans).flat_map(|of| &mut of.spans);
    let (mut trace_id, mut root) = (Vec::new(), Vec::new());
    for (index, span) in spans.enumerate() {
        span.span_id = (next() << 16 ^ next()).to_be_bytes().to_vec();
        if index % ITEMS_PER_TRACE == 0 {
            trace_id = [next() << 16 ^ next(), next() << 16 ^ next()].map(u64::to_be_bytes).concat();
            root.clone_from(&span.span_id);
        } else {
            span.parent_span_id.clone_from(&root);
        }
        span.trace_id.clone_from(&trace_id);
    }
    request.encode_to_vec()
}
