//! The figures of a run as a Markdown table and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::load::{Plan, Sent};
use super::queries::Asked;
use super::rest::Rested;

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
    /// What became of the log records sent beside.
    pub logs: Option<Sent>,
    /// Log records that a query counts, when some were sent beside.
    pub logs_stored: u64,
    /// Load average of the machine before.
    pub load_average: f64,
    /// What prost takes for a span of 472 bytes on this machine before, in nanoseconds.
    pub yardstick_ns: f64,
    /// Processor time that the host gave to others meanwhile, in percent.
    pub steal_percent: f64,
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
    /// Sorted times of looking up traces that are not there, after the flush.
    pub misses: Vec<Duration>,
    /// Questions that were asked after the flush.
    pub asked: Vec<Asked>,
    /// The store once compaction had nothing left to do, when that was asked for.
    pub rested: Option<Rested>,
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

fn pair(sorted: &[Duration]) -> String {
    match (millis(sorted, 0.5), millis(sorted, 0.99)) {
        (Some(p50), Some(p99)) => format!("{p50:.2} / {p99:.2}"),
        _ => "–".to_owned(),
    }
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
        let logs = self.logs.as_ref().is_none_or(|logs| logs.accepted == self.logs_stored && logs.failed == 0);
        logs && self.stored == self.sent.accepted && self.sent.failed == 0 && self.never_visible == 0
    }

    fn per_million(&self, value: f64) -> f64 {
        value / (self.sent.accepted as f64 / 1e6)
    }

    /// Returns the row with the names of its figures.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let plan = &self.plan;
        let machine = json!({
            "load_average_before": self.load_average,
            "steal_percent": self.steal_percent,
            "yardstick_ns": self.yardstick_ns.round(),
        });
        json!({
            "machine": machine,
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
            "logs_beside_accepted": self.logs.as_ref().map(|logs| logs.accepted),
            "logs_beside_ack_p99_ms": self.logs.as_ref().and_then(|logs| millis(&logs.acks, 0.99)),
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
            "trace_by_absent_id_p50_ms": millis(&self.misses, 0.5),
            "trace_by_absent_id_p99_ms": millis(&self.misses, 0.99),
            "questions": self.asked.iter().map(question).collect::<Vec<_>>(),
            "compacted": self.rested.as_ref().map(|rested| self.rested_json(rested)),
        })
    }

    fn rested_json(&self, rested: &Rested) -> Value {
        json!({
            "cpu_seconds_per_million": self.per_million(rested.cpu_seconds),
            "disk_bytes_per_million": self.per_million(rested.disk_bytes as f64).round(),
            "disk_bytes": rested.disk_bytes,
            "trace_by_id_p50_ms": millis(&rested.lookups, 0.5),
            "trace_by_id_p99_ms": millis(&rested.lookups, 0.99),
            "trace_by_absent_id_p50_ms": millis(&rested.misses, 0.5),
            "trace_by_absent_id_p99_ms": millis(&rested.misses, 0.99),
            "ready_after_kill_ms": rested.ready.as_secs_f64() * 1e3,
            "first_trace_by_id_ms": millis(rested.first.as_slice(), 1.0),
        })
    }
}

fn question(asked: &Asked) -> Value {
    json!({
        "question": asked.name,
        "rows": asked.rows,
        "p50_ms": millis(&asked.times, 0.5),
        "p99_ms": millis(&asked.times, 0.99),
    })
}

/// Returns, for each plan, the pass whose throughput is the median of all its passes, with the throughput of all.
///
/// `rows` holds whole passes one after the other: every plan once a pass, always in the same order.
#[must_use]
pub fn medians(rows: Vec<Row>, passes: usize) -> Vec<(Row, Vec<f64>)> {
    let plans = rows.len() / passes.max(1);
    let mut of_plan: Vec<Vec<Row>> = (0..plans).map(|_| Vec::new()).collect();
    for (index, row) in rows.into_iter().enumerate() {
        of_plan[index % plans].push(row);
    }
    let median = |mut passes: Vec<Row>| {
        let all = passes.iter().map(Row::items_per_second).collect();
        passes.sort_by(|a, b| a.items_per_second().total_cmp(&b.items_per_second()));
        (passes.swap_remove(passes.len() / 2), all)
    };
    of_plan.into_iter().map(median).collect()
}

