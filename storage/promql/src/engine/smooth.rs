//! `smoothed` and `anchored`: values at the very edges of a range.

use std::sync::Arc;

use super::column::{Cell, Column, Steps};
use super::eval::{Eval, Sink};
use super::over_time::note_mismatch;
use super::range::{Samples, Scratch};
use crate::annotations::Annotations;
use crate::ast::{PosRange, RangeEdge, VectorSelector};
use crate::error::Error;
use crate::histogram::{CounterResetHint, Histogram, IncompatibleBuckets};
use crate::math::millis_f64;

/// A value on the line between two samples. A counter that was reset in between starts from 0.
pub(super) fn interpolate(left: (i64, f64), right: (i64, f64), time: i64, is_counter: bool) -> f64 {
    let from = if is_counter && right.1 < left.1 { 0.0 } else { left.1 };
    from + (right.1 - from) * millis_f64(time - left.0) / millis_f64(right.0 - left.0)
}

/// A histogram between two, bucket by bucket on lines.
pub(super) fn interpolate_histograms(
    left: (i64, &Arc<Histogram>),
    right: (i64, &Arc<Histogram>),
    time: i64,
    is_counter: bool,
    notes: &mut Annotations,
    range: PosRange,
) -> Result<Histogram, IncompatibleBuckets> {
    if time == left.0 {
        return Ok((**left.1).clone());
    }
    if time == right.0 {
        return Ok((**right.1).clone());
    }
    let fraction = millis_f64(time - left.0) / millis_f64(right.0 - left.0);
    let mut out = (**right.1).clone();
    if is_counter && right.1.is_reset_after(left.1) {
        out.mul(fraction);
        return Ok(out);
    }
    note_mismatch(out.sub(left.1)?, "subtraction", notes, range);
    out.mul(fraction);
    note_mismatch(out.add(left.1)?, "addition", notes, range);
    Ok(out)
}

/// Samples of a range with one at each edge: taken from the nearest sample, or interpolated.
pub(super) fn extended(floats: &[(i64, f64)], start: i64, end: i64, edge: RangeEdge) -> Vec<(i64, f64)> {
    let smoothed = edge == RangeEdge::Smoothed;
    let Some((left, right, inner)) = edges(floats, start, end, smoothed, false) else { return Vec::new() };
    let mut out = Vec::with_capacity(inner.len() + 2);
    out.push((start, left));
    out.extend(inner.iter().copied());
    out.push((end, right));
    out
}

/// Values at both edges of a range, and the samples strictly between them.
pub(super) type Edges<'p> = (f64, f64, &'p [(i64, f64)]);

/// What lies at and between the edges; none where there is nothing in the range.
pub(super) fn edges(
    floats: &[(i64, f64)],
    start: i64,
    end: i64,
    smoothed: bool,
    is_counter: bool,
) -> Option<Edges<'_>> {
    let highest = floats.len().checked_sub(1)?;
    let first = floats.get(..highest)?.partition_point(|point| point.0 <= start).saturating_sub(1);
    let last = if smoothed { floats.get(..highest)?.partition_point(|point| point.0 < end) } else { highest };
    let (first_point, last_point) = (*floats.get(first)?, *floats.get(last)?);
    if last_point.0 <= start || (smoothed && first_point.0 > end) {
        return None;
    }
    let left = match floats.get(first + 1) {
        Some(next) if smoothed && first_point.0 < start => interpolate(first_point, *next, start, is_counter),
        _ => first_point.1,
    };
    let right = match last.checked_sub(1).and_then(|at| floats.get(at)) {
        Some(before) if smoothed && last_point.0 > end => interpolate(*before, last_point, end, is_counter),
        _ => last_point.1,
    };
    let from = if first_point.0 <= start { first + 1 } else { first };
    let to = if last_point.0 >= end { last } else { last + 1 };
    Some((left, right, floats.get(from..to).unwrap_or_default()))
}

