//! Metrics made from spans when a question is answered: rate, errors and durations of every operation, and the edges of the service
//! graph, under the names of Tempo's generator and of the Collector's connector.
//!
//! Nothing is stored and nothing is counted at ingest: what a segment's spans add up to is found out once and kept, rows in memory are
//! added up each time, so that a restart, a late span or a lost process changes nothing. Counters restart at 00:00 UTC, as delta does
//! (docs/decisions/0006-derived-metrics-are-made-from-spans.md). A selector reads spans only when its name asks for one of these.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use telltale_promql::labels::NAME;
use telltale_promql::{Error, Label, Labels, Matcher, SeriesView};
use telltale_storage::Segment;
use telltale_storage::schema::Table;

use crate::delta::{self, day_start_ms};
use crate::exemplars::QueryExemplar;
use crate::limits::{GRAPH_SPANS_AT_ONCE, GRAPH_WAIT_MS};
use crate::samples::of_numbers;
use crate::select::Window;
use crate::view::View;

mod graph;
pub(crate) mod halves;
mod names;
pub(crate) mod stats;

use halves::{Halves, Share};
use names::{METRICS, Metric, Part};
use stats::{Cell, SLOT_MS, SpanStats, Totals};

/// How often a counter that does not change is repeated.
const REPEAT_MS: i64 = 60_000;
/// How long it is, before the series pauses.
const IDLE_MS: i64 = 15 * 60_000;

type Visit<'a> = &'a mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>;

/// Calls for every derived series that matches and has samples in the window.
pub(crate) fn visit(view: &View, matchers: &[Matcher], window: &Window, visit: Visit<'_>) -> Result<(), Error> {
    for_each(view, matchers, window, &mut |labels, points, _| {
        let (times, values) = samples(points, window);
        if times.is_empty() { Ok(()) } else { visit(of_numbers(labels, &times, &values)) }
    })
}

/// Returns the derived series that match, without samples.
pub(crate) fn series(view: &View, matchers: &[Matcher], window: &Window) -> Result<Vec<Labels>, Error> {
    let mut found = Vec::new();
    visit(view, matchers, window, &mut |series| {
        found.push(series.labels.clone());
        Ok(())
    })?;
    Ok(found)
}

/// Returns the names of derived metrics for lists, when there are spans in the window.
pub(crate) fn names(view: &View, matchers: &[Matcher], window: &Window) -> Vec<&'static str> {
    let has_spans = !view.snapshot.batches(Table::Spans).is_empty()
        || view.snapshot.segments(Table::Spans).any(|one| window.overlaps_ns(one.min_time(), one.max_time()));
    let asked = |metric: &&Metric| matchers.iter().all(|matcher| matcher.name == NAME && matcher.matches(metric.name));
    if has_spans { METRICS.iter().filter(asked).map(|metric| metric.name).collect() } else { Vec::new() }
}

/// Calls with the slowest span of each series and slot.
pub(crate) fn exemplars(
    view: &View,
    matchers: &[Matcher],
    window: &Window,
    add: &mut dyn FnMut(&Labels, QueryExemplar),
) -> Result<(), Error> {
    for_each(view, matchers, window, &mut |labels, _, exemplars| {
        for exemplar in exemplars.iter().filter(|exemplar| window.contains(exemplar.timestamp_ms)) {
            add(labels, exemplar.clone());
        }
        Ok(())
    })
}

type Points = Vec<delta::Point<f64>>;
type Each<'a> = &'a mut dyn FnMut(&Labels, Points, &[QueryExemplar]) -> Result<(), Error>;

fn for_each(view: &View, matchers: &[Matcher], window: &Window, call: Each<'_>) -> Result<(), Error> {
    let by_name: Vec<&Matcher> = matchers.iter().filter(|matcher| matcher.name == NAME).collect();
    let asked: Vec<&Metric> =
        METRICS.iter().filter(|metric| by_name.iter().all(|matcher| matcher.matches(metric.name))).collect();
    // A selector that names nothing is about what was sent.
    if by_name.is_empty() || asked.is_empty() {
        return Ok(());
    }
    let stats = gather(view, window, &asked)?;
    for metric in asked {
        view.stop.check()?;
        for (key, slots) in &stats {
            let Some(labels) = metric.labels(key) else { continue };
            let fits = |matcher: &&Matcher| matcher.name == "le" || matcher.matches(labels.get(&matcher.name));
            if !matchers.iter().filter(fits).count().eq(&matchers.len()) {
                continue;
            }
            each_series(metric, &labels, slots, matchers, call)?;
        }
    }
    Ok(())
}

