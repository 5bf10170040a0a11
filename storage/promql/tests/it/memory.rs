//! A store of series in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use telltale_promql::{Error, Histogram, Labels, SelectReport, Selection, SeriesView, Source};

/// The samples of one series, in columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) timestamps: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) starts: Vec<i64>,
    pub(crate) histogram_timestamps: Vec<i64>,
    pub(crate) histograms: Vec<Arc<Histogram>>,
    pub(crate) histogram_starts: Vec<i64>,
}

/// Series by labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) series: BTreeMap<Labels, Columns>,
}

impl Columns {
    pub(crate) fn last_time(&self) -> i64 {
        let last = self.timestamps.last().max(self.histogram_timestamps.last());
        last.copied().unwrap_or(i64::MIN)
    }
}

impl Source for Memory {
    fn select(
        &self,
        selection: &Selection<'_>,
        visit: &mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>,
    ) -> Result<SelectReport, Error> {
        for (labels, columns) in &self.series {
            if !selection.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) {
                continue;
            }
            let part = |times: &[i64]| {
                let from = times.partition_point(|time| *time < selection.start_ms);
                let to = times.partition_point(|time| *time <= selection.end_ms);
                from..to.max(from)
            };
            let (floats, histograms) = (part(&columns.timestamps), part(&columns.histogram_timestamps));
            if floats.is_empty() && histograms.is_empty() {
                continue;
            }
            visit(SeriesView {
                labels,
                timestamps: &columns.timestamps[floats.clone()],
                values: &columns.values[floats.clone()],
                start_timestamps: columns.starts.get(floats).unwrap_or_default(),
                histogram_timestamps: &columns.histogram_timestamps[histograms.clone()],
                histograms: &columns.histograms[histograms.clone()],
                histogram_start_timestamps: columns.histogram_starts.get(histograms).unwrap_or_default(),
            })?;
        }
        Ok(SelectReport::default())
    }
}