impl<'e> Eval<'e> {
    /// An instant selector with `smoothed`: values between two samples lie on the line between them.
    pub(super) fn stream_smoothed(
        &mut self,
        selector: &VectorSelector,
        range: PosRange,
        steps: Steps,
        sink: &mut Sink<'_, 'e>,
    ) -> Result<(), Error> {
        let shift = self.query.shift(&selector.shift)?;
        let lookback = self.limits.lookback_ms;
        let matchers = self.matchers(selector)?;
        let first = shift.apply(steps.start).saturating_sub(lookback).saturating_add(1);
        let last = shift.apply(steps.last()).saturating_add(lookback);
        let mut column = Column::default();
        let mut scratch = Scratch::default();
        self.select(&matchers, first, last, &mut |eval, view| {
            let samples = scratch.without_markers(view);
            column.reset();
            for (at, time) in steps.times().enumerate() {
                let time = shift.apply(time);
                let metric = view.labels.metric_name();
                if let Some(cell) = smoothed_at(samples, time, lookback, metric, range, &mut eval.notes) {
                    column.set(at, cell, steps.count);
                }
            }
            if column.is_empty() { Ok(()) } else { sink(eval, view.labels, false, &mut column) }
        })
    }
}

fn smoothed_at(
    samples: Samples<'_>,
    time: i64,
    lookback: i64,
    metric: &str,
    range: PosRange,
    notes: &mut Annotations,
) -> Option<Cell> {
    let near = |times: &[i64]| {
        let from = times.partition_point(|at| *at <= time.saturating_sub(lookback));
        let to = times.partition_point(|at| *at <= time.saturating_add(lookback));
        from..to.max(from)
    };
    let (floats, histograms) = (near(samples.times), near(samples.histogram_times));
    if !floats.is_empty() && !histograms.is_empty() {
        notes.warn(format!("encountered a mix of histograms and floats for metric name {metric:?}"), range);
        return None;
    }
    if !histograms.is_empty() {
        let times = samples.histogram_times.get(histograms.clone())?;
        let values = samples.histograms.get(histograms)?;
        let at = times.partition_point(|at| *at < time);
        let before = at.checked_sub(1).and_then(|at| Some((*times.get(at)?, values.get(at)?)));
        let here = times.get(at).copied().zip(values.get(at));
        return smoothed_histogram(before, here, time, metric, range, notes)
            .map(|found| Cell::Histogram(Arc::new(found)));
    }
    let (times, values) = (samples.times.get(floats.clone())?, samples.values.get(floats)?);
    let at = times.partition_point(|at| *at < time);
    let before = at.checked_sub(1).and_then(|at| Some((*times.get(at)?, *values.get(at)?)));
    let here = times.get(at).copied().zip(values.get(at).copied());
    match (before, here) {
        (_, Some((found, value))) if found == time => Some(Cell::Float(value)),
        (Some(before), Some(next)) => Some(Cell::Float(interpolate(before, next, time, false))),
        (Some((_, value)), None) => Some(Cell::Float(value)),
        (None, _) => None,
    }
}

fn smoothed_histogram(
    before: Option<(i64, &Arc<Histogram>)>,
    here: Option<(i64, &Arc<Histogram>)>,
    time: i64,
    metric: &str,
    range: PosRange,
    notes: &mut Annotations,
) -> Option<Histogram> {
    match (before, here) {
        (_, Some((found, value))) if found == time => Some((**value).clone()),
        (Some(before), Some(next)) => {
            let gauge = CounterResetHint::Gauge;
            let is_counter = before.1.counter_reset_hint != gauge || next.1.counter_reset_hint != gauge;
            let between = interpolate_histograms(before, next, time, is_counter, notes, range);
            if between.is_err() {
                over_mixed(metric, range, notes);
            }
            between.ok()
        }
        (Some((_, value)), None) => {
            Some(Histogram { counter_reset_hint: CounterResetHint::Unknown, ..(**value).clone() })
        }
        (None, _) => None,
    }
}

fn over_mixed(metric: &str, range: PosRange, notes: &mut Annotations) {
    super::over_time::note_mixed_schemas(metric, range, notes);
}