fn each_series(
    metric: &Metric,
    labels: &Labels,
    slots: &BTreeMap<i64, Cell>,
    matchers: &[Matcher],
    call: Each<'_>,
) -> Result<(), Error> {
    let points = |value: &dyn Fn(&Cell) -> f64| -> Points {
        let point = |(slot, cell): (&i64, &Cell)| (slot * SLOT_MS, (slot - 1) * SLOT_MS, Some(value(cell)));
        slots.iter().map(point).collect()
    };
    let exemplar = |cell: &Cell| cell.exemplar(metric.unit_ns);
    if metric.part != Part::Bucket {
        if !matchers.iter().filter(|matcher| matcher.name == "le").all(Matcher::matches_empty) {
            return Ok(());
        }
        let value = |cell: &Cell| match metric.part {
            Part::Failed => cell.failed as f64,
            Part::Sum => cell.sum_ns / metric.unit_ns,
            _ => cell.count as f64,
        };
        let exemplars: Vec<_> = slots.values().filter_map(exemplar).collect();
        return call(labels, points(&value), &exemplars);
    }
    for (at, bound) in metric.bounds.iter().copied().chain([f64::INFINITY]).enumerate() {
        let le = telltale_prometheus::number::decimal(bound);
        if !matchers.iter().filter(|matcher| matcher.name == "le").all(|matcher| matcher.matches(&le)) {
            continue;
        }
        let below = metric.bounds.get(at.wrapping_sub(1)).copied().unwrap_or(f64::NEG_INFINITY);
        let exemplars: Vec<_> =
            slots.values().filter_map(exemplar).filter(|one| below < one.value && one.value <= bound).collect();
        let mut all = labels.as_slice().to_vec();
        all.push(Label { name: "le".into(), value: le.into() });
        call(&Labels::new(all), points(&|cell| cell.at_most(bound * metric.unit_ns) as f64), &exemplars)?;
    }
    Ok(())
}

/// Adds up what the days of the window have, as far as these metrics need it.
fn gather(view: &View, window: &Window, asked: &[&Metric]) -> Result<Totals, Error> {
    let start_ms = day_start_ms(window.start_ms);
    let mut all = Totals::new();
    if asked.iter().any(|metric| !metric.is_of_graph()) {
        // Spans are found by their start and count at their end: long ones began before.
        let reading = Window::of(start_ms - stats::LONG_MS, window.end_ms);
        for segment in segments(view, &reading) {
            view.stop.check()?;
            view.metrics.span_stats(segment)?.add_to(&mut all);
        }
        for batch in view.snapshot.batches(Table::Spans) {
            view.stop.check()?;
            SpanStats::of(&batch)?.add_to(&mut all);
        }
    }
    if asked.iter().any(|metric| metric.is_of_graph()) {
        // The other side of a request may be as much later, in a segment of its own.
        let reading = Window::of(start_ms - stats::LONG_MS, window.end_ms.saturating_add(stats::LONG_MS));
        add_requests(view, &reading, GRAPH_SPANS_AT_ONCE, &mut all)?;
    }
    for slots in all.values_mut() {
        slots.retain(|slot, _| slot * SLOT_MS > start_ms && (slot - 1) * SLOT_MS <= window.end_ms);
    }
    all.retain(|_, slots| !slots.is_empty());
    Ok(all)
}

fn segments<'a>(view: &'a View, reading: &'a Window) -> impl Iterator<Item = &'a Arc<Segment>> {
    view.snapshot.segments(Table::Spans).filter(|segment| reading.overlaps_ns(segment.min_time(), segment.max_time()))
}

/// Joins the halves of requests, in as many passes as the bound of spans asks for.
pub(crate) fn add_requests(view: &View, reading: &Window, spans_at_once: u64, all: &mut Totals) -> Result<(), Error> {
    let batches: Vec<RecordBatch> = view.snapshot.batches(Table::Spans);
    let rows = segments(view, reading).map(|segment| segment.rows()).sum::<u64>()
        + batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
    let settled_ms = view.now_ms - GRAPH_WAIT_MS;
    for share in Share::of(rows.div_ceil(spans_at_once)) {
        let mut parts: Vec<Arc<Halves>> = Vec::new();
        for segment in segments(view, reading) {
            view.stop.check()?;
            parts.push(match share.is_all() {
                true => view.metrics.halves(segment)?,
                false => Arc::new(Halves::read(segment, share)?),
            });
        }
        for batch in &batches {
            view.stop.check()?;
            parts.push(Arc::new(Halves::of(batch, share)?));
        }
        graph::resolve(&parts, settled_ms, all);
    }
    Ok(())
}

/// Returns the samples of a counter in the window, repeated while nothing happens.
fn samples(points: Points, window: &Window) -> (Vec<i64>, Vec<f64>) {
    let counted = delta::cumulative(points);
    let (mut times, mut values) = (Vec::new(), Vec::new());
    let mut add = |time: i64, value: f64| {
        if window.contains(time) {
            times.push(time);
            values.push(value);
        }
    };
    for (at, (time, value)) in counted.iter().enumerate() {
        let value = value.unwrap_or(0.0);
        add(*time, value);
        let next = counted.get(at + 1).map_or(i64::MAX, |(next, _)| *next);
        let mut repeat = time + REPEAT_MS;
        while repeat < next && repeat <= time + IDLE_MS && repeat <= window.end_ms {
            add(repeat, value);
            repeat += REPEAT_MS;
        }
    }
    (times, values)
}
