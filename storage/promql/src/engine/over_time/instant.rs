//! `irate` and `idelta`: the difference between the last two samples.

use std::sync::Arc;

use super::rate::is_start_reset;
use super::{Context, Window};
use crate::engine::column::Cell;
use crate::histogram::{CounterResetHint, Histogram};
use crate::math::millis_f64;

struct Last<'w> {
    time: i64,
    start: i64,
    float: f64,
    histogram: Option<&'w Arc<Histogram>>,
}

pub(super) fn instant(window: &Window<'_>, context: &mut Context<'_>, is_rate: bool) -> Option<Cell> {
    let (before, last) = last_two(window)?;
    let millis = last.time - before.time;
    if millis == 0 {
        return None;
    }
    let seconds = millis_f64(millis) / 1000.0;
    let by_start = is_start_reset(before.start, before.time, last.start, last.time);
    match (before.histogram, last.histogram) {
        (None, None) => {
            let is_reset = is_rate && (last.float < before.float || by_start);
            let value = if is_reset { last.float } else { last.float - before.float };
            Some(Cell::Float(if is_rate { value / seconds } else { value }))
        }
        (Some(before), Some(last)) => {
            let gauge = CounterResetHint::Gauge;
            let hints = [before.counter_reset_hint, last.counter_reset_hint];
            if is_rate && hints.contains(&gauge) {
                context.warn_not_counter();
            }
            if !is_rate && hints.iter().any(|hint| *hint != gauge) {
                context.warn_not_gauge();
            }
            let mut out = (**last).clone();
            if !is_rate || (!by_start && !last.is_reset_after(before)) {
                match out.sub(before) {
                    Ok(combined) => context.note_mismatch(combined, "subtraction"),
                    Err(_) => {
                        context.warn_mixed_schemas();
                        return None;
                    }
                }
            }
            out.counter_reset_hint = gauge;
            let mut out = out.compacted();
            if is_rate {
                out.div(seconds);
            }
            Some(Cell::Histogram(Arc::new(out)))
        }
        _ => {
            context.warn_mixed();
            None
        }
    }
}

fn last_two<'w>(window: &Window<'w>) -> Option<(Last<'w>, Last<'w>)> {
    let start = |starts: &[i64], at: usize| starts.get(at).copied().unwrap_or_default();
    let floats = window.times.iter().zip(window.values).enumerate().rev().take(2);
    let floats = floats.map(|(at, (time, value))| Last {
        time: *time,
        start: start(window.starts, at),
        float: *value,
        histogram: None,
    });
    let histograms = window.histogram_times.iter().zip(window.histograms).enumerate().rev().take(2);
    let histograms = histograms.map(|(at, (time, value))| Last {
        time: *time,
        start: start(window.histogram_starts, at),
        float: 0.0,
        histogram: Some(value),
    });
    let mut all: Vec<Last<'w>> = floats.chain(histograms).collect();
    all.sort_by_key(|sample| std::cmp::Reverse(sample.time));
    let mut newest = all.into_iter();
    let last = newest.next()?;
    newest.next().map(|before| (before, last))
}