/// Returns the questions of all rows as a Markdown table; empty without questions.
#[must_use]
pub fn questions_markdown(rows: &[(Row, Vec<f64>)]) -> String {
    asked_markdown(rows.iter().flat_map(|(row, _)| row.asked.iter().map(|asked| (asked, row.sent.accepted))))
}

/// Returns what became of the stores when compaction had nothing left to do, as a Markdown table; empty when none was asked.
#[must_use]
pub fn rested_markdown(rows: &[(Row, Vec<f64>)]) -> String {
    let mut out = String::new();
    for (row, rested) in rows.iter().filter_map(|(row, _)| Some((row, row.rested.as_ref()?))) {
        if out.is_empty() {
            out.push_str(
                "\n| compacted | items | CPU s per million | disk MB per million | GB | trace by id p50 / p99 ms | absent id | \
                 ready ms after kill -9 | first trace ms |\n|---|---|---|---|---|---|---|---|---|\n",
            );
        }
        let _infallible = writeln!(
            out,
            "| {:?} | {} | {:.2} | {:.1} | {:.2} | {} | {} | {:.0} | {:.1} |",
            row.plan.shape,
            row.sent.accepted,
            row.per_million(rested.cpu_seconds),
            row.per_million(rested.disk_bytes as f64) / 1e6,
            rested.disk_bytes as f64 / 1e9,
            pair(&rested.lookups),
            pair(&rested.misses),
            rested.ready.as_secs_f64() * 1e3,
            millis(rested.first.as_slice(), 1.0).unwrap_or(f64::NAN),
        );
    }
    out
}

/// Returns questions, each with the number of items that were there, as a Markdown table; empty without any.
pub fn asked_markdown<'a>(asked: impl Iterator<Item = (&'a Asked, u64)>) -> String {
    let mut out = String::new();
    for (asked, items) in asked {
        if out.is_empty() {
            out.push_str("\n| question | items | rows | p50 / p99 ms |\n|---|---|---|---|\n");
        }
        let [p50, p99] = [0.5, 0.99].map(|share| millis(&asked.times, share).unwrap_or(f64::NAN));
        let _infallible = writeln!(out, "| {} | {items} | {} | {p50:.2} / {p99:.2} |", asked.name, asked.rows);
    }
    out
}

/// Returns the rows as a Markdown table.
#[must_use]
pub fn markdown(rows: &[(Row, Vec<f64>)]) -> String {
    let mut out = String::from(
        "| shape | way | batch × conns | ack | items/s | ack p50 / p99 ms | visible p50 / p99 ms | CPU s per million: \
         at ack / flushed | idle / peak RSS MB | disk MB per million | trace by id p50 / p99 ms: before / after flush | \
         absent id | ready ms | load / steal % / yardstick ns | whole |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (row, passes) in rows {
        let plan = &row.plan;
        let speeds = match passes.as_slice() {
            [one] => format!("{one:.0}"),
            all => format!(
                "{:.0} ({})",
                row.items_per_second(),
                all.iter().map(|one| format!("{one:.0}")).collect::<Vec<_>>().join(", ")
            ),
        };
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let _infallible = writeln!(
            out,
            "| {:?} {} B | {:?} {:?} | {} × {} | {} | {} | {} | {} | {:.2} / {:.2} | {:.0} / {:.0} | {:.1} | {}; {} | {} | {:.0} | {:.1} / {:.1} / {:.0} | {} |",
            plan.shape,
            row.item_bytes,
            plan.protocol,
            plan.encoding,
            plan.batch,
            plan.connections,
            row.ack,
            speeds,
            pair(&row.sent.acks),
            pair(&row.visible),
            row.per_million(row.cpu_at_ack),
            row.per_million(row.cpu_with_flush),
            megabytes(row.idle_rss_bytes),
            megabytes(row.peak_rss_bytes),
            row.per_million(megabytes(row.disk_bytes)),
            pair(&row.lookups),
            pair(&row.lookups_after_flush),
            pair(&row.misses),
            row.ready_ms,
            row.load_average,
            row.steal_percent,
            row.yardstick_ns,
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
