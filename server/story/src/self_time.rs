//! Time that a span spent itself: its length without the parts in which a child ran.
//!
//! Children that run at once count once, and only inside the span: a child that outlives its parent takes nothing from
//! time that the parent never had.

use telltale_api::trace::SpanRow;

use crate::tree::Tree;

/// Returns when a span ends; a negative length counts as none.
#[must_use]
pub fn end_of(span: &SpanRow) -> u64 {
    span.start_unix_nano.0.saturating_add(u64::try_from(span.duration_ns.0).unwrap_or(0))
}

/// Returns each span's self time in nanoseconds, never negative.
#[must_use]
pub fn self_times(spans: &[SpanRow], tree: &Tree) -> Vec<i64> {
    (0_u32..).zip(spans).map(|(at, span)| self_time(spans, tree, at, span)).collect()
}

fn self_time(spans: &[SpanRow], tree: &Tree, at: u32, span: &SpanRow) -> i64 {
    let (start, end) = (span.start_unix_nano.0, end_of(span));
    let mut covered_to = start;
    let mut own = 0_u64;
    for child in tree.children(at) {
        let Some(child) = usize::try_from(*child).ok().and_then(|child| spans.get(child)) else { continue };
        let child_start = child.start_unix_nano.0.clamp(start, end);
        own += child_start.saturating_sub(covered_to);
        covered_to = covered_to.max(end_of(child).clamp(start, end));
    }
    own += end.saturating_sub(covered_to);
    i64::try_from(own).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use proptest::prelude::*;

    #[test]
    fn children_count_once_and_only_inside_the_span() {
        let spans = [
            span("root", 1, 0).at(100, 100).row(),
            span("early", 2, 1).at(90, 20).row(),
            span("one", 3, 1).at(120, 30).row(),
            span("at the same time", 4, 1).at(130, 10).row(),
            span("outlives", 5, 1).at(190, 500).row(),
            span("backwards", 6, 1).at(160, -5).row(),
        ];
        let tree = Tree::build(&spans);
        assert_eq!(self_times(&spans, &tree), [10 + 40, 20, 30, 10, 500, 0]);
    }

    proptest! {
        #[test]
        fn self_time_is_what_no_child_covers(children in prop::collection::vec((0_u64..200, 0_i64..100), 0..12)) {
            let mut spans = vec![span("root", 1, 0).at(50, 100).row()];
            for (id, (start, length)) in (2..).zip(&children) {
                spans.push(span("child", id, 1).at(*start, *length).row());
            }
            let covered = |tick: u64| {
                children.iter().any(|(start, length)| (*start..start + u64::try_from(*length).unwrap()).contains(&tick))
            };
            let expected = (50..150).filter(|tick| !covered(*tick)).count();
            let got = self_times(&spans, &Tree::build(&spans))[0];
            prop_assert_eq!(usize::try_from(got).unwrap(), expected);
        }
    }
}
