//! Aggregations that need one small state for each group and step.

use std::sync::Arc;

use crate::annotations::Annotations;
use crate::ast::PosRange;
use crate::engine::column::{Column, Row};
use crate::engine::over_time::{note_mismatch, note_mixed_schemas};
use crate::error::Error;
use crate::histogram::{
    Combined, CompensatedHistogram, CounterResetHint, Histogram, HistogramMean, IncompatibleBuckets,
};
use crate::labels::Labels;
use crate::math::{Mean, Sum};

/// How numbers are folded.
pub(super) trait Fold {
    /// What is kept for a group at a step.
    type State: Copy;

    /// What happens with histograms.
    const HISTOGRAMS: Histograms;

    fn first(value: f64) -> Self::State;
    fn add(state: &mut Self::State, value: f64);
    fn finish(state: Self::State) -> f64;
}

/// What an aggregation does with native histograms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Histograms {
    Sum,
    Mean,
    /// They count like any sample.
    Counted,
    /// They are left out, with a note that names the aggregation.
    Ignored(&'static str),
}

pub(super) struct Summing;
pub(super) struct Averaging;
pub(super) struct Minimum;
pub(super) struct Maximum;
pub(super) struct Counting;
pub(super) struct Grouped;
pub(super) struct Variance;
pub(super) struct Deviation;

impl Fold for Summing {
    type State = Sum;
    const HISTOGRAMS: Histograms = Histograms::Sum;
    fn first(value: f64) -> Sum {
        Sum::of(value)
    }
    fn add(state: &mut Sum, value: f64) {
        state.add(value);
    }
    fn finish(state: Sum) -> f64 {
        state.value()
    }
}

impl Fold for Averaging {
    type State = Mean;
    const HISTOGRAMS: Histograms = Histograms::Mean;
    fn first(value: f64) -> Mean {
        Mean::of(value)
    }
    fn add(state: &mut Mean, value: f64) {
        state.add(value);
    }
    fn finish(state: Mean) -> f64 {
        state.value()
    }
}

impl Fold for Minimum {
    type State = f64;
    const HISTOGRAMS: Histograms = Histograms::Ignored("min");
    fn first(value: f64) -> f64 {
        value
    }
    fn add(state: &mut f64, value: f64) {
        if *state > value || state.is_nan() {
            *state = value;
        }
    }
    fn finish(state: f64) -> f64 {
        state
    }
}

impl Fold for Maximum {
    type State = f64;
    const HISTOGRAMS: Histograms = Histograms::Ignored("max");
    fn first(value: f64) -> f64 {
        value
    }
    fn add(state: &mut f64, value: f64) {
        if *state < value || state.is_nan() {
            *state = value;
        }
    }
    fn finish(state: f64) -> f64 {
        state
    }
}

impl Fold for Counting {
    type State = f64;
    const HISTOGRAMS: Histograms = Histograms::Counted;
    fn first(_: f64) -> f64 {
        1.0
    }
    fn add(state: &mut f64, _: f64) {
        *state += 1.0;
    }
    fn finish(state: f64) -> f64 {
        state
    }
}

impl Fold for Grouped {
    type State = ();
    const HISTOGRAMS: Histograms = Histograms::Counted;
    fn first(_: f64) {}
    fn add(_: &mut (), _: f64) {}
    fn finish((): ()) -> f64 {
        1.0
    }
}

/// Welford's algorithm.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    const fn of(value: f64) -> Self {
        Self { count: 1.0, mean: value, squares: if value.is_finite() { 0.0 } else { f64::NAN } }
    }

    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }
}

impl Fold for Variance {
    type State = Moments;
    const HISTOGRAMS: Histograms = Histograms::Ignored("stdvar");
    fn first(value: f64) -> Moments {
        Moments::of(value)
    }
    fn add(state: &mut Moments, value: f64) {
        state.add(value);
    }
    fn finish(state: Moments) -> f64 {
        state.squares / state.count
    }
}

impl Fold for Deviation {
    type State = Moments;
    const HISTOGRAMS: Histograms = Histograms::Ignored("stddev");
    fn first(value: f64) -> Moments {
        Moments::of(value)
    }
    fn add(state: &mut Moments, value: f64) {
        state.add(value);
    }
    fn finish(state: Moments) -> f64 {
        (state.squares / state.count).sqrt()
    }
}

/// Histograms of a group at a step.
struct HistogramState {
    running: Running,
    was_reset: bool,
    was_not_reset: bool,
    is_incompatible: bool,
}

enum Running {
    Sum(CompensatedHistogram),
    Mean(HistogramMean),
}

