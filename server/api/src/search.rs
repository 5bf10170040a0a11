//! `GET /api/search` and what stands beside it: completion, differences, patterns, saved searches.

use serde::{Deserialize, Serialize};

use crate::sql::ScanReport;
use crate::trace::{AttributeRow, TraceSummary};
use crate::{Nanos, SignedNanos};

/// One page of what matches, with what a page shows around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct SearchAnswer {
    /// `spans`, `logs` or `traces`.
    pub kind: String,
    /// The query as it was asked.
    pub query: String,
    /// The statement that means the same, for `POST /api/sql`.
    pub sql: String,
    /// The condition alone, for other statements.
    pub condition: String,
    /// Spans or log records, in the order asked for.
    #[serde(default)]
    pub rows: Vec<SearchRow>,
    /// Traces with a matching span, in the order asked for; only of kind `traces`.
    #[serde(default)]
    pub traces: Vec<FoundTrace>,
    /// What `cursor=` takes for the next page; none after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many rows match, exactly; with `include=count`. Of kind `traces`: matching spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Matching rows over time; with `include=histogram`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<SearchHistogram>,
    /// Values that matching rows have; with `include=facets`.
    #[serde(default)]
    pub facets: Vec<Facet>,
    /// What to know about the answer, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What was read for it, all parts together.
    #[serde(default)]
    pub report: ScanReport,
}

/// A span or a log record in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SearchRow {
    /// Start of a span, time of a record.
    pub time_unix_nano: Nanos,
    /// The trace; a record may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The span; a record may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Name of a span, event name of a record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Body of a record, status message of a span.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Length of a span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ns: Option<SignedNanos>,
    /// OTLP `SpanKind` number of a span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_kind: Option<i32>,
    /// OTLP `StatusCode` number of a span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<i32>,
    /// OTLP `SeverityNumber` of a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_number: Option<i32>,
    /// Level as the sender wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity_text: String,
    /// Attributes in the order sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRow>,
    /// Attributes of the resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_attributes: Vec<AttributeRow>,
    /// Name of the instrumentation scope.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope_name: String,
}

/// A trace in which a span matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTrace {
    /// The trace as a whole.
    pub trace: TraceSummary,
    /// Spans of it that match.
    pub matched: u64,
}

/// Matching rows over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SearchHistogram {
    /// Start of the first bucket.
    pub from_unix_nano: Nanos,
    /// Length of a bucket.
    pub step_ns: Nanos,
    /// Names of the groups: levels, or states of spans; in the order of severity.
    pub groups: Vec<String>,
    /// A list a group, of equal length: how many rows in each bucket.
    pub counts: Vec<Vec<u64>>,
}

/// The values of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Facet {
    /// The key as the search language writes it.
    pub key: String,
    /// Rows that have it.
    pub rows: u64,
    /// Its most frequent values, most first.
    pub values: Vec<FacetValue>,
    /// Rows with other values.
    pub other: u64,
    /// Whether the counts are of all matching rows; else of the rows that [`Facet::of_rows`] says.
    pub is_exact: bool,
    /// Rows that were counted.
    pub of_rows: u64,
}

/// A value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct FacetValue {
    /// As text.
    pub value: String,
    /// Rows that have it.
    pub count: u64,
    /// The condition that keeps these rows only, to be put beside the query.
    pub condition: String,
}

/// `GET /api/search/complete?q=&at=&kind=`: what can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Completion {
    /// First byte of the query that an offer replaces.
    pub from: usize,
    /// First byte after what an offer replaces.
    pub to: usize,
    /// `key`, `value` or `nothing`.
    pub what: String,
    /// Offers, best first.
    pub offers: Vec<Offer>,
    /// What is wrong with the query as it stands.
    pub problems: Vec<QueryProblem>,
    /// Rows that were looked at for the counts.
    pub of_rows: u64,
}

/// Something that can be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Offer {
    /// What to write.
    pub text: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Rows that have it, among those looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// A fault of a query, by place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct QueryProblem {
    /// First byte.
    pub from: usize,
    /// First byte after.
    pub to: usize,
    /// What is wrong, on which text.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// `GET /api/search/different?q=&selection=&kind=`: what the selected rows have that the others have not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Differences {
    /// Selected rows that were looked at.
    pub selected: u64,
    /// Other rows that were looked at.
    pub rest: u64,
    /// Whether all matching rows were looked at.
    pub is_complete: bool,
    /// Values by how much more frequent they are among the selected, most first.
    pub differences: Vec<Difference>,
}

/// A value that is more frequent among the selected rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Difference {
    /// The key as the search language writes it.
    pub key: String,
    /// The value.
    pub value: String,
    /// Selected rows that have it.
    pub selected: u64,
    /// Other rows that have it.
    pub rest: u64,
    /// Share of the selected rows, 0 to 1.
    pub selected_share: f64,
    /// Share of the other rows, 0 to 1.
    pub rest_share: f64,
    /// The condition that keeps these rows only.
    pub condition: String,
}

/// `GET /api/search/patterns?q=`: templates of log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Patterns {
    /// Lines that were looked at.
    pub lines: u64,
    /// Whether these are all that match.
    pub is_complete: bool,
    /// Lines of templates that are not listed, because there are too many.
    pub other: u64,
    /// Templates, most frequent first.
    pub patterns: Vec<PatternView>,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PatternView {
    /// The template; `<*>` where lines differ.
    pub template: String,
    /// Lines.
    pub count: u64,
    /// The most severe level among them, `unset` when none has one.
    pub level: String,
    /// Time of the earliest line.
    pub first_unix_nano: Nanos,
    /// Time of the latest line.
    pub last_unix_nano: Nanos,
    /// The latest line.
    pub example: String,
    /// Whether no line is older than `since=`.
    pub is_new: bool,
    /// A query for such lines; empty when the template has no fixed word.
    pub query: String,
}

/// `GET /api/searches`: saved searches, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SavedSearches {
    /// By name.
    pub searches: Vec<SavedSearch>,
}

/// A saved search; `PUT /api/searches/{name}` takes one without its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SavedSearch {
    /// Its name; unique.
    #[serde(default)]
    pub name: String,
    /// The query.
    pub query: String,
    /// `spans`, `logs` or `traces`.
    pub kind: String,
    /// Columns that the user chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}
