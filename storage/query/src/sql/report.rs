//! What a query read: for the reader who wonders why it took long.

use std::sync::atomic::Ordering;
use std::time::Instant;

use arrow::array::{Array, RecordBatch};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};

use crate::table::ScanCounters;

/// What was read for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueryReport {
    /// Segments of the tables that the query names, counted for each scan.
    pub segments_total: u64,
    /// Of these, left out by time range, key range, bloom filter or full-text index.
    pub segments_pruned: u64,
    /// Row groups that statistics could not rule out.
    pub row_groups_read: u64,
    /// Bytes read from segments.
    pub bytes_read: u64,
    /// Rows taken from memory.
    pub memtable_rows: u64,
    /// Milliseconds since the question was asked, waiting and planning included.
    pub elapsed_ms: u64,
}

/// Gathers the report of a plan that has run.
pub(super) fn of(plan: &dyn ExecutionPlan, counters: &ScanCounters, started: Instant) -> QueryReport {
    let mut report = QueryReport {
        segments_total: counters.segments_total.load(Ordering::Relaxed),
        segments_pruned: counters.segments_pruned.load(Ordering::Relaxed),
        memtable_rows: counters.memtable_rows.load(Ordering::Relaxed),
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        ..QueryReport::default()
    };
    add(plan, &mut report);
    report
}

fn add(plan: &dyn ExecutionPlan, report: &mut QueryReport) {
    if let Some(metrics) = plan.metrics() {
        report.bytes_read += sum(&metrics, "bytes_scanned");
        report.row_groups_read += matched(&metrics, "row_groups_pruned_statistics");
    }
    for child in plan.children() {
        add(child.as_ref(), report);
    }
}

fn sum(metrics: &MetricsSet, name: &str) -> u64 {
    metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64)
}

fn matched(metrics: &MetricsSet, name: &str) -> u64 {
    let values = metrics.iter().filter(|metric| metric.value().name() == name);
    let matched = values.map(|metric| match metric.value() {
        MetricValue::PruningMetrics { pruning_metrics, .. } => pruning_metrics.matched() as u64,
        _ => 0,
    });
    matched.sum()
}

/// Returns the bytes that a batch's rows take, without what it shares with a larger one that it was cut from.
pub(super) fn batch_bytes(batch: &RecordBatch) -> usize {
    let sizes = batch.columns().iter().map(|column| {
        let data = column.to_data();
        data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size())
    });
    sizes.sum()
}
