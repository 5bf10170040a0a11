//! A request whose ids and times are replaced in place.
//!
//! The places are found once, by walking the encoded request; ids and times have a fixed width in protobuf, so that a new
//! batch costs a copy and a few stores.

use super::corpus::{GATEWAY_DIGITS, GATEWAY_MARK, GATEWAYS, ITEMS_PER_TRACE, Shape, Source, request};

/// Where one item keeps what changes.
#[derive(Debug, Default, Clone)]
struct Places {
    trace_id: Option<usize>,
    span_id: Option<usize>,
    parent_span_id: Option<usize>,
    start: Option<usize>,
    end: Option<usize>,
    /// The digits of gateways, all of one item's the same.
    gateways: Vec<usize>,
}

/// A request with the places to patch.
#[derive(Debug)]
pub struct Template {
    bytes: Vec<u8>,
    items: Vec<Places>,
}

impl Template {
    /// Makes a request with `items` items of a shape.
    #[must_use]
    pub fn new(shape: Shape, items: usize, next: Source<'_>) -> Self {
        let bytes = request(shape, items, next);
        let mut places = Vec::with_capacity(items);
        // The same path in all three signals: request, resource envelope, scope envelope, record.
        for_each_field(&bytes, 0..bytes.len(), &mut |_, resource| {
            for_each_field(&bytes, resource, &mut |number, scope| {
                if number != 2 {
                    return;
                }
                for_each_field(&bytes, scope, &mut |number, record| {
                    if number != 2 {
                        return;
                    }
                    if shape == Shape::Point {
                        points_of(&bytes, record, &mut places);
                    } else {
                        places.push(places_of(&bytes, record, shape));
                    }
                });
            });
        });
        assert_eq!(places.len(), items, "the walker finds every item");
        Self { bytes, items: places }
    }

    /// Returns the size of the request in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the request is empty, which it never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the request as batch `batch` of a run, ending at `now`.
    #[must_use]
    pub fn patched(&self, seed: u64, batch: u64, now_unix_nano: u64) -> Vec<u8> {
        let mut out = self.bytes.clone();
        for (index, places) in self.items.iter().enumerate() {
            let (trace, place) = (index / ITEMS_PER_TRACE, index % ITEMS_PER_TRACE);
            put(&mut out, places.trace_id, &trace_id(seed, batch, trace));
            put(&mut out, places.span_id, &span_id(seed, batch, index));
            if place > 0 {
                // A tree: the items at 1 and 2 are children of the root, 3 and 4 of the first of them …
                let parent = trace * ITEMS_PER_TRACE + (place - 1) / 2;
                put(&mut out, places.parent_span_id, &span_id(seed, batch, parent));
            }
            let length = match (places.start, places.end) {
                (Some(start), Some(end)) => read(&self.bytes, end).saturating_sub(read(&self.bytes, start)),
                _ => 0,
            };
            let start = now_unix_nano - 60_000_000 + place as u64 * 1_000;
            put(&mut out, places.start, &start.to_le_bytes());
            put(&mut out, places.end, &(start + length).to_le_bytes());
            if !places.gateways.is_empty() {
                let digits = format!("{:0width$}", gateway(seed, batch, index), width = GATEWAY_DIGITS);
                for place in &places.gateways {
                    put(&mut out, Some(*place), digits.as_bytes());
                }
            }
        }
        out
    }
}

fn put(out: &mut [u8], place: Option<usize>, bytes: &[u8]) {
    if let Some(place) = place {
        out[place..place + bytes.len()].copy_from_slice(bytes);
    }
}

fn read(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(bytes[place..place + 8].try_into().expect("eight bytes"))
}

fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns the id of a trace of a batch: the same for the same run, random to look at.
#[must_use]
pub fn trace_id(seed: u64, batch: u64, trace: usize) -> [u8; 16] {
    let mut id = [0; 16];
    let high = mix(seed ^ mix(batch));
    id[..8].copy_from_slice(&high.to_be_bytes());
    id[8..].copy_from_slice(&(mix(high ^ trace as u64) | 1).to_be_bytes());
    id
}

fn span_id(seed: u64, batch: u64, index: usize) -> [u8; 8] {
    (mix(seed ^ mix(batch).wrapping_add(index as u64 + 1)) | 1).to_be_bytes()
}

/// Returns the gateway of an item: all of them occur, some far more often than others, as in a fleet.
fn gateway(seed: u64, batch: u64, index: usize) -> u64 {
    let random = mix(mix(seed ^ batch.rotate_left(32)).wrapping_add(index as u64));
    let uniform = (random >> 11) as f64 / (1_u64 << 53) as f64;
    // The square of a uniform number: a tenth of the gateways sends a third of everything.
    (uniform * uniform * GATEWAYS as f64) as u64
}

/// Returns where the digits of gateways begin.
fn gateways_of(bytes: &[u8], record: std::ops::Range<usize>) -> Vec<usize> {
    let mark = GATEWAY_MARK.as_bytes();
    let starts = record.clone().filter(|at| bytes[*at..record.end].starts_with(mark));
    starts.map(|at| at + mark.len()).collect()
}

