//! Which PromQL shows a metric best.

/// What a metric is, from its metadata and its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A count that only rises.
    Counter,
    /// A histogram of buckets, each a series.
    ClassicHistogram,
    /// A histogram that is one series.
    NativeHistogram,
    /// Quantiles that the sender worked out.
    Summary,
}

impl Kind {
    /// Decides by the type in the metadata; a metric without one by how its name ends.
    #[must_use]
    pub fn of(name: &str, kind: &str, has_buckets: bool) -> Self {
        match kind {
            "counter" => Self::Counter,
            "histogram" if has_buckets => Self::ClassicHistogram,
            "histogram" => Self::NativeHistogram,
            "summary" => Self::Summary,
            "gauge" => Self::Gauge,
            _ if has_buckets => Self::ClassicHistogram,
            _ if ["_total", "_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)) => Self::Counter,
            _ => Self::Gauge,
        }
    }
}

/// An expression, and what its lines are called when their labels do not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// PromQL.
    pub expr: String,
    /// `p95`
    pub name: String,
    /// `{{label}}`, in place of the labels that tell lines apart.
    pub legend: String,
}

/// Questions for a metric over windows of so many seconds: rates of counters, percentiles of histograms, values of gauges.
#[must_use]
pub fn questions(name: &str, kind: Kind, window_seconds: u64) -> Vec<Question> {
    let window = format!("{window_seconds}s");
    let quantiles = |expr: &dyn Fn(&str) -> String| {
        let one = |(q, name): (&str, &str)| Question { expr: expr(q), name: name.to_owned(), legend: String::new() };
        [("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99")].map(one).to_vec()
    };
    let selector = selector(name, "");
    match kind {
        Kind::Gauge | Kind::Summary => vec![Question { expr: selector, name: String::new(), legend: String::new() }],
        Kind::Counter => {
            let expr = format!("sum by (job) (rate({selector}[{window}]))");
            vec![Question { expr, name: String::new(), legend: String::new() }]
        }
        Kind::ClassicHistogram => {
            let buckets = self::selector(name, "_bucket");
            quantiles(&|q| format!("histogram_quantile({q}, sum by (le) (rate({buckets}[{window}])))"))
        }
        Kind::NativeHistogram => quantiles(&|q| format!("histogram_quantile({q}, sum(rate({selector}[{window}])))")),
    }
}

/// The question for the heat map of a histogram, over windows of so many seconds; others have none.
#[must_use]
pub fn heat_question(name: &str, kind: Kind, step_seconds: u64) -> Option<Question> {
    let expr = match kind {
        Kind::ClassicHistogram => {
            format!("sum by (le) (increase({}[{step_seconds}s]))", selector(name, "_bucket"))
        }
        Kind::NativeHistogram => format!("sum(increase({}[{step_seconds}s]))", selector(name, "")),
        _ => return None,
    };
    Some(Question { expr, name: String::new(), legend: String::new() })
}

/// A selector of a metric by name; names that are no identifiers stand in braces.
fn selector(name: &str, suffix: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || matches!(first, '_' | ':'))
        && chars.all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | ':'));
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    if plain { format!("{name}{suffix}") } else { format!("{{\"{escaped}{suffix}\"}}") }
}

/// Seconds between two points, so that a range has about 250: a number that people read easily.
#[must_use]
pub fn step_seconds(range_seconds: u64) -> u64 {
    const STEPS: [u64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
    let wanted = range_seconds.div_ceil(250).max(1);
    STEPS.into_iter().find(|step| *step >= wanted).unwrap_or_else(|| wanted.div_ceil(7200) * 7200)
}
