//! Functions over ranges: a window moves over the samples of one series after the other.

use std::sync::Arc;

use super::column::{Column, Row, Steps};
use super::eval::{Eval, Sink};
use super::over_time::{self, Context, Window};
use super::plan::Shift;
use crate::ast::{Call, Expr, ExprKind, MatrixSelector, PosRange, RangeEdge, ValueType};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::histogram::{CounterResetHint, Histogram};
use crate::labels::Labels;
use crate::source::SeriesView;
use crate::value::is_stale;

/// Whether a call gives one row for each row of a range vector.
pub(super) fn takes_range(call: &Call) -> bool {
    call.function.id != FunctionId::AbsentOverTime && call.function.args.contains(&ValueType::Matrix)
}

/// Where windows lie: from an evaluation time back over the range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    shift: Shift,
    range: i64,
    /// Samples this much before and behind the range are needed too.
    before: i64,
    after: i64,
}

impl Reach {
    const fn new(shift: Shift, range: i64, edge: RangeEdge, lookback: i64) -> Self {
        let (before, after) = match edge {
            RangeEdge::Plain => (0, 0),
            RangeEdge::Anchored => (lookback, 0),
            RangeEdge::Smoothed => (lookback, lookback),
        };
        Self { shift, range, before, after }
    }

    const fn bounds(self, end: i64) -> (i64, i64) {
        (end.saturating_sub(self.range).saturating_sub(self.before), end.saturating_add(self.after))
    }

    fn first_needed(self, steps: Steps) -> i64 {
        self.bounds(self.shift.apply(steps.start)).0.saturating_add(1)
    }

    fn last_needed(self, steps: Steps) -> i64 {
        self.bounds(self.shift.apply(steps.last())).1
    }
}

/// The samples of one series without the markers of its ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Samples<'v> {
    pub(super) times: &'v [i64],
    pub(super) values: &'v [f64],
    pub(super) starts: &'v [i64],
    pub(super) histogram_times: &'v [i64],
    pub(super) histograms: &'v [Arc<Histogram>],
    pub(super) histogram_starts: &'v [i64],
}

/// Room for a series whose markers had to be taken out.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    times: Vec<i64>,
    values: Vec<f64>,
    starts: Vec<i64>,
    histogram_times: Vec<i64>,
    histograms: Vec<Arc<Histogram>>,
    histogram_starts: Vec<i64>,
}

impl Scratch {
    pub(super) fn without_markers<'s>(&'s mut self, view: SeriesView<'s>) -> Samples<'s> {
        let mut samples = Samples {
            times: view.timestamps,
            values: view.values,
            starts: view.start_timestamps,
            histogram_times: view.histogram_timestamps,
            histograms: view.histograms,
            histogram_starts: view.histogram_start_timestamps,
        };
        if view.values.iter().any(|value| is_stale(*value)) {
            let kept = |at: &usize| view.values.get(*at).is_some_and(|value| !is_stale(*value));
            pick(&mut self.times, view.timestamps, kept);
            pick(&mut self.values, view.values, kept);
            pick(&mut self.starts, view.start_timestamps, kept);
            (samples.times, samples.values, samples.starts) = (&self.times, &self.values, &self.starts);
        }
        if view.histograms.iter().any(|histogram| histogram.is_stale()) {
            let kept = |at: &usize| view.histograms.get(*at).is_some_and(|histogram| !histogram.is_stale());
            pick(&mut self.histogram_times, view.histogram_timestamps, kept);
            pick(&mut self.histograms, view.histograms, kept);
            pick(&mut self.histogram_starts, view.histogram_start_timestamps, kept);
            samples.histogram_times = &self.histogram_times;
            samples.histograms = &self.histograms;
            samples.histogram_starts = &self.histogram_starts;
        }
        samples
    }
}

/// Histograms without buckets; what their buckets said about resets is kept as a hint.
fn totals_of(histograms: &[Arc<Histogram>], out: &mut Vec<Arc<Histogram>>) {
    let mut before: Option<&Arc<Histogram>> = None;
    for histogram in histograms {
        let hint = match (histogram.counter_reset_hint, before) {
            (CounterResetHint::Unknown, Some(before)) if histogram.is_reset_after(before) => {
                CounterResetHint::CounterReset
            }
            (CounterResetHint::Unknown, Some(_)) => CounterResetHint::NotCounterReset,
            (hint, _) => hint,
        };
        out.push(Arc::new(Histogram { counter_reset_hint: hint, ..totals(histogram) }));
        before = Some(histogram);
    }
}

