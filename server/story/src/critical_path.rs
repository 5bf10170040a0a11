//! The critical path: the chain of work that the end of the request waited for.
//!
//! Walked backwards from the end: the child that finished last is what its parent waited for, before that the last
//! child to finish before it began, and so on. What no child covers is the parent's own. The pieces follow each other
//! without gaps and their lengths sum up to the root's length.

use telltale_api::trace::SpanRow;

use crate::self_time::end_of;
use crate::tree::Tree;

/// A stretch of the critical path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The span that did the work, by position.
    pub span: u32,
    /// Begin, nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// End.
    pub end_unix_nano: u64,
}

/// A span whose children are being looked at.
struct Frame {
    span: u32,
    /// Nothing before this moment counts.
    from: u64,
    /// Everything after this moment is told.
    until: u64,
    /// Children as (end, start, position), by end; the last is looked at next.
    children: Vec<(u64, u64, u32)>,
}

/// Returns the critical path below `root`, first piece first.
#[must_use]
pub fn critical_path(spans: &[SpanRow], tree: &Tree, root: u32) -> Vec<Segment> {
    let mut path = Vec::new();
    let mut stack = Vec::new();
    if let Some(span) = get(spans, root) {
        stack.push(frame(spans, tree, root, span.start_unix_nano.0, end_of(span)));
    }
    while let Some(top) = stack.last_mut() {
        let Some((end, start, child)) = top.children.pop() else {
            push(&mut path, top.span, top.from, top.until);
            stack.pop();
            continue;
        };
        if start >= top.until || end > top.until || end <= start {
            continue; // ran beside what the path goes through
        }
        push(&mut path, top.span, end, top.until);
        top.until = start;
        stack.push(frame(spans, tree, child, start, end));
    }
    path.reverse();
    path
}

fn get(spans: &[SpanRow], position: u32) -> Option<&SpanRow> {
    usize::try_from(position).ok().and_then(|position| spans.get(position))
}

/// Begins a span: its children are clipped to the part of it that counts.
fn frame(spans: &[SpanRow], tree: &Tree, span: u32, from: u64, until: u64) -> Frame {
    let clip = |child: &u32| {
        let row = get(spans, *child)?;
        Some((end_of(row).min(until), row.start_unix_nano.0.max(from), *child))
    };
    let mut children: Vec<_> = tree.children(span).iter().filter_map(clip).collect();
    children.sort_unstable();
    Frame { span, from, until, children }
}

fn push(path: &mut Vec<Segment>, span: u32, start_unix_nano: u64, end_unix_nano: u64) {
    if start_unix_nano < end_unix_nano {
        path.push(Segment { span, start_unix_nano, end_unix_nano });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BASE, span};
    use proptest::prelude::*;

    #[test]
    fn the_path_goes_through_what_finished_last() {
        let spans = [
            span("root", 1, 0).at(0, 100).row(),
            span("beside", 2, 1).at(5, 30).row(),
            span("first", 3, 1).at(10, 40).row(),
            span("last", 4, 1).at(60, 30).row(),
            span("inside last", 5, 4).at(70, 90).row(),
        ];
        let path = critical_path(&spans, &Tree::build(&spans), 0);
        let told: Vec<_> =
            path.iter().map(|part| (part.span, part.start_unix_nano - BASE, part.end_unix_nano - BASE)).collect();
        assert_eq!(told, [(0, 0, 10), (2, 10, 50), (0, 50, 60), (3, 60, 70), (4, 70, 90), (0, 90, 100)]);
    }

    #[test]
    fn a_long_chain_is_walked() {
        let spans: Vec<SpanRow> = (0..200_000)
            .map(|id| span("x", id + 1, id).at(id, i64::try_from(400_000 - 2 * id).unwrap()).row())
            .collect();
        let path = critical_path(&spans, &Tree::build(&spans), 0);
        assert_eq!(path.len(), 2 * 200_000 - 1);
    }

    proptest! {
        #[test]
        fn pieces_join_without_gaps_from_start_to_end(
            rows in prop::collection::vec((0_u64..12, 0_u64..200, -5_i64..150), 0..12),
        ) {
            let mut spans = vec![span("root", 1, 0).at(0, 100).row()];
            for (id, (parent, start, length)) in (2_u64..).zip(&rows) {
                spans.push(span("child", id, 1 + parent % (id - 1)).at(*start, *length).row());
            }
            let path = critical_path(&spans, &Tree::build(&spans), 0);
            prop_assert_eq!(path.first().map(|part| part.start_unix_nano), Some(BASE));
            prop_assert_eq!(path.last().map(|part| part.end_unix_nano), Some(BASE + 100));
            for pair in path.windows(2) {
                prop_assert_eq!(pair[0].end_unix_nano, pair[1].start_unix_nano);
            }
        }
    }
}
