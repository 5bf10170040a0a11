//! Clocks that disagree: a call cannot begin before its caller did. Detected, never corrected.

use std::collections::BTreeMap;

use telltale_api::trace::SpanRow;

use crate::limits::CLOCK_SKEW_NS;
use crate::tree::Tree;

/// Two services whose clocks disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// Service of the caller.
    pub parent_service: Option<String>,
    /// Service of the called span.
    pub child_service: Option<String>,
    /// The called span that begins earliest before its caller, by position.
    pub child: u32,
    /// By how much: its clock is at least that far behind the caller's.
    pub ahead_ns: u64,
}

/// Services of a caller and of what it called.
type Pair<'a> = (Option<&'a str>, Option<&'a str>);

/// Finds pairs of services of which one begins before the other calls it, the worst first.
#[must_use]
pub fn find(spans: &[SpanRow], tree: &Tree) -> Vec<Skew> {
    let mut worst: BTreeMap<Pair<'_>, (u64, u32)> = BTreeMap::new();
    for (at, child) in (0_u32..).zip(spans) {
        let parent =
            tree.parent(at).and_then(|parent| usize::try_from(parent).ok()).and_then(|parent| spans.get(parent));
        let Some(parent) = parent.filter(|parent| parent.service_name != child.service_name) else { continue };
        let ahead_ns = parent.start_unix_nano.0.saturating_sub(child.start_unix_nano.0);
        if ahead_ns < CLOCK_SKEW_NS || child.start_unix_nano.0 == 0 {
            continue;
        }
        let pair = (parent.service_name.as_deref(), child.service_name.as_deref());
        let entry = worst.entry(pair).or_insert((ahead_ns, at));
        if ahead_ns > entry.0 {
            *entry = (ahead_ns, at);
        }
    }
    let owned = |name: Option<&str>| name.map(str::to_owned);
    let mut out: Vec<Skew> = worst
        .into_iter()
        .map(|((parent, child_service), (ahead_ns, child))| Skew {
            parent_service: owned(parent),
            child_service: owned(child_service),
            child,
            ahead_ns,
        })
        .collect();
    out.sort_by_key(|skew| std::cmp::Reverse(skew.ahead_ns));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;

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
        assert_eq!((found[0].child, found[0].ahead_ns), (3, 1_800_000_000));
        assert_eq!(found[0].child_service.as_deref(), Some("edge"));
    }
}