/// Count and sum of a histogram.
pub(super) fn totals(histogram: &Histogram) -> Histogram {
    let Histogram { schema, counter_reset_hint, count, sum, .. } = *histogram;
    Histogram { schema, counter_reset_hint, count, sum, ..Histogram::default() }
}

fn pick<T: Clone>(out: &mut Vec<T>, from: &[T], kept: impl Fn(&usize) -> bool) {
    out.clear();
    out.extend(from.iter().enumerate().filter(|(at, _)| kept(at)).map(|(_, value)| value.clone()));
}

/// Takes the samples of one series after the other.
type Visit<'s, 'e> = dyn FnMut(&mut Eval<'e>, &Labels, bool, Samples<'_>, Reach) -> Result<(), Error> + 's;

impl<'e> Eval<'e> {
    pub(super) fn stream_range(&mut self, call: &Call, steps: Steps, sink: &mut Sink<'_, 'e>) -> Result<(), Error> {
        let id = call.function.id;
        let Some(arg) = call.args.iter().find(|arg| arg.value_type() == ValueType::Matrix) else {
            return Err(Error::execution("no range vector among the arguments"));
        };
        let edge = edge_of(arg.unwrapped());
        over_time::check_edge(id, edge)?;
        let mut scalars = Vec::new();
        for other in call.args.iter().filter(|other| other.value_type() == ValueType::Scalar) {
            scalars.push(self.scalar(other, steps)?);
        }
        over_time::check_scalars(id, &scalars)?;
        let first = call.args.first().map_or(PosRange::default(), |arg| arg.unwrapped().range);
        let uses_starts = self.uses_start_timestamps && over_time::uses_starts(id);
        let keeps_name = matches!(id, FunctionId::LastOverTime | FunctionId::FirstOverTime);
        let mut column = Column::default();
        let mut params = Vec::with_capacity(scalars.len());
        let mut resets = Vec::new();
        self.visit_ranges(arg, steps, &mut |eval, labels, drop_name, mut samples, reach| {
            if !uses_starts {
                (samples.starts, samples.histogram_starts) = (&[], &[]);
            }
            column.reset();
            let has_resets = over_time::find_resets(id, edge, samples, &mut resets);
            let mut context = Context { metric: labels.metric_name(), first, edge, notes: &mut eval.notes };
            let mut walk = Walk::default();
            for (at, time) in steps.times().enumerate() {
                let mut window = walk.window(samples, reach, time);
                if window.times.is_empty() && window.histogram_times.is_empty() {
                    continue;
                }
                if has_resets {
                    window.resets = Some(&resets);
                }
                params.clear();
                params.extend(scalars.iter().filter_map(|column| column.get(at)).copied());
                if let Some(cell) = over_time::apply(id, &window, &params, &mut context)? {
                    column.set(at, cell, steps.count);
                }
            }
            over_time::check_counter(id, &column, &mut context);
            if column.is_empty() { Ok(()) } else { sink(eval, labels, drop_name || !keeps_name, &mut column) }
        })
    }

