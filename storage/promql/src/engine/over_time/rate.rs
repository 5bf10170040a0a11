//! `rate`, `increase`, `delta`: the difference over a range, extrapolated to its edges.

use std::sync::Arc;

use super::{Context, Window, extended, histogram_rate};
use crate::ast::RangeEdge;
use crate::engine::column::Cell;
use crate::histogram::Histogram;
use crate::math::{count_f64, millis_f64};

/// Whether the start time of a sample says that the counter began again since the sample before.
pub(super) const fn is_start_reset(before_start: i64, before: i64, start: i64, time: i64) -> bool {
    if start == 0 || start >= time || start < before {
        return false;
    }
    if start > before {
        return true;
    }
    // Starting exactly where the sample before stands: a delta if that one has a start of its own, else an unknown start.
    before_start <= before && before_start != 0 && before_start != before
}

/// Whether a start time lies before the sample before, without being its start too.
pub(super) const fn overlaps(before_start: i64, before: i64, start: i64) -> bool {
    start != 0 && start < before && start != before_start
}

/// What the samples of a window give before extrapolation.
struct Measured {
    float: f64,
    histogram: Option<Histogram>,
    first_time: i64,
    last_time: i64,
    intervals: usize,
    /// First value or count.
    first_value: f64,
}

pub(super) fn rate(window: &Window<'_>, context: &mut Context<'_>, is_counter: bool, is_rate: bool) -> Option<Cell> {
    if window.is_mixed() {
        context.warn_mixed();
        return None;
    }
    let seconds = millis_f64(window.range) / 1000.0;
    if context.edge != RangeEdge::Plain {
        return extended::rate(window, context, is_counter, is_rate.then_some(seconds));
    }
    let starts = if window.times.is_empty() { window.histogram_starts } else { window.starts };
    let mut measured = if window.times.is_empty() {
        histograms(window, context, is_counter)?
    } else {
        floats(window, context, is_counter)?
    };
    let mut sampled = millis_f64(measured.last_time - measured.first_time) / 1000.0;
    let average = if measured.intervals > 0 { sampled / count_f64(measured.intervals) } else { 0.0 };
    let first_start = starts
        .first()
        .copied()
        .filter(|start| is_counter && *start != 0 && *start > window.start && *start < measured.first_time);
    let to_start = match first_start {
        // The counter began inside of the range, at 0: its first sample counts in full.
        Some(start) => {
            sampled = millis_f64(measured.last_time - start) / 1000.0;
            add_first(&mut measured, window, context)?;
            0.0
        }
        None if measured.intervals == 0 => return None,
        None => to_start(&measured, window, average, sampled, is_counter),
    };
    let mut to_end = millis_f64(window.end - measured.last_time) / 1000.0;
    if to_end >= average * 1.1 {
        to_end = average / 2.0;
    }
    let mut factor = if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled };
    if is_rate {
        factor /= seconds;
    }
    Some(match measured.histogram {
        Some(mut histogram) => {
            histogram.mul(factor);
            Cell::Histogram(Arc::new(histogram))
        }
        None => Cell::Float(measured.float * factor),
    })
}

/// How far to extrapolate before the first sample: to the start of the range when a sample could have been missed there, else half an
/// interval; a counter never below zero.
fn to_start(measured: &Measured, window: &Window<'_>, average: f64, sampled: f64, is_counter: bool) -> f64 {
    let mut to_start = millis_f64(measured.first_time - window.start) / 1000.0;
    if to_start >= average * 1.1 {
        to_start = average / 2.0;
    }
    if is_counter {
        let grown = measured.histogram.as_ref().map_or(measured.float, |histogram| histogram.count);
        if grown > 0.0 && measured.first_value >= 0.0 {
            to_start = to_start.min(sampled * (measured.first_value / grown));
        }
    }
    to_start
}

fn add_first(measured: &mut Measured, window: &Window<'_>, context: &mut Context<'_>) -> Option<()> {
    if let Some(first) = window.values.first() {
        measured.float += first;
        return Some(());
    }
    let first = window.histograms.first()?;
    match &mut measured.histogram {
        None => measured.histogram = Some((**first).clone()),
        Some(sum) => match sum.add(first) {
            Ok(combined) => context.note_mismatch(combined, "addition"),
            Err(_) => {
                context.warn_mixed_schemas();
                return None;
            }
        },
    }
    Some(())
}

fn floats(window: &Window<'_>, context: &mut Context<'_>, is_counter: bool) -> Option<Measured> {
    let (first, last) = (*window.values.first()?, *window.values.last()?);
    let mut float = last - first;
    if is_counter {
        float += match window.resets {
            Some(resets) => {
                let from = resets.partition_point(|at| *at <= window.first);
                let behind = window.first + window.values.len();
                let inside = resets.get(from..).unwrap_or_default().iter().take_while(|at| **at < behind);
                inside.filter_map(|at| window.values.get(at - window.first - 1)).sum::<f64>()
            }
            None => resets(window, context),
        };
    }
    Some(Measured {
        float,
        histogram: None,
        first_time: *window.times.first()?,
        last_time: *window.times.last()?,
        intervals: window.values.len() - 1,
        first_value: first,
    })
}

/// Values that were lost in resets, seen in values or start times.
fn resets(window: &Window<'_>, context: &mut Context<'_>) -> f64 {
    let mut lost = 0.0;
    let mut has_overlap = false;
    let before = window.values.iter().zip(window.times).enumerate();
    let after = window.values.iter().zip(window.times).skip(1);
    for ((at, (before, before_time)), (value, time)) in before.zip(after) {
        let starts = window.starts.get(at).zip(window.starts.get(at + 1));
        if let Some((before_start, start)) = starts
            && !has_overlap
            && overlaps(*before_start, *before_time, *start)
        {
            context.notes.overlap(context.metric, context.first);
            has_overlap = true;
        }
        let is_reset =
            starts.is_some_and(|(before_start, start)| is_start_reset(*before_start, *before_time, *start, *time));
        if value < before || is_reset {
            lost += before;
        }
    }
    lost
}

fn histograms(window: &Window<'_>, context: &mut Context<'_>, is_counter: bool) -> Option<Measured> {
    let (first, last) = (window.histogram_times.first()?, window.histogram_times.last()?);
    let intervals = window.histograms.len() - 1;
    let histogram = if intervals > 0 { Some(histogram_rate::difference(window, context, is_counter)?) } else { None };
    Some(Measured {
        float: 0.0,
        histogram,
        first_time: *first,
        last_time: *last,
        intervals,
        first_value: window.histograms.first()?.count,
    })
}
