//! The difference between the last and the first histogram of a window, resets undone.

use super::rate::{is_start_reset, overlaps};
use super::{Context, Window};
use crate::histogram::{CounterResetHint, Histogram};

/// Last minus first; for a counter, what was lost in resets added. None where the histograms do not fit together. The window has two at least.
pub(super) fn difference(window: &Window<'_>, context: &mut Context<'_>, is_counter: bool) -> Option<Histogram> {
    let histograms = window.histograms;
    let (first, second, last) = (histograms.first()?, histograms.get(1)?, histograms.last()?);
    let is_gauge = |histogram: &Histogram| histogram.counter_reset_hint == CounterResetHint::Gauge;
    if is_counter && histograms.iter().any(|histogram| is_gauge(histogram)) {
        context.warn_not_counter();
    }
    let reset = |at: usize, before: &Histogram, next: &Histogram| {
        let starts = window.histogram_starts.get(at).zip(window.histogram_starts.get(at + 1));
        let times = window.histogram_times.get(at).zip(window.histogram_times.get(at + 1));
        let by_start = starts
            .zip(times)
            .is_some_and(|((from, start), (before, time))| is_start_reset(*from, *before, *start, *time));
        by_start || next.is_reset_after(before)
    };
    // Before a reset the layout of the first does not matter: nothing of it is needed.
    let nothing =
        Histogram { schema: second.schema, custom_values: second.custom_values.clone(), ..Histogram::default() };
    let first: &Histogram = if is_counter && reset(0, first, second) { &nothing } else { first };
    let inner = histograms.get(1..histograms.len() - 1).unwrap_or_default();
    let fits = |other: &Histogram| other.has_custom_buckets() == first.has_custom_buckets();
    if !fits(last) || (is_counter && !inner.iter().all(|other| fits(other))) {
        context.warn_mixed_schemas();
        return None;
    }
    let mut out = (**last).clone();
    if is_counter {
        out.reduce(inner.iter().map(|other| other.schema).fold(first.schema, i32::min));
    } else {
        out.reduce(first.schema);
    }
    match out.sub(first) {
        Ok(combined) => context.note_mismatch(combined, "subtraction"),
        Err(_) => {
            context.warn_mixed_schemas();
            return None;
        }
    }
    if is_counter {
        add_lost(window, first, &mut out, context, &reset)?;
    } else if !histograms.first().is_some_and(|first| is_gauge(first)) || !is_gauge(last) {
        context.warn_not_gauge();
    }
    out.counter_reset_hint = CounterResetHint::Gauge;
    Some(out.compacted())
}

fn add_lost(
    window: &Window<'_>,
    first: &Histogram,
    out: &mut Histogram,
    context: &mut Context<'_>,
    reset: &dyn Fn(usize, &Histogram, &Histogram) -> bool,
) -> Option<()> {
    let mut before = first;
    let mut has_overlap = false;
    for (at, next) in window.histograms.iter().skip(1).enumerate() {
        if let (Some(from), Some(time), Some(start)) =
            (window.histogram_starts.get(at), window.histogram_times.get(at), window.histogram_starts.get(at + 1))
            && !has_overlap
            && overlaps(*from, *time, *start)
        {
            context.notes.overlap(context.metric, context.first);
            has_overlap = true;
        }
        if reset(at, before, next) {
            match out.add(before) {
                Ok(combined) => context.note_mismatch(combined, "addition"),
                Err(_) => {
                    context.warn_mixed_schemas();
                    return None;
                }
            }
        }
        before = next;
    }
    Some(())
}
