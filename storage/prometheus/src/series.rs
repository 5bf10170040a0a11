//! Samples as Prometheus sends them, whatever the format they came in.

/// What a family of metrics is, as its exposition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum FamilyType {
    /// Nobody said.
    #[default]
    Unknown,
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets, sum and count that only grow.
    Histogram,
    /// Buckets, sum and count that go up and down.
    GaugeHistogram,
    /// Quantiles, sum and count.
    Summary,
    /// Labels are the information; the value is 1.
    Info,
    /// One of several states is 1.
    StateSet,
}

impl FamilyType {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
        Self::Info,
        Self::StateSet,
    ];

    /// Returns the word of OpenMetrics and of the metadata API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// Returns the type of a word; `untyped` is the older word for unknown.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        if word == "untyped" {
            return Some(Self::Unknown);
        }
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Returns the type of a number of the remote write protocols.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        usize::try_from(number).ok().and_then(|place| Self::ALL.get(place)).copied().unwrap_or_default()
    }
}

/// What a family is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Name of the family: of a counter in OpenMetrics without `_total`.
    pub family: String,
    /// What kind of numbers it has.
    pub kind: FamilyType,
    /// A sentence for people.
    pub help: String,
    /// Unit, as the exposition writes it; usually empty.
    pub unit: String,
}

/// One observation kept beside a sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exemplar {
    /// Labels, usually `trace_id` and `span_id`.
    pub labels: Vec<(String, String)>,
    /// The observation.
    pub value: f64,
    /// When it was made, in milliseconds since the epoch.
    pub timestamp_ms: i64,
}

/// A native histogram with whole counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NativeHistogram {
    /// Milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// −4 to 8; −53 for bounds of its own.
    pub schema: i32,
    /// All observations.
    pub count: u64,
    /// Sum of all; the staleness marker ends the series.
    pub sum: f64,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// First bucket's index and the counts from there on, gaps as zeros.
    pub positive: (i32, Vec<u64>),
    /// The same below zero.
    pub negative: (i32, Vec<u64>),
    /// Upper bounds of schema −53.
    pub custom_values: Vec<f64>,
    /// Whether it is a gauge.
    pub is_gauge: bool,
}

/// One series with some samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Labels, `__name__` among them; sorted and unique once they passed [`Series::checked`].
    pub labels: Vec<(String, String)>,
    /// (milliseconds, value); staleness markers bit for bit.
    pub samples: Vec<(i64, f64)>,
    /// Native histograms.
    pub histograms: Vec<NativeHistogram>,
    /// Exemplars.
    pub exemplars: Vec<Exemplar>,
    /// What its family is, where the sender says so.
    pub metadata: Option<Metadata>,
    /// When counting began, in milliseconds, where the sender says so.
    pub start_ms: Option<i64>,
}

/// Why a series cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// It has no `__name__`.
    #[error("a series without a name: {labels}; send the label __name__")]
    Nameless {
        /// The labels that it has.
        labels: String,
    },
    /// A label name comes twice, or is empty.
    #[error("the label {name:?} of {metric} is empty or comes twice")]
    BadLabel {
        /// The metric's name.
        metric: String,
        /// The label's name.
        name: String,
    },
    /// A limit of this package.
    #[error("{what} of {metric}: {value} is more than the limit {limit}")]
    TooMuch {
        /// The metric's name.
        metric: String,
        /// What is too large.
        what: &'static str,
        /// How large it is.
        value: usize,
        /// The bound.
        limit: usize,
    },
    /// A native histogram that OTLP cannot carry.
    #[error("the native histogram {metric}: {what}")]
    Histogram {
        /// The metric's name.
        metric: String,
        /// What is wrong.
        what: String,
    },
    /// A time before 1970.
    #[error("{metric} has a sample at {timestamp_ms} ms; times before 1970 cannot be kept")]
    Time {
        /// The metric's name.
        metric: String,
        /// The time.
        timestamp_ms: i64,
    },
}

/// The label that holds the metric's name.
pub const NAME: &str = "__name__";
/// The value that marks the end of a series.
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Tells whether a value marks the end of a series.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

impl Series {
    /// Returns the metric's name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label(NAME).unwrap_or_default()
    }

    /// Returns a label's value.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// Sorts the labels, drops those without a value, and checks them.
    ///
    /// # Errors
    /// What is wrong with the labels.
    pub fn checked(mut self) -> Result<Self, SeriesError> {
        use crate::limits::{LABEL_BYTES_MAX, LABELS_MAX};
        self.labels.retain(|(_, value)| !value.is_empty());
        self.labels.sort();
        let metric = self.name().to_owned();
        if metric.is_empty() {
            let labels = self.labels.iter().take(8).map(|(name, value)| format!("{name}={value:?}"));
            return Err(SeriesError::Nameless { labels: format!("{{{}}}", labels.collect::<Vec<_>>().join(", ")) });
        }
        let bad = |name: &str| SeriesError::BadLabel { metric: metric.clone(), name: name.to_owned() };
        if let Some((name, _)) = self.labels.iter().find(|(name, _)| name.is_empty()) {
            return Err(bad(name));
        }
        for pair in self.labels.windows(2) {
            if let [(left, _), (right, _)] = pair
                && left == right
            {
                return Err(bad(left));
            }
        }
        let too_much = |what, value, limit| SeriesError::TooMuch { metric: metric.clone(), what, value, limit };
        if self.labels.len() > LABELS_MAX {
            return Err(too_much("labels", self.labels.len(), LABELS_MAX));
        }
        let longest = self.labels.iter().map(|(name, value)| name.len().max(value.len())).max().unwrap_or(0);
        if longest > LABEL_BYTES_MAX {
            return Err(too_much("bytes of a label", longest, LABEL_BYTES_MAX));
        }
        let mut times =
            self.samples.iter().map(|(time, _)| *time).chain(self.histograms.iter().map(|h| h.timestamp_ms));
        if let Some(timestamp_ms) = times.find(|time| *time < 0) {
            return Err(SeriesError::Time { metric, timestamp_ms });
        }
        Ok(self)
    }
}
