//! Notes about an answer: warnings and infos, each text once, with its place.

use std::collections::BTreeMap;

use crate::ast::PosRange;
use crate::math::{Civil, go_e2, go_g};

/// How serious a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Warning,
    Info,
}

#[derive(Clone, Debug)]
struct Note {
    severity: Severity,
    range: PosRange,
    detail: Detail,
}

/// What adds up when the same note comes again.
#[derive(Clone, Debug)]
enum Detail {
    None,
    Forced(Forced),
    Overlaps(u64),
}

/// Where the counts of a classic histogram had to be made to rise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forced {
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) min_bucket: f64,
    pub(crate) max_bucket: f64,
    pub(crate) max_difference: f64,
    pub(crate) samples: u64,
}

/// The notes of one evaluation. Of equal texts the place of the last is kept, as Prometheus does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Annotations {
    notes: BTreeMap<String, Note>,
}

impl Annotations {
    /// Something is probably wrong with the answer.
    pub(crate) fn warn(&mut self, text: impl AsRef<str>, range: PosRange) {
        self.add("PromQL warning: ", Severity::Warning, text.as_ref(), range, Detail::None);
    }

    /// Something worth knowing.
    pub(crate) fn info(&mut self, text: impl AsRef<str>, range: PosRange) {
        self.add("PromQL info: ", Severity::Info, text.as_ref(), range, Detail::None);
    }

    /// A start time lies before the sample before.
    pub(crate) fn overlap(&mut self, metric: &str, range: PosRange) {
        let text = format!("sample has start time that overlaps with previous sample timestamp for metric {metric:?}");
        self.add("PromQL warning: ", Severity::Warning, &text, range, Detail::Overlaps(1));
    }

    /// Counts of a classic histogram did not rise.
    pub(crate) fn forced(&mut self, metric: &str, range: PosRange, forced: Forced) {
        let text = "input to histogram_quantile needed to be fixed for monotonicity \
                    (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
        self.add("PromQL info: ", Severity::Info, &for_metric(text, metric), range, Detail::Forced(forced));
    }

    fn add(&mut self, prefix: &str, severity: Severity, text: &str, range: PosRange, detail: Detail) {
        let key = format!("{prefix}{text}");
        match self.notes.get_mut(&key) {
            Some(note) => {
                note.range = range;
                note.detail.merge(&detail);
            }
            None => {
                self.notes.insert(key, Note { severity, range, detail });
            }
        }
    }

    /// Warnings and infos as texts with places.
    pub(crate) fn render(&self, query: &str) -> (Vec<String>, Vec<String>) {
        let (mut warnings, mut infos) = (Vec::new(), Vec::new());
        for (text, note) in &self.notes {
            let out = if note.severity == Severity::Warning { &mut warnings } else { &mut infos };
            out.push(format!("{text}{} ({})", note.detail.text(), note.range.line_and_column(query)));
        }
        (warnings, infos)
    }
}

impl Detail {
    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Overlaps(count), Self::Overlaps(more)) => *count += more,
            (Self::Forced(forced), Self::Forced(more)) => {
                forced.first_ms = forced.first_ms.min(more.first_ms);
                forced.last_ms = forced.last_ms.max(more.last_ms);
                forced.min_bucket = forced.min_bucket.min(more.min_bucket);
                forced.max_bucket = forced.max_bucket.max(more.max_bucket);
                forced.max_difference = forced.max_difference.max(more.max_difference);
                forced.samples += more.samples;
            }
            _ => {}
        }
    }

    fn text(&self) -> String {
        match self {
            Self::None | Self::Overlaps(1) => String::new(),
            Self::Overlaps(count) => format!(" ({count} occurrences)"),
            Self::Forced(forced) => {
                let time = |millis: i64| Civil::of(millis.div_euclid(1000)).rfc3339();
                format!(
                    ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
                    go_g(forced.min_bucket),
                    go_g(forced.max_bucket),
                    go_e2(forced.max_difference),
                    forced.samples,
                    time(forced.first_ms),
                    time(forced.last_ms)
                )
            }
        }
    }
}

/// Names the metric, when there is a name.
pub(crate) fn for_metric(text: &str, metric: &str) -> String {
    if metric.is_empty() { text.to_owned() } else { format!("{text} for metric name {metric:?}") }
}
