//! What was seen, as plain values: the input of everything here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use telltale_api::trace::{AttributeRow, ValueType};
use telltale_model::span::{SpanKind, StatusCode};

use crate::limits::ANCESTORS;

/// An attribute's value: its text and the type that it came in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    /// The value as pages show it.
    pub text: String,
    /// Its type's name: `string`, `int` …
    pub kind: &'static str,
}

/// Attributes by key; of a key that was sent twice, the last value.
pub type Attributes = BTreeMap<String, Value>;

/// Returns the lower-case word of a type, as signals files write it.
#[must_use]
pub const fn type_name(kind: ValueType) -> &'static str {
    match kind {
        ValueType::String => "string",
        ValueType::Bool => "bool",
        ValueType::Int => "int",
        ValueType::Double => "double",
        ValueType::Bytes => "bytes",
        ValueType::Array => "array",
        ValueType::Map => "map",
        ValueType::Empty => "empty",
    }
}

/// Collects attributes in the form that the API has them in.
#[must_use]
pub fn attributes(rows: &[AttributeRow]) -> Attributes {
    let value = |row: &AttributeRow| Value { text: row.value.clone(), kind: type_name(row.value_type) };
    rows.iter().map(|row| (row.key.clone(), value(row))).collect()
}

/// A span.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Span {
    /// Trace id, hex.
    pub trace_id: String,
    /// Span id, hex.
    pub span_id: String,
    /// Its parent's id, hex.
    pub parent_span_id: Option<String>,
    /// Name of the operation.
    pub name: String,
    /// Service, empty when none was sent.
    pub service: String,
    /// Kind.
    pub kind: SpanKind,
    /// Status.
    pub status: StatusCode,
    /// Message of the status, else of the first exception event.
    pub message: String,
    /// Start, ns since the epoch.
    pub start_unix_nano: u64,
    /// Length in ns.
    pub duration_ns: i64,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its resource's attributes, shared by its spans.
    pub resource: Arc<Attributes>,
}

impl Span {
    /// Says whether the span asks a database.
    #[must_use]
    pub fn is_database(&self) -> bool {
        self.attributes.keys().any(|key| key == "db.system" || key == "db.system.name")
    }

    /// Returns the service, kind and name as texts show them: `SERVER "POST /orders" of shop`.
    #[must_use]
    pub fn label(&self) -> String {
        let of = if self.service.is_empty() { String::new() } else { format!(" of {}", self.service) };
        format!("{} {:?}{of}", self.kind.name().to_uppercase(), self.name)
    }
}

/// A log record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    /// Trace id, hex, empty when none was sent.
    pub trace_id: String,
    /// Span id, hex, empty when none was sent.
    pub span_id: String,
    /// Time, ns since the epoch.
    pub time_unix_nano: u64,
    /// OTLP `SeverityNumber`, 0 when none was sent.
    pub severity: i32,
    /// The body as text.
    pub body: String,
    /// Service, empty when none was sent.
    pub service: String,
    /// Its attributes.
    pub attributes: Attributes,
}

/// What kind of metric a series belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum MetricKind {
    /// A value that stands for itself.
    #[default]
    Gauge,
    /// A monotonic sum.
    Counter,
    /// A sum that may fall.
    UpDownCounter,
    /// A histogram of either form.
    Histogram,
    /// A summary.
    Summary,
}

impl MetricKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Gauge, Self::Counter, Self::UpDownCounter, Self::Histogram, Self::Summary];

    /// Returns the word that signals files write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::UpDownCounter => "updowncounter",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

/// One series of a metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Name of the metric.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its kind.
    pub kind: MetricKind,
    /// Service, empty when none was sent.
    pub service: String,
    /// The attributes that tell this series from the others.
    pub labels: Attributes,
    /// Gauges and up-down counters: the latest value. Counters: what was counted. Histograms and summaries: how many
    /// values were recorded.
    pub value: f64,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Spans by start time.
    pub spans: Vec<Span>,
    /// Log records by time.
    pub logs: Vec<Log>,
    /// Series by name.
    pub series: Vec<Series>,
}

/// Finds spans by id.
#[derive(Debug)]
pub struct Tree<'a> {
    by_id: HashMap<(&'a str, &'a str), &'a Span>,
    children: HashMap<(&'a str, &'a str), Vec<&'a Span>>,
}

impl<'a> Tree<'a> {
    /// Makes the index.
    #[must_use]
    pub fn new(spans: &'a [Span]) -> Self {
        let mut children: HashMap<_, Vec<&Span>> = HashMap::new();
        for span in spans {
            if let Some(parent) = &span.parent_span_id {
                children.entry((span.trace_id.as_str(), parent.as_str())).or_default().push(span);
            }
        }
        let by_id = spans.iter().map(|span| ((span.trace_id.as_str(), span.span_id.as_str()), span)).collect();
        Self { by_id, children }
    }

    /// Returns a span by its ids.
    #[must_use]
    pub fn span(&self, trace_id: &str, span_id: &str) -> Option<&'a Span> {
        self.by_id.get(&(trace_id, span_id)).copied()
    }

    /// Returns a span's parent, when it was seen.
    #[must_use]
    pub fn parent(&self, span: &Span) -> Option<&'a Span> {
        self.span(&span.trace_id, span.parent_span_id.as_deref()?)
    }

    /// Returns a span and its ancestors, nearest first.
    pub fn line(&self, span: &'a Span) -> impl Iterator<Item = &'a Span> {
        std::iter::successors(Some(span), |span| self.parent(span)).take(ANCESTORS)
    }

    /// Returns the spans beneath `span` that the same service recorded and that ask a database.
    #[must_use]
    pub fn database_calls(&self, span: &Span) -> Vec<&'a Span> {
        let mut found = Vec::new();
        let mut level: Vec<&Span> = self.children_of(span);
        for _depth in 0..ANCESTORS {
            if level.is_empty() {
                break;
            }
            found.extend(level.iter().filter(|child| child.is_database()).copied());
            level = level
                .iter()
                .filter(|child| child.service == span.service && !child.is_database())
                .flat_map(|child| self.children_of(child))
                .collect();
        }
        found
    }

    fn children_of(&self, span: &Span) -> Vec<&'a Span> {
        self.children.get(&(span.trace_id.as_str(), span.span_id.as_str())).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests;