impl HistogramState {
    fn of(histogram: &Histogram, is_mean: bool) -> Self {
        let running = if is_mean {
            Running::Mean(HistogramMean::of(histogram))
        } else {
            Running::Sum(CompensatedHistogram::of(histogram))
        };
        let mut state = Self { running, was_reset: false, was_not_reset: false, is_incompatible: false };
        state.note_hint(histogram);
        state
    }

    fn note_hint(&mut self, histogram: &Histogram) {
        self.was_reset |= histogram.counter_reset_hint == CounterResetHint::CounterReset;
        self.was_not_reset |= histogram.counter_reset_hint == CounterResetHint::NotCounterReset;
    }

    fn add(&mut self, histogram: &Histogram) -> Result<Combined, IncompatibleBuckets> {
        self.note_hint(histogram);
        match &mut self.running {
            Running::Sum(sum) => sum.add(histogram),
            Running::Mean(mean) => mean.add(histogram),
        }
    }
}

/// A group: its labels, and a state for each step.
pub(super) struct Group<F: Fold> {
    labels: Labels,
    drop_name: bool,
    states: Vec<Option<F::State>>,
    histograms: Vec<Option<Box<HistogramState>>>,
}

impl<F: Fold> Group<F> {
    /// Memory of a step in units of a float sample.
    pub(super) const WEIGHT: usize = size_of::<Option<F::State>>().div_ceil(16);

    pub(super) fn new(labels: Labels, steps: usize) -> Self {
        Self { labels, drop_name: false, states: vec![None; steps], histograms: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn add(
        &mut self,
        labels: &Labels,
        drop_name: bool,
        column: &mut Column,
        place: PosRange,
        notes: &mut Annotations,
    ) -> Result<(), Error> {
        self.drop_name |= drop_name;
        for (state, value) in self.states.iter_mut().zip(column.raw_floats()) {
            if !crate::engine::column::is_present(*value) {
                continue;
            }
            match state {
                Some(state) => F::add(state, *value),
                None => *state = Some(F::first(*value)),
            }
        }
        if column.has_histograms() {
            self.add_histograms(labels, column, place, notes);
        }
        Ok(())
    }

    fn add_histograms(&mut self, labels: &Labels, column: &mut Column, place: PosRange, notes: &mut Annotations) {
        let steps = self.states.len();
        for (at, histogram) in column.histograms_mut() {
            match F::HISTOGRAMS {
                Histograms::Ignored(name) => notes.info(format!("ignored histogram in {name} aggregation"), place),
                Histograms::Counted => match self.states.get_mut(at) {
                    Some(Some(state)) => F::add(state, 0.0),
                    Some(state) => *state = Some(F::first(0.0)),
                    None => {}
                },
                Histograms::Sum | Histograms::Mean => {
                    if self.histograms.is_empty() {
                        self.histograms.resize_with(steps, || None);
                    }
                    let Some(cell) = self.histograms.get_mut(at) else { continue };
                    let Some(state) = cell else {
                        let is_mean = F::HISTOGRAMS == Histograms::Mean;
                        *cell = Some(Box::new(HistogramState::of(histogram, is_mean)));
                        continue;
                    };
                    if state.is_incompatible {
                        continue;
                    }
                    match state.add(histogram) {
                        Ok(combined) => note_mismatch(combined, "aggregation", notes, place),
                        Err(IncompatibleBuckets) => {
                            note_mixed_schemas(labels.metric_name(), place, notes);
                            state.is_incompatible = true;
                        }
                    }
                }
            }
        }
    }

    /// The row of the group; none when it has no samples.
    pub(super) fn finish(self, place: PosRange, notes: &mut Annotations) -> Option<Row> {
        let mut column = Column::default();
        let steps = self.states.len();
        let mut histograms = self.histograms.into_iter();
        for (at, state) in self.states.into_iter().enumerate() {
            match (state, histograms.next().flatten()) {
                (Some(_), Some(_)) => {
                    notes.warn("encountered a mix of histograms and floats for aggregation", place);
                }
                (Some(state), None) => column.set_float(at, F::finish(state), steps),
                (None, Some(found)) if !found.is_incompatible => {
                    if found.was_reset && found.was_not_reset {
                        notes.warn("conflicting counter resets during histogram aggregation", place);
                    }
                    let value = match &found.running {
                        Running::Sum(sum) => sum.value(),
                        Running::Mean(mean) => mean.value(),
                    };
                    column.set_histogram(at, Arc::new(value), steps);
                }
                _ => {}
            }
        }
        (!column.is_empty()).then_some(Row { labels: self.labels, drop_name: self.drop_name, column })
    }
}
