//! Series of metrics with what their points come to.
//!
//! Gauges and up-down counters: the latest value. Counters: deltas added up; cumulative ones have their latest value, for
//! each start time, since a restarted process counts anew. Histograms and summaries in the same way, by their count.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array as _, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, UInt64Type};
use telltale_signals::observed::{MetricKind, Series, attributes};
use telltale_storage::encode::{EncodeError, PointColumns};
use telltale_storage::schema::{Table, col};

use super::resources::Resources;
use crate::http::view::attribute_rows;

/// OTLP's `AGGREGATION_TEMPORALITY_DELTA`.
const DELTA: i32 = 1;

/// A series and its points so far.
#[derive(Debug)]
struct Building {
    series: Series,
    deltas: f64,
    /// Of each start time, the latest time and its value.
    latest: BTreeMap<u64, (u64, f64)>,
}

/// The series so far, by their id.
#[derive(Debug, Default)]
pub(super) struct SeriesBuilder {
    by_id: HashMap<Vec<u8>, Building>,
}

/// What a point brings.
struct Point {
    kind: MetricKind,
    temporality: i32,
    value: f64,
}

impl SeriesBuilder {
    /// Adds the points of a batch.
    pub(super) fn read(
        &mut self,
        table: Table,
        batch: &RecordBatch,
        resources: &mut Resources<'_>,
    ) -> Result<(), EncodeError> {
        let points = PointColumns::new(batch)?;
        for row in 0..points.len() {
            if resources.of_row(points.tail(), row).is_none() {
                continue;
            }
            let Some(point) = point(table, batch, row) else { continue };
            let id = points.series_id(row);
            if !self.by_id.contains_key(id) {
                let series = Series {
                    name: points.name(row).to_owned(),
                    unit: points.unit(row).to_owned(),
                    kind: point.kind,
                    service: points.tail().service_name(row).unwrap_or_default().to_owned(),
                    labels: attributes(&attribute_rows(points.tail().attributes(row))),
                    value: 0.0,
                };
                let building = Building { series, deltas: 0.0, latest: BTreeMap::new() };
                self.by_id.insert(id.to_owned(), building);
            }
            let Some(building) = self.by_id.get_mut(id) else { continue };
            if point.temporality == DELTA {
                building.deltas += point.value;
                continue;
            }
            let start = if counts(point.kind) { points.start_time_unix_nano(row).0 } else { 0 };
            let time = points.time_unix_nano(row).0;
            let latest = building.latest.entry(start).or_insert((time, point.value));
            if time >= latest.0 {
                *latest = (time, point.value);
            }
        }
        Ok(())
    }

    /// Returns the series by name, service and labels.
    pub(super) fn finish(self) -> Vec<Series> {
        let total = |building: Building| {
            let value = building.deltas + building.latest.values().map(|(_, value)| value).sum::<f64>();
            Series { value, ..building.series }
        };
        let mut series: Vec<Series> = self.by_id.into_values().map(total).collect();
        series.sort_by(|a, b| (&a.name, &a.service, &a.labels).cmp(&(&b.name, &b.service, &b.labels)));
        series
    }
}

const fn counts(kind: MetricKind) -> bool {
    matches!(kind, MetricKind::Counter | MetricKind::Histogram | MetricKind::Summary)
}

/// Reads the columns that the kinds of points have each for themselves; `None` for a point without a value.
fn point(table: Table, batch: &RecordBatch, row: usize) -> Option<Point> {
    let column = |name: &str| batch.column_by_name(name).filter(|column| column.is_valid(row));
    let temporality = column(col::AGGREGATION_TEMPORALITY)
        .and_then(|column| column.as_primitive_opt::<Int32Type>())
        .map_or(0, |column| column.value(row));
    if table == Table::Points {
        let is_sum = column(col::METRIC_TYPE)?.as_string_opt::<i32>()?.value(row) == "sum";
        let is_monotonic = column(col::IS_MONOTONIC)
            .and_then(|column| column.as_boolean_opt())
            .is_some_and(|column| column.value(row));
        let double = column(col::VALUE).and_then(|column| column.as_primitive_opt::<Float64Type>());
        let int = column(col::VALUE_INT).and_then(|column| column.as_primitive_opt::<Int64Type>());
        let value = double.map(|column| column.value(row)).or_else(|| int.map(|column| column.value(row) as f64))?;
        let kind = match (is_sum, is_monotonic) {
            (false, _) => MetricKind::Gauge,
            (true, true) => MetricKind::Counter,
            (true, false) => MetricKind::UpDownCounter,
        };
        return Some(Point { kind, temporality, value });
    }
    let count = column(col::COUNT)?.as_primitive_opt::<UInt64Type>()?.value(row);
    let kind = if table == Table::SummaryPoints { MetricKind::Summary } else { MetricKind::Histogram };
    Some(Point { kind, temporality, value: count as f64 })
}
