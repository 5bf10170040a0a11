//! Instant selectors: the newest sample of each series that is not older than the lookback.

use std::sync::Arc;

use super::column::{Cell, Column, Steps, is_present};
use super::eval::{Eval, Sink};
use super::plan::Shift;
use crate::ast::{PosRange, RangeEdge, VectorSelector};
use crate::error::Error;
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::math::millis_f64;
use crate::source::{Selection, SeriesView};

/// What of a sample is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Value,
    /// Its time in seconds.
    Timestamp,
    /// When it began to count, in seconds.
    StartTimestamp,
}

/// The newest sample at a time.
pub(super) struct Newest<'v> {
    pub(super) time: i64,
    pub(super) start_time: i64,
    pub(super) value: NewestValue<'v>,
}

pub(super) enum NewestValue<'v> {
    Float(f64),
    Histogram(&'v Arc<Histogram>),
}

/// Walks forward through a series.
pub(super) struct Cursor<'v> {
    view: SeriesView<'v>,
    floats: usize,
    histograms: usize,
}

impl<'v> Cursor<'v> {
    pub(super) const fn new(view: SeriesView<'v>) -> Self {
        Self { view, floats: 0, histograms: 0 }
    }

    /// The newest sample at or before a time and less than the lookback before it, unless it ends the series. Times must not go back.
    pub(super) fn newest(&mut self, time: i64, lookback: i64) -> Option<Newest<'v>> {
        let view = &self.view;
        while view.timestamps.get(self.floats).is_some_and(|at| *at <= time) {
            self.floats += 1;
        }
        while view.histogram_timestamps.get(self.histograms).is_some_and(|at| *at <= time) {
            self.histograms += 1;
        }
        let of = |times: &[i64], behind: usize| behind.checked_sub(1).and_then(|at| Some((at, *times.get(at)?)));
        let float = of(view.timestamps, self.floats);
        let histogram = of(view.histogram_timestamps, self.histograms);
        let oldest = time.saturating_sub(lookback);
        let start = |starts: &[i64], at: usize| starts.get(at).copied().unwrap_or_default();
        match (float, histogram) {
            (Some((at, found)), other) if other.is_none_or(|(_, later)| later <= found) => {
                let value = *view.values.get(at)?;
                (found > oldest && is_present(value)).then(|| Newest {
                    time: found,
                    start_time: start(view.start_timestamps, at),
                    value: NewestValue::Float(value),
                })
            }
            (_, Some((at, found))) => {
                let value = view.histograms.get(at)?;
                (found > oldest && !value.is_stale()).then(|| Newest {
                    time: found,
                    start_time: start(view.histogram_start_timestamps, at),
                    value: NewestValue::Histogram(value),
                })
            }
            _ => None,
        }
    }
}

impl<'e> Eval<'e> {
    pub(super) fn stream_selector(
        &mut self,
        selector: &VectorSelector,
        range: PosRange,
        steps: Steps,
        sink: &mut Sink<'_, 'e>,
    ) -> Result<(), Error> {
        if selector.edge == RangeEdge::Smoothed {
            return self.stream_smoothed(selector, range, steps, sink);
        }
        self.stream_newest(selector, steps, Wanted::Value, sink)
    }

    pub(super) fn stream_newest(
        &mut self,
        selector: &VectorSelector,
        steps: Steps,
        wanted: Wanted,
        sink: &mut Sink<'_, 'e>,
    ) -> Result<(), Error> {
        let shift = self.query.shift(&selector.shift)?;
        let lookback = self.limits.lookback_ms;
        let mut column = Column::default();
        let first = shift.apply(steps.start).saturating_sub(lookback).saturating_add(1);
        let matchers = self.matchers(selector)?;
        self.select(&matchers, first, shift.apply(steps.last()), &mut |eval, view| {
            column.reset();
            fill_newest(view, shift, steps, lookback, wanted, &mut column);
            if eval.is_totals_only() {
                for (_, histogram) in column.histograms_mut() {
                    *histogram = Arc::new(super::range::totals(histogram));
                }
            }
            if column.is_empty() { Ok(()) } else { sink(eval, view.labels, false, &mut column) }
        })
    }

    pub(super) fn matchers(&self, selector: &VectorSelector) -> Result<Vec<Matcher>, Error> {
        selector.matchers().map_err(|(_, text)| Error::bad_data(text))
    }

    /// Visits every series that matches and has a sample in the time.
    pub(super) fn select(
        &mut self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        visit: &mut dyn FnMut(&mut Self, SeriesView<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let source = self.source;
        let selection = Selection { matchers, start_ms, end_ms, by: None };
        let mut series = 0usize;
        let most = self.limits.series_max;
        let report = source.select(&selection, &mut |view| {
            self.check_interrupt()?;
            series += 1;
            if series > most {
                return Err(Error::execution(format!("a selector matches more than {most} series: select fewer")));
            }
            self.series_read += 1;
            let samples = view.timestamps.len() + view.histogram_timestamps.len();
            self.samples_read += u64::try_from(samples).unwrap_or_default();
            visit(self, view)
        })?;
        self.report(report);
        Ok(())
    }

    /// The rows of a selector with what is wanted of its samples.
    pub(super) fn newest_rows(
        &mut self,
        selector: &VectorSelector,
        steps: Steps,
        wanted: Wanted,
    ) -> Result<Vec<(Labels, Column)>, Error> {
        let mut rows = Vec::new();
        self.stream_newest(selector, steps, wanted, &mut |eval, labels, _, column| {
            let column = std::mem::take(column);
            eval.hold(column.weight())?;
            rows.push((labels.clone(), column));
            Ok(())
        })?;
        Ok(rows)
    }
}

fn fill_newest(view: SeriesView<'_>, shift: Shift, steps: Steps, lookback: i64, wanted: Wanted, column: &mut Column) {
    let mut cursor = Cursor::new(view);
    for (at, time) in steps.times().enumerate() {
        let Some(newest) = cursor.newest(shift.apply(time), lookback) else { continue };
        let cell = match (wanted, newest.value) {
            (Wanted::Timestamp, _) => Cell::Float(millis_f64(newest.time) / 1000.0),
            (Wanted::StartTimestamp, _) => Cell::Float(millis_f64(newest.start_time) / 1000.0),
            (Wanted::Value, NewestValue::Float(value)) => Cell::Float(value),
            (Wanted::Value, NewestValue::Histogram(value)) => Cell::Histogram(Arc::clone(value)),
        };
        column.set(at, cell, steps.count);
    }
}
