//! Rows and columns: a series with one cell a step.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::value::{STALE_NAN_BITS, SampleValue};

/// The times of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// First time in milliseconds.
    pub(super) start: i64,
    /// Milliseconds between two times; above zero.
    pub(super) step: i64,
    /// How many.
    pub(super) count: usize,
}

impl Steps {
    pub(super) const fn one(time: i64) -> Self {
        Self { start: time, step: 1, count: 1 }
    }

    /// Time of a step.
    pub(super) fn time(self, at: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(i64::try_from(at).unwrap_or(i64::MAX)))
    }

    pub(super) fn last(self) -> i64 {
        self.time(self.count.saturating_sub(1))
    }

    pub(super) fn times(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |at| self.time(at))
    }
}

/// A cell without a sample. The staleness marker is never a value of an evaluation, so it can say so.
pub(super) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

pub(super) const fn is_present(value: f64) -> bool {
    value.to_bits() != STALE_NAN_BITS
}

/// What is in a cell.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Float(f64),
    Histogram(Arc<Histogram>),
}

/// One cell a step. Each side is empty until something of its kind comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    floats: Vec<f64>,
    histograms: Vec<Option<Arc<Histogram>>>,
}

impl Column {
    pub(super) const fn of_floats(floats: Vec<f64>) -> Self {
        Self { floats, histograms: Vec::new() }
    }

    pub(super) fn float(&self, at: usize) -> Option<f64> {
        self.floats.get(at).copied().filter(|value| is_present(*value))
    }

    pub(super) fn histogram(&self, at: usize) -> Option<&Arc<Histogram>> {
        self.histograms.get(at).and_then(Option::as_ref)
    }

    pub(super) fn cell(&self, at: usize) -> Option<Cell> {
        match self.float(at) {
            Some(value) => Some(Cell::Float(value)),
            None => self.histogram(at).map(|histogram| Cell::Histogram(Arc::clone(histogram))),
        }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.float(at).is_some() || self.histogram(at).is_some()
    }

    pub(super) fn set_float(&mut self, at: usize, value: f64, count: usize) {
        if self.floats.is_empty() {
            self.floats.resize(count, ABSENT);
        }
        if let Some(cell) = self.floats.get_mut(at) {
            // A computed NaN must not look like an absent cell.
            *cell = if is_present(value) { value } else { f64::NAN };
        }
    }

    pub(super) fn set_histogram(&mut self, at: usize, value: Arc<Histogram>, count: usize) {
        if self.histograms.is_empty() {
            self.histograms.resize(count, None);
        }
        if let Some(cell) = self.histograms.get_mut(at) {
            *cell = Some(value);
        }
    }

    pub(super) fn set(&mut self, at: usize, value: Cell, count: usize) {
        match value {
            Cell::Float(value) => self.set_float(at, value, count),
            Cell::Histogram(value) => self.set_histogram(at, value, count),
        }
    }

    pub(super) fn set_absent(&mut self, at: usize) {
        if let Some(cell) = self.floats.get_mut(at) {
            *cell = ABSENT;
        }
        if let Some(cell) = self.histograms.get_mut(at) {
            *cell = None;
        }
    }

    /// Every float with its step, to be changed; absent cells are skipped.
    pub(super) fn floats_mut(&mut self) -> impl Iterator<Item = (usize, &mut f64)> {
        self.floats.iter_mut().enumerate().filter(|(_, value)| is_present(**value))
    }

    pub(super) fn histograms_mut(&mut self) -> impl Iterator<Item = (usize, &mut Arc<Histogram>)> {
        self.histograms.iter_mut().enumerate().filter_map(|(at, value)| value.as_mut().map(|value| (at, value)))
    }

    /// The floats side as it is: absent cells included, empty when there never was one.
    pub(super) fn raw_floats(&self) -> &[f64] {
        &self.floats
    }

    pub(super) const fn has_histograms(&self) -> bool {
        !self.histograms.is_empty()
    }

    pub(super) fn clear_histograms(&mut self) {
        self.histograms = Vec::new();
    }

    /// Makes every cell absent; the memory is kept for the next series.
    pub(super) fn reset(&mut self) {
        self.floats.fill(ABSENT);
        self.histograms = Vec::new();
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.floats.iter().any(|value| is_present(*value)) && !self.histograms.iter().any(Option::is_some)
    }

    /// Memory in units of a float sample.
    pub(super) fn weight(&self) -> usize {
        let histograms: usize = self.histograms.iter().flatten().map(|histogram| histogram.weight()).sum();
        self.floats.len() + histograms
    }

    /// The one cell of an evaluation at one time, at every step of another.
    pub(super) fn broadcast(&self, count: usize) -> Self {
        let mut out = Self::default();
        if let Some(value) = self.float(0) {
            out.floats = vec![value; count];
        } else if let Some(value) = self.histogram(0) {
            out.histograms = vec![Some(Arc::clone(value)); count];
        }
        out
    }

    pub(super) fn take_first(self) -> Option<SampleValue> {
        match self.float(0) {
            Some(value) => Some(SampleValue::Float(value)),
            None => self.histograms.into_iter().next().flatten().map(SampleValue::Histogram),
        }
    }

    #[expect(clippy::type_complexity, reason = "the two kinds of points of a series")]
    pub(super) fn into_points(self, steps: Steps) -> (Vec<(i64, f64)>, Vec<(i64, Arc<Histogram>)>) {
        let floats = self.floats.into_iter().enumerate().filter(|(_, value)| is_present(*value));
        let histograms = self.histograms.into_iter().enumerate().filter_map(|(at, value)| Some((at, value?)));
        (
            floats.map(|(at, value)| (steps.time(at), value)).collect(),
            histograms.map(|(at, value)| (steps.time(at), value)).collect(),
        )
    }
}

/// A series under evaluation.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) labels: Labels,
    /// Whether the name of the metric is to be dropped at the end: until then `label_replace` and groupings can read it.
    pub(super) drop_name: bool,
    pub(super) column: Column,
}

/// Labels that describe the metric itself.
pub(super) fn is_metadata(name: &str) -> bool {
    matches!(name, crate::labels::NAME | "__type__" | "__unit__")
}

pub(super) fn without_metadata(labels: &Labels) -> Labels {
    labels.filter(|name| !is_metadata(name))
}

impl Row {
    pub(super) fn final_labels(&self) -> Labels {
        if self.drop_name { without_metadata(&self.labels) } else { self.labels.clone() }
    }
}
