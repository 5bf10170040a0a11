//! What series of one metric have in common: its kind, and the Prometheus series that each of them is shown as.

use telltale_prometheus::FamilyType;
use telltale_prometheus::name::{NameKind, metric_name};
use telltale_storage::schema::Table;

/// How a point relates to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Temporality {
    /// It has none, or nobody said: a gauge.
    None,
    /// It counts since the one before.
    Delta,
    /// It counts since a start.
    Cumulative,
}

impl Temporality {
    pub(crate) const fn of_number(number: i32) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::None,
        }
    }
}

/// A metric as one kind of sender sends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Family {
    /// Where its points are.
    pub(crate) table: Table,
    /// Name as sent.
    pub(crate) name: String,
    /// Unit as sent.
    pub(crate) unit: String,
    /// Whether it is a sum that only grows.
    pub(crate) is_monotonic: bool,
    /// Whether it is a sum at all; gauges are not.
    pub(crate) is_sum: bool,
    /// Whether names are Prometheus's already.
    pub(crate) is_prometheus: bool,
    /// How points relate to each other.
    pub(crate) temporality: Temporality,
    /// Name in Prometheus, without the suffix of a part.
    pub(crate) translated: String,
}

/// One of the Prometheus series of a stored series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The number.
    Value,
    /// Buckets, one series a bound.
    Buckets,
    /// Sum of observations.
    Sum,
    /// Count of observations.
    Count,
    /// Quantiles of a summary, one series each.
    Quantiles,
    /// A native histogram.
    Native,
}

impl Part {
    /// Returns what the part's name ends with.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Buckets => "_bucket",
            Self::Sum => "_sum",
            Self::Count => "_count",
            Self::Value | Self::Quantiles | Self::Native => "",
        }
    }

    /// Returns the label that tells the series of the part apart.
    pub(crate) const fn label(self) -> Option<&'static str> {
        match self {
            Self::Buckets => Some("le"),
            Self::Quantiles => Some("quantile"),
            _ => None,
        }
    }
}

impl Family {
    /// Fills in the translated name.
    pub(crate) fn translate(mut self) -> Self {
        let kind = match (self.table, self.is_sum, self.is_monotonic) {
            (Table::Points, false, _) => NameKind::Gauge,
            (Table::Points, true, true) => NameKind::Counter,
            _ => NameKind::Other,
        };
        self.translated =
            if self.is_prometheus { self.name.clone() } else { metric_name(&self.name, &self.unit, kind) };
        self
    }

    /// Returns the parts as which a series is shown.
    pub(crate) const fn parts(&self) -> &'static [Part] {
        match self.table {
            // Classic histograms of Prometheus senders are plain series: this is one with custom bounds.
            Table::HistogramPoints if self.is_prometheus => &[Part::Native],
            Table::HistogramPoints => &[Part::Buckets, Part::Sum, Part::Count],
            Table::ExpHistogramPoints => &[Part::Native],
            Table::SummaryPoints => &[Part::Quantiles, Part::Sum, Part::Count],
            _ => &[Part::Value],
        }
    }

    /// Returns a part's name in Prometheus.
    pub(crate) fn part_name(&self, part: Part) -> String {
        format!("{}{}", self.translated, part.suffix())
    }

    /// Returns a part's name with the metric's name as it was sent; `None` when that is the translated one.
    pub(crate) fn original_part_name(&self, part: Part) -> Option<String> {
        (self.name != self.translated).then(|| format!("{}{}", self.name, part.suffix()))
    }

    /// Returns the type that the metadata API shows.
    pub(crate) const fn family_type(&self) -> FamilyType {
        match self.table {
            Table::HistogramPoints | Table::ExpHistogramPoints => FamilyType::Histogram,
            Table::SummaryPoints => FamilyType::Summary,
            _ if self.is_sum && self.is_monotonic => FamilyType::Counter,
            _ if self.is_prometheus => FamilyType::Unknown,
            _ => FamilyType::Gauge,
        }
    }
}
