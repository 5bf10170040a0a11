//! Clocks that disagree: a call cannot begin before its caller did, nor end after it. Measured, never corrected.
//!
//! Each call bounds how far the called clock may be ahead: by `child end - parent end` from below and by
//! `child start - parent start` from above. All calls between two services together leave an interval; when zero is not
//! in it, the clocks disagree. Its middle is the offset, half its width the error. Only the two sides of a synchronous
//! call that was answered bound it from below, since other work may outlive its caller.

use std::collections::BTreeMap;

use telltale_api::trace::SpanRow;
use telltale_model::{SpanKind, StatusCode};

use crate::limits::CLOCK_SKEW_NS;
use crate::self_time::end_of;
use crate::tree::Tree;

/// Two services whose clocks disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// Service of the caller.
    pub parent_service: Option<String>,
    /// Service of the called span.
    pub child_service: Option<String>,
    /// The called span that proves it most clearly, by position.
    pub child: u32,
    /// How far the called service's clock is ahead; negative: behind.
    pub offset_ns: i64,
    /// How exact that is; `None` when only one side is known: then it is at least this far.
    pub error_ns: Option<i64>,
    /// Calls that were measured.
    pub calls: u64,
}

/// Services of a caller and of what it called.
type Pair<'a> = (Option<&'a str>, Option<&'a str>);

/// What the calls of a pair leave open.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// The called clock is at least this far ahead, by this span.
    least: Option<(i64, u32)>,
    /// And at most this far.
    most: (i64, u32),
    calls: u64,
}

/// Finds pairs of services whose clocks disagree by [`CLOCK_SKEW_NS`] or more, the worst first.
#[must_use]
pub fn find(spans: &[SpanRow], tree: &Tree) -> Vec<Skew> {
    let mut pairs: BTreeMap<Pair<'_>, Bounds> = BTreeMap::new();
    for (at, child) in (0_u32..).zip(spans) {
        let parent =
            tree.parent(at).and_then(|parent| usize::try_from(parent).ok()).and_then(|parent| spans.get(parent));
        let Some(parent) = parent.filter(|parent| parent.service_name != child.service_name) else { continue };
        if child.start_unix_nano.0 == 0 || parent.start_unix_nano.0 == 0 || child.duration_ns.0 < 0 {
            continue;
        }
        let most = (difference(child.start_unix_nano.0, parent.start_unix_nano.0), at);
        let is_call =
            SpanKind::from_otlp(parent.kind) == SpanKind::Client && SpanKind::from_otlp(child.kind) == SpanKind::Server;
        // A caller that gave up did not wait for the end.
        let answered =
            StatusCode::from_otlp(parent.status_code) != StatusCode::Error && child.duration_ns <= parent.duration_ns;
        let least = (is_call && answered).then(|| (difference(end_of(child), end_of(parent)), at));
        let pair = (parent.service_name.as_deref(), child.service_name.as_deref());
        let bounds = pairs.entry(pair).or_insert(Bounds { least, most, calls: 0 });
        bounds.calls += 1;
        if most.0 < bounds.most.0 {
            bounds.most = most;
        }
        bounds.least = bounds.least.into_iter().chain(least).max_by_key(|(least, at)| (*least, std::cmp::Reverse(*at)));
    }
    let mut out: Vec<Skew> = pairs.into_iter().filter_map(|(pair, bounds)| judge(pair, bounds)).collect();
    out.sort_by_key(|skew| std::cmp::Reverse(skew.offset_ns.unsigned_abs()));
    out
}

/// Returns `left - right`, within the range of the type.
fn difference(left: u64, right: u64) -> i64 {
    i64::try_from(i128::from(left) - i128::from(right)).unwrap_or(if left > right { i64::MAX } else { i64::MIN })
}

