//! What a signals file says, understood.

use telltale_model::severity::Severity;
use telltale_model::span::{SpanKind, StatusCode};

use crate::comparison::Comparison;
use crate::observed::MetricKind;
use crate::pattern::Pattern;

/// A signals file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalsFile {
    /// Its rules in the order of the file.
    pub rules: Vec<Rule>,
}

/// One rule and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Line, from 1; 0 for a rule that no file holds.
    pub line: usize,
    /// Column, from 1; 0 for a rule that no file holds.
    pub column: usize,
    /// Why the signal is promised, in the author's words.
    pub why: Option<String>,
    /// What is asked.
    pub what: What,
}

/// The kinds of rule.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Spans that must be there.
    Span(SpanRule),
    /// Log records that must be there.
    Log(LogRule),
    /// A metric that must be there.
    Metric(MetricRule),
    /// Something that must not be there.
    Never(Never),
    /// A share of spans that must be good.
    Slo(SloRule),
}

/// What must not be there.
#[derive(Debug, Clone, PartialEq)]
pub enum Never {
    /// Spans like these.
    Span(SpanSelector),
    /// Log records like these.
    Log(LogSelector),
    /// Series like these.
    Metric(MetricSelector),
}

/// Which spans are meant; what is not set matches all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpanSelector {
    /// Name of the operation.
    pub name: Option<Pattern>,
    /// Service.
    pub service: Option<Pattern>,
    /// Kind.
    pub kind: Option<SpanKind>,
    /// Status.
    pub status: Option<StatusCode>,
    /// Attributes.
    pub attributes: Vec<AttributeRule>,
    /// Attributes of the resource.
    pub resource: Vec<AttributeRule>,
    /// The parent's name.
    pub parent: Option<Parent>,
}

/// Whose child a span is.
#[derive(Debug, Clone, PartialEq)]
pub enum Parent {
    /// Nobody's: it begins its trace.
    None,
    /// A span with such a name.
    Named(Pattern),
}

/// What an attribute must be.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeRule {
    /// The key.
    pub key: String,
    /// The value.
    pub expected: Expected,
}

/// The value of an attribute rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// Any value.
    Present,
    /// No such attribute.
    Absent,
    /// A string that matches.
    Text(Pattern),
    /// A value of another type with exactly this text: type and text.
    Exactly(&'static str, String),
    /// Any value of a type.
    Type(&'static str),
    /// A number of a type in an interval.
    Number(&'static str, Comparison),
}

/// Spans that must be there, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRule {
    /// Which.
    pub select: SpanSelector,
    /// How many.
    pub count: Comparison,
    /// Whether every span of that name, service and kind has to match the rest.
    pub every: bool,
    /// How long: a quantile in per cent and a bound.
    pub durations: Vec<(u8, Comparison)>,
    /// How many of them may have failed.
    pub errors: Option<Comparison>,
    /// Most database calls beneath any of them.
    pub database_calls_max: Option<u32>,
}

/// Which log records are meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogSelector {
    /// The body.
    pub body: Option<Pattern>,
    /// Service.
    pub service: Option<Pattern>,
    /// Bands of severity.
    pub severity: Option<SeverityRange>,
    /// Attributes.
    pub attributes: Vec<AttributeRule>,
    /// Name of the span that wrote it, or of one around that.
    pub in_span: Option<Pattern>,
}

/// An interval of severities, and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct SeverityRange {
    /// As written.
    pub text: String,
    /// Least band.
    pub low: Severity,
    /// Most band.
    pub high: Severity,
}

/// Log records that must be there.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRule {
    /// Which.
    pub select: LogSelector,
    /// How many.
    pub count: Comparison,
}

/// Which series are meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricSelector {
    /// Name of the metric.
    pub name: Option<Pattern>,
    /// Service.
    pub service: Option<Pattern>,
    /// Labels.
    pub attributes: Vec<AttributeRule>,
}

/// A metric that must be there, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRule {
    /// Which.
    pub select: MetricSelector,
    /// Unit.
    pub unit: Option<String>,
    /// Kind.
    pub kind: Option<MetricKind>,
    /// The labels that every series must have, and no other.
    pub labels: Option<Vec<String>>,
    /// How many series.
    pub cardinality: Option<Comparison>,
    /// The value: of all series together for what counts, of each for gauges.
    pub value: Option<Comparison>,
}

/// A share of spans that must be good.
#[derive(Debug, Clone, PartialEq)]
pub struct SloRule {
    /// What it is called.
    pub name: String,
    /// Which spans count.
    pub select: SpanSelector,
    /// Least share of good ones, in per cent.
    pub objective: f64,
    /// What a good one takes at most; a failed one is never good.
    pub latency: Option<Comparison>,
}
