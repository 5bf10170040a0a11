//! `rate`, `increase` and `delta` with `anchored` or `smoothed`: values at the exact edges, nothing extrapolated.

use std::sync::Arc;

use super::{Context, Window};
use crate::annotations::Annotations;
use crate::ast::{PosRange, RangeEdge};
use crate::engine::column::Cell;
use crate::engine::smooth::{edges, interpolate_histograms};
use crate::histogram::{CounterResetHint, Histogram, IncompatibleBuckets};

/// The difference between the edges; per second when `seconds` is given.
pub(super) fn rate(
    window: &Window<'_>,
    context: &mut Context<'_>,
    is_counter: bool,
    seconds: Option<f64>,
) -> Option<Cell> {
    if window.times.is_empty() {
        return histograms(window, context, is_counter, seconds).map(|found| Cell::Histogram(Arc::new(found)));
    }
    let points: Vec<(i64, f64)> = window.times.iter().copied().zip(window.values.iter().copied()).collect();
    let smoothed = context.edge == RangeEdge::Smoothed;
    let (left, right, inner) = edges(&points, window.start, window.end, smoothed, is_counter)?;
    let mut result = right - left;
    if is_counter {
        let mut before = left;
        for value in inner.iter().map(|point| point.1).chain(std::iter::once(right)) {
            if value < before {
                result += before;
            }
            before = value;
        }
    }
    Some(Cell::Float(seconds.map_or(result, |seconds| result / seconds)))
}

fn histograms(
    window: &Window<'_>,
    context: &mut Context<'_>,
    is_counter: bool,
    seconds: Option<f64>,
) -> Option<Histogram> {
    let edges = HistogramEdges::find(window, context.edge == RangeEdge::Smoothed)?;
    let inside = window.histograms.get(edges.first..=edges.last)?;
    let is_custom = inside.first()?.has_custom_buckets();
    if inside.iter().any(|histogram| histogram.has_custom_buckets() != is_custom) {
        context.warn_mixed_schemas();
        return None;
    }
    let gauge = CounterResetHint::Gauge;
    if is_counter && inside.iter().any(|histogram| histogram.counter_reset_hint == gauge) {
        context.warn_not_counter();
    }
    let made = edges.difference(window, is_counter, context.notes, context.first);
    let Ok((mut out, left_hint, right_hint)) = made else {
        context.warn_mixed_schemas();
        return None;
    };
    if !is_counter && (left_hint != gauge || right_hint != gauge) {
        context.warn_not_gauge();
    }
    if let Some(seconds) = seconds {
        out.div(seconds);
    }
    out.counter_reset_hint = gauge;
    Some(out.compacted())
}

/// Which histograms decide about the edges.
struct HistogramEdges {
    first: usize,
    last: usize,
    smoothed: bool,
}

impl HistogramEdges {
    fn find(window: &Window<'_>, smoothed: bool) -> Option<Self> {
        let times = window.histogram_times;
        let highest = times.len().checked_sub(1)?;
        let below = times.get(..highest)?;
        let first = below.partition_point(|time| *time <= window.start).saturating_sub(1);
        let last = if smoothed { below.partition_point(|time| *time < window.end) } else { highest };
        let misses = *times.get(last)? <= window.start || (smoothed && *times.get(first)? > window.end);
        (!misses).then_some(Self { first, last, smoothed })
    }

    fn difference(
        &self,
        window: &Window<'_>,
        is_counter: bool,
        notes: &mut Annotations,
        range: PosRange,
    ) -> Result<(Histogram, CounterResetHint, CounterResetHint), IncompatibleBuckets> {
        let point = |at: usize| window.histogram_times.get(at).copied().zip(window.histograms.get(at));
        let (Some(first), Some(last)) = (point(self.first), point(self.last)) else { return Err(IncompatibleBuckets) };
        let left_between = self.smoothed && first.0 < window.start;
        let left = match point(self.first + 1).filter(|_| left_between) {
            Some(next) => interpolate_histograms(first, next, window.start, is_counter, notes, range)?,
            None => (**first.1).clone(),
        };
        let before_last = self.last.checked_sub(1).and_then(point);
        let right = match before_last.filter(|_| self.smoothed && last.0 > window.end) {
            Some(before) => interpolate_histograms(before, last, window.end, is_counter, notes, range)?,
            None => (**last.1).clone(),
        };
        let mut out = right.clone();
        super::note_mismatch(out.sub(&left)?, "subtraction", notes, range);
        if is_counter && let Some(lost) = self.lost(window, (&left, &right), left_between, notes, range)? {
            super::note_mismatch(out.add(&lost)?, "addition", notes, range);
        }
        Ok((out, left.counter_reset_hint, right.counter_reset_hint))
    }

    /// What was lost in resets strictly between the edges. A reset that an interpolation spans is in its result already.
    fn lost(
        &self,
        window: &Window<'_>,
        (left, right): (&Histogram, &Histogram),
        left_between: bool,
        notes: &mut Annotations,
        range: PosRange,
    ) -> Result<Option<Histogram>, IncompatibleBuckets> {
        let (mut from, mut before) = (self.first + 1, left);
        let pair = window.histograms.get(self.first).zip(window.histograms.get(self.first + 1));
        if let Some((_, next)) = pair.filter(|(first, next)| left_between && next.is_reset_after(first)) {
            before = next;
            from += 1;
        }
        if from > self.last {
            return Ok(None);
        }
        let mut lost: Option<Histogram> = None;
        let inner = window.histograms.get(from..self.last).unwrap_or_default().iter().map(|histogram| &**histogram);
        for next in inner.chain(std::iter::once(right)) {
            if next.is_reset_after(before) {
                match &mut lost {
                    None => lost = Some(before.clone()),
                    Some(sum) => super::note_mismatch(sum.add(before)?, "addition", notes, range),
                }
            }
            before = next;
        }
        Ok(lost)
    }
}
