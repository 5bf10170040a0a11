//! Loading series into memory, as Prometheus's storage would hand them out again.

use std::collections::BTreeMap;
use std::sync::Arc;

use telltale_promql::histogram::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint};
use telltale_promql::{Histogram, Labels, LabelsBuilder};

use super::command::Load;
use super::notation::Item;
use crate::memory::{Columns, Memory};

/// Adds the series of a `load`.
pub(crate) fn load(memory: &mut Memory, load: &Load) {
    for (place, (labels, items, starts)) in load.series.iter().enumerate() {
        // A series that is written twice in one load is that of the last line.
        if load.series.iter().skip(place + 1).any(|(other, ..)| other == labels) {
            continue;
        }
        for (at, item) in (0i64..).zip(items) {
            let time = at * load.step_ms;
            let offset = starts.as_ref().and_then(|starts| starts.get(usize::try_from(at).unwrap()).copied().flatten());
            append(memory, labels, time, item, offset.map_or(0, |offset| time + offset));
        }
    }
    if load.with_custom_buckets {
        for (labels, histograms) in custom_buckets(load) {
            for (time, histogram) in histograms {
                append(memory, &labels, time, &Item::Histogram(Box::new(histogram), false), 0);
            }
        }
    }
}

fn append(memory: &mut Memory, labels: &Labels, time: i64, item: &Item, start: i64) {
    if matches!(item, Item::Omitted) {
        return;
    }
    let columns = memory.series.entry(labels.clone()).or_default();
    if time <= columns.last_time() {
        return;
    }
    match item {
        Item::Omitted => {}
        Item::Float(value) => {
            columns.timestamps.push(time);
            columns.values.push(*value);
            columns.starts.push(start);
        }
        Item::Histogram(histogram, _) => {
            let mut histogram = (**histogram).clone();
            histogram.counter_reset_hint = stored_hint(columns, &histogram);
            columns.histogram_timestamps.push(time);
            columns.histograms.push(Arc::new(histogram));
            columns.histogram_starts.push(start);
        }
    }
}

/// What Prometheus's storage says about resets: the first histogram of a chunk is unknown or a reset, the others are none. A chunk ends
/// at a reset, at a change of layout, and where floats come between.
fn stored_hint(columns: &Columns, histogram: &Histogram) -> CounterResetHint {
    use CounterResetHint::{CounterReset, Gauge, NotCounterReset, Unknown};
    if histogram.counter_reset_hint == Gauge {
        return Gauge;
    }
    if histogram.counter_reset_hint == CounterReset {
        return CounterReset;
    }
    let Some(last) = columns.histograms.last() else { return Unknown };
    let float_between = columns.timestamps.last() > columns.histogram_timestamps.last();
    if float_between || last.counter_reset_hint == Gauge || last.is_stale() {
        return Unknown;
    }
    if histogram.is_stale() {
        return NotCounterReset;
    }
    let plain = |histogram: &Histogram| Histogram { counter_reset_hint: Unknown, ..histogram.clone() };
    let same_layout = histogram.schema == last.schema
        && histogram.zero_threshold == last.zero_threshold
        && histogram.custom_values == last.custom_values;
    if histogram.count < last.count || (same_layout && plain(histogram).is_reset_after(&plain(last))) {
        return CounterReset;
    }
    if same_layout { NotCounterReset } else { Unknown }
}

/// A classic histogram at one time.
#[derive(Default)]
struct Classic {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// Native histograms with custom buckets out of `_bucket`, `_count` and `_sum`.
fn custom_buckets(load: &Load) -> BTreeMap<Labels, BTreeMap<i64, Histogram>> {
    let mut gathered: BTreeMap<Labels, BTreeMap<i64, Classic>> = BTreeMap::new();
    for (labels, items, _) in &load.series {
        let name = labels.metric_name();
        let Some((base, suffix)) = ["_bucket", "_count", "_sum"]
            .into_iter()
            .find_map(|suffix| name.strip_suffix(suffix).map(|base| (base, suffix)))
        else {
            continue;
        };
        let bound = labels.get("le").trim_start_matches('+').parse::<f64>().ok().filter(|bound| !bound.is_nan());
        if suffix == "_bucket" && bound.is_none() {
            continue;
        }
        let mut builder = LabelsBuilder::new(labels);
        builder.set("__name__", base).remove("le");
        let histograms = gathered.entry(builder.build()).or_default();
        for (at, item) in (0i64..).zip(items) {
            let Item::Float(value) = item else { continue };
            let classic = histograms.entry(at * load.step_ms).or_default();
            match (suffix, bound) {
                ("_bucket", Some(bound)) => classic.buckets.push((bound, *value)),
                ("_count", _) => classic.count = Some(*value),
                _ => classic.sum = *value,
            }
        }
    }
    let converted =
        |histograms: BTreeMap<i64, Classic>| histograms.into_iter().map(|(time, classic)| (time, convert(classic)));
    gathered.into_iter().map(|(labels, histograms)| (labels, converted(histograms).collect())).collect()
}

fn convert(mut classic: Classic) -> Histogram {
    classic.buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
    let count = classic.count.unwrap_or_else(|| classic.buckets.last().map_or(0.0, |last| last.1));
    if classic.buckets.last().is_none_or(|last| last.0 != f64::INFINITY) {
        classic.buckets.push((f64::INFINITY, count));
    }
    let mut before = 0.0;
    let mut positive = Vec::new();
    for (index, (_, cumulative)) in (0..).zip(&classic.buckets) {
        positive.push((index, cumulative - before));
        before = *cumulative;
    }
    let custom_values = classic.buckets.iter().map(|bucket| bucket.0).filter(|bound| bound.is_finite()).collect();
    Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count,
        sum: classic.sum,
        positive,
        custom_values,
        ..Histogram::default()
    }
}
