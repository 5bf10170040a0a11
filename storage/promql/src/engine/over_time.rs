//! What the functions over ranges make of one window.

use std::sync::Arc;

use super::column::{Cell, Column};
use super::range::Samples;
use crate::annotations::Annotations;
use crate::ast::{PosRange, RangeEdge};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::histogram::{Combined, Histogram};

mod basic;
mod change;
mod extended;
mod histogram_rate;
mod instant;
mod rate;
mod regression;

/// The samples of one series in one window, and the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'w> {
    /// The time of the evaluation.
    pub(super) time: i64,
    /// The range: behind `start`, up to `end`.
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) range: i64,
    /// Index of the first float in the series.
    pub(super) first: usize,
    pub(super) times: &'w [i64],
    pub(super) values: &'w [f64],
    /// When each began to count; empty when not known or not wanted.
    pub(super) starts: &'w [i64],
    pub(super) histogram_times: &'w [i64],
    pub(super) histograms: &'w [Arc<Histogram>],
    pub(super) histogram_starts: &'w [i64],
    /// Indexes in the series of floats that are lower than the one before; when they were looked for.
    pub(super) resets: Option<&'w [usize]>,
}

impl Window<'_> {
    const fn is_mixed(&self) -> bool {
        !self.times.is_empty() && !self.histogram_times.is_empty()
    }
}

/// What a function needs to know to write notes.
#[derive(Debug)]
pub(super) struct Context<'c> {
    pub(super) metric: &'c str,
    /// Place of the first argument.
    pub(super) first: PosRange,
    pub(super) edge: RangeEdge,
    pub(super) notes: &'c mut Annotations,
}

impl Context<'_> {
    fn warn_mixed(&mut self) {
        let text = format!("encountered a mix of histograms and floats for metric name {:?}", self.metric);
        self.notes.warn(text, self.first);
    }

    fn warn_mixed_schemas(&mut self) {
        note_mixed_schemas(self.metric, self.first, self.notes);
    }

    fn warn_not_counter(&mut self) {
        self.notes.warn(format!("this native histogram metric is not a counter: {:?}", self.metric), self.first);
    }

    fn warn_not_gauge(&mut self) {
        self.notes.warn(format!("this native histogram metric is not a gauge: {:?}", self.metric), self.first);
    }

    fn info_ignored(&mut self) {
        let text = "ignored histograms in a range containing both floats and histograms for metric name";
        self.notes.info(format!("{text} {:?}", self.metric), self.first);
    }

    fn note_mismatch(&mut self, combined: Combined, operation: &str) {
        note_mismatch(combined, operation, self.notes, self.first);
    }
}

pub(super) fn note_mixed_schemas(metric: &str, range: PosRange, notes: &mut Annotations) {
    let text = "vector contains a mix of histograms with exponential and custom buckets schemas for metric name";
    notes.warn(format!("{text} {metric:?}"), range);
}

pub(super) fn note_mismatch(combined: Combined, operation: &str, notes: &mut Annotations, range: PosRange) {
    if combined.has_reconciled_bounds {
        notes.info(format!("mismatched custom buckets were reconciled during {operation}"), range);
    }
}

/// `anchored` and `smoothed` make sense with few functions.
pub(super) fn check_edge(id: FunctionId, edge: RangeEdge) -> Result<(), Error> {
    use FunctionId::{Changes, Delta, Increase, Rate, Resets};
    let (word, fits, names) = match edge {
        RangeEdge::Plain => return Ok(()),
        RangeEdge::Anchored => (
            "anchored",
            matches!(id, Resets | Changes | Rate | Increase | Delta),
            "changes, delta, increase, rate, resets",
        ),
        RangeEdge::Smoothed => ("smoothed", matches!(id, Rate | Increase | Delta), "delta, increase, rate"),
    };
    if fits {
        return Ok(());
    }
    let name =
        crate::functions::Function::all().iter().find(|function| function.id == id).map_or("", |found| found.name);
    Err(Error::execution(format!("{word} modifier can only be used with: {names} - not with {name}")))
}

pub(super) const fn uses_starts(id: FunctionId) -> bool {
    matches!(id, FunctionId::Rate | FunctionId::Irate | FunctionId::Increase | FunctionId::Resets)
}

/// Factors that must lie between 0 and 1.
pub(super) fn check_scalars(id: FunctionId, scalars: &[Vec<f64>]) -> Result<(), Error> {
    if id != FunctionId::DoubleExponentialSmoothing {
        return Ok(());
    }
    for (values, (name, letter)) in scalars.iter().zip([("smoothing", "sf"), ("trend", "tf")]) {
        if let Some(wrong) = values.iter().find(|value| **value <= 0.0 || **value >= 1.0) {
            let text = format!("invalid {name} factor. Expected: 0 < {letter} < 1, got: {wrong:.6}");
            return Err(Error::execution(text));
        }
    }
    Ok(())
}

/// Finds where a counter of floats was reset, once for all windows of a series. False where the function does not ask for it.
pub(super) fn find_resets(id: FunctionId, edge: RangeEdge, samples: Samples<'_>, out: &mut Vec<usize>) -> bool {
    out.clear();
    let is_plain_rate = matches!(id, FunctionId::Rate | FunctionId::Increase) && edge == RangeEdge::Plain;
    if !is_plain_rate || !samples.starts.is_empty() {
        return false;
    }
    let pairs = samples.values.iter().zip(samples.values.iter().skip(1)).enumerate();
    out.extend(pairs.filter(|(_, (before, after))| after < before).map(|(at, _)| at + 1));
    true
}

/// The names of counters end in a known way; others are probably no counters.
pub(super) fn check_counter(id: FunctionId, column: &Column, context: &mut Context<'_>) {
    let is_rate = matches!(id, FunctionId::Rate | FunctionId::Increase);
    let metric = context.metric;
    let is_named = ["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| metric.ends_with(suffix));
    if is_rate
        && !metric.is_empty()
        && !is_named
        && column.raw_floats().iter().any(|value| super::column::is_present(*value))
    {
        let text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:";
        context.notes.info(format!("{text} {metric:?}"), context.first);
    }
}

/// The function's value for a window that is not empty; none where it has none.
pub(super) fn apply(
    id: FunctionId,
    window: &Window<'_>,
    params: &[f64],
    context: &mut Context<'_>,
) -> Result<Option<Cell>, Error> {
    use FunctionId as F;
    let param = |at: usize| params.get(at).copied().unwrap_or(f64::NAN);
    Ok(match id {
        F::Rate => rate::rate(window, context, true, true),
        F::Increase => rate::rate(window, context, true, false),
        F::Delta => rate::rate(window, context, false, false),
        F::Irate => instant::instant(window, context, true),
        F::Idelta => instant::instant(window, context, false),
        F::Changes => change::changes(window, context),
        F::Resets => change::resets(window, context),
        F::Deriv => regression::deriv(window, context),
        F::PredictLinear => regression::predict(window, context, param(0)),
        F::DoubleExponentialSmoothing => regression::smoothing(window, context, param(0), param(1)),
        F::QuantileOverTime => basic::quantile(window, context, param(0)),
        _ => basic::apply(id, window, context),
    })
}