fn places_of(bytes: &[u8], record: std::ops::Range<usize>, shape: Shape) -> Places {
    let mut places = Places { gateways: gateways_of(bytes, record.clone()), ..Places::default() };
    for_each_field(bytes, record, &mut |number, value| {
        let place = Some(value.start);
        match (shape, number) {
            (Shape::Log, 1) => places.start = place,
            (Shape::Log, 11) => places.end = place,
            (Shape::Log, 9) => places.trace_id = place,
            (Shape::Log, 10) => places.span_id = place,
            (Shape::Log, _) => {}
            (_, 1) => places.trace_id = place,
            (_, 2) => places.span_id = place,
            (_, 4) => places.parent_span_id = place,
            (_, 7) => places.start = place,
            (_, 8) => places.end = place,
            _ => {}
        }
    });
    places
}

/// The points of a sum: field 7 of a metric, field 1 of that.
fn points_of(bytes: &[u8], metric: std::ops::Range<usize>, out: &mut Vec<Places>) {
    for_each_field(bytes, metric, &mut |number, data| {
        if number != 7 {
            return;
        }
        for_each_field(bytes, data, &mut |number, point| {
            if number != 1 {
                return;
            }
            let mut places = Places::default();
            for_each_field(bytes, point, &mut |number, value| match number {
                2 => places.start = Some(value.start),
                3 => places.end = Some(value.start),
                _ => {}
            });
            out.push(places);
        });
    });
}

/// Calls `visit` with the number and the place of every field's value of a message at `range`.
fn for_each_field(bytes: &[u8], range: std::ops::Range<usize>, visit: &mut dyn FnMut(u32, std::ops::Range<usize>)) {
    let mut at = range.start;
    while at < range.end {
        let tag = varint(bytes, &mut at);
        let end = match tag & 7 {
            0 => {
                let mut end = at;
                varint(bytes, &mut end);
                end
            }
            1 => at + 8,
            2 => {
                let length = varint(bytes, &mut at);
                at + length as usize
            }
            _ => at + 4,
        };
        visit((tag >> 3) as u32, at..end);
        at = end;
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for place in 0.. {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << (place * 7);
        if byte < 0x80 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message as _;

    use super::*;
    use crate::rng::Rng;

    #[test]
    fn items_have_the_sizes_that_published_figures_have() {
        let wanted = [
            (Shape::Semconv, 806),
            (Shape::Fat, 472),
            (Shape::Wild, 472),
            (Shape::Lean, 134),
            (Shape::Log, 358),
            (Shape::Point, 197),
        ];
        let sizes = wanted.map(|(shape, _)| {
            let mut rng = Rng::new(1);
            (shape, Template::new(shape, 1_000, &mut || rng.next_u64()).len() / 1_000)
        });
        let near = |(size, wanted): (&(Shape, usize), &(Shape, usize))| size.1.abs_diff(wanted.1) <= wanted.1 / 40;
        assert!(sizes.iter().zip(&wanted).all(near), "{sizes:?}, wanted {wanted:?}");
    }

    /// Scenario: batches of spans with a gateway. Guarantees: every span has one gateway, in all of its attributes, and
    /// batches that come from the same template have others.
    #[test]
    fn gateways_differ_between_batches_of_one_template() {
        let mut rng = Rng::new(1);
        let template = Template::new(Shape::Fat, 64, &mut || rng.next_u64());
        let mut seen = HashSet::new();
        for batch in 0..4 {
            let bytes = template.patched(7, batch, 1_700_000_000_000_000_000);
            let request = ExportTraceServiceRequest::decode(bytes.as_slice()).expect("a request");
            for span in &request.resource_spans[0].scope_spans[0].spans {
                let text = format!("{:?}", span.attributes);
                let gateways: HashSet<&str> =
                    text.split(GATEWAY_MARK).skip(1).map(|rest| &rest[..GATEWAY_DIGITS]).collect();
                assert_eq!(gateways.len(), 1, "{text}");
                seen.extend(gateways.into_iter().map(str::to_owned));
            }
        }
        assert!(seen.len() > 230, "only {} gateways among 256 spans", seen.len());
    }

    #[test]
    fn every_batch_has_its_own_ids_and_whole_traces() {
        let mut rng = Rng::new(1);
        let template = Template::new(Shape::Semconv, 64, &mut || rng.next_u64());
        let mut seen = HashSet::new();
        for batch in 0..3 {
            let bytes = template.patched(7, batch, 1_700_000_000_000_000_000);
            let request = ExportTraceServiceRequest::decode(bytes.as_slice()).expect("a request");
            let spans = &request.resource_spans[0].scope_spans[0].spans;
            for (index, span) in spans.iter().enumerate() {
                assert_eq!(span.trace_id, trace_id(7, batch, index / ITEMS_PER_TRACE));
                assert!(seen.insert((span.trace_id.clone(), span.span_id.clone())));
                let parent = spans.iter().find(|other| other.span_id == span.parent_span_id);
                assert_eq!(parent.is_none(), index % ITEMS_PER_TRACE == 0);
                assert!(parent.is_none_or(|parent| parent.trace_id == span.trace_id));
                assert!(span.end_time_unix_nano > span.start_time_unix_nano);
            }
        }
    }
}