    /// At which steps a range vector has a sample; stops as soon as that is known.
    pub(super) fn has_samples(&mut self, arg: &Expr, steps: Steps) -> Result<Vec<bool>, Error> {
        let mut found = vec![false; steps.count];
        self.visit_ranges(arg, steps, &mut |_, _, _, samples, reach| {
            let mut walk = Walk::default();
            for (found, time) in found.iter_mut().zip(steps.times()) {
                let window = walk.window(samples, reach, time);
                *found |= !window.times.is_empty() || !window.histogram_times.is_empty();
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn visit_ranges(&mut self, arg: &Expr, steps: Steps, visit: &mut Visit<'_, 'e>) -> Result<(), Error> {
        match &arg.kind {
            ExprKind::Paren(inner) => self.visit_ranges(inner, steps, visit),
            ExprKind::Matrix(matrix) => self.visit_selector(matrix, steps, visit),
            ExprKind::Subquery(subquery) => {
                let shift = self.query.shift(&subquery.shift)?;
                let range = self.query.millis(&subquery.range, false)?;
                let inner = self.subquery_steps(subquery, shift, range, steps)?;
                let before = self.held;
                // A reset may lie between samples that the subquery does not return: only buckets show it.
                let rows = self.with_buckets(|eval| eval.vector(&subquery.expr, inner))?;
                let reach = Reach::new(shift, range, RangeEdge::Plain, 0);
                for row in rows {
                    self.check_interrupt()?;
                    visit_row(self, row, inner, reach, visit)?;
                }
                self.held = before;
                Ok(())
            }
            _ => Err(Error::execution("expression is no range vector")),
        }
    }

    fn visit_selector(
        &mut self,
        matrix: &MatrixSelector,
        steps: Steps,
        visit: &mut Visit<'_, 'e>,
    ) -> Result<(), Error> {
        let shift = self.query.shift(&matrix.selector.shift)?;
        let range = self.query.millis(&matrix.range, false)?;
        let reach = Reach::new(shift, range, matrix.selector.edge, self.limits.lookback_ms);
        let matchers = self.matchers(&matrix.selector)?;
        let mut scratch = Scratch::default();
        self.select(&matchers, reach.first_needed(steps), reach.last_needed(steps), &mut |eval, view| {
            let mut samples = scratch.without_markers(view);
            let mut totals = Vec::new();
            if eval.is_totals_only() && !samples.histograms.is_empty() {
                totals_of(samples.histograms, &mut totals);
                samples.histograms = &totals;
            }
            visit(eval, view.labels, false, samples, reach)
        })
    }
}

/// The row of a subquery as samples.
fn visit_row<'e>(
    eval: &mut Eval<'e>,
    row: Row,
    steps: Steps,
    reach: Reach,
    visit: &mut Visit<'_, 'e>,
) -> Result<(), Error> {
    let (floats, histograms) = row.column.into_points(steps);
    let (times, values): (Vec<_>, Vec<_>) = floats.into_iter().unzip();
    // A reset between two samples may lie between other samples than the subquery returns: only comparing tells.
    let unknown = |histogram: Arc<Histogram>| match histogram.counter_reset_hint {
        CounterResetHint::CounterReset | CounterResetHint::NotCounterReset => {
            Arc::new(Histogram { counter_reset_hint: CounterResetHint::Unknown, ..(*histogram).clone() })
        }
        CounterResetHint::Unknown | CounterResetHint::Gauge => histogram,
    };
    let (histogram_times, histograms): (Vec<_>, Vec<_>) =
        histograms.into_iter().map(|(time, histogram)| (time, unknown(histogram))).unzip();
    let samples = Samples {
        times: &times,
        values: &values,
        histogram_times: &histogram_times,
        histograms: &histograms,
        ..Samples::default()
    };
    visit(eval, &row.labels, row.drop_name, samples, reach)
}

pub(super) const fn edge_of(arg: &Expr) -> RangeEdge {
    match &arg.kind {
        ExprKind::Matrix(matrix) => matrix.selector.edge,
        _ => RangeEdge::Plain,
    }
}

/// Where the window of the last step began and ended; times must not go back.
#[derive(Debug, Default)]
struct Walk {
    floats: (usize, usize),
    histograms: (usize, usize),
}

impl Walk {
    fn window<'v>(&mut self, samples: Samples<'v>, reach: Reach, time: i64) -> Window<'v> {
        let end = reach.shift.apply(time);
        let (above, up_to) = reach.bounds(end);
        let forward = |place: &mut (usize, usize), times: &[i64]| {
            while times.get(place.0).is_some_and(|at| *at <= above) {
                place.0 += 1;
            }
            place.1 = place.1.max(place.0);
            while times.get(place.1).is_some_and(|at| *at <= up_to) {
                place.1 += 1;
            }
            place.0..place.1
        };
        let floats = forward(&mut self.floats, samples.times);
        let histograms = forward(&mut self.histograms, samples.histogram_times);
        Window {
            time,
            start: end.saturating_sub(reach.range),
            end,
            range: reach.range,
            first: floats.start,
            times: samples.times.get(floats.clone()).unwrap_or_default(),
            values: samples.values.get(floats.clone()).unwrap_or_default(),
            starts: samples.starts.get(floats).unwrap_or_default(),
            histogram_times: samples.histogram_times.get(histograms.clone()).unwrap_or_default(),
            histograms: samples.histograms.get(histograms.clone()).unwrap_or_default(),
            histogram_starts: samples.histogram_starts.get(histograms).unwrap_or_default(),
            resets: None,
        }
    }
}
