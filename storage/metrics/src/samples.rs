//! Rows of one series as the samples of the Prometheus series that it is shown as.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, Float64Array, PrimitiveArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType, UInt32Type};
use telltale_prometheus::number::decimal;
use telltale_promql::labels::NAME;
use telltale_promql::{Error, Histogram, Label, Labels, SeriesView, stale_nan};
use telltale_storage::schema::{Table, col};

use crate::columns::numbers;
use crate::delta::{self, Point};
use crate::family::{Part, Temporality};
use crate::histogram::{self, Classic, NO_VALUE};
use crate::read::{Rows, Slice};
use crate::select::{Logical, Shown, Window, milliseconds, name_of};

type Visit<'a> = &'a mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>;

/// Calls for every Prometheus series with samples in the window.
pub(crate) fn visit(logical: &Logical, slices: &[Slice<'_>], window: &Window, visit: Visit<'_>) -> Result<(), Error> {
    let mut out = Output { logical, window, visit };
    let family = &logical.series.family;
    match family.table {
        Table::HistogramPoints if family.is_prometheus => {
            let points = points(slices, histogram::classic)?;
            let native = |point: &Classic| Some(point.native(family.temporality == Temporality::None));
            out.natives(&points.into_iter().map(|(time, _, point)| (time, point)).collect::<Vec<_>>(), native)
        }
        Table::HistogramPoints => out.classic(&totals(points(slices, histogram::classic)?, family.temporality)),
        Table::ExpHistogramPoints => {
            let points = totals(points(slices, histogram::exponential)?, family.temporality);
            out.natives(&points, |point| point.native(family.temporality == Temporality::None))
        }
        Table::SummaryPoints => out.summary(&points(slices, histogram::summary)?),
        _ => out.number(slices),
    }
}

/// Reads points, in the order of time, of those with the same time the one that arrived last.
fn points<T>(
    slices: &[Slice<'_>],
    read: impl Fn(&Slice<'_>, &mut Vec<Point<T>>) -> Result<(), Error>,
) -> Result<Vec<Point<T>>, Error> {
    let mut points = Vec::new();
    slices.iter().try_for_each(|slice| read(slice, &mut points))?;
    if !points.is_sorted_by(|left, right| left.0 < right.0) {
        // Stable: equal times keep the order of arrival, and the last one is kept.
        points.sort_by_key(|(time, ..)| *time);
        points.reverse();
        points.dedup_by_key(|(time, ..)| *time);
        points.reverse();
    }
    Ok(points)
}

/// Adds deltas up; everything else stays.
fn totals<T: delta::Sum>(points: Vec<Point<T>>, temporality: Temporality) -> Vec<(i64, Option<T>)> {
    match temporality {
        Temporality::Delta => delta::cumulative(points),
        _ => points.into_iter().map(|(time, _, point)| (time, point)).collect(),
    }
}

/// Samples of one series while they are gathered.
#[derive(Default)]
struct Column {
    times: Vec<i64>,
    values: Vec<f64>,
}

impl Column {
    fn push(&mut self, time: i64, value: f64) {
        self.times.push(time);
        self.values.push(value);
    }
}

/// A bound whose order is that of numbers.
#[derive(PartialEq)]
struct Bound(f64);

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Samples by bound, with the bounds of the last point.
#[derive(Default)]
struct Columns {
    by_bound: BTreeMap<Bound, Column>,
    current: Vec<f64>,
}

impl Columns {
    /// Adds a point's values; bounds that the one before had and this one has not end here.
    fn push(&mut self, time: i64, values: impl Iterator<Item = (f64, f64)>) {
        let mut bounds = Vec::with_capacity(self.current.len());
        for (bound, value) in values {
            self.by_bound.entry(Bound(bound)).or_default().push(time, value);
            bounds.push(bound);
        }
        if bounds != self.current {
            let gone: Vec<f64> = self.current.iter().copied().filter(|bound| !bounds.contains(bound)).collect();
            self.end(time, &gone);
            self.current = bounds;
        }
    }

    fn end_all(&mut self, time: i64) {
        let current = std::mem::take(&mut self.current);
        self.end(time, &current);
    }

    fn end(&mut self, time: i64, bounds: &[f64]) {
        for bound in bounds {
            if let Some(column) = self.by_bound.get_mut(&Bound(*bound)) {
                column.push(time, stale_nan());
            }
        }
    }
}

struct Output<'a, 'b> {
    logical: &'a Logical,
    window: &'a Window,
    visit: Visit<'b>,
}

impl Output<'_, '_> {
    fn number(&mut self, slices: &[Slice<'_>]) -> Result<(), Error> {
        let family = &self.logical.series.family;
        let column = if family.temporality == Temporality::Delta {
            let points = points(slices, read_numbers)?;
            let mut column = Column::default();
            for (time, value) in delta::cumulative(points) {
                column.push(time, value.unwrap_or_else(stale_nan));
            }
            column
        } else {
            sorted(read_column(slices)?)
        };
        for shown in self.shown(Part::Value) {
            self.emit(shown, None, &column)?;
        }
        Ok(())
    }

    fn classic(&mut self, points: &[(i64, Option<Classic>)]) -> Result<(), Error> {
        let (mut sums, mut counts, mut buckets) = (Column::default(), Column::default(), Columns::default());
        for (time, point) in points {
            let Some(point) = point else {
                sums.push(*time, stale_nan());
                counts.push(*time, stale_nan());
                buckets.end_all(*time);
                continue;
            };
            counts.push(*time, point.count as f64);
            if let Some(sum) = point.sum {
                sums.push(*time, sum);
            }
            let mut total = 0_u64;
            let below = point.bounds.iter().zip(&point.counts).map(|(bound, count)| {
                total = total.saturating_add(*count);
                (*bound, total as f64)
            });
            // A bound of infinity would be the last bucket's double.
            let below: Vec<_> = below.filter(|(bound, _)| bound.is_finite()).collect();
            buckets.push(*time, below.into_iter().chain([(f64::INFINITY, point.count as f64)]));
        }
        self.by_bound(Part::Buckets, &buckets)?;
        self.plain(Part::Sum, &sums)?;
        self.plain(Part::Count, &counts)
    }

    fn summary(&mut self, points: &[Point<histogram::Summary>]) -> Result<(), Error> {
        let (mut sums, mut counts, mut quantiles) = (Column::default(), Column::default(), Columns::default());
        for (time, _, point) in points {
            match point {
                Some((count, sum, values)) => {
                    counts.push(*time, *count as f64);
                    sums.push(*time, *sum);
                    quantiles.push(*time, values.iter().copied());
                }
                None => {
                    counts.push(*time, stale_nan());
                    sums.push(*time, stale_nan());
                    quantiles.end_all(*time);
                }
            }
        }
        self.by_bound(Part::Quantiles, &quantiles)?;
        self.plain(Part::Sum, &sums)?;
        self.plain(Part::Count, &counts)
    }

    fn natives<T>(
        &mut self,
        points: &[(i64, Option<T>)],
        native: impl Fn(&T) -> Option<Histogram>,
    ) -> Result<(), Error> {
        let (mut times, mut histograms) = (Vec::new(), Vec::new());
        for (time, point) in points.iter().filter(|(time, _)| self.window.contains(*time)) {
            let histogram = match point {
                Some(point) => native(point),
                None => Some(histogram::stale()),
            };
            if let Some(histogram) = histogram {
                times.push(*time);
                histograms.push(Arc::new(histogram));
            }
        }
        if times.is_empty() {
            return Ok(());
        }
        for shown in self.shown(Part::Native) {
            let labels = self.labels(shown, None);
            (self.visit)(SeriesView {
                labels: &labels,
                timestamps: &[],
                values: &[],
                start_timestamps: &[],
                histogram_timestamps: &times,
                histograms: &histograms,
                histogram_start_timestamps: &[],
            })?;
        }
        Ok(())
    }

    fn plain(&mut self, part: Part, column: &Column) -> Result<(), Error> {
        self.shown(part).into_iter().try_for_each(|shown| self.emit(shown, None, column))
    }

    fn by_bound(&mut self, part: Part, columns: &Columns) -> Result<(), Error> {
        for shown in self.shown(part) {
            for (Bound(bound), column) in &columns.by_bound {
                self.emit(shown, Some(decimal(*bound)), column)?;
            }
        }
        Ok(())
    }

    fn shown(&self, part: Part) -> Vec<Shown> {
        self.logical.shown.iter().copied().filter(|shown| shown.part == part).collect()
    }

    fn emit(&mut self, shown: Shown, bound: Option<String>, column: &Column) -> Result<(), Error> {
        let start = column.times.partition_point(|time| *time < self.window.start_ms);
        let end = column.times.partition_point(|time| *time <= self.window.end_ms);
        let (Some(timestamps), Some(values)) = (column.times.get(start..end), column.values.get(start..end)) else {
            return Ok(());
        };
        let fits = |bound: &str| {
            let own = self.logical.bound_matchers.iter();
            own.filter(|matcher| Some(matcher.name.as_str()) == shown.part.label())
                .all(|matcher| matcher.matches(bound))
        };
        if timestamps.is_empty() || bound.as_deref().is_some_and(|bound| !fits(bound)) {
            return Ok(());
        }
        let labels = self.labels(shown, bound);
        (self.visit)(of_numbers(&labels, timestamps, values))
    }

    fn labels(&self, shown: Shown, bound: Option<String>) -> Labels {
        series_labels(self.logical, shown, bound)
    }
}

/// A series of numbers alone. Start times are left out: PromQL's stable language does not read them.
pub(crate) const fn of_numbers<'a>(labels: &'a Labels, timestamps: &'a [i64], values: &'a [f64]) -> SeriesView<'a> {
    SeriesView {
        labels,
        timestamps,
        values,
        start_timestamps: &[],
        histogram_timestamps: &[],
        histograms: &[],
        histogram_start_timestamps: &[],
    }
}

/// Returns all labels of a Prometheus series.
pub(crate) fn series_labels(logical: &Logical, shown: Shown, bound: Option<String>) -> Labels {
    let series = &logical.series;
    let base = if shown.is_original { series.original_labels() } else { series.labels.clone() };
    let mut labels = base.as_slice().to_vec();
    labels.push(Label { name: NAME.into(), value: name_of(&series.family, shown).into() });
    if let (Some(name), Some(bound)) = (shown.part.label(), bound) {
        labels.push(Label { name: name.into(), value: bound.into() });
    }
    Labels::new(labels)
}

fn read_numbers(slice: &Slice<'_>, out: &mut Vec<Point<f64>>) -> Result<(), Error> {
    let floats = numbers::<Float64Type>(slice.batch, col::VALUE)?;
    let integers = numbers::<Int64Type>(slice.batch, col::VALUE_INT)?;
    for (row, time, start, has_value) in histogram::heads(slice)? {
        let value = histogram::number_value(floats, integers, row);
        if !has_value || value.is_some() {
            out.push((time, start, value.filter(|_| has_value)));
        }
    }
    Ok(())
}

fn read_column(slices: &[Slice<'_>]) -> Result<Column, Error> {
    let mut column = Column::default();
    for slice in slices {
        let times = numbers::<TimestampNanosecondType>(slice.batch, col::TIME_UNIX_NANO)?;
        let flags = numbers::<UInt32Type>(slice.batch, col::FLAGS)?;
        let floats = numbers::<Float64Type>(slice.batch, col::VALUE)?;
        let integers = numbers::<Int64Type>(slice.batch, col::VALUE_INT)?;
        if let Rows::Range(rows) = &slice.rows
            && let Some((times, values)) = plain_floats(rows, (times, flags, floats))
        {
            column.times.extend(times.iter().map(|time| milliseconds(*time)));
            column.values.extend_from_slice(values);
            continue;
        }
        slice.for_each(|row| {
            let value = match flags.value(row) & NO_VALUE {
                0 => histogram::number_value(floats, integers, row),
                _ => Some(stale_nan()),
            };
            // A point without a value and without that flag carries exemplars only.
            if let Some(value) = value {
                column.push(milliseconds(times.value(row)), value);
            }
        });
    }
    Ok(column)
}

type Floats<'a> = (&'a PrimitiveArray<TimestampNanosecondType>, &'a PrimitiveArray<UInt32Type>, &'a Float64Array);

/// Returns times and values of rows that are floats without exception, which nearly all are.
fn plain_floats<'a>(rows: &Range<usize>, (times, flags, floats): Floats<'a>) -> Option<(&'a [i64], &'a [f64])> {
    let has_all =
        floats.null_count() == 0 && flags.values().get(rows.clone())?.iter().all(|flags| flags & NO_VALUE == 0);
    if has_all { times.values().get(rows.clone()).zip(floats.values().get(rows.clone())) } else { None }
}

/// Returns samples in the order of time, of those with the same time the one that arrived last.
fn sorted(column: Column) -> Column {
    if column.times.is_sorted_by(|left, right| left < right) {
        return column;
    }
    let mut samples: Vec<(i64, f64)> = column.times.into_iter().zip(column.values).collect();
    samples.sort_by_key(|(time, _)| *time);
    samples.reverse();
    samples.dedup_by_key(|(time, _)| *time);
    samples.reverse();
    let (times, values) = samples.into_iter().unzip();
    Column { times, values }
}
