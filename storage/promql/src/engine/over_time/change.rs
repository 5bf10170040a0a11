//! `changes` and `resets`: how often a series turned.

use super::rate::is_start_reset;
use super::{Context, Window};
use crate::ast::RangeEdge;
use crate::engine::column::Cell;
use crate::histogram::Histogram;
use crate::math::count_f64;

/// One sample of either kind.
#[derive(Clone, Copy)]
struct Point<'w> {
    time: i64,
    start: i64,
    float: f64,
    histogram: Option<&'w Histogram>,
}

pub(super) fn changes(window: &Window<'_>, context: &Context<'_>) -> Option<Cell> {
    count(window, context, |before, next| match (before.histogram, next.histogram) {
        (None, None) => {
            #[expect(clippy::float_cmp, reason = "any difference is a change")]
            let differs = next.float != before.float;
            differs && !(next.float.is_nan() && before.float.is_nan())
        }
        (Some(before), Some(next)) => !next.has_same_data(before),
        _ => true,
    })
}

pub(super) fn resets(window: &Window<'_>, context: &Context<'_>) -> Option<Cell> {
    count(window, context, |before, next| {
        let by_start = is_start_reset(before.start, before.time, next.start, next.time);
        match (before.histogram, next.histogram) {
            (None, None) => next.float < before.float || by_start,
            (Some(before), Some(next)) => by_start || next.is_reset_after(before),
            _ => true,
        }
    })
}

fn count(window: &Window<'_>, context: &Context<'_>, counts: impl Fn(&Point<'_>, &Point<'_>) -> bool) -> Option<Cell> {
    let mut points = points(window);
    if context.edge == RangeEdge::Anchored {
        // The newest sample at or before the start is what the first one in the range is compared with.
        let inside = points.partition_point(|point| point.time <= window.start);
        if inside == points.len() {
            return None;
        }
        points.drain(..inside.saturating_sub(1));
    }
    let turns = points.iter().zip(points.iter().skip(1)).filter(|(before, next)| counts(before, next)).count();
    Some(Cell::Float(count_f64(turns)))
}

fn points<'w>(window: &Window<'w>) -> Vec<Point<'w>> {
    let start = |starts: &[i64], at: usize| starts.get(at).copied().unwrap_or_default();
    let floats = window.times.iter().zip(window.values).enumerate().map(|(at, (time, value))| Point {
        time: *time,
        start: start(window.starts, at),
        float: *value,
        histogram: None,
    });
    let histograms = window.histogram_times.iter().zip(window.histograms).enumerate();
    let histograms = histograms.map(|(at, (time, value))| Point {
        time: *time,
        start: start(window.histogram_starts, at),
        float: 0.0,
        histogram: Some(value),
    });
    let mut all: Vec<Point<'w>> = floats.chain(histograms).collect();
    if window.is_mixed() {
        all.sort_by_key(|point| point.time);
    }
    all
}
