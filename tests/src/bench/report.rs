//! The figures of a run as a Markdown table and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::load::{Plan, Sent};

/// One measurement.
#[derive(Debug)]
pub struct Row {
    /// What was sent.
    pub plan: Plan,
    /// When requests were acknowledged.
    pub ack: String,
    /// Bytes of an item before compression.
    pub item_bytes: usize,
    /// What the load showed.
    pub sent: Sent,
    /// Items that a query counts after the load.
    pub stored: u64,
    /// Load average of the machine before.
    pub load_average: f64,
    /// Median time from start to the ready line, in milliseconds.
    pub ready_ms: f64,
    /// Memory of the idle server.
    pub idle_rss_bytes: u64,
    /// Memory at its highest.
    pub peak_rss_bytes: u64,
    /// CPU seconds of the server up to the last acknowledgement.
    pub cpu_at_ack: f64,
    /// CPU seconds of the server up to the end of the flush, the look-ups before it included.
    pub cpu_with_flush: f64,
    /// Bytes on the disk after the flush, write-ahead log and indexes included.
    pub disk_bytes: u64,
    /// Sorted times from acknowledgement to the complete trace.
    pub visible: Vec<Duration>,
    /// Probes that saw no complete trace within their deadline.
    pub never_visible: u64,
    /// Sorted times of traces by id, from memory and segments.
    pub lookups: Vec<Duration>,
    /// The same after the flush.
    pub lookups_after_flush: Vec<Duration>,
}

/// Returns the quantile of a sorted list: the smallest value that at least this share does not exceed.
#[must_use]
pub fn quantile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

fn millis(sorted: &[Duration], share: f64) -> Option<f64> {
    quantile(sorted, share).map(|duration| (duration.as_secs_f64() * 1e6).round() / 1e3)
}

impl Row {
    /// Returns acknowledged items a second.
    #[must_use]
    pub fn items_per_second(&self) -> f64 {
        self.sent.accepted as f64 / self.sent.elapsed.as_secs_f64()
    }

    /// Whether everything that was acknowledged is there, once.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.stored == self.sent.accepted && self.sent.failed == 0 && self.never_visible == 0
    }

    fn per_million(&self, value: f64) -> f64 {
        value / (self.sent.accepted as f64 / 1e6)
    }

    /// Returns the row with the names of its figures.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let plan = &self.plan;
        json!({
            "shape": format!("{:?}", plan.shape).to_lowercase(),
            "protocol": format!("{:?}", plan.protocol).to_lowercase(),
            "encoding": format!("{:?}", plan.encoding).to_lowercase(),
            "ack": self.ack,
            "item_bytes": self.item_bytes,
            "batch": plan.batch,
            "connections": plan.connections,
            "rate": plan.rate,
            "seed": plan.seed,
            "items_accepted": self.sent.accepted,
            "items_rejected": self.sent.rejected,
            "items_counted_by_query": self.stored,
            "requests_busy": self.sent.busy,
            "requests_failed": self.sent.failed,
            "first_failure": self.sent.reason,
            "items_per_second": self.items_per_second().round(),
            "ack_p50_ms": millis(&self.sent.acks, 0.5),
            "ack_p99_ms": millis(&self.sent.acks, 0.99),
            "ack_p999_ms": millis(&self.sent.acks, 0.999),
            "visible_p50_ms": millis(&self.visible, 0.5),
            "visible_p99_ms": millis(&self.visible, 0.99),
            "visible_probes": self.visible.len(),
            "never_visible": self.never_visible,
            "cpu_seconds_per_million_at_ack": self.per_million(self.cpu_at_ack),
            "cpu_seconds_per_million_with_flush": self.per_million(self.cpu_with_flush),
            "idle_rss_bytes": self.idle_rss_bytes,
            "peak_rss_bytes": self.peak_rss_bytes,
            "disk_bytes_per_million": self.per_million(self.disk_bytes as f64).round(),
            "trace_by_id_p50_ms": millis(&self.lookups, 0.5),
            "trace_by_id_p99_ms": millis(&self.lookups, 0.99),
            "trace_by_id_after_flush_p50_ms": millis(&self.lookups_after_flush, 0.5),
            "trace_by_id_after_flush_p99_ms": millis(&self.lookups_after_flush, 0.99),
            "ready_ms": self.ready_ms,
            "load_average_before": self.load_average,
        })
    }
}

/// Returns the rows as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| shape | way | batch × conns | ack | items/s | ack p50 / p99 ms | visible p50 / p99 ms | CPU s per million: \
         at ack / flushed | idle / peak RSS MB | disk MB per million | trace by id p50 / p99 ms: before / after flush | \
         ready ms | whole |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let plan = &row.plan;
        let pair = |times: &[Duration]| match (millis(times, 0.5), millis(times, 0.99)) {
            (Some(p50), Some(p99)) => format!("{p50:.2} / {p99:.2}"),
            _ => "–".to_owned(),
        };
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let _infallible = writeln!(
            out,
            "| {:?} {} B | {:?} {:?} | {} × {} | {} | {:.0} | {} | {} | {:.2} / {:.2} | {:.0} / {:.0} | {:.1} | {}; {} | {:.0} | {} |",
            plan.shape,
            row.item_bytes,
            plan.protocol,
            plan.encoding,
            plan.batch,
            plan.connections,
            row.ack,
            row.items_per_second(),
            pair(&row.sent.acks),
            pair(&row.visible),
            row.per_million(row.cpu_at_ack),
            row.per_million(row.cpu_with_flush),
            megabytes(row.idle_rss_bytes),
            megabytes(row.peak_rss_bytes),
            row.per_million(megabytes(row.disk_bytes)),
            pair(&row.lookups),
            pair(&row.lookups_after_flush),
            row.ready_ms,
            if row.is_whole() { "yes" } else { "NO" },
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_of_the_list() {
        let list: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&list, 0.5), Some(Duration::from_millis(50)));
        assert_eq!(quantile(&list, 0.99), Some(Duration::from_millis(99)));
        assert_eq!(quantile(&list, 1.0), Some(Duration::from_millis(100)));
        assert_eq!(quantile(&list[..1], 0.0), Some(Duration::from_millis(1)));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
