//! Prometheus text, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::PoisonError;
use std::time::Duration;

use telltale_storage::Status;

use super::{DURATION_BOUNDS_S, Kind, Metric, Series, Telemetry};

/// The media type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text under construction: the lines of each metric, so that a metric's series stand together.
#[derive(Debug, Default)]
pub(super) struct Page {
    lines: BTreeMap<Metric, String>,
}

impl Page {
    /// Adds one number.
    pub(super) fn number(&mut self, metric: Metric, labels: &[&str], value: f64) {
        let lines = self.lines.entry(metric).or_default();
        line(lines, &metric.prometheus_name(), metric, labels, None, value);
    }

    /// Adds one histogram: counts by bucket (the last has no bound) and the sum.
    pub(super) fn durations(&mut self, metric: Metric, labels: &[&str], bounds: &[f64], counts: &[u64], sum: Duration) {
        let lines = self.lines.entry(metric).or_default();
        let name = metric.prometheus_name();
        let bucket = format!("{name}_bucket");
        let mut total = 0;
        let mut bounds = bounds.iter();
        for count in counts {
            total += count;
            let bound = bounds.next().map_or_else(|| "+Inf".to_owned(), ToString::to_string);
            line(lines, &bucket, metric, labels, Some(&bound), total as f64);
        }
        line(lines, &format!("{name}_sum"), metric, labels, None, sum.as_secs_f64());
        line(lines, &format!("{name}_count"), metric, labels, None, total as f64);
    }

    /// Writes everything out; a metric without a series yet has its help and type all the same.
    fn finish(mut self) -> String {
        let mut out = String::new();
        for metric in Metric::ALL {
            let name = metric.prometheus_name();
            let kind = match metric.kind() {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Durations => "histogram",
            };
            out.push_str(&format!("# HELP {name} {}\n# TYPE {name} {kind}\n", metric.help()));
            out.push_str(&self.lines.remove(metric).unwrap_or_default());
        }
        out
    }
}

/// Writes one line. Label values are our own words: nothing to escape.
fn line(out: &mut String, name: &str, metric: Metric, labels: &[&str], bound: Option<&str>, value: f64) {
    out.push_str(name);
    let pairs = metric.labels().iter().copied().zip(labels.iter().copied()).chain(bound.map(|bound| ("le", bound)));
    for (index, (label, text)) in pairs.enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        // Writing to a String cannot fail.
        _ = write!(out, "{label}=\"{text}\"");
    }
    if bound.is_some() || !metric.labels().is_empty() {
        out.push('}');
    }
    _ = writeln!(out, " {value}");
}

impl Telemetry {
    /// Writes every metric as Prometheus text, the store's own numbers included.
    #[must_use]
    pub fn render(&self, status: &Status) -> String {
        let mut page = Page::default();
        for ((metric, labels), series) in &*self.lock() {
            match series {
                Series::Number(value) => page.number(*metric, labels, *value as f64),
                Series::Durations { buckets, sum } => {
                    page.durations(*metric, labels, &DURATION_BOUNDS_S, buckets, *sum);
                }
            }
        }
        for (metric, read) in &*self.gauges.lock().unwrap_or_else(PoisonError::into_inner) {
            page.number(*metric, &[], read());
        }
        page.number(Metric::IngestRate, &[], self.items_per_second());
        super::store::write(&mut page, status);
        super::store::write_process(&mut page, self.uptime());
        page.finish()
    }
}
