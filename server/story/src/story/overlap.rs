//! Work behind the request: spans that were handed over, such as a message, and ran on while the caller went on by
//! itself. Time in which such work ran is not time that nothing recorded.

use std::cmp::Reverse;

use telltale_api::trace::TraceView;

use super::{Analysis, span_at};
use crate::self_time::end_of;

/// What a span did by itself on the critical path, and how much of that was beside work that it had handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Behind {
    /// Its own time on the critical path, in nanoseconds.
    pub own_ns: i64,
    /// Of this, while handed-over work ran.
    pub covered_ns: i64,
    /// The rest.
    pub outside_ns: i64,
    /// The handed-over span that ran longest beside it, by position.
    pub longest: Option<u32>,
}

/// Begin and end, nanoseconds since the Unix epoch.
pub(super) type Stretch = (u64, u64);

/// Returns the length of a stretch.
pub(super) fn length((start, end): Stretch) -> i64 {
    i64::try_from(end.saturating_sub(start)).unwrap_or(i64::MAX)
}

/// Measures the own time of `span` against work that was handed over.
pub(super) fn behind(view: &TraceView, analysis: &Analysis, span: u32) -> Behind {
    let parts = analysis.critical_path.iter().filter(|part| part.span == span);
    let own = Covered::new(parts.map(|part| (part.start_unix_nano, part.end_unix_nano)).collect());
    let mut longest: Option<(i64, Reverse<u32>)> = None;
    let mut work = Vec::new();
    for (at, stretch) in handed_over(view, analysis, span) {
        let beside = own.within(stretch);
        if beside > 0 {
            work.push(stretch);
            longest = longest.max(Some((beside, Reverse(at))));
        }
    }
    let own_ns = own.within((0, u64::MAX));
    let covered_ns = merged(work).into_iter().fold(0_i64, |sum, stretch| sum.saturating_add(own.within(stretch)));
    let longest = longest.map(|(_beside, Reverse(at))| at);
    Behind { own_ns, covered_ns, outside_ns: own_ns.saturating_sub(covered_ns), longest }
}

/// Returns the spans that outlived their parent, a span below `caller`, with their time.
pub(super) fn handed_over(view: &TraceView, analysis: &Analysis, caller: u32) -> Vec<(u32, Stretch)> {
    let outlives = |(at, span): &(u32, &telltale_api::trace::SpanRow)| {
        let parent = analysis.tree.parent(*at).filter(|parent| *parent != caller);
        parent.and_then(|parent| span_at(view, parent)).is_some_and(|parent| end_of(parent) < end_of(span))
    };
    let spans = (0_u32..).zip(&view.spans).filter(outlives);
    spans.map(|(at, span)| (at, (span.start_unix_nano.0, end_of(span)))).collect()
}

/// Returns stretches in order, those that touch as one.
pub(super) fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut out: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for (start, end) in stretches {
        match out.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

/// Stretches that answer quickly how much of them lies in another one.
#[derive(Debug, Clone, Default)]
pub(super) struct Covered {
    /// In order, without overlaps.
    stretches: Vec<Stretch>,
    /// Length of all stretches before each.
    before: Vec<i64>,
}

impl Covered {
    /// Takes stretches in any order.
    pub(super) fn new(stretches: Vec<Stretch>) -> Self {
        let stretches = merged(stretches);
        let mut sum = 0_i64;
        let mut before = Vec::with_capacity(stretches.len());
        for stretch in &stretches {
            before.push(sum);
            sum = sum.saturating_add(length(*stretch));
        }
        Self { stretches, before }
    }

    /// Returns how much of the stretches lies inside of another one.
    pub(super) fn within(&self, (start, end): Stretch) -> i64 {
        self.until(end).saturating_sub(self.until(start.min(end)))
    }

    /// Returns how much of the stretches lies before a moment.
    fn until(&self, moment: u64) -> i64 {
        let next = self.stretches.partition_point(|(start, _end)| *start < moment);
        let Some(last) = next.checked_sub(1) else { return 0 };
        let (Some(before), Some((start, end))) = (self.before.get(last), self.stretches.get(last)) else { return 0 };
        before.saturating_add(length((*start, (*end).min(moment))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is covered is the number of ticks that both hold.
        #[test]
        fn what_is_covered_is_what_both_hold(own in prop::collection::vec((0_u64..60, 0_u64..12), 0..8), start in 0_u64..70, ticks in 0_u64..20) {
            let own: Vec<Stretch> = own.into_iter().map(|(start, length)| (start, start + length)).collect();
            let inside = |tick: &u64| own.iter().any(|(start, end)| (*start..*end).contains(tick));
            let expected = (start..start + ticks).filter(inside).count();
            prop_assert_eq!(Covered::new(own).within((start, start + ticks)), i64::try_from(expected).unwrap());
        }
    }
}