/// Says whether the bounds exclude that both clocks agree.
fn judge((parent, child): Pair<'_>, bounds: Bounds) -> Option<Skew> {
    let limit = i64::try_from(CLOCK_SKEW_NS).unwrap_or(i64::MAX);
    let behind = (bounds.most.0 <= -limit).then_some(bounds.most);
    let ahead = bounds.least.filter(|(least, _at)| *least >= limit);
    let (nearest, at) = behind.or(ahead)?;
    let measured = bounds.least.filter(|(least, _at)| *least <= bounds.most.0);
    let (offset_ns, error_ns) = match measured {
        Some((least, _at)) => {
            let middle = i64::midpoint(least, bounds.most.0);
            (middle, Some(bounds.most.0.saturating_sub(middle)))
        }
        // Calls that contradict each other: a clock that drifted, or work that outlived its call.
        None => (nearest, None),
    };
    let owned = |name: Option<&str>| name.map(str::to_owned);
    Some(Skew {
        parent_service: owned(parent),
        child_service: owned(child),
        child: at,
        offset_ns,
        error_ns,
        calls: bounds.calls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use proptest::prelude::*;

    #[test]
    fn only_calls_between_services_that_begin_too_early_count() {
        let spans = [
            span("call", 1, 0).service("shop").ms(1_800, 100).row(),
            span("same service", 2, 1).service("shop").ms(1_000, 10).row(),
            span("slightly", 3, 1).service("near").at(1_799_500_000, 10).row(),
            span("far", 4, 1).service("edge").ms(0, 10).row(),
            span("far too", 5, 1).service("edge").ms(100, 10).row(),
            span("late", 6, 1).service("queue").ms(5_000, 10).row(),
        ];
        let found = find(&spans, &Tree::build(&spans));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].child, found[0].offset_ns, found[0].error_ns), (3, -1_800_000_000, None));
        assert_eq!(found[0].child_service.as_deref(), Some("edge"));
    }

    #[test]
    fn a_call_that_ends_too_late_shows_a_clock_that_is_ahead() {
        let call = |server: &str, kind: i32| {
            let spans = [
                span("call", 1, 0).service("shop").kind(3).ms(100, 50).row(),
                span("work", 2, 1).service(server).kind(kind).ms(400, 30).row(),
            ];
            find(&spans, &Tree::build(&spans))
        };
        let found = call("edge", 2);
        assert_eq!((found[0].offset_ns, found[0].error_ns, found[0].calls), (290_000_000, Some(10_000_000), 1));
        assert_eq!(call("edge", 5), [], "a message may be worked on later");
        let spans = [
            span("call", 1, 0).service("shop").kind(3).ms(100, 50).error("deadline").row(),
            span("work", 2, 1).service("edge").kind(2).ms(140, 40).row(),
        ];
        assert_eq!(find(&spans, &Tree::build(&spans)), [], "a caller that gave up did not wait");
    }

    proptest! {
        /// Calls under a clock that is off: the offset is found, within the error that is told.
        #[test]
        fn the_true_offset_lies_within_the_error(
            offset in -5_000_i64..5_000, calls in prop::collection::vec((0_i64..1_000, 0_i64..200, 0_i64..200, 1_i64..100), 1..6),
        ) {
            let mut spans = Vec::new();
            for (id, (start, there, back, work)) in (1_u64..).zip(&calls) {
                let begin = 10_000 + start;
                spans.push(span("call", id * 2, 0).service("a").kind(3).ms(u64::try_from(begin).unwrap(), there + work + back).row());
                let server = u64::try_from(begin + there + offset).unwrap();
                spans.push(span("serve", id * 2 + 1, id * 2).service("b").kind(2).ms(server, *work).row());
            }
            let found = find(&spans, &Tree::build(&spans));
            if let Some(skew) = found.first() {
                let error = skew.error_ns.unwrap();
                prop_assert!((skew.offset_ns - offset * 1_000_000).abs() <= error, "{skew:?}");
            } else {
                let widest = calls.iter().map(|(_, there, back, _)| there.max(back)).min().unwrap();
                prop_assert!(offset.abs() <= *widest + 1, "{offset} was not seen");
            }
        }
    }
}
