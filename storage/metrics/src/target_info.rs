//! `target_info`: one series a resource, with what the resource says of itself.
//!
//! It is not stored: every resource whose series have points in the window has it, from its first to its last point there,
//! repeated so often that an instant selector always finds it.

use std::collections::BTreeMap;

use telltale_promql::{Error, Labels, Matcher, SeriesView};

use crate::cache::TABLES;
use crate::limits::TARGET_INFO_EVERY_MS;
use crate::meta::SeriesMeta;
use crate::samples::of_numbers;
use crate::select::{Window, milliseconds};
use crate::view::View;

/// The metric's name.
pub(crate) const NAME: &str = "target_info";

type Visit<'a> = &'a mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>;

/// Calls for every matching `target_info` with samples in the window.
pub(crate) fn visit(view: &View, matchers: &[Matcher], window: &Window, visit: Visit<'_>) -> Result<(), Error> {
    for (labels, times) in spans_of_targets(view, matchers, window)? {
        let times = samples(&times, window);
        if times.is_empty() {
            continue;
        }
        let values = vec![1.0; times.len()];
        visit(of_numbers(&labels, &times, &values))?;
    }
    Ok(())
}

/// Returns the targets that match, each with the times in which it had points.
pub(crate) fn spans_of_targets(
    view: &View,
    matchers: &[Matcher],
    window: &Window,
) -> Result<BTreeMap<Labels, Vec<(i64, i64)>>, Error> {
    let mut found: BTreeMap<Labels, Vec<(i64, i64)>> = BTreeMap::new();
    if !matchers.iter().filter(|matcher| matcher.name == telltale_promql::labels::NAME).all(|m| m.matches(NAME)) {
        return Ok(found);
    }
    let mut add = |series: &SeriesMeta, min_ns: i64, max_ns: i64| {
        let Some(labels) = &series.resource.target_info else { return };
        if series.family.is_prometheus || !window.overlaps_ns(min_ns, max_ns) {
            return;
        }
        let times = (milliseconds(min_ns), milliseconds(max_ns));
        match found.get_mut(labels) {
            Some(spans) => spans.push(times),
            None if matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) => {
                found.insert(labels.clone(), vec![times]);
            }
            None => {}
        }
    };
    for table in TABLES {
        for segment in view.snapshot.segments(table) {
            if window.overlaps_ns(segment.min_time(), segment.max_time()) {
                view.stop.check()?;
                let index = view.metrics.segment(segment)?;
                index.runs.iter().for_each(|run| add(&run.series, run.min_ns, run.max_ns));
            }
        }
        let batches = view.snapshot.batches(table);
        for index in view.metrics.batches(table, &batches)? {
            index.entries.iter().for_each(|entry| add(&entry.series, entry.min_ns, entry.max_ns));
        }
    }
    Ok(found)
}

/// Returns the times of samples: where points begin and end, and every so often between.
fn samples(spans: &[(i64, i64)], window: &Window) -> Vec<i64> {
    let mut times = Vec::new();
    for (first, last) in spans {
        let (first, last) = ((*first).max(window.start_ms), (*last).min(window.end_ms));
        if first > last {
            continue;
        }
        times.extend([first, last]);
        let mut next = (first.div_euclid(TARGET_INFO_EVERY_MS) + 1) * TARGET_INFO_EVERY_MS;
        while next < last {
            times.push(next);
            next += TARGET_INFO_EVERY_MS;
        }
    }
    times.sort_unstable();
    times.dedup();
    times
}
